"""A Twilio in the process: it keeps its messages, knows who said STOP, calls back signed, and misbehaves on request."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

SENT_AT = "Fri, 17 Apr 2020 08:00:00 +0000"


class Fault(Enum):
    """What no answer can say."""

    ACCEPT_AND_CUT = auto()
    """Take the message, then close the connection without an answer."""
    ACCEPT_AND_HANG = auto()
    """Take the message, then say nothing."""
    ACCEPT_AND_FAIL = auto()
    """Take the message, then answer 500."""
    ACCEPT_AND_MUMBLE = auto()
    """Take the message, then answer 201 with what is no JSON."""
    CUT = auto()
    """Close the connection without taking the message."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that takes nothing."""

    status: int
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Sms:
    """One message that was taken."""

    sid: str
    form: dict[str, str]
    at: datetime
    status: str = "queued"
    error_code: int | None = None
    direction: str = "outbound-api"

    @property
    def to(self) -> str:
        return self.form["To"]

    @property
    def body(self) -> str:
        return self.form["Body"]


@dataclass(slots=True)
class TwilioDouble:
    """Listens on a loopback port inside `async with`."""

    account_sid: str = "AC00000000000000000000000000000001"
    token: str = "token"
    opted_out: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=lambda: {"+32470000000"})
    """Those that the account has."""
    account_status: str = "active"
    burst: int | None = None
    """After so many messages every further one is answered `limit`, until `calm()`."""
    limit: Problem = field(default_factory=lambda: Problem(429, 20429, {"Retry-After": "7"}))
    listed_after: int = 0
    """How many listings a message stays out of: real lists lag."""
    list_delay: dict[str, float] = field(default_factory=dict)
    """For how many seconds a message to this number stays out of all of them."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    messages: list[Sms] = field(default_factory=list)
    requests: int = 0
    fetched: int = 0
    misbehaved: list[tuple[str, float]] = field(default_factory=list)
    """Whose request was not taken or not answered so, and when (seconds since 1970)."""
    url: str = ""
    _script: list[Problem | Fault] = field(default_factory=list)
    _by_number: dict[str, list[Problem | Fault]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _listings: int = 0
    _taken_at_listing: dict[str, int] = field(default_factory=dict)
    _since_calm: int = 0
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    def next(self, *answers: Problem | Fault) -> None:
        """Answer the next requests for sending in this way."""
        self._script.extend(answers)

    def on(self, to: str, answer: Problem | Fault, *, times: int = 1) -> None:
        """Answer so when a message to this number is asked for, so many times."""
        self._by_number.setdefault(to, []).extend([answer] * times)

    def asked(self, to: str) -> int:
        """How often a message to this number was asked for."""
        return self._asked[to]

    def calm(self) -> None:
        """Let another burst through."""
        self._since_calm = 0

    async def report(self, sms: Sms, status: str, error_code: int | None = None) -> int:
        """Set a message's status and tell the callback, signed; the HTTP status of its answer."""
        assert self._session is not None
        sms.status, sms.error_code = status, error_code
        form = {"AccountSid": self.account_sid, "MessageSid": sms.sid, "MessageStatus": status, "To": sms.to}
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        url = sms.form["StatusCallback"]
        headers = {"X-Twilio-Signature": self.signature(url, form)}
        async with self._session.post(url, data=form, headers=headers) as answer:
            return answer.status

    async def forge(self, sms: Sms, status: str) -> int:
        """Tell the callback what is not so, signed with another token; the HTTP status of its answer."""
        real, self.token = self.token, "another token"
        known = (sms.status, sms.error_code)
        try:
            return await self.report(sms, status)
        finally:
            self.token = real
            sms.status, sms.error_code = known

    def scrambled(
        self,
        dice: Random,
        *,
        of: Sequence[Sms] | None = None,
        statuses: Sequence[str] = ("sent", "delivered"),
        copies: int = 2,
    ) -> list[tuple[Sms, str]]:
        """All callbacks `of` these messages, or of all, in any order, each so many times: what `report` is given."""
        chosen = self.messages if of is None else of
        found = [(sms, status) for sms in chosen for status in statuses for _ in range(copies)]
        dice.shuffle(found)
        return found

    def signature(self, url: str, form: dict[str, str]) -> str:
        """HMAC-SHA1 over the URL and the sorted fields, as Twilio documents it."""
        said = url + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.token.encode(), said.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode("ascii")

    async def __aenter__(self) -> Self:
        app = web.Application()
        path = "/2010-04-01/Accounts/{account}/Messages.json"
        account = path.removesuffix("/Messages.json")
        app.add_routes([
            web.post(path, self._create),
            web.get(path, self._list),
            web.get(path.replace(".json", "/{sid}.json"), self._fetch),
            web.get(account + ".json", self._account),
            web.get(account + "/IncomingPhoneNumbers.json", self._numbers),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        assert self._runner is not None
        await self._session.close()
        await self._runner.cleanup()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._asked[form.get("To", "")] += 1
        script = self._by_number.get(form.get("To", "")) or self._script
        scripted = script.pop(0) if script else None
        problem = scripted if isinstance(scripted, Problem) else self._problem(request, form)
        if scripted is not None or problem is not None:
            self.misbehaved.append((form.get("To", ""), time.time()))
        if problem is not None:
            return _problem_response(problem)
        if scripted is not Fault.CUT:
            sms = self._take(form)
        match scripted:
            case Fault.CUT | Fault.ACCEPT_AND_CUT:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case Fault.ACCEPT_AND_HANG:
                await asyncio.Event().wait()
            case Fault.ACCEPT_AND_FAIL:
                return web.Response(status=500, text="internal error")
            case Fault.ACCEPT_AND_MUMBLE:
                return web.Response(status=201, text="<html>")
        return web.json_response(self._resource(sms), status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return _problem_response(Problem(401, 20003))
        self._listings += 1
        to, page = request.query.get("To"), int(request.query.get("Page", "0"))
        size = int(request.query.get("PageSize", "50"))
        shown = [
            self._resource(sms)
            for sms in reversed(self.messages)
            if to in (None, sms.to) and self._is_listed(sms)
        ]
        start, end = page * size, min((page + 1) * size, len(shown))
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages.json?PageSize={size}&Page="
        body: dict[str, Any] = {
            "messages": shown[start:end],
            "page": page,
            "page_size": size,
            "start": start,
            "end": max(end - 1, 0),
            "uri": f"{uri}{page}",
            "first_page_uri": f"{uri}0",
            "next_page_uri": f"{uri}{page + 1}" if end < len(shown) else None,
            "previous_page_uri": f"{uri}{page - 1}" if page else None,
        }
        return web.json_response(body)

    def _is_listed(self, sms: Sms) -> bool:
        late = (self.now() - sms.at).total_seconds() < self.list_delay.get(sms.to, 0.0)
        return not late and self._listings > self._taken_at_listing[sms.sid] + self.listed_after

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return _problem_response(Problem(401, 20003))
        self.fetched += 1
        for sms in self.messages:
            if sms.sid == request.match_info["sid"]:
                return web.json_response(self._resource(sms))
        return _problem_response(Problem(404, 20404))

    async def _account(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return _problem_response(Problem(401, 20003))
        return web.json_response({"sid": self.account_sid, "status": self.account_status})

    async def _numbers(self, request: web.Request) -> web.StreamResponse:
        if not self._is_known(request):
            return _problem_response(Problem(401, 20003))
        found = [number for number in sorted(self.numbers) if number == request.query.get("PhoneNumber")]
        return web.json_response({"incoming_phone_numbers": [{"phone_number": number} for number in found]})

    def _is_known(self, request: web.Request) -> bool:
        login = base64.b64encode(f"{self.account_sid}:{self.token}".encode()).decode("ascii")
        right = request.headers.get("Authorization") == f"Basic {login}"
        return right and request.match_info["account"] == self.account_sid

    def _problem(self, request: web.Request, form: dict[str, str]) -> Problem | None:
        if not self._is_known(request):
            return Problem(401, 20003)
        if not form.get("To"):
            return Problem(400, 21604)
        if not form.get("From") and not form.get("MessagingServiceSid"):
            return Problem(400, 21603)
        if not form.get("Body"):
            return Problem(400, 21602)
        if form["To"] in self.opted_out:
            return Problem(400, 21610)
        if self.burst is not None and self._since_calm >= self.burst:
            return self.limit
        return None

    def _take(self, form: dict[str, str]) -> Sms:
        self._since_calm += 1
        sms = Sms(sid=f"SM{len(self.messages) + 1:032x}", form=form, at=self.now())
        self._taken_at_listing[sms.sid] = self._listings
        self.messages.append(sms)
        return sms

    def _resource(self, sms: Sms) -> dict[str, Any]:
        at, over = format_datetime(sms.at), sms.status in ("delivered", "undelivered")
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sms.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": sms.body,
            "date_created": at,
            "date_sent": at if over else None,
            "date_updated": at,
            "direction": sms.direction,
            "error_code": sms.error_code,
            "error_message": None,
            "from": sms.form.get("From"),
            "messaging_service_sid": sms.form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": "-0.05500" if over else None,
            "price_unit": "USD",
            "sid": sms.sid,
            "status": sms.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": sms.to,
            "uri": f"{uri}.json",
        }


def _problem_response(problem: Problem) -> web.Response:
    # Like the real one, the message repeats the number: nothing of it may reach a log.
    body = {"code": problem.code, "message": "About +32470000001: no", "status": problem.status}
    return web.json_response(body, status=problem.status, headers=problem.headers)
