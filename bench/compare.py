"""Our fan-out beside its peers, taking turns in one run, into the same smtp-sink of Debian's postfix package.

For each size: smtp-source -d with 8 and with 32 sessions (the better counts), our way from approval to the last
acceptance with a durable receipt for each message, and the same without receipts; Django's loop beside them.
Medians of the rounds. `--million` adds 1,000,000 recipients. Without those tools it measures our own way alone.
`--json` prints one JSON document. `bench/into_postfix.py` does the same with a mail server that keeps what it takes.
It ends with a line for each limit, with `--json` on standard error, and with exit code 1 where one is missed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import ours, peers  # noqa: E402 - the path comes first
from bench.limits import Limit, judged  # noqa: E402

DJANGO = 2_000

RELAY = 1_000
"""Messages a second that a relay may take: a real one takes fewer than the sink, and sets the pace."""

DEPLOYMENTS = (228_000, 3_600_000, 11_700_000)
"""Organisations and workers of the sector; the region; the country."""

SMALL = 5_000
"""Recipients against whose memory that of the largest is held."""

DUE, GOAL = 1.5, 0.9
"""Of smtp-source's time."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="60000,228000", help="recipients, separated by commas")
    parser.add_argument("--rounds", type=int, default=3, help="how often all take turns at each size")
    parser.add_argument("--million", action="store_true", help="once 1,000,000 recipients, too")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    if peers.tool("smtp-sink") is None or peers.tool("smtp-source") is None:
        lacking = (
            "smtp-sink and smtp-source are not here (apt install postfix): measured into a sink of our own"
        )
        print(lacking, file=sys.stderr)
        print(
            ours.fanout("--recipients", chosen.sizes.partition(",")[0], *(["--json"] if chosen.json else [])),
            end="",
        )
        return 0
    sizes = [int(size) for size in chosen.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="univoque-bench-") as folder, peers.smtp_sink() as port:
        found = compared(Path(folder), port, sizes, chosen.rounds, million=chosen.million)
    print(json.dumps(found) if chosen.json else table(found))
    return judged(limits(found), sys.stderr if chosen.json else sys.stdout)


def limits(found: dict[str, Any]) -> list[Limit]:
    """What is due of such a run."""
    due = []
    for row in found["sizes"]:
        at = f"with {row['recipients']:,} recipients"
        due += [
            Limit(f"ours to smtp-source {at}", row["ours_over_smtp_source"], most=DUE, goal=GOAL),
            Limit(f"what the receipts cost {at}", row["receipts_cost"], most=0.3),
            Limit(f"the last tenth to the first {at}", row["last_tenth_over_first"], most=1.5),
        ]
    due += [
        Limit("ours to Django's loop", found["ours_over_django"], least=10),
        Limit(f"the sender's memory to that for {SMALL:,}", found["sender_memory_ratio"], most=1.5),
        Limit(f"the planner's memory to that for {SMALL:,}", found["planner_memory_ratio"], most=1.5),
    ]
    if "million" in found:
        due.append(Limit("1,000,000 recipients to linear", found["million"]["over_linear"], most=1.2))
    return due


@dataclass(slots=True)
class Turns:
    """The seconds of each contender at one size, round by round."""

    recipients: int
    source: dict[int, list[float]] = field(default_factory=lambda: {8: [], 32: []})
    ours: list[dict[str, Any]] = field(default_factory=list)
    unreceipted: list[dict[str, Any]] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Medians, and what they are to each other."""
        source = min(statistics.median(times) for times in self.source.values())
        ours = statistics.median(run["seconds"] for run in self.ours)
        bare = statistics.median(run["seconds"] for run in self.unreceipted)
        first = statistics.median(run["first_tenth_s"] for run in self.ours)
        last = statistics.median(run["last_tenth_s"] for run in self.ours)
        return {
            "recipients": self.recipients,
            "smtp_source_s": round(source, 2),
            "ours_s": round(ours, 2),
            "ours_over_smtp_source": round(ours / source, 2),
            "ours_per_second": round(self.recipients / ours),
            "first_after_s": statistics.median(run["first_after_s"] for run in self.ours),
            "without_receipts_s": round(bare, 2),
            "receipts_cost": round(ours / bare - 1, 3),
            "last_tenth_over_first": round(last / first, 2),
            "octets_per_person": round(
                statistics.median(run["octets_before"] for run in self.ours) / self.recipients
            ),
            "octets_per_message": round(
                statistics.median(run["octets_after"] - run["octets_before"] for run in self.ours)
                / self.recipients
            ),
            "sender_rss_mb": max(run["peak_rss_mb"] for run in self.ours),
            "planner_rss_mb": max(run["planner_rss_mb"] for run in self.ours),
        }


def compared(folder: Path, port: int, sizes: list[int], rounds: int, *, million: bool) -> dict[str, Any]:
    """Let all take turns at each size."""
    rows = []
    django: list[float] = []
    small = ours.prepared(folder, SMALL)
    memory = [ours.run(port, SMALL, small) for _ in range(rounds)]
    octets = memory[0]["octets_each"]
    for size in sizes:
        prepared, turns = ours.prepared(folder, size), Turns(size)
        for _ in range(rounds):
            for sessions, times in turns.source.items():
                times.append(peers.smtp_source(port, size, sessions, octets=octets))
            turns.ours.append(ours.run(port, size, prepared))
            turns.unreceipted.append(ours.run(port, size, prepared, "--receipts", "chunk"))
            django.append(peers.django(port, DJANGO))
        rows.append(turns.figures())
        print(json.dumps(rows[-1]), file=sys.stderr)  # should a later and longer one fail
    largest = rows[-1]
    found: dict[str, Any] = {
        "setting": ours.setting(),
        "lanes": ours.LANES,
        "octets_each": octets,
        "sizes": rows,
        "django_per_second": round(DJANGO / statistics.median(django)),
        "ours_over_django": round(largest["ours_per_second"] * statistics.median(django) / DJANGO, 1),
        "sender_memory_ratio": _grown(memory, largest, "peak_rss_mb", "sender_rss_mb"),
        "planner_memory_ratio": _grown(memory, largest, "planner_rss_mb", "planner_rss_mb"),
    }
    if million:
        run = ours.run(port, 1_000_000, ours.prepared(folder, 1_000_000))
        linear = largest["ours_s"] * 1_000_000 / largest["recipients"]
        found["million"] = {**run, "over_linear": round(run["seconds"] / linear, 2)}
    return found


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        f"| recipients | smtp-source -d | ours, every receipt durable | ratio (at most {DUE}; the goal is {GOAL}) "
        "| without receipts | receipts cost (at most 30 %) | last tenth / first (at most 1.5) |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {row['recipients']:,} | {row['smtp_source_s']} s | {row['ours_s']} s ({row['ours_per_second']:,}/s) "
        f"| {row['ours_over_smtp_source']} | {row['without_receipts_s']} s | {row['receipts_cost']:.0%} "
        f"| {row['last_tenth_over_first']} |"
        for row in found["sizes"]
    ]
    largest = found["sizes"][-1]
    rows += [
        "",
        f"Setting: {found['setting']}, {found['lanes']} lanes.",
        f"Each mail has {found['octets_each']:,} octets with its headers, smtp-source's too.",
        f"Django's loop over one connection: {found['django_per_second']:,}/s; "
        f"ours is {found['ours_over_django']} times as fast.",
        f"Memory: sender {largest['sender_rss_mb']} MB, {found['sender_memory_ratio']} times that for {SMALL:,}; "
        f"planner {largest['planner_rss_mb']} MB, {found['planner_memory_ratio']} times.",
    ]
    if "million" in found:
        rows.append(
            f"1,000,000 recipients: {found['million']['seconds']} s, {found['million']['over_linear']} times linear."
        )
    return "\n".join([*rows, "", *needs(largest)])


def needs(measured: dict[str, Any]) -> list[str]:
    """What each size of deployment needs, reckoned from the largest run (docs/operate.md shows it)."""
    rows = [
        "| people | database | and for each message to all | the hub alone | a relay that takes "
        f"{RELAY:,}/s |",
        "|---:|---:|---:|---:|---:|",
    ]
    for people in DEPLOYMENTS:
        stored, sent = (people * measured[key] / 1e9 for key in ("octets_per_person", "octets_per_message"))
        minutes = people / measured["ours_per_second"] / 60
        rows.append(
            f"| {people:,} | {stored:.1f} GB | {sent:.1f} GB | {minutes:.1f} min | {people / RELAY / 60:.0f} min |"
        )
    return rows


def _grown(small: list[dict[str, Any]], large: dict[str, Any], key: str, large_key: str) -> float:
    return round(float(large[large_key]) / float(max(run[key] for run in small)), 2)


if __name__ == "__main__":
    sys.exit(main())
