"""What the hub's SMS channel hands over a second, beside a plain aiohttp client that posts the same form.

Both take turns in one process, with the same number of requests at once, into one stub on this machine that
answers 201 as Twilio would. The ratio is the median of the rounds. `--json` prints one JSON document.
It ends with a line for each limit, with `--json` on standard error, and with exit code 1 where one is missed.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402 - the path comes first

from bench.limits import Limit, judged  # noqa: E402
from channels.contract import Outgoing, Words  # noqa: E402
from channels.sms import SmsChannel  # noqa: E402
from hub import config as settings  # noqa: E402
from hub.app import run  # noqa: E402
from hub.config import Sms  # noqa: E402
from hub.now import Clock  # noqa: E402

WORDS = (
    "AVIQ: visites interdites en maison de repos du 10/03 au 31/03/2020, sauf fin de vie. "
    "Questions: 0800 14 689. https://univoque.example/d/K7QX2M"
)
ACCOUNT = "AC" + "0" * 31 + "1"
ATTEMPT = "1-{}-1-0123456789abcdef0123"
SITE = "https://univoque.example"
LEAST = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One client's turn: messages a second, and processor time of this process a message."""

    rate: float
    micros: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=8_000, metavar="N", help="in each turn")
    parser.add_argument("--rounds", type=int, default=5, help="how often the two take turns")
    parser.add_argument("--at-once", type=int, nargs="+", default=[8, 32], metavar="N")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    found: list[dict[str, Any]] = []
    with _stub() as (url, taken):
        run(_measure(url, chosen.at_once, chosen.messages, chosen.rounds, found))
    expected = chosen.rounds * 2 * sum(chosen.messages + number for number in chosen.at_once)
    if taken() != expected:
        parser.exit(3, f"The stub took {taken()} messages, not {expected}\n")
    if chosen.json:
        print(json.dumps({"messages": chosen.messages, "rounds": chosen.rounds, "sms": found}))
    else:
        print(table(found))
        print(f"\n{chosen.messages:,} SMS a turn, {chosen.rounds} turns each, stub on loopback, no TLS.")
    due = [
        Limit(f"ours to plain aiohttp, {line['at_once']} at once", line["ratio"], least=LEAST)
        for line in found
    ]
    return judged(due, sys.stderr if chosen.json else sys.stdout)


def table(found: list[dict[str, Any]]) -> str:
    """The figures as Markdown."""
    rows = [
        f"| SMS at once | plain aiohttp | ours | ratio (at least {LEAST}) | CPU each, theirs and ours |",
        "|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {line['at_once']} | {line['aiohttp_per_second']:,}/s | {line['univoque_per_second']:,}/s "
        f"| {line['ratio']:.2f} | {line['aiohttp_cpu_us']} µs, {line['univoque_cpu_us']} µs |"
        for line in found
    ]
    return "\n".join(rows)


async def _measure(url: str, at_once: list[int], messages: int, rounds: int, found: list[Any]) -> None:
    for number in at_once:
        found.append(await _compared(_settings(url), number, messages, rounds))


def _settings(url: str) -> Sms:
    return settings.load(environ={}).sms.model_copy(
        update={
            "base_url": url,
            "sink": True,
            "account_sid": ACCOUNT,
            "sender": "+32470000000",
            "segments_per_second": 1e9,  # the pace of an account is not what is measured
        }
    )


async def _compared(sms: Sms, at_once: int, messages: int, rounds: int) -> dict[str, Any]:
    turns: dict[str, list[Turn]] = {"univoque": [], "aiohttp": []}
    for _ in range(rounds):
        for name, send in (("univoque", _univoque), ("aiohttp", _aiohttp)):
            turns[name].append(await _timed(send, sms, messages, at_once))
    pairs = zip(turns["univoque"], turns["aiohttp"], strict=True)
    line: dict[str, Any] = {
        "at_once": at_once,
        "ratio": round(statistics.median(ours.rate / theirs.rate for ours, theirs in pairs), 2),
    }
    for name, those in turns.items():
        line[f"{name}_per_second"] = round(statistics.median(turn.rate for turn in those))
        line[f"{name}_cpu_us"] = round(statistics.median(turn.micros for turn in those))
    return line


async def _timed(
    send: Callable[[Sms, int, int], Awaitable[None]], sms: Sms, messages: int, at_once: int
) -> Turn:
    await send(sms, at_once, at_once)  # so that neither side's turn begins cold
    loop = asyncio.get_running_loop()
    before, start = _cpu(), loop.time()
    await send(sms, messages, at_once)
    return Turn(messages / (loop.time() - start), (_cpu() - before) / messages * 1e6)


async def _univoque(sms: Sms, messages: int, at_once: int) -> None:
    """Through the channel and its lanes, as a sender does."""
    async with aiohttp.ClientSession() as session:
        channel = SmsChannel(sms, mode="Exercise", now=Clock().now, site_url=SITE, session=session)
        body = channel.prepare(Words("", WORDS, None, "fr"), stream="directives", headers={})
        numbers = iter(range(messages))
        expires_at = Clock().now() + timedelta(days=2)

        async def lane() -> None:
            async with channel.lane() as lane:
                for number in numbers:
                    lane.wait()
                    await lane.send(
                        Outgoing(
                            body=body,
                            address=f"+3247{number:07}",
                            key="",
                            attempt=ATTEMPT.format(number),
                            expires_at=expires_at,
                            personal_link="",
                            one_click=None,
                        )
                    )

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(lane())


async def _aiohttp(sms: Sms, messages: int, at_once: int) -> None:
    """The same form by one session, as its documentation shows it."""
    login = aiohttp.encode_basic_auth(ACCOUNT, sms.auth_token.get_secret_value())
    async with aiohttp.ClientSession(headers={"Authorization": login}) as session:
        url = f"{sms.base_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        numbers = iter(range(messages))

        async def lane() -> None:
            for number in numbers:
                form = {
                    "To": f"+3247{number:07}",
                    "From": sms.sender,
                    "Body": WORDS,
                    "StatusCallback": f"{SITE}/hooks/twilio/status/{ATTEMPT.format(number)}",
                    "ValidityPeriod": "36000",
                    "SmartEncoded": "false",
                }
                async with session.post(url, data=form) as answer:
                    answer.raise_for_status()
                    assert (await answer.json())["sid"]

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(lane())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _stub() -> Iterator[tuple[str, Callable[[], int]]]:
    """The stub's address, and how many messages it took, once it has ended."""
    command = [sys.executable, "-m", "tests.doubles.post_sink"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    counted: list[int] = []
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", lambda: counted[0]
    finally:
        out, _ = process.communicate(timeout=10)
        counted.append(int(out or 0))


if __name__ == "__main__":
    sys.exit(main())
