"""The staff gets a message first: who they are, and how a dispatch is cut so that the others wait for them."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hub.context import Hub
from hub.errors import ConfigError
from hub.store import dispatches, holds
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from subscribers.address import AddressFault, normalise_email, normalise_phone

AT_ONCE = "Immediate"
"""The urgency for which nobody waits: neither for the staff's eyes nor for the morning."""


def staff_first(hub: Hub, urgency: str) -> frozenset[str]:
    """The addresses of the staff that gets a message of this urgency first; empty where nobody waits for them.

    Raises ConfigError for a list that cannot be read, with the line at fault.
    """
    settings = hub.config.canary
    if not settings.file or settings.pause <= timedelta(0) or urgency == AT_ONCE:
        return frozenset()
    try:
        with open(settings.file, encoding="utf-8-sig") as lines:
            return frozenset(
                _address(line.strip(), f"{settings.file}, line {number}")
                for number, line in enumerate(lines, start=1)
                if line.strip() and not line.startswith("#")
            )
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise ConfigError(
            f"canary.file: {settings.file}: {why}; put the staff's addresses there, one a line, or leave it empty"
        ) from error


async def cut(
    tx: Tx, dispatch: Dispatch, channel: str, *, span: tuple[int, int], staff: Sequence[int], size: int
) -> None:
    """Cut a channel's deliveries, first to last, into chunks; each of the staff's is one, and the others wait for them.

    `staff` holds the seq of theirs on all channels. What is scheduled waits as a whole.
    """
    first, last = span
    here = [seq for seq in staff if first <= seq <= last]
    scheduled = holds.SCHEDULE if dispatch.scheduled_at is not None else None
    others = holds.CANARY if staff else scheduled
    pieces = [(seq, seq, scheduled) for seq in here]
    edges = [first - 1, *here, last + 1]
    pieces += [(before + 1, after - 1, others) for before, after in pairwise(edges)]
    for start, end, owner in pieces:
        await dispatches.add_chunks(
            tx,
            dispatch.id,
            channel,
            first=start,
            last=end,
            size=size,
            urgency=dispatch.urgency,
            owner=owner,
        )


def _address(line: str, where: str) -> str:
    try:
        return normalise_email(line) if "@" in line else normalise_phone(line)
    except AddressFault as fault:
        raise ConfigError(f"{where}: {fault}") from fault
