"""Tries the far side of each channel without sending anything: the relay's login, the provider's account."""

from urllib.parse import urlsplit

import aiohttp

from channels.contract import ChannelError, Unavailable
from channels.settings import EmailSettings, Mode, SmsSettings, refuse_live
from channels.smtp_connection import connect, tls_context


async def relay(settings: EmailSettings, *, mode: Mode) -> str:
    """Connect, secure and log in as for a message, then leave. Raises ChannelError or WrongSettings."""
    refuse_live(mode, settings.host, "email.host")
    context = None if settings.security == "none" else tls_context(settings)
    connection = await connect(settings, context)
    await connection.quit()
    form = "8bit" if connection.eight_bit else "quoted-printable"
    return f"{settings.host}:{settings.port} answers, security {settings.security}, mail goes as {form}"


async def provider(settings: SmsSettings, *, mode: Mode, http: aiohttp.ClientSession) -> str:
    """Ask for the account. Raises ChannelError or WrongSettings."""
    refuse_live(mode, urlsplit(settings.base_url).hostname or "", "sms.base_url")
    url = f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}.json"
    login = aiohttp.encode_basic_auth(settings.account_sid, settings.auth_token.get_secret_value())
    timeout = aiohttp.ClientTimeout(total=settings.timeout.total_seconds())
    try:
        async with http.get(url, headers={"Authorization": login}, timeout=timeout) as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable("unreachable", f"{settings.base_url}: {error}", counts=False) from error
    if status in (401, 403):
        raise ChannelError(str(status), "the provider does not know this account or token")
    return f"{settings.base_url} answers"
