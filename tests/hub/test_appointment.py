"""A schedule names one instant: an hour that strikes twice or never is explained, not guessed."""

from datetime import UTC, datetime

import pytest

from hub.now import parse_appointment


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-28T02:30", datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        ("2026-07-01T08:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("2026-10-25T02:30+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T01:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("2026-03-29T01:30Z", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_an_hour_of_brussels_is_kept_in_utc(text: str, instant: datetime) -> None:
    assert parse_appointment(text) == instant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-29T02:30", "never struck in Brussels"),
        (
            "2026-10-25T02:30",
            r"strikes twice .* 2026-10-25T02:30\+02:00 for the first time or 2026-10-25T02:30\+01:00",
        ),
        ("2026-03-29", "names no hour; write 2026-03-29T08:00"),
        ("tomorrow", "neither a date"),
    ],
)
def test_an_hour_that_is_none_or_two_is_explained(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_appointment(text)
