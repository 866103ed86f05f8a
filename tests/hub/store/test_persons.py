"""Each person once, no address twice, nobody who does not want to; and the count is the stream's."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from hub.register import Places
from hub.store import persons, suppressions
from hub.store.engine import Store
from hub.store.tables import addresses, memberships, organisations
from hub.store.tables import persons as persons_table
from subscribers.audience import Recipient
from tests.plans import empty, new_store

NOON = datetime(2020, 3, 13, 12, tzinfo=UTC)
NAMUR, LIEGE, BRUSSELS = "92094", "62063", "21004"
WALLONIA = Places(frozenset({NAMUR, LIEGE}))
FRENCH = Places(frozenset({NAMUR, LIEGE}), {"FWB": frozenset({BRUSSELS})})

HOME_STAFF = ("elderly.residential", "staff")
HOME_FAMILY = ("elderly.residential", "family")
HOME_DIRECTION = ("elderly.residential", "direction")


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await new_store(database)
    yield store
    await store.close()


async def add_organisation(store: Store, *, commune: str | None, community: str | None = None) -> int:
    async with store.write() as tx:
        values = {"name": "Les Tilleuls", "commune": commune, "community": community}
        statement = insert(organisations).values(values).returning(organisations.c.id)
        created: int = (await tx.execute(statement)).scalar_one()
    return created


async def add_person(
    store: Store,
    *hats: tuple[str, str],
    email: str | None = None,
    phone: str | None = None,
    organisation: int | None = None,
    stream: str = "directives",
    **values: Any,
) -> int:
    """A person in these qualities; the token is made of the address."""
    row = {
        "language": "fr",
        "preferred": "email",
        "preferred_urgent": "email",
        "commune": NAMUR,
        "token": f"token-{email}-{phone}-{values.get('external_id')}",
        "added_at": NOON,
        **values,
    }
    async with store.write() as tx:
        person: int = (
            await tx.execute(insert(persons_table).values(row).returning(persons_table.c.id))
        ).scalar_one()
        for channel, value in (("email", email), ("sms", phone)):
            if value:
                await tx.execute(insert(addresses).values(person=person, channel=channel, value=value))
        for sector, audience in hats:
            hat = {"sector": sector, "audience": audience, "stream": stream}
            await tx.execute(insert(memberships).values(person=person, organisation=organisation, **hat))
    return person


async def reached(
    store: Store, *cells: tuple[str, str], places: Places = WALLONIA, urgent: bool = False
) -> list[Recipient]:
    """The audience; its count must tell the same."""
    wanted = {cell: places for cell in cells or (HOME_DIRECTION, HOME_STAFF, HOME_FAMILY)}
    async with store.read() as tx:
        found = [r async for r in persons.audience(tx, cells=wanted, urgent=urgent)]
        counted = await persons.count_audience(tx, cells=wanted, urgent=urgent, languages=["fr"])
    assert counted.total == len(found)
    assert counted.channels == Counter(recipient.channel for recipient in found)
    assert counted.languages == Counter(recipient.language for recipient in found)
    assert counted.hats == Counter(hat for recipient in found for hat in recipient.hats)
    return found


async def suppress(store: Store, channel: str, value: str, reason: str) -> None:
    async with store.write() as tx:
        await suppressions.add(tx, channel=channel, value=value, reason=reason, at=NOON)


async def test_a_person_with_several_hats_gets_one_message_in_reading_order(store: Store) -> None:
    person = await add_person(store, HOME_FAMILY, HOME_DIRECTION, HOME_STAFF, email="a@example.org")

    found = await reached(store)

    assert [(r.person, r.hats) for r in found] == [(person, (HOME_DIRECTION, HOME_STAFF, HOME_FAMILY))]


async def test_the_same_quality_in_two_organisations_is_one_hat(store: Store) -> None:
    first, second = await add_organisation(store, commune=NAMUR), await add_organisation(store, commune=LIEGE)
    person = await add_person(store, HOME_STAFF, email="a@example.org", organisation=first)
    async with store.write() as tx:
        hat = {"sector": HOME_STAFF[0], "audience": HOME_STAFF[1], "stream": "directives"}
        await tx.execute(insert(memberships).values(person=person, organisation=second, **hat))

    assert [r.hats for r in await reached(store)] == [(HOME_STAFF,)]


async def test_recipients_come_by_channel_and_then_by_person(store: Store) -> None:
    await add_person(store, HOME_STAFF, phone="+32470000001")
    await add_person(store, HOME_STAFF, email="b@example.org")
    await add_person(store, HOME_STAFF, phone="+32470000003")
    await add_person(store, HOME_STAFF, email="d@example.org")

    assert [(r.channel, r.person) for r in await reached(store)] == [
        ("email", 2),
        ("email", 4),
        ("sms", 1),
        ("sms", 3),
    ]


async def test_urgency_chooses_the_channel_and_a_missing_address_falls_back(store: Store) -> None:
    await add_person(store, HOME_STAFF, email="a@example.org", phone="+32470000001", preferred_urgent="sms")
    await add_person(store, HOME_STAFF, email="b@example.org", preferred_urgent="sms")

    calm, urgent = await reached(store), await reached(store, urgent=True)

    assert [r.address for r in calm] == ["a@example.org", "b@example.org"]
    assert [r.address for r in urgent] == ["b@example.org", "+32470000001"]


async def test_place_is_the_organisations_and_for_others_their_own(store: Store) -> None:
    namur, brussels = (
        await add_organisation(store, commune=NAMUR),
        await add_organisation(store, commune=BRUSSELS),
    )
    inside = await add_person(store, HOME_STAFF, email="a@example.org", organisation=namur, commune=BRUSSELS)
    await add_person(store, HOME_STAFF, email="b@example.org", organisation=brussels, commune=NAMUR)
    at_home = await add_person(store, HOME_STAFF, email="c@example.org", commune=LIEGE)
    await add_person(store, HOME_STAFF, email="d@example.org", commune=BRUSSELS)

    assert [r.person for r in await reached(store)] == [inside, at_home]


async def test_brussels_counts_for_a_community_only_with_its_organisations(store: Store) -> None:
    french = await add_organisation(store, commune=BRUSSELS, community="FWB")
    flemish = await add_organisation(store, commune=BRUSSELS, community="VG")
    inside = await add_person(store, HOME_STAFF, email="a@example.org", organisation=french)
    await add_person(store, HOME_STAFF, email="b@example.org", organisation=flemish)
    await add_person(store, HOME_STAFF, email="c@example.org", commune=BRUSSELS)

    assert [r.person for r in await reached(store, places=FRENCH)] == [inside]


async def test_a_second_person_at_the_same_address_is_left_out_and_counted(store: Store) -> None:
    first = await add_person(store, HOME_STAFF, email="a@example.org", external_id="1")
    await add_person(store, HOME_FAMILY, email="a@example.org", external_id="2")

    found = await reached(store)

    assert [r.person for r in found] == [first]
    async with store.read() as tx:
        cells = dict.fromkeys((HOME_STAFF, HOME_FAMILY), WALLONIA)
        counted = await persons.count_audience(tx, cells=cells, urgent=False, languages=["fr"])
    assert counted.same_address == 1
    assert counted.hats == {HOME_STAFF: 1}


async def test_an_address_shared_with_somebody_not_concerned_is_used(store: Store) -> None:
    await add_person(store, ("sport", "staff"), email="a@example.org", external_id="1")
    concerned = await add_person(store, HOME_STAFF, email="a@example.org", external_id="2")

    assert [r.person for r in await reached(store)] == [concerned]


async def test_who_opted_out_keeps_only_mandatory_notices(store: Store) -> None:
    home = await add_organisation(store, commune=NAMUR)
    await add_person(store, HOME_STAFF, email="a@example.org", opted_out_at=NOON)
    person = await add_person(
        store, HOME_DIRECTION, email="b@example.org", organisation=home, stream="duty", opted_out_at=NOON
    )
    async with store.write() as tx:
        hat = {"sector": HOME_FAMILY[0], "audience": HOME_FAMILY[1], "stream": "directives"}
        await tx.execute(insert(memberships).values(person=person, **hat))

    found = await reached(store)

    assert [(r.person, r.stream, r.hats) for r in found] == [(person, "duty", (HOME_DIRECTION,))]


async def test_the_stream_is_duty_only_where_every_hat_is(store: Store) -> None:
    home = await add_organisation(store, commune=NAMUR)
    person = await add_person(store, HOME_DIRECTION, email="b@example.org", organisation=home, stream="duty")
    async with store.write() as tx:
        hat = {"sector": HOME_FAMILY[0], "audience": HOME_FAMILY[1], "stream": "directives"}
        await tx.execute(insert(memberships).values(person=person, **hat))

    assert [r.stream for r in await reached(store)] == ["directives"]
    assert [r.stream for r in await reached(store, HOME_DIRECTION)] == ["duty"]


async def test_a_suppressed_address_is_not_used_and_the_other_one_is(store: Store) -> None:
    await add_person(store, HOME_STAFF, email="gone@example.org", phone="+32470000001")
    await add_person(store, HOME_STAFF, email="lost@example.org")
    await suppress(store, "email", "gone@example.org", "550 5.1.1")
    await suppress(store, "email", "lost@example.org", "550 5.1.1")

    assert [r.address for r in await reached(store)] == ["+32470000001"]


async def test_an_address_that_unsubscribed_still_takes_mandatory_notices(store: Store) -> None:
    home = await add_organisation(store, commune=NAMUR)
    duty = await add_person(store, HOME_DIRECTION, email="a@example.org", organisation=home, stream="duty")
    await add_person(store, HOME_STAFF, email="b@example.org")
    for value in ("a@example.org", "b@example.org"):
        await suppress(store, "email", value, "unsubscribed")

    assert [r.person for r in await reached(store)] == [duty]


async def test_an_erased_person_is_not_reached(store: Store) -> None:
    await add_person(store, HOME_STAFF, email="a@example.org", erased_at=NOON)

    assert await reached(store) == []


async def test_pages_lose_nobody_and_repeat_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "PAGE", 3)
    for number in range(10):
        await add_person(
            store, HOME_STAFF if number % 2 else ("sport", "staff"), email=f"p{number}@example.org"
        )

    assert [r.person for r in await reached(store)] == [2, 4, 6, 8, 10]


A_PERSON = st.fixed_dictionaries(
    {
        "email": st.sampled_from([None, "a@example.org", "b@example.org", "c@example.org"]),
        "phone": st.sampled_from([None, "+32470000001", "+32470000002"]),
        "preferred": st.sampled_from(["email", "sms"]),
        "language": st.sampled_from(["fr", "de"]),
        "commune": st.sampled_from([None, NAMUR, BRUSSELS]),
        "stream": st.sampled_from(["duty", "directives"]),
        "opted_out_at": st.sampled_from([None, None, NOON]),
        "hats": st.lists(st.sampled_from([HOME_STAFF, HOME_FAMILY, ("sport", "staff")]), unique=True),
    }
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(A_PERSON, max_size=12), barred=st.sets(st.sampled_from(["a@example.org", "+32470000001"]))
)
async def test_each_person_once_and_no_address_twice(
    store: Store, people: Sequence[dict[str, Any]], barred: set[str]
) -> None:
    await empty(store)
    for number, person in enumerate(people):
        values = dict(person)
        await add_person(store, *values.pop("hats"), external_id=str(number), **values)
    for value in barred:
        await suppress(store, "email" if "@" in value else "sms", value, "stop")

    found = await reached(store)

    assert len({r.person for r in found}) == len(found)
    assert len({(r.channel, r.address) for r in found}) == len(found)
    assert not {r.address for r in found} & barred
