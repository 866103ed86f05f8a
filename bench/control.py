"""The negative control: kills of a sender that saves a cursor per chunk, beside our own under the same kills.

It sends through as many connections, to the same mail server, and keeps what it has sent as one number that it
saves when a chunk of 500 is done: what many a mailer does. Whatever it had sent of a chunk when it died, it
sends again. `--recipients`, `--kills` and `--lanes` set the size; `--seed` repeats a run. It ends with a line for
each limit, and with exit code 1 where one is missed.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.limits import Limit, judged  # noqa: E402 - the path comes first

CHUNK = 500
GAP = 0.0045
"""Seconds that the mail server takes, on average, between writing a message down and answering."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of one run."""

    recipients: int
    kills: int
    lost: int
    repeats: int
    most_copies: int
    instants: Sequence[float] = ()
    """When each message came, in seconds since 1970."""
    last_kill_at: float = 0.0

    @property
    def per_kill(self) -> float:
        """Repeats for each kill."""
        return round(self.repeats / max(self.kills, 1), 1)


def run(folder: Path, *, recipients: int, kills: int, lanes: int, seed: int) -> Counted:
    """Kill a cursor's sender at random moments until all kills are done, then let it finish."""
    dice = random.Random(seed)
    log, cursor = folder / "control.log", folder / "cursor"
    sink = [sys.executable, "-m", "tests.doubles.sink", "--log", str(log), "--gap", str(GAP)]
    server = subprocess.Popen(sink, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    sender = [sys.executable, __file__, "--sender", str(port), "--cursor", str(cursor)]
    sender += ["--recipients", str(recipients), "--lanes", str(lanes)]
    done, last_kill_at = 0, 0.0
    try:
        while True:
            before = _size(log)
            process = subprocess.Popen(sender, cwd=ROOT)
            while _size(log) == before and process.poll() is None:
                time.sleep(0.01)
            if done < kills:
                time.sleep(dice.uniform(0, 0.3))
                process.send_signal(signal.SIGKILL)
                last_kill_at = time.time()
                done += 1
            if process.wait() == 0:
                break
    finally:
        server.kill()
        server.communicate()
    lines = [line.split() for line in log.read_text("ascii").splitlines()]
    copies = Counter(words[0] for words in lines)
    return Counted(
        recipients=recipients,
        kills=done,
        lost=recipients - len(copies),
        repeats=sum(copies.values()) - len(copies),
        most_copies=max(copies.values()),
        instants=[float(words[-1]) for words in lines],
        last_kill_at=last_kill_at,
    )


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


async def send(port: int, cursor: Path, recipients: int, lanes: int) -> None:
    """The control's sender: whole chunks, then the cursor."""
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(lanes)]
    for reader, writer in links:
        await reader.readline()
        writer.write(b"HELO control.example\r\n")
        await reader.readline()
    start = _saved(cursor)
    for first in range(start, recipients, CHUNK):
        waiting = iter(range(first, min(first + CHUNK, recipients)))
        await asyncio.gather(*(_lane(*link, waiting) for link in links))
        fresh = cursor.with_suffix(".new")
        fresh.write_text(str(first + CHUNK))
        os.replace(fresh, cursor)
    for _, writer in links:
        writer.close()


def _saved(cursor: Path) -> int:
    return int(cursor.read_text()) if cursor.exists() else 0


async def _lane(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: Iterator[int]) -> None:
    for number in waiting:
        to = f"person-{number + 1}@example.org"
        for line in (
            "MAIL FROM:<control@example.org>",
            f"RCPT TO:<{to}>",
            "DATA",
            f"Message-ID: <{number}@control.example>\r\n\r\nBonjour\r\n.",
        ):
            writer.write(f"{line}\r\n".encode("ascii"))
            await reader.readline()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipients", type=int, default=20_000, metavar="N")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--lanes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument("--sender", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--cursor", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.sender:
        asyncio.run(send(chosen.sender, chosen.cursor, chosen.recipients, chosen.lanes))
        return 0
    size = {"recipients": chosen.recipients, "kills": chosen.kills, "lanes": chosen.lanes}
    with tempfile.TemporaryDirectory(prefix="univoque-control-") as folder:
        control = run(Path(folder), **size, seed=chosen.seed)
    with tempfile.TemporaryDirectory(prefix="univoque-control-") as folder:
        ours = asyncio.run(_ours(Path(folder), **size, seed=chosen.seed))
    print(table(control, ours))
    print(f"\n{chosen.recipients:,} recipients, {chosen.lanes} connections, the same kills.")
    due = [
        Limit("ours: lost", ours.lost, most=0),
        Limit("ours: repeats a kill", ours.per_kill, most=chosen.lanes),
        Limit("the control: repeats a kill to ours", control.per_kill / max(ours.per_kill, 1), least=1),
    ]
    return judged(due, sys.stdout)


def table(control: Counted, ours: Counted) -> str:
    """The figures as Markdown."""
    rows = [
        "| what is on the disk | kills | lost | repeats | a kill | most copies |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {name} | {each.kills:,} | {each.lost:,} | {each.repeats:,} | {each.per_kill:.1f} | {each.most_copies} |"
        for name, each in (
            (f"a cursor per chunk of {CHUNK}", control),
            ("each outcome, with the next intent", ours),
        )
    ]
    return "\n".join(rows)


async def _ours(folder: Path, *, recipients: int, kills: int, lanes: int, seed: int) -> Counted:
    """The same with our own sender, as the tests of the fault matrix kill it."""
    from tests.faults.kills import killed

    found = await killed(folder, recipients=recipients, kills=kills, lanes=lanes, seed=seed)
    row = found.row
    return Counted(recipients, kills, row.lost, row.repeats, row.most_copies)


if __name__ == "__main__":
    sys.exit(main())
