"""Reports on their way to the ledger: all that came while the last commit ran share the next one."""

import asyncio
from typing import NamedTuple

from aiohttp import web

from hub.context import Hub
from hub.flow import record
from hub.flow.filtered import Filtered
from hub.flow.record import Report
from hub.store import deliveries, instance
from hub.store.deliveries import Try
from hub.store.instance import Instance

LARGEST = 500
"""How many reports share one commit: the sender must get its turn too."""


class _Waiting(NamedTuple):
    report: Report
    answer: asyncio.Future[bool]


class Reports:
    """Whoever hands in a report is answered when it is durable; a burst costs few commits."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._instance: Instance | None = None
        self._filtered = Filtered(hub)
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def attempt_named(self, attempt_id: str) -> Try | None:
        """The attempt that a callback's path names; None where this instance never gave out such an id."""
        if self._instance is None:
            async with self._hub.store.read() as tx:
                self._instance = await instance.get(tx)
        return deliveries.read_attempt_id(self._instance, attempt_id)

    async def record(self, report: Report) -> bool:
        """Whether the report told something new. Raises what the database raises; then nothing is noted."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(report, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await answer

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            try:
                news = await record.record_all(self._hub, [each.report for each in batch])
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait, and each raises it
                for each in batch:
                    if not each.answer.done():
                        each.answer.set_exception(error)
            else:
                for each, told in zip(batch, news, strict=True):
                    if not each.answer.done():  # who asked may have gone
                        each.answer.set_result(told)
                fresh = [each.report for each, told in zip(batch, news, strict=True) if told]
                await self._filtered.heed(fresh)


REPORTS = web.AppKey("reports", Reports)


async def close(app: web.Application) -> None:
    """Let what was handed in become durable before the server ends."""
    await app[REPORTS].close()
