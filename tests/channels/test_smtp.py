"""The SMTP lane against a server that misbehaves in every way we know."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest

from channels.contract import Refused, Unavailable, Uncertain, WrongSettings
from channels.email import Form
from channels.headers import return_path
from channels.smtp import EmailChannel
from tests.channels.settings import KEY, NOW, WORDS, Email, outgoing
from tests.doubles.smtp import ONE_BY_ONE, PIPELINING, Fault, Slow, SmtpDouble, interrupted

Relay = Callable[..., SmtpDouble]


@pytest.fixture(params=["one by one", "pipelining"])
def relay(request: pytest.FixtureRequest) -> Relay:
    """A relay that takes commands one by one, and one that takes a group of them at once."""
    return partial(SmtpDouble, extensions=PIPELINING if request.param == "pipelining" else ONE_BY_ONE)


def channel(server: SmtpDouble, **settings: Any) -> EmailChannel:
    return EmailChannel(Email(port=server.port, **settings), mode="Exercise", now=lambda: NOW)


def body(mail: EmailChannel, stream: str = "directives") -> object:
    return mail.prepare(WORDS, stream=stream, headers={})


async def send_one(mail: EmailChannel, address: str = "reader@example.org") -> Any:
    async with mail.lane() as lane:
        return await lane.send(outgoing(body(mail), address))


async def test_a_message_arrives_with_its_envelope_and_the_queue_id_comes_back(relay: Relay) -> None:
    async with relay() as server:
        receipt = await send_one(channel(server))

    (received,) = server.messages
    assert (receipt.code, receipt.provider_id) == ("250 2.0.0", "000001")
    assert (received.sender, received.recipient) == ("directives@univoque.example", "reader@example.org")
    parsed = message_from_bytes(received.content, policy=policy.default)
    assert parsed["Message-ID"] == f"<{KEY}@univoque.example>"
    text = parsed.get_body(("plain",))
    assert text is not None
    assert "\n.\n..deux points\n" in text.get_content().replace("\r\n", "\n")


async def test_a_bounce_comes_back_to_an_address_that_names_its_delivery(relay: Relay) -> None:
    async with relay() as server:
        await send_one(channel(server, return_path="bounces@back.univoque.example"))

    (received,) = server.messages
    assert received.sender == f"bounces+{KEY}@back.univoque.example"
    parsed = message_from_bytes(received.content, policy=policy.default)
    assert parsed["From"].addresses[0].addr_spec == "directives@univoque.example"
    assert parsed["Message-ID"] == f"<{KEY}@univoque.example>"
    assert b"bounces" not in received.content


@pytest.mark.parametrize("path", ["bounces", "a@b@c.example", "b" * 28 + "@univoque.example", "b>@x.example"])
def test_a_return_path_that_cannot_carry_a_key_is_named(path: str) -> None:
    with pytest.raises(WrongSettings, match=r"email\.return_path"):
        EmailChannel(Email(return_path=path), mode="Exercise", now=lambda: NOW)


def test_the_longest_return_path_is_within_the_limit_of_the_protocol() -> None:
    longest = "b" * 27 + "@univoque.example"

    EmailChannel(Email(return_path=longest), mode="Exercise", now=lambda: NOW)

    assert len(return_path(longest, KEY).partition(b"@")[0]) == 64


async def test_a_lane_connects_on_first_use_and_keeps_its_connection(relay: Relay) -> None:
    async with relay() as server:
        mail = channel(server)
        async with mail.lane() as lane:
            before = server.connections
            for _ in range(3):
                await lane.send(outgoing(body(mail)))

    assert before == 0
    assert server.connections == 1
    assert server.commands == ["EHLO", *(["MAIL", "RCPT", "DATA"] * 3), "QUIT"]


async def test_the_8bit_form_goes_only_where_it_was_offered(relay: Relay) -> None:
    async with relay() as modern, relay(extensions=()) as old:
        await send_one(channel(modern))
        await send_one(channel(old))

    assert modern.messages[0].options == "BODY=8BITMIME"
    assert "référence" not in modern.messages[0].content.decode().partition("\r\n\r\n")[0]
    assert "« reprennent »" in modern.messages[0].content.decode()
    assert old.messages[0].options == ""
    assert old.messages[0].content.isascii()


@pytest.mark.parametrize(
    ("reply", "suppress"),
    [
        ("550 5.1.1 <reader@example.org>: Recipient address rejected", True),
        ("550 5.2.1 Mailbox disabled", True),
        ("552 5.2.2 Mailbox full", False),
        ("550 No such user", False),
    ],
)
async def test_a_recipient_refused_for_good_does_not_stop_the_lane(
    relay: Relay, reply: str, suppress: bool
) -> None:
    async with relay() as server:
        server.on("rcpt", reply, to="reader@example.org")
        mail = channel(server)
        async with mail.lane() as lane:
            with pytest.raises(Refused) as refused:
                await lane.send(outgoing(body(mail)))
            await lane.send(outgoing(body(mail), "other@example.org"))

    assert refused.value.suppress is suppress
    assert "@" not in str(refused.value)
    assert [message.recipient for message in server.messages] == ["other@example.org"]
    assert (server.connections, server.commands.count("RSET")) == (1, 1)


async def test_a_relay_that_asks_for_a_message_without_recipients_gets_an_empty_one() -> None:
    async with SmtpDouble() as server:
        server.on("rcpt", "550 5.1.1 No such user", to="reader@example.org")
        # RFC 2920 §3.1: a server may say so after all recipients were refused.
        server.on("nobody", "354 Go on")
        mail = channel(server)
        async with mail.lane() as lane:
            with pytest.raises(Refused):
                await lane.send(outgoing(body(mail)))
            await lane.send(outgoing(body(mail), "other@example.org"))

    assert [message.recipient for message in server.messages] == ["other@example.org"]
    assert server.connections == 1
    assert server.commands[1:5] == ["MAIL", "RCPT", "DATA", "."]


async def test_an_answer_of_several_lines_is_one_answer() -> None:
    async with SmtpDouble() as server:
        server.on("mail", Slow(0.05))
        server.on("dot", "250-2.0.0 Ok\r\n250 2.0.0 queued as 4711")
        receipt = await send_one(channel(server))

    assert receipt.provider_id == "4711"


@pytest.mark.parametrize("phase", ["data", "dot"])
async def test_a_message_refused_for_good_does_not_suppress_its_address(relay: Relay, phase: Any) -> None:
    async with relay() as server:
        server.on(phase, "554 5.1.1 Content rejected")

        with pytest.raises(Refused) as refused:
            await send_one(channel(server))

    assert refused.value.suppress is False


@pytest.mark.parametrize(
    ("phase", "reply", "counts", "retry_after"),
    [
        ("rcpt", "450 4.2.0 Greylisted, try again in 300 seconds", True, timedelta(seconds=300)),
        ("rcpt", "451 4.7.1 Please come back in 00:04:58", False, timedelta(seconds=298)),
        ("rcpt", "452 4.5.3 Too many recipients", True, None),
        ("data", "451 4.3.0 Temporary lookup failure", False, None),
        ("dot", "452 4.3.1 Insufficient storage", False, None),
        ("dot", "450 4.2.1 Mailbox busy", True, None),
        ("dot", "450 4.7.1 Rate limit exceeded", False, None),
        ("mail", "452 4.3.1 Insufficient storage", False, None),
        ("mail", "421 4.3.2 Shutting down", False, timedelta(seconds=30)),
        ("rcpt", "421 4.7.0 Too many messages", False, timedelta(seconds=30)),
        ("connect", "421 Too many connections", False, timedelta(seconds=30)),
    ],
)
async def test_a_temporary_answer_is_to_be_tried_again(
    relay: Relay, phase: Any, reply: str, counts: bool, retry_after: timedelta | None
) -> None:
    async with relay() as server:
        server.on(phase, reply)
        mail = channel(server)

        async with mail.lane() as lane:
            with pytest.raises(Unavailable) as unavailable:
                await lane.send(outgoing(body(mail)))
            again = await lane.send(outgoing(body(mail)))

    assert (unavailable.value.counts, unavailable.value.retry_after) == (counts, retry_after)
    assert unavailable.value.channel_wide is False
    assert unavailable.value.code.startswith(reply[:3])
    assert again.code == "250 2.0.0"


@pytest.mark.parametrize("phase", ["connect", "ehlo", "mail", "rcpt", "data"])
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_connection_lost_before_the_message_is_to_be_tried_again(
    relay: Relay, phase: Any, fault: Fault
) -> None:
    async with relay() as server:
        server.on(phase, fault)
        mail = channel(server, command_timeout=timedelta(seconds=0.2))

        async with mail.lane() as lane:
            with pytest.raises(Unavailable) as unavailable:
                await lane.send(outgoing(body(mail)))
            await lane.send(outgoing(body(mail)))

    named = phase in ("rcpt", "data")
    assert (unavailable.value.counts, unavailable.value.concerns) == (False, "unclear" if named else "all")
    assert len(server.messages) == 1
    assert server.connections == 2


@pytest.mark.parametrize("phase", ["body", "dot"])
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_connection_lost_after_the_dot_may_have_left_is_uncertain(
    relay: Relay, phase: Any, fault: Fault
) -> None:
    async with relay() as server:
        server.on(phase, fault)
        mail = channel(server, dot_timeout=timedelta(seconds=0.2))

        async with mail.lane() as lane:
            with pytest.raises(Uncertain):
                await lane.send(outgoing(body(mail)))
            await lane.send(outgoing(body(mail)))

    assert len(server.messages) == (1 if phase == "body" else 2)
    assert len({message.content for message in server.messages}) == 1


async def test_a_dot_that_never_left_this_machine_is_no_doubt(relay: Relay) -> None:
    async with relay() as server:
        server.on("body", Fault.HANG)
        mail = channel(server, dot_timeout=timedelta(seconds=0.3))
        prepared = mail.prepare(WORDS, stream="directives", headers={})
        huge = replace(prepared, whole=Form(eight_bit=True, pieces=(b"y" * 70 + b"\r\n",) * 400_000))

        async with mail.lane() as lane:
            with pytest.raises(Unavailable) as unavailable:
                await lane.send(outgoing(huge))

    assert unavailable.value.code == "timeout"
    assert server.messages == []


async def test_a_nonsense_answer_to_the_message_is_uncertain(relay: Relay) -> None:
    async with relay() as server:
        server.on("dot", "hello there")
        server.on("dot", "354 again?")
        mail = channel(server)

        async with mail.lane() as lane:
            for _ in range(2):
                with pytest.raises(Uncertain):
                    await lane.send(outgoing(body(mail)))


@pytest.mark.parametrize("goodbye", [Fault.CUT, "421 4.4.2 idle timeout"])
async def test_a_server_that_closed_an_idle_connection_costs_nothing(relay: Relay, goodbye: Any) -> None:
    async with relay() as server:
        server.on("idle", goodbye)
        mail = channel(server)

        async with mail.lane() as lane:
            await lane.send(outgoing(body(mail)))
            await asyncio.sleep(0.05)
            await lane.send(outgoing(body(mail)))

    assert len(server.messages) == 2
    assert server.connections == 2


@pytest.mark.parametrize("goodbye", [Fault.CUT, "421 4.4.2 idle timeout"])
async def test_a_connection_closed_while_the_next_message_begins_costs_nothing(
    relay: Relay, goodbye: Any
) -> None:
    async with relay() as server:
        mail = channel(server)

        async with mail.lane() as lane:
            await lane.send(outgoing(body(mail)))
            server.on("mail", goodbye)
            await lane.send(outgoing(body(mail)))

    assert len(server.messages) == 2
    assert server.connections == 2


async def test_a_server_that_is_not_there_costs_no_attempt(relay: Relay) -> None:
    async with relay() as server:
        mail = channel(server)

    with pytest.raises(Unavailable) as unavailable:
        await send_one(mail)

    assert (unavailable.value.counts, unavailable.value.channel_wide) == (False, False)
    assert f"127.0.0.1:{server.port}" in unavailable.value.detail


async def test_a_cancelled_send_leaves_no_reply_behind_for_the_next(relay: Relay) -> None:
    async with relay() as server:
        mail = channel(server)
        async with mail.lane() as lane:
            server.on("rcpt", Fault.HANG)
            await interrupted(lane.send(outgoing(body(mail))), server)
            receipt = await lane.send(outgoing(body(mail)))

    assert receipt.code == "250 2.0.0"
    assert server.connections == 2


@pytest.mark.parametrize("address", ["a@example.org, b@example.org", "a@example.org\r\nRCPT TO:<b@x.org>"])
async def test_an_address_that_is_not_one_address_never_reaches_the_server(
    relay: Relay, address: str
) -> None:
    async with relay() as server:
        with pytest.raises(Refused) as refused:
            await send_one(channel(server), address)

    assert server.commands == []
    assert "@" not in str(refused.value)


def test_a_sender_that_is_no_address_is_named() -> None:
    with pytest.raises(WrongSettings, match=r"email\.sender"):
        EmailChannel(Email(sender="the hub"), mode="Exercise", now=lambda: NOW)
