"""A sender that keeps no receipts: nothing but which chunks are done, to learn what the receipts cost.

It works on the ledger's own leases and writes when a chunk of 500 is done. What it does when it is killed is
what bench/control.py shows.
"""

import argparse
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub import app, worker  # noqa: E402 - the path comes first
from hub import config as settings  # noqa: E402
from hub.context import Hub  # noqa: E402
from hub.queue.contract import Intent, Settled  # noqa: E402
from hub.queue.sqlite import SqliteLedger  # noqa: E402
from hub.store import suppressions  # noqa: E402
from hub.store.engine import sqlite_file  # noqa: E402
from hub.store.instance import Instance  # noqa: E402


class Unreceipted(SqliteLedger):
    """Leases as ever; of a turn only what is done is written."""

    async def turn(
        self,
        *,
        at: datetime,
        settled: Sequence[Settled],
        intents: Sequence[Intent],
        done: Sequence[int] = (),
        released: Sequence[int] = (),
    ) -> AbstractSet[Intent]:
        if not done and not released:
            return frozenset()
        return await super().turn(at=at, settled=(), intents=(), done=done, released=released)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    worker._open_ledger = _open  # the only thing that differs
    app.run(app._sender(settings.load(parser.parse_args().config, environ={})))
    return 0


def _open(hub: Hub, who: Instance) -> SqliteLedger:
    file = sqlite_file(str(hub.store.engine.url))
    assert file is not None
    return Unreceipted(file, suppressions.hasher(who.secret), hub.config.service.mode)


if __name__ == "__main__":
    sys.exit(main())
