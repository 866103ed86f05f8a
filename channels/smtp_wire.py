"""The line to a relay once it is open: bytes out, whole replies in, and a limit on every silence."""

import asyncio
import socket
from typing import Any

_LONGEST_REPLY = 64 * 1024
_LONGEST_PAUSE = 10.0
"""Seconds for which the far side is kept waiting for what was announced to it."""

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux only: acknowledge at once what was read."""


class Lost(Exception):
    """The line broke, stayed silent too long or spoke no SMTP; `code` says which, `replies` what came before."""

    def __init__(self, code: str, replies: list[bytes] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.replies = replies or []


class Closed(Lost):
    """The line was at its end before anything was said."""


class Wire(asyncio.Protocol):
    """Takes a connection over from whoever opened it; one exchange at a time.

    There is one timer per line, not per reply: it looks again when the silence allowed at that moment may be over.
    It limits our own silence, too, while the far side waits for what was announced to it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._socket: Any = transport.get_extra_info("socket")
        self._rest = b""
        self._continued: list[bytes] = []
        self._replies: list[bytes] = []
        self._wanted = 0
        self._owed = 0
        self._waiter: asyncio.Future[list[bytes]] | None = None
        self._broken = "connection-lost" if transport.is_closing() else ""
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, and nothing came that nobody asked for: that is a goodbye."""
        return not (self._broken or len(self._replies) > self._owed or self._transport.is_closing())

    @property
    def unsent(self) -> int:
        """Bytes written that have not left this process; what was written last is among them."""
        return self._transport.get_write_buffer_size()

    def exchange(
        self, data: bytes, replies: int, within: float, *, owed: int = 0
    ) -> asyncio.Future[list[bytes]]:
        """Write the bytes; to await are so many replies, lines joined by line feeds. Raises Closed, and then Lost.

        Those `owed` come after them, and are left for `rest`; the line closes when nobody asks for them for long.
        """
        if not self.is_open:
            raise Closed(self._broken or "connection-lost")
        self._owed = owed
        self._transport.write(data)
        return self._expect(replies, within)

    async def rest(self, within: float) -> list[bytes]:
        """The replies that are owed; at once where they are here. Raises Lost."""
        wanted, self._owed = self._owed, 0
        if self._broken:
            raise Lost(self._broken, self._replies)
        if len(self._replies) >= wanted:
            return self._take(wanted)
        return await self._expect(wanted, within)

    def is_welcome(self, codes: list[bytes]) -> bool:
        """Whether the replies that are owed are here and have these codes; then they are taken."""
        if self._broken or [reply[:3] for reply in self._replies] != codes:
            return False
        self._owed = 0
        self._replies = []
        return True

    def close(self) -> None:
        """Close when all that was written has left."""
        self._broken = self._broken or "connection-lost"
        self._stop_timer()
        self._transport.close()

    def drop(self) -> None:
        """Close without a word; the other side may not be listening."""
        self._broken = self._broken or "connection-lost"
        self._stop_timer()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if not self._continued and b"-" not in data:
            self._replies += lines  # each is a whole reply
        else:
            self._gather(lines)
        if len(self._rest) + sum(map(len, self._continued)) > _LONGEST_REPLY:
            self._break("garbled-reply")
            return
        if self._owed and len(self._replies) < self._wanted + self._owed:
            self._acknowledge()
        if self._waiter is not None and len(self._replies) >= self._wanted and not self._waiter.done():
            self._waiter.set_result(self._take(self._wanted))
            self._wanted = 0
            if self._owed:
                self._allow(_LONGEST_PAUSE)

    def eof_received(self) -> bool:
        self._break("connection-lost")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._break("connection-lost")
        self._stop_timer()

    def _gather(self, lines: list[bytes]) -> None:
        """Put together the lines of replies that have several (RFC 5321 §4.2.1)."""
        for line in lines:
            if line[3:4] == b"-":
                self._continued.append(line)
            elif self._continued:
                self._replies.append(b"\n".join([*self._continued, line]))
                self._continued.clear()
            else:
                self._replies.append(line)

    def _expect(self, replies: int, within: float) -> asyncio.Future[list[bytes]]:
        """So many replies, once they are here."""
        self._wanted = replies
        self._waiter = self._loop.create_future()
        self._allow(within)
        return self._waiter

    def _take(self, replies: int) -> list[bytes]:
        taken, self._replies = self._replies[:replies], self._replies[replies:]
        return taken

    def _allow(self, seconds: float) -> None:
        """Let this silence last so long from now."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()

    def _acknowledge(self) -> None:
        """Else the far side's kernel keeps the replies still to come until ours acknowledges, 40 ms later.

        That is Nagle's algorithm (RFC 896) against delayed acknowledgements (RFC 9293 §3.8.6.3).
        """
        if _QUICKACK is not None and self._socket is not None:
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError:
                # The system knows the option and refuses it: that is slower, and no reason to lose a reply.
                self._socket = None

    def _break(self, code: str) -> None:
        self._broken = self._broken or code
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost(code, self._replies))

    def _on_timer(self) -> None:
        self._timer = None
        idle = self._waiter is None or self._waiter.done()
        if idle and not self._owed:
            return  # the next exchange sets it again
        if self._loop.time() < self._deadline:
            self._set_timer()
        elif idle:
            self.drop()
        else:
            self._break("timeout")

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
