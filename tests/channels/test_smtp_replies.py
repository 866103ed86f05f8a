"""How replies of relays in the field are read."""

from datetime import timedelta

import pytest

from channels.contract import Concerns, Refused, Unavailable
from channels.smtp_replies import Phase, Reply, failure, receipt


@pytest.mark.parametrize(
    ("text", "code", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4XyZ12abcD", "250 2.0.0", "4XyZ12abcD"),
        ("OK id=1rAbCd-0003Xy-2Z", "250", "1rAbCd-0003Xy-2Z"),
        (
            "2.6.0 <x@y.example> [InternalId=4567, Hostname=mx.example] Queued mail for delivery",
            "250 2.6.0",
            "4567",
        ),
        ("2.0.0 OK  1587110400 x12si345678abc.90 - gsmtp", "250 2.0.0", "x12si345678abc.90"),
        ("Ok 0100017188f0c1d2-3e4f5a6b-000000", "250", "0100017188f0c1d2-3e4f5a6b-000000"),
        ("2.0.0 03HA8abc123 Message accepted for delivery", "250 2.0.0", ""),
        ("Ok", "250", ""),
    ],
)
def test_the_queue_id_is_found_where_relays_put_it(text: str, code: str, queue_id: str) -> None:
    found = receipt(Reply(250, text))

    assert (found.code, found.provider_id) == (code, queue_id)


@pytest.mark.parametrize(
    ("digits", "text", "retry_after"),
    [
        (450, "4.2.0 Greylisted, see http://x.example", timedelta(minutes=5)),
        (451, "4.7.1 Greylisting in action, please come back in 00:04:58", timedelta(seconds=298)),
        (450, "4.7.1 Try again in 5 minutes", timedelta(minutes=5)),
        (451, "Please retry in 120s", timedelta(seconds=120)),
        (450, "come back in 99999 seconds", timedelta(hours=1)),
        (421, "4.7.0 Closing", timedelta(seconds=30)),
        (450, "4.1.1 Mailbox busy", None),
        (454, "4.7.0 wait 60 seconds", None),
    ],
)
def test_a_hint_when_to_come_back_is_taken(digits: int, text: str, retry_after: timedelta | None) -> None:
    error = failure(Reply(digits, text), "rcpt")

    assert isinstance(error, Unavailable)
    assert error.retry_after == retry_after


def test_what_is_told_of_a_reply_is_one_line_without_addresses() -> None:
    reply = Reply(550, "5.1.1 <bob@example.org>:\nno such user bob@example.org here\r\n" + "x" * 500)

    assert reply.code == "550 5.1.1"
    assert reply.detail.startswith("<address> no such user <address> here")
    assert "\n" not in reply.detail
    assert len(reply.detail) <= 200


@pytest.mark.parametrize("text", ["4.7.0 Temporary authentication failure", "Temporary failure"])
def test_a_login_that_fails_for_now_costs_no_attempt(text: str) -> None:
    error = failure(Reply(454, text), "auth")

    assert isinstance(error, Unavailable)
    assert (error.counts, error.channel_wide) == (False, False)


@pytest.mark.parametrize(
    ("phase", "digits", "text", "who"),
    [
        ("mail", 450, "4.7.1 Error: too much mail from 192.0.2.1", "all"),
        ("dot", 451, "4.7.1 Rate limit", "all"),
        ("rcpt", 450, "4.7.28 Our system has detected an unusual rate of mail", "domain"),
        ("rcpt", 450, "4.7.1 Greylisted, see you in 300 seconds", None),
        ("greeting", 421, "4.7.0 Too many connections", None),
        ("rcpt", 451, "4.3.0 Try later", None),
    ],
)
def test_who_asks_for_less_is_told_from_what_only_fails(
    phase: Phase, digits: int, text: str, who: str | None
) -> None:
    error = failure(Reply(digits, text), phase)

    assert isinstance(error, Unavailable)
    assert error.asks_less == who


@pytest.mark.parametrize(
    ("phase", "digits", "text", "whom"),
    [
        # At RCPT only the envelope is known, and whoever knows nobody any more says so of everybody.
        ("rcpt", 550, "5.1.1 No such user", "unclear"),
        ("rcpt", 550, "5.7.1 Not for this reader", "unclear"),
        ("rcpt", 554, "Refused", "unclear"),
        ("rcpt", 550, "5.4.1 Recipient address rejected: Access denied", "unclear"),
        # Of a mailbox that it knows, or its owner, a far side speaks alone.
        ("rcpt", 552, "5.2.2 Mailbox full", "address"),
        ("rcpt", 550, "5.2.1 Mailbox disabled", "address"),
        ("rcpt", 550, "5.7.17 Mailbox owner has changed", "address"),
        # Postfix's smtpd_delay_reject: what it holds against the client, its HELO and its sender.
        ("rcpt", 554, "5.7.1 <hub[192.0.2.1]>: Client host rejected: Access denied", "sender"),
        ("rcpt", 553, "5.7.1 <x@y.example>: Sender address rejected: not owned by user hub", "sender"),
        ("rcpt", 550, "5.1.8 <x@y.example>: Sender address rejected: Domain not found", "sender"),
        ("rcpt", 504, "5.5.2 <hub>: Helo command rejected: need fully-qualified hostname", "sender"),
        (
            "rcpt",
            554,
            "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
            "sender",
        ),
        ("rcpt", 550, "5.7.26 Fails DMARC", "sender"),
        # RFC 3463 §3.2, §3.3: the address and its mailbox, also where they are refused late.
        ("data", 550, "5.1.1 No such user", "address"),
        ("dot", 550, "5.1.1 No such user", "address"),
        ("dot", 550, "5.1.10 The domain takes no mail", "address"),
        ("dot", 552, "5.2.2 Mailbox full", "address"),
        ("dot", 552, "5.2.3 Longer than this mailbox takes", "address"),
        ("dot", 550, "5.2.0 Mailbox", "address"),
        # ... but not the sender's address.
        ("dot", 553, "5.1.7 Bad sender address", "message"),
        ("dot", 554, "5.1.8 Bad sender domain", "message"),
        # §3.4: the relay's own system. §3.5: the way to one domain.
        ("dot", 552, "5.3.4 Message too big", "message"),
        ("dot", 554, "5.3.0 Other mail system status", "message"),
        ("dot", 550, "5.4.1 Access denied", "address"),
        ("dot", 554, "5.4.4 Unable to route", "address"),
        # §3.6 to §3.8: protocol, content, policy.
        ("dot", 554, "5.5.0 Protocol", "message"),
        ("data", 554, "5.5.1 Not now", "message"),
        ("dot", 554, "5.6.0 Content rejected", "message"),
        ("data", 554, "5.7.1 Rejected", "message"),
        ("dot", 550, "5.7.1 Spam", "message"),
        ("dot", 550, "5.7.26 Fails DMARC", "message"),
        # RFC 7293: the mailbox has another owner. RFC 6531: a form of address.
        ("dot", 550, "5.7.17 Mailbox owner has changed", "address"),
        ("dot", 550, "5.7.18 Domain owner has changed", "address"),
        ("dot", 550, "5.6.7 Non-ASCII addresses not permitted", "address"),
        # RFC 5321 §4.2.3, §4.3.2: 550 after the dot is policy, 551 and 553 are of mailboxes.
        ("dot", 550, "Rejected for policy reasons", "message"),
        ("dot", 552, "Message too large", "message"),
        ("dot", 554, "Transaction failed", "message"),
        ("dot", 551, "User not local", "address"),
        ("dot", 553, "Mailbox name not allowed", "address"),
        # A code of RFC 3463 that begins with 4 beside a 5xx: the reply code decides that it is for good.
        ("dot", 550, "4.2.2 Mailbox full", "address"),
    ],
)
def test_a_refusal_concerns_the_address_or_the_message(
    phase: Phase, digits: int, text: str, whom: Concerns
) -> None:
    error = failure(Reply(digits, text), phase)

    assert isinstance(error, Refused)
    assert error.concerns == whom


@pytest.mark.parametrize(
    ("phase", "digits", "text", "counts", "whom"),
    [
        # RFC 3463 §3.4, §3.5, and policy: no attempt; whose it is, the others show.
        ("rcpt", 452, "4.3.1 Insufficient system storage", False, "unclear"),
        ("data", 451, "4.3.0 Temporary lookup failure", False, "unclear"),
        ("dot", 451, "4.4.1 No answer from host", False, "unclear"),
        ("rcpt", 450, "4.7.1 Try again later", False, "unclear"),
        ("rcpt", 451, "Local error in processing", False, "unclear"),
        ("dot", 452, "Insufficient system storage", False, "unclear"),
        # Greylisting is one recipient's, in whatever form it comes.
        ("rcpt", 451, "4.7.1 Greylisted", False, "address"),
        ("dot", 451, "4.7.1 Greylisting in action", False, "address"),
        ("rcpt", 451, "Graylisted, come back later", False, "address"),
        # A mailbox's own, or the message's: an attempt.
        ("rcpt", 450, "4.2.1 Mailbox busy", True, "unclear"),
        ("rcpt", 450, "4.1.1 Unverified address", True, "unclear"),
        ("rcpt", 450, "Mailbox busy", True, "unclear"),
        # Of the connection.
        ("greeting", 450, "4.3.2 Busy", False, "all"),
        ("mail", 452, "4.3.1 Insufficient system storage", False, "all"),
        ("rcpt", 421, "4.3.2 Going down", False, "all"),
        # A rate, and whose.
        ("rcpt", 450, "4.7.1 Error: too many recipients from 192.0.2.1", False, "all"),
        ("rcpt", 450, "4.7.1 Rate limit exceeded", False, "all"),
    ],
)
def test_what_says_nothing_about_the_message_is_no_attempt_and_holds_up_whom_it_concerns(
    phase: Phase, digits: int, text: str, counts: bool, whom: str
) -> None:
    error = failure(Reply(digits, text), phase)

    assert isinstance(error, Unavailable)
    assert (error.counts, error.concerns) == (counts, whom)
