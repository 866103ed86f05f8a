"""What has expired is listed, not sent: also what no sender takes in hand, because it is stopped or waits."""

import structlog

from hub.context import Hub
from hub.store import expiry

log = structlog.get_logger(__name__)

CHUNKS, DUE = 20, 500
"""How much is listed in one transaction, so that others may write in between."""


async def expire(hub: Hub) -> int:
    """List as expired what is past its time and in nobody's hand; returns how many deliveries that were.

    Idempotent; called by every sender every few seconds. Interrupted, it goes on where it was.
    """
    total = 0
    while True:
        now = hub.clock.now()
        async with hub.store.read() as tx:
            closed = await expiry.find(tx, at=now, limit=CHUNKS)
            again = await expiry.find_due(tx, at=now, limit=DUE)
        if not closed and not again:
            break
        async with hub.store.write() as tx:
            for chunk in closed:
                total += await expiry.close(tx, chunk, at=now)
            for row in again:
                total += await expiry.close_due(tx, *row, at=now)
            await expiry.end_holds(tx, at=now)
    if total:
        log.warning("expired before it could be sent", deliveries=total)
    return total
