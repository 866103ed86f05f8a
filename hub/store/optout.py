"""Single people as they see themselves: found by their link or number, opted out or in, each time with a consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from hub.errors import NotFound
from hub.store import tallies
from hub.store.engine import Tx
from hub.store.tables import addresses, consents, memberships, organisations, persons
from subscribers.model import Reach, Stream


@dataclass(frozen=True, slots=True)
class Subscription:
    """One quality in which somebody is addressed."""

    sector: str
    audience: str
    stream: Stream
    organisation: str | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with all that concerns their messages."""

    id: int
    token: str
    language: str
    opted_out_at: datetime | None
    addresses: Mapping[Reach, str]
    subscriptions: tuple[Subscription, ...]


async def get(tx: Tx, token: str) -> Subscriber:
    """The person whose link it is. Raises NotFound; whoever was erased is not there."""
    statement = select(persons.c.id, persons.c.language, persons.c.opted_out_at).where(
        persons.c.token == token, persons.c.erased_at.is_(None)
    )
    # PostgreSQL knows no text with a NUL in it, not even one to be looked for.
    row = None if "\0" in token else (await tx.execute(statement)).first()
    if row is None:
        raise NotFound("nobody has this link; copy it whole from the message")
    reached = await tx.execute(
        select(addresses.c.channel, addresses.c.value).where(addresses.c.person == row.id)
    )
    m = memberships.c
    held = await tx.execute(
        select(m.sector, m.audience, m.stream, organisations.c.name)
        .select_from(memberships.outerjoin(organisations))
        .where(m.person == row.id)
        .order_by(m.id)
    )
    return Subscriber(
        id=row.id,
        token=token,
        language=row.language,
        opted_out_at=row.opted_out_at,
        addresses={channel: value for channel, value in reached},
        subscriptions=tuple(Subscription(*values) for values in held),
    )


async def having(tx: Tx, *, channel: Reach, value: str) -> Sequence[int]:
    """The persons who are reached at an address."""
    statement = (
        select(persons.c.id)
        .join(addresses)
        .where(addresses.c.channel == channel, addresses.c.value == value, persons.c.erased_at.is_(None))
        .order_by(persons.c.id)
    )
    return (await tx.execute(statement)).scalars().all()


async def set_opted_out(tx: Tx, people: Sequence[int], at: datetime | None) -> None:
    """Note when people opted out; None lets them in again."""
    if at is None:
        await tallies.add(tx, await tallies.coming_back(tx, people))
    else:
        leaving = await tallies.leaving(tx, people)
        await tallies.add(tx, {cell: -number for cell, number in leaving.items()})
    await tx.execute(update(persons).where(persons.c.id.in_(people)).values(opted_out_at=at))


async def add_consents(
    tx: Tx, people: Sequence[int], *, granted: bool, basis: str, source: str, at: datetime
) -> None:
    """Add to each person's record that they agreed or withdrew."""
    rows = [
        {
            "person": id_,
            "stream": "directives",
            "granted": granted,
            "basis": basis,
            "source": source,
            "at": at,
        }
        for id_ in people
    ]
    if rows:
        await tx.execute(insert(consents), rows)
