"""Notes addresses that a relay or provider rules out: those of all lanes that wait, in one transaction."""

import asyncio

import structlog

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.queue.contract import Item
from hub.store import suppressions

log = structlog.get_logger(__name__)

_NOT_NOTED = "refused addresses were not noted"


class Suppressor:
    """Of one channel. A lane waits until its note is durable: its outcome follows it, so a crash loses no note."""

    def __init__(self, hub: Hub, channel: str) -> None:
        self._hub = hub
        self._channel = channel
        self._waiting: dict[tuple[str, str], str] = {}
        self._writing = asyncio.Lock()

    async def note(self, item: Item, code: str) -> None:
        """Note the address of an item with the far side's code; whoever comes first writes for all who wait."""
        mine = (self._channel, item.address)
        self._waiting[mine] = code
        async with self._writing:
            if mine in self._waiting:
                await self._write()

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, {}
        try:
            async with self._hub.store.write_beside() as tx:
                await suppressions.add_all(tx, batch, at=self._hub.clock.now())
        except EnvironmentFailed as error:
            # The outcomes stand; the next refusals note them again.
            log.warning(_NOT_NOTED, channel=self._channel, addresses=len(batch), reason=error.said)
        except Exception:
            log.exception(_NOT_NOTED, channel=self._channel, addresses=len(batch))
        except BaseException:
            self._waiting = batch | self._waiting  # called off in the midst: the next one writes for all
            raise
