"""Reports from outside: any order, any number of times, the same end."""

from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest

from hub.context import Hub
from hub.flow import record as recording
from hub.flow import stop
from hub.flow.record import Report, record
from hub.model.delivery import Outcome
from hub.store import deliveries, instance, stops, suppressions
from hub.store.deliveries import Try
from tests import plans
from tests.plans import NOON


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


async def standing(hub: Hub) -> Outcome | None:
    async with hub.store.read() as tx:
        return await deliveries.outcome_of(tx, 1, 1)


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
