"""Writes people down: finds those of a list who are known, and inserts or updates what the list changes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from hub.store.engine import Tx
from hub.store.tables import addresses, consents, memberships, organisations, persons
from subscribers.changes import Change, Known
from subscribers.model import Organisation, Person, Reach, Stream

OrganisationKey = tuple[str, str | None]
"""An organisation's external id, else its name and commune."""


def key_of(organisation: Organisation) -> OrganisationKey:
    if organisation.external_id:
        return ("#" + organisation.external_id, None)
    return (organisation.name.casefold(), organisation.commune)


async def known_organisations(tx: Tx) -> dict[OrganisationKey, tuple[int, Organisation]]:
    """All organisations, with their ids."""
    columns = organisations.c
    statement = select(columns.id, columns.name, columns.external_id, columns.commune, columns.community)
    found = [(id_, Organisation(*values)) for id_, *values in await tx.execute(statement)]
    return {key_of(organisation): (id_, organisation) for id_, organisation in found}


async def add_organisations(tx: Tx, fresh: Sequence[Organisation]) -> dict[OrganisationKey, int]:
    """Insert organisations; their ids by key."""
    if not fresh:
        return {}
    columns = organisations.c
    returning = insert(organisations).returning(
        columns.id, columns.name, columns.external_id, columns.commune, columns.community
    )
    rows = await tx.execute(returning, [asdict(organisation) for organisation in fresh])
    return {key_of(Organisation(*values)): id_ for id_, *values in rows}


async def update_organisations(tx: Tx, changed: Mapping[int, Organisation]) -> None:
    """Write organisations anew under their ids."""
    if changed:
        statement = update(organisations).where(organisations.c.id == bindparam("known"))
        await tx.execute(statement, [asdict(found) | {"known": id_} for id_, found in changed.items()])


async def match(tx: Tx, people: Sequence[Person]) -> list[Known | None]:
    """For each of these the person they are known as: by external id, else e-mail, else number (decision 16).

    Somebody known without the stronger sign is found by the weaker one. At most BATCH people at a time.
    """
    by_external = await _ids(tx, persons.c.external_id, [p.external_id for p in people])
    by_address: dict[tuple[str, str], list[int]] = defaultdict(list)
    for channel in ("email", "sms"):
        values = [p.email if channel == "email" else p.phone for p in people]
        statement = select(addresses.c.value, addresses.c.person).where(
            addresses.c.channel == channel, addresses.c.value.in_([v for v in values if v])
        )
        for value, person in await tx.execute(statement.order_by(addresses.c.person)):
            by_address[channel, value].append(person)
    ids = {*by_external.values(), *(id_ for found in by_address.values() for id_ in found)}
    everybody = await _load(tx, ids)
    return [_match(person, by_external, by_address, everybody) for person in people]


BATCH = 900
"""How many people one question names: below every engine's limit."""


def _match(
    person: Person,
    by_external: Mapping[str, int],
    by_address: Mapping[tuple[str, str], list[int]],
    everybody: Mapping[int, Known],
) -> Known | None:
    if person.external_id and (id_ := by_external.get(person.external_id)):
        return everybody.get(id_)
    for known in (
        everybody[id_] for id_ in by_address.get(("email", person.email or ""), ()) if id_ in everybody
    ):
        if not person.external_id or not known.external_id:
            return known
    for known in (
        everybody[id_] for id_ in by_address.get(("sms", person.phone or ""), ()) if id_ in everybody
    ):
        weaker = not known.external_id and not known.addresses.get("email")
        if weaker or not (person.external_id or person.email):
            return known
    return None


async def _ids(tx: Tx, column: Any, values: Sequence[str | None]) -> dict[str, int]:
    statement = select(column, persons.c.id).where(column.in_([value for value in values if value]))
    return {value: id_ for value, id_ in await tx.execute(statement)}


async def _load(tx: Tx, ids: set[int]) -> dict[int, Known]:
    """What is known of these people, a few hundred at a time; the erased are known no more."""
    found: dict[int, Known] = {}
    every = sorted(ids)
    for start in range(0, len(every), BATCH):
        some = every[start : start + BATCH]
        c = persons.c
        people = select(
            c.id,
            c.external_id,
            c.language,
            c.preferred,
            c.preferred_urgent,
            c.commune,
            c.community,
            c.opted_out_at,
        ).where(c.id.in_(some), c.erased_at.is_(None))
        reached: dict[int, dict[Reach, str]] = defaultdict(dict)
        for person, channel, value in await tx.execute(
            select(addresses.c.person, addresses.c.channel, addresses.c.value).where(
                addresses.c.person.in_(some)
            )
        ):
            reached[person][channel] = value
        hats: dict[int, dict[tuple[int | None, str, str], Stream]] = defaultdict(dict)
        m = memberships.c
        statement = select(m.person, m.organisation, m.sector, m.audience, m.stream).where(m.person.in_(some))
        for person, organisation, sector, audience, stream in await tx.execute(statement):
            hats[person][organisation, sector, audience] = stream
        for row in await tx.execute(people):
            found[row.id] = Known(
                id=row.id,
                external_id=row.external_id,
                language=row.language,
                preferred=row.preferred,
                preferred_urgent=row.preferred_urgent,
                commune=row.commune,
                community=row.community,
                opted_out=row.opted_out_at is not None,
                addresses=reached[row.id],
                memberships=hats[row.id],
            )
    return found


@dataclass(slots=True)
class Rows:
    """What one batch writes, table by table."""

    addresses: list[dict[str, Any]] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)


async def write(tx: Tx, changes: Sequence[Change], *, token: Callable[[], str], at: datetime) -> None:
    """Carry out what the list changes. Consents are added to, never changed."""
    created = await _create(tx, [change for change in changes if change.known is None], token=token, at=at)
    rows = Rows()
    for change in changes:
        if change.known is None:
            id_ = created[id(change)]
        else:
            id_ = change.known.id
            await _update(tx, id_, change)
        rows.addresses += ({"person": id_, "channel": c, "value": v} for c, v in change.new_addresses.items())
        rows.memberships += (
            {"person": id_, "organisation": o, "sector": s, "audience": a, "stream": stream}
            for (o, s, a), stream in change.new_memberships.items()
        )
        rows.consents += (
            {
                "person": id_,
                "stream": stream,
                "granted": True,
                "basis": change.basis,
                "source": change.source,
                "at": at,
            }
            for stream in sorted(change.agreed)
        )
    for table, values in (
        (addresses, rows.addresses),
        (memberships, rows.memberships),
        (consents, rows.consents),
    ):
        if values:
            await tx.execute(insert(table), values)


def counted(changes: Sequence[Change]) -> Counter[tuple[str, str]]:
    """How many people more, or fewer, get messages in each cell by what the list changes."""
    found: Counter[tuple[str, str]] = Counter()
    for change in changes:
        opted_out = change.known is not None and change.known.opted_out
        for (_, sector, audience), stream in change.new_memberships.items():
            found[sector, audience] += stream == "duty" or not opted_out
        for (_, sector, audience), stream in change.changed_memberships.items():
            found[sector, audience] += (1 if stream == "duty" else -1) if opted_out else 0
    return found


async def _create(
    tx: Tx, changes: Sequence[Change], *, token: Callable[[], str], at: datetime
) -> dict[int, int]:
    """Insert the new persons; their ids by the identity of their change."""
    if not changes:
        return {}
    values = [{**change.values, "token": token(), "added_at": at} for change in changes]
    # Rows come back in any order; asked to keep it, SQLAlchemy would insert them one by one on SQLite.
    rows = await tx.execute(insert(persons).returning(persons.c.token, persons.c.id), values)
    by_token = {token_: id_ for token_, id_ in rows}
    return {id(change): by_token[row["token"]] for change, row in zip(changes, values, strict=True)}


async def _update(tx: Tx, id_: int, change: Change) -> None:
    if change.values:
        await tx.execute(update(persons).where(persons.c.id == id_).values(change.values))
    for channel, value in change.changed_addresses.items():
        where = (addresses.c.person == id_) & (addresses.c.channel == channel)
        await tx.execute(update(addresses).where(where).values(value=value))
    for (organisation, sector, audience), stream in change.changed_memberships.items():
        m = memberships.c
        same = m.organisation.is_(None) if organisation is None else m.organisation == organisation
        where = (m.person == id_) & same & (m.sector == sector) & (m.audience == audience)
        await tx.execute(update(memberships).where(where).values(stream=stream))
