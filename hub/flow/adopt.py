"""A restored or copied database sends nothing until somebody, by name, says that this is where it is sent from."""

from dataclasses import asdict, dataclass
from typing import Any

from hub.context import Hub
from hub.errors import NotAllowed, Refusal
from hub.flow import life
from hub.model.staff import Role, Staff
from hub.store import deliveries, dispatches, expiry, journal
from hub.store.engine import Tx

ADOPTERS = frozenset({Role.OPERATOR, Role.APPROVER})


@dataclass(frozen=True, slots=True)
class Open:
    """A dispatch of which something would be sent: `waiting` were never tried, `again` would be tried once more."""

    directive: str
    revision: int
    planned: bool
    stopped: bool
    waiting: int
    again: int
    uncertain: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


async def would_send(hub: Hub, tx: Tx) -> list[Open]:
    """What a sender would find to do here; what is stopped is listed too."""
    found = []
    for each in await dispatches.of_directive(tx):
        if each.cancelled_at is not None or each.mode != hub.config.service.mode:
            continue
        if not await dispatches.unfinished(tx, each.id):
            continue
        found.append(
            Open(
                directive=each.directive,
                revision=each.revision,
                planned=each.planned_at is not None,
                stopped=each.stopped_at is not None,
                waiting=await expiry.count_open(tx, each.id),
                again=await expiry.count_again(tx, each.id),
                uncertain=len(await deliveries.uncertain(tx, each.id)),
            )
        )
    return found


async def adopt(hub: Hub, *, by: Staff) -> tuple[str, list[Open]]:
    """Take this database over: senders of this machine begin within a second. Returns why that was needed.

    Raises NotAllowed without the role, Refusal where nothing is amiss.
    """
    if not by.roles & ADOPTERS:
        raise NotAllowed(f"{by.name} is neither operator nor approver")
    async with hub.store.write() as tx:
        why = await life.fault(hub, tx)
        if why is None:
            raise Refusal("nothing is amiss: this database is sent from here, or was never sent from")
        found = await would_send(hub, tx)
        await journal.append(
            tx,
            at=hub.clock.now(),
            actor=by.name,
            action="adopted",
            subject="sender",
            detail={"why": why, "open": [each.to_json() for each in found]},
        )
        await life.take_over(hub, tx)
    return why, found
