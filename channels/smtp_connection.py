"""One SMTP connection: opened, secured and logged in by aiosmtplib, then a wire of our own for mail."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import aiosmtplib

from channels.contract import ChannelError, Outgoing, Unavailable, WrongSettings
from channels.email import Form
from channels.headers import recipient
from channels.settings import EmailSettings
from channels.smtp_replies import Phase, Reply, failure
from channels.smtp_wire import Lost, Wire

# By preference; one try only: several wrong ones in a row lock accounts.
_AUTH_METHODS = ("plain", "login", "cram-md5")
_QUIT_TIMEOUT = 2.0


class Envelope(NamedTuple):
    """MAIL and RCPT of one message, as they are sent on a connection, and the form of its content there."""

    outgoing: Outgoing
    to: bytes
    mail: bytes
    rcpt: bytes
    form: Form

    @classmethod
    def of(cls, outgoing: Outgoing, *, sender: bytes, form: Form) -> "Envelope":
        """Raises Refused where the address is none that can be sent to."""
        body = b" BODY=8BITMIME" if form.eight_bit else b""  # RFC 6152 §2
        to = recipient(outgoing.address)
        return cls(outgoing, to, b"MAIL FROM:<%b>%b\r\n" % (sender, body), b"RCPT TO:<%b>\r\n" % to, form)


def tls_context(settings: EmailSettings) -> ssl.SSLContext:
    """Certificates are always checked, against `ca_file` or the system's. Raises WrongSettings."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise WrongSettings(f"email.ca_file: {settings.ca_file}: {error.strerror or error}") from error


class Connection:
    """A line to the relay on which mail goes, and what the relay offers on it."""

    def __init__(self, smtp: aiosmtplib.SMTP, *, command_timeout: float) -> None:
        self._smtp = smtp  # keeps the line open: the library closes it when nobody holds its client
        self.wire = Wire(cast(asyncio.Transport, smtp.transport))
        self._command_timeout = command_timeout
        self.eight_bit = smtp.supports_extension("8bitmime")
        self.pipelining = smtp.supports_extension("pipelining")
        self.used = False
        """Whether a transaction was begun on it: only then may the server have closed it for idleness."""
        self.needs_reset = False
        """Whether a transaction stands open that must be given up before the next."""
        self.announced: Envelope | None = None
        """What the relay was told of the next message: it waits for its content, and for nothing else."""

    @property
    def is_open(self) -> bool:
        return self.wire.is_open

    async def ask(self, commands: bytes, replies: int) -> list[bytes]:
        """Send commands and wait for the reply to each. Raises Lost."""
        return await self.wire.exchange(commands, replies, self._command_timeout)

    async def rest(self) -> list[bytes]:
        """The replies to what was announced. Raises Lost."""
        return await self.wire.rest(self._command_timeout)

    @property
    def certificate_ends(self) -> datetime | None:
        """Until when the server's certificate holds; None without TLS."""
        transport = self._smtp.transport
        shown = transport.get_extra_info("peercert") if transport else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) if shown else None

    def drop(self) -> None:
        """Close without a word; the other side may not be listening."""
        self.wire.drop()

    async def quit(self) -> None:
        """Take leave, and close; without a word where the relay would take it for the content of a message."""
        if self.announced is not None:
            self.drop()
            return
        with suppress(Lost):
            await self.wire.exchange(b"QUIT\r\n", 1, _QUIT_TIMEOUT)
        self.wire.close()


async def connect(settings: EmailSettings, context: ssl.SSLContext | None) -> Connection:
    """Open, secure and log in as the settings say. Raises Unavailable, which never counts as an attempt.

    With `starttls` and `tls` nothing but EHLO ever crosses in clear.
    """
    timeout = settings.command_timeout.total_seconds()
    smtp = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.security == "tls",
        start_tls=False,  # done below, where each failure can be told apart
        tls_context=context,
        timeout=timeout,
        local_hostname=settings.sender.rpartition("@")[2],  # the library would look ours up in the DNS
    )
    try:
        await _open(smtp, settings)
        connection = Connection(smtp, command_timeout=timeout)
    except BaseException as error:
        smtp.close()
        if isinstance(error, ChannelError) or not isinstance(error, Exception):
            raise
        raise _not_connected(error, settings) from error
    return connection


async def _open(smtp: aiosmtplib.SMTP, settings: EmailSettings) -> None:
    try:
        await smtp.connect()
    except aiosmtplib.SMTPConnectResponseError as error:
        raise failure(Reply(error.code, error.message), "greeting") from error
    await _greet(smtp)
    if settings.security == "starttls":
        await _start_tls(smtp)
        await _greet(smtp)
    if settings.username:
        await _log_in(smtp, settings)


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    try:
        try:
            await smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            await smtp.helo()  # RFC 5321 §3.2: a server may know nothing newer
    except aiosmtplib.SMTPHeloError as error:
        raise failure(Reply(error.code, error.message), "ehlo") from error


async def _start_tls(smtp: aiosmtplib.SMTP) -> None:
    if not smtp.supports_extension("starttls"):
        raise _tls_failed("the relay offers no STARTTLS; nothing is sent in clear. Look into email.security")
    try:
        await smtp.starttls()
    except aiosmtplib.SMTPResponseException as error:
        raise failure(Reply(error.code, error.message), "starttls") from error


async def _log_in(smtp: aiosmtplib.SMTP, settings: EmailSettings) -> None:
    method = next((name for name in _AUTH_METHODS if name in smtp.server_auth_methods), None)
    if method is None:
        raise Unavailable(
            "auth",
            "email.username is set, but the relay offers no login that we know (PLAIN, LOGIN, CRAM-MD5)",
            counts=False,
            channel_wide=True,
        )
    log_in: Any = getattr(smtp, f"auth_{method.replace('-', '')}")
    phase: Phase = "auth"
    try:
        await log_in(settings.username, settings.password.get_secret_value())
    except aiosmtplib.SMTPAuthenticationError as error:
        # Not "from error": a server may repeat what we sent.
        raise failure(Reply(error.code, error.message), phase) from None


def _not_connected(error: Exception, settings: EmailSettings) -> Unavailable:
    causes = (error, error.__cause__, error.__context__)
    if failed := next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None):
        reason = getattr(failed, "verify_message", "") or failed.reason or type(failed).__name__
        return _tls_failed(f"no secure connection to {settings.host}:{settings.port}: {reason}")
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, TimeoutError):
        return Unavailable("timeout", f"{place} does not answer", counts=False)
    if isinstance(error, OSError | aiosmtplib.SMTPException):
        return Unavailable("connect", f"no connection to {place}: {_reason(error)}", counts=False)
    raise error


def _reason(error: Exception) -> str:
    cause = error.__cause__
    return (cause.strerror if isinstance(cause, OSError) else None) or type(cause or error).__name__


def _tls_failed(detail: str) -> Unavailable:
    return Unavailable("tls", detail, counts=False, channel_wide=True)
