"""The SMS lane against a Twilio that misbehaves in every way we know."""

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from channels.contract import (
    PERSONAL_LINK,
    Expired,
    Lane,
    Receipt,
    Refused,
    Unavailable,
    Uncertain,
    Words,
    WrongSettings,
)
from channels.sms import PreparedSms, SmsChannel, signature_is_valid
from channels.twilio_wire import Wire
from tests.channels.settings import NOW, Hidden, Sms, outgoing
from tests.doubles.twilio import Fault, Problem, TwilioDouble

NUMBER = "+32470123456"
SITE = "http://127.0.0.1:8080"
SMS = Words("", "Visites : prenez rendez-vous.", None, "fr")


@asynccontextmanager
async def opened(provider: TwilioDouble, **settings: Any) -> AsyncIterator[SmsChannel]:
    async with aiohttp.ClientSession() as session:
        values = {"base_url": provider.url, **settings}
        yield SmsChannel(Sms(**values), mode="Exercise", now=lambda: NOW, site_url=SITE, session=session)


async def send_one(lane: Lane, address: str = NUMBER, **parts: Any) -> Receipt:
    return await lane.send(outgoing(PreparedSms(SMS.text), address, **parts))


async def test_an_sms_arrives_as_approved_and_its_sid_comes_back() -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        receipt = await send_one(lane)

    (message,) = provider.messages
    assert receipt == Receipt("201", message.sid)
    assert message.form == {
        "To": NUMBER,
        "From": "+32470000000",
        "Body": SMS.text,
        "StatusCallback": f"{SITE}/hooks/twilio/status/0f0e0d0c-0b0a-4909-8807-060504030201",
        "ValidityPeriod": "36000",
        "SmartEncoded": "false",
    }


async def test_a_messaging_service_picks_the_sender() -> None:
    async with (
        TwilioDouble() as provider,
        opened(provider, sender="MG" + "0" * 32) as sms,
        sms.lane() as lane,
    ):
        await send_one(lane)

    assert provider.messages[0].form["MessagingServiceSid"] == "MG" + "0" * 32
    assert "From" not in provider.messages[0].form


@pytest.mark.parametrize(
    ("life", "validity"),
    [(timedelta(seconds=1), "1"), (timedelta(seconds=90.5), "90"), (timedelta(days=3), "36000")],
)
async def test_an_sms_waits_at_the_provider_no_longer_than_it_matters(life: timedelta, validity: str) -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        await send_one(lane, expires_at=NOW + life)

    assert provider.messages[0].form["ValidityPeriod"] == validity


@pytest.mark.parametrize("life", [timedelta(seconds=-5), timedelta(0), timedelta(seconds=0.9)])
async def test_an_sms_whose_time_is_over_is_not_asked_for(life: timedelta) -> None:
    """The provider counts whole seconds: what has less than one left would outlive its time there."""
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        with pytest.raises(Expired):
            await send_one(lane, expires_at=NOW + life)
        await send_one(lane)

    assert provider.requests == 1


async def test_an_sms_whose_time_passes_while_the_lane_connects_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, ready = [NOW], Wire.ready

    async def slowly(wire: Wire) -> None:
        await ready(wire)
        time[0] += timedelta(seconds=30)

    monkeypatch.setattr(Wire, "ready", slowly)
    async with TwilioDouble() as provider, aiohttp.ClientSession() as session:
        settings = Sms(base_url=provider.url)
        sms = SmsChannel(settings, mode="Exercise", now=lambda: time[0], site_url=SITE, session=session)
        async with sms.lane() as lane:
            with pytest.raises(Expired):
                await send_one(lane, expires_at=NOW + timedelta(seconds=30))

    assert provider.requests == 0


async def test_a_personal_link_in_an_sms_is_filled_in() -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        prepared = sms.prepare(
            Words("", f"Stop: {PERSONAL_LINK}", None, "fr"), stream="directives", headers={}
        )
        await lane.send(outgoing(prepared, NUMBER))

    assert provider.messages[0].body == "Stop: https://univoque.example/u/Zx81kQ"


@pytest.mark.parametrize(
    ("problem", "suppress"),
    [
        (Problem(400, 21211), True),
        (Problem(400, 21614), True),
        (Problem(400, 21610), True),
        (Problem(400, 21612), False),
        (Problem(400, 21408), False),
        (Problem(403, 21408), False),
        (Problem(400, 99999), False),
        (Problem(400), False),
    ],
)
async def test_a_number_refused_for_good_is_refused(problem: Problem, suppress: bool) -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        provider.next(problem)
        with pytest.raises(Refused) as refused:
            await send_one(lane)
        await send_one(lane)

    assert refused.value.suppress is suppress
    assert refused.value.code == str(problem.code or problem.status)
    assert len(provider.messages) == 1


async def test_a_reader_who_said_stop_is_suppressed() -> None:
    async with TwilioDouble(opted_out={NUMBER}) as provider, opened(provider) as sms, sms.lane() as lane:
        with pytest.raises(Refused) as refused:
            await send_one(lane)

    assert (refused.value.code, refused.value.suppress) == ("21610", True)


async def test_a_burst_costs_no_attempt_and_waits_as_long_as_asked() -> None:
    async with TwilioDouble(burst=2) as provider, opened(provider) as sms, sms.lane() as lane:
        await send_one(lane)
        await send_one(lane)
        with pytest.raises(Unavailable) as unavailable:
            await send_one(lane)
        provider.calm()
        await send_one(lane)

    assert unavailable.value.counts is False
    assert unavailable.value.channel_wide is False
    assert unavailable.value.retry_after == timedelta(seconds=7)
    assert len(provider.messages) == 3


@pytest.mark.parametrize(
    "problem",
    [
        Problem(401, 20003),
        Problem(401),
        Problem(402),
        Problem(403),
        Problem(404, 20404),
        Problem(400, 21606),
        Problem(301),
    ],
)
async def test_what_would_meet_every_message_stops_the_channel(problem: Problem) -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        provider.next(problem)
        with pytest.raises(Unavailable) as unavailable:
            await send_one(lane)

    assert (unavailable.value.channel_wide, unavailable.value.counts) == (True, False)
    assert provider.messages == []


async def test_a_wrong_token_stops_the_channel() -> None:
    async with (
        TwilioDouble() as provider,
        opened(provider, auth_token=Hidden("x")) as sms,
        sms.lane() as lane,
    ):
        with pytest.raises(Unavailable) as unavailable:
            await send_one(lane)

    assert (unavailable.value.code, unavailable.value.channel_wide) == ("20003", True)
    assert "sms.account_sid" in unavailable.value.detail


@pytest.mark.parametrize("fault", list(Fault))
async def test_an_answer_that_never_came_is_uncertain(fault: Fault) -> None:
    timeout = timedelta(seconds=0.4)
    async with TwilioDouble() as provider, opened(provider, timeout=timeout) as sms, sms.lane() as lane:
        await send_one(lane)
        provider.next(fault)
        with pytest.raises(Uncertain):
            await send_one(lane)
        await send_one(lane)

    assert len(provider.messages) == (2 if fault is Fault.CUT else 3)


async def test_a_provider_that_is_not_there_costs_no_attempt() -> None:
    async with TwilioDouble() as provider:
        gone = provider.url
    async with opened(provider, base_url=gone) as sms, sms.lane() as lane:
        with pytest.raises(Unavailable) as unavailable:
            await send_one(lane)

    assert (unavailable.value.counts, unavailable.value.channel_wide) == (False, False)


@pytest.mark.parametrize("address", ["0470/123.456", "+32470123456,+32470000001", "", "+32470123456\n"])
async def test_what_is_no_number_never_reaches_the_provider(address: str) -> None:
    async with TwilioDouble() as provider, opened(provider) as sms, sms.lane() as lane:
        with pytest.raises(Refused):
            await send_one(lane, address)

    assert provider.requests == 0


async def test_no_number_and_no_text_is_ever_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors = []
    async with TwilioDouble(opted_out={NUMBER}) as provider, opened(provider) as sms, sms.lane() as lane:
        for scripted in (
            None,
            Problem(400, 21211),
            Problem(429),
            Fault.ACCEPT_AND_CUT,
            Fault.ACCEPT_AND_MUMBLE,
        ):
            provider.opted_out = {NUMBER} if scripted is None else set()
            provider.next(*([] if scripted is None else [scripted]))
            with pytest.raises((Refused, Unavailable, Uncertain)) as raised:
                await send_one(lane)
            errors.append(raised)

    told = caplog.text + "".join(str(error.value) + str(error.value.__cause__) for error in errors)
    assert "470" not in told
    assert "Visites" not in told


async def test_a_callback_is_signed_with_our_token_for_our_url() -> None:
    seen: list[tuple[str, dict[str, str]]] = []

    async def hook(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        seen.append((request.headers["X-Twilio-Signature"], form))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/twilio/status/{attempt}", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with TwilioDouble() as provider, aiohttp.ClientSession() as session:
        sms = SmsChannel(
            Sms(base_url=provider.url), mode="Exercise", now=lambda: NOW, site_url=site, session=session
        )
        async with sms.lane() as lane:
            await send_one(lane)
        status = await provider.report(provider.messages[0], "undelivered", 30005)
    await runner.cleanup()

    ((signature, form),) = seen
    url = provider.messages[0].form["StatusCallback"]
    assert status == 200
    assert form["ErrorCode"] == "30005"
    assert signature_is_valid(url, form, signature, ["newer", "token"])
    assert not signature_is_valid(url, form, signature, ["another"])
    assert not signature_is_valid(url, form, signature, [""])
    assert not signature_is_valid(url, form, signature, [])
    assert not signature_is_valid(url + "?x=1", form, signature, ["token"])
    assert not signature_is_valid(url, {**form, "MessageStatus": "delivered"}, signature, ["token"])
    assert not signature_is_valid(url, form, "", ["token"])


@pytest.mark.parametrize("text", ["", "x" * 1601])
async def test_an_sms_without_text_or_beyond_the_limit_is_refused_while_preparing(text: str) -> None:
    async with TwilioDouble() as provider, opened(provider) as sms:
        with pytest.raises(WrongSettings):
            sms.prepare(Words("", text, None, "fr"), stream="duty", headers={})


@pytest.mark.parametrize("base_url", ["api.example.org", "ftp://127.0.0.1", ""])
async def test_a_base_url_that_is_none_is_named(base_url: str) -> None:
    async with TwilioDouble() as provider:
        with pytest.raises(WrongSettings, match=r"sms\.base_url"):
            async with opened(provider, base_url=base_url):
                pass


async def test_the_double_lists_messages_by_number_and_lags_if_told_to() -> None:
    async with TwilioDouble(listed_after=1) as provider, opened(provider) as sms, sms.lane() as lane:
        await send_one(lane)
        counts = [len(await listed(provider, to)) for to in (NUMBER, NUMBER, "+32470999999")]

    assert counts == [0, 1, 0]


async def listed(provider: TwilioDouble, to: str) -> list[Any]:
    login = base64.b64encode(f"{provider.account_sid}:{provider.token}".encode()).decode()
    url = f"{provider.url}/2010-04-01/Accounts/{provider.account_sid}/Messages.json"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Basic {login}"}) as session,
        session.get(url, params={"To": to}) as answer,
    ):
        found: list[Any] = (await answer.json())["messages"]
        return found
