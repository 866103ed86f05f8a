"""The demo's mailbox: a real SMTP server on this machine that keeps what it is given, to be looked at."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from hub.errors import NotFound
from hub.now import Clock

CAP = 60_000
"""How many messages are listed; older ones make room."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One received message: who got it, and where its bytes lie in the file."""

    number: int
    sender: str
    recipient: str
    arrived_at: datetime
    start: int
    size: int


class Mailbox:
    """All letters received, per recipient. The bytes lie in one file and are parsed when somebody looks."""

    def __init__(self, file: Path, clock: Clock, *, cap: int = CAP) -> None:
        self.port = 0
        self._clock = clock
        self._cap = cap
        self._file = file.open("w+b")
        self._end = 0
        self._received = 0
        self._letters: dict[int, Letter] = {}
        self._inboxes: dict[str, deque[int]] = defaultdict(deque)

    def keep(self, sender: str, recipient: str, content: bytes) -> Letter:
        """Put a message into the recipient's inbox."""
        self._received += 1
        self._file.seek(self._end)
        self._file.write(content)
        letter = Letter(self._received, sender, recipient, self._clock.now(), self._end, len(content))
        self._end += len(content)
        self._letters[letter.number] = letter
        self._inboxes[recipient.lower()].append(letter.number)
        if len(self._letters) > self._cap:
            oldest = self._letters.pop(next(iter(self._letters)))
            self._inboxes[oldest.recipient.lower()].popleft()
        return letter

    @property
    def received(self) -> int:
        """How many messages came in since the demo began."""
        return self._received

    def get(self, number: int) -> Letter:
        """The letter of this number; raises NotFound."""
        try:
            return self._letters[number]
        except KeyError:
            raise NotFound(f"message {number} of the demo's mailbox") from None

    def inbox(self, recipient: str) -> list[Letter]:
        """What this address received, newest first."""
        return [self._letters[number] for number in reversed(self._inboxes.get(recipient.lower(), ()))]

    def source(self, letter: Letter) -> bytes:
        """The message as it came over the wire."""
        self._file.seek(letter.start)
        return self._file.read(letter.size)

    def message(self, letter: Letter) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.source(letter), policy=modern)

    def close(self) -> None:
        self._file.close()


class _Handler:
    """What aiosmtpd calls for each transaction."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        for recipient in envelope.rcpt_tos:
            letter = self._mailbox.keep(envelope.mail_from or "", recipient, envelope.content)
        return f"250 2.0.0 Kept as {letter.number}"


@asynccontextmanager
async def open_mailbox(
    file: Path, clock: Clock, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Mailbox]:
    """Listen for SMTP (8BITMIME, SIZE, no login) while the context is open; `mailbox.port` says where."""
    mailbox = Mailbox(file, clock)
    sessions: WeakSet[SMTP] = WeakSet()

    def session() -> SMTP:
        made = SMTP(_Handler(mailbox), hostname="mailbox.univoque.example", ident="Univoque demo", loop=loop)
        sessions.add(made)
        return made

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, host, port)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        for made in sessions:  # a sender's lanes may stay connected; nothing more is expected from them
            if isinstance(made.transport, asyncio.WriteTransport):
                made.transport.abort()
        await server.wait_closed()
        mailbox.close()
