"""What waits goes on: at its hour, after the staff's pause, or when a person says so; too late, it asks."""

from datetime import datetime, timedelta

from hub.context import Hub
from hub.errors import NotFound, Refusal
from hub.model.hold import ASKS, Hold
from hub.store import holds, journal, stops
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx

ACTOR = "univoque"


async def review(hub: Hub, *, leap: timedelta = timedelta(0)) -> None:
    """Let go what has waited long enough; called by every sender, several times a second.

    `leap` is how far the clock was put forward since the last review: an hour that was leapt over has not come,
    so what was meant for it asks. What somebody stopped waits on, and asks when that took too long.
    """
    now = hub.clock.now()
    async with hub.store.read() as tx:
        if not any(_may_move(waiting, now) for waiting in await holds.waiting(tx)):
            return  # asked several times a second: take the write lock only when there is something
    async with hub.store.write() as tx:
        if stops.EVERYTHING in await stops.in_force(tx):
            return
        for waiting in await holds.waiting(tx):
            if waiting.stopped_at is None and waiting.mode == hub.config.service.mode:
                await _review(hub, tx, waiting, leap)


async def go_on(hub: Hub, directive: str, *, by: str) -> Hold | None:
    """Somebody decides that it leaves although it is late, or the staff was not reached, or has not had its pause.

    Returns what it waits for now: the staff's pause, or nothing. Raises NotFound, and Refusal before its hour, where
    it waits for nothing, and where it has expired.
    """
    async with hub.store.write() as tx:
        found = await holds.waiting(tx, directive)
        if not found:
            raise NotFound(f"{directive!r} waits for nobody's word; `univoque status` lists what waits")
        waiting, now = found[-1], hub.clock.now()
        if waiting.held == Hold.SCHEDULED:
            raise Refusal(
                f"the hour of {directive} has not come: it leaves at {waiting.scheduled_as}; to have it leave now, "
                "submit it again as an update and approve that without --at"
            )
        if waiting.expires_at <= now:
            raise Refusal(
                f"{directive} has expired: nothing of it would leave; submit an update with new dates"
            )
        await _note(tx, now, by, "let go", waiting)
        return await _let_go(hub, tx, waiting)


def _may_move(waiting: Dispatch, now: datetime) -> bool:
    """Whether its time has come, as far as it has one; what asks waits for a person."""
    until = waiting.scheduled_at if waiting.held == Hold.SCHEDULED else waiting.held_until
    return waiting.held not in ASKS and (until is None or until <= now)


async def _review(hub: Hub, tx: Tx, waiting: Dispatch, leap: timedelta) -> None:
    now = hub.clock.now()
    match waiting.held:
        case Hold.SCHEDULED:
            await _at_its_hour(hub, tx, waiting, now, leap)
        case Hold.CANARY if waiting.held_until is None:
            await _begin_pause(hub, tx, waiting, now)
        case Hold.CANARY:
            await _end_pause(hub, tx, waiting, now)


async def _at_its_hour(hub: Hub, tx: Tx, waiting: Dispatch, now: datetime, leap: timedelta) -> None:
    hour = waiting.scheduled_at
    assert hour is not None, "what is scheduled has an hour"
    if now < hour:
        return
    if now - hour > hub.config.schedule.late or now - leap < hour:
        if await holds.move(tx, waiting.id, Hold.SCHEDULED, Hold.LATE):
            await _note(tx, now, ACTOR, "schedule missed", waiting, late=int((now - hour).total_seconds()))
        return
    await _note(tx, now, ACTOR, "schedule begun", waiting)
    await _let_go(hub, tx, waiting)


async def _begin_pause(hub: Hub, tx: Tx, waiting: Dispatch, now: datetime) -> None:
    """When the first of the staff has it: who is away, or sleeps, holds up nobody. Or when all were tried."""
    if not await holds.staff_reached(tx, waiting.id) and not await holds.staff_tried(tx, waiting.id):
        return
    until = now + hub.config.canary.pause
    if await holds.move(tx, waiting.id, Hold.CANARY, Hold.CANARY, until=until):
        seconds = int(hub.config.canary.pause.total_seconds())
        await _note(tx, now, ACTOR, "staff told first", waiting, pause=seconds)


async def _end_pause(hub: Hub, tx: Tx, waiting: Dispatch, now: datetime) -> None:
    if waiting.held_until is None or now < waiting.held_until:
        return
    reached = await holds.staff_reached(tx, waiting.id)
    if reached:
        await _note(tx, now, ACTOR, "went on after the pause", waiting)
        await _let_go(hub, tx, waiting)
    elif reached is False and await holds.move(tx, waiting.id, Hold.CANARY, Hold.UNSEEN):
        await _note(tx, now, ACTOR, "staff not reached", waiting)


async def _let_go(hub: Hub, tx: Tx, waiting: Dispatch) -> Hold | None:
    """To the staff first where they have not had it; else to everybody."""
    before = Hold(waiting.held or "")
    staff = before in (Hold.SCHEDULED, Hold.LATE) and await holds.has_canaries(tx, waiting.id)
    after = Hold.CANARY if staff else None
    until = hub.clock.now() if after is None else None  # its age counts from here
    if await holds.move(tx, waiting.id, before, after, until=until):
        await holds.free(tx, waiting.id, *((holds.SCHEDULE,) if staff else holds.HOLDERS))
    return after


async def _note(tx: Tx, at: datetime, actor: str, action: str, waiting: Dispatch, **detail: object) -> None:
    await journal.append(
        tx,
        at=at,
        actor=actor,
        action=action,
        subject=waiting.directive,
        detail={"revision": waiting.revision, **detail},
    )
