"""The kill switch: one person is enough, and no new message begins within two seconds."""

from hub.context import Hub
from hub.errors import NotFound
from hub.store import dispatches, journal, stops
from hub.store.engine import Tx

CHANNELS = ("email", "sms")


async def stop(hub: Hub, *, by: str, directive: str | None = None, channel: str | None = None) -> bool:
    """Hold one directive, one channel, or with neither everything, until `resume`.

    Messages under way finish; all others stay queued. False where it was stopped already. Raises NotFound.
    """
    async with hub.store.write() as tx:
        if directive is not None:
            await _known(tx, directive)
            changed = await stops.put_directive(tx, directive, at=hub.clock.now()) > 0
        else:
            changed = await stops.put(tx, _scope(channel), at=hub.clock.now())
        if changed:
            await _note(hub, tx, by, "stopped", directive or _scope(channel))
    return changed


async def resume(hub: Hub, *, by: str, directive: str | None = None, channel: str | None = None) -> bool:
    """Let it go on; what has expired meanwhile is not sent. False where it was not stopped."""
    async with hub.store.write() as tx:
        if directive is not None:
            await _known(tx, directive)
            lifted = await stops.lift_directive(tx, directive) + await stops.lift_refused(tx, directive)
            changed = lifted > 0
        else:
            changed = await stops.lift(tx, _scope(channel))
        if changed:
            await _note(hub, tx, by, "resumed", directive or _scope(channel))
    return changed


async def cancel(hub: Hub, *, by: str, directive: str) -> bool:
    """End the sending of a directive for good: who has not got it will not. Raises NotFound."""
    async with hub.store.write() as tx:
        await _known(tx, directive)
        changed = await stops.cancel_directive(tx, directive, at=hub.clock.now()) > 0
        if changed:
            await _note(hub, tx, by, "sending cancelled", directive)
    return changed


def _scope(channel: str | None) -> str:
    if channel is None:
        return stops.EVERYTHING
    if channel not in CHANNELS:
        raise NotFound(f"Channel {channel!r}; there are {', '.join(CHANNELS)}")
    return channel


async def _known(tx: Tx, directive: str) -> None:
    if not await dispatches.of_directive(tx, directive):
        raise NotFound(f"{directive!r} is not on its way; `univoque status` lists what is")


async def _note(hub: Hub, tx: Tx, by: str, action: str, subject: str) -> None:
    subject = "everything" if subject == stops.EVERYTHING else subject
    await journal.append(tx, at=hub.clock.now(), actor=by, action=action, subject=subject, detail={})
