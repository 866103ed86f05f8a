"""Reports from outside: any order, any number of times, the same end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from hub.context import Hub
from hub.flow import record as recording
from hub.flow import stop
from hub.flow.record import Report, record, record_all
from hub.model.delivery import Outcome
from hub.store import deliveries, instance, stops, suppressions
from hub.store.deliveries import Told, Try
from tests import plans
from tests.plans import NOON

Made = tuple[int, Outcome]


@pytest.fixture
async def planned(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub with two deliveries; the first stands at `attempting`."""
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 2)
    await plans.plan(store, recipients=2, channel="sms")
    async with store.write() as tx:
        await deliveries.append_report(tx, Try(1, 1, 1), Outcome.ATTEMPTING, at=NOON, code="", provider_id="")
    yield plans.hub_on(store, plans.config_for(tmp_path))
    await store.close()


@dataclass(slots=True)
class Many:
    """A hub with many deliveries; `next` gives one of them a past of its own."""

    hub: Hub
    seq: int = 0

    async def next(self, *past: Outcome | Made) -> int:
        """Its seq; where a step names no try it is of the first."""
        self.seq += 1
        steps = [(1, step) if isinstance(step, Outcome) else step for step in past]
        told = [Told(Try(1, self.seq, attempt), outcome, "", "") for attempt, outcome in steps]
        async with self.hub.store.write() as tx:
            await deliveries.append_reports(tx, told, at=NOON)
        return self.seq


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Many]:
    store = await plans.new_store(tmp_path / "many.db")
    await plans.people(store, 200)
    await plans.plan(store, recipients=200, channel="sms")
    yield Many(plans.hub_on(store, plans.config_for(tmp_path)))
    await store.close()


async def standing(hub: Hub, seq: int = 1) -> Outcome | None:
    async with hub.store.read() as tx:
        return await deliveries.outcome_of(tx, 1, seq)


@pytest.mark.parametrize("order", list(permutations((Outcome.ACCEPTED, Outcome.DELIVERED, Outcome.ACCEPTED))))
async def test_reports_in_any_order_end_alike(planned: Hub, order: tuple[Outcome, ...]) -> None:
    for outcome in order:
        await record(planned, Report(Try(1, 1, 1), outcome, provider_id="SM1"))

    assert await standing(planned) == Outcome.DELIVERED


async def test_a_final_outcome_never_goes_back(planned: Hub) -> None:
    bounced = await record(planned, Report(Try(1, 1, 1), Outcome.BOUNCED, code="30005"))
    delivered = await record(planned, Report(Try(1, 1, 1), Outcome.DELIVERED))

    assert (bounced, delivered) == (True, False)
    assert await standing(planned) == Outcome.BOUNCED


async def test_a_report_on_no_delivery_of_ours_is_no_news(planned: Hub) -> None:
    assert not await record(planned, Report(Try(1, 99, 1), Outcome.DELIVERED))


# Two tries of one delivery: the first fell into doubt and was repeated.
TWICE: tuple[tuple[tuple[Made, ...], Outcome], ...] = (
    (((1, Outcome.ACCEPTED), (1, Outcome.DELIVERED), (2, Outcome.ACCEPTED)), Outcome.DELIVERED),
    (((1, Outcome.ACCEPTED), (2, Outcome.ACCEPTED), (2, Outcome.DELIVERED)), Outcome.DELIVERED),
    (((1, Outcome.BOUNCED), (2, Outcome.ACCEPTED), (2, Outcome.DELIVERED)), Outcome.DELIVERED),
    (((1, Outcome.DELIVERED), (2, Outcome.BOUNCED), (1, Outcome.ACCEPTED)), Outcome.DELIVERED),
    (((1, Outcome.BOUNCED), (2, Outcome.BOUNCED), (2, Outcome.ACCEPTED)), Outcome.BOUNCED),
    (((1, Outcome.BOUNCED), (2, Outcome.ACCEPTED), (1, Outcome.ACCEPTED)), Outcome.ACCEPTED),
)


@pytest.mark.parametrize("stands", [Outcome.ATTEMPTING, Outcome.UNCERTAIN])
async def test_reports_on_two_tries_end_alike_in_any_order(many: Many, stands: Outcome) -> None:
    before = (Outcome.ATTEMPTING, Outcome.UNCERTAIN, (2, Outcome.ATTEMPTING), (2, stands))
    cases = [(order, end) for told, end in TWICE for order in permutations(told)]
    wrong = []
    for order, end in cases:
        seq = await many.next(*before)
        for attempt, outcome in (*order, *order):
            await record(many.hub, Report(Try(1, seq, attempt), outcome, provider_id=f"SM{attempt}"))
        if await standing(many.hub, seq) != end:
            wrong.append((order, end))

    assert wrong == []


@pytest.mark.parametrize("told", [Outcome.ACCEPTED, Outcome.DELIVERED])
async def test_a_first_try_that_was_taken_ends_the_wait_for_a_second(many: Many, told: Outcome) -> None:
    seq = await many.next(
        Outcome.ATTEMPTING, Outcome.UNCERTAIN, (2, Outcome.ATTEMPTING), (2, Outcome.DEFERRED)
    )

    await record(many.hub, Report(Try(1, seq, 1), told))

    assert await standing(many.hub, seq) == told


@pytest.mark.parametrize("ended", [Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SUPPRESSED])
async def test_what_was_in_doubt_and_ended_may_turn_out_to_have_arrived(many: Many, ended: Outcome) -> None:
    seq = await many.next(Outcome.ATTEMPTING, Outcome.UNCERTAIN, ended)

    news = await record(many.hub, Report(Try(1, seq, 1), Outcome.DELIVERED))

    assert news
    assert await standing(many.hub, seq) == Outcome.DELIVERED


async def test_what_never_left_cannot_arrive(many: Many) -> None:
    seq = await many.next()

    assert not await record(many.hub, Report(Try(1, seq, 1), Outcome.DELIVERED))


async def test_a_report_that_comes_again_suppresses_nobody_again(planned: Hub) -> None:
    """Its signature holds no time: whoever replays it must not undo what the reader asked for since."""
    report = Report(Try(1, 1, 1), Outcome.BOUNCED, code="30004", suppress=True)
    await record(planned, report)
    async with planned.store.write() as tx:
        await suppressions.lift(tx, channel="sms", value="+32470000001")

    await record(planned, report)

    async with planned.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value="+32470000001") is None


async def test_many_reports_share_a_commit_and_follow_each_other(many: Many) -> None:
    seqs = [await many.next(Outcome.ATTEMPTING) for _ in range(3)]
    told = [
        Report(Try(1, seq, 1), outcome)
        for outcome in (Outcome.DELIVERED, Outcome.ACCEPTED, Outcome.DELIVERED)
        for seq in seqs
    ]

    news = await record_all(many.hub, [*told, Report(Try(1, 5_000, 1), Outcome.DELIVERED)])

    assert news == [True] * 3 + [False] * 7
    assert [await standing(many.hub, seq) for seq in seqs] == [Outcome.DELIVERED] * 3


async def test_an_address_that_the_provider_rules_out_is_suppressed(planned: Hub) -> None:
    await record(planned, Report(Try(1, 1, 1), Outcome.REFUSED, code="21610", suppress=True))

    async with planned.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value="+32470000001") == "21610"


async def test_only_ids_that_this_instance_gave_out_name_an_attempt(planned: Hub) -> None:
    async with planned.store.read() as tx:
        given = deliveries.attempt_id(await instance.get(tx), Try(1, 2, 3))

    assert await recording.attempt_named(planned, given) == Try(1, 2, 3)
    for forged in ("", "1-2-3", given.replace("1-2-3", "1-2-4"), given[:-1], "é-" + given):
        assert await recording.attempt_named(planned, forged) is None


async def test_a_stop_is_noted_once(planned: Hub) -> None:
    first = await stop.stop(planned, by="Olga")
    second = await stop.stop(planned, by="Olga")
    lifted = await stop.resume(planned, by="Olga")

    assert (first, second, lifted) == (True, False, True)
    async with planned.store.read() as tx:
        assert await stops.in_force(tx) == set()
