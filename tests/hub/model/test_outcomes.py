"""Which outcome may follow which, and by whose hand: one table for the code, the docs and every test."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.model.delivery import FAILED, FINAL, FINISHED, TRANSITIONS, Outcome, Writer, may_follow

DOCS = Path(__file__).parents[3] / "docs"


def rows() -> Iterator[str]:
    """The table as docs/the-way.md shows it."""
    for before, followers in TRANSITIONS.items():
        by_writers: dict[str, list[str]] = {}
        for after, writers in followers.items():
            hand = " or ".join(writer.value for writer in Writer if writer in writers)
            by_writers.setdefault(hand, []).append(f"`{after}`")
        cells = "; ".join(f"{hand}: {', '.join(outcomes)}" for hand, outcomes in by_writers.items())
        yield f"| `{before}` | {cells or 'nothing'} |"


def test_every_outcome_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Outcome)
    assert len(Outcome) == 11


def test_the_docs_show_the_table() -> None:
    shown = re.findall(r"^\| `[a-z]+` \| .* \|$", (DOCS / "the-way.md").read_text("utf-8"), re.M)

    assert shown == list(rows())


def test_no_sender_moves_a_finished_delivery() -> None:
    moved = [
        (before, after)
        for before in FINISHED
        for after in Outcome
        if may_follow(before, after, by=Writer.LANE) or may_follow(before, after, by=Writer.LEDGER)
    ]

    assert moved == []
    assert set(Outcome) - FINISHED == {
        Outcome.QUEUED, Outcome.ATTEMPTING, Outcome.DEFERRED, Outcome.UNCERTAIN,
    }  # fmt: skip


def test_what_arrived_expired_or_was_taken_back_stays_so_by_anybody_s_hand() -> None:
    assert {Outcome.DELIVERED, Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SUPPRESSED} == FINAL


def test_only_a_person_begins_a_failed_one_anew() -> None:
    assert {Outcome.REFUSED, Outcome.BOUNCED} == FAILED
    for before in FAILED:
        assert may_follow(before, Outcome.DEFERRED, by=Writer.PERSON)
        assert not may_follow(before, Outcome.DEFERRED, by=Writer.REPORT)


def test_an_attempt_is_begun_by_a_lane_alone() -> None:
    begun = {
        writer
        for followers in TRANSITIONS.values()
        for writer in followers.get(Outcome.ATTEMPTING, frozenset())
    }

    assert begun == {Writer.LANE}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_nothing_follows_itself(outcome: Outcome) -> None:
    assert not may_follow(outcome, outcome)
