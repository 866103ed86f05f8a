"""Letting e-mail addresses be used again that a relay ruled out, where it was the relay that was at fault."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub import causes
from hub.context import Hub
from hub.errors import NotFound, Refusal
from hub.model.staff import Staff
from hub.store import barred, journal, suppressions
from hub.store.barred import Barred
from hub.store.engine import Tx
from subscribers.address import mask
from subscribers.audience import UNSUBSCRIBED

CHANNEL = "email"
"""A number is ruled out by its owner or their carrier: START by SMS lifts that."""

LIFTED = "addresses lifted"
"""What the journal says of it."""

CAUSES = 8
"""More causes than this are not named."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One address in its kept form; or all that failed with a code, since an instant."""

    address: str | None = None
    cause: str | None = None
    since: datetime | None = None


async def count(hub: Hub, choice: Choice) -> int:
    """How many `lift` would lift. Raises NotFound and Refusal."""
    async with hub.store.read() as tx:
        return len(await _chosen(tx, choice))


async def lift(hub: Hub, choice: Choice, *, by: Staff) -> int:
    """Let them be used again; returns how many. Who opted out stays so. Raises NotFound and Refusal."""
    async with hub.store.write() as tx:
        chosen = await _chosen(tx, choice)
        await barred.lift(tx, chosen, channel=CHANNEL)
        at = hub.clock.now()
        given = {"cause": choice.cause, "since": choice.since.isoformat() if choice.since else None}
        detail: dict[str, Any] = {"channel": CHANNEL, "number": len(chosen)}
        detail |= {key: value for key, value in given.items() if value}
        subject = mask(choice.address) if choice.address else "addresses"
        await journal.append(tx, at=at, actor=by.name, action=LIFTED, subject=subject, detail=detail)
    return len(chosen)


async def _chosen(tx: Tx, choice: Choice) -> list[Barred]:
    found = await barred.of_people(tx, channel=CHANNEL, value=choice.address, since=choice.since)
    if choice.address is not None and not found:
        raise await _why_not(tx, choice.address)
    chosen = [each for each in found if choice.cause is None or causes.matches(each.code, choice.cause)]
    if chosen:
        return chosen
    known = Counter(each.code for each in found)
    named = ", ".join(f"{code} ({number})" for code, number in known.most_common(CAUSES))
    raise NotFound(f"No address failed like that; there are {named or 'none'}")


async def _why_not(tx: Tx, address: str) -> Refusal | NotFound:
    reason = await suppressions.find(tx, channel=CHANNEL, value=address)
    if reason is None:
        return NotFound("This address is not ruled out; messages go there")
    if reason == UNSUBSCRIBED:
        return Refusal("its owner opted out; only they may let messages come again")
    return Refusal("nobody on the lists has this address, or its owner opted out; nothing may revive that")
