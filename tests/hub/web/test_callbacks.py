"""Reports in every order, many times over, through the real hook: each delivery ends where it must."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestServer
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from hub.context import Hub
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.store import deliveries, instance
from hub.store.deliveries import Told, Try
from hub.store.tables import attempts
from hub.web.server import application
from tests import a, plans
from tests.plans import NOON

TOKEN = "token"
FATES = {
    Outcome.DELIVERED: ("accepted", "queued", "sent", "delivered"),
    Outcome.BOUNCED: ("queued", "sent", "undelivered"),
    Outcome.ACCEPTED: ("queued", "sending", "sent"),
}


@dataclass(frozen=True, slots=True)
class Callback:
    """One report as the provider posts it."""

    made: Try
    status: str


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to a delivery, and where it must end."""

    past: tuple[Told, ...]
    told: tuple[Callback, ...]
    end: Outcome


def stories(dispatch: int, number: int, random: Random) -> Iterator[Story]:
    """One try, or two where the first fell into doubt and was repeated; our own receipt is there, or was lost."""
    fates = list(FATES)
    for seq in range(1, number + 1):
        tries = [random.choice(fates) for _ in range(random.choices((1, 2), (4, 1))[0])]
        past: list[Told] = []
        for attempt, _ in enumerate(tries, 1):
            made = Try(dispatch, seq, attempt)
            past.append(Told(made, Outcome.ATTEMPTING, "", ""))
            if attempt < len(tries):
                past.append(Told(made, Outcome.UNCERTAIN, "timeout", ""))
        receipt = random.choice([None, Outcome.ACCEPTED, Outcome.UNCERTAIN])
        if receipt:
            past.append(
                Told(Try(dispatch, seq, len(tries)), receipt, "", "SM" if receipt == "accepted" else "")
            )
        told = [
            Callback(Try(dispatch, seq, attempt), status)
            for attempt, fate in enumerate(tries, 1)
            for status in FATES[fate]
        ]
        end = Outcome.DELIVERED if Outcome.DELIVERED in tries else tries[-1]
        yield Story(tuple(past), tuple(told), end)


async def run(tmp_path: Path, number: int, callbacks: int, random: Random) -> tuple[int, list[float], Hub]:
    """Post that many callbacks; how many deliveries end wrongly, how long each took, and the hub."""
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, number)
    dispatch = await plans.plan(store, recipients=number, channel="sms")
    config = plans.config_for(tmp_path, sms__auth_token=TOKEN, service__base_url="https://univoque.example")
    hub = Hub(config, store, a.REGISTER, a.WORDING, Clock())
    all_ = list(stories(dispatch, number, random))
    async with store.write() as tx:
        await deliveries.append_reports(tx, [told for story in all_ for told in story.past], at=NOON)
        who = await instance.get(tx)
    told = [callback for story in all_ for callback in story.told]
    assert len(told) <= callbacks
    told += random.choices(told, k=callbacks - len(told))
    random.shuffle(told)
    waiting, took = iter(told), list[float]()
    validator, statuses = RequestValidator(TOKEN), Counter[int]()

    async def provider(client: aiohttp.ClientSession, server: BaseTestServer) -> None:
        for callback in waiting:
            path = f"/hooks/twilio/status/{deliveries.attempt_id(who, callback.made)}"
            form = {"MessageSid": f"SM{callback.made.seq}", "MessageStatus": callback.status}
            signature = validator.compute_signature(f"https://univoque.example{path}", form)
            start = time.perf_counter()
            async with client.post(
                server.make_url(path), data=form, headers={"X-Twilio-Signature": signature}
            ) as answer:
                statuses[answer.status] += 1
            took.append(time.perf_counter() - start)

    async with (
        TestServer(application(hub)) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(64):
            group.create_task(provider(client, server))
    assert statuses == {204: callbacks}
    async with store.read() as tx:
        keys = {(dispatch, seq) for seq in range(1, number + 1)}
        found = await deliveries.latest(tx, keys)
    wrong = sum(found[dispatch, seq].outcome != story.end for seq, story in enumerate(all_, 1))
    return wrong, sorted(took), hub


async def test_two_thousand_callbacks_end_where_they_must(tmp_path: Path) -> None:
    wrong, _, hub = await run(tmp_path, number=300, callbacks=2_000, random=Random(1))

    async with hub.store.read() as tx:
        repeated = (
            select(attempts.c.seq)
            .where(attempts.c.owner == "report", attempts.c.outcome == "delivered")
            .group_by(attempts.c.seq)
            .having(func.count() > 1)
        )
        twice = (await tx.execute(repeated)).all()
    await hub.store.close()
    assert wrong == 0
    assert twice == []


@pytest.mark.prove
async def test_a_hundred_thousand_callbacks_end_where_they_must(tmp_path: Path) -> None:
    start = time.perf_counter()

    wrong, took, hub = await run(tmp_path, number=20_000, callbacks=100_000, random=Random(2))

    seconds = time.perf_counter() - start
    await hub.store.close()
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    print(  # noqa: T201 - a proof says what it counted
        f"\n100,000 callbacks on 20,000 deliveries in random order, 64 at once: {wrong} in a wrong state, "
        f"{len(took) / seconds:,.0f} a second, answered durably in {p50:.0f} ms (median), {p99:.0f} ms (p99), "
        f"{took[-1] * 1000:.0f} ms at most"
    )
    assert wrong == 0
