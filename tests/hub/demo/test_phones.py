"""The demo's phones behave as Twilio does: shapes, refusals, signed callbacks, STOP."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, encode_basic_auth, web
from twilio.request_validator import RequestValidator

from hub.demo.phones import API, Phones
from hub.demo.provider import open_phones
from hub.now import Clock

ACCOUNT, TOKEN = "AC" + "0" * 32, "demo-token"
NUMBER, HUB = "+32460000001", "+32460000000"


class Webhook:
    """What the hub's webhook hears, and whether Twilio's own validator believes it."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[dict[str, str]] = []
        self.believed: list[bool] = []
        self.heard_twice = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.heard.append(form)
        url = self.url + request.path_qs
        signature = request.headers["X-Twilio-Signature"]
        self.believed.append(bool(RequestValidator(TOKEN).validate(url, form, signature)))
        if len(self.heard) == 2:
            self.heard_twice.set()
        return web.Response(status=204)


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    webhook = Webhook()
    app = web.Application()
    app.router.add_post("/{path:.*}", webhook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    webhook.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield webhook
    await runner.cleanup()


@pytest.fixture
async def phones(webhook: Webhook) -> AsyncIterator[Phones]:
    inbound = f"{webhook.url}/hooks/twilio/inbound"
    async with open_phones(Phones(ACCOUNT, TOKEN, Clock(), delay=0, inbound_url=inbound)) as phones:
        yield phones


async def _post(phones: Phones, token: str = TOKEN, **form: str) -> tuple[int, dict[str, object]]:
    url = f"{phones.base_url}/{API}/Accounts/{ACCOUNT}/Messages.json"
    async with (
        ClientSession(headers={"Authorization": encode_basic_auth(ACCOUNT, token)}) as http,
        http.post(url, data=form) as response,
    ):
        return response.status, await response.json()


async def test_the_fate_of_an_sms_is_reported_with_a_signature(phones: Phones, webhook: Webhook) -> None:
    callback = f"{webhook.url}/hooks/twilio/status/1?x=1"

    status, said = await _post(phones, To=NUMBER, From=HUB, Body="Été", StatusCallback=callback)

    assert (status, said["status"], said["num_segments"]) == (201, "queued", "1")
    async with asyncio.timeout(5):
        await webhook.heard_twice.wait()
    assert [form["MessageStatus"] for form in webhook.heard] == ["sent", "delivered"]
    assert {form["MessageSid"] for form in webhook.heard} == {said["sid"]}
    assert webhook.believed == [True, True]
    assert phones.threads[NUMBER][0].status == "delivered"


async def test_a_wrong_token_is_refused_as_twilio_does(phones: Phones) -> None:
    status, said = await _post(phones, token="other", To=NUMBER, From=HUB, Body="x")

    assert (status, said["code"]) == (401, 20003)


@pytest.mark.parametrize(
    ("form", "code"),
    [({"Body": "x"}, 21604), ({"To": "470 12", "Body": "x"}, 21211), ({"To": NUMBER, "Body": ""}, 21602)],
)
async def test_a_faulty_request_gets_twilios_code(phones: Phones, form: dict[str, str], code: int) -> None:
    status, said = await _post(phones, From=HUB, **form)

    assert (status, said["code"]) == (400, code)


async def test_a_phone_that_says_stop_tells_the_hub_and_rests(phones: Phones, webhook: Webhook) -> None:
    await _post(phones, To=NUMBER, From=HUB, Body="Bonjour")

    async with ClientSession() as http:
        heard = await phones.answer(http, NUMBER, "STOP")
    status, said = await _post(phones, To=NUMBER, From=HUB, Body="Encore")

    inbound = next(form for form in webhook.heard if form.get("Body"))
    assert heard == 204
    assert (inbound["From"], inbound["To"], inbound["OptOutType"]) == (NUMBER, HUB, "STOP")
    assert all(webhook.believed)
    assert (status, said["code"]) == (400, 21610)


async def test_the_list_of_messages_finds_what_was_sent_to_a_number(phones: Phones) -> None:
    _, sent = await _post(phones, To=NUMBER, From=HUB, Body="Bonjour")
    url = f"{phones.base_url}/{API}/Accounts/{ACCOUNT}/Messages.json"

    async with (
        ClientSession(headers={"Authorization": encode_basic_auth(ACCOUNT, TOKEN)}) as http,
        http.get(url, params={"To": NUMBER}) as response,
    ):
        found = await response.json()

    assert [row["sid"] for row in found["messages"]] == [sent["sid"]]
