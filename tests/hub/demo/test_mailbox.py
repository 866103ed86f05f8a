"""The demo's mailbox takes real SMTP and shows what came."""

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from hub.demo import letter as letters
from hub.demo.mailbox import Mailbox, open_mailbox
from hub.errors import NotFound
from hub.now import Clock, parse_instant


def _message(to: str, subject: str = "Visites", html: str = "<p>Écoutez.</p>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "directives@univoque.example", to, subject
    message.set_content("Écoutez.\n", cte="8bit")
    message.add_alternative(html, subtype="html", cte="8bit")
    return message


def _send(port: int, *messages: EmailMessage) -> dict[str, str]:
    with smtplib.SMTP("127.0.0.1", port) as relay:
        relay.ehlo()
        for message in messages:
            relay.send_message(message, mail_options=["BODY=8BITMIME"])
        return relay.esmtp_features


async def test_a_message_sent_over_smtp_lies_in_its_readers_inbox(tmp_path: Path) -> None:
    clock = Clock()
    clock.set(parse_instant("2020-03-10T09:00"))

    async with open_mailbox(tmp_path / "mail", clock) as mailbox:
        features = await asyncio.to_thread(_send, mailbox.port, _message("Anne@maison.example"))
        [letter] = mailbox.inbox("anne@maison.example")
        shown = letters.show(mailbox, letter)

    assert "8bitmime" in features
    assert letter.arrived_at.year == 2020
    assert shown.subject == "Visites"
    assert shown.text == "Écoutez.\n"
    assert shown.html is not None
    assert "<p>Écoutez.</p>" in shown.html
    assert "Content-Transfer-Encoding: 8bit" in shown.source


async def test_the_newest_message_comes_first(tmp_path: Path) -> None:
    async with open_mailbox(tmp_path / "mail", Clock()) as mailbox:
        sent = (_message("a@maison.example", "un"), _message("a@maison.example", "deux"))
        await asyncio.to_thread(_send, mailbox.port, *sent)

        subjects = [letters.subject(mailbox, letter) for letter in mailbox.inbox("a@maison.example")]

    assert subjects == ["deux", "un"]


def test_a_full_mailbox_lets_the_oldest_go(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mail", Clock(), cap=2)

    kept = [mailbox.keep("s@univoque.example", "a@maison.example", b"Subject: x\r\n\r\n") for _ in range(3)]

    assert mailbox.received == 3
    assert [letter.number for letter in mailbox.inbox("a@maison.example")] == [3, 2]
    with pytest.raises(NotFound):
        mailbox.get(kept[0].number)
    mailbox.close()


async def test_closing_does_not_wait_for_a_sender_that_stays_connected(tmp_path: Path) -> None:
    async with open_mailbox(tmp_path / "mail", Clock()) as mailbox:
        _reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)
        await _reader.readline()

    async with asyncio.timeout(5):
        assert await _reader.read() == b""
    writer.close()


def test_a_broken_charset_is_shown_as_far_as_it_can_be(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mail", Clock())
    content = b"Subject: x\r\nContent-Type: text/plain; charset=nowhere\r\n\r\nbonjour\r\n"

    shown = letters.show(mailbox, mailbox.keep("s@univoque.example", "a@maison.example", content))

    assert shown.text.strip() == "bonjour"
    assert shown.html is None
    mailbox.close()
