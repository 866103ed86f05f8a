"""A sender of SMS at work: a real database, the provider's double, and waits short enough for a test."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import aiohttp

from channels.sms import SmsChannel
from hub import worker
from hub.context import Hub
from hub.flow import spend
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.sender import Stopping
from hub.store import deliveries, spending
from hub.store.engine import open_store
from hub.store.spending import Spent
from tests import a, plans
from tests.doubles.twilio import TwilioDouble

PRICE = 0.05


def channel(hub: Hub, session: aiohttp.ClientSession) -> SmsChannel:
    """The SMS channel of a hub's settings, in an exercise."""
    return SmsChannel(
        hub.config.sms,
        mode="Exercise",
        now=hub.clock.now,
        site_url="https://univoque.example",
        session=session,
    )


@dataclass(slots=True)
class House:
    """A hub with people and a provider."""

    hub: Hub
    provider: TwilioDouble

    async def plan(self, recipients: int, directive: str = "d1", **how: object) -> int:
        now = self.hub.clock.now()
        return await plans.plan(
            self.hub.store,
            recipients=recipients,
            directive=directive,
            channel="sms",
            at=now,
            **how,  # type: ignore[arg-type]
        )

    @asynccontextmanager
    async def sending(self, slot: str | None = None) -> AsyncIterator[None]:
        """A sender at work, with connections of its own to the database; drained at the end."""
        stopping = Stopping()
        store = open_store(plans.address(self.hub.store)) if slot else self.hub.store
        hub = replace(self.hub, store=store)
        async with aiohttp.ClientSession() as session:
            sms = channel(hub, session)
            task = asyncio.create_task(
                worker.run(hub, {"sms": sms}, stopping=stopping, random=Random(1), slot=slot)
            )
            try:
                yield
            finally:
                stopping.drain.set()
                await task
                if slot:
                    await store.close()

    async def standing(self, dispatch: int) -> dict[Outcome, int]:
        async with self.hub.store.read() as tx:
            return dict((await deliveries.counts(tx, dispatch)).get("sms", {}))

    async def until(self, dispatch: int, **wanted: int) -> None:
        """Wait until at least so many deliveries stand at each outcome."""
        async with asyncio.timeout(60):  # a channel that paused on a busy machine rests longer each time
            while True:
                found = await self.standing(dispatch)
                if all(found.get(Outcome(name), 0) >= number for name, number in wanted.items()):
                    return
                await asyncio.sleep(0.02)

    async def spent(self, scope: str) -> Spent:
        async with self.hub.store.read() as tx:
            return await spending.get(tx, scope)

    def copies(self) -> Counter[int]:
        """How many numbers got how many copies."""
        return Counter(Counter(sms.to for sms in self.provider.messages).values())

    @property
    def day(self) -> str:
        return spending.of_day(spend.today(self.hub))


@asynccontextmanager
async def opened(
    folder: Path, *, clock: Clock | None = None, database: str = "", **settings: object
) -> AsyncIterator[House]:
    """`database` is its URL; empty for SQLite in the folder."""
    async with TwilioDouble() as provider:
        config = plans.config_for(
            folder,
            **{
                "database__url": database,
                "sms__base_url": provider.url,
                "sms__account_sid": provider.account_sid,
                "sms__auth_token": provider.token,
                "sms__sender": "+32470000000",
                "sms__cost_per_segment": PRICE,
                "sms__segments_per_second": 1000,
                "sms__lanes": 4,
                **settings,
            },
        )
        store = await plans.new_store(database or folder / "univoque.db")
        await plans.people(store, 200)
        yield House(Hub(config, store, a.REGISTER, a.WORDING, clock or Clock()), provider)
        await store.close()
