"""Every channel says the same four sentences in the same way, and its lanes live on after each."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from channels.contract import Channel, ChannelError, Outgoing, Refused, Unavailable, Uncertain
from channels.registry import CHANNELS, open_channels
from tests.channels.settings import NOW, WORDS, Email, Sms, outgoing
from tests.doubles.smtp import Fault as SmtpFault
from tests.doubles.smtp import SmtpDouble
from tests.doubles.twilio import Fault as TwilioFault
from tests.doubles.twilio import Problem, TwilioDouble

PATIENCE = timedelta(seconds=0.5)


class FarSide(ABC):
    """What a channel meets, made to behave in the four ways."""

    channel: Channel
    address: str

    @abstractmethod
    def taken(self) -> int: ...
    @abstractmethod
    def refuses_the_next(self) -> None: ...
    @abstractmethod
    def is_unavailable_next(self) -> None: ...
    @abstractmethod
    def takes_the_next_without_a_word(self) -> None: ...

    def message(self) -> Outgoing:
        return outgoing(self.channel.prepare(WORDS, stream="directives", headers={}), self.address)


class Relay(FarSide):
    address = "reader@example.org"

    def __init__(self, server: SmtpDouble, channel: Channel) -> None:
        self.server, self.channel = server, channel

    def taken(self) -> int:
        return len(self.server.messages)

    def refuses_the_next(self) -> None:
        self.server.on("rcpt", "550 5.1.1 No such user")

    def is_unavailable_next(self) -> None:
        self.server.on("rcpt", "451 4.3.0 Try later")

    def takes_the_next_without_a_word(self) -> None:
        self.server.on("dot", SmtpFault.CUT)


class Provider(FarSide):
    address = "+32470123456"

    def __init__(self, provider: TwilioDouble, channel: Channel) -> None:
        self.provider, self.channel = provider, channel

    def taken(self) -> int:
        return len(self.provider.messages)

    def refuses_the_next(self) -> None:
        self.provider.next(Problem(400, 21614))

    def is_unavailable_next(self) -> None:
        self.provider.next(Problem(429, 20429))

    def takes_the_next_without_a_word(self) -> None:
        self.provider.next(TwilioFault.ACCEPT_AND_CUT)


@asynccontextmanager
async def far_side(name: str) -> AsyncIterator[FarSide]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(SmtpDouble())
        provider = await stack.enter_async_context(TwilioDouble())
        channels = await stack.enter_async_context(
            open_channels(
                email=Email(port=server.port, command_timeout=PATIENCE, dot_timeout=PATIENCE),
                sms=Sms(base_url=provider.url, timeout=PATIENCE),
                mode="Exercise",
                site_url="http://127.0.0.1:8080",
                now=lambda: NOW,
            )
        )
        sides = {"email": Relay(server, channels["email"]), "sms": Provider(provider, channels["sms"])}
        yield sides[name]


each_channel = pytest.mark.parametrize("name", [entry.name for entry in CHANNELS])


@each_channel
async def test_a_message_that_is_accepted_has_a_receipt(name: str) -> None:
    async with far_side(name) as side, side.channel.lane() as lane:
        receipt = await lane.send(side.message())

    assert side.taken() == 1
    assert receipt.code
    assert receipt.provider_id


@each_channel
async def test_a_message_that_will_never_succeed_is_refused(name: str) -> None:
    async with far_side(name) as side, side.channel.lane() as lane:
        side.refuses_the_next()
        with pytest.raises(Refused) as refused:
            await lane.send(side.message())
        await lane.send(side.message())

    assert refused.value.suppress
    assert side.taken() == 1


@each_channel
async def test_a_message_that_was_not_taken_may_be_tried_again(name: str) -> None:
    async with far_side(name) as side, side.channel.lane() as lane:
        side.is_unavailable_next()
        with pytest.raises(Unavailable):
            await lane.send(side.message())
        await lane.send(side.message())

    assert side.taken() == 1


@each_channel
async def test_a_message_that_was_taken_without_a_word_is_uncertain(name: str) -> None:
    async with far_side(name) as side, side.channel.lane() as lane:
        side.takes_the_next_without_a_word()
        with pytest.raises(Uncertain):
            await lane.send(side.message())
        assert side.taken() == 1
        await lane.send(side.message())

    assert side.taken() == 2


@each_channel
@pytest.mark.parametrize(
    "address", ["", "nobody", "a@example.org,b@example.org", "+32470123456\r\n", "a\u2028@example.org"]
)
async def test_what_is_no_address_is_refused_without_being_repeated(name: str, address: str) -> None:
    async with far_side(name) as side, side.channel.lane() as lane:
        body = side.channel.prepare(WORDS, stream="directives", headers={})
        with pytest.raises(Refused) as refused:
            await lane.send(outgoing(body, address))

    assert side.taken() == 0
    assert not address or address not in str(refused.value)


@each_channel
async def test_lanes_send_side_by_side(name: str) -> None:
    async def send(side: FarSide, number: int) -> None:
        async with side.channel.lane() as lane:
            for _ in range(number):
                await lane.send(side.message())

    async with far_side(name) as side, asyncio.TaskGroup() as group:
        for number in (1, 2, 3):
            group.create_task(send(side, number))

    assert side.taken() == 6


@each_channel
async def test_no_failure_tells_the_address(name: str) -> None:
    failures: list[ChannelError] = []
    async with far_side(name) as side, side.channel.lane() as lane:
        for misbehave in (
            side.refuses_the_next,
            side.is_unavailable_next,
            side.takes_the_next_without_a_word,
        ):
            misbehave()
            with pytest.raises(ChannelError) as raised:
                await lane.send(side.message())
            failures.append(raised.value)

    for failure in failures:
        assert side.address not in f"{failure} {failure.code} {failure.detail} {failure.__cause__}"
