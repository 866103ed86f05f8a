"""Trying again those whom a message did not reach, by name and on purpose; nobody else gets it a second time."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from hub import causes
from hub.context import Hub
from hub.errors import NotFound, Refusal
from hub.flow.stop import CHANNELS
from hub.model.delivery import FAILED
from hub.model.staff import Staff
from hub.store import directives, dispatches, journal, unreached
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from hub.store.unreached import Unreached

RETRIED = "tried again"
"""What the journal says of it."""

CAUSES = 8
"""More causes than this are not named."""

EXPORTED = "unreached listed"
"""What the journal says when somebody took the list with addresses."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a retry is about: one channel alone, one cause alone, or all."""

    directive: str
    channel: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How many `retry` would try again, and how many it leaves out because their address is not to be used."""

    again: int
    left_out: int


async def count(hub: Hub, choice: Choice) -> Found:
    """How many `retry` would try again now. Raises NotFound, also of a cause with which nothing failed, Refusal."""
    async with hub.store.read() as tx:
        dispatch = await _dispatch(hub, tx, choice)
        missed = [each async for each in _missed(tx, dispatch, choice)]
    chosen = [each for each in missed if _has_cause(each, choice)]
    if missed and not chosen:
        known = Counter(each.code for each in missed if each.code)
        named = ", ".join(f"{code} ({number})" for code, number in known.most_common(CAUSES))
        raise NotFound(
            f"Nothing failed with {choice.cause!r}; there are {named or 'failures without a code alone'}"
        )
    again = sum(each.may_be_sent for each in chosen)
    return Found(again, len(chosen) - again)


async def retry(hub: Hub, choice: Choice, *, by: Staff) -> int:
    """Make due again who failed or is held back; returns how many. Doing it twice tries nobody twice.

    Left out are those who got it or may get it by themselves, who opted out, whose address is known to fail, and
    whose time has passed. Raises NotFound, and Refusal where the dispatch is over.
    """
    async with hub.store.read() as tx:
        chosen = await _chosen(tx, await _dispatch(hub, tx, choice), choice)
    async with hub.store.write() as tx:
        dispatch = await _dispatch(hub, tx, choice)
        at = hub.clock.now()
        number = await unreached.put_due(tx, dispatch.id, chosen, at=at)
        if number:
            given = {"channel": choice.channel, "cause": choice.cause}
            detail: dict[str, Any] = {key: value for key, value in given.items() if value}
            detail |= {"revision": dispatch.revision, "number": number}
            await journal.append(
                tx, at=at, actor=by.name, action=RETRIED, subject=choice.directive, detail=detail
            )
    return number


async def listed(hub: Hub, choice: Choice, *, by: Staff) -> list[Unreached]:
    """Everybody whom the latest dispatch did not reach, with addresses; the journal says who asked.

    Raises NotFound.
    """
    async with hub.store.read() as tx:
        dispatch = await _latest(hub, tx, choice)
        found = [each async for each in unreached.of_dispatch(tx, dispatch.id, channel=choice.channel)]
    async with hub.store.write() as tx:
        await journal.append(
            tx,
            at=hub.clock.now(),
            actor=by.name,
            action=EXPORTED,
            subject=choice.directive,
            detail={"revision": dispatch.revision, "number": len(found)},
        )
    return found


async def _chosen(tx: Tx, dispatch: Dispatch, choice: Choice) -> list[Unreached]:
    missed = _missed(tx, dispatch, choice)
    return [each async for each in missed if each.may_be_sent and _has_cause(each, choice)]


async def _missed(tx: Tx, dispatch: Dispatch, choice: Choice) -> AsyncIterator[Unreached]:
    """Those whom a further try might reach."""
    async for each in unreached.of_dispatch(tx, dispatch.id, channel=choice.channel):
        if each.held or each.outcome in FAILED:
            yield each


def _has_cause(each: Unreached, choice: Choice) -> bool:
    return choice.cause is None or causes.matches(each.code, choice.cause)


async def _dispatch(hub: Hub, tx: Tx, choice: Choice) -> Dispatch:
    found = await _latest(hub, tx, choice)
    standing = {id_: number for id_, number, *_ in await directives.published_keys(tx)}
    if standing.get(choice.directive, 0) > found.revision:
        raise Refusal(
            f"revision {standing[choice.directive]} of {choice.directive} has followed what was sent"
        )
    if found.cancelled_at is not None:
        raise Refusal(f"the sending of {choice.directive} was taken back; submit what is to be said now")
    if found.expires_at <= hub.clock.now():
        raise Refusal(f"the time of {choice.directive} has passed; submit an update with the new dates")
    return found


async def _latest(hub: Hub, tx: Tx, choice: Choice) -> Dispatch:
    """The dispatch of the latest revision alone: an earlier one says what does not hold any more."""
    if choice.channel is not None and choice.channel not in CHANNELS:
        raise NotFound(f"Channel {choice.channel!r}; there are {', '.join(CHANNELS)}")
    found = await dispatches.of_directive(tx, choice.directive)
    if not found:
        raise NotFound(f"{choice.directive!r} is not on its way; `univoque status` lists what is")
    if found[-1].mode != hub.config.service.mode:
        raise Refusal(
            f"{choice.directive} was approved in mode {found[-1].mode}, and this instance is in mode "
            f"{hub.config.service.mode}"
        )
    return found[-1]
