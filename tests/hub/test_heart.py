"""A sender says how it does, and others read it."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.smtp import EmailChannel
from hub import heart, worker
from hub.context import Hub
from hub.model.pulse import ChannelPulse, Pulse, RelayPulse
from hub.now import Clock
from hub.queue.contract import Intent
from hub.queue.desk import Desk
from hub.queue.sqlite import SqliteLedger
from hub.sender import Stopping
from hub.store import progress
from hub.store.engine import Store
from tests import plans
from tests.doubles.smtp import Fault, SmtpDouble
from tests.hub.mail import until
from tests.plans import NOON


async def pulse(store: Store) -> Pulse:
    async with store.read() as tx:
        found = await progress.senders(tx)
    return found[0].pulse if found and found[0].beat_at else Pulse()


def test_a_pulse_reads_back_as_it_was() -> None:
    down = ChannelPulse(
        32,
        3,
        NOON,
        NOON + timedelta(seconds=8),
        "535",
        (RelayPulse("relay.example:587", in_use=False, rests=True),),
    )
    told = Pulse({"email": down}, -5.0, NOON, inherited=30, inherited_at=NOON)

    assert Pulse.from_json(told.to_json()) == told


async def test_a_working_sender_is_heard_of_and_names_the_channel_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.05)
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 5)
    async with SmtpDouble() as relay:
        hub = plans.hub_on(store, plans.config_for(tmp_path, email__port=relay.port))
        relay.on("mail", "530 5.7.0 Authentication required", times=None)
        await plans.plan(store, recipients=5, at=hub.clock.now())
        stopping = Stopping()
        channel = EmailChannel(hub.config.email, mode="Exercise", now=hub.clock.now)
        task = asyncio.create_task(worker.run(hub, {"email": channel}, stopping=stopping))

        async def is_told() -> bool:
            told = (await pulse(store)).channels.get("email")
            return told is not None and told.paused_since is not None

        await until(is_told)
        told = (await pulse(store)).channels["email"]
        stopping.drain.set()
        stopping.now.set()
        await task
    await store.close()

    assert told.lanes == 4
    assert told.code.startswith("530")
    assert told.paused_until is not None
    assert told.paused_until >= told.paused_since  # type: ignore[operator]


async def test_a_relay_that_is_away_counts_as_a_pause_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.05)
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 5)
    async with SmtpDouble() as relay:
        hub = plans.hub_on(store, plans.config_for(tmp_path, email__port=relay.port))
        relay.on("connect", Fault.CUT, times=None)
        await plans.plan(store, recipients=5, at=hub.clock.now())
        stopping = Stopping()
        channel = EmailChannel(hub.config.email, mode="Exercise", now=hub.clock.now)
        task = asyncio.create_task(worker.run(hub, {"email": channel}, stopping=stopping))

        async def is_told() -> bool:
            told = (await pulse(store)).channels.get("email")
            return told is not None and told.paused_since is not None

        await until(is_told)
        stopping.drain.set()
        stopping.now.set()
        await task
    await store.close()


def test_a_pulse_of_an_earlier_version_is_read_too() -> None:
    document = Pulse(stepped=-5.0, stepped_at=NOON).to_json()
    del document["inherited"], document["inherited_at"]

    assert Pulse.from_json(document) == Pulse(stepped=-5.0, stepped_at=NOON)


async def test_what_a_sender_that_died_left_in_doubt_is_told_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.05)
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 5)
    hub = plans.hub_on(store, plans.config_for(tmp_path))
    await plans.plan(store, recipients=5, at=hub.clock.now())
    dead = SqliteLedger(tmp_path / "univoque.db", lambda channel, address: address, "Exercise")
    await dead.enter("sender", at=hub.clock.now(), until=hub.clock.now(), repeats={})
    lease = await dead.lease("email", at=hub.clock.now())
    assert lease is not None
    intents = [Intent(item, 1, lane) for lane, item in enumerate(lease.items[:3])]
    await dead.turn(at=hub.clock.now(), settled=[], intents=intents)
    await dead.close()
    stopping = Stopping()

    task = asyncio.create_task(worker.run(hub, {}, stopping=stopping))

    async def is_told() -> bool:
        return (await pulse(store)).inherited_at is not None

    await until(is_told)
    told = await pulse(store)
    stopping.drain.set()
    stopping.now.set()
    await task
    await store.close()
    assert told.inherited == 3


async def test_a_clock_that_jumps_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.01)
    store = await plans.new_store(tmp_path / "univoque.db")
    ledger = SqliteLedger(tmp_path / "univoque.db", lambda channel, address: address, "Exercise")
    await ledger.enter("sender", at=NOON, until=NOON, repeats={})
    system = Clock(lambda: datetime.now(UTC))
    hub: Hub = plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: NOON))
    beating = heart.Heart(
        hub, ledger, Desk(ledger, hub.clock, {"email": math.inf}), {"email": 4}, lambda _: None, system
    )

    with capture_logs() as logs:
        task = asyncio.create_task(beating.beat())
        await asyncio.sleep(0.05)
        before = await pulse(store)
        system.offset = timedelta(hours=-1)
        await asyncio.sleep(0.1)
        after = await pulse(store)
        task.cancel()
        await asyncio.wait([task])

    await ledger.close()
    await store.close()
    assert (before.stepped, before.stepped_at) == (0.0, None)
    assert after.stepped == pytest.approx(-3600, abs=1)
    assert after.stepped_at == NOON
    assert [line["event"] for line in logs] == ["the clock of this machine jumped"]
