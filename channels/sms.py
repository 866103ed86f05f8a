"""SMS: a channel whose lanes are requests to Twilio, and the check of what Twilio sends back."""

import asyncio
import importlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp

from channels import gsm
from channels.contract import (
    PERSONAL_LINK,
    Expired,
    Outgoing,
    Receipt,
    Refused,
    Trace,
    Traits,
    Unavailable,
    Uncertain,
    Words,
    WrongSettings,
)
from channels.headers import link
from channels.row import Row
from channels.settings import Mode, SmsSettings, refuse_live
from channels.sms_reports import failure
from channels.twilio_wire import Answer, Endpoint, Wire

if TYPE_CHECKING:
    from channels.twilio_sdk import Account

T = TypeVar("T")

STATUS_PATH = "/hooks/twilio/status/"
"""Below the site's base URL; the attempt's id follows."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ATTEMPT = re.compile(r"[0-9A-Za-z-]{1,80}")  # as it stands in the path of the callback
_LONGEST_VALIDITY = 36_000  # seconds; ValidityPeriod's range is 1 to 36 000
_LONGEST_BODY = 1600  # characters; Twilio answers 21617 beyond
_LONGEST_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PreparedSms:
    """The words of an SMS; a personal link in them is filled in per recipient."""

    text: str
    _pieces: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _units: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces = tuple(quote_plus(piece) for piece in self.text.split(PERSONAL_LINK))
        object.__setattr__(self, "_pieces", pieces)
        object.__setattr__(self, "_units", 0 if len(pieces) > 1 else gsm.measure(self.text).segments)

    def body(self, personal_link: str) -> str:
        """The form's Body for one recipient."""
        if len(self._pieces) == 1:
            return self._pieces[0]
        return quote_plus(link(personal_link)).join(self._pieces)

    def units(self, personal_link: str) -> int:
        """The segments that one recipient's message takes."""
        return self._units or gsm.measure(_filled(self.text, personal_link)).segments


class SmsChannel:
    """Sends through the settings' provider; in an exercise it cannot be made for any but a sink here."""

    def __init__(
        self,
        settings: SmsSettings,
        *,
        mode: Mode,
        now: Callable[[], datetime],
        site_url: str,
        session: aiohttp.ClientSession,
    ) -> None:
        refuse_live(mode, _host(settings.base_url), "sms.base_url", sink=settings.sink)
        if not settings.account_sid or not settings.sender:
            raise WrongSettings("sms.account_sid and sms.sender are needed to send SMS; set both")
        # Nothing in doubt is repeated before the provider was asked for it.
        self.traits = Traits(name="sms", lanes=settings.lanes, repeats_uncertain=False, calls_back=True)
        self._settings = settings
        self._endpoint = Endpoint(
            settings.base_url,
            f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json",
            login=(settings.account_sid, settings.auth_token.get_secret_value()),
            timeout=settings.timeout,
        )
        self._form = _Form(settings.sender, site_url.rstrip("/") + STATUS_PATH, now)
        self._row = Row(settings.segments_per_second)
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
        """A lane; each keeps a connection, all of them one row."""
        wire = Wire(self._endpoint)
        try:
            yield SmsLane(wire, self._form, self._row)
        finally:
            wire.close()

    async def sent_to(self, address: str) -> Sequence[Trace]:
        """The latest messages from us to a number, newest first. Raises ChannelError."""
        return await (await self._opened()).sent_to(address)

    async def trace(self, provider_id: str) -> Trace | None:
        """One message by its SID; None where there is none. Raises ChannelError."""
        return await (await self._opened()).trace(provider_id)

    async def sent_on(self, day: date) -> AsyncIterator[Trace]:
        """All messages from us that left on a day (UTC). Raises ChannelError."""
        async for found in (await self._opened()).sent_on(day):
            yield found

    def text_of(self, text: str, personal_link: str) -> str:
        """Approved words as they leave for one reader."""
        return _filled(text, personal_link)

    async def _opened(self) -> "Account":
        """The provider's account, opened on first use: the SDK is slow to import."""
        async with self._opening:
            if self._account is None:
                sdk = await asyncio.to_thread(importlib.import_module, "channels.twilio_sdk")
                self._account = await sdk.load(self._session, self._settings)
            return self._account


class SmsLane:
    """Requests to the provider, one at a time."""

    def __init__(self, wire: Wire, form: "_Form", row: Row) -> None:
        self._wire = wire
        self._form = form
        self._row = row

    def wait(self) -> float:
        """Book the next place in the row of all lanes; returns the seconds until it comes."""
        return self._row.book()

    async def send(self, outgoing: Outgoing, ahead: Outgoing | None = None) -> Receipt:
        """Hand one SMS to the provider. Raises Refused, Unavailable, Expired or Uncertain."""
        prepared = outgoing.body
        if not isinstance(prepared, PreparedSms):
            raise TypeError(f"the body is {type(prepared).__name__}, not what prepare() returned")
        if not _E164.fullmatch(outgoing.address):
            raise Refused("malformed", "this is not one number in E.164")
        if not _ATTEMPT.fullmatch(outgoing.attempt):
            raise Refused("malformed", "the attempt's id cannot stand in a URL")
        # What was booked before it was known: one segment.
        self._row.add(prepared.units(outgoing.personal_link) - 1)
        try:
            await self._wire.ready()  # which takes time: how long the message still matters is asked after it
            return _receipt(await self._wire.post(self._form.fill(outgoing, prepared)))
        except Unavailable as error:
            if error.code.isdecimal() and not error.channel_wide:
                self._row.slow(error.retry_after)
            raise


class _Form:
    """The fields of a request; those that never change are encoded once."""

    def __init__(self, sender: str, callback: str, now: Callable[[], datetime]) -> None:
        # "MG" and 32 hex digits name a messaging service, which picks the sender.
        kind = "MessagingServiceSid" if sender.startswith("MG") else "From"
        self._sender = f"&{kind}={quote_plus(sender)}&Body="
        self._callback = f"&StatusCallback={quote_plus(callback)}"
        self._now = now

    def fill(self, outgoing: Outgoing, prepared: PreparedSms) -> bytes:
        """The form for one message. Raises Expired where the provider's shortest wait would outlive it."""
        life = int((outgoing.expires_at - self._now()).total_seconds())
        if life < 1:
            raise Expired
        validity = min(life, _LONGEST_VALIDITY)
        # SmartEncoded=false: what was counted and approved is what is sent.
        return (
            f"To=%2B{outgoing.address[1:]}{self._sender}{prepared.body(outgoing.personal_link)}"
            f"{self._callback}{outgoing.attempt}&ValidityPeriod={validity}&SmartEncoded=false"
        ).encode("ascii")


def _receipt(answer: Answer) -> Receipt:
    if answer.status >= 300:
        wait = answer.retry_after and min(answer.retry_after, _LONGEST_RETRY_AFTER)
        raise failure(answer.status, _field(answer.body, "code", int), retry_after=wait)
    sid = _field(answer.body, "sid", str)
    if not sid:
        # Errors are raised above: here it said yes, in words that we cannot read.
        raise Uncertain("garbled-answer", "accepted without an id")
    return Receipt(str(answer.status), sid)


def _field(body: bytes, name: str, kind: type[T]) -> T | None:
    try:
        found = json.loads(body).get(name)
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, kind) else None


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
