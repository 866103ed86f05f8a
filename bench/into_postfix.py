"""How fast a real Postfix takes mail over 8 connections: from smtp-source, and from us, in turns.

As our messages have, each of smtp-source's has a recipient of its own (`-N`): one that repeats Postfix answers from
its caches, which its manual calls artificial. That rate stands beside it. Ours is from the complete plan to the last
acceptance, with a durable receipt for each message. Medians of the rounds. `--json` prints one JSON document.

They change places from round to round: an ext4 without a journal holds back the numbers of files that were just
deleted, so whoever comes next pays for those before. With TMPDIR on one that has a journal that does not happen.
It needs Debian's postfix package, and root for a private instance of it. It ends as bench/compare.py does.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import ours, peers  # noqa: E402 - the path comes first
from bench.limits import Limit, judged  # noqa: E402
from tests.prove.postfix import postfix  # noqa: E402

CONNECTIONS = 8
OPEN = """
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
relayhost =
default_transport = discard:
"""
"""What makes the private Postfix of the tests take mail from its own machine and forget it once it was on the disk."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=8_000, metavar="N", help="in each turn")
    parser.add_argument("--rounds", type=int, default=12, help="how often all take turns")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    if peers.tool("postfix") is None or os.geteuid() != 0:
        print("left out: a real Postfix needs Debian's postfix package, and root", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="univoque-bench-") as folder:
        found = measured(Path(folder), chosen.messages, chosen.rounds)
    print(json.dumps(found) if chosen.json else told(found))
    limit = Limit("ours to smtp-source -N into a real Postfix", found["ratio"], least=0.9)
    return judged([limit], sys.stderr if chosen.json else sys.stdout)


def measured(folder: Path, messages: int, rounds: int) -> dict[str, Any]:
    """Let all take turns, after one that warms Postfix up."""
    begun = ours.prepared(folder, messages)
    with (
        peers.smtp_sink() as next_hop,
        postfix(folder / "postfix", next_hop=next_hop, more=OPEN) as server,
    ):

        def we() -> dict[str, Any]:
            return ours.run(server.port, messages, begun, lanes=CONNECTIONS)

        octets = we()["octets_each"]

        def source(*more: str) -> float:
            return peers.smtp_source(server.port, messages, CONNECTIONS, *more, octets=octets)

        def us() -> float:
            run = we()
            return float(run["seconds"] - run["planned_after_s"])

        turns: dict[str, Callable[[], float]] = {"each": lambda: source("-N"), "one": source, "ours": us}
        rates: dict[str, list[float]] = {name: [] for name in turns}
        order = deque(turns)
        for _ in range(rounds):
            for name in order:
                rates[name].append(messages / turns[name]())
            order.rotate(1)
            print(json.dumps({name: round(rate[-1]) for name, rate in rates.items()}), file=sys.stderr)
    each, one, mine = (statistics.median(rate) for rate in rates.values())
    return {
        "setting": ours.setting(),
        "connections": CONNECTIONS,
        "messages": messages,
        "rounds": rounds,
        "octets_each": octets,
        "smtp_source_per_second": round(each),
        "to_one_recipient_per_second": round(one),
        "ours_per_second": round(mine),
        "ratio": round(mine / each, 2),
    }


def told(found: dict[str, Any]) -> str:
    """The figures as a sentence."""
    return (
        f"A real Postfix, {found['connections']} connections: smtp-source -N {found['smtp_source_per_second']}/s, "
        f"ours {found['ours_per_second']}/s, ratio {found['ratio']}; smtp-source to one recipient, whom Postfix "
        f"knows by heart, {found['to_one_recipient_per_second']}/s. Setting: {found['setting']}, "
        f"{found['octets_each']:,} octets a message."
    )


if __name__ == "__main__":
    sys.exit(main())
