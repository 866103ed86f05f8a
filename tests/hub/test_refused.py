"""A message that the far side refuses for what it says is stopped and shown once, and nobody is marked as failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from hub import worker
from hub.cli import progressing
from hub.context import Hub
from hub.flow import alarms, stop
from hub.flow.observe import Progress, Seen, observe
from hub.model.delivery import Outcome
from hub.sender import Stopping
from hub.store import deliveries, journal, stops
from tests import plans
from tests.doubles.twilio import Problem, TwilioDouble
from tests.hub.mail import House, opened, sending, until
from tests.hub.sms import channel

SPAM = "554 5.7.1 Content rejected"
EVERYWHERE = "d{}.example"
"""Each recipient has a domain of their own."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=400) as house:
        yield house


async def refused_for(hub: Hub) -> dict[str, str]:
    async with hub.store.read() as tx:
        return await stops.causes(tx)


async def stopped(house: House, scope: str) -> None:
    async def there() -> bool:
        return scope in await refused_for(house.hub())

    await until(there)


@pytest.mark.parametrize("phase", ["data", "dot"])
async def test_a_refused_content_stops_its_message_and_fails_nobody(house: House, phase: Any) -> None:
    dispatch = await house.plan(400, domain=EVERYWHERE)
    house.relay.on(phase, SPAM, times=None)
    hub = house.hub()

    with capture_logs() as logs:
        async with sending(hub):
            await stopped(house, f"email/{dispatch}")
            await asyncio.sleep(1.5)
            standing = await house.standing(dispatch)
            tried = len(house.relay.turned_away)
            house.relay.script.lines.clear()
            resumed = await stop.resume(hub, by="Olga", directive="d1")
            await house.until(dispatch, accepted=400)

    assert set(standing) == {Outcome.DEFERRED, Outcome.QUEUED}
    assert tried <= 3 + 4, "three in a row, and what the four lanes had under way"
    assert resumed
    assert [line["code"] for line in logs if line["log_level"] == "error"] == ["554 5.7.1"]
    assert all(line["event"] != "the far side takes nothing" for line in logs)  # it takes all else


async def test_what_the_same_relay_takes_goes_on_meanwhile(house: House) -> None:
    house.relay.on("dot", SPAM, times=8)
    refused = await house.plan(100, domain=EVERYWHERE)
    async with sending(house.hub(email__lanes=1)):
        await stopped(house, f"email/{refused}")
        other = await house.plan(60, directive="d2")
        await house.until(other, accepted=60)
        standing = await house.standing(refused)

    assert standing[Outcome.QUEUED] > 90


async def test_a_refusal_that_only_some_meet_is_theirs(house: House) -> None:
    dispatch = await house.plan(100, domain=EVERYWHERE)
    for seq in range(5, 100, 10):
        house.relay.on("dot", SPAM, to=f"person-{seq}@d{seq}.example", times=None)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=90, refused=10)

    assert await refused_for(house.hub()) == {}


async def test_a_domain_that_refuses_what_others_take_stops_nobody_else(house: House) -> None:
    strict = [seq for seq in range(1, 61) if seq % 2]
    dispatch = await house.plan(60)
    for seq in strict:
        house.relay.on("dot", "550 5.7.26 Fails DMARC", to=f"person-{seq}@example.org", times=None)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=30, refused=30)

    assert await refused_for(house.hub()) == {}


async def test_mailboxes_that_refuse_after_the_dot_are_each_their_own(house: House) -> None:
    dispatch = await house.plan(60, domain=EVERYWHERE)
    house.relay.on("dot", "552 5.2.2 Mailbox full", times=None)

    async with sending(house.hub()):
        await house.until(dispatch, refused=60)


async def test_a_relay_that_begins_to_refuse_in_the_middle_fails_nobody(house: House) -> None:
    dispatch = await house.plan(400, domain=EVERYWHERE)
    house.relay.on("dot", SPAM, after=200, times=None)
    hub = house.hub(delivery__first_retry=5)

    async with sending(hub):
        await stopped(house, f"email/{dispatch}")
        await asyncio.sleep(0.5)
        standing = await house.standing(dispatch)
        tried = len(house.relay.turned_away)

    assert set(standing) == {Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.QUEUED}
    assert standing[Outcome.ACCEPTED] == 200
    assert 30 <= tried <= 30 + 4


async def test_a_message_to_one_person_stops_when_it_is_refused_again(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("dot", SPAM, times=None)

    async with sending(house.hub()):
        await stopped(house, f"email/{dispatch}")
        standing = await house.standing(dispatch)

    assert standing == {Outcome.DEFERRED: 1}
    assert len(house.relay.turned_away) == 2


async def test_resumed_without_a_remedy_it_stops_again_after_a_few(house: House) -> None:
    dispatch = await house.plan(200, domain=EVERYWHERE)
    house.relay.on("dot", SPAM, times=None)
    hub = house.hub()

    async with sending(hub):
        await stopped(house, f"email/{dispatch}")
        await asyncio.sleep(1.2)
        await stop.resume(hub, by="Olga", directive="d1")
        await stopped(house, f"email/{dispatch}")
        await asyncio.sleep(0.5)
        standing = await house.standing(dispatch)

    assert set(standing) == {Outcome.DEFERRED, Outcome.QUEUED}
    assert len(house.relay.turned_away) <= 2 * 7
    async with house.store.read() as tx:
        told = [entry.action async for entry in journal.entries(tx)]
    assert told == ["message refused", "resumed", "message refused"]


async def test_where_no_row_is_counted_each_refusal_is_its_recipients(house: House) -> None:
    dispatch = await house.plan(20, domain=EVERYWHERE)
    house.relay.on("dot", SPAM, times=None)

    async with sending(house.hub(delivery__refused_in_a_row=0)):
        await house.until(dispatch, refused=20)


async def test_what_is_cancelled_leaves_no_stop_behind(house: House) -> None:
    dispatch = await house.plan(100, domain=EVERYWHERE)
    house.relay.on("dot", SPAM, times=None)
    hub = house.hub()

    async with sending(hub):
        await stopped(house, f"email/{dispatch}")
        await stop.cancel(hub, by="Olga", directive="d1")
        await house.until(dispatch, cancelled=100)

    assert await refused_for(hub) == {}


async def look(house: House) -> tuple[Seen, Progress]:
    seen = await observe(house.hub())
    return seen, seen.progress[0]


async def test_it_is_an_alarm_at_once_and_only_one(house: House) -> None:
    await house.plan(100, domain=EVERYWHERE)
    house.relay.on("dot", SPAM, times=None)
    hub = house.hub(alarms__unsent_immediate=0.01, alarms__stopped=0.01)

    async with sending(hub):
        await until(lambda: _any(hub))
        seen, progress = await look(house)

    (alarm,) = found = alarms.raised(seen, hub.config.alarms)
    assert progress.refused == "554 5.7.1"
    assert progressing.pace(progress, seen.at).startswith("stopped; ")
    assert [line for line in progressing.lines(seen, found) if line.startswith("!")] == [
        f"! {alarm.finding}: {alarm.remedy}."
    ]
    assert alarm.name == "refused"
    assert "d1 by email" in alarm.finding
    assert "554 5.7.1" in alarm.finding
    assert "univoque resume ID" in alarm.remedy


async def _any(hub: Hub) -> bool:
    return bool(await refused_for(hub))


@asynccontextmanager
async def by_sms(folder: Path, provider: TwilioDouble) -> AsyncIterator[tuple[Hub, int]]:
    """A sender of SMS at work on a message to fifty people."""
    store = await plans.new_store(folder / "univoque.db")
    await plans.people(store, 50)
    settings = plans.config_for(
        folder,
        sms__enabled="true",
        sms__base_url=provider.url,
        sms__account_sid=provider.account_sid,
        sms__auth_token=provider.token,
        sms__sender="+32470000000",
        sms__lanes=2,
    )
    hub = plans.hub_on(store, settings)
    dispatch = await plans.plan(store, recipients=50, channel="sms", at=hub.clock.now())
    async with aiohttp.ClientSession() as session:
        sms = channel(hub, session)
        stopping = Stopping()
        task = asyncio.create_task(worker.run(hub, {"sms": sms}, stopping=stopping, random=Random(1)))
        try:
            yield hub, dispatch
        finally:
            stopping.drain.set()
            await task
    await store.close()


async def standing_of(hub: Hub, dispatch: int) -> dict[Outcome, int]:
    async with hub.store.read() as tx:
        return dict((await deliveries.counts(tx, dispatch)).get("sms", {}))


@pytest.mark.parametrize(
    "problem",
    [Problem(400, 21617), Problem(400, 21660), Problem(400, 21408), Problem(413)],
    ids=["too long", "a code of the account's", "a country not allowed", "a proxy's"],
)
async def test_what_the_provider_refuses_everybody_stops_its_sms(tmp_path: Path, problem: Problem) -> None:
    async with TwilioDouble() as provider:
        provider.next(*[problem] * 50)
        async with by_sms(tmp_path, provider) as (hub, dispatch):
            await until(lambda: _any(hub))
            await asyncio.sleep(0.5)
            refused, standing = await refused_for(hub), await standing_of(hub, dispatch)

        assert refused == {f"sms/{dispatch}": str(problem.code or problem.status)}
        assert set(standing) == {Outcome.DEFERRED, Outcome.QUEUED}
        assert provider.requests <= 3 + 2


async def test_who_alone_is_refused_with_an_unknown_code_is_refused(tmp_path: Path) -> None:
    async with TwilioDouble() as provider:
        provider.on("+32470000020", Problem(400, 99999), times=9)
        async with by_sms(tmp_path, provider) as (hub, dispatch):

            async def all_but_one() -> bool:
                found = await standing_of(hub, dispatch)
                return found.get(Outcome.REFUSED) == 1 and found[Outcome.ACCEPTED] == 49

            await until(all_but_one)

        assert provider.asked("+32470000020") == 2
