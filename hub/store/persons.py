"""Whom a directive reaches: one recipient per person, read page by page, so that memory does not grow with them."""

from array import array
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select

from hub.store import holders, suppressions
from hub.store.engine import Tx
from hub.store.holders import Earlier, Holding
from hub.store.tables import addresses, memberships, organisations, persons
from subscribers.audience import UNSUBSCRIBED, AudienceCount, Choice, Hearing, Recipient, mandatory
from subscribers.concern import Cells, Concern
from subscribers.model import REACHES, Reach

PAGE = 2_000
"""Persons read at once."""


NOBODY = Earlier(())
"""No earlier message lies with anybody: the directive is new."""


class _Question(NamedTuple):
    """Who is asked for."""

    concern: Concern
    urgent: bool
    earlier: Earlier
    known_by: datetime | None = None


async def audience(
    tx: Tx, *, cells: Cells, urgent: bool, earlier: Earlier = NOBODY, known_by: datetime | None = None
) -> AsyncIterator[Recipient]:
    """Those to reach, ordered by channel; each once, and no address twice.

    That is whom the cells concern, and who may hold a message of the `earlier` dispatches. `language` is the
    person's own, be there words in it or not. Who shares an address with somebody before them gets nothing:
    one message per address, and whoever may hold an earlier one comes first. Who was added after `known_by` is
    left out.
    """
    question = _Question(Concern(cells), urgent, earlier, known_by)
    shared = _Shared()
    turns = [(channel, holds) for channel in REACHES for holds in (True, False)]
    at_once = turns[0] if earlier.dispatches else turns[1]
    later = {turn: array("q") for turn in turns}  # eight bytes a person
    async for page in _pages(tx, question):
        for found in page:
            if found.choice is None:
                continue
            turn = (found.choice.channel, found.holding is not None)
            if turn != at_once:
                later[turn].append(found.person)
            elif shared.takes(found):
                yield found.recipient(found.choice)
    for ids in later.values():
        for start in range(0, len(ids), suppressions.BATCH):
            some = ids[start : start + suppressions.BATCH].tolist()
            for found in await _page(tx, question, partial(_among, some)):
                if found.choice and shared.takes(found):
                    yield found.recipient(found.choice)


async def count_audience(
    tx: Tx, *, cells: Cells, urgent: bool, languages: Sequence[str], earlier: Earlier = NOBODY
) -> AudienceCount:
    """How many `audience` would yield, by channel, language and hat, and who is left out for which reason."""
    alike: dict[tuple[Reach, str, tuple[Hearing, ...]], int] = defaultdict(int)
    left: Counter[str] = Counter()
    shared = _Shared()
    waiting: list[_Found] = []  # only those who share an address and hold nothing

    def count(found: _Found) -> None:
        if found.choice is None:
            left["opted out" if found.opted_out else "unreachable"] += 1
        elif not shared.takes(found):
            left["same address"] += 1
        else:
            alike[found.choice.channel, found.language, found.choice.hearings] += 1

    async for page in _pages(tx, _Question(Concern(cells), urgent, earlier)):
        for found in page:
            if earlier.dispatches and found.shares and found.holding is None:
                waiting.append(found)
            else:
                count(found)
    for found in waiting:
        count(found)
    channels: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    hats: Counter[tuple[str, str]] = Counter()
    for (channel, language, hearings), number in alike.items():
        channels[channel] += number
        spoken[language] += number
        for hat in {(hearing.sector, hearing.audience) for hearing in hearings}:
            hats[hat] += number
    return AudienceCount(
        total=channels.total(),
        channels=dict(channels),
        languages=dict(spoken),
        unreachable=left["unreachable"],
        opted_out=left["opted out"],
        same_address=left["same address"],
        other_language=sum(number for language, number in spoken.items() if language not in languages),
        hats=dict(hats),
    )


class _Found(NamedTuple):
    """A person whom the directive concerns, or who holds a message of it; without a choice nothing reaches them."""

    person: int
    language: str
    token: str
    opted_out: bool
    choice: Choice | None
    shares: bool
    holding: Holding | None

    def recipient(self, choice: Choice) -> Recipient:
        now, left = _hats(choice.hearings)
        where = (choice.channel, choice.address)
        held = self.holding.dispatch if self.holding else None
        return Recipient(self.person, *where, self.language, choice.stream, self.token, now, held, left)


LEFT = 1 << 20
"""The rank from which on hearings are those of an earlier message that the cells do not concern any more."""


Hats = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def _hats(hearings: tuple[Hearing, ...]) -> tuple[Hats, Hats]:
    """(sector, audience) of those concerned now, and of those that only an earlier message concerned."""
    now, left = (
        tuple(dict.fromkeys((h.sector, h.audience) for h in hearings if (h.rank >= LEFT) is gone))
        for gone in (False, True)
    )
    return now, left


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


Within = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""Which persons a page holds, as a condition on whichever column names them."""


def _among(ids: Sequence[int], column: ColumnElement[int]) -> ColumnElement[bool]:
    return column.in_(ids)


def _between(first: int, last: int, column: ColumnElement[int]) -> ColumnElement[bool]:
    return column.between(first, last)


async def _pages(tx: Tx, question: _Question) -> AsyncIterator[list[_Found]]:
    """Everybody whom the cells concern or who may hold something, a page at a time, by id."""
    last = (await tx.execute(select(func.max(persons.c.id)))).scalar() or 0
    for first in range(1, last + 1, PAGE):
        yield await _page(tx, question, partial(_between, first, first + PAGE - 1))


async def _page(tx: Tx, question: _Question, within: Within) -> list[_Found]:
    """Those of a page whom the cells concern or who may hold something, by id, and where each is reached."""
    people = await _people(tx, within, urgent=question.urgent, known_by=question.known_by)
    at_home = {row[0]: (row[5], row[6]) for row in people}
    heard, duties = await _heard(tx, question.concern, within, at_home)
    held = await holders.find(tx, question.earlier, within)
    for person, lying in held.items():
        if person in at_home:
            heard[person] += _left(lying, heard[person], duties[person])
    if not heard:
        return []
    reached = await _reached(tx, within)
    barred: Mapping[tuple[str, str], str] = {}
    if await suppressions.any_at_all(tx):
        used = [address for person in heard for address in reached.get(person, {}).items()]
        barred = await suppressions.among(tx, used)
    shared = await _shared(tx, within)
    found = []
    for person, language, preferred, token, opted_out, *_ in people:
        hearings: Sequence[Hearing] = heard.get(person, ())
        if not hearings:
            continue
        theirs = reached.get(person, {})
        suppressed = (
            {c: barred[c, value] for c, value in theirs.items() if (c, value) in barred} if barred else {}
        )
        if opted_out:
            hearings = mandatory(hearings)
        choice = question.concern.choice(hearings, preferred, theirs, suppressed)
        wished = not hearings or UNSUBSCRIBED in suppressed.values()
        shares = bool(shared) and choice is not None and (choice.channel, choice.address) in shared
        found.append(_Found(person, language, token, wished, choice, shares, held.get(person)))
    return found


def _left(holding: Holding, heard: Sequence[Hearing], duties: Collection[tuple[str, str]]) -> list[Hearing]:
    """The hats of what they hold in which they are not concerned any more, after all others.

    One is mandatory where the message was, or where the hat still is.
    """
    concerned = {(hearing.sector, hearing.audience) for hearing in heard}
    return [
        Hearing(LEFT + rank, *hat, "duty" if hat in duties else holding.stream)
        for rank, hat in enumerate(holding.hats)
        if hat not in concerned
    ]


async def _people(
    tx: Tx, within: Within, *, urgent: bool, known_by: datetime | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """(id, language, preferred channel, token, whether they opted out … commune, community) of a page, by id."""
    c = persons.c
    preferred = c.preferred_urgent if urgent else c.preferred
    statement = (
        select(c.id, c.language, preferred, c.token, c.opted_out_at.is_not(None), c.commune, c.community)
        .where(within(c.id), c.erased_at.is_(None))
        .order_by(c.id)
    )
    if known_by is not None:
        statement = statement.where(c.added_at <= known_by)
    return (await tx.execute(statement)).all()


async def _heard(
    tx: Tx, concern: Concern, within: Within, at_home: Mapping[int, tuple[str | None, str | None]]
) -> tuple[dict[int, list[Hearing]], dict[int, set[tuple[str, str]]]]:
    """The memberships of a page that the cells concern, and all mandatory hats."""
    m, o = memberships.c, organisations.c
    statement = (
        select(m.person, m.sector, m.audience, m.stream, o.name, o.commune, o.community)
        .select_from(memberships.outerjoin(organisations))
        .where(within(m.person))
    )
    found: dict[int, list[Hearing]] = defaultdict(list)
    duties: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for person, *membership in (await tx.execute(statement)).all():
        if membership[2] == "duty":
            duties[person].add((membership[0], membership[1]))
        home = at_home.get(person)
        if home is not None and (hearing := concern.hearing(tuple(membership), home)):
            found[person].append(hearing)
    return found, duties


async def _reached(tx: Tx, within: Within) -> dict[int, dict[Reach, str]]:
    """The addresses of a page."""
    found: dict[int, dict[Reach, str]] = defaultdict(dict)
    statement = select(addresses.c.person, addresses.c.channel, addresses.c.value)
    for person, channel, value in (await tx.execute(statement.where(within(addresses.c.person)))).all():
        found[person][channel] = value
    return found


async def _shared(tx: Tx, within: Within) -> frozenset[tuple[str, str]]:
    """The addresses of a page that somebody else has too, on whichever page."""
    other = addresses.alias("other")
    same = (other.c.channel == addresses.c.channel) & (other.c.value == addresses.c.value)
    statement = (
        select(addresses.c.channel, addresses.c.value)
        .join(other, same & (other.c.person != addresses.c.person))
        .where(within(addresses.c.person))
    )
    return frozenset((channel, value) for channel, value in await tx.execute(statement))
