"""Twilio's codes and statuses in our words."""

import re
from pathlib import Path

import pytest

from channels.contract import ChannelError, Refused, Unavailable, Uncertain
from channels.sms_reports import (
    AFTER_ACCEPTANCE,
    ON_SENDING,
    OUTCOMES,
    concerns_message,
    failure,
    outcome,
    suppresses,
)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("queued", "accepted"),
        ("sending", "accepted"),
        ("sent", "accepted"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("undelivered", "bounced"),
        ("failed", "bounced"),
        ("received", None),
        ("anything new", None),
    ],
)
def test_a_status_has_one_outcome(status: str, ours: str | None) -> None:
    assert outcome(status) == ours


def test_outcomes_are_words_of_ours() -> None:
    assert set(OUTCOMES.values()) == {"accepted", "delivered", "bounced"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (30003, False),
        (30004, True),
        (30005, True),
        (30006, True),
        (30007, False),
        (30008, False),
        (21610, True),
        (1, False),
        (None, False),
    ],
)
def test_only_a_number_that_will_never_work_is_suppressed(code: int | None, expected: bool) -> None:
    assert suppresses(code) is expected


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, None, Uncertain),
        (503, 20503, Uncertain),
        (429, None, Unavailable),
        (400, 20429, Unavailable),
        (400, 21611, Unavailable),
        (401, None, Unavailable),
        (402, None, Unavailable),
        (407, None, Unavailable),
        (408, None, Unavailable),
        (425, None, Unavailable),
        (413, None, Refused),
        (400, 21610, Refused),
        (400, None, Refused),
    ],
)
def test_an_error_answer_is_one_of_the_three_failures(
    status: int, code: int | None, kind: type[ChannelError]
) -> None:
    assert type(failure(status, code)) is kind


@pytest.mark.parametrize(
    ("code", "whom"), [(21602, "message"), (21617, "message"), (21610, "address"), (21604, "address")]
)
def test_a_refused_text_is_told_from_a_refused_number(code: int, whom: str) -> None:
    error = failure(400, code)

    assert isinstance(error, Refused)
    assert error.concerns == whom


@pytest.mark.parametrize(
    ("status", "code"), [(400, 21660), (400, 21408), (400, 21612), (400, None), (413, None), (451, None)]
)
def test_what_may_be_the_accounts_fault_is_held_against_nobody_at_once(status: int, code: int | None) -> None:
    error = failure(status, code)

    assert isinstance(error, Refused)
    assert (error.concerns, error.suppress) == ("message", False)


@pytest.mark.parametrize("status", [408, 425])
def test_an_answer_that_asks_for_another_try_is_no_attempt(status: int) -> None:
    error = failure(status, None)

    assert isinstance(error, Unavailable)
    assert (error.counts, error.channel_wide) == (False, False)


def test_a_filter_is_about_the_text_and_an_unreachable_phone_is_not() -> None:
    assert [code for code in AFTER_ACCEPTANCE if concerns_message(code)] == [30007]
    assert not concerns_message(None)


def test_each_code_says_what_it_means() -> None:
    for meaning in (*ON_SENDING.values(), *AFTER_ACCEPTANCE.values()):
        assert meaning.detail
        if meaning.effect == "stop":
            assert "look into" in meaning.detail or "ask the provider" in meaning.detail


def test_every_code_that_a_request_may_meet_stands_in_the_operators_page() -> None:
    page = (Path(__file__).parents[2] / "docs/operate.md").read_text("utf-8").partition("\n## SMS\n")[2]
    table = page.partition("\n## ")[0].partition("| what the provider answers |")[2]

    told = {int(code) for code in re.findall(r"\b\d{5}\b", table)}

    assert told == set(ON_SENDING)
