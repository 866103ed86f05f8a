"""Tries the far side of each channel without sending anything: the relay's login, the provider's account."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from channels.contract import ChannelError, Unavailable
from channels.settings import EmailSettings, Mode, SmsSettings, refuse_live
from channels.smtp_connection import Connection, connect, tls_context
from channels.smtp_replies import Reply, failure
from channels.smtp_wire import Lost


class Relay(NamedTuple):
    """What was met: how mail goes, and until when its certificate holds."""

    says: str
    certificate_ends: datetime | None


class Provider(NamedTuple):
    """What was met, and by which clock."""

    says: str
    date: datetime | None


async def relay(settings: EmailSettings, *, mode: Mode, section: str = "email", recipient: str = "") -> Relay:
    """Connect, secure, log in, name our sender and, where one is given, a recipient, then leave without a message.

    Many a relay says only then what it holds against us. Raises ChannelError or WrongSettings.
    """
    refuse_live(mode, settings.host, f"{section}.host", sink=settings.sink)
    context = None if settings.security == "none" else tls_context(settings)
    connection = await connect(settings, context)
    reply = await _told(connection, b"MAIL FROM:<%b>" % settings.sender.encode("ascii"), "our sender")
    if reply.digits != 250:
        await connection.quit()
        raise failure(reply, "mail")
    tried = "no recipient was tried (email.operator is empty)"
    if recipient:
        reply = await _told(connection, b"RCPT TO:<%b>" % recipient.encode("ascii"), "a recipient")
        if reply.digits >= 500:
            await connection.quit()
            raise failure(reply, "rcpt")
        put_off = f"puts off email.operator for now ({reply.code} {reply.detail})"
        tried = "takes email.operator" if reply.digits in (250, 251) else put_off
    ends = connection.certificate_ends
    await connection.quit()
    form = "8bit" if connection.eight_bit else "quoted-printable"
    place = f"{settings.host}:{settings.port}"
    return Relay(f"{place} answers, security {settings.security}, mail goes as {form}; {tried}", ends)


async def _told(connection: Connection, command: bytes, what: str) -> Reply:
    try:
        (raw,) = await connection.ask(command + b"\r\n", 1)
        return Reply.read(raw)
    except ValueError as error:
        connection.drop()
        raise Unavailable("garbled-reply", str(error), counts=False) from error
    except Lost as lost:
        connection.drop()
        raise Unavailable(lost.code, f"after {what} was named", counts=False) from lost


async def provider(settings: SmsSettings, *, mode: Mode, http: aiohttp.ClientSession) -> Provider:
    """Ask for the account, and whether it has our number. Raises ChannelError or WrongSettings."""
    refuse_live(mode, urlsplit(settings.base_url).hostname or "", "sms.base_url", sink=settings.sink)
    account, date = await _ask(settings, http, ".json")
    if (status := account.get("status", "active")) != "active":
        raise ChannelError(str(status), "the provider has closed or suspended this account")
    # Of the numbers in E.164 alone: names and services are not listed there.
    if settings.sender.startswith("+"):
        path = f"/IncomingPhoneNumbers.json?PhoneNumber=%2B{settings.sender[1:]}"
        owned, _ = await _ask(settings, http, path)
        if not owned.get("incoming_phone_numbers"):
            raise ChannelError("sender", "the account has no such number; look into sms.sender")
    return Provider(f"{settings.base_url} answers, and knows the account and the sender", date)


async def _ask(
    settings: SmsSettings, http: aiohttp.ClientSession, path: str
) -> tuple[dict[str, Any], datetime | None]:
    url = f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}{path}"
    login = aiohttp.encode_basic_auth(settings.account_sid, settings.auth_token.get_secret_value())
    timeout = aiohttp.ClientTimeout(total=settings.timeout.total_seconds())
    try:
        async with http.get(url, headers={"Authorization": login}, timeout=timeout) as response:
            status, date = response.status, response.headers.get("Date")
            found = await response.json() if status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable("unreachable", f"{settings.base_url}: {error}", counts=False) from error
    if status in (401, 403, 404):
        raise ChannelError(str(status), "the provider does not know this account or token")
    if status != 200:
        raise Unavailable(str(status), f"{settings.base_url} answers, and gives no account", counts=False)
    return dict(found), parsedate_to_datetime(date) if date else None
