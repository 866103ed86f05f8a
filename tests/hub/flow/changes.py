"""What happens to people while nobody plans, and what a plan of them must hold afterwards."""

from collections.abc import Sequence
from random import Random
from typing import Any

from sqlalchemy import delete, insert, select, update

from hub.context import Hub
from hub.now import parse_instant
from hub.store import parts
from hub.store.tables import addresses, chunks, memberships
from hub.store.tables import dispatches as dispatches_table
from hub.store.tables import persons as persons_table

TABLES = (persons_table, addresses, memberships)


async def change(hub: Hub, dice: Random) -> None:
    """What may happen to people while nobody plans."""
    person = dice.randrange(1, 13)
    email = {
        "channel": "email",
        "value": dice.choice(["un@example.org", "cinq@example.org", f"{person}@neuf.example"]),
    }
    theirs = (addresses.c.person == person) & (addresses.c.channel == "email")
    now = hub.clock.now()
    one = persons_table.c.id == person
    hat = {"sector": "elderly.residential", "audience": "family", "stream": "directives"}
    async with hub.store.write() as tx:
        match dice.randrange(7):
            case 0:
                await tx.execute(update(persons_table).where(one).values(opted_out_at=now))
            case 1:
                await tx.execute(update(persons_table).where(one).values(erased_at=now))
            case 2:
                await tx.execute(
                    update(persons_table).where(one).values(preferred=dice.choice(["email", "sms"]))
                )
            case 3:
                await tx.execute(delete(addresses).where(theirs))
                await tx.execute(insert(addresses).values(person=person, **email))
            case 4:
                await tx.execute(delete(addresses).where(theirs))
            case 5:
                await tx.execute(delete(memberships).where(memberships.c.person == person))
            case 6:
                await tx.execute(insert(memberships).values(person=person, **hat, organisation=None))


async def forget(hub: Hub) -> None:
    """As if nobody had begun to plan."""
    async with hub.store.write() as tx:
        await parts.clear(tx, 1)
        await tx.execute(
            update(dispatches_table).values(
                planned_at=None, claim=None, claimed_at=None, held=None, held_until=None
            )
        )


async def restore(hub: Hub, people: dict[Any, list[dict[str, Any]]]) -> None:
    """As it was approved."""
    hub.clock.set(parse_instant("2020-03-10T18:30"))
    await forget(hub)
    async with hub.store.write() as tx:
        for table in (memberships, addresses):
            await tx.execute(delete(table))
        for table, rows in people.items():
            if table is persons_table:
                for row in rows:
                    await tx.execute(update(table).where(table.c.id == row["id"]).values(row))
                latest = await tx.execute(select(table.c.id).where(table.c.external_id == "99"))
                if (id_ := latest.scalar()) is not None:
                    await tx.execute(
                        update(table)
                        .where(table.c.id == id_)
                        .values(external_id=None, erased_at=hub.clock.now())
                    )
            else:
                await tx.execute(insert(table), rows)


async def concerned(hub: Hub) -> Sequence[tuple[int, str, str]]:
    """Person, channel and address of everybody who would be reached now and was known at the approval."""
    p, e = persons_table.c, addresses.c
    query = (
        select(p.id, e.channel, e.value)
        .join(addresses, e.person == p.id)
        .join(memberships, memberships.c.person == p.id)
        .where(p.erased_at.is_(None), p.external_id != "99", memberships.c.sector == "elderly.residential")
        .where((p.opted_out_at.is_(None)) | (memberships.c.stream == "duty"))
    )
    async with hub.store.read() as tx:
        rows = (await tx.execute(query)).all()
        preferred = {id_: channel for id_, channel in await tx.execute(select(p.id, p.preferred))}
    where: dict[int, dict[str, str]] = {}
    for person, channel, value in rows:
        where.setdefault(person, {})[channel] = value
    return [
        (person, preferred[person], at[preferred[person]])
        if preferred[person] in at
        else (person, *next(iter(at.items())))
        for person, at in where.items()
    ]


async def in_chunks(hub: Hub) -> list[tuple[int, str]]:
    """Each seq with the channel of the chunk that holds it."""
    c = chunks.c
    async with hub.store.read() as tx:
        rows = await tx.execute(select(c.first, c.last, c.channel).order_by(c.first))
        return [(seq, channel) for first, last, channel in rows for seq in range(first, last + 1)]
