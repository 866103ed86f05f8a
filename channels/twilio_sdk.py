"""Everything that touches Twilio's SDK, which is untyped and slow to import: import this module late."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from logging import getLogger
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from yarl import URL

from channels.contract import ChannelError, Trace, Unavailable, Uncertain
from channels.settings import SmsSettings
from channels.sms_reports import failure, outcome, suppresses

_LATEST = 50
"""How many messages to one number are looked through: one page of the listing."""

_PAGE = 1000  # the largest that the provider gives
_UNREADABLE = (TwilioException, ValueError, LookupError, TypeError, AttributeError)


class SharedHttp(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's questions over a session of ours, to a base URL of ours; messages leave by `twilio_wire`.

    The SDK's own client ignores its timeout and leaks connections. Nothing is logged here: an answer holds
    numbers and words.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: SmsSettings) -> None:
        super().__init__(getLogger(__name__), is_async=True)
        self._session = session
        self._base_url = settings.base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout.total_seconds())

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature
        allow_redirects: bool = False,
    ) -> Response:
        """Answer one question of the SDK. Raises ChannelError."""
        headers = dict(headers or {})
        if auth is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
        try:
            async with self._session.request(
                method,
                self._here(uri),
                params=params or None,
                data=data or None,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                text = await response.text()
                if response.status >= 300:
                    raise failure(response.status, _code(text))
                return Response(response.status, text, response.headers)
        # "from None" throughout: what lies below may hold the number, and a trace would log it.
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise Unavailable("unreachable", f"no answer: {type(error).__name__}", counts=False) from None

    def _here(self, uri: str) -> URL:
        """The SDK's address, at our base URL; the next page of a list has its question in it."""
        parts = urlsplit(uri)
        query = f"?{parts.query}" if parts.query else ""
        return URL(f"{self._base_url}{parts.path}{query}", encoded=True)


class Account:
    """One account at the provider: what it says of the messages that it has."""

    def __init__(self, session: aiohttp.ClientSession, settings: SmsSettings) -> None:
        token = settings.auth_token.get_secret_value()
        self._client: Any = Client(settings.account_sid, token, http_client=SharedHttp(session, settings))
        self._messages = self._client.messages  # which loads that part of the SDK

    async def sent_to(self, address: str) -> Sequence[Trace]:
        """The latest messages from us to a number, newest first. Raises ChannelError."""
        try:
            found = await self._messages.list_async(to=address, limit=_LATEST, page_size=_LATEST)
            return [_trace(message) for message in found if _ours(message)]
        except _UNREADABLE as error:
            raise _unreadable(error) from None

    async def trace(self, sid: str) -> Trace | None:
        """One message; None where the provider knows of none. Raises ChannelError."""
        try:
            return _trace(await self._client.messages(sid).fetch_async())
        except ChannelError as error:
            if error.code in ("20404", "404"):
                return None
            raise
        except _UNREADABLE as error:
            raise _unreadable(error) from None

    async def sent_on(self, day: date) -> AsyncIterator[Trace]:
        """All messages from us that left on a day (UTC). Raises ChannelError."""
        start = datetime.combine(day, time(), UTC)
        try:
            stream = await self._messages.stream_async(
                date_sent_after=start, date_sent_before=start + timedelta(days=1), page_size=_PAGE
            )
            async for message in stream:
                if _ours(message):
                    yield _trace(message)
        except _UNREADABLE as error:
            raise _unreadable(error) from None


def signature_is_valid(url: str, params: Mapping[str, str], signature: str, tokens: Iterable[str]) -> bool:
    """Whether one of the tokens signed this request, as `channels.sms` explains."""
    return any(token and RequestValidator(token).validate(url, params, signature) for token in tokens)


async def load(session: aiohttp.ClientSession, settings: SmsSettings) -> Account:
    """Build the account in a thread; the SDK imports much on first use."""
    return await asyncio.to_thread(Account, session, settings)


def _ours(message: Any) -> bool:
    return str(message.direction).startswith("outbound")


def _trace(message: Any) -> Trace:
    return Trace(
        provider_id=str(message.sid),
        text=str(message.body or ""),
        taken_at=message.date_created.astimezone(UTC),
        outcome=outcome(str(message.status)) or "accepted",
        code=str(message.error_code or message.status),
        suppress=suppresses(message.error_code),
        units=int(message.num_segments or 0),
        price=_price(message.price),
    )


def _price(said: str | None) -> Decimal | None:
    """What a message cost, as a positive amount; the provider tells it as a negative one, in its own unit."""
    try:
        return abs(Decimal(said)) if said else None
    except InvalidOperation:
        return None


def _unreadable(error: Exception) -> Uncertain:
    return Uncertain("garbled-answer", type(error).__name__)


def _code(text: str) -> int | None:
    try:
        code = json.loads(text).get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, int) else None
