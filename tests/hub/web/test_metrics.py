"""Figures for Prometheus: what is in them, what never is, and where they are served."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update

from hub.config import Config
from hub.context import Hub
from hub.flow import alarms
from hub.model.delivery import Outcome
from hub.model.pulse import ChannelPulse, Pulse, RelayPulse
from hub.now import Clock
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.tables import attempts, dispatches, slots
from hub.web import metrics, server
from hub.web.look import Look
from tests import plans
from tests.hub.web.conftest import Site
from tests.plans import NOON

MINUTE = timedelta(minutes=1)
Figures = dict[tuple[str, frozenset[str]], float]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 100)
    id_ = await plans.plan(store, recipients=100)
    relays = (RelayPulse("relay.example:587", False, True), RelayPulse("other.example:587", True, False))
    pulse = Pulse({"email": ChannelPulse(32, 7, NOON, None, "535", relays)})
    async with store.write() as tx:
        for seq, outcome in ((1, Outcome.ACCEPTED), (2, Outcome.REFUSED), (3, Outcome.UNCERTAIN)):
            await tx.execute(
                insert(attempts).values(
                    dispatch=id_, seq=seq, attempt=1, outcome=outcome.value, at=NOON, owner="sender", epoch=1,
                    lane=0, code="550 5.1.1", provider_id="",
                )
            )  # fmt: skip
        await tx.execute(
            insert(slots).values(
                slot="sender", epoch=1, entered_at=NOON, lease_until=NOON, beat_at=NOON + 20 * MINUTE,
                state=pulse.to_json(),
            )
        )  # fmt: skip
    yield store
    await store.close()


def hub(store: Store, folder: Path, **settings: object) -> Hub:
    return plans.hub_on(store, plans.config_for(folder, **settings), Clock(lambda: NOON + 20 * MINUTE))


async def scraped(hub_: Hub) -> str:
    async with (
        TestServer(metrics.application(hub_, Look(hub_))) as host,
        ClientSession() as client,
        client.get(host.make_url("/metrics")) as response,
    ):
        assert response.status == 200, await response.text()
        assert "version=" in response.headers["Content-Type"]
        return await response.text()


def figures(text: str) -> Figures:
    return {
        (sample.name.removeprefix("univoque_"), frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(*labels: str) -> frozenset[str]:
    return frozenset(labels)


async def test_they_say_how_far_and_how_old_what_is_under_way_is(store: Store, tmp_path: Path) -> None:
    found = figures(await scraped(hub(store, tmp_path)))

    assert found["deliveries", of("email", "accepted")] == 1
    assert found["deliveries", of("email", "refused")] == 1
    assert found["dispatch_planned", of("d1", "email")] == 100
    assert found["dispatch_left", of("d1", "email")] == 98
    assert found["dispatch_uncertain", of("d1", "email")] == 1
    assert found["oldest_unsent_seconds", of("Immediate")] == 20 * 60
    assert found["unsent_deadline_seconds", of("Immediate")] == (2 * 24 * 60 - 20) * 60


async def test_what_waits_for_its_hour_is_no_older_than_that(store: Store, tmp_path: Path) -> None:
    async with store.write() as tx:
        await tx.execute(update(dispatches).values(scheduled_at=NOON + timedelta(minutes=15)))
    begun = figures(await scraped(hub(store, tmp_path)))
    async with store.write() as tx:
        await tx.execute(update(dispatches).values(scheduled_at=NOON + timedelta(hours=15), held="scheduled"))
    waiting = figures(await scraped(hub(store, tmp_path)))

    assert begun["oldest_unsent_seconds", of("Immediate")] == 5 * 60
    assert waiting["oldest_unsent_seconds", of("Immediate")] == 0


async def test_they_say_how_the_senders_and_the_house_do(store: Store, tmp_path: Path) -> None:
    found = figures(await scraped(hub(store, tmp_path)))

    assert found["slots_alive", of()] == 1
    assert found["lanes", of("sender", "email")] == 32
    assert found["lanes_busy", of("sender", "email")] == 7
    assert found["channel_paused", of("sender", "email")] == 1
    first, second = "relay.example:587", "other.example:587"
    assert [found["relay_resting", of("sender", "email", each)] for each in (first, second)] == [1, 0]
    assert [found["relay_in_use", of("sender", "email", each)] for each in (first, second)] == [0, 1]
    assert found["disk_free_bytes", of()] > 0
    assert found["journal_entries", of()] == 0
    assert found["counts_current", of()] == 1


async def test_every_alarm_has_its_gauge(store: Store, tmp_path: Path) -> None:
    found = figures(await scraped(hub(store, tmp_path)))

    told = {name: value for (kind, labels), value in found.items() if kind == "alarm" for name in labels}
    assert set(told) == {rule.name for rule in alarms.RULES}
    assert {name for name, value in told.items() if value} >= {"unsent", "paused"}
    assert told["disk"] == 0


async def test_the_rules_in_the_docs_ask_for_figures_that_there_are(store: Store, tmp_path: Path) -> None:
    found = {name for name, _ in figures(await scraped(hub(store, tmp_path)))}
    rules = (Path(__file__).parents[3] / "docs" / "alerts.yml").read_text("utf-8")

    asked = set(re.findall(r"\bunivoque_(\w+)", rules))

    assert asked
    assert asked <= found


async def test_nothing_of_a_reader_is_in_them(store: Store, tmp_path: Path) -> None:
    text = await scraped(hub(store, tmp_path))

    assert "person-" not in text
    assert "example.org" not in text
    assert "token-" not in text


async def test_many_recipients_make_no_more_lines(store: Store, tmp_path: Path) -> None:
    before = len((await scraped(hub(store, tmp_path))).splitlines())
    async with store.write() as tx:
        await tx.execute(
            insert(attempts),
            [
                {
                    "dispatch": 1, "seq": seq, "attempt": 1, "outcome": "accepted", "at": NOON, "owner": "sender",
                    "epoch": 1, "lane": 0, "code": "250", "provider_id": f"queue-{seq}",
                }
                for seq in range(10, 90)
            ],
        )  # fmt: skip

    assert len((await scraped(hub(store, tmp_path))).splitlines()) == before


async def test_a_database_that_does_not_answer_is_a_failed_scrape(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))  # empty: `init` never ran
    broken = hub(store, tmp_path)

    async with (
        TestServer(metrics.application(broken, Look(broken))) as host,
        ClientSession() as client,
        client.get(host.make_url("/metrics")) as response,
    ):
        assert response.status == 503
    await store.close()


async def test_asking_often_looks_once_a_second(store: Store, tmp_path: Path) -> None:
    look = Look(hub(store, tmp_path))

    found = await asyncio.gather(*(look.now() for _ in range(20)))

    assert len({id(seen) for seen in found}) == 1


async def test_the_public_site_does_not_serve_them(site: Site) -> None:
    async with site.client.get(site.url("/metrics")) as response:
        assert response.status == 404


def with_port(config: Config, port: int) -> Config:
    return config.model_copy(update={"metrics": config.metrics.model_copy(update={"port": port})})


async def test_they_have_an_address_of_their_own(site: Site, unused_tcp_port: int) -> None:
    base = site.hub
    own = Hub(with_port(base.config, unused_tcp_port), base.store, base.register, base.wording, base.clock)
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as group, ClientSession() as client:
        group.create_task(server.run(own, stop=stop, ready=port.set_result))
        await port
        async with client.get(f"http://127.0.0.1:{unused_tcp_port}/metrics") as response:
            told = response.status, await response.text()
        async with client.get(f"http://127.0.0.1:{unused_tcp_port}/") as elsewhere:
            assert elsewhere.status == 404
        stop.set()

    assert told[0] == 200
    assert "univoque_slots_alive 0.0" in told[1]
