"""One planning in progress: words for each page of the audience, and a batch of deliveries to a commit."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple, cast

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.canary import cut
from hub.model.directive import Audience, Language
from hub.model.hold import Hold
from hub.model.message import Block, Blocks, Hat, Variant
from hub.model.review import ENDS, Kind
from hub.render.frame import Frame, compose
from hub.store import dispatches, holds, journal
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from hub.store.parts import Part
from hub.store.persons import Reached
from subscribers.audience import Hats, Manner

READINGS = ("again", "first", "left")
"""How a later revision reaches people: what changed first, the whole as new, or that it is not for them any more."""

PLANNED = "dispatch planned"
"""What the journal says of a complete plan, with its counts."""

REFUSED = "dispatch refused"
"""What the journal says where the audience has moved too far between approval and plan."""

ALIVE = timedelta(seconds=5)
"""How often a planner says that it lives, also while it finds nobody to write to (hub.store.dispatches.CLAIM_HOLDS)."""

_MANNER = itemgetter(3)


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


class _Words(NamedTuple):
    """What everybody reads who is reached in one manner; without a body there are no words for them."""

    body: int | None
    reading: str
    other_language: bool


async def _one_ahead(pages: AsyncIterator[list[Reached]]) -> AsyncGenerator[list[Reached], None]:
    """The same pages, each read while the one before is worked on; when it is closed, none is read any more."""
    coming = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await coming) is not None:
            coming = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


@dataclass(slots=True)
class Plan:
    """Words are composed once per distinct hats × channel × language × stream."""

    hub: Hub
    dispatch: Dispatch
    claim: str
    blocks: Blocks
    frame: Frame
    known: Mapping[int, int]
    """The revision of each dispatch of the directive."""
    staff: frozenset[str]
    """Addresses that get it first."""
    batch: int
    """How many deliveries make a commit; a page is never parted."""
    part: Part
    """What stands committed, and what is about to be with the next batch."""
    _words: dict[Manner, _Words] = field(default_factory=dict)
    _bodies: dict[tuple[object, ...], int | None] = field(default_factory=dict)
    _rows: list[tuple[int, int, str, str, str, int]] = field(default_factory=list)
    _without_words: int = 0
    _upheld_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._upheld_at = self.hub.clock.now()

    async def take(self, pages: AsyncIterator[list[Reached]]) -> None:
        """Assign words to everybody; pages come ordered by channel, each of one."""
        async with aclosing(_one_ahead(pages)) as coming:
            async for page in coming:
                await self._assign(page)
        await self._write()

    async def _assign(self, page: list[Reached]) -> None:
        tally = Counter(map(_MANNER, page))
        bodies = {manner: await self._count(manner, number) for manner, number in tally.items()}
        if None in bodies.values():
            page = [reached for reached in page if bodies[reached[3]] is not None]
        if page:
            self._place(page, bodies)
        if len(self._rows) >= self.batch or self.hub.clock.now() - self._upheld_at >= ALIVE:
            await self._write()

    async def _count(self, manner: Manner, number: int) -> int | None:
        """What so many read who are reached in this manner."""
        if manner not in self._words:
            self._words[manner] = await self._find_words(manner)
        body, reading, other_language = self._words[manner]
        if body is None:
            self._without_words += number
            return None
        self.part.counts[reading] += number
        self.part.counts["other language"] += number * other_language
        return body

    def _place(self, page: Sequence[Reached], bodies: Mapping[Manner, int | None]) -> None:
        channel, first = page[0][3].channel, self.part.last + 1
        self.part.add(channel, len(page))
        self._rows += [
            (seq, person, channel, address, token, cast(int, bodies[manner]))
            for seq, (person, address, token, manner) in enumerate(page, start=first)
        ]
        room = self.hub.config.canary.first - len(self.part.first)
        if self.staff and room > 0:
            theirs = [seq for seq, reached in enumerate(page, start=first) if reached[1] in self.staff]
            self.part.first += theirs[:room]

    async def _write(self) -> None:
        now = self.hub.clock.now()
        async with self.hub.store.write_beside() as tx:
            await dispatches.uphold(tx, self.dispatch.id, claim=self.claim, at=now, part=self.part)
            await dispatches.add_deliveries(tx, self.dispatch.id, self._rows)
        self._rows.clear()
        self._upheld_at = now

    async def demand_approved(self, approved: int) -> None:
        """Raises Refusal, and stops the dispatch, where the audience is not the one that was approved any more."""
        found = self.part.last + self._without_words
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
            channels=self.part.channels,
            other_language=self.part.counts["other language"],
            without_words=self._without_words,
        )
        now = self.hub.clock.now()
        async with self.hub.store.write() as tx:
            size = self.hub.config.delivery.chunk
            for channel, first, last in self.part.runs:
                await cut(tx, self.dispatch, channel, span=(first, last), staff=self.part.first, size=size)
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
                    "bodies": await dispatches.count_bodies(tx, self.dispatch.id),
                    "other_language": planned.other_language,
                    "without_words": planned.without_words,
                    **self._readings(),
                    **({"staff_first": len(self.part.first)} if self.staff else {}),
                },
            )
        return planned

    async def _wait(self, tx: Tx) -> None:
        """Note what it waits for once it is planned; what was cancelled meanwhile waits for nothing."""
        hour = self.dispatch.scheduled_at
        hold = Hold.SCHEDULED if hour is not None else Hold.CANARY if self.part.first else None
        if hold is not None and not await holds.move(tx, self.dispatch.id, None, hold, until=hour):
            await holds.free(tx, self.dispatch.id, *holds.HOLDERS)

    def _readings(self) -> dict[str, int]:
        """For the journal: a new act has only first readers."""
        told = READINGS if self.frame.kind != Kind.NEW else ()
        return {reading: self.part.counts[reading] for reading in told}

    async def _find_words(self, manner: Manner) -> _Words:
        language = self._language(manner)
        reading = "again" if manner.hats or self.frame.kind in ENDS else "left"
        since = self.known[manner.held] if manner.held else 0
        key = (*manner._replace(language=language, held=since),)
        if key not in self._bodies:
            self._bodies[key] = await self._freeze(manner, language, since)
        first = manner.held is None
        return _Words(self._bodies[key], "first" if first else reading, language != manner.language)

    def _language(self, manner: Manner) -> Language:
        """Theirs, or the first of this instance in which there are words for all their hats."""
        order = sorted(self.hub.config.service.languages, key=lambda language: language != manner.language)
        hats = (*manner.hats, *manner.left)
        return max(order, key=lambda each: len(self._blocks(manner, each, hats)))

    def _blocks(self, manner: Manner, language: Language, hats: Hats) -> list[Block]:
        found = (Hat(sector, cast(Audience, audience)) for sector, audience in hats)
        variants = (Variant(hat.sector, hat.audience, manner.channel, language) for hat in found)
        return [self.blocks[variant] for variant in variants if variant in self.blocks]

    async def _freeze(self, manner: Manner, language: Language, since: int) -> int | None:
        """Their words: what changed since the revision that they know, and what they do not need any more."""
        hats, left = manner.hats, manner.left
        if self.frame.kind in ENDS:  # it is over in whichever hat they were told
            hats, left = left, ()
        blocks, gone = (self._blocks(manner, language, some) for some in (hats, left))
        if not blocks and not gone:
            return None
        message = compose(blocks, replace(self.frame, stream=manner.stream, since=since), left=gone)
        async with self.hub.store.write_beside() as tx:
            await dispatches.uphold(tx, self.dispatch.id, claim=self.claim, at=self.hub.clock.now())
            return await dispatches.add_body(tx, self.dispatch.id, message, stream=manner.stream)
