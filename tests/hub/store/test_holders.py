"""A correction reaches everybody who may hold what it corrects, wherever they are now, and nobody twice (K11)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from hub.model.delivery import Outcome
from hub.register import Places
from hub.store import holders, persons
from hub.store.engine import Store
from hub.store.holders import Earlier, Holding
from hub.store.tables import attempts, bodies, deliveries, dispatches
from hub.store.tables import persons as persons_table
from subscribers.audience import Recipient
from tests.hub.store.test_persons import (
    BRUSSELS,
    HOME_DIRECTION,
    HOME_FAMILY,
    HOME_STAFF,
    NAMUR,
    NOON,
    WALLONIA,
    add_organisation,
    add_person,
    suppress,
)
from tests.plans import empty, new_store

O = Outcome  # noqa: E741 - the stories below read better so
Story = Sequence[tuple[int, Outcome]]
"""The rows of one delivery's attempts, as (attempt, outcome)."""

BEGUN = (1, O.ATTEMPTING)
AGAIN = (2, O.ATTEMPTING)
IN_DOUBT = (BEGUN, (1, O.UNCERTAIN))
STORIES: list[tuple[str, Story, bool]] = [
    ("queued", (), False),
    ("under way", (BEGUN,), True),
    ("accepted", (BEGUN, (1, O.ACCEPTED)), True),
    ("delivered", (BEGUN, (1, O.ACCEPTED), (1, O.DELIVERED)), True),
    ("bounced after it was accepted", (BEGUN, (1, O.ACCEPTED), (1, O.BOUNCED)), False),
    ("refused", (BEGUN, (1, O.REFUSED)), False),
    ("deferred", (BEGUN, (1, O.DEFERRED)), False),
    ("accepted at last", (BEGUN, (1, O.DEFERRED), AGAIN, (2, O.ACCEPTED)), True),
    ("in doubt", IN_DOUBT, True),
    ("in doubt, then ended", (*IN_DOUBT, (1, O.CANCELLED)), True),
    ("in doubt, then expired", (*IN_DOUBT, (1, O.EXPIRED)), True),
    ("in doubt, and its repetition refused", (*IN_DOUBT, AGAIN, (2, O.REFUSED)), True),
    ("in doubt, and its repetition bounced", (*IN_DOUBT, AGAIN, (2, O.ACCEPTED), (2, O.BOUNCED)), True),
    ("in doubt, and reported as bounced", (*IN_DOUBT, (1, O.BOUNCED)), False),
    ("ended before it left", ((0, O.CANCELLED),), False),
    ("expired before it left", ((0, O.EXPIRED),), False),
    ("suppressed before it left", ((0, O.SUPPRESSED),), False),
]
del O

ACCEPTED: Story = STORIES[2][1]
DOUBTFUL: Story = IN_DOUBT
QUEUED: Story = ()


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await new_store(database)
    yield store
    await store.close()


async def sent(
    store: Store,
    revision: int,
    stories: Mapping[int, Story],
    *hats: tuple[str, str],
    stream: str = "directives",
) -> int:
    """A dispatch of a revision: what became of each person's message, and in which hats they read it."""
    async with store.write() as tx:
        values = {"directive": "visites", "revision": revision, "mode": "Exercise", "urgency": "Immediate"}
        times = {"approved_at": NOON, "expires_at": NOON + timedelta(days=2), "planned_at": NOON}
        dispatch: int = (
            await tx.execute(insert(dispatches).values(**values, **times).returning(dispatches.c.id))
        ).scalar_one()
        words = {
            "channel": "email",
            "language": "fr",
            "stream": stream,
            "subject": "",
            "text": "",
            "digest": "",
        }
        rows = [list(hat) for hat in hats]
        body = (
            await tx.execute(
                insert(bodies).values(dispatch=dispatch, hats=rows, **words).returning(bodies.c.id)
            )
        ).scalar_one()
        for seq, (person, story) in enumerate(stories.items(), start=1):
            sending = {"dispatch": dispatch, "seq": seq}
            address = {"channel": "email", "address": f"p{person}@example.org", "token": "", "body": body}
            await tx.execute(insert(deliveries).values(**sending, person=person, **address))
            for attempt, outcome in story:
                who = {"owner": "sender", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
                row = {**sending, "attempt": attempt, "outcome": outcome.value, "at": NOON, **who}
                await tx.execute(insert(attempts).values(row))
    return dispatch


async def found(store: Store, earlier: Earlier) -> dict[int, Holding]:
    async with store.read() as tx:
        return await holders.find(tx, earlier, lambda column: column > 0)


async def reached(
    store: Store, *earlier: int, cells: Sequence[tuple[str, str]] = (), places: Places = WALLONIA
) -> list[Recipient]:
    """The recipients; the count must tell the same."""
    wanted = dict.fromkeys(cells, places)
    given: dict[str, Any] = {
        "cells": wanted,
        "urgent": False,
        "earlier": Earlier(earlier),
    }
    async with store.read() as tx:
        people = [recipient async for recipient in persons.audience(tx, **given)]
        counted = await persons.count_audience(tx, languages=["fr"], **given)
    assert counted.total == len(people)
    return people


@pytest.mark.parametrize(
    ("story", "may_have"), [case[1:] for case in STORIES], ids=[case[0] for case in STORIES]
)
async def test_who_may_have_got_a_message(store: Store, story: Story, may_have: bool) -> None:
    person = await add_person(store, HOME_STAFF, email="a@example.org")

    dispatch = await sent(store, 1, {person: story}, HOME_STAFF)

    assert (person in await found(store, Earlier([dispatch]))) is may_have


async def test_the_last_message_that_may_have_come_counts(store: Store) -> None:
    person = await add_person(store, HOME_STAFF, email="a@example.org")
    first = await sent(store, 1, {person: ACCEPTED}, HOME_STAFF)
    second = await sent(store, 2, {person: DOUBTFUL}, HOME_STAFF)
    third = await sent(store, 3, {person: QUEUED}, HOME_STAFF)

    holding = (await found(store, Earlier([first, second, third])))[person]

    assert holding.dispatch == second


async def test_hats_of_a_message_in_doubt_and_of_the_one_before_it_both_count(store: Store) -> None:
    person = await add_person(store, HOME_STAFF, email="a@example.org")
    first = await sent(store, 1, {person: ACCEPTED}, HOME_STAFF, HOME_FAMILY)
    second = await sent(store, 2, {person: DOUBTFUL}, HOME_STAFF)

    holding = (await found(store, Earlier([first, second])))[person]

    assert holding.hats == (HOME_STAFF, HOME_FAMILY)


@pytest.mark.parametrize(("story", "holds"), [(ACCEPTED, False), (DOUBTFUL, True), (QUEUED, True)])
async def test_who_certainly_got_a_farewell_holds_nothing(store: Store, story: Story, holds: bool) -> None:
    person = await add_person(store, HOME_STAFF, email="a@example.org")
    first = await sent(store, 1, {person: ACCEPTED}, HOME_STAFF)
    farewell = await sent(store, 2, {person: story})

    assert (person in await found(store, Earlier([first, farewell]))) is holds


async def test_only_what_was_known_at_an_instant_counts(store: Store) -> None:
    person = await add_person(store, HOME_STAFF, email="a@example.org")
    dispatch = await sent(store, 1, {person: ACCEPTED}, HOME_STAFF)
    before, after = (NOON + timedelta(seconds=shift) for shift in (-1, 1))

    assert person not in await found(store, Earlier([dispatch], as_of=before))
    assert person in await found(store, Earlier([dispatch], as_of=after))


async def test_who_holds_it_and_who_is_new_to_it_are_told_apart(store: Store) -> None:
    holder = await add_person(store, HOME_STAFF, email="a@example.org")
    new = await add_person(store, HOME_STAFF, email="b@example.org")
    dispatch = await sent(store, 1, {holder: ACCEPTED}, HOME_STAFF)

    people = await reached(store, dispatch, cells=[HOME_STAFF])

    assert [(r.person, r.held, r.hats, r.left) for r in people] == [
        (holder, dispatch, (HOME_STAFF,), ()),
        (new, None, (HOME_STAFF,), ()),
    ]


async def test_who_is_not_concerned_any_more_is_reached_in_the_hat_they_had(store: Store) -> None:
    dropped = await add_person(store, HOME_FAMILY, email="a@example.org")
    moved = await add_person(store, HOME_STAFF, email="b@example.org")
    partly = await add_person(store, HOME_STAFF, HOME_FAMILY, email="c@example.org")
    first = await sent(store, 1, {dropped: ACCEPTED}, HOME_FAMILY)
    same = await sent(store, 2, {moved: ACCEPTED}, HOME_STAFF)
    both = await sent(store, 3, {partly: ACCEPTED}, HOME_STAFF, HOME_FAMILY)
    async with store.write() as tx:
        await tx.execute(update(persons_table).where(persons_table.c.id == moved).values(commune=BRUSSELS))

    people = await reached(store, first, same, both, cells=[HOME_STAFF])

    assert {r.person: (r.hats, r.left) for r in people} == {
        dropped: ((), (HOME_FAMILY,)),
        moved: ((), (HOME_STAFF,)),
        partly: ((HOME_STAFF,), (HOME_FAMILY,)),
    }


async def test_whose_address_changed_is_reached_where_they_are_now(store: Store) -> None:
    person = await add_person(store, HOME_STAFF, email="new@example.org")
    dispatch = await sent(store, 1, {person: ACCEPTED}, HOME_STAFF)

    (recipient,) = await reached(store, dispatch, cells=[HOME_STAFF])

    assert recipient.address == "new@example.org"


async def test_who_opted_out_since_is_left_alone(store: Store) -> None:
    person = await add_person(store, HOME_FAMILY, email="a@example.org", opted_out_at=NOON)
    dispatch = await sent(store, 1, {person: ACCEPTED}, HOME_FAMILY)

    assert await reached(store, dispatch, cells=[HOME_FAMILY]) == []
    assert await reached(store, dispatch) == []


async def test_a_mandatory_notice_is_taken_back_by_one(store: Store) -> None:
    home = await add_organisation(store, commune=NAMUR)
    person = await add_person(
        store, HOME_DIRECTION, email="a@example.org", organisation=home, stream="duty", opted_out_at=NOON
    )
    dispatch = await sent(store, 1, {person: ACCEPTED}, HOME_DIRECTION)

    (recipient,) = await reached(store, dispatch)

    assert (recipient.stream, recipient.left) == ("duty", (HOME_DIRECTION,))


async def test_at_a_shared_address_whoever_holds_it_comes_first(store: Store) -> None:
    await add_person(store, HOME_STAFF, email="a@example.org", external_id="1")
    holder = await add_person(store, HOME_STAFF, email="a@example.org", external_id="2")
    dispatch = await sent(store, 1, {holder: ACCEPTED}, HOME_STAFF)

    assert [r.person for r in await reached(store, dispatch, cells=[HOME_STAFF])] == [holder]


async def test_recipients_still_come_channel_by_channel(store: Store) -> None:
    mobile = await add_person(store, HOME_STAFF, phone="+32470000001")
    mail = await add_person(store, HOME_STAFF, email="a@example.org")
    new = await add_person(store, HOME_STAFF, email="b@example.org")
    dispatch = await sent(store, 1, {mobile: ACCEPTED, mail: ACCEPTED}, HOME_STAFF)

    people = await reached(store, dispatch, cells=[HOME_STAFF])

    assert [(r.channel, r.person) for r in people] == [("email", mail), ("email", new), ("sms", mobile)]


A_READER = st.fixed_dictionaries(
    {
        "email": st.sampled_from(["a@example.org", "b@example.org", "c@example.org", "d@example.org"]),
        "phone": st.sampled_from([None, "+32470000001"]),
        "preferred": st.sampled_from(["email", "sms"]),
        "commune": st.sampled_from([NAMUR, BRUSSELS]),
        "opted_out_at": st.sampled_from([None, None, None, NOON]),
        "hats": st.lists(st.sampled_from([HOME_STAFF, HOME_FAMILY]), unique=True),
        "first": st.sampled_from(STORIES),
        "second": st.sampled_from(STORIES),
    }
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(A_READER, min_size=1, max_size=9),
    cells=st.lists(st.sampled_from([HOME_STAFF, HOME_FAMILY]), unique=True),
    barred=st.sets(st.sampled_from(["a@example.org"])),
    page=st.sampled_from([2, 2_000]),
)
async def test_a_correction_reaches_whoever_may_hold_it_or_is_concerned_and_nobody_twice(
    store: Store,
    people: Sequence[dict[str, Any]],
    cells: Sequence[tuple[str, str]],
    barred: set[str],
    page: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(persons, "PAGE", page)
    await empty(store)
    stories: dict[int, list[tuple[str, Story, bool]]] = {}
    concerned, willing = set(), set()
    where: dict[int, set[str]] = {}
    for number, reader in enumerate(people):
        values = dict(reader)
        told, hats = [values.pop("first"), values.pop("second")], values.pop("hats")
        person = await add_person(store, *hats, external_id=str(number), **values)
        stories[person] = told
        where[person] = {
            value for value in (values["email"], values["phone"]) if value and value not in barred
        }
        if values["opted_out_at"] is None and where[person]:
            willing.add(person)
        if values["commune"] == NAMUR and set(hats) & set(cells):
            concerned.add(person)
    for value in barred:
        await suppress(store, "email", value, "550 5.1.1")
    sendings = [
        await sent(store, number, {p: told[number - 1][1] for p, told in stories.items()}, HOME_STAFF)
        for number in (1, 2)
    ]

    got = await reached(store, *sendings, cells=cells)

    may_hold = {person for person, told in stories.items() if any(may for _, _, may in told)}
    reached_at = {recipient.address for recipient in got}
    assert len({r.person for r in got}) == len({(r.channel, r.address) for r in got}) == len(got)
    assert {r.person for r in got} <= (concerned | may_hold) & willing
    for person in (concerned | may_hold) & willing - {r.person for r in got}:
        assert where[person] & reached_at  # somebody at the same address was told
    assert {r.person for r in got if r.held} == {r.person for r in got} & may_hold
    assert all(bool(r.hats) == (r.person in concerned) for r in got)
