"""Logins, TLS, and refusals that would meet every message: never in clear, never more than one clear error."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import Refused, Unavailable, WrongSettings
from channels.smtp import EmailChannel
from tests.channels.settings import NOW, WORDS, Email, Hidden, outgoing
from tests.doubles.smtp import ONE_BY_ONE, TLS_KEYS, SmtpDouble

CA_FILE = str(TLS_KEYS / "ca.pem")


def channel(server: SmtpDouble, **settings: Any) -> EmailChannel:
    return EmailChannel(Email(port=server.port, **settings), mode="Exercise", now=lambda: NOW)


async def send_one(mail: EmailChannel) -> None:
    async with mail.lane() as lane:
        await lane.send(outgoing(mail.prepare(WORDS, stream="directives", headers={})))


@pytest.mark.parametrize("methods", ["PLAIN LOGIN", "LOGIN"])
async def test_a_login_is_made_over_tls(methods: str) -> None:
    secret = Hidden("s3cret")
    async with SmtpDouble(
        certificate=TLS_KEYS / "server.pem", login=("hub", "s3cret"), auth_methods=methods
    ) as server:
        await send_one(channel(server, security="starttls", ca_file=CA_FILE, username="hub", password=secret))

    (received,) = server.messages
    assert (received.secure, received.user) == (True, "hub")
    assert [line.split()[0] for line in server.heard_in_clear] == [b"EHLO", b"STARTTLS"]


async def test_a_wrong_password_stops_the_channel_with_one_clear_error() -> None:
    async with SmtpDouble(login=("hub", "right")) as server:
        mail = channel(server, username="hub", password=Hidden("wrong"))

        with pytest.raises(Unavailable) as unavailable:
            await send_one(mail)

    assert (unavailable.value.counts, unavailable.value.channel_wide) == (False, True)
    assert unavailable.value.code == "535 5.7.8"
    assert "email.username" in unavailable.value.detail
    assert "wrong" not in str(unavailable.value)
    assert server.commands.count("AUTH") == 1


@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        ("mail", "530 5.7.0 Authentication required"),
        ("rcpt", "530 5.7.0 Must issue a STARTTLS command first"),
        ("mail", "553 5.7.1 Sender address rejected: not owned by user"),
        ("rcpt", "554 5.7.1 <reader@example.org>: Relay access denied"),
        ("connect", "554 No SMTP service here"),
    ],
)
async def test_a_refusal_that_would_meet_every_message_stops_the_channel(phase: Any, reply: str) -> None:
    async with SmtpDouble() as server:
        server.on(phase, reply)

        with pytest.raises(Unavailable) as unavailable:
            await send_one(channel(server))

    assert (unavailable.value.counts, unavailable.value.channel_wide) == (False, True)


async def test_a_login_that_nobody_offers_stops_the_channel() -> None:
    async with SmtpDouble() as server:
        with pytest.raises(Unavailable) as unavailable:
            await send_one(channel(server, username="hub", password=Hidden("x")))

    assert unavailable.value.channel_wide


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_from_a_trusted_server_carries_the_message(security: Any) -> None:
    async with SmtpDouble(certificate=TLS_KEYS / "server.pem", implicit_tls=security == "tls") as server:
        await send_one(channel(server, security=security, ca_file=CA_FILE))

    assert server.messages[0].secure


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "ca_file"),
    [("expired.pem", CA_FILE), ("other.pem", CA_FILE), ("server.pem", "")],
    ids=["expired", "another name", "unknown authority"],
)
async def test_nothing_goes_to_a_server_whose_certificate_is_wrong(
    security: Any, certificate: str, ca_file: str
) -> None:
    async with SmtpDouble(certificate=TLS_KEYS / certificate, implicit_tls=security == "tls") as server:
        with pytest.raises(Unavailable) as unavailable:
            await send_one(channel(server, security=security, ca_file=ca_file))

    assert (unavailable.value.code, unavailable.value.channel_wide) == ("tls", True)
    assert unavailable.value.counts is False
    assert "MAIL" not in server.commands


async def test_nothing_goes_in_clear_when_starttls_is_not_offered_or_refused() -> None:
    async with SmtpDouble() as silent, SmtpDouble(certificate=TLS_KEYS / "server.pem") as refusing:
        refusing.on("starttls", "454 4.7.0 TLS not available")
        for server in (silent, refusing):
            with pytest.raises(Unavailable) as unavailable:
                await send_one(channel(server, security="starttls", ca_file=CA_FILE))
            assert unavailable.value.channel_wide

    assert "MAIL" not in silent.commands + refusing.commands


INJECTED = [
    pytest.param("starttls", "220 2.0.0 Ready\r\n250-evil.example\r\n250 PIPELINING", id="an answer to EHLO"),
    pytest.param(
        "starttls", "220 2.0.0 Ready\r\n" + "250 2.1.0 Ok\r\n" * 8 + "250", id="answers to all that follows"
    ),
    pytest.param("starttls", "220 2.0.0 Ready\r\n250-half of", id="the beginning of one"),
    pytest.param(
        "ehlo", "250-d.example\r\n250 STARTTLS\r\n220 Ready\r\n250-e.example\r\n250 PIPELINING", id="before"
    ),
]


@pytest.mark.parametrize(("phase", "said"), INJECTED)
async def test_what_was_slipped_in_before_tls_is_no_answer_within_it(phase: Any, said: str) -> None:
    """RFC 3207 §4.2, §6; whoever sits in between can write in clear, in the same segment as the 220."""
    async with SmtpDouble(ONE_BY_ONE, certificate=TLS_KEYS / "server.pem") as server:
        server.on(phase, said)
        server.on("rcpt", "550 5.1.1 Nobody of that name")
        mail = channel(server, security="starttls", ca_file=CA_FILE)

        async with mail.lane() as lane:
            with pytest.raises(Refused):
                await lane.send(outgoing(mail.prepare(WORDS, stream="directives", headers={})))

    assert [line.split()[0] for line in server.heard_in_clear] == [b"EHLO", b"STARTTLS"]
    assert server.commands[2:5] == ["EHLO", "MAIL", "RCPT"]
    assert "DATA" not in server.commands  # as it would be with the PIPELINING that was slipped in


async def test_what_is_slipped_in_while_tls_begins_ends_the_connection() -> None:
    ended = asyncio.Event()

    async def slip_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said in (b"220 d.example", b"250-d.example\r\n250 STARTTLS", b"220 Ready", b"250 Injected"):
            writer.write(said + b"\r\n")
            await reader.read(1024)
        writer.transport.abort()
        ended.set()

    async with await asyncio.start_server(slip_in, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = Email(port=port, security="starttls", ca_file=CA_FILE)
        mail = EmailChannel(settings, mode="Exercise", now=lambda: NOW)

        with pytest.raises(Unavailable) as unavailable:
            await send_one(mail)
        await ended.wait()

    assert (unavailable.value.code, unavailable.value.counts) == ("tls", False)


async def test_a_tls_connection_to_a_server_without_tls_stops_the_channel() -> None:
    async with SmtpDouble() as server:
        mail = channel(server, security="tls", ca_file=CA_FILE, command_timeout=timedelta(seconds=1))
        with pytest.raises(Unavailable) as unavailable:
            await send_one(mail)

    assert unavailable.value.channel_wide


def test_a_ca_file_that_is_not_there_is_named() -> None:
    with pytest.raises(WrongSettings, match=r"email\.ca_file: /nowhere/ca\.pem: No such file"):
        EmailChannel(Email(security="tls", ca_file="/nowhere/ca.pem"), mode="Exercise", now=lambda: NOW)
