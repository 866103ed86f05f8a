"""F14: the database server is stopped at once and started again, under two senders."""

import asyncio
import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import open_house

if TYPE_CHECKING:
    from tests.postgres import Server

SENDERS, LANES = 2, 4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of connections that it broke
async def test_f14_a_server_that_is_stopped_at_once_costs_seconds_and_nobody_a_message(
    own_postgres: "Server", tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, stops, answer = (20_000, 3, 0.01) if large else (600, 1, 0.03)
    url = own_postgres.url("postgres")
    async with open_house(tmp_path, lanes=LANES, database=url) as house:
        house.relay.on("dot", Slow(answer), times=None)
        dispatch = await house.plan(recipients, chunk=50)
        async with house.sending(), house.sending():
            for number in range(1, stops + 1):
                await house.taken(number * recipients // (stops + 2), 120)
                stopped_at = time.time()
                await asyncio.to_thread(own_postgres.restart_at_once)
            await house.finished(dispatch, 240)

        what = "PostgreSQL stopped at once, started again, under two senders"
        row = await house.row("F14", what, dispatch, fault_at=stopped_at)
    after = [mail for mail in house.relay.messages if mail.at > stopped_at]
    gc.collect()  # what the pool let go of is said here, and in no other test
    assert len(after) > SENDERS * LANES, "it was stopped in mid-send"
    assert house.log.count("ledger waits") >= SENDERS
    assert row.uncertain <= stops * SENDERS * LANES
    judge(row, repeats=stops * SENDERS * LANES)
