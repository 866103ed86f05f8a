"""E-mail: a channel whose lanes are persistent SMTP connections to a relay."""

import math
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from channels import email
from channels.contract import ChannelError, Outgoing, Receipt, Traits, Unavailable, Words, WrongSettings
from channels.headers import fits_return_path, is_address, recipient, return_path
from channels.settings import EmailSettings, Mode, refuse_live
from channels.smtp_connection import Connection, tls_context
from channels.smtp_relays import Relay, Relays
from channels.smtp_transfer import Stale, transfer


class EmailChannel:
    """Sends through the relay of the settings; while that fails, through the one that stands by.

    In an exercise it cannot be made for any but this machine.
    """

    def __init__(
        self,
        settings: EmailSettings,
        *,
        mode: Mode,
        now: Callable[[], datetime],
        standby: EmailSettings | None = None,
    ) -> None:
        refuse_live(mode, settings.host, "email.host")
        if standby is not None:
            refuse_live(mode, standby.host, "email_standby.host")
        if not is_address(settings.sender):
            raise WrongSettings(f"email.sender: {settings.sender!r} is no plain e-mail address")
        if settings.return_path and not fits_return_path(settings.return_path):
            raise WrongSettings(
                f"email.return_path: {settings.return_path!r} is no plain e-mail address with at most 27 "
                "characters before the @, which leaves room for a delivery's key"
            )
        self.traits = Traits(
            name="email",
            lanes=settings.lanes,
            repeats_uncertain=True,
            per_second=settings.per_second or math.inf,
        )
        self._settings = settings
        self._now = now
        chosen = [settings] if standby is None else [settings, standby]
        self._relays = Relays([Relay(each, _context(each)) for each in chosen])

    def prepare(self, words: Words, *, stream: str, headers: Mapping[str, str]) -> email.Prepared:
        """Compile the words of a variant. A Date among the headers replaces the present instant."""
        return email.prepare(words, self._settings, stream=stream, headers=headers, now=self._now())

    @asynccontextmanager
    async def lane(self) -> AsyncIterator["SmtpLane"]:
        """A lane; it connects on first use and takes leave of the relay at its end."""
        lane = SmtpLane(self._settings, self._relays)
        try:
            yield lane
        finally:
            await lane.close()


class SmtpLane:
    """One connection to a relay, opened when first needed and again after it broke."""

    def __init__(self, settings: EmailSettings, relays: Relays) -> None:
        self._settings = settings
        self._relays = relays
        self._relay: Relay | None = None
        self._sender = settings.sender.encode("ascii")
        self._dot_timeout = settings.dot_timeout.total_seconds()
        self._connection: Connection | None = None

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one message to the relay. Raises Refused, Unavailable or Uncertain."""
        prepared = outgoing.body
        if not isinstance(prepared, email.Prepared):
            raise TypeError(f"the body is {type(prepared).__name__}, not what prepare() returned")
        to = recipient(outgoing.address)
        sender = self._envelope_sender(outgoing.key)
        stale: Stale | None = None
        for _ in range(2):
            connection = await self._connected()
            form = prepared.whole if connection.eight_bit else prepared.quoted
            wire = prepared.wire(outgoing, form=form)
            try:
                return await transfer(
                    connection,
                    sender=sender,
                    recipient=to,
                    form=form,
                    wire=wire,
                    dot_timeout=self._dot_timeout,
                )
            except ChannelError:
                raise
            except Stale as error:
                self._drop()
                stale = error
            except BaseException:
                # Cancelled in mid-command: the reply still to come would be taken for the next command's.
                self._drop()
                raise
        raise Unavailable("connection-lost", "the relay keeps closing", counts=False) from stale

    async def close(self) -> None:
        """Take leave of the relay."""
        if self._connection is not None:
            await self._connection.quit()
            self._connection = None

    def _envelope_sender(self, key: str) -> bytes:
        path = self._settings.return_path
        return return_path(path, key) if path else self._sender

    async def _connected(self) -> Connection:
        if self._relay is not None and self._relays.prefer_another(self._relay):
            await self.close()
        if self._connection is None or not self._connection.is_open:
            self._connection = None
            self._relay, self._connection = await self._relays.connect()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
            self._connection = None


def _context(settings: EmailSettings) -> ssl.SSLContext | None:
    return None if settings.security == "none" else tls_context(settings)
