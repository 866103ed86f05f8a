"""Counting on: what the ledger got since the last time is added to the counts that all figures come from."""

from datetime import timedelta

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.store import sums

SLACK = timedelta(minutes=5)
"""How much longer than a silent far side is waited for the notes of how far a dispatch was are kept."""


async def tally(hub: Hub) -> bool:
    """Count what is new; False where it could not be kept (locked, full, read-only), so that figures are older.

    Any process may do it, also several at once: whoever is first counts.
    """
    history = hub.config.alarms.silent + SLACK
    while True:
        async with hub.store.read() as tx:
            found = await sums.news(tx, at=hub.clock.now())
        if found.upto == found.since:
            return True
        try:
            async with hub.store.write() as tx:
                kept = await sums.keep(tx, found, history=history)
        except EnvironmentFailed:
            return False
        if kept and not found.more:
            return True
