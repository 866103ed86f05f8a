"""The provider's ids of SMS are found again, and no other far side's ids cost anything; on both engines."""

from pathlib import Path

import pytest
from sqlalchemy import text

from hub.context import Hub
from hub.model.delivery import Outcome
from hub.store import deliveries, inquiries
from hub.store.deliveries import Told, Try
from hub.store.tables import BY_SID
from tests import plans
from tests.plans import NOON

SID, OTHER = "SM" + "0" * 31 + "1", "MM" + "0" * 31 + "2"


async def told(hub: Hub, *ids: str) -> None:
    """Have the far side take a message under each of these ids."""
    await plans.people(hub.store, len(ids))
    dispatch = await plans.plan(hub.store, recipients=len(ids))
    took = [Told(Try(dispatch, seq, 1), Outcome.ACCEPTED, "", id_) for seq, id_ in enumerate(ids, start=1)]
    async with hub.store.write() as tx:
        await deliveries.append_reports(tx, took, at=NOON)


@pytest.mark.usefixtures("database")
async def test_an_sms_is_known_by_the_provider_s_id_and_a_stranger_s_is_not(hub: Hub) -> None:
    await told(hub, SID, OTHER, "4bXyzQueue")

    async with hub.store.read() as tx:
        known = await inquiries.known_ids(tx, {SID, OTHER, "SM" + "f" * 32})

    assert known == {SID, OTHER}


async def test_the_index_is_asked_for_sids_and_holds_no_queue_id(tmp_path: Path) -> None:
    store = await plans.new_store(tmp_path / "univoque.db")
    hub = plans.hub_on(store, plans.config_for(tmp_path))
    await told(hub, SID, "4bXyzQueue")
    indexed = "FROM attempts INDEXED BY ix_attempts_provider_id WHERE provider_id"

    async with store.read() as tx:
        asked = await tx.execute(
            text(f"EXPLAIN QUERY PLAN SELECT id FROM attempts WHERE provider_id IN ('{SID}') AND {BY_SID}")  # noqa: S608
        )
        plan = " ".join(str(row.detail) for row in asked)
        held = (await tx.execute(text(f"SELECT provider_id {indexed} > '' AND {BY_SID}"))).scalars().all()
        with pytest.raises(Exception, match="no query solution"):
            await tx.execute(text(f"SELECT provider_id {indexed} = '4bXyzQueue'"))

    await store.close()
    assert "ix_attempts_provider_id" in plan
    assert held == [SID]
