"""A lane is told what follows on it; until its turn comes nothing is written of that, and it may be taken back."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select, update

from hub.queue.contract import Entered, Item, LedgerBusy
from hub.queue.sqlite import SqliteLedger
from hub.store import stops
from hub.store.engine import Store
from hub.store.tables import attempts, chunks, deliveries, dispatches, due
from tests import plans
from tests.hub.queue.hall import DAY, Hall, seqs
from tests.plans import NOON

TEXTING = (6, 7)
"""The lanes of the other channel."""
PATIENCE = 60.0
"""Seconds within which the rest leaves, at the pace that a slow domain was cut to."""
MORNING = NOON + timedelta(hours=9)


async def written(store: Store, *items: Item | None) -> list[str]:
    """What stands in the ledger of these, in order."""
    keys = {item[:2] for item in items if item is not None}
    query = select(attempts.c.dispatch, attempts.c.seq, attempts.c.outcome).order_by(attempts.c.id)
    async with store.read() as tx:
        return [outcome for *key, outcome in await tx.execute(query) if tuple(key) in keys]


async def open_chunks(store: Store) -> list[str | None]:
    """Who owns each chunk that is not done."""
    async with store.read() as tx:
        query = select(chunks.c.owner).where(chunks.c.done_at.is_(None)).order_by(chunks.c.id)
        return list((await tx.execute(query)).scalars())


async def are_due(store: Store, dispatch: int, number: int) -> None:
    """Its first deliveries were tried once and are due again, the chunks are done."""
    async with store.write() as tx:
        await tx.execute(update(chunks).where(chunks.c.dispatch == dispatch).values(done_at=NOON))
        row = {"dispatch": dispatch, "channel": "email", "attempt": 1, "due_at": NOON, "held": False}
        await tx.execute(insert(due), [{**row, "seq": seq} for seq in range(1, number + 1)])


async def halt(store: Store, scope: str = stops.EVERYTHING) -> None:
    async with store.write() as tx:
        await stops.put(tx, scope, at=NOON)


async def go_on(store: Store, scope: str = stops.EVERYTHING) -> None:
    async with store.write() as tx:
        await stops.lift(tx, scope)


async def test_a_lane_gets_what_was_said_to_follow(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=100)

    for _ in range(20):
        await hall.ask(0, 1, 2, 3)

    assert len(set(hall.sent)) == 80
    assert hall.astray == 0
    assert all(work.ahead for work in hall.has.values())


async def test_nothing_is_written_of_what_follows(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=10)

    first = await hall.one(0)
    before = await written(store, first.item), await written(store, first.ahead)
    second = await hall.one(0)

    assert before == (["attempting"], [])
    assert second.item is first.ahead
    assert await written(store, second.item) == ["attempting"]


async def test_a_lane_gets_what_was_said_to_follow_where_a_chunk_ends(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=200, chunk=20)

    works = [work for _ in range(45) for work in await hall.ask(0, 1, 2, 3)]

    assert len(set(hall.sent)) == 180
    assert hall.astray == 0
    assert all(work is not None and work.ahead is not None for work in works)


async def test_a_row_that_others_need_sooner_is_not_reserved(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=4)

    given = await hall.ask(0, 1, 2)

    assert seqs(given) == [1, 2, 3]
    assert [work.ahead for work in given if work is not None] == [None, None, None]


async def test_an_idle_lane_takes_what_is_reserved_for_one_that_hangs(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=8)
    hanging = await hall.one(0)
    assert hanging.ahead is not None

    await hall.drain(1)

    assert sorted(hall.sent) == [(1, seq) for seq in range(1, 9)]
    assert hanging.ahead[:2] in hall.sent
    assert await open_chunks(store) == ["sender"], "the lane that hangs has its own in hand"

    await hall.drain(0)

    assert len(hall.sent) == 8
    assert await open_chunks(store) == []


async def test_what_is_urgent_and_reserved_for_a_lane_that_hangs_goes_before_the_rest(
    store: Store, hall: Hall
) -> None:
    urgent = await plans.plan(store, recipients=6, directive="urgent", urgency="Immediate")
    await plans.plan(store, recipients=100, directive="newsletter", urgency="Future")
    hanging = await hall.one(0)
    assert hanging.ahead is not None

    for _ in range(10):
        await hall.ask(1)

    assert [dispatch for dispatch, _ in hall.sent].count(urgent) == 6


async def test_what_is_urgent_comes_right_after_what_was_said_to_follow(store: Store, hall: Hall) -> None:
    newsletter = await plans.plan(store, recipients=20, directive="newsletter", urgency="Future")
    await hall.ask(0, 1)
    urgent = await plans.plan(store, recipients=4, directive="urgent", urgency="Immediate")
    await hall.desk.look()

    kept = await hall.ask(0, 1)
    overtaking = [*await hall.ask(0, 1), *await hall.ask(0, 1)]
    await hall.drain(0, 1)

    assert [work.item.dispatch for work in kept if work is not None] == [newsletter] * 2
    assert [work.item.dispatch for work in overtaking if work is not None] == [urgent] * 4
    everybody = [*((urgent, seq) for seq in range(1, 5)), *((newsletter, seq) for seq in range(1, 21))]
    assert Counter(hall.sent) == Counter(everybody)
    assert await open_chunks(store) == []


async def test_what_is_due_again_does_not_break_a_word_given(store: Store, hall: Hall) -> None:
    again = await plans.plan(store, recipients=3, directive="again", urgency="Immediate")
    await plans.plan(store, recipients=100, directive="newsletter", urgency="Future", chunk=20)
    for _ in range(2):
        await hall.ask(0, 1, 2, 3)
    await are_due(store, again, 3)

    for _ in range(10):
        await hall.desk.look()
        await hall.ask(0, 1, 2, 3)

    assert [Counter(hall.sent)[again, seq] for seq in (1, 2, 3)] == [2, 2, 2]
    assert hall.sent[-1][0] != again, "they went before the rest of the newsletter"
    assert hall.astray == 0


async def test_a_chunk_is_not_done_while_a_row_of_it_is_to_follow(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=8, chunk=4)
    hanging = await hall.one(0)
    assert hanging.ahead is not None
    for _ in range(2):  # the rest of its chunk
        await hall.ask(1)

    await hall.ask(1)

    assert hanging.ahead[:2] not in hall.sent
    assert await open_chunks(store) == ["sender", "sender"]


async def test_what_was_to_follow_is_left_for_the_next_life(store: Store, hall: Hall, tmp_path: Path) -> None:
    await plans.plan(store, recipients=9)
    first = await hall.one(0)
    assert first.ahead is not None

    hall.desk.close()
    assert await hall.ask(0) == [None]
    await hall.ledger.leave()
    next_life = Hall(tmp_path / "univoque.db")
    entered = await next_life.ledger.enter("sender", at=NOON, until=NOON + DAY, repeats={})
    left = await next_life.ledger.lease("email", at=NOON)
    await next_life.ledger.close()

    assert entered.uncertain == 0
    assert left is not None
    assert [item.seq for item in left.items] == [2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("scope", ["*", "email", "email/1"])
async def test_a_stop_takes_back_what_was_to_follow(store: Store, hall: Hall, scope: str) -> None:
    await plans.plan(store, recipients=9)
    first = await hall.one(0)
    assert first.ahead is not None

    await halt(store, scope)
    await hall.desk.look()
    stopped = await hall.ask(0, 1, within=0.3)
    owners = await open_chunks(store)
    await go_on(store, scope)
    await hall.desk.look()
    await hall.drain(0, 1)

    assert stopped == [None, None]
    assert owners == [None], "given back, not done"
    assert sorted(hall.sent) == [(1, seq) for seq in range(1, 10)]


async def test_a_stop_that_meets_only_a_row_that_was_to_follow_takes_it_back(
    store: Store, hall: Hall
) -> None:
    await plans.plan(store, recipients=3)
    hanging = await hall.one(0)
    await hall.ask(1)
    assert hanging.ahead is not None
    assert await written(store, hanging.ahead) == []

    await halt(store, "email/1")
    await hall.desk.look()

    assert await hall.ask(1, within=0.3) == [None]
    assert await written(store, hanging.ahead) == []


async def test_what_is_due_again_and_was_to_follow_goes_back_untried(store: Store, hall: Hall) -> None:
    again = await plans.plan(store, recipients=9)
    await are_due(store, again, 9)
    first = await hall.one(0)
    assert first.ahead is not None

    await halt(store)
    await hall.desk.look()
    await hall.ask(0, within=0.3)

    async with store.read() as tx:
        left = (await tx.execute(select(due.c.seq, due.c.owner, due.c.attempt).order_by(due.c.seq))).all()
    assert [tuple(row) for row in left] == [(seq, None, 1) for seq in range(2, 10)]


async def test_when_the_night_falls_what_was_to_follow_is_put_back(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=9, urgency="Expected")
    first = await hall.one(0)
    assert first.ahead is not None

    hall.night = MORNING
    await hall.desk.look()

    assert await hall.ask(0, within=0.3) == [None]
    assert await open_chunks(store) == [None]


async def test_what_was_to_follow_and_is_cancelled_ends_so(store: Store, hall: Hall) -> None:
    cancelled = await plans.plan(store, recipients=9, directive="d1")
    other = await plans.plan(store, recipients=9, directive="d2")
    first = await hall.one(0)
    async with store.write() as tx:
        await tx.execute(update(dispatches).where(dispatches.c.id == cancelled).values(cancelled_at=NOON))

    second = await hall.one(0)

    assert second.item.dispatch == other
    assert await written(store, first.ahead) == ["cancelled"]


async def test_what_was_to_follow_and_has_expired_is_not_given(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=9, directive="d1", life=timedelta(hours=1))
    other = await plans.plan(store, recipients=9, directive="d2")
    first = await hall.one(0)
    hall.now = NOON + timedelta(hours=2)

    second = await hall.one(0)

    assert second.item.dispatch == other
    assert await written(store, first.ahead) == ["expired"]


async def test_on_a_channel_that_announces_nothing_nothing_follows(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=9, channel="sms")

    (first,) = await hall.ask(0, channel="sms")

    assert first is not None
    assert first.ahead is None


async def test_while_one_lane_tries_nothing_follows(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=20)
    first = await hall.one(0)

    hall.desk.pause("email", 0.0)
    tried = await hall.one(0)
    waiting = await hall.ask(1, within=0.2)
    hall.desk.resume("email")
    await hall.drain(0, 1)

    assert first.ahead is not None
    assert tried.ahead is None
    assert waiting == [None]
    assert sorted(hall.sent) == [(1, seq) for seq in range(1, 21)]


async def test_a_lane_that_hung_before_keeps_nobody_from_trying_whether_a_channel_works_again(
    store: Store, hall: Hall
) -> None:
    await plans.plan(store, recipients=20)
    await hall.one(0)  # and it hangs

    hall.desk.pause("email", 0.0)
    tried, *others = await hall.ask(1, 2, 3, within=0.3)

    assert tried is not None
    assert others == [None, None]


async def test_where_the_one_that_tries_hangs_another_tries_after_a_while(
    store: Store, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.queue.line.TRIAL", 0.3)
    await plans.plan(store, recipients=20)
    await hall.one(0)
    hall.desk.pause("email", 0.0)
    await hall.ask(1, 2, 3, within=0.1)  # the first of them hangs
    loop = asyncio.get_running_loop()
    since = loop.time()

    while not (given := [work for work in await hall.ask(2, 3, within=0.05) if work]):
        assert loop.time() < since + 5
        await hall.desk.look()

    assert len(given) == 1
    assert loop.time() >= since + 0.1


async def test_where_the_far_side_asks_for_less_nothing_follows(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=8)
    first = await hall.one(0)

    hall.desk.slow_down("email", None, 0.05)
    second = await hall.one(0)
    while len(hall.sent) < 8:
        await hall.one(0)

    assert (first.ahead is not None, second.ahead) == (True, None)
    assert sorted(hall.sent) == [(1, seq) for seq in range(1, 9)]


async def test_what_was_to_follow_waits_where_its_domain_asks_for_less(store: Store, hall: Hall) -> None:
    slow = await plans.plan(store, recipients=9, directive="d1", domain="slow.example")
    other = await plans.plan(store, recipients=9, directive="d2")
    first = await hall.one(0)
    assert first.ahead is not None

    hall.desk.slow_down("email", first.item.address, 30)
    await hall.ask(0, within=0.1)  # what is in hand is parked
    await hall.desk.look()
    given = [await hall.one(0) for _ in range(3)]

    assert first.ahead.dispatch == slow
    assert [work.item.dispatch for work in given] == [other] * 3
    assert await written(store, first.ahead) == []


async def test_an_idle_lane_takes_nothing_reserved_whose_domain_asks_for_less(
    store: Store, hall: Hall
) -> None:
    await plans.plan(store, recipients=6, domain="slow.example")
    hanging = await hall.one(0)
    assert hanging.ahead is not None

    hall.desk.slow_down("email", hanging.ahead.address, 30)

    assert await hall.ask(1, 2, within=0.3) == [None, None]
    assert len(hall.sent) == 1


async def test_of_a_domain_that_asks_for_less_nothing_follows_and_of_others_what_is_said(
    store: Store, hall: Hall
) -> None:
    await plans.plan(store, recipients=90, chunk=30)
    async with store.write() as tx:
        third = deliveries.c.seq % 3 == 0
        await tx.execute(update(deliveries).where(third).values(address="someone@slow.example"))
    hall.desk.slow_down("email", "someone@slow.example", 30)

    works = [work for _ in range(12) for work in await hall.ask(0, 1, 2, 3)]

    follows = [work.ahead for work in works if work is not None and work.ahead is not None]
    assert len(follows) > 20
    assert {item.address.partition("@")[2] for item in follows} == {"example.org"}
    assert hall.astray == 0


async def test_a_ledger_that_waits_changes_nothing_of_who_gets_what(
    store: Store, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plans.plan(store, recipients=30)
    await hall.ask(0, 1, 2)
    turn, busy = hall.ledger.turn, iter([True, True])

    async def sometimes(**what: object) -> object:
        if next(busy, False):
            raise LedgerBusy("database is locked")
        return await turn(**what)  # type: ignore[arg-type]

    monkeypatch.setattr(hall.ledger, "turn", sometimes)
    await hall.ask(0, 1, 2)
    await hall.drain(0, 1, 2)

    assert next(busy, None) is None
    assert hall.astray == 0
    assert Counter(hall.sent) == Counter((1, seq) for seq in range(1, 31))
    assert await open_chunks(store) == []


@pytest.mark.parametrize("what", ["lease", "lease_due", "postpone"])
async def test_where_nothing_can_be_taken_in_hand_for_one_channel_the_others_keep_theirs(
    store: Store, hall: Hall, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    emails = await plans.plan(store, recipients=9, directive="d1")
    texts = await plans.plan(store, recipients=9, directive="d2", channel="sms")
    hall.night = MORNING if what == "postpone" else None
    found, busy = getattr(hall.ledger, what), iter([True, True])

    async def sometimes(channel: str, **how: object) -> object:
        if channel == "sms" and next(busy, False):
            raise LedgerBusy("database is locked")
        return await found(channel, **how)

    monkeypatch.setattr(hall.ledger, what, sometimes)
    waiting = asyncio.create_task(hall.ask(9, channel="sms"))
    given = await hall.ask(0, 1)
    await waiting
    await hall.drain(0, 1)

    assert next(busy, None) is None
    assert None not in given
    assert Counter(hall.sent) == Counter([*((emails, seq) for seq in range(1, 10)), (texts, 1)])


async def _happens(store: Store, hall: Hall, chance: Random, planned: dict[int, int]) -> None:
    """Something comes between, for a while."""
    match chance.choice(["plan", "stop", "slow", "fail"]):
        case "plan":
            urgency = chance.choice(["Immediate", "Expected", "Future"])
            domain = chance.choice(["example.org", "slow.example"])
            name = f"d{len(planned)}"
            planned[
                await plans.plan(
                    store, recipients=25, directive=name, urgency=urgency, chunk=7, domain=domain
                )
            ] = 25
        case "stop":
            scope = chance.choice(["email", f"email/{chance.choice([*planned])}"])
            await halt(store, scope)
            await hall.look()
            await go_on(store, scope)
        case "slow":
            hall.desk.slow_down("email", "someone@slow.example", 0.01)
        case "fail":
            hall.desk.pause("email", 0.0)
            await hall.ask(chance.randrange(5), within=0.02)
            hall.desk.resume("email")


def _hurried() -> SimpleNamespace:
    """asyncio for the desk alone, whose wait for a locked ledger is over at once."""
    return SimpleNamespace(**{**vars(asyncio), "sleep": lambda _: asyncio.sleep(0)})


class _Suspending:
    """A ledger that takes a while, as over a network, and is busy now and then; others go on meanwhile."""

    def __init__(self, store: Store, hall: Hall, chance: Random) -> None:
        self.closes = False
        """Whether the desk is closed while the next turn is under way."""
        self._store = store
        self._hall = hall
        self._chance = chance

    def put_before(self, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand between the desk and this ledger."""
        for name in ("turn", "lease", "lease_due", "put_back"):
            monkeypatch.setattr(ledger, name, self._slowly(getattr(ledger, name)))

    def _slowly(self, work: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def slow(*what: object, **how: object) -> object:
            await self._meanwhile()
            if self._chance.random() < 0.02:
                raise LedgerBusy("database is locked")
            found = await work(*what, **how)
            await self._meanwhile()
            return found

        return slow

    async def _meanwhile(self) -> None:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        if self.closes and self._chance.random() < 0.5:
            self._hall.desk.close()
        match self._chance.randrange(30):
            case 0:
                await halt(self._store, "email")
                await self._hall.look()
                await go_on(self._store, "email")
            case 1 | 2 | 3:
                await self._hall.look()
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_between_everybody_is_given_once(
    store: Store, hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = Random(seed)
    suspending = _Suspending(store, hall, chance)
    suspending.put_before(hall.ledger, monkeypatch)
    monkeypatch.setattr("hub.queue.desk.ORDINARY", math.inf)
    monkeypatch.setattr("hub.queue.desk.asyncio", _hurried())
    planned = {await plans.plan(store, recipients=70, directive="first", urgency="Future", chunk=9): 70}
    planned[await plans.plan(store, recipients=50, directive="texts", channel="sms", chunk=9)] = 50
    for _ in range(40):
        await hall.ask(*[lane for lane in range(5) if chance.random() < 0.6], 5, within=0.05)
        await hall.ask(*TEXTING, within=0.01, channel="sms")
        if chance.random() < 0.3 and len(planned) < 6:
            await _happens(store, hall, chance, planned)
        await hall.look()
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while (left_open := await open_chunks(store)) and loop.time() < until:
        await hall.drain(*range(6))
        await hall.drain(*TEXTING, channel="sms")
    planned[await plans.plan(store, recipients=60, directive="last", urgency="Expected", chunk=9)] = 60
    await hall.look()
    suspending.closes = True
    while any(await hall.ask(*range(6))) or any(await hall.ask(*TEXTING, channel="sms")):
        pass
    await hall.ledger.leave()

    next_life, entered = await _next_life(tmp_path)

    assert left_open == []
    assert entered.uncertain == 0
    assert next_life.sent, "the desk was closed amid the rest"
    assert Counter(hall.sent + next_life.sent) == Counter(
        (dispatch, seq) for dispatch, number in planned.items() for seq in range(1, number + 1)
    )
    assert await open_chunks(store) == []


async def _next_life(folder: Path) -> tuple[Hall, Entered]:
    """Another sender, which sends what was left."""
    hall = Hall(folder / "univoque.db")
    entered = await hall.ledger.enter("sender", at=NOON, until=NOON + DAY, repeats={})
    serving = asyncio.create_task(hall.desk.run())
    for _ in range(3):
        await hall.drain(*range(6))
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    await hall.ledger.close()
    return hall, entered
