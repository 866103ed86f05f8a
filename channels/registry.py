"""All channels: the one list from which everything else takes them, and the way they are opened."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from channels.contract import Channel
from channels.settings import EmailSettings, Mode, SmsSettings
from channels.sms import SmsChannel
from channels.smtp import EmailChannel


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel may be built from."""

    email: EmailSettings
    standby: EmailSettings | None
    sms: SmsSettings
    mode: Mode
    site_url: str
    now: Callable[[], datetime]
    http: aiohttp.ClientSession


@dataclass(frozen=True, slots=True)
class Entry:
    """A channel by name, whether the settings want it, and how it is made."""

    name: str
    wanted: Callable[[Surroundings], bool]
    make: Callable[[Surroundings], Channel]


CHANNELS: tuple[Entry, ...] = (
    Entry(
        "email",
        wanted=lambda here: here.email.enabled,
        make=lambda here: EmailChannel(here.email, mode=here.mode, now=here.now, standby=here.standby),
    ),
    Entry(
        "sms",
        wanted=lambda here: here.sms.enabled,
        make=lambda here: SmsChannel(
            here.sms, mode=here.mode, now=here.now, site_url=here.site_url, session=here.http
        ),
    ),
)


@asynccontextmanager
async def open_channels(
    *,
    email: EmailSettings,
    sms: SmsSettings,
    mode: Mode,
    site_url: str,
    now: Callable[[], datetime],
    standby: EmailSettings | None = None,
) -> AsyncIterator[Mapping[str, Channel]]:
    """The channels that the settings want, by name; they are usable inside the context only.

    Raises WrongSettings, also where an exercise would reach anything but a sink on this machine.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_http_session(sms.lanes))
        here = Surroundings(email, standby, sms, mode, site_url, now, http)
        yield {entry.name: entry.make(here) for entry in CHANNELS if entry.wanted(here)}


def _http_session(lanes: int) -> aiohttp.ClientSession:
    # A kept connection must be younger than the far side's patience: on one that it just closed, a request
    # would be lost in a way that nobody can tell from "accepted". No proxies from the environment: an
    # exercise must not leave this machine through one.
    connector = aiohttp.TCPConnector(limit=lanes, keepalive_timeout=10)
    return aiohttp.ClientSession(connector=connector, trust_env=False)
