"""Whom a directive reaches: one recipient per person, read page by page, so that memory does not grow with them."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Row, select

from hub.store import suppressions
from hub.store.engine import Tx
from hub.store.tables import addresses, memberships, organisations, persons
from subscribers.audience import UNSUBSCRIBED, AudienceCount, Choice, Hearing, Recipient, choose, mandatory
from subscribers.model import REACHES, Reach

PAGE = 5_000
"""Persons read at once."""


class Place(Protocol):
    """A part of the country, for the organisations of one community or for everybody."""

    def includes(self, nis: str | None, community: str | None = None) -> bool: ...


Cells = Mapping[Any, Place]
"""Which sector × audience is reached, and where; in reading order of the hats."""


async def audience(
    tx: Tx, *, cells: Cells, urgent: bool, languages: Sequence[str]
) -> AsyncIterator[Recipient]:
    """Those to reach, ordered by channel, then person; each once, and no address twice.

    `language` is the person's own, be it among `languages` or not. Who shares an address with somebody before
    them gets nothing: one message per address.
    """
    for channel in REACHES:
        shared = _Shared()
        async for page in _pages(tx, cells, urgent=urgent):
            for found in page:
                if found.choice and found.choice.channel == channel and shared.takes(found):
                    yield found.recipient(found.choice)


async def count_audience(tx: Tx, *, cells: Cells, urgent: bool, languages: Sequence[str]) -> AudienceCount:
    """How many `audience` would yield, by channel and language, and who is left out for which reason."""
    channels: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    left: Counter[str] = Counter()
    shared = _Shared()
    async for page in _pages(tx, cells, urgent=urgent):
        for found in page:
            if found.choice is None:
                left["opted out" if found.opted_out else "unreachable"] += 1
            elif not shared.takes(found):
                left["same address"] += 1
            else:
                channels[found.choice.channel] += 1
                spoken[found.language] += 1
    return AudienceCount(
        total=channels.total(),
        channels=dict(channels),
        languages=dict(spoken),
        unreachable=left["unreachable"],
        opted_out=left["opted out"],
        same_address=left["same address"],
        other_language=sum(number for language, number in spoken.items() if language not in languages),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A person whom the directive concerns; without a choice nothing reaches them."""

    person: int
    language: str
    token: str
    opted_out: bool
    choice: Choice | None
    shares: bool

    def recipient(self, choice: Choice) -> Recipient:
        hats = dict.fromkeys((hearing.sector, hearing.audience) for hearing in choice.hearings)
        where = (choice.channel, choice.address)
        return Recipient(self.person, *where, self.language, choice.stream, self.token, tuple(hats))


@dataclass(slots=True)
class _Shared:
    """Remembers only addresses that several persons have: the others cannot come twice."""

    _taken: set[tuple[str, str]] = field(default_factory=set)

    def takes(self, found: _Found) -> bool:
        if found.choice is None or not found.shares:
            return found.choice is not None
        address = (found.choice.channel, found.choice.address)
        if address in self._taken:
            return False
        self._taken.add(address)
        return True


async def _pages(tx: Tx, cells: Cells, *, urgent: bool) -> AsyncIterator[list[_Found]]:
    """Everybody whom the cells concern, a page at a time, by id."""
    ranks = {cell: rank for rank, cell in enumerate(cells)}
    last = 0
    while page := await _people(tx, after=last, urgent=urgent):
        first, last = page[0].id, page[-1].id
        at_home = {row.id: (row.commune, row.community) for row in page}
        heard = await _heard(tx, cells, ranks, at_home, first, last)
        if heard:
            yield await _choose(tx, [row for row in page if row.id in heard], heard, first, last)


async def _people(tx: Tx, *, after: int, urgent: bool) -> Sequence[Row[*tuple[Any, ...]]]:
    preferred = persons.c.preferred_urgent if urgent else persons.c.preferred
    statement = (
        select(
            persons.c.id,
            persons.c.language,
            preferred.label("preferred"),
            persons.c.commune,
            persons.c.community,
            persons.c.token,
            persons.c.opted_out_at,
        )
        .where(persons.c.id > after, persons.c.erased_at.is_(None))
        .order_by(persons.c.id)
        .limit(PAGE)
    )
    return (await tx.execute(statement)).all()


async def _heard(
    tx: Tx,
    cells: Cells,
    ranks: Mapping[tuple[str, Any], int],
    at_home: Mapping[int, tuple[str | None, str | None]],
    first: int,
    last: int,
) -> dict[int, list[Hearing]]:
    """The memberships of a page that the cells concern. Place is the organisation's, for others their own."""
    statement = (
        select(
            memberships.c.person,
            memberships.c.sector,
            memberships.c.audience,
            memberships.c.stream,
            memberships.c.organisation,
            organisations.c.commune,
            organisations.c.community,
        )
        .select_from(memberships.outerjoin(organisations))
        .where(memberships.c.person.between(first, last))
    )
    found: dict[int, list[Hearing]] = defaultdict(list)
    for person, sector, audience_, stream, organisation, commune, community in await tx.execute(statement):
        place = cells.get((sector, audience_))
        if place is None or person not in at_home:
            continue
        home, own_community = at_home[person]
        theirs = community if organisation else own_community
        if place.includes(commune or home, theirs):
            found[person].append(Hearing(ranks[sector, audience_], sector, audience_, stream))
    return found


async def _choose(
    tx: Tx, people: Sequence[Row[*tuple[Any, ...]]], heard: Mapping[int, list[Hearing]], first: int, last: int
) -> list[_Found]:
    """Where each of these is reached."""
    reached: dict[int, dict[Reach, str]] = defaultdict(dict)
    statement = select(addresses.c.person, addresses.c.channel, addresses.c.value)
    for person, channel, value in await tx.execute(statement.where(addresses.c.person.between(first, last))):
        if person in heard:
            reached[person][channel] = value
    used = [address for theirs in reached.values() for address in theirs.items()]
    barred = await suppressions.among(tx, used)
    shared = await _shared(tx, first, last)
    found = []
    for row in people:
        theirs = reached.get(row.id, {})
        suppressed = {c: barred[c, value] for c, value in theirs.items() if (c, value) in barred}
        hearings = mandatory(heard[row.id]) if row.opted_out_at else heard[row.id]
        choice = choose(hearings, preferred=row.preferred, addresses=theirs, suppressed=suppressed)
        wished = not hearings or UNSUBSCRIBED in suppressed.values()
        shares = choice is not None and (choice.channel, choice.address) in shared
        found.append(_Found(row.id, row.language, row.token, wished, choice, shares))
    return found


async def _shared(tx: Tx, first: int, last: int) -> frozenset[tuple[str, str]]:
    """The addresses of a page that somebody else has too, on whichever page."""
    other = addresses.alias("other")
    same = (other.c.channel == addresses.c.channel) & (other.c.value == addresses.c.value)
    statement = (
        select(addresses.c.channel, addresses.c.value)
        .join(other, same & (other.c.person != addresses.c.person))
        .where(addresses.c.person.between(first, last))
    )
    return frozenset((channel, value) for channel, value in await tx.execute(statement))
