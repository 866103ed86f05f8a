"""A million deliveries make neither a look at the house nor the figures slow."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.flow.observe import observe
from hub.flow.retry import Choice, count
from hub.flow.tally import tally
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.store import deliveries
from tests import plans
from tests.hub.web.test_metrics import scraped
from tests.plans import NOON

NUMBER = 1_000_000
TRIED = 900_000
AT = "2026-03-14 12:00:01.000000"


def rows(dispatch: int) -> Iterator[tuple[object, ...]]:
    """Intents and outcomes as lanes write them; every fiftieth is refused."""
    for seq in range(1, TRIED + 1):
        outcome, code = ("refused", "550 5.1.1") if seq % 50 == 0 else ("accepted", "250")
        yield dispatch, seq, 1, "attempting", AT, "sender", 1, 0, "", ""
        yield dispatch, seq, 1, outcome, AT, "sender", 1, 0, code, ""


@pytest.mark.prove
async def test_a_look_at_a_million_is_as_quick_as_one_at_a_few(tmp_path: Path) -> None:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, NUMBER)
    id_ = await plans.plan(store, recipients=NUMBER)
    with sqlite3.connect(tmp_path / "univoque.db") as db:
        db.executemany(
            "INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows(id_),
        )
        db.execute("UPDATE chunks SET done_at = ? WHERE last <= ?", (AT, TRIED))
    hub = plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: NOON + timedelta(minutes=5)))

    took = {}
    began = time.perf_counter()
    await tally(hub)
    took["catching up with 1,800,000 attempts"] = time.perf_counter() - began
    began = time.perf_counter()
    seen = await observe(hub)
    took["a look"] = time.perf_counter() - began
    began = time.perf_counter()
    await scraped(hub)
    took["/metrics"] = time.perf_counter() - began
    began = time.perf_counter()
    async with store.read() as tx:
        walked = await deliveries.counts(tx, id_)
    took["for comparison, a walk through all"] = time.perf_counter() - began
    began = time.perf_counter()
    number = (await count(hub, Choice("d1"))).again
    took["finding whom it did not reach"] = time.perf_counter() - began
    await store.close()

    for what, seconds in took.items():
        print(f"{what}: {seconds * 1e3:,.0f} ms")  # noqa: T201 - a proof prints its figures
    assert seen.progress[0].outcomes == walked["email"]
    assert seen.progress[0].count(Outcome.REFUSED) == number == TRIED // 50
    assert took["a look"] < 0.25
    assert took["/metrics"] < 0.5
