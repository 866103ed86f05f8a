"""Lanes that are ready share a commit (decision 0039): who waits for whom, and for how long."""

import pytest

from hub.queue import bell
from hub.store.engine import Store
from tests import plans
from tests.hub.queue.hall import Hall, seqs

LONG = 60.0
"""Seconds that no test here waits."""


@pytest.fixture(autouse=True)
async def planned(store: Store, hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message for everybody; lanes 0, 1 and 2 have one each, and gathering would take long."""
    await plans.plan(store, recipients=20)
    await hall.desk.look()
    assert seqs(await hall.ask(0, 1, 2)) == [1, 2, 3]
    monkeypatch.setattr(bell, "GATHERING", LONG)


async def test_few_wait_for_others_within_the_time_to_gather(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "GATHERING", 0.2)
    assert await hall.ask(0, within=0.1) == [None]
    assert seqs(await hall.ask(0, within=1.0)) == [4]


async def test_half_of_those_under_way_wait_for_nobody(hall: Hall) -> None:
    assert sorted(seqs(await hall.ask(0, 1, within=1.0))) == [4, 5]


async def test_when_the_last_is_there_nobody_waits(hall: Hall) -> None:
    assert await hall.ask(0, within=0.1) == [None]
    assert await hall.ask(1, within=0.1) == [None]
    assert sorted(seqs(await hall.ask(0, 1, 2, within=1.0))) == [4, 5, 6]


async def test_lanes_of_another_channel_are_not_waited_for(store: Store, hall: Hall) -> None:
    await plans.plan(store, recipients=9, directive="d2", channel="sms")
    await hall.desk.look()
    await hall.ask(*range(10, 18), channel="sms")

    assert sorted(seqs(await hall.ask(0, 1, within=1.0))) == [4, 5]
