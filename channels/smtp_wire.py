"""The line to a relay once it is open: bytes out, whole replies in, and a limit on every silence."""

import asyncio
from typing import NamedTuple, cast

_LONGEST_REPLY = 64 * 1024


class Lost(Exception):
    """The line broke, stayed silent too long or spoke no SMTP; `code` says which, `replies` what came before."""

    def __init__(self, code: str, replies: list[bytes] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.replies = replies or []


Codes = tuple[bytes, ...]
"""Replies that are welcome, by their three digits."""


class Further(NamedTuple):
    """What is written at once when each reply is one of the `codes` for it, without waking anybody.

    It has one reply.
    """

    data: bytes
    within: float
    codes: tuple[Codes, ...]


def all_welcome(replies: list[bytes], codes: tuple[Codes, ...]) -> bool:
    """Whether there is a reply for each of the codes, none more, and each is one that is welcome."""
    alike = len(replies) == len(codes)
    return alike and all([reply[:3] in welcome for reply, welcome in zip(replies, codes, strict=True)])


class Wire(asyncio.Protocol):
    """Takes a connection over from whoever opened it; one exchange at a time.

    There is one timer per line, not per reply: it looks again when the silence allowed at that moment may be over.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._rest = b""
        self._continued: list[bytes] = []
        self._replies: list[bytes] = []
        self._wanted = 0
        self._further: Further | None = None
        self._waiter: asyncio.Future[list[bytes]] | None = None
        self._broken = "connection-lost" if transport.is_closing() else ""
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, and nothing came that nobody asked for: that is a goodbye."""
        return not (self._broken or self._replies or self._transport.is_closing())

    @property
    def unsent(self) -> int:
        """Bytes written that have not left this process; what was written last is among them."""
        return self._transport.get_write_buffer_size()

    async def exchange(
        self, data: bytes, replies: int, within: float, *, further: Further | None = None
    ) -> list[bytes]:
        """Write the bytes, then wait for so many replies, lines joined by line feeds. Raises Lost.

        What is `further` to be said follows when they are welcome; there is one reply more then.
        """
        if not self.is_open:
            raise Lost(self._broken or "connection-lost")
        self._transport.write(data)
        self._wanted, self._further = replies, further
        waiter = self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + within
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        try:
            return cast(list[bytes], await waiter)
        finally:
            self._waiter = None

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
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line[3:4] == b"-":
                self._continued.append(line)
            elif self._continued:
                self._replies.append(b"\n".join([*self._continued, line]))
                self._continued.clear()
            else:
                self._replies.append(line)
        if len(self._rest) + sum(map(len, self._continued)) > _LONGEST_REPLY:
            self._break("garbled-reply")
        elif self._waiter is not None and len(self._replies) >= self._wanted and not self._waiter.done():
            self._go_on(self._waiter)

    def eof_received(self) -> bool:
        self._break("connection-lost")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._break("connection-lost")
        self._stop_timer()

    def _go_on(self, waiter: asyncio.Future[list[bytes]]) -> None:
        further, self._further = self._further, None
        if further is not None and all_welcome(self._replies, further.codes):
            self._transport.write(further.data)
            self._wanted += 1
            self._deadline = self._loop.time() + further.within
            return
        taken, self._replies = self._replies[: self._wanted], self._replies[self._wanted :]
        waiter.set_result(taken)

    def _break(self, code: str) -> None:
        self._broken = self._broken or code
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Lost(code, self._replies))

    def _on_timer(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return  # the next exchange sets it again
        if self._loop.time() >= self._deadline:
            self._break("timeout")
        else:
            self._set_timer()

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
