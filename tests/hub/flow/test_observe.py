"""What a look at the house finds: how far, how fast, how long still, and what wants somebody's eyes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from hub.config import Alarms
from hub.flow import alarms
from hub.flow.observe import Progress, Seen, Silence, observe
from hub.model.delivery import Outcome
from hub.model.pulse import ChannelPulse, Pulse
from hub.now import Clock, parse_instant
from hub.store import stops
from hub.store.dispatches import Dispatch
from hub.store.engine import Store
from hub.store.progress import Due, Slot
from hub.store.tables import attempts, chunks, due
from tests import plans
from tests.plans import NOON

MINUTE = timedelta(minutes=1)
LIMITS: Alarms = plans.config_for(Path(".")).alarms


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 100)
    yield store
    await store.close()


async def look(store: Store, folder: Path, at: datetime) -> Seen:
    return await observe(plans.hub_on(store, plans.config_for(folder), Clock(lambda: at)))


async def append(
    store: Store, dispatch: int, seqs: Iterator[int] | range, outcome: Outcome, at: datetime, code: str = ""
) -> None:
    async with store.write() as tx:
        for seq in seqs:
            await tx.execute(
                insert(attempts).values(
                    dispatch=dispatch, seq=seq, attempt=1, outcome=outcome.value, at=at, owner="sender",
                    epoch=1, lane=0, code=code, provider_id="",
                )
            )  # fmt: skip


async def test_what_was_never_tried_is_queued_and_left(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=100)
    await append(store, id_, range(1, 41), Outcome.ACCEPTED, NOON)
    await append(store, id_, range(41, 51), Outcome.REFUSED, NOON, "550 5.1.1")

    (found,) = (await look(store, tmp_path, NOON + MINUTE)).progress

    assert found.outcomes == {Outcome.ACCEPTED: 40, Outcome.REFUSED: 10, Outcome.QUEUED: 50}
    assert found.causes == {(Outcome.REFUSED, "550 5.1.1"): 10}
    assert (found.planned, found.left, found.finished) == (100, 50, False)


async def test_the_rate_is_that_of_the_last_minute_and_says_how_long_the_rest_takes(
    store: Store, tmp_path: Path
) -> None:
    id_ = await plans.plan(store, recipients=100)
    await append(store, id_, range(1, 11), Outcome.ACCEPTED, NOON + MINUTE)
    await look(store, tmp_path, NOON + MINUTE)
    await append(store, id_, range(11, 41), Outcome.ACCEPTED, NOON + 2 * MINUTE)

    (found,) = (await look(store, tmp_path, NOON + 2 * MINUTE)).progress

    assert found.rate == pytest.approx(30 / 60)
    assert found.time_left == timedelta(seconds=120)


async def test_where_nothing_moves_nobody_is_promised_an_end(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=100)
    await append(store, id_, range(1, 11), Outcome.ACCEPTED, NOON)
    await look(store, tmp_path, NOON)

    (found,) = (await look(store, tmp_path, NOON + 10 * MINUTE)).progress

    assert found.rate == 0
    assert found.time_left is None


async def test_what_is_held_waits_for_a_person_and_not_for_a_sender(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=2, channel="sms")
    await append(store, id_, range(1, 2), Outcome.ACCEPTED, NOON)
    await append(store, id_, range(2, 3), Outcome.UNCERTAIN, NOON)
    async with store.write() as tx:
        await tx.execute(update(chunks).values(done_at=NOON))
        await tx.execute(
            insert(due).values(dispatch=id_, seq=2, channel="sms", attempt=1, due_at=NOON, held=True)
        )

    (found,) = (await look(store, tmp_path, NOON + MINUTE)).progress

    assert found.finished
    assert (found.left, found.due) == (0, Due(0, 1, NOON))


async def test_sms_without_a_report_are_counted_once_they_are_old(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=10, channel="sms")
    await append(store, id_, range(1, 7), Outcome.ACCEPTED, NOON)
    await look(store, tmp_path, NOON)
    await append(store, id_, range(7, 11), Outcome.ACCEPTED, NOON + 50 * MINUTE)
    await append(store, id_, range(1, 3), Outcome.DELIVERED, NOON + 50 * MINUTE)

    early = (await look(store, tmp_path, NOON + 50 * MINUTE)).silence
    late = (await look(store, tmp_path, NOON + 61 * MINUTE)).silence
    latest = (await look(store, tmp_path, NOON + 111 * MINUTE)).silence

    assert early == Silence(0, 0)
    assert late == Silence(4, 6)
    assert latest == Silence(8, 10)


async def test_a_stop_is_seen_with_its_age(store: Store, tmp_path: Path) -> None:
    async with store.write() as tx:
        await stops.put(tx, "sms", at=NOON)

    found = await look(store, tmp_path, NOON + MINUTE)

    assert found.stops == {"sms": NOON}


async def test_a_stop_of_one_dispatch_is_told_by_its_name_and_as_long_as_it_is_under_way(
    store: Store, tmp_path: Path
) -> None:
    id_ = await plans.plan(store, recipients=1, channel="sms")
    async with store.write() as tx:
        await stops.put(tx, f"sms/{id_}", at=NOON)
    before = await look(store, tmp_path, NOON + MINUTE)
    await append(store, id_, range(1, 2), Outcome.ACCEPTED, NOON + MINUTE)
    async with store.write() as tx:
        await tx.execute(update(chunks).values(done_at=NOON))

    after = await look(store, tmp_path, NOON + MINUTE)

    assert list(alarms.told_stops(before)) == [("d1 by sms", NOON)]
    assert after.stops == {}


def dispatch(**given: object) -> Dispatch:
    fields: dict[str, object] = {
        "id": 1, "directive": "visites", "revision": 1, "mode": "Actual", "urgency": "Immediate",
        "approved_at": NOON, "expires_at": NOON + timedelta(hours=2), "planned_at": NOON, "stopped_at": None,
        "cancelled_at": None,
    }  # fmt: skip
    return Dispatch(**{**fields, **given})  # type: ignore[arg-type]


def progress(**given: object) -> Progress:
    fields: dict[str, object] = {
        "dispatch": dispatch(), "channel": "email", "planned": 10, "outcomes": {Outcome.QUEUED: 10}, "causes": {},
        "due": Due(0, 0, None), "rate": 1.0, "finished": False,
    }  # fmt: skip
    return Progress(**{**fields, **given})  # type: ignore[arg-type]


def well(at: datetime = NOON) -> Seen:
    """A house in which nothing is wrong."""
    pulse = Pulse({"email": ChannelPulse(32, 4)})
    return Seen(
        at=at, current=True, progress=(), unplanned=(), totals={},
        slots=(Slot("sender", 1, NOON, at, pulse),), stops={}, silence=Silence(), journal=1,
        free_space=2**40, published_at=NOON, unpublished_since=None, under_way=frozenset(),
    )  # fmt: skip


def names(seen: Seen) -> list[str]:
    return [alarm.name for alarm in alarms.raised(seen, LIMITS)]


def test_where_all_is_well_nothing_is_said() -> None:
    assert names(replace(well(), progress=(progress(),))) == []


@pytest.mark.parametrize("planned", [10, 10_000_000])
def test_a_long_queue_is_no_alarm_and_an_old_one_is(planned: int) -> None:
    waiting = progress(planned=planned, outcomes={Outcome.QUEUED: planned}, rate=planned / 60)
    young = replace(well(NOON + 14 * MINUTE), progress=(waiting,))
    old = replace(well(NOON + 16 * MINUTE), progress=(waiting,))

    assert names(young) == []
    assert names(old) == ["unsent"]


@pytest.mark.parametrize(
    ("urgency", "age", "raised"),
    [("Expected", 3, []), ("Expected", 5, ["unsent"]), ("Future", 23, []), ("Future", 25, ["unsent"])],
)
def test_what_is_less_urgent_may_be_older(urgency: str, age: int, raised: list[str]) -> None:
    late = dispatch(urgency=urgency, expires_at=NOON + timedelta(days=9))

    assert names(replace(well(NOON + timedelta(hours=age)), progress=(progress(dispatch=late),))) == raised


@pytest.mark.parametrize(
    ("waits", "minutes", "raised"),
    [
        ({"scheduled_at": NOON + 60 * MINUTE, "held": "scheduled"}, 59, []),
        ({"scheduled_at": NOON + 60 * MINUTE}, 61, []),
        ({"scheduled_at": NOON + 60 * MINUTE}, 76, ["unsent"]),
        (
            {"scheduled_at": NOON + 60 * MINUTE, "held": "scheduled"},
            76,
            ["unsent"],
        ),  # and no sender was there
        ({"held_until": NOON + 60 * MINUTE, "held": "canary"}, 59, []),
        ({"held_until": NOON + 60 * MINUTE}, 74, []),
        ({"held_until": NOON + 60 * MINUTE}, 76, ["unsent"]),
        ({"held": "unseen"}, 16, ["unsent"]),  # which waits for a person
    ],
)
def test_a_message_is_as_old_as_the_time_in_which_it_might_have_left(
    waits: dict[str, object], minutes: int, raised: list[str]
) -> None:
    waiting = progress(dispatch=dispatch(**waits), rate=0.0)

    assert names(replace(well(NOON + minutes * MINUTE), progress=(waiting,))) == raised


@pytest.mark.parametrize(
    ("urgency", "since", "at", "raised"),
    [
        ("Expected", "2026-03-14T22:00", "2026-03-15T06:59", []),
        ("Expected", "2026-03-14T22:00", "2026-03-15T10:59", []),
        ("Expected", "2026-03-14T22:00", "2026-03-15T11:01", ["unsent"]),
        ("Expected", "2026-03-14T20:00", "2026-03-15T09:59", []),
        ("Expected", "2026-03-14T20:00", "2026-03-15T10:01", ["unsent"]),
        ("Expected", "2026-03-14T16:00", "2026-03-14T23:00", ["unsent"]),
        ("Immediate", "2026-03-14T22:00", "2026-03-14T22:16", ["unsent"]),
        ("Future", "2026-03-14T20:00", "2026-03-16T15:59", []),
        ("Future", "2026-03-14T20:00", "2026-03-16T16:01", ["unsent"]),
    ],
)
async def test_quiet_hours_make_no_message_older(
    store: Store, tmp_path: Path, urgency: str, since: str, at: str, raised: list[str]
) -> None:
    begun, now = parse_instant(since), parse_instant(at)
    await plans.plan(store, recipients=10, channel="sms", urgency=urgency, at=begun)
    settings = plans.config_for(tmp_path, quiet__sms="21:00-07:00", alarms__free_space=0)

    seen = await observe(plans.hub_on(store, settings, Clock(lambda: now)))

    assert [name for name in names(seen) if name != "sender"] == raised


def test_what_will_not_end_in_time_is_told_before_its_time_has_passed() -> None:
    slow = progress(planned=10_000, outcomes={Outcome.QUEUED: 10_000}, rate=1.0)

    (found,) = alarms.raised(replace(well(NOON + MINUTE), progress=(slow,)), LIMITS)

    assert found.name == "late"
    assert "the rest takes 2 h 46 min, and its time ends in 1 h 59 min" in found.finding


def test_what_a_person_stopped_is_not_called_late_but_is_asked_about_later() -> None:
    stopped = progress(dispatch=dispatch(stopped_at=NOON, expires_at=NOON + timedelta(days=2)))

    assert names(replace(well(NOON + 30 * MINUTE), progress=(stopped,))) == []
    assert names(replace(well(NOON + 61 * MINUTE), progress=(stopped,))) == ["stopped"]
    assert names(replace(well(NOON + 61 * MINUTE), stops={"*": NOON})) == ["stopped"]


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (replace(well(), slots=()), "sender"),
        (replace(well(), slots=(Slot("sender", 1, NOON, NOON - MINUTE, Pulse()),)), "sender"),
        (
            replace(well(), slots=(
                Slot("sender", 1, NOON, NOON, Pulse({"email": ChannelPulse(32, 0, NOON - 2 * MINUTE, None, "535")})),
            )),
            "paused",
        ),
        (replace(well(), slots=(Slot("sender", 1, NOON, NOON, Pulse({}, -3600.0, NOON)),)), "clock"),
        (replace(well(), slots=(Slot("sender", 2, NOON, NOON, Pulse(inherited=30, inherited_at=NOON)),)), "cut_short"),
        (
            replace(well(NOON + 61 * MINUTE), progress=(
                progress(outcomes={Outcome.UNCERTAIN: 1}, planned=1, due=Due(0, 1, NOON), finished=True),
            )),
            "held",
        ),
        (replace(well(), silence=Silence(30, 100)), "silent"),
        (replace(well(), unpublished_since=NOON - 6 * MINUTE), "unpublished"),
        (replace(well(), free_space=2**20), "disk"),
        (replace(well(NOON + 16 * MINUTE), unplanned=(dispatch(planned_at=None),)), "unsent"),
    ],
)  # fmt: skip
def test_each_rule_has_its_case_and_a_remedy(seen: Seen, name: str) -> None:
    (found,) = alarms.raised(seen, LIMITS)

    assert found.name == name
    assert found.remedy


def test_a_few_telephones_that_are_off_are_no_alarm() -> None:
    assert names(replace(well(), silence=Silence(15, 100))) == []
