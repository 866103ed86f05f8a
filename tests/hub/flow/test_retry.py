"""Trying again reaches those whom a message did not reach, and nobody a second time."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from hub.context import Hub
from hub.errors import NotFound, Refusal
from hub.flow.record import Report, record
from hub.flow.retry import Choice, Found, count, listed, retry
from hub.model.delivery import Outcome, Writer, may_follow
from hub.model.staff import Role
from hub.now import Clock
from hub.queue.contract import Again, Intent, Item, Repeat, Settled
from hub.queue.sqlite import SqliteLedger
from hub.store import deliveries, dispatches, instance, journal, stops, suppressions
from hub.store.deliveries import Try
from hub.store.engine import Store
from hub.store.tables import dispatches as dispatches_table
from hub.store.tables import memberships, organisations, persons
from tests import a, plans
from tests.plans import NOON

OPERATOR = a.staff("Opérations", Role.OPERATOR)
LATER = NOON + timedelta(hours=1)
CHOICE = Choice("d1")


@dataclass(slots=True)
class House:
    """Ten SMS that were tried once each: see OUTCOMES."""

    store: Store
    hub: Hub
    dispatch: int
    ledger: SqliteLedger

    async def standing(self) -> dict[Outcome, int]:
        async with self.store.read() as tx:
            return dict((await deliveries.counts(tx, self.dispatch))["sms"])

    async def taken_up(self) -> list[Item]:
        found = await self.ledger.lease_due("sms", at=LATER, limit=100)
        return [] if found is None else list(found.items)


OUTCOMES = {
    1: Outcome.ACCEPTED, 2: Outcome.DELIVERED, 3: Outcome.BOUNCED, 4: Outcome.REFUSED, 5: Outcome.REFUSED,
    6: Outcome.UNCERTAIN, 7: Outcome.DEFERRED, 8: Outcome.EXPIRED, 9: Outcome.REFUSED, 10: Outcome.REFUSED,
}  # fmt: skip
"""9 opts out afterwards, 10's number turns out not to exist; 6 is held for a person."""

CODES = {3: "30003", 4: "21612", 5: "gave up after 8: 429"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 10)
    dispatch = await plans.plan(store, recipients=10, channel="sms")
    async with store.read() as tx:
        fingerprint = suppressions.hasher((await instance.get(tx)).secret)
    ledger = SqliteLedger(tmp_path / "univoque.db", fingerprint, "Exercise")
    await ledger.enter("sender", at=NOON, until=NOON + timedelta(days=1), repeats={"sms": Repeat(held=True)})
    hub = plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: LATER))
    house = House(store, hub, dispatch, ledger)
    await _send(house)
    yield house
    await ledger.close()
    await store.close()


async def _send(house: House) -> None:
    lease = await house.ledger.lease("sms", at=NOON)
    assert lease is not None
    items = {item.seq: item for item in lease.items}
    await house.ledger.turn(
        at=NOON, settled=[], intents=[Intent(i, 1, 0) for i in items.values() if i.seq != 8]
    )
    again = {6: Again(NOON, held=True, attempt=1), 7: Again(NOON + timedelta(days=1), held=False, attempt=1)}
    settled = [
        Settled(items[seq], 1, 0, _at_once(outcome), CODES.get(seq, ""), "", again.get(seq))
        for seq, outcome in OUTCOMES.items()
    ]
    await house.ledger.turn(at=NOON, settled=settled, intents=[], done=[lease.chunk])
    for seq in (2, 3):
        await record(house.hub, Report(Try(house.dispatch, seq, 1), OUTCOMES[seq], CODES.get(seq, "")))
    async with house.store.write() as tx:
        await tx.execute(update(persons).where(persons.c.id == 9).values(opted_out_at=NOON))
        await suppressions.add(tx, channel="sms", value="+32470000010", reason="21614", at=LATER)


def _at_once(outcome: Outcome) -> Outcome:
    return Outcome.ACCEPTED if outcome in (Outcome.DELIVERED, Outcome.BOUNCED) else outcome


async def test_only_those_it_did_not_reach_are_tried_again(house: House) -> None:
    assert await count(house.hub, CHOICE) == Found(again=4, left_out=1)

    assert await retry(house.hub, CHOICE, by=OPERATOR) == 4

    assert sorted(item.seq for item in await house.taken_up()) == [3, 4, 5, 6]


async def test_doing_it_twice_tries_nobody_twice(house: House) -> None:
    await retry(house.hub, CHOICE, by=OPERATOR)

    assert (await count(house.hub, CHOICE)).again == 0
    assert await retry(house.hub, CHOICE, by=OPERATOR) == 0
    assert len(await house.taken_up()) == 4


async def test_what_comes_of_the_new_try_counts(house: House) -> None:
    await retry(house.hub, CHOICE, by=OPERATOR)
    items = await house.taken_up()

    intents = [Intent(item, item.attempt + 1, 0) for item in items]
    void = await house.ledger.turn(at=LATER, settled=[], intents=intents)
    settled = [Settled(item, item.attempt + 1, 0, Outcome.ACCEPTED) for item in items]
    await house.ledger.turn(at=LATER, settled=settled, intents=[])

    assert not void
    assert Counter(await house.standing()) == {
        Outcome.ACCEPTED: 5, Outcome.DELIVERED: 1, Outcome.REFUSED: 2, Outcome.DEFERRED: 1, Outcome.EXPIRED: 1,
    }  # fmt: skip


async def test_every_step_of_it_stands_in_the_table_of_outcomes(house: House, tmp_path: Path) -> None:
    await test_what_comes_of_the_new_try_counts(house)

    assert broken(tmp_path / "univoque.db") == []


async def test_one_channel_or_one_cause_alone_may_be_tried_again(house: House) -> None:
    assert (await count(house.hub, Choice("d1", "email"))).again == 0
    assert (await count(house.hub, Choice("d1", "sms", "30003"))).again == 1
    assert await retry(house.hub, Choice("d1", cause="429"), by=OPERATOR) == 1

    assert [item.seq for item in await house.taken_up()] == [5]


async def test_the_journal_says_who_had_how_many_tried_again(house: House) -> None:
    await retry(house.hub, Choice("d1", cause="30003"), by=OPERATOR)
    await retry(house.hub, Choice("d1", cause="30003"), by=OPERATOR)

    async with house.store.read() as tx:
        found = [entry async for entry in journal.entries(tx)]
    assert [(e.actor, e.action, e.subject, e.detail) for e in found] == [
        ("Opérations", "tried again", "d1", {"cause": "30003", "revision": 1, "number": 1})
    ]


@pytest.mark.parametrize("change", ["cancelled_at", "expires_at"])
async def test_what_is_over_is_not_tried_again(house: House, change: str) -> None:
    async with house.store.write() as tx:
        await tx.execute(update(dispatches_table).values({change: NOON}))

    with pytest.raises(Refusal):
        await retry(house.hub, CHOICE, by=OPERATOR)

    assert await house.taken_up() == []


async def test_an_earlier_revision_is_never_sent_again(house: House) -> None:
    """The words of the later one are what holds; whom it does not concern hears nothing more."""
    async with house.store.write() as tx:
        await dispatches.announce(
            tx, directive="d1", revision=2, mode="Exercise", urgency="Immediate", approved_at=NOON,
            expires_at=NOON + timedelta(days=2),
        )  # fmt: skip

    assert await retry(house.hub, CHOICE, by=OPERATOR) == 0


async def test_a_stop_holds_what_is_tried_again(house: House) -> None:
    async with house.store.write() as tx:
        await stops.put_directive(tx, "d1", at=NOON)

    await retry(house.hub, CHOICE, by=OPERATOR)

    assert await house.taken_up() == []


async def test_who_is_not_on_its_way_and_what_is_no_channel_is_named(house: House) -> None:
    with pytest.raises(NotFound, match="d9"):
        await count(house.hub, Choice("d9"))
    with pytest.raises(NotFound, match="email, sms"):
        await count(house.hub, Choice("d1", "fax"))


async def test_the_list_names_each_with_what_a_phone_follow_up_needs(house: House) -> None:
    async with house.store.write() as tx:
        await tx.execute(update(persons).where(persons.c.id == 4).values(external_id="P-4"))
        await tx.execute(insert(organisations).values(id=1, name="Les Tilleuls"))
        await tx.execute(
            insert(memberships).values(
                person=4, organisation=1, sector="elderly.residential", audience="staff", stream="directives"
            )
        )

    found = {each.seq: each for each in await listed(house.hub, CHOICE, by=OPERATOR)}

    assert sorted(found) == [3, 4, 5, 6, 8, 10]  # not 9, who wants nothing from us
    assert found[4].address == "+32470000004"
    assert (found[4].external_id, found[4].organisations) == ("P-4", ("Les Tilleuls",))
    assert found[6].held
    async with house.store.read() as tx:
        (entry,) = [entry async for entry in journal.entries(tx)]
    assert (entry.actor, entry.action, entry.detail) == (
        "Opérations", "unreached listed", {"revision": 1, "number": 6},
    )  # fmt: skip
    assert "+324" not in str(entry)


async def test_many_are_put_back_in_one_go(tmp_path: Path, house: House) -> None:
    """More than one batch of them, each with one row of its own."""
    await plans.people(house.store, 1_200, first=11)
    big = await plans.plan(house.store, recipients=1_200, directive="big")
    rows = [
        (big, seq, 1, "refused", "2026-03-14 12:00:00.000000", "s", 1, 0, "450", "")
        for seq in range(1, 1_201)
    ]
    with sqlite3.connect(tmp_path / "univoque.db") as db:
        db.executemany(
            "INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    assert await retry(house.hub, Choice("big"), by=OPERATOR) == 1_199  # person 9 has opted out

    async with house.store.read() as tx:
        assert await deliveries.counts(tx, big) == {"email": {Outcome.DEFERRED: 1_199, Outcome.REFUSED: 1}}


def broken(file: Path) -> list[tuple[str, str, str]]:
    """Neighbouring rows of one delivery that the table of outcomes does not know, with whose hand wrote the later."""
    with sqlite3.connect(file) as db:
        rows = db.execute("SELECT dispatch, seq, outcome, owner, lane FROM attempts ORDER BY id").fetchall()
    stands: dict[tuple[int, int], Outcome] = {}
    found = []
    for dispatch, seq, outcome, owner, lane in rows:
        before = stands.get((dispatch, seq), Outcome.QUEUED)
        hands = {"report": {Writer.REPORT}, "person": {Writer.PERSON}}.get(
            owner, {Writer.LANE, Writer.LEDGER} if lane >= 0 else {Writer.LEDGER}
        )
        after = Outcome(outcome)
        if not any(may_follow(before, after, by=hand) for hand in hands):
            found.append((before.value, after.value, owner))
        stands[dispatch, seq] = after
    return found
