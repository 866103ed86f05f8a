"""The demo's phones: what each shows, what becomes of an SMS, and how a phone answers STOP."""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aiohttp import ClientError, ClientSession

from channels.gsm import measure
from hub.now import Clock

API = "2010-04-01"
FATES = ("sent", "delivered")


@dataclass(slots=True)
class Text:
    """One SMS, to or from a phone."""

    sid: str
    phone: str
    hub: str
    body: str
    direction: Literal["outbound-api", "inbound"]
    at: datetime
    status: str
    callback: str = ""

    @property
    def length(self) -> str:
        """How long it is on the air, for people: "2 segments · GSM-7"."""
        found = measure(self.body)
        return f"{found.segments} segment{'s' if found.segments > 1 else ''} · {found.encoding}"


@dataclass(slots=True)
class Phones:
    """All phones and what they show."""

    account: str
    token: str
    clock: Clock
    delay: float = 0.4
    inbound_url: str = ""
    base_url: str = ""
    texts: dict[str, Text] = field(default_factory=dict)
    threads: dict[str, list[Text]] = field(default_factory=lambda: defaultdict(list))
    stopped: set[str] = field(default_factory=set)

    @property
    def received(self) -> int:
        """How many SMS reached a phone since the demo began."""
        return sum(text.direction == "outbound-api" for text in self.texts.values())

    def take(self, form: Mapping[str, str]) -> Text:
        """Accept an SMS for delivery."""
        text = Text(
            sid=f"SM{secrets.token_hex(16)}",
            phone=form["To"],
            hub=form.get("MessagingServiceSid") or form.get("From", ""),
            body=form["Body"],
            direction="outbound-api",
            at=self.clock.now(),
            status="queued",
            callback=form.get("StatusCallback", ""),
        )
        self._keep(text)
        return text

    async def answer(self, http: ClientSession, phone: str, body: str) -> int:
        """Let a phone write back; returns what the hub's webhook said."""
        hub = next((text.hub for text in reversed(self.threads[phone]) if text.hub), "")
        text = Text(f"SM{secrets.token_hex(16)}", phone, hub, body, "inbound", self.clock.now(), "received")
        self._keep(text)
        form = {
            "MessageSid": text.sid, "SmsSid": text.sid, "AccountSid": self.account, "ApiVersion": API,
            "From": phone, "To": hub, "Body": body, "NumMedia": "0", "NumSegments": "1",
        }  # fmt: skip
        if body.strip().upper() == "STOP":
            self.stopped.add(phone)
            form["OptOutType"] = "STOP"
        return await self._post(http, self.inbound_url, form)

    async def report(self, http: ClientSession, text: Text) -> None:
        """Tell the hub, step by step, what became of a text."""
        for status in FATES:
            text.status = status
            if text.callback:
                form = {
                    "MessageSid": text.sid, "SmsSid": text.sid, "AccountSid": self.account, "ApiVersion": API,
                    "From": text.hub, "To": text.phone, "MessageStatus": status, "SmsStatus": status,
                }  # fmt: skip
                await self._post(http, text.callback, form)

    async def _post(self, http: ClientSession, url: str, form: Mapping[str, str]) -> int:
        """Twilio tries a callback once more, and only where it could not connect."""
        signed = {"X-Twilio-Signature": sign(self.token, url, form)}
        for _ in range(2):
            with suppress(ClientError, TimeoutError):
                async with http.post(url, data=form, headers=signed, allow_redirects=False) as response:
                    return response.status
        return 0

    def _keep(self, text: Text) -> None:
        self.texts[text.sid] = text
        self.threads[text.phone].append(text)


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """Twilio's signature: HMAC-SHA1, with the account's token, of the URL and the sorted parameters."""
    signed = url + "".join(f"{key}{form[key]}" for key in sorted(form))
    return b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
