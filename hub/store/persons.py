"""Whom a directive reaches: one recipient per person, read page by page, so that memory does not grow with them."""

from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, exists, func, select, type_coerce

from hub.store import holders, suppressions
from hub.store.answers import TURNS, Answer, Answers, Found, Line, addresses_of
from hub.store.engine import Tx
from hub.store.holders import Earlier
from hub.store.tables import addresses, deliveries, memberships, organisations, persons
from subscribers.audience import AudienceCount, Manner, Recipient
from subscribers.concern import Cells, Concern
from subscribers.model import REACHES

PAGE = 4_000
"""Persons read at once."""


NOBODY = Earlier(())
"""No earlier message lies with anybody: the directive is new."""

Reached = tuple[int, str, str, Manner]
"""Person, address, token, and how they are reached: a recipient, as light as can be."""

Address = tuple[str, str]
"""Channel and value."""

_ANSWER = itemgetter(3)


@dataclass(frozen=True, slots=True)
class _Question:
    """Who is asked for."""

    answers: Answers
    urgent: bool
    earlier: Earlier
    known_by: datetime | None = None
    planned: int | None = None
    """The dispatch whose deliveries are there already, in part."""


async def audience(
    tx: Tx, *, cells: Cells, urgent: bool, earlier: Earlier = NOBODY, known_by: datetime | None = None
) -> AsyncIterator[Recipient]:
    """Those to reach, one by one; see `pages`."""
    async for page in pages(tx, cells=cells, urgent=urgent, earlier=earlier, known_by=known_by):
        for person, address, token, (channel, language, stream, hats, held, left) in page:
            yield Recipient(person, channel, address, language, stream, token, hats, held, left)


async def pages(
    tx: Tx,
    *,
    cells: Cells,
    urgent: bool,
    earlier: Earlier = NOBODY,
    known_by: datetime | None = None,
    planned: int | None = None,
) -> AsyncIterator[list[Reached]]:
    """Those to reach, ordered by channel; each once, and no address twice. A page may be empty.

    That is whom the cells concern, and who may hold a message of the `earlier` dispatches. Their language is their
    own, be there words in it or not. Who shares an address with somebody before them gets nothing: one message per
    address, and whoever may hold an earlier one comes first. Who was added after `known_by` is left out, and so are
    those to whom a delivery of the dispatch `planned` goes already, and its addresses.
    """
    question = _Question(Answers(Concern(cells)), urgent, earlier, known_by, planned)
    at_once = 0 if earlier.dispatches else 1
    later = [array("q") for _ in TURNS]  # eight bytes a person
    taken = _Taken(frozenset() if planned is None else await _given(tx, planned))
    async for page in _pages(tx, question):
        for person, _, _, answer in page.found:
            if answer.turn != at_once and answer.manner is not None:
                later[answer.turn].append(person)
        yield taken.by(page, at_once)
    for turn, ids in enumerate(later):
        for start in range(0, len(ids), suppressions.BATCH):
            some = ids[start : start + suppressions.BATCH].tolist()
            yield taken.by(await _page(tx, question, partial(_among, some)), turn)


async def count_audience(
    tx: Tx, *, cells: Cells, urgent: bool, languages: Sequence[str], earlier: Earlier = NOBODY
) -> AudienceCount:
    """How many `pages` would yield, by channel, language and hat, and who is left out for which reason."""
    alike: Counter[Answer] = Counter()
    taken = _Taken()
    waiting: list[Found] = []  # only those who share an address and hold nothing
    async for page in _pages(tx, _Question(Answers(Concern(cells)), urgent, earlier)):
        alone, sharing = page.parted()
        alike.update(map(_ANSWER, alone))
        if earlier.dispatches:
            waiting += [found for found in sharing if not _holds(found)]
            sharing = [found for found in sharing if _holds(found)]
        alike.update(map(_ANSWER, taken.first(sharing)))
    alike.update(map(_ANSWER, taken.first(waiting)))
    return _summed(alike, taken.came_late, languages)


def _summed(alike: Mapping[Answer, int], same_address: int, languages: Collection[str]) -> AudienceCount:
    channels: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    hats: Counter[tuple[str, str]] = Counter()
    left: Counter[bool] = Counter()
    for (manner, _, wished), number in alike.items():
        if manner is None:
            left[wished] += number
            continue
        channels[manner.channel] += number
        spoken[manner.language] += number
        for hat in {*manner.hats, *manner.left}:
            hats[hat] += number
    return AudienceCount(
        total=channels.total(),
        channels=dict(channels),
        languages=dict(spoken),
        unreachable=left[False],
        opted_out=left[True],
        same_address=same_address,
        other_language=sum(number for language, number in spoken.items() if language not in languages),
        hats=dict(hats),
    )


def _holds(found: Found) -> bool:
    manner = found[3].manner
    return manner is not None and manner.held is not None


def _address(found: Found) -> Address | None:
    _, value, _, (manner, *_) = found
    return None if manner is None else (manner.channel, value)


@dataclass(frozen=True, slots=True)
class _Page:
    """Those of a page whom the cells concern or who may hold something, by id."""

    found: list[Found]
    shared: Collection[Address] = ()
    """The addresses that somebody else has too, on whichever page."""

    def parted(self) -> tuple[list[Found], list[Found]]:
        """Who has their address for themselves, or none that works; and who shares it."""
        if not self.shared:
            return self.found, []
        sharing = [found for found in self.found if _address(found) in self.shared]
        return [found for found in self.found if _address(found) not in self.shared], sharing


@dataclass(slots=True)
class _Taken:
    """Remembers only addresses that several persons have: the others cannot come twice."""

    before: frozenset[Address] = frozenset()
    """Where a delivery goes already, and somebody else than its reader has the address now."""
    came_late: int = 0
    """How many found their address taken."""
    _taken: set[Address | None] = field(default_factory=set)

    def by(self, page: _Page, turn: int) -> list[Reached]:
        """Those of a page whose turn it is, but for who has the address of somebody before them."""
        found = [each for each in page.found if each[3].turn == turn]
        if page.shared or self.before:
            shared = {*page.shared, *self.before}
            found = [each for each in found if _address(each) not in shared or self._takes(each)]
        return [
            (person, address, token, manner) for person, address, token, (manner, _, _) in found if manner
        ]

    def first(self, sharing: Iterable[Found]) -> list[Found]:
        """The first of each address."""
        return [found for found in sharing if self._takes(found)]

    def _takes(self, found: Found) -> bool:
        address = _address(found)
        if address in self.before or address in self._taken:
            self.came_late += 1
            return False
        self._taken.add(address)
        return True


Within = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""Which persons a page holds, as a condition on whichever column names them."""


def _among(ids: Sequence[int], column: ColumnElement[int]) -> ColumnElement[bool]:
    return column.in_(ids)


def _between(first: int, last: int, column: ColumnElement[int]) -> ColumnElement[bool]:
    return column.between(first, last)


async def _pages(tx: Tx, question: _Question) -> AsyncIterator[_Page]:
    """Everybody whom the cells concern or who may hold something, a page at a time, by id."""
    last = (await tx.execute(select(func.max(persons.c.id)))).scalar() or 0
    for first in range(1, last + 1, PAGE):
        yield await _page(tx, question, partial(_between, first, first + PAGE - 1))


async def _page(tx: Tx, question: _Question, within: Within) -> _Page:
    """Those of a page whom the cells concern or who may hold something, by id, and where each is reached."""
    lines: Sequence[Line] = (await tx.execute(_lines(question, within))).all()
    held = await holders.find(tx, question.earlier, within)
    found = question.answers.find(lines, held)
    if not found:
        return _Page(found)
    if await suppressions.any_at_all(tx):
        concerned = {person for person, *_ in found}
        used = [address for line in lines if line[0] in concerned for address in addresses_of(line)]
        barred = await suppressions.among(tx, used)
        if barred:
            found = question.answers.find(lines, held, barred)
    return _Page(found, await _shared(tx, within))


def _lines(question: _Question, within: Within) -> Select[*tuple[Any, ...]]:
    """What `Answers.find` reads of a page, by person."""
    p, m, o = persons.c, memberships.c, organisations.c
    email, phone = addresses.alias("email"), addresses.alias("phone")
    # Said of each table: else PostgreSQL would read the whole of the others for every page.
    source = persons.outerjoin(memberships, (m.person == p.id) & within(m.person)).outerjoin(organisations)
    for channel, alias in zip(REACHES, (email, phone), strict=True):
        own = (alias.c.person == p.id) & (alias.c.channel == channel) & within(alias.c.person)
        source = source.outerjoin(alias, own)
    statement = (
        select(p.id, p.token, email.c.value, phone.c.value)
        .add_columns(p.language, p.preferred_urgent if question.urgent else p.preferred)
        .add_columns(type_coerce(p.opted_out_at.is_not(None), Integer), p.commune, p.community)
        .add_columns(m.sector, m.audience, m.stream, o.name, o.commune, o.community)
        .select_from(source)
        .where(within(p.id), p.erased_at.is_(None))
        .order_by(p.id)
    )
    if question.known_by is not None:
        statement = statement.where(p.added_at <= question.known_by)
    if question.planned is not None:
        d = deliveries.c
        statement = statement.where(~exists().where(d.dispatch == question.planned, d.person == p.id))
    return statement


async def _shared(tx: Tx, within: Within) -> frozenset[Address]:
    """The addresses of a page that somebody else has too, on whichever page."""
    other = addresses.alias("other")
    same = (other.c.channel == addresses.c.channel) & (other.c.value == addresses.c.value)
    statement = (
        select(addresses.c.channel, addresses.c.value)
        .join(other, same & (other.c.person != addresses.c.person))
        .where(within(addresses.c.person))
    )
    return frozenset((channel, value) for channel, value in await tx.execute(statement))


async def _given(tx: Tx, dispatch: int) -> frozenset[Address]:
    """Where deliveries of a dispatch go, of the addresses that another than their reader has now."""
    d, other = deliveries.c, addresses.c
    taken_up = exists().where(other.channel == d.channel, other.value == d.address, other.person != d.person)
    statement = select(d.channel, d.address).where(d.dispatch == dispatch, taken_up)
    return frozenset((channel, value) for channel, value in await tx.execute(statement))
