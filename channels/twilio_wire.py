"""POST to the SMS provider over a kept HTTP/1.1 connection: a head made once, form octets, an answer read once."""

import asyncio
import contextlib
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from urllib.parse import quote, urlsplit

from channels.contract import Unavailable, Uncertain, WrongSettings

# Younger than the far side's patience: on a connection that it just closed a request would be lost in a way
# that nobody can tell from "accepted".
_KEPT = 10.0
_LONGEST_ANSWER = 1 << 20
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, how long to wait where it says so, the body."""

    status: int
    retry_after: timedelta | None
    body: bytes


class Endpoint:
    """Where forms go: address, TLS, and the head that all requests share. Raises WrongSettings."""

    def __init__(self, base_url: str, path: str, *, login: tuple[str, str], timeout: timedelta) -> None:
        try:
            parts = urlsplit(base_url.rstrip("/"))
            self.host = parts.hostname or ""
            self.tls = ssl.create_default_context() if parts.scheme == "https" else None
            self.port = parts.port or (443 if self.tls else 80)
            where = f"[{self.host}]" if ":" in self.host else self.host
            authority = where if parts.port is None else f"{where}:{parts.port}"
            target = quote(parts.path + path, safe="/%")
            basic = b64encode(":".join(login).encode()).decode("ascii")
            self.head = (
                f"POST {target} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Basic {basic}\r\n"
                "User-Agent: univoque\r\nAccept: application/json\r\nAccept-Charset: utf-8\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
            ).encode("ascii")
        except ValueError as error:
            raise WrongSettings(f"sms.base_url: {base_url!r} is no http or https address") from error
        self.timeout = timeout.total_seconds()


class Wire:
    """One connection to an endpoint, opened when needed; one request at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._exchange: _Exchange | None = None

    async def ready(self) -> None:
        """Connect, unless it is. Raises Unavailable."""
        await self._open()

    async def post(self, form: bytes) -> Answer:
        """Send a form, read the answer. Raises Unavailable if it never left, Uncertain if no answer came."""
        exchange = await self._open()
        # "from None" throughout: what lies below may hold the number, and a trace would log it.
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                return await exchange.ask(b"%b%d\r\n\r\n%b" % (self._endpoint.head, len(form), form))
        except TimeoutError:
            self.close()
            raise Uncertain("timeout", "after the request had left, before its answer") from None
        except _Broken as error:
            self.close()
            raise Uncertain(error.code, "after the request had left, before its answer") from None
        except asyncio.CancelledError:
            self.close()  # an answer that comes now belongs to nobody
            raise

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._exchange is not None:
            self._exchange.abort()
            self._exchange = None

    async def _open(self) -> "_Exchange":
        exchange, loop = self._exchange, asyncio.get_running_loop()
        if exchange is not None and exchange.usable(loop.time()):
            return exchange
        self.close()
        to = self._endpoint
        try:
            # Half the time for connecting, as long as nothing has left.
            async with asyncio.timeout(to.timeout / 2):
                name = to.host if to.tls else None
                _, exchange = await loop.create_connection(
                    _Exchange, to.host, to.port, ssl=to.tls, server_hostname=name
                )
        except ssl.SSLError as error:
            detail = f"no secure connection to the provider: {type(error).__name__}; look into sms.base_url"
            raise Unavailable("tls", detail, counts=False, channel_wide=True) from None
        except (OSError, TimeoutError) as error:
            raise Unavailable("connect", f"no connection: {type(error).__name__}", counts=False) from None
        self._exchange = exchange
        return exchange


class _Broken(Exception):
    """The answer did not come, or was none; `code` is our word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Exchange(asyncio.Protocol):
    """The octets of one connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._idle_since = 0.0

    def usable(self, now: float) -> bool:
        """Whether it may still carry a request."""
        open_ = self._transport is not None and not self._transport.is_closing()
        return open_ and now - self._idle_since < _KEPT

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._idle_since = loop.time()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._idle_since = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # nobody asked: a farewell such as 408
            return
        self._received += data
        if len(self._received) > _LONGEST_ANSWER:
            self._fail("garbled-answer")
            return
        self._read(ended=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._read(ended=exc is None)
        self._fail("connection-lost")

    def _read(self, *, ended: bool) -> None:
        """Take an answer from what has come; `ended` says that no more will."""
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            head = bytes(self._received[: end + 2])
            status = _STATUS.match(head)
            if status is None:
                self._fail("garbled-answer")
                return
            if status[1][:1] == b"1":  # RFC 9110 §15.2: an interim answer; the real one follows
                del self._received[: end + 4]
                continue
            body = _body(head, self._received, end + 4, ended=ended)
            if body is not None:
                self._finish(int(status[1]), head, body)
            return

    def _finish(self, status: int, head: bytes, body: bytes) -> None:
        self._received.clear()
        if _CLOSES.search(head):
            self.abort()
        wait = _RETRY_AFTER.search(head) if status >= 300 else None
        if self._answer is not None and not self._answer.done():
            retry_after = timedelta(seconds=int(wait[1])) if wait else None
            self._answer.set_result(Answer(status, retry_after, body))

    def _fail(self, code: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(_Broken(code))
        self.abort()


def _body(head: bytes, received: bytearray, start: int, *, ended: bool) -> bytes | None:
    """The body after `start` once it is complete (RFC 9112 §6.3)."""
    if _CHUNKED.search(head):
        return _unchunked(received, start)
    length = _LENGTH.search(head)
    if length is None:
        return bytes(received[start:]) if ended else None
    end = start + int(length[1])
    return bytes(received[start:end]) if len(received) >= end else None


def _unchunked(received: bytearray, start: int) -> bytes | None:
    """The chunks after `start`, joined, once the last has come (RFC 9112 §7.1)."""
    found = bytearray()
    while (line := received.find(b"\r\n", start)) >= 0:
        size = -1
        with contextlib.suppress(ValueError):
            size = int(bytes(received[start:line]).partition(b";")[0], 16)
        if size < 0:
            return b""  # no chunk at all: an empty body is no JSON, and whoever reads it says so
        start = line + 2 + size + 2
        if len(received) < start:
            return None
        if size == 0:
            return bytes(found)
        found += received[line + 2 : line + 2 + size]
    return None
