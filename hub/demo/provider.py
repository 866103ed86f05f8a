"""Twilio's REST interface before the demo's phones: takes SMS and reports on them in signed callbacks."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import format_datetime

from aiohttp import ClientSession, ClientTimeout, hdrs, web

from channels.gsm import measure
from hub.demo.phones import API, Phones, Text

CALLBACKS_AT_ONCE = 8


@asynccontextmanager
async def open_phones(phones: Phones, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Phones]:
    """Answer the REST calls of a Twilio client while the context is open; `phones.base_url` says where."""
    taken: asyncio.Queue[Text] = asyncio.Queue()
    runner = web.AppRunner(_app(phones, taken), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    phones.base_url = f"http://{host}:{runner.addresses[0][1]}"
    async with ClientSession(timeout=ClientTimeout(total=15)) as http:
        reporters = [asyncio.create_task(_reporter(phones, http, taken)) for _ in range(CALLBACKS_AT_ONCE)]
        try:
            yield phones
        finally:
            for reporter in reporters:
                reporter.cancel()
            await asyncio.gather(*reporters, return_exceptions=True)
            await runner.cleanup()


async def _reporter(phones: Phones, http: ClientSession, taken: asyncio.Queue[Text]) -> None:
    while True:
        await phones.report(http, await taken.get())


def _app(phones: Phones, taken: asyncio.Queue[Text]) -> web.Application:
    messages = f"/{API}/Accounts/{{account}}/Messages"

    async def create(request: web.Request) -> web.Response:
        if (refusal := _unknown_caller(phones, request)) is not None:
            return refusal
        form = {key: str(value) for key, value in (await request.post()).items()}
        if (refusal := _fault(phones, form)) is not None:
            return refusal
        text = phones.take(form)
        asyncio.get_running_loop().call_later(phones.delay, taken.put_nowait, text)
        return web.json_response(_shape(phones, text), status=201)

    async def listing(request: web.Request) -> web.Response:
        if (refusal := _unknown_caller(phones, request)) is not None:
            return refusal
        found = phones.threads.get(request.query.get("To", ""), [])
        rows = [_shape(phones, text) for text in reversed(found) if text.direction == "outbound-api"]
        return web.json_response(
            {"messages": rows, "page": 0, "page_size": 50, "start": 0, "end": max(len(rows) - 1, 0),
             "uri": request.path_qs, "first_page_uri": request.path_qs, "next_page_uri": None,
             "previous_page_uri": None}
        )  # fmt: skip

    async def one(request: web.Request) -> web.Response:
        if (refusal := _unknown_caller(phones, request)) is not None:
            return refusal
        text = phones.texts.get(request.match_info["sid"])
        if text is None:
            return _error(404, 20404, "The requested resource was not found")
        return web.json_response(_shape(phones, text))

    app = web.Application()
    app.router.add_post(f"{messages}.json", create)
    app.router.add_get(f"{messages}.json", listing)
    app.router.add_get(f"{messages}/{{sid}}.json", one)
    return app


def _unknown_caller(phones: Phones, request: web.Request) -> web.Response | None:
    expected = b64encode(f"{phones.account}:{phones.token}".encode()).decode()
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    known = hmac.compare_digest(given.encode(), f"Basic {expected}".encode())
    if known and request.match_info["account"] == phones.account:
        return None
    return _error(401, 20003, "Authenticate")


def _fault(phones: Phones, form: Mapping[str, str]) -> web.Response | None:
    if not form.get("To"):
        return _error(400, 21604, "A 'To' phone number is required.")
    if not form["To"].startswith("+") or not form["To"][1:].isdigit():
        return _error(400, 21211, "Invalid 'To' Phone Number")
    if not form.get("Body"):
        return _error(400, 21602, "Message body is required.")
    if form["To"] in phones.stopped:
        return _error(400, 21610, "Attempt to send to unsubscribed recipient")
    return None


def _error(status: int, code: int, text: str) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": text, "more_info": more, "status": status}
    return web.json_response(said, status=status)


def _shape(phones: Phones, text: Text) -> dict[str, object]:
    """A message as Twilio's API shows it."""
    made, uri = format_datetime(text.at), f"/{API}/Accounts/{phones.account}/Messages/{text.sid}"
    service = text.hub if text.hub.startswith("MG") else None
    return {
        "account_sid": phones.account, "api_version": API, "body": text.body, "date_created": made,
        "date_sent": None if text.status == "queued" else made, "date_updated": made,
        "direction": text.direction,
        "error_code": None, "error_message": None, "from": None if service else text.hub,
        "messaging_service_sid": service, "num_media": "0", "num_segments": str(measure(text.body).segments),
        "price": None, "price_unit": "USD", "sid": text.sid, "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"}, "to": text.phone, "uri": f"{uri}.json",
    }  # fmt: skip
