"""Fan out: from an approved revision to one planned delivery per person, and the same after a crash."""

import asyncio
from collections.abc import Collection
from uuid import uuid4

import structlog

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.canary import staff_first
from hub.flow.plan import PLANNED, DispatchPlanned, Plan
from hub.model.message import Blocks
from hub.model.review import ENDS
from hub.model.revision import Revision
from hub.render import Sheet, cells
from hub.render.frame import Frame, canonical, digest, frame_for, frames_digest
from hub.render.seal import words_digest
from hub.store import directives, dispatches, journal, parts, persons
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from hub.store.holders import Earlier
from hub.store.parts import Part

log = structlog.get_logger(__name__)

BATCH = 2_000
"""As soon as there are so many deliveries they are written, so that others may write in between."""


async def dispatch(hub: Hub, *, directive: str, number: int) -> DispatchPlanned:
    """Plan the deliveries of an approved revision; when they are planned already, only count them.

    Interrupted at any point, the next call or a sender goes on behind what stands committed; nothing leaves before
    it is complete.
    """
    async with hub.store.read() as tx:
        revision = await directives.get(tx, directive, number)
    if revision.mode != hub.config.service.mode:
        raise Refusal(
            f"{directive} was approved in mode {revision.mode.value}, and this instance is in mode "
            f"{hub.config.service.mode}; submit it again"
        )
    known = await announce(hub, revision)
    mine = uuid4().hex
    while known.planned_at is None:
        async with hub.store.write() as tx:
            claimed = await dispatches.claim(tx, known.id, claim=mine, at=hub.clock.now())
        if claimed:
            return await _plan(hub, known, revision, mine)
        await asyncio.sleep(0.2)  # another process is at it
        async with hub.store.read() as tx:
            known = await dispatches.get(tx, directive, number)
    async with hub.store.read() as tx:
        counts = await dispatches.planned_counts(tx, known.id)
        unread = await unread_counts(tx, known)
    return DispatchPlanned(known.id, counts, **unread)


async def unread_counts(tx: Tx, dispatch: Dispatch) -> dict[str, int]:
    """How many read another language than theirs, and how many get nothing for want of words, as it was planned."""
    entry = await journal.latest(tx, subject=dispatch.directive, action=PLANNED)
    detail = entry.detail if entry and entry.detail["revision"] == dispatch.revision else {}
    return {name: int(detail.get(name, 0)) for name in ("other_language", "without_words")}


async def resume(hub: Hub, *, resting: Collection[int] = ()) -> frozenset[int]:
    """Plan what was announced and not planned to the end, unless somebody is at it or stopped it.

    One that cannot be planned is logged and holds up none behind it; the ids of those are returned, so that the
    caller lets them rest before the next look.
    """
    async with hub.store.read() as tx:
        waiting = await dispatches.unplanned(tx)
    failed = set()
    for found in waiting:
        if found.id in resting:
            continue
        if found.mode != hub.config.service.mode:
            continue  # approved as an exercise, or for real, when this instance was the other
        if found.stopped_at is not None:
            continue  # by a person, or because its audience moved: a person lets it go on
        try:
            await _take_over(hub, found)
        except Exception:
            log.exception("planning failed; it is tried again", directive=found.directive)
            failed.add(found.id)
    return frozenset(failed)


async def _take_over(hub: Hub, found: Dispatch) -> None:
    mine = uuid4().hex
    async with hub.store.write() as tx:
        claimed = await dispatches.claim(tx, found.id, claim=mine, at=hub.clock.now())
    if claimed:
        async with hub.store.read() as tx:
            revision = await directives.get(tx, found.directive, found.revision)
        await _plan(hub, found, revision, mine)


async def announce(hub: Hub, revision: Revision) -> Dispatch:
    """Note that the revision has to go out; idempotent."""
    approved_at = revision.approved_at or hub.clock.now()
    async with hub.store.write() as tx:
        return await dispatches.announce(
            tx,
            directive=revision.directive.id,
            revision=revision.number,
            mode=revision.mode,
            urgency=revision.directive.urgency,
            approved_at=approved_at,
            expires_at=revision.expires_at or approved_at + hub.config.delivery.life,
        )


async def _plan(hub: Hub, dispatch: Dispatch, revision: Revision, claim: str) -> DispatchPlanned:
    directive = revision.directive
    frame = frame_for(revision, hub.config, hub.wording, hub.register)
    part = await _part(hub, dispatch, claim, frame)
    async with hub.store.read() as tx:
        blocks = await directives.blocks(tx, directive.id, revision.number)
        _as_approved(hub, revision, blocks)
        # Who got an exercise holds nothing that a real message could correct.
        sent = [d for d in await dispatches.of_directive(tx, directive.id) if d.mode == dispatch.mode]
        known = {d.id: d.revision for d in sent}
        staff = staff_first(hub, dispatch.urgency)
        earlier = [id_ for id_, number in known.items() if number < revision.number]
        plan = Plan(hub, dispatch, claim, blocks, frame, known, staff, BATCH, part)
        others = {other.directive.id: other.directive for other in await directives.published(tx)}
        sheet = Sheet(directive, hub.register, hub.wording, others)
        pages = persons.pages(
            tx,
            # What is over concerns nobody: it reaches those who may hold it.
            cells={} if revision.kind in ENDS else cells(sheet),
            urgent=dispatch.urgency == "Immediate",
            earlier=Earlier(earlier),
            known_by=revision.approved_at,
            planned=dispatch.id if part.runs else None,
        )
        await plan.take(pages)
    await plan.demand_approved(revision.audience_count or 0)
    return await plan.complete()


async def _part(hub: Hub, dispatch: Dispatch, claim: str, frame: Frame) -> Part:
    """What stands of the plan already; where the rest would read otherwise than it, nothing."""
    basis = canonical([frame.url, frame.sender, hub.config.service.languages])
    async with hub.store.write_beside() as tx:
        await dispatches.uphold(tx, dispatch.id, claim=claim, at=hub.clock.now())
        found = await parts.find(tx, dispatch.id)
        if found is not None and found.basis == basis:
            log.info("planning goes on", directive=dispatch.directive, planned=found.last)
            return found
        await parts.clear(tx, dispatch.id)
    return Part(basis)


def _as_approved(hub: Hub, revision: Revision, blocks: Blocks) -> None:
    """What leaves is what was approved: the words kept here have the digest that was signed."""
    found = words_digest(
        {variant: digest(block) for variant, block in blocks.items()},
        frames_digest(hub.wording, hub.register),
    )
    if found != revision.words_digest:
        raise Refusal(
            f"the words of {revision.directive.id} revision {revision.number} are not those that were "
            "approved (the database or the templates have changed); submit it again"
        )
