"""Everything that touches Twilio's SDK, which is untyped and slow to import: import this module late."""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from logging import getLogger
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from channels.contract import ChannelError, Receipt, Unavailable, Uncertain
from channels.settings import SmsSettings
from channels.sms_reports import failure

_LONGEST_RETRY_AFTER = timedelta(hours=1)


class SharedHttp(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's requests over a session of ours, to a base URL of ours.

    The SDK's own client ignores its timeout and leaks connections. Nothing is logged here: the body holds
    the number and the words.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: SmsSettings) -> None:
        super().__init__(getLogger(__name__), is_async=True)
        self._session = session
        self._base_url = settings.base_url.rstrip("/")
        total = settings.timeout.total_seconds()
        # Half the time for connecting: when the whole time is over, the request has left.
        self._timeout = aiohttp.ClientTimeout(total=total, connect=total / 2)

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
        """Answer one request of the SDK. Raises Unavailable if it never left, else Uncertain."""
        headers = dict(headers or {})
        if auth is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
        try:
            async with self._session.request(
                method,
                self._base_url + urlsplit(uri).path,
                params=params,
                data=_form(data or {}),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                text = await response.text()
                if response.status >= 300:
                    raise failure(response.status, _code(text), retry_after=_retry_after(response.headers))
                return Response(response.status, text, response.headers)
        # "from None" throughout: what lies below may hold the number, and a trace would log it.
        except aiohttp.ClientSSLError as error:
            detail = f"no secure connection to the provider: {type(error).__name__}; look into sms.base_url"
            raise Unavailable("tls", detail, counts=False, channel_wide=True) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unavailable("connect", f"no connection: {type(error).__name__}", counts=False) from None
        except aiohttp.InvalidURL:
            raise Unavailable("connect", "sms.base_url is no URL", counts=False, channel_wide=True) from None
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            word = "timeout" if isinstance(error, TimeoutError) else "connection-lost"
            raise Uncertain(word, "after the request had left, before its answer") from None


class Account:
    """One account at the provider."""

    def __init__(self, session: aiohttp.ClientSession, settings: SmsSettings) -> None:
        token = settings.auth_token.get_secret_value()
        self._client: Any = Client(settings.account_sid, token, http_client=SharedHttp(session, settings))
        # "MG" and 32 hex digits name a messaging service, which picks the sender.
        kind = "messaging_service_sid" if settings.sender.startswith("MG") else "from_"
        self._sender = {kind: settings.sender}

    async def send(self, *, to: str, body: str, status_callback: str, validity_period: int) -> Receipt:
        """Ask the provider to send one SMS. Raises Refused, Unavailable or Uncertain."""
        try:
            message = await self._client.messages.create_async(
                to=to,
                body=body,
                status_callback=status_callback,
                validity_period=validity_period,
                smart_encoded=False,  # what was counted and approved is what is sent
                **self._sender,
            )
        except ChannelError:
            raise
        except (TwilioException, ValueError, LookupError, TypeError, AttributeError) as error:
            # Errors of the provider are raised above: here it said yes, in words that we cannot read.
            raise Uncertain("garbled-answer", type(error).__name__) from None
        if not message.sid:
            raise Uncertain("garbled-answer", "accepted without an id")
        return Receipt("201", str(message.sid))


def signature_is_valid(url: str, params: Mapping[str, str], signature: str, tokens: Iterable[str]) -> bool:
    """Whether one of the tokens signed this request, as `channels.sms` explains."""
    return any(token and RequestValidator(token).validate(url, params, signature) for token in tokens)


async def load(session: aiohttp.ClientSession, settings: SmsSettings) -> Account:
    """Build the account in a thread; the SDK imports much on first use."""
    return await asyncio.to_thread(_loaded, session, settings)


def _loaded(session: aiohttp.ClientSession, settings: SmsSettings) -> Account:
    account = Account(session, settings)
    _ = account._client.messages
    return account


def _form(data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Form fields as Twilio reads them: booleans in lower case."""
    said = {name: str(value) for name, value in data.items()}
    return [
        (name, said[name].lower() if isinstance(value, bool) else said[name]) for name, value in data.items()
    ]


def _code(text: str) -> int | None:
    try:
        code = json.loads(text).get("code")
    except (ValueError, AttributeError):
        return None
    return code if isinstance(code, int) else None


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    said = headers.get("Retry-After", "")
    return min(timedelta(seconds=int(said)), _LONGEST_RETRY_AFTER) if said.isdecimal() else None
