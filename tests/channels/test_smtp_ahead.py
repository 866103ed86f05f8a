"""The next message's envelope leaves with the content of the one before: what then goes wrong is nobody's loss."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from channels import smtp_relays, smtp_wire
from channels.contract import ChannelError, Outgoing, Receipt, Refused, Unavailable, Uncertain
from channels.email import Form, Prepared
from channels.smtp import EmailChannel, SmtpLane
from tests.channels.settings import NOW, WORDS, Email, outgoing
from tests.doubles.smtp import (
    ONE_BY_ONE,
    TLS_KEYS,
    Answer,
    Deaf,
    Drip,
    Fault,
    Slow,
    SmtpDouble,
    copies,
    interrupted,
)

GROUP = ["MAIL", "RCPT", "DATA"]
SOON = timedelta(seconds=0.2)

Came = Receipt | ChannelError


def channel(server: SmtpDouble, *, standby: SmtpDouble | None = None, **settings: Any) -> EmailChannel:
    second = None if standby is None else Email(port=standby.port)
    ours = Email(port=server.port, **settings)
    return EmailChannel(ours, standby=second, mode="Exercise", now=lambda: NOW)


def mails(mail: EmailChannel, *names: str) -> list[Outgoing]:
    """A message to each of these, with a key and a link of its own."""
    body = mail.prepare(WORDS, stream="directives", headers={})
    return [
        outgoing(body, address(name), personal_link=f"https://univoque.example/u/{name}")._replace(
            key=str(uuid5(NAMESPACE_DNS, name))
        )
        for name in names
    ]


def address(name: str) -> str:
    return f"{name}@example.org"


async def in_a_row(lane: SmtpLane, *row: Outgoing) -> list[Came]:
    """Send them one after the other, each with what follows it; what came of each."""
    came: list[Came] = []
    for each, following in zip(row, [*row[1:], None], strict=True):
        try:
            came.append(await lane.send(each, following))
        except ChannelError as error:
            came.append(error)
    return came


async def send(mail: EmailChannel, *names: str) -> list[Came]:
    async with mail.lane() as lane:
        return await in_a_row(lane, *mails(mail, *names))


def codes(came: list[Came]) -> list[str]:
    return [each.code for each in came]


def got(server: SmtpDouble) -> list[str]:
    """Who got a message, in order; each is whole and its reader's own."""
    for message in server.messages:
        name = message.recipient.partition("@")[0]
        assert f"To: {message.recipient}\r\n".encode() in message.content
        assert f"https://univoque.example/u/{name}\r\n".encode() in message.content
        assert message.message_id.partition("@")[0] == str(uuid5(NAMESPACE_DNS, name))
        assert message.content.count(b"Message-ID:") == 1
    return [message.recipient.partition("@")[0] for message in server.messages]


async def heard(server: SmtpDouble, verb: str, times: int) -> None:
    async with asyncio.timeout(5):
        while server.commands.count(verb) < times:  # noqa: ASYNC110 - the double rings no bell
            await asyncio.sleep(0.005)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the double rings no bell
            await asyncio.sleep(0.005)


async def test_the_envelope_of_the_next_leaves_before_its_turn_and_its_content_with_it() -> None:
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await heard(server, "DATA", 2)
            await asyncio.sleep(0.05)
            before = got(server)
            await lane.send(second, third)
            await lane.send(third)

    assert before == ["ada"]
    assert got(server) == ["ada", "bob", "eve"]
    assert (server.connections, server.unfinished) == (1, [])
    assert server.commands == ["EHLO", *GROUP, *GROUP, *GROUP, "QUIT"]


async def test_a_relay_that_takes_commands_one_by_one_hears_nothing_ahead() -> None:
    async with SmtpDouble(extensions=ONE_BY_ONE) as server:
        mail = channel(server)
        first, second = mails(mail, "ada", "bob")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await asyncio.sleep(0.05)
            before = list(server.commands)
            await lane.send(second)

    assert before == ["EHLO", *GROUP]
    assert got(server) == ["ada", "bob"]


@pytest.mark.parametrize("refused", [False, True], ids=["asked for", "refused"])
async def test_a_lane_that_ends_sends_nothing_of_what_it_announced(refused: bool) -> None:
    async with SmtpDouble() as server:
        if refused:
            server.on("rcpt", "550 5.1.1 No such user", to=address("bob"))
        mail = channel(server)
        first, second = mails(mail, "ada", "bob")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await heard(server, "DATA", 2)
        await until(lambda: refused or server.unfinished)

    assert got(server) == ["ada"]
    assert server.unfinished == ([] if refused else [b""])
    assert "QUIT" not in server.commands


async def test_what_comes_between_does_not_go_to_whom_was_announced() -> None:
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second, other = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await heard(server, "DATA", 2)
            await lane.send(other, second)
            await lane.send(second)

    assert got(server) == ["ada", "eve", "bob"]
    assert (server.unfinished, server.connections) == ([b""], 2)
    assert server.commands.count("QUIT") == 1


async def test_a_further_try_of_what_was_announced_is_a_message_of_its_own() -> None:
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second = mails(mail, "ada", "bob")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await lane.send(second._replace(attempt="another"))

    assert got(server) == ["ada", "bob"]


AT_THE_DOT = [
    "450 4.3.0 Try later",
    "452 4.3.1 Insufficient storage",
    "450 4.7.1 Rate limit exceeded",
    "550 5.7.1 Rejected",
    "554 5.6.0 Content rejected",
    "421 4.3.2 Shutting down",
]


@pytest.mark.parametrize("reply", AT_THE_DOT)
async def test_what_was_announced_leaves_on_the_same_line_after_another_was_not_taken(reply: str) -> None:
    async with SmtpDouble() as server:
        server.on("dot", reply)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == [reply[:9], "250 2.0.0", "250 2.0.0"]
    assert got(server) == ["bob", "eve"]
    assert server.connections == (2 if reply.startswith("421") else 1)


@pytest.mark.parametrize("reply", AT_THE_DOT)
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("trouble", ["503 5.5.1 Bad sequence", "550 5.1.1 No such user", "354 Go on"])
async def test_the_trouble_of_one_message_is_none_of_the_next(reply: str, phase: Any, trouble: str) -> None:
    async with SmtpDouble() as server:
        server.on("dot", reply)
        server.on(phase, trouble, connection=1, after=1)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == [reply[:9], "250 2.0.0", "250 2.0.0"]
    assert got(server) == ["bob", "eve"]


async def test_who_is_refused_everywhere_is_refused_after_another_was_not_taken_too() -> None:
    async with SmtpDouble() as server:
        server.on("dot", "450 4.3.0 Try later")
        server.on("rcpt", "550 5.1.1 No such user", to=address("bob"), times=None)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == ["450 4.3.0", "550 5.1.1", "250 2.0.0"]
    assert isinstance(came[1], Refused)
    assert got(server) == ["eve"]


@pytest.mark.parametrize("let_in", [False, True], ids=["554", "354"])
async def test_who_was_announced_and_refused_is_refused_and_the_line_stays(let_in: bool) -> None:
    async with SmtpDouble() as server:
        server.on("rcpt", "550 5.1.1 No such user", to=address("bob"))
        if let_in:  # RFC 2920 §3.1: a server may say so after all recipients were refused
            server.on("nobody", "354 Go on", to=address("bob"))
        came = await send(channel(server), "ada", "bob", "eve", "joe")

    assert codes(came) == ["250 2.0.0", "550 5.1.1", "250 2.0.0", "250 2.0.0"]
    assert isinstance(came[1], Refused)
    assert came[1].suppress
    assert got(server) == ["ada", "eve", "joe"]
    assert (server.connections, server.unfinished) == (1, [])
    assert (server.commands.count("RSET"), server.commands.count(".")) == (1, let_in)


@pytest.mark.parametrize(
    ("phase", "reply", "counts"),
    [
        ("mail", "452 4.3.1 Insufficient storage", False),
        ("rcpt", "450 4.2.0 Greylisted, try again in 300 seconds", True),
        ("rcpt", "451 4.7.1 Please come back in 00:04:58", False),
        ("data", "451 4.3.0 Temporary lookup failure", False),
        ("data", "421 4.3.2 Shutting down", False),
    ],
)
async def test_who_was_announced_and_put_off_is_to_be_tried_again(
    phase: Any, reply: str, counts: bool
) -> None:
    async with SmtpDouble() as server:
        server.on(phase, reply, after=1)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == ["250 2.0.0", reply[:9], "250 2.0.0"]
    assert isinstance(came[1], Unavailable)
    assert (came[1].counts, came[1].channel_wide) == (counts, False)
    assert got(server) == ["ada", "eve"]
    assert server.connections == (2 if reply.startswith("421") else 1)


@pytest.mark.parametrize(
    ("phase", "goodbye"),
    [
        *((phase, Fault.CUT) for phase in ("idle", "mail", "rcpt", "data")),
        *((phase, "421 4.4.2 Timeout exceeded") for phase in ("idle", "mail", "rcpt")),
    ],
)
async def test_a_line_that_ends_before_the_next_was_asked_for_costs_nothing(
    phase: Any, goodbye: Answer
) -> None:
    async with SmtpDouble() as server:
        server.on(phase, goodbye, after=0 if phase == "idle" else 1)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == ["250 2.0.0"] * 3
    assert got(server) == ["ada", "bob", "eve"]
    assert server.connections == 2


@pytest.mark.parametrize("at", ["before its turn", "when it is its turn"])
async def test_a_line_that_ends_while_the_next_is_open_costs_nothing(at: str) -> None:
    async with SmtpDouble() as server:
        server.on("data", "354 Go on\r\n421 4.4.2 Timeout exceeded", after=1)
        if at == "when it is its turn":
            server.on("mail", Slow(0.1), after=1)
        mail = channel(server)
        first, second = mails(mail, "ada", "bob")
        async with mail.lane() as lane:
            await lane.send(first, second)
            if at == "before its turn":
                await heard(server, "DATA", 2)
                await asyncio.sleep(0.05)
            await lane.send(second)

    assert got(server) == ["ada", "bob"]
    assert server.connections == 2


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.HANG])
@pytest.mark.parametrize("phase", ["body", "dot"])
async def test_a_message_in_doubt_leaves_what_was_announced_with_it_untouched(
    phase: Any, fault: Fault
) -> None:
    async with SmtpDouble() as server:
        server.on(phase, fault)
        came = await send(channel(server, dot_timeout=SOON), "ada", "bob")

    assert isinstance(came[0], Uncertain)
    assert codes(came)[1] == "250 2.0.0"
    assert copies(server.messages)[address("bob")] == 1
    assert "bob" in got(server)


async def test_a_dot_that_never_left_is_no_doubt_whatever_was_announced_behind_it() -> None:
    async with SmtpDouble() as server:
        server.on("body", Fault.HANG)
        mail = channel(server, dot_timeout=SOON)
        first, second = mails(mail, "ada", "bob")
        assert isinstance(first.body, Prepared)
        huge = replace(first.body, whole=Form(eight_bit=True, pieces=(b"y" * 70 + b"\r\n",) * 400_000))
        async with mail.lane() as lane:
            came = await in_a_row(lane, first._replace(body=huge), second)

    assert codes(came) == ["timeout", "250 2.0.0"]
    assert isinstance(came[0], Unavailable)
    assert got(server) == ["bob"]


@pytest.mark.parametrize(
    ("phase", "answer"),
    [
        ("dot", Deaf(0.05)),
        ("idle", Fault.HANG),
        ("mail", Fault.HANG),
        ("rcpt", Fault.HANG),
        ("data", Fault.HANG),
    ],
)
async def test_a_relay_that_hears_nothing_ahead_is_told_each_message_by_itself(
    phase: Any, answer: Answer
) -> None:
    async with SmtpDouble() as server:
        server.on(phase, answer, connection=1, after=0 if phase in ("dot", "idle") else 1)
        mail = channel(server, command_timeout=SOON)
        first, second, third, fourth = mails(mail, "ada", "bob", "eve", "joe")
        async with mail.lane() as lane, mail.lane() as other:
            came = await in_a_row(lane, first, second)
            before = server.commands.count("MAIL")
            await lane.send(third, fourth)
            await other.send(fourth, third)
            await asyncio.sleep(0.05)

    assert codes(came) == ["250 2.0.0"] * 2
    assert got(server) == ["ada", "bob", "eve", "joe"]
    assert server.commands.count("MAIL") == before + 2, "nothing is announced any more, on no lane"
    assert server.connections == 3


async def test_a_relay_is_not_kept_waiting_for_what_was_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_wire, "_LONGEST_PAUSE", 0.1)
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await until(lambda: server.unfinished)
            alone = got(server)
            came = await in_a_row(lane, second, third)
            await asyncio.sleep(0.05)

    assert alone == ["ada"]
    assert codes(came) == ["250 2.0.0"] * 2
    assert got(server) == ["ada", "bob", "eve"]
    assert (server.unfinished, server.connections) == ([b""], 2)


async def test_a_pause_that_was_kept_short_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_wire, "_LONGEST_PAUSE", 0.2)
    async with SmtpDouble() as server:
        server.on("dot", Slow(0.4), to=address("bob"))  # the relay's own silence is another matter
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await asyncio.sleep(0.1)
            await lane.send(second)
            await asyncio.sleep(0.4)  # nothing is announced: it may last
            await lane.send(third)

    assert got(server) == ["ada", "bob", "eve"]
    assert server.connections == 1


async def test_replies_that_come_in_one_packet_are_told_apart() -> None:
    async with SmtpDouble(gathers=0.02) as server:
        server.on("rcpt", "550-5.1.1 No such\r\n550 5.1.1 user", to=address("bob"))
        came = await send(channel(server), "ada", "bob", "eve", "joe")

    assert codes(came) == ["250 2.0.0", "550 5.1.1", "250 2.0.0", "250 2.0.0"]
    assert got(server) == ["ada", "eve", "joe"]
    assert server.connections == 1


async def test_replies_that_come_octet_by_octet_are_put_together() -> None:
    async with SmtpDouble() as server:
        for phase in ("mail", "rcpt", "data", "dot"):
            server.on(phase, Drip(0.0005), times=None)
        came = await send(channel(server), "ada", "bob", "eve")

    assert codes(came) == ["250 2.0.0"] * 3
    assert got(server) == ["ada", "bob", "eve"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "said", ["250 2.0.0 Ok\r\n250 2.0.0 Ok again", "250 2.0.0 Ok\r\n550 5.1.1 No such user"]
)
async def test_a_reply_too_many_refuses_nobody_and_doubles_nothing(said: str) -> None:
    async with SmtpDouble(gathers=0.02) as server:
        server.on("dot", said)
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(first, second)
            await heard(server, "DATA", 2)
            await asyncio.sleep(0.05)
            came = await in_a_row(lane, second, third)

    assert not [error for error in came if isinstance(error, Refused)]
    assert all(number == 1 for number in copies(server.messages).values())
    assert "eve" in got(server)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_is_so_over_tls_too(security: Any) -> None:
    async with SmtpDouble(certificate=TLS_KEYS / "server.pem", implicit_tls=security == "tls") as server:
        mail = channel(server, security=security, ca_file=str(TLS_KEYS / "ca.pem"))
        first, second, third, other = mails(mail, "ada", "bob", "eve", "joe")
        async with mail.lane() as lane:
            await in_a_row(lane, first, second, third)
            await lane.send(first, second)
            await heard(server, "DATA", 5)
            await lane.send(other)

    assert got(server) == ["ada", "bob", "eve", "ada", "joe"]
    assert all(message.secure for message in server.messages)
    assert (server.connections, server.unfinished) == (2, [b""])


async def test_each_announced_envelope_names_its_own_delivery() -> None:
    async with SmtpDouble() as server:
        await send(channel(server, return_path="bounces@back.univoque.example"), "ada", "bob", "eve")

    assert got(server) == ["ada", "bob", "eve"]
    assert [message.sender for message in server.messages] == [
        f"bounces+{uuid5(NAMESPACE_DNS, name)}@back.univoque.example" for name in ("ada", "bob", "eve")
    ]


async def test_a_lane_goes_home_to_its_first_relay_with_what_it_had_announced_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_relays, "_REST", (0.1, 0.1))
    async with SmtpDouble(extensions=("PIPELINING",)) as first, SmtpDouble() as second:
        first.on("connect", Fault.CUT)
        mail = channel(first, standby=second)
        ada, bob, eve = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await lane.send(ada, bob)
            await heard(second, "DATA", 2)
            await asyncio.sleep(0.15)
            await in_a_row(lane, bob, eve)

    assert (got(second), second.unfinished) == (["ada"], [b""])
    assert "QUIT" not in second.commands
    assert got(first) == ["bob", "eve"]
    assert [message.options for message in first.messages] == ["", ""], "this one offers no 8BITMIME"
    assert all(message.content.isascii() for message in first.messages)


async def test_what_is_announced_and_then_cannot_be_written_harms_nobody() -> None:
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        broken = second._replace(one_click=None)
        async with mail.lane() as lane:
            came = await in_a_row(lane, first, broken, third)

    assert codes(came) == ["250 2.0.0", "malformed", "250 2.0.0"]
    assert got(server) == ["ada", "eve"]


async def test_an_address_that_is_none_is_not_announced() -> None:
    async with SmtpDouble() as server:
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        none = second._replace(address="bob@example.org\r\nRCPT TO:<all@example.org>")
        async with mail.lane() as lane:
            came = await in_a_row(lane, first, none, third)

    assert codes(came) == ["250 2.0.0", "malformed", "250 2.0.0"]
    assert got(server) == ["ada", "eve"]
    assert (server.connections, server.commands.count("RCPT")) == (1, 2)


@pytest.mark.parametrize("phase", ["dot", "mail", "rcpt", "data"])
async def test_a_lane_that_is_interrupted_leaves_nothing_behind(phase: Any) -> None:
    async with SmtpDouble() as server:
        server.on(phase, Fault.HANG, connection=1, after=0 if phase == "dot" else 1)
        mail = channel(server)
        first, second, third = mails(mail, "ada", "bob", "eve")
        async with mail.lane() as lane:
            await interrupted(in_a_row(lane, first, second, third), server)
            rest = (second, third) if phase == "dot" else (third, second)
            await in_a_row(lane, *rest)

    assert sorted(got(server)) == ["ada", "bob", "eve"]
    assert server.connections == 2


AMISS: list[Answer] = [
    "450 4.3.0 Try later",
    "451 4.7.1 Please come back",
    "550 5.1.1 No such user",
    "554 5.5.0 No",
    "421 4.3.2 Closing",
    "354 Go on",
    "250 2.0.0 Ok\r\n250 2.0.0 Ok",
    "nonsense",
    Fault.CUT,
    Fault.HANG,
    Slow(0.01),
    Drip(0.0005),
    Deaf(0.01),
]


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_the_relay_does_a_word_of_the_lane_is_true(seed: int) -> None:
    """Taken is one copy, refused or to be tried again is none, in doubt is one at most."""
    chance = Random(seed)
    async with SmtpDouble(gathers=chance.choice([0, 0, 0.005])) as server:
        for _ in range(6):
            phase: Any = chance.choice(
                ["connect", "mail", "rcpt", "data", "nobody", "body", "dot", "rset", "idle"]
            )
            unasked = phase in (
                "body",
                "idle",
            )  # a relay that says two things of one message contradicts itself
            answers = [each for each in AMISS if not unasked or isinstance(each, Fault | Slow | Deaf)]
            server.on(phase, chance.choice(answers), after=chance.randrange(12), times=chance.choice([1, 2]))
        mail = channel(server, command_timeout=SOON / 2, dot_timeout=SOON / 2)
        names = [f"person-{number}" for number in range(24)]
        row = mails(mail, *names)
        came: list[Came] = []
        async with mail.lane() as lane:
            while row:
                following = chance.choice([*row[1:2] * 5, *row[2:3], None])
                try:
                    came.append(await lane.send(row[0], following))
                except ChannelError as error:
                    came.append(error)
                row = row[1:]

    got(server)
    for name, each in zip(names, came, strict=True):
        number = copies(server.messages)[address(name)]
        assert number <= 1, f"{name} got {number}"
        assert isinstance(each, Uncertain) or number == isinstance(each, Receipt), f"{name}: {each!r}"


async def test_a_relay_that_stood_still_once_is_told_ahead_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_relays, "_SPARED", 0.3)
    async with SmtpDouble() as server:
        server.on("mail", Fault.HANG, connection=1, after=1)
        mail = channel(server, command_timeout=SOON)
        first, second, third, fourth = mails(mail, "ada", "bob", "eve", "joe")
        async with mail.lane() as lane:
            await in_a_row(lane, first, second)
            before = server.commands.count("MAIL")
            await lane.send(third, fourth)
            await asyncio.sleep(0.05)
            spared = server.commands.count("MAIL")
            await lane.send(fourth)
            await asyncio.sleep(0.3)
            await lane.send(third, fourth)
            await heard(server, "MAIL", spared + 3)

    assert spared == before + 1
    assert got(server) == ["ada", "bob", "eve", "joe", "eve"]


async def test_a_system_that_acknowledges_nothing_at_once_loses_no_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_wire, "_QUICKACK", 9999)  # no such option
    async with SmtpDouble() as server:
        server.on("mail", Slow(0.02), times=None)
        mail = channel(server)
        async with mail.lane() as lane:
            came = await in_a_row(lane, *mails(mail, "ada", "bob", "eve"))

    assert codes(came) == ["250 2.0.0"] * 3
    assert server.connections == 1
