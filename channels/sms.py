"""SMS: a channel whose lanes are requests to Twilio, and the check of what Twilio sends back."""

import asyncio
import importlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from channels.contract import PERSONAL_LINK, Outgoing, Receipt, Refused, Traits, Words, WrongSettings
from channels.headers import link
from channels.settings import Mode, SmsSettings, refuse_live

if TYPE_CHECKING:
    from channels.twilio_sdk import Account

STATUS_PATH = "/hooks/twilio/status/"
"""Below the site's base URL; the attempt's id follows."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ATTEMPT = re.compile(r"[0-9A-Za-z-]{1,80}")  # as it stands in the path of the callback
_LONGEST_VALIDITY = 36_000  # seconds; ValidityPeriod's range is 1 to 36 000
_LONGEST_BODY = 1600  # characters; Twilio answers 21617 beyond


@dataclass(frozen=True, slots=True)
class PreparedSms:
    """The words of an SMS; a personal link in them is filled in per recipient."""

    text: str


class SmsChannel:
    """Sends through the settings' provider; in an exercise it cannot be made for any but this machine."""

    def __init__(
        self, settings: SmsSettings, *, mode: Mode, site_url: str, session: aiohttp.ClientSession
    ) -> None:
        refuse_live(mode, _host(settings.base_url), "sms.base_url")
        if not settings.account_sid or not settings.sender:
            raise WrongSettings("sms.account_sid and sms.sender are needed to send SMS; set both")
        self.traits = Traits(name="sms", lanes=settings.lanes, repeats_uncertain=settings.repeat_uncertain)
        self._settings = settings
        self._callback = site_url.rstrip("/") + STATUS_PATH
        self._session = session
        self._account: Account | None = None
        self._opening = asyncio.Lock()

    def prepare(self, words: Words, *, stream: str, headers: Mapping[str, str]) -> PreparedSms:
        """Take the text; an SMS has no subject, stream or headers. Raises WrongSettings if too long."""
        if not 0 < len(words.text) <= _LONGEST_BODY:
            raise WrongSettings(f"an SMS has 1 to {_LONGEST_BODY} characters, this one {len(words.text)}")
        return PreparedSms(words.text)

    @asynccontextmanager
    async def lane(self) -> AsyncIterator["SmsLane"]:
        """A lane; lanes share one session, which keeps a connection for each."""
        yield SmsLane(self, self._callback)

    async def account(self) -> "Account":
        """The provider's account, opened on first use: the SDK is slow to import."""
        async with self._opening:
            if self._account is None:
                sdk = await asyncio.to_thread(importlib.import_module, "channels.twilio_sdk")
                self._account = await sdk.load(self._session, self._settings)
            return self._account


class SmsLane:
    """Requests to the provider, one at a time."""

    def __init__(self, channel: SmsChannel, callback: str) -> None:
        self._channel = channel
        self._callback = callback

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one SMS to the provider. Raises Refused, Unavailable or Uncertain."""
        prepared = outgoing.body
        if not isinstance(prepared, PreparedSms):
            raise TypeError(f"the body is {type(prepared).__name__}, not what prepare() returned")
        if not _E164.fullmatch(outgoing.address):
            raise Refused("malformed", "this is not one number in E.164")
        if not _ATTEMPT.fullmatch(outgoing.attempt):
            raise Refused("malformed", "the attempt's id cannot stand in a URL")
        account = await self._channel.account()
        return await account.send(
            to=outgoing.address,
            body=_filled(prepared.text, outgoing.personal_link),
            status_callback=self._callback + outgoing.attempt,
            validity_period=max(1, min(int(outgoing.life.total_seconds()), _LONGEST_VALIDITY)),
        )


def signature_is_valid(url: str, params: Mapping[str, str], signature: str, tokens: Iterable[str]) -> bool:
    """Whether Twilio signed this request with one of our tokens; several count while one replaces another.

    `url` is the public one with its query, made of the settings and never of the request. The signature holds
    no time: a replay is valid too, so whatever acts on it must be idempotent.
    """
    from channels import twilio_sdk

    return twilio_sdk.signature_is_valid(url, params, signature, tokens)


def _filled(text: str, personal_link: str) -> str:
    return text.replace(PERSONAL_LINK, link(personal_link).decode("ascii")) if PERSONAL_LINK in text else text


def _host(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongSettings(f"sms.base_url: {url!r} is no http or https address")
    return parts.hostname
