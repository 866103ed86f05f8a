"""An SMTP server that notes each message before it answers, and misbehaves as its script says.

In the process of a test it is `async with SmtpDouble()`. Alone it is
`python -m tests.doubles.smtp [--script FILE] [--record FILE] …`: it says its port, then takes mail until its
standard input closes.
"""

import argparse
import asyncio
import base64
import json
import ssl
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.doubles import script
from tests.doubles.script import Answer, Deaf, Drip, Fault, Line, Per, Phase, Script, Slow

__all__ = [
    "ONE_BY_ONE",
    "PIPELINING",
    "TLS_KEYS",
    "Answer",
    "Deaf",
    "Drip",
    "Fault",
    "Line",
    "Phase",
    "Received",
    "Slow",
    "SmtpDouble",
    "copies",
]

TLS_KEYS = Path(__file__).parents[1] / "data" / "tls"

ONE_BY_ONE = ("8BITMIME", "ENHANCEDSTATUSCODES")
"""What a relay offers that takes commands one by one."""

PIPELINING = (*ONE_BY_ONE, "PIPELINING")


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it was taken: envelope, bytes without dot-stuffing, and how and when it came."""

    sender: str
    recipient: str
    content: bytes
    options: str
    connection: int
    secure: bool
    user: str
    at: float
    """Seconds since 1970."""

    @property
    def message_id(self) -> str:
        return self.content.partition(b"Message-ID: <")[2].partition(b">")[0].decode("ascii")


def copies(messages: Iterable[Received]) -> Counter[str]:
    """How many messages each recipient got."""
    return Counter(message.recipient for message in messages)


def read_record(file: Path) -> list[Received]:
    """What a server wrote down, in order; a last line that was cut off is left out."""
    lines = file.read_text("ascii").split("\n")[:-1] if file.exists() else []
    found = [json.loads(line) for line in lines]
    return [Received(**{**each, "content": each["content"].encode("latin-1")}) for each in found]


async def interrupted(work: Coroutine[object, object, object], server: "SmtpDouble") -> None:
    """Do it until the server does what its script says, and leave it there."""
    doing = asyncio.create_task(work)
    async with asyncio.timeout(5):
        while not server.misbehaved:  # noqa: ASYNC110 - the double rings no bell
            await asyncio.sleep(0.005)
    doing.cancel()
    with suppress(asyncio.CancelledError):
        await doing
        raise AssertionError("it was done before the server misbehaved")


class _Closed(Exception):
    """This connection is at its end."""


@dataclass(slots=True)
class SmtpDouble:
    """Listens on a loopback port inside `async with`.

    As relays do it offers PIPELINING, so it hears the envelope of the next message before it answers to this one.
    """

    extensions: tuple[str, ...] = PIPELINING
    login: tuple[str, str] | None = None
    auth_methods: str = "PLAIN LOGIN"
    certificate: Path | None = None
    """Offer STARTTLS with this key and certificate."""
    implicit_tls: bool = False
    """Speak TLS from the first byte instead."""
    most_connections: int | None = None
    """So many at once; each further one is turned away with 421."""
    gathers: float = 0.0
    """Seconds for which a reply waits for others, to leave in one packet with them."""
    record: Path | None = None
    """A file in which each message stands, one JSON object per line, before it is answered."""

    port: int = 0
    connections: int = 0
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """Every verb heard, in order."""
    out_of_place: list[bytes] = field(default_factory=list)
    """Verbs that are no command, or none that may come there: content that nobody asked for, a MAIL amid another."""
    heard_in_clear: list[bytes] = field(default_factory=list)
    unfinished: list[bytes] = field(default_factory=list)
    """What came after each 354 that no dot followed before the connection ended."""
    turned_away: list[tuple[str, float]] = field(default_factory=list)
    """Who was not taken at RCPT, DATA or the dot, and when."""
    misbehaved: list[float] = field(default_factory=list)
    """When the script said something else than the usual, sooner or later."""
    script: Script = field(default_factory=Script)
    _server: asyncio.Server | None = None
    _sessions: set[asyncio.Task[None]] = field(default_factory=set)

    def on(
        self,
        phase: Phase,
        answer: Answer,
        *,
        to: str | None = None,
        connection: int | None = None,
        after: int = 0,
        every: int = 1,
        times: int | None = 1,
        per: Per = "script",
    ) -> None:
        """Add a line to the script; see tests.doubles.script.Line."""
        self.script.add(Line(phase, answer, to, connection, after, every, times, per))

    def context(self) -> ssl.SSLContext | None:
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    def take(self, message: Received) -> str:
        """Note a message; its queue id."""
        self.messages.append(message)
        if self.record is not None:
            plain = {**asdict(message), "content": message.content.decode("latin-1")}
            with self.record.open("a", encoding="ascii") as file:
                file.write(json.dumps(plain) + "\n")
        return f"{len(self.messages):06X}"

    async def __aenter__(self) -> Self:
        secured = self.context() if self.implicit_tls else None
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=secured, limit=2**20, backlog=512
        )
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
            if self.most_connections is not None and len(self._sessions) > self.most_connections:
                await session.say("421 4.7.0 Too many connections, try again in 1 seconds")
                return
            await session.run()
        except (_Closed, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            session.flush()
            # Not waited for: after a failed handshake nobody would ever say that it is closed.
            writer.close()
            self._sessions.discard(task)


@dataclass(slots=True)
class _Session:
    """One connection. Commands may come pipelined (RFC 2920)."""

    double: SmtpDouble
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    secure: bool
    user: str = ""
    sender: str | None = None
    options: str = ""
    recipient: str = ""
    addressed: bool = False
    """Whether the recipient was taken."""
    unsaid: bytes = b""

    async def run(self) -> None:
        await self.answer("connect", "220 double.example ESMTP")
        while True:
            line = await self.reader.readuntil(b"\r\n")
            if not self.secure:
                self.double.heard_in_clear.append(line)
            verb, _, rest = line.decode("ascii", "replace").rstrip("\r\n").partition(" ")
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
                self.sender, self.addressed = None, False
                await self.answer("rset", "250 2.0.0 Ok")
            case "QUIT":
                await self.say("221 2.0.0 Bye")
                raise _Closed
            case _:
                await self.refuse(verb)

    async def refuse(self, verb: str) -> None:
        if verb != ".":  # it ends what a script let in without recipients
            self.double.out_of_place.append(verb.encode())
        await self.say("500 5.5.2 No such command")

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
        if (await self.answer("starttls", "220 2.0.0 Ready")).startswith("220"):
            self.flush()
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

    async def mail(self, rest: str) -> None:
        if self.sender is not None:
            self.double.out_of_place.append(b"MAIL")
            await self.say("503 5.5.1 Error: nested MAIL command")
            return
        address, _, self.options = rest.removeprefix("FROM:").partition(" ")
        self.recipient, self.addressed = "", False
        said = await self.answer("mail", "250 2.1.0 Ok")
        self.sender = address.strip("<>") if said.startswith("250") else None

    async def rcpt(self, rest: str) -> None:
        if self.sender is None:
            await self.say("503 5.5.1 Error: need MAIL command")
            return
        self.recipient = rest.removeprefix("TO:").strip("<>")
        said = await self.answer("rcpt", "250 2.1.5 Ok")
        self.addressed = said.startswith("25")

    async def data(self) -> None:
        if not self.addressed or self.sender is None:
            # RFC 2920 §3.1: it may have been pipelined; a script may let it in all the same.
            await self.answer("nobody", "554 5.5.1 Error: no valid recipients")
            return
        if not (await self.answer("data", "354 End data with <CR><LF>.<CR><LF>")).startswith("354"):
            return
        stuffed = await self.content()
        content = (b"\r\n" + stuffed[: -len(b".\r\n")]).replace(b"\r\n..", b"\r\n.")[2:]
        envelope = (self.sender, self.recipient)
        message = Received(*envelope, content, self.options, self.number, self.secure, self.user, time.time())
        refusal = self.double.script.answer("dot", recipient=self.recipient, connection=self.number)
        if isinstance(refusal, str) and refusal[:1] in ("4", "5"):
            await self.give(refusal, "dot", "")  # what a server refuses it does not keep
        else:
            await self.give(refusal, "dot", f"250 2.0.0 Ok: queued as {self.double.take(message)}")
        self.sender, self.addressed = None, False
        await self.answer("idle", "")

    async def content(self) -> bytes:
        """What follows the 354, the dot included."""
        first = b""
        try:
            first = await self.reader.readuntil(b"\r\n")
            await self.answer("body", "")
            return first if first == b".\r\n" else first + await self.reader.readuntil(b"\r\n.\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            rest = error.partial if isinstance(error, asyncio.IncompleteReadError) else b""
            self.double.unfinished.append(first + rest)
            raise

    async def answer(self, phase: Phase, usual: str) -> str:
        """Say what the script says, else the usual; what was said."""
        scripted = self.double.script.answer(phase, recipient=self.recipient or None, connection=self.number)
        return await self.give(scripted, phase, usual)

    async def give(self, scripted: Answer | None, phase: Phase, usual: str) -> str:
        self.note(scripted, phase)
        match scripted:
            case Slow(seconds):
                await asyncio.sleep(seconds)
            case Drip(seconds):
                return await self.drip(usual, seconds)
            case Deaf(seconds):
                await self.forget(seconds)
            case Fault.CUT:
                raise _Closed
            case Fault.HANG:
                await asyncio.Event().wait()
            case str():
                await self.say(scripted)
                if scripted.startswith("421"):
                    raise _Closed
                return scripted
        if usual:
            await self.say(usual)
        return usual

    async def forget(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.reader.read(2**16):
                    pass

    def note(self, scripted: Answer | None, phase: Phase) -> None:
        if scripted is not None and not isinstance(scripted, Slow):
            self.double.misbehaved.append(time.time())
        if isinstance(scripted, str) and scripted[:1] in ("4", "5") and phase in ("rcpt", "data", "dot"):
            self.double.turned_away.append((self.recipient, time.time()))

    async def drip(self, reply: str, seconds: float) -> str:
        self.flush()
        for octet in reply.encode("utf-8") + b"\r\n":
            self.writer.write(bytes([octet]))
            await self.writer.drain()
            await asyncio.sleep(seconds)
        return reply

    async def say(self, reply: str) -> None:
        self.unsaid += reply.encode("utf-8") + b"\r\n"
        if self.double.gathers:
            asyncio.get_running_loop().call_later(self.double.gathers, self.flush)
            return
        self.flush()
        await self.writer.drain()

    def flush(self) -> None:
        """Let leave what was said."""
        said, self.unsaid = self.unsaid, b""
        if said and not self.writer.is_closing():
            self.writer.write(said)


async def serve(double: SmtpDouble) -> None:
    """Take mail until standard input closes."""
    async with double:
        print(double.port, flush=True)  # noqa: T201 - whoever started it reads the port
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path, help="the misbehaviour, as JSON (tests/doubles/script.py)")
    parser.add_argument("--record", type=Path, help="where each message is written down")
    parser.add_argument("--certificate", type=Path, help="offer STARTTLS with it")
    parser.add_argument("--extension", action="append", dest="extensions", metavar="NAME")
    chosen = parser.parse_args()
    double = SmtpDouble(port=chosen.port, record=chosen.record, certificate=chosen.certificate)
    double.extensions = tuple(chosen.extensions or double.extensions)
    double.script = Script(script.load(chosen.script) if chosen.script else [])
    asyncio.run(serve(double))


if __name__ == "__main__":
    main()
