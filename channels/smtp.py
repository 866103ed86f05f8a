"""E-mail: a channel whose lanes are persistent SMTP connections to a relay."""

import math
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from channels import email
from channels.contract import (
    ChannelError,
    Expired,
    Outgoing,
    Receipt,
    Refused,
    RelayState,
    Traits,
    Unavailable,
    Words,
    WrongSettings,
)
from channels.headers import fits_return_path, is_address, recipient, return_path
from channels.settings import EmailSettings, Mode, refuse_live
from channels.smtp_connection import Connection, Envelope, tls_context
from channels.smtp_relays import Relay, Relays
from channels.smtp_transfer import Stale, Unheard, transfer

log = structlog.get_logger(__name__)


class EmailChannel:
    """Sends through the relay of the settings; while that fails, through the one that stands by.

    In an exercise it cannot be made for any but a sink on this machine.
    """

    def __init__(
        self,
        settings: EmailSettings,
        *,
        mode: Mode,
        now: Callable[[], datetime],
        standby: EmailSettings | None = None,
    ) -> None:
        refuse_live(mode, settings.host, "email.host", sink=settings.sink)
        if standby is not None:
            refuse_live(mode, standby.host, "email_standby.host", sink=standby.sink)
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
            announces=True,
        )
        self._settings = settings
        self._now = now
        chosen = [settings] if standby is None else [settings, standby]
        self._relays = Relays([Relay(each, _context(each)) for each in chosen])

    def prepare(self, words: Words, *, stream: str, headers: Mapping[str, str]) -> email.Prepared:
        """Compile the words of a variant. A Date among the headers replaces the present instant."""
        return email.prepare(words, self._settings, stream=stream, headers=headers, now=self._now())

    def relays(self) -> list[RelayState]:
        """How the relays stand, in order of preference."""
        return self._relays.states()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator["SmtpLane"]:
        """A lane; it connects on first use and takes leave of the relay at its end."""
        lane = SmtpLane(self._settings, self._relays, self._now)
        try:
            yield lane
        finally:
            await lane.close()


class SmtpLane:
    """One connection to a relay, opened when first needed and again after it broke."""

    def __init__(self, settings: EmailSettings, relays: Relays, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._relays = relays
        self._now = now
        self._relay: Relay | None = None
        self._sender = settings.sender.encode("ascii")
        self._dot_timeout = settings.dot_timeout.total_seconds()
        self._connection: Connection | None = None

    async def send(self, outgoing: Outgoing, ahead: Outgoing | None = None) -> Receipt:
        """Hand one message to the relay. Raises Refused, Unavailable, Expired or Uncertain."""
        stale: Stale | None = None
        for _ in range(2):
            connection = self._ready(outgoing) or await self._connected(outgoing)
            envelope = self._envelope(connection, outgoing)
            wire = _prepared(outgoing).wire(outgoing, form=envelope.form, to=envelope.to)
            try:
                return await transfer(
                    connection,
                    envelope,
                    wire,
                    dot_timeout=self._dot_timeout,
                    now=self._now,
                    ahead=self._announcement(connection, ahead),
                )
            except ChannelError:
                raise
            except Stale as error:
                if isinstance(error, Unheard) and self._relay is not None:
                    self._relay.spare()
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

    def _envelope(self, connection: Connection, outgoing: Outgoing) -> Envelope:
        """Raises Refused where the message cannot be addressed."""
        announced = connection.announced
        if announced is not None and announced.outgoing is outgoing:
            return announced
        path = self._settings.return_path
        sender = return_path(path, outgoing.key) if path else self._sender
        form = _prepared(outgoing).form(eight_bit=connection.eight_bit)
        return Envelope.of(outgoing, sender=sender, form=form)

    def _announcement(self, connection: Connection, ahead: Outgoing | None) -> Envelope | None:
        """What is to be said of the next message, None where the relay would not hear it."""
        if ahead is None or self._relay is None or not (connection.pipelining and self._relay.hears_ahead):
            return None
        try:
            return self._envelope(connection, ahead)
        except Refused:
            return None  # it is said when its turn comes

    def _ready(self, outgoing: Outgoing) -> Connection | None:
        """The connection, where nothing was announced on it but this message and no better relay works again."""
        connection, relay = self._connection, self._relay
        if (
            connection is None
            or relay is None
            or not connection.is_open
            or self._relays.prefer_another(relay)
        ):
            return None
        announced = connection.announced
        return connection if announced is None or announced.outgoing is outgoing else None

    async def _connected(self, outgoing: Outgoing) -> Connection:
        """A new connection in place of one that is not ready."""
        if self._connection is not None and self._connection.is_open:
            await self.close()
        self._connection = None
        recipient(outgoing.address)  # for one that cannot be sent to no relay is bothered
        try:
            self._relay, self._connection = await self._relays.connect()
        except ChannelError:
            raise
        except Exception as error:
            # Unforeseen, but nothing has left: so nobody is in doubt.
            log.exception("no connection was made, in an unforeseen way")
            raise Unavailable(
                "internal", f"while connecting: {type(error).__name__}", counts=False
            ) from error
        if outgoing.expires_at <= self._now():
            raise Expired
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
            self._connection = None


def _prepared(outgoing: Outgoing) -> email.Prepared:
    if not isinstance(outgoing.body, email.Prepared):
        raise TypeError(f"the body is {type(outgoing.body).__name__}, not what prepare() returned")
    return outgoing.body


def _context(settings: EmailSettings) -> ssl.SSLContext | None:
    return None if settings.security == "none" else tls_context(settings)
