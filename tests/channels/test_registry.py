"""Channels are opened from one list, and an exercise reaches nothing but a sink on this machine."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from channels.contract import Channel, WrongSettings
from channels.registry import CHANNELS, Entry, Surroundings, open_channels
from channels.settings import Mode, refuse_live
from channels.sms import SmsChannel
from channels.smtp import EmailChannel
from tests.channels.settings import NOW, Email, Sms
from tests.doubles.smtp import SmtpDouble

LIVE = ["relay.example.org", "192.0.2.1", "localhost.example.org", "127.0.0.1.example.org", "2001:db8::1", ""]


def opened(
    email: Email, sms: Sms, mode: Mode = "Exercise"
) -> AbstractAsyncContextManager[Mapping[str, Channel]]:
    return open_channels(email=email, sms=sms, mode=mode, site_url="http://127.0.0.1:8080", now=lambda: NOW)


async def test_channels_carry_the_names_of_the_list() -> None:
    async with opened(Email(), Sms()) as channels:
        assert list(channels) == [entry.name for entry in CHANNELS] == ["email", "sms"]
        assert [channel.traits.name for channel in channels.values()] == ["email", "sms"]


async def test_a_channel_that_is_not_enabled_is_not_made() -> None:
    async with opened(Email(enabled=False, host="relay.example.org"), Sms()) as channels:
        assert list(channels) == ["sms"]


@pytest.mark.parametrize("host", LIVE)
async def test_an_exercise_cannot_make_a_live_relay(host: str) -> None:
    with pytest.raises(WrongSettings, match=r"email\.host .* exercise"):
        async with opened(Email(host=host), Sms(enabled=False)):
            pass
    with pytest.raises(WrongSettings):
        EmailChannel(Email(host=host), mode="Exercise", now=lambda: NOW)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.twilio.com",
        "http://192.0.2.1:80",
        "http://127.0.0.1@relay.example.org",
        "http://[2001:db8::1]",
    ],
)
async def test_an_exercise_cannot_make_a_live_provider(base_url: str) -> None:
    with pytest.raises(WrongSettings, match=r"sms\.base_url .* exercise"):
        async with opened(Email(enabled=False), Sms(base_url=base_url)):
            pass
    async with aiohttp.ClientSession() as session:
        with pytest.raises(WrongSettings):
            SmsChannel(
                Sms(base_url=base_url),
                mode="Exercise",
                now=lambda: NOW,
                site_url="http://x.example",
                session=session,
            )


async def test_a_mode_nobody_knows_is_an_exercise() -> None:
    unknown: Any = "actual"
    with pytest.raises(WrongSettings):
        async with opened(Email(host="relay.example.org"), Sms(), mode=unknown):
            pass


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_sink_on_this_machine_is_reached_in_an_exercise(host: str) -> None:
    refuse_live("Exercise", host, "email.host", sink=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_a_mail_server_on_this_machine_is_not_reached_in_an_exercise(host: str) -> None:
    """It may pass on what it gets: only the operator knows whether what listens there is a sink."""
    with pytest.raises(WrongSettings, match=r"Set email\.sink to true where it keeps all"):
        async with opened(Email(host=host, sink=False), Sms(enabled=False)):
            pass
    with pytest.raises(WrongSettings, match=r"Set sms\.sink to true"):
        async with opened(Email(enabled=False), Sms(sink=False)):
            pass
    with pytest.raises(WrongSettings, match=r"Set email_standby\.sink to true"):
        EmailChannel(Email(), standby=Email(host=host, sink=False), mode="Exercise", now=lambda: NOW)


@pytest.mark.parametrize("host", ["relay.example.org", "127.0.0.1"])
async def test_an_actual_instance_may_reach_any_relay(host: str) -> None:
    sms = Sms(base_url="https://api.example.org", sink=False)
    async with opened(Email(host=host, sink=False), sms, mode="Actual") as channels:
        assert list(channels) == ["email", "sms"]


async def test_an_actual_instance_does_not_pour_its_messages_into_a_sink() -> None:
    with pytest.raises(WrongSettings, match=r"email\.sink .* nobody would be reached"):
        async with opened(Email(), Sms(enabled=False), mode="Actual"):
            pass
    with pytest.raises(WrongSettings, match=r"sms\.sink .* nobody would be reached"):
        async with opened(Email(enabled=False), Sms(), mode="Actual"):
            pass


async def test_a_proxy_in_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SmtpDouble() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with opened(Email(enabled=False), Sms()) as channels, channels["sms"].lane():
            pass

        assert proxy.connections == 0


class _Live:
    """Settings of whatever channel there is or will be, all of which lead to people: far away, or by this machine."""

    def __init__(self, usual: object, **leads: Any) -> None:
        self._usual = usual
        self._leads = leads

    def __getattr__(self, name: str) -> Any:
        return self._leads.get(name, getattr(self._usual, name))


FAR = {"host": "relay.example.org", "base_url": "https://api.example.org", "enabled": True}
BY_THIS_MACHINE = {"host": "127.0.0.1", "base_url": "http://127.0.0.1:1", "enabled": True, "sink": False}


@pytest.mark.parametrize("leads", [FAR, BY_THIS_MACHINE], ids=["far", "by this machine"])
@pytest.mark.parametrize("entry", CHANNELS, ids=lambda entry: entry.name)
async def test_no_channel_of_the_list_can_be_made_live_in_an_exercise(
    entry: Entry, leads: dict[str, Any]
) -> None:
    async with aiohttp.ClientSession() as http:
        here = Surroundings(
            email=_Live(Email(), **leads),
            standby=None,
            sms=_Live(Sms(), **leads),
            mode="Exercise",
            site_url="https://univoque.example",
            now=lambda: NOW,
            http=http,
        )

        assert entry.wanted(here)
        with pytest.raises(WrongSettings, match="exercise"):
            entry.make(here)
        delivers = {**leads, "sink": False}
        live = replace(here, email=_Live(Email(), **delivers), sms=_Live(Sms(), **delivers), mode="Actual")
        assert entry.make(live).traits.name == entry.name
