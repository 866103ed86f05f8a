"""The key of a delivery: what stands in Message-ID, the same for every try; and what is reported of a try."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from hub.model.delivery import Outcome
from hub.store import deliveries
from hub.store.deliveries import NAMESPACE, Told, Try, key_of
from hub.store.instance import Instance
from hub.store.tables import attempts
from tests import plans
from tests.plans import NOON


@given(st.text(min_size=1, max_size=40), st.integers(1, 10**7), st.integers(1, 10**8))
def test_a_key_is_the_uuid_of_version_5_of_its_name(instance: str, dispatch: int, seq: int) -> None:
    key = key_of(Instance(instance, b"secret"), dispatch, seq)

    assert UUID(key) == uuid5(NAMESPACE, f"{instance}/{dispatch}/{seq}")
    assert key == str(UUID(key))


async def test_taken_by_report_is_the_very_try_and_not_what_a_lane_says(database: str) -> None:
    store = await plans.new_store(database)
    await plans.people(store, 4)
    await plans.plan(store, recipients=4)
    by_a_lane = {"at": NOON, "owner": "one", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
    reports = [
        Told(Try(1, 1, 1), Outcome.ACCEPTED, "", ""),
        Told(Try(1, 2, 1), Outcome.BOUNCED, "", ""),
        Told(Try(1, 4, 1), Outcome.REFUSED, "", ""),
    ]
    async with store.write() as tx:
        await deliveries.append_reports(tx, reports, at=NOON)
        lane = {"dispatch": 1, "seq": 3, "attempt": 1, "outcome": Outcome.ACCEPTED.value, **by_a_lane}
        await tx.execute(insert(attempts), [lane])
    asked = {Try(1, 1, 1), Try(1, 2, 2), Try(1, 2, 1), Try(1, 3, 1), Try(1, 4, 1), Try(9, 1, 1)}
    async with store.read() as tx:
        found = await deliveries.reported_taken(tx, asked)
    await store.close()

    assert found == {Try(1, 1, 1), Try(1, 2, 1)}
