"""A wire to PostgreSQL that breaks on command: before a question gets through, or before its answer does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Wire:
    """Carries octets between a loopback port and the server's socket."""

    socket: Path
    port: int = 0
    deserted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while everybody who was connected has gone."""
    _loses: bool = False
    _swallows: bool = False
    _unheard: bytes = b""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def cut(self) -> None:
        """Break all connections; both ends notice at once."""
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    def lose_the_next_question(self) -> None:
        """Break when something is said next; it never arrives."""
        self._loses = True

    def swallow_the_next_answer(self) -> None:
        """Let the next question through; its answer, and what the server commits with it, nobody hears of."""
        self._swallows = True

    def keep_back(self, words: bytes) -> asyncio.Event:
        """Let no question with these words through, and break nothing; set when the first one has come."""
        self._unheard = words
        return self._arrived

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(str(self.socket))
        pair = {writer, server_writer}
        self._open |= pair
        self.deserted.clear()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, server_writer))
                group.create_task(self._down(server_reader, writer))
        except* (ConnectionError, EOFError):
            pass
        finally:
            self._open -= pair
            for one in pair:
                one.transport.abort()
            if not self._open:
                self.deserted.set()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65536):
            if self._loses:
                self._loses = False
                raise EOFError
            if self._unheard and self._unheard in octets:
                self._arrived.set()
                continue
            writer.write(octets)
            await writer.drain()
        raise EOFError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65536):
            if self._swallows:
                await asyncio.sleep(0.2)  # whatever the server does about the question is done by then
                self._swallows = False
                raise EOFError
            writer.write(octets)
            await writer.drain()
        raise EOFError


@asynccontextmanager
async def wire(socket: Path) -> AsyncIterator[Wire]:
    """A wire to the server that listens on `socket`."""
    found = Wire(socket)
    server = await asyncio.start_server(found.carry, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await found.cut()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 2)
