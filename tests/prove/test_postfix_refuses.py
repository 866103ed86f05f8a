"""A real Postfix that lets nobody in, or knows nobody, says so only at RCPT: the channel pauses, and nobody pays."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.model.delivery import Outcome
from hub.store.tables import suppressions
from tests.faults.house import House, open_house, until
from tests.prove.postfix import lacking, postfix

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")

KNOWS_NOBODY = "relay_domains = static:ALL\nrelay_recipient_maps = inline:{ nobody@nowhere.example=x }"


@pytest.mark.parametrize(
    ("login", "more", "code"),
    [(False, "", "554 5.7.1"), (True, KNOWS_NOBODY, "550 5.1.1")],
    ids=["no login", "a broken list of recipients"],
)
async def test_whom_postfix_refuses_at_rcpt_for_no_fault_of_theirs_is_not_refused(
    tmp_path: Path, login: bool, more: str, code: str
) -> None:
    recipients = 100
    (tmp_path / "hub").mkdir()
    async with open_house(tmp_path / "hub", lanes=8) as house:
        relay = await asyncio.to_thread(
            lambda: postfix(tmp_path / "postfix", next_hop=house.relay.port, more=more)
        )
        with relay as mta:
            named = (
                mta.settings() if login else {**mta.settings(), "email__username": "", "email__password": ""}
            )
            house.settings.update(named)
            dispatch = await house.plan(recipients, domain="d{}.example")
            async with house.sending():
                await until(lambda: _says(house, "the channel is paused"), 30, lambda: house.log[-3000:])
                await asyncio.sleep(2)
            standing = set((await house.standing(dispatch)).values())
            barred = await _barred(house)

    assert code in house.log
    assert barred == 0
    assert standing <= {Outcome.QUEUED, Outcome.DEFERRED, Outcome.ATTEMPTING}
    assert house.log.count("[error") == 1
    assert house.relay.messages == []


async def _says(house: House, what: str) -> bool:
    return what in house.log


async def _barred(house: House) -> int:
    async with house.store.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(suppressions))).scalar_one())
