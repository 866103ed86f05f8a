"""Several senders, each a process of its own, on one PostgreSQL: one that dies is taken over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from hub import worker
from hub.errors import EnvironmentFailed
from hub.model.delivery import Outcome
from hub.sender import Stopping
from hub.store import deliveries, dispatches
from hub.store.engine import Store
from hub.store.tables import attempts, slots
from tests import plans
from tests.hub.mail import sending, until
from tests.processes import python
from tests.test_kill import LANES, arrivals, relay

if TYPE_CHECKING:
    from tests.postgres import Server

RECIPIENTS = 1_200

# The time-outs are short because a silent sender keeps its chunks for as long as one attempt may take.
SETTINGS = """
[service]
data_dir = "{folder}"
[database]
url = "{url}"
[email]
enabled = true
port = {port}
sink = true
security = "none"
lanes = {lanes}
command_timeout = 0.3
dot_timeout = 1.5
[sms]
timeout = 0.3
[delivery]
chunk = 50
[log]
level = "error"
"""


@pytest.fixture
async def store(lent: str) -> AsyncIterator[Store]:
    store = await plans.new_store(lent)
    await plans.people(store, RECIPIENTS)
    yield store
    await store.close()


def configure(folder: Path, store: Store, port: int) -> Path:
    file = folder / "config.toml"
    url = store.engine.url.render_as_string(hide_password=False)
    file.write_text(SETTINGS.format(folder=folder, url=url, port=port, lanes=LANES))
    return file


async def work(settings: Path, slot: str) -> asyncio.subprocess.Process:
    return await python(
        f"from pathlib import Path; from hub import app; app.work(Path({str(settings)!r}), {slot!r})"
    )


async def senders(store: Store) -> set[str]:
    """Who has begun to send."""
    async with store.read() as tx:
        return set((await tx.execute(select(attempts.c.owner).distinct())).scalars())


async def test_what_a_killed_sender_had_in_hand_is_taken_over_by_the_other(
    store: Store, tmp_path: Path
) -> None:
    dispatch = await plans.plan(store, recipients=RECIPIENTS, at=datetime.now(UTC), chunk=50)
    log = tmp_path / "relay.log"

    async def both() -> bool:
        return await senders(store) == {"one", "two"}

    async def finished() -> bool:
        async with store.read() as tx:
            return not await dispatches.unfinished(tx, dispatch)

    with relay(log, 0.02) as port:
        settings = configure(tmp_path, store, port)
        doomed, other = await work(settings, "one"), await work(settings, "two")
        await until(both, seconds=30)
        doomed.kill()
        await until(finished, seconds=60)
        other.terminate()
        await asyncio.gather(doomed.communicate(), other.communicate())

    copies = Counter(arrival.recipient for arrival in arrivals(log))
    async with store.read() as tx:
        assert await deliveries.counts(tx, dispatch) == {"email": {Outcome.ACCEPTED: RECIPIENTS}}
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
    assert len(copies) == RECIPIENTS
    repeated = {to for to, number in copies.items() if number > 1}
    assert repeated <= {f"person-{seq}@example.org" for seq in doubtful}
    assert 0 < len(doubtful) <= LANES
    assert other.returncode == 0


async def test_a_slot_that_has_a_sender_is_refused_to_another(store: Store, tmp_path: Path) -> None:
    hub = plans.hub_on(store, plans.config_for(tmp_path))
    stopping, at_work = Stopping(), asyncio.Event()
    first = asyncio.create_task(worker.run(hub, {}, slot="one", stopping=stopping, ready=at_work.set))
    await at_work.wait()

    with pytest.raises(EnvironmentFailed, match="A sender is at work in the slot 'one'"):
        await worker.run(hub, {}, slot="one")

    stopping.ask()
    await first


async def test_a_sender_takes_the_first_slot_of_its_machine_that_is_free(
    store: Store, tmp_path: Path
) -> None:
    hub = plans.hub_on(store, plans.config_for(tmp_path))
    stopping, at_work = Stopping(), asyncio.Semaphore(0)
    lives = [
        asyncio.create_task(worker.run(hub, {}, stopping=stopping, ready=at_work.release)) for _ in range(2)
    ]

    for _ in lives:
        await at_work.acquire()

    async with store.read() as tx:
        taken = set((await tx.execute(select(slots.c.slot))).scalars())
    stopping.ask()
    await asyncio.gather(*lives)
    assert taken == {f"{gethostname()}/1", f"{gethostname()}/2"}


async def test_a_server_that_is_restarted_in_mid_send_loses_nobody(
    own_postgres: "Server", tmp_path: Path
) -> None:
    store = await plans.new_store(own_postgres.url("postgres"))
    await plans.people(store, 400)
    dispatch = await plans.plan(store, recipients=400, at=datetime.now(UTC), chunk=50)
    log = tmp_path / "relay.log"

    async def all_accepted() -> bool:
        try:
            async with store.read() as tx:
                return await deliveries.counts(tx, dispatch) == {"email": {Outcome.ACCEPTED: 400}}
        except EnvironmentFailed:
            return False

    with relay(log, 0.02) as port:
        hub = plans.hub_on(store, plans.config_for(tmp_path, email__port=port, email__lanes=LANES))
        async with sending(hub):
            await until(lambda: _some(log), seconds=30)
            await asyncio.to_thread(own_postgres.restart_at_once)
            await until(all_accepted, seconds=60)

    copies = Counter(arrival.recipient for arrival in arrivals(log))
    async with store.read() as tx:
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
    assert len(copies) == 400
    assert sum(copies.values()) - 400 <= len(doubtful) <= LANES
    await store.close()


async def _some(log: Path) -> bool:
    return len(arrivals(log)) > 40
