"""While a channel pauses nothing is handed out, and then one lane at a time tries."""

import asyncio
from datetime import timedelta

from hub.model.delivery import Outcome
from hub.queue.contract import Again, Settled
from hub.store.engine import Store
from tests import plans
from tests.hub.queue.hall import Hall
from tests.plans import NOON


async def test_a_pause_lasts_as_long_as_was_said_unless_it_is_ended_at_once(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=20)
    hall.desk.pause("email", 60.0)

    hall.desk.resume("email")
    kept = await hall.ask(0, within=0.2)
    hall.desk.resume("email", at_once=True)
    await hall.drain(0, 1)

    assert kept == [None]
    assert sorted(hall.sent) == [(1, seq) for seq in range(1, 21)]


async def test_what_ends_a_channel_s_pause_hands_nothing_out_on_a_full_disk(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=20)
    hall.desk.pause("email", 1.0)
    hall.desk.hold_back(60.0)

    hall.desk.resume("email", at_once=True)
    held = await hall.ask(0, 1, within=0.2)
    hall.desk.hold_back(0)

    assert held == [None, None]
    assert None not in await hall.ask(0, 1)


async def test_a_disk_that_has_room_again_ends_no_trial_of_a_channel(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=20)
    hall.desk.pause("email", 0.1)
    hall.desk.hold_back(60.0)

    hall.desk.hold_back(0)
    got = await hall.ask(0, 1, 2, 3, within=0.6)

    assert sum(work is not None for work in got) == 1


async def test_every_second_trial_is_somebody_new_however_many_are_due_and_how_urgent(
    store: Store, hall: Hall
) -> None:
    """Those who are due again may be the very ones that failed."""
    dead = await plans.plan(store, recipients=150, urgency="Immediate")
    later = Again(NOON + timedelta(seconds=1), held=False, attempt=0)
    settled: Settled | None = None
    for _ in range(150):
        work = await hall.desk.exchange("email", 0, settled)
        assert work is not None
        settled = Settled(work.item, 1, 0, Outcome.DEFERRED, "550 5.1.1", again=later)
    assert settled is not None
    hall.desk.record(0, settled)
    await asyncio.sleep(0.1)
    fresh = await plans.plan(store, recipients=4, directive="d2", urgency="Future")
    hall.now += timedelta(seconds=2)
    hall.desk.pause("email", 0.0)
    await hall.look()

    tried = []
    settled = None
    for _ in range(10):
        work = await hall.desk.exchange("email", 0, settled)
        assert work is not None
        tried.append(work.item.dispatch)
        again = later._replace(at=NOON + timedelta(hours=1))
        settled = Settled(work.item, 1, 0, Outcome.DEFERRED, "550 5.1.1", again=again)

    assert tried == [*[dead, fresh] * 4, dead, dead]
