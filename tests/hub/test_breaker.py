"""How long a channel pauses while it takes nothing from anybody."""

from pathlib import Path

import pytest

from channels.contract import Unavailable
from hub.breaker import Health
from hub.flow.spend import Withheld
from hub.model.delivery import Outcome
from hub.queue.contract import Item, Settled
from hub.queue.desk import Desk
from tests.hub.queue.hall import Hall
from tests.plans import NOON

FAR_SIDE = Unavailable("auth", "wrong password", counts=False, channel_wide=True)
OURSELVES = Withheld("ceiling", "what SMS may cost a day", counts=False, channel_wide=True)
WAITS = Settled(Item(1, 1, 1, "+32470000001", "", 0, NOON, due=False), 1, 0, Outcome.DEFERRED, "ceiling")


@pytest.mark.parametrize(
    ("error", "pauses"),
    [(FAR_SIDE, [1, 2, 4, 8, 16, 32, 60, 60]), (OURSELVES, [1, 2, 4, 5, 5, 5, 5, 5])],
    ids=["far-side", "ourselves"],
)
async def test_pauses_double_and_what_a_person_lifts_is_noticed_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Unavailable, pauses: list[float]
) -> None:
    found: list[float] = []
    monkeypatch.setattr(Desk, "pause", lambda _, name, seconds: found.append(seconds))
    hall, health = Hall(tmp_path / "univoque.db"), Health()
    for _ in pauses:
        health.judge("sms", hall.desk, WAITS, error)
        health.until = 0.0
    await hall.ledger.close()

    assert found == pauses


async def test_a_channel_that_is_down_for_days_goes_on_looking_every_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    monkeypatch.setattr(Desk, "pause", lambda _, name, seconds: found.append(seconds))
    hall, health = Hall(tmp_path / "univoque.db"), Health(failures=5_000)
    health.judge("sms", hall.desk, WAITS, FAR_SIDE)
    await hall.ledger.close()

    assert found == [60]
