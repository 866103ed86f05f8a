"""Fan out: from an approved revision to one planned delivery per person, and the same after a crash."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import cast
from uuid import uuid4

import structlog

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.canary import cut, staff_first
from hub.model.directive import Audience, Language
from hub.model.hold import Hold
from hub.model.message import Block, Blocks, Hat, Variant
from hub.model.review import ENDS, Kind
from hub.model.revision import Revision
from hub.render import Sheet, cells
from hub.render.frame import Frame, compose, digest, frame_for, frames_digest
from hub.render.seal import words_digest
from hub.store import directives, dispatches, holds, journal, persons
from hub.store.dispatches import Dispatch, NewDelivery
from hub.store.engine import Tx
from hub.store.holders import Earlier
from subscribers.audience import Recipient

log = structlog.get_logger(__name__)

Hats = tuple[tuple[str, str], ...]

READINGS = ("again", "first", "left")
"""How a later revision reaches people: what changed first, the whole as new, or that it is not for them any more."""

PLANNED = "dispatch planned"
"""What the journal says of a complete plan, with its counts."""

REFUSED = "dispatch refused"
"""What the journal says where the audience has moved too far between approval and plan."""

BATCH = 2_000
"""Deliveries written in one transaction, so that others may write in between."""


@dataclass(frozen=True, slots=True)
class DispatchPlanned:
    """What was planned: how many per channel, how many read another language, how many no words."""

    dispatch: int
    channels: Mapping[str, int]
    other_language: int
    without_words: int

    @property
    def recipients(self) -> int:
        return sum(self.channels.values())


async def dispatch(hub: Hub, *, directive: str, number: int) -> DispatchPlanned:
    """Plan the deliveries of an approved revision; when they are planned already, only count them.

    Interrupted at any point, it is done again from the start by the next call or by a sender; nothing leaves
    before it is complete.
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
    async with hub.store.read() as tx:
        blocks = await directives.blocks(tx, directive.id, revision.number)
        _as_approved(hub, revision, blocks)
        frame = frame_for(revision, hub.config, hub.wording, hub.register)
        # Who got an exercise holds nothing that a real message could correct.
        sent = [d for d in await dispatches.of_directive(tx, directive.id) if d.mode == dispatch.mode]
        known = {d.id: d.revision for d in sent}
        staff = staff_first(hub, dispatch.urgency)
        earlier = [id_ for id_, number in known.items() if number < revision.number]
        plan = _Plan(hub, dispatch, claim, blocks, frame, known, staff)
        others = {other.directive.id: other.directive for other in await directives.published(tx)}
        sheet = Sheet(directive, hub.register, hub.wording, others)
        audience = persons.audience(
            tx,
            # What is over concerns nobody: it reaches those who may hold it.
            cells={} if revision.kind in ENDS else cells(sheet),
            urgent=dispatch.urgency == "Immediate",
            earlier=Earlier(earlier),
            known_by=revision.approved_at,
        )
        await plan.take(audience)
    await plan.demand_approved(revision.audience_count or 0)
    return await plan.complete()


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


@dataclass(slots=True)
class _Plan:
    """One planning in progress. Words are composed once per distinct hats × channel × language × stream."""

    hub: Hub
    dispatch: Dispatch
    claim: str
    blocks: Blocks
    frame: Frame
    known: Mapping[int, int]
    """The revision of each dispatch of the directive."""
    staff: frozenset[str]
    """Addresses that get it first."""
    _bodies: dict[tuple[object, ...], int | None] = field(default_factory=dict)
    _languages: dict[tuple[object, ...], Language] = field(default_factory=dict)
    _rows: list[NewDelivery] = field(default_factory=list)
    _seq: Iterator[int] = field(default_factory=lambda: count(1))
    _ranges: dict[str, list[int]] = field(default_factory=dict)
    _first: list[int] = field(default_factory=list)
    """The seq of the staff's deliveries."""
    _counts: Counter[str] = field(default_factory=Counter)

    async def take(self, audience: AsyncIterator[Recipient]) -> None:
        """Assign words to everybody; recipients come ordered by channel."""
        async for recipient in audience:
            language = self._language(recipient)
            body = await self._body(recipient, language)
            if body is None:
                self._counts["without words"] += 1
                continue
            self._counts[self._reading(recipient)] += 1
            seq = next(self._seq)
            reach = (recipient.channel, recipient.address, recipient.token)
            self._rows.append(NewDelivery(seq, recipient.person, *reach, body))
            self._ranges.setdefault(recipient.channel, [seq, seq])[1] = seq
            if recipient.address in self.staff and len(self._first) < self.hub.config.canary.first:
                self._first.append(seq)
            self._counts["other language"] += language != recipient.language
            if len(self._rows) >= BATCH:
                await self._write()
        await self._write()

    async def demand_approved(self, approved: int) -> None:
        """Raises Refusal, and stops the dispatch, where the audience is not the one that was approved any more."""
        found = sum(last - first + 1 for first, last in self._ranges.values()) + self._counts["without words"]
        if self.hub.config.approval.allows(approved, found):
            return
        now = self.hub.clock.now()
        async with self.hub.store.write() as tx:
            await dispatches.give_up(tx, self.dispatch.id, claim=self.claim, at=now)
            await journal.append(
                tx,
                at=now,
                actor="univoque",
                action=REFUSED,
                subject=self.dispatch.directive,
                detail={"revision": self.dispatch.revision, "approved": approved, "found": found},
            )
        raise Refusal(
            f"{self.dispatch.directive} was approved for {approved} people and would reach {found} now; nothing "
            "has left, and it is stopped: look at the last imports, then submit it again as an update"
        )

    async def complete(self) -> DispatchPlanned:
        """Cut the chunks and open the gate for the senders, in one commit."""
        planned = DispatchPlanned(
            dispatch=self.dispatch.id,
            channels={channel: last - first + 1 for channel, (first, last) in self._ranges.items()},
            other_language=self._counts["other language"],
            without_words=self._counts["without words"],
        )
        now = self.hub.clock.now()
        async with self.hub.store.write() as tx:
            size = self.hub.config.delivery.chunk
            for channel, (first, last) in self._ranges.items():
                span = (first, last)
                await cut(tx, self.dispatch, channel, span=span, staff=self._first, size=size)
            await self._wait(tx)
            await dispatches.uphold(tx, self.dispatch.id, claim=self.claim, at=now, planned=now)
            await journal.append(
                tx,
                at=now,
                actor="univoque",
                action=PLANNED,
                subject=self.dispatch.directive,
                detail={
                    "revision": self.dispatch.revision,
                    "channels": dict(planned.channels),
                    "bodies": len(self._bodies),
                    "other_language": planned.other_language,
                    "without_words": planned.without_words,
                    **self._readings(),
                    **({"staff_first": len(self._first)} if self.staff else {}),
                },
            )
        return planned

    async def _wait(self, tx: Tx) -> None:
        """Note what it waits for once it is planned; what was cancelled meanwhile waits for nothing."""
        hour = self.dispatch.scheduled_at
        hold = Hold.SCHEDULED if hour is not None else Hold.CANARY if self._first else None
        if hold is not None and not await holds.move(tx, self.dispatch.id, None, hold, until=hour):
            await holds.free(tx, self.dispatch.id, *holds.HOLDERS)

    def _reading(self, recipient: Recipient) -> str:
        if recipient.held is None:
            return "first"
        return "again" if recipient.hats or self.frame.kind in ENDS else "left"

    def _readings(self) -> dict[str, int]:
        """For the journal: a new act has only first readers."""
        told = READINGS if self.frame.kind != Kind.NEW else ()
        return {reading: self._counts[reading] for reading in told}

    def _language(self, recipient: Recipient) -> Language:
        """Theirs, or the first of this instance in which there are words for all their hats."""
        key = (recipient.language, recipient.channel, recipient.hats, recipient.left)
        if key not in self._languages:
            rendered = self.hub.config.service.languages
            order = sorted(rendered, key=lambda language: language != recipient.language)
            hats = (*recipient.hats, *recipient.left)
            self._languages[key] = max(order, key=lambda each: len(self._words(recipient, each, hats)))
        return self._languages[key]

    def _words(self, recipient: Recipient, language: Language, hats: Hats) -> list[Block]:
        found = (Hat(sector, cast(Audience, audience)) for sector, audience in hats)
        variants = (Variant(hat.sector, hat.audience, recipient.channel, language) for hat in found)
        return [self.blocks[variant] for variant in variants if variant in self.blocks]

    async def _body(self, recipient: Recipient, language: Language) -> int | None:
        since = self.known[recipient.held] if recipient.held else 0
        key = (recipient.hats, recipient.left, since, recipient.channel, language, recipient.stream)
        if key not in self._bodies:
            self._bodies[key] = await self._freeze(recipient, language, since)
        return self._bodies[key]

    async def _freeze(self, recipient: Recipient, language: Language, since: int) -> int | None:
        """Their words: what changed since the revision that they know, and what they do not need any more."""
        hats, left = recipient.hats, recipient.left
        if self.frame.kind in ENDS:  # it is over in whichever hat they were told
            hats, left = left, ()
        blocks, gone = (self._words(recipient, language, some) for some in (hats, left))
        if not blocks and not gone:
            return None
        message = compose(blocks, replace(self.frame, stream=recipient.stream, since=since), left=gone)
        async with self.hub.store.write_beside() as tx:
            await dispatches.uphold(tx, self.dispatch.id, claim=self.claim, at=self.hub.clock.now())
            return await dispatches.add_body(tx, self.dispatch.id, message, stream=recipient.stream)

    async def _write(self) -> None:
        async with self.hub.store.write_beside() as tx:
            await dispatches.uphold(tx, self.dispatch.id, claim=self.claim, at=self.hub.clock.now())
            await dispatches.add_deliveries(tx, self.dispatch.id, self._rows)
        self._rows.clear()
