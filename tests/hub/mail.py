"""A sender of e-mail at work: a real database, and a relay's double to send to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from channels.smtp import EmailChannel
from hub import worker
from hub.context import Hub
from hub.model.delivery import Outcome
from hub.sender import Stopping
from hub.store import deliveries
from hub.store.engine import Store
from tests import plans
from tests.doubles.smtp import SmtpDouble

Standing = dict[Outcome, int]


@dataclass(slots=True)
class House:
    """A store with people in it, and a relay to send to."""

    store: Store
    relay: SmtpDouble
    folder: Path

    def hub(self, **settings: object) -> Hub:
        given = {"email__port": self.relay.port, **settings}
        return plans.hub_on(self.store, plans.config_for(self.folder, **given))

    async def plan(self, recipients: int, **how: object) -> int:
        now = self.hub().clock.now()
        return await plans.plan(self.store, recipients=recipients, at=now, **how)  # type: ignore[arg-type]

    async def standing(self, dispatch: int) -> Standing:
        async with self.store.read() as tx:
            return dict((await deliveries.counts(tx, dispatch)).get("email", {}))

    async def until(self, dispatch: int, **wanted: int) -> None:
        """Wait until so many deliveries stand at each outcome."""
        sought = {Outcome(name): number for name, number in wanted.items()}

        async def there() -> bool:
            return await self.standing(dispatch) == sought

        await until(there)

    async def has(self, dispatch: int, outcome: Outcome) -> bool:
        return outcome in await self.standing(dispatch)

    async def has_sent(self, number: int) -> bool:
        return len(self.relay.messages) >= number

    def recipients(self) -> list[str]:
        return sorted(message.recipient for message in self.relay.messages)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.02)


@asynccontextmanager
async def sending(hub: Hub, *, slot: str | None = None) -> AsyncIterator[Stopping]:
    """A sender at work; drained at the end."""
    stopping = Stopping()
    channel = EmailChannel(hub.config.email, mode=hub.config.service.mode, now=hub.clock.now)
    task = asyncio.create_task(
        worker.run(hub, {"email": channel}, stopping=stopping, random=Random(1), slot=slot)
    )
    try:
        yield stopping
    finally:
        stopping.drain.set()
        await task


@asynccontextmanager
async def opened(folder: Path, *, people: int = 60) -> AsyncIterator[House]:
    store = await plans.new_store(folder / "univoque.db")
    await plans.people(store, people)
    async with SmtpDouble() as relay:
        yield House(store, relay, folder)
        assert relay.out_of_place == []
    await store.close()
