"""An SMTP server in the process: it notes each message before it answers, and misbehaves on request."""

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

TLS_KEYS = Path(__file__).parents[1] / "data" / "tls"

Phase = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset", "idle"]
"""`body` is between the message's first line and its dot, `dot` after it was noted, `idle` after that."""


class Fault(Enum):
    """What no reply can say."""

    CUT = auto()
    """Close the connection at once."""
    HANG = auto()
    """Say nothing more and read nothing more."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The usual answer, later."""

    seconds: float


Answer = str | Fault | Slow


@dataclass(slots=True)
class Scripted:
    """At `phase` (for recipient `to`, if given) answer this; `times` times, or always where None."""

    phase: Phase
    answer: Answer
    to: str | None
    times: int | None


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it was taken: envelope, bytes without dot-stuffing, and how it came."""

    sender: str
    recipient: str
    content: bytes
    options: str
    connection: int
    secure: bool
    user: str


class _Closed(Exception):
    """This connection is at its end."""


@dataclass(slots=True)
class SmtpDouble:
    """Listens on a loopback port inside `async with`."""

    extensions: tuple[str, ...] = ("8BITMIME", "ENHANCEDSTATUSCODES")
    login: tuple[str, str] | None = None
    auth_methods: str = "PLAIN LOGIN"
    certificate: Path | None = None
    """Offer STARTTLS with this key and certificate."""
    implicit_tls: bool = False
    """Speak TLS from the first byte instead."""

    port: int = 0
    connections: int = 0
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """Every verb heard, in order."""
    heard_in_clear: list[bytes] = field(default_factory=list)
    _script: list[Scripted] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _sessions: set[asyncio.Task[None]] = field(default_factory=set)

    def on(self, phase: Phase, answer: Answer, *, to: str | None = None, times: int | None = 1) -> None:
        """Answer a phase in this way, as often as said; scripted answers are used in order."""
        self._script.append(Scripted(phase, answer, to, times))

    def scripted(self, phase: Phase, to: str | None) -> Answer | None:
        """The next scripted answer, used up."""
        for line in self._script:
            if line.phase == phase and line.to in (None, to) and line.times != 0:
                line.times = None if line.times is None else line.times - 1
                return line.answer
        return None

    def context(self) -> ssl.SSLContext | None:
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    async def __aenter__(self) -> Self:
        secured = self.context() if self.implicit_tls else None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=secured, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self.connections += 1
        session = _Session(self, reader, writer, self.connections, secure=self.implicit_tls)
        try:
            await session.run()
        except (_Closed, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            # Not waited for: after a failed handshake nobody would ever say that it is closed.
            writer.close()
            self._sessions.discard(task)


@dataclass(slots=True)
class _Session:
    """One connection."""

    double: SmtpDouble
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    secure: bool
    user: str = ""
    sender: str = ""
    options: str = ""
    recipient: str = ""

    async def run(self) -> None:
        await self.answer("connect", "220 double.example ESMTP")
        while True:
            line = await self.reader.readuntil(b"\r\n")
            if not self.secure:
                self.double.heard_in_clear.append(line)
            verb, _, rest = line.decode("ascii").rstrip("\r\n").partition(" ")
            self.double.commands.append(verb.upper())
            await self.obey(verb.upper(), rest)

    async def obey(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                await self.answer("ehlo", self.features())
            case "HELO":
                await self.say("250 double.example")
            case "STARTTLS":
                await self.start_tls()
            case "AUTH":
                await self.authenticate(rest)
            case "MAIL":
                await self.mail(rest)
            case "RCPT":
                await self.rcpt(rest)
            case "DATA":
                await self.data()
            case "RSET":
                await self.answer("rset", "250 2.0.0 Ok")
            case "QUIT":
                await self.say("221 2.0.0 Bye")
                raise _Closed
            case _:
                await self.say("500 5.5.2 No such command")

    async def mail(self, rest: str) -> None:
        address, _, self.options = rest.removeprefix("FROM:").partition(" ")
        self.sender, self.recipient = address.strip("<>"), ""
        if not await self.answer("mail", "250 2.1.0 Ok"):
            self.sender = ""

    async def rcpt(self, rest: str) -> None:
        self.recipient = rest.removeprefix("TO:").strip("<>")
        usual = "250 2.1.5 Ok" if self.sender else "503 5.5.1 Error: need MAIL command"
        if not await self.answer("rcpt", usual) or not self.sender:
            self.recipient = ""

    def features(self) -> str:
        offered = ["double.example", *self.double.extensions]
        if self.double.certificate and not self.secure:
            offered.append("STARTTLS")
        if self.double.login:
            offered.append(f"AUTH {self.double.auth_methods}")
        *lines, last = offered
        return "".join(f"250-{line}\r\n" for line in lines) + f"250 {last}"

    async def start_tls(self) -> None:
        context = self.double.context()
        assert context is not None
        await self.answer("starttls", "220 2.0.0 Ready")
        await self.writer.start_tls(context)
        self.secure = True

    async def authenticate(self, rest: str) -> None:
        method, _, first = rest.partition(" ")
        if method.upper() == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            user = base64.b64decode(first).decode()
            await self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.reader.readuntil(b"\r\n")).decode()
        right = (user, password) == self.double.login
        self.user = user if right else ""
        await self.answer("auth", "235 2.7.0 Ok" if right else "535 5.7.8 Error: authentication failed")

    async def data(self) -> None:
        if not self.recipient:
            await self.answer("data", "554 5.5.1 Error: no valid recipients")
            return
        if not await self.answer("data", "354 End data with <CR><LF>.<CR><LF>"):
            return
        first = await self.reader.readuntil(b"\r\n")
        await self.answer("body", "")
        stuffed = first + await self.reader.readuntil(b"\r\n.\r\n")
        content = (b"\r\n" + stuffed[: -len(b".\r\n")]).replace(b"\r\n..", b"\r\n.")[2:]
        self.double.messages.append(
            Received(self.sender, self.recipient, content, self.options, self.number, self.secure, self.user)
        )
        queue_id = f"{len(self.double.messages):06X}"
        await self.answer("dot", f"250 2.0.0 Ok: queued as {queue_id}")
        await self.answer("idle", "")

    async def answer(self, phase: Phase, usual: str) -> bool:
        """Say what the script says, else the usual; whether it was the usual."""
        scripted = self.double.scripted(phase, self.recipient or None)
        if isinstance(scripted, Slow):
            await asyncio.sleep(scripted.seconds)
        elif scripted is Fault.CUT:
            raise _Closed
        elif scripted is Fault.HANG:
            await asyncio.Event().wait()
        elif isinstance(scripted, str):
            await self.say(scripted)
            if scripted.startswith("421"):
                raise _Closed
            return False
        if usual:
            await self.say(usual)
        return True

    async def say(self, reply: str) -> None:
        self.writer.write(reply.encode("utf-8") + b"\r\n")
        await self.writer.drain()
