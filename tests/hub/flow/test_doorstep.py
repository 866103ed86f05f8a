"""Whose a refusal at RCPT is: one recipient's, one domain's, or everybody's."""

import pytest

from hub.flow.doorstep import LATELY, PATIENCE, Doorstep, Verdict

MOST = 30


def refused(door: Doorstep, seq: int, *, of_us: bool = False, now: float = 0.0, domain: str = "") -> Verdict:
    address = f"person-{seq}@{domain or f'd{seq}.example'}"
    return door.weigh((1, seq), address, of_us=of_us, now=now)


def let_in(door: Doorstep, now: float) -> None:
    door.accepted_at = now


@pytest.mark.parametrize("of_us", [False, True])
def test_one_among_others_is_refused_at_once(of_us: bool) -> None:
    door = Doorstep(MOST, accepted_at=0.0)

    found = []
    for seq in range(5):
        found.append(refused(door, seq, of_us=of_us, now=seq + 0.5))
        let_in(door, seq + 0.7)

    assert found == [Verdict.THEIRS] * 5


def test_who_is_refused_again_while_others_were_let_in_is_refused() -> None:
    door = Doorstep(MOST)
    first = refused(door, 1, now=1.0)
    let_in(door, 2.0)

    again = refused(door, 1, now=3.0)

    assert (first, again) == (Verdict.LATER, Verdict.THEIRS)


def test_who_is_alone_is_refused_the_second_time_and_nothing_shows_that_the_address_is_bad() -> None:
    door = Doorstep(MOST)

    assert [refused(door, 1, now=1.0), refused(door, 1, now=61.0)] == [Verdict.LATER, Verdict.ALONE]


@pytest.mark.parametrize(
    ("of_us", "known", "wanted"), [(True, False, 3), (True, True, 3), (False, False, 10), (False, True, 30)]
)
def test_so_many_in_a_row_are_everybody(of_us: bool, known: bool, wanted: int) -> None:
    door = Doorstep(MOST, accepted_at=0.0 if known else float("-inf"))

    found = [refused(door, seq, of_us=of_us, now=1.0) for seq in range(wanted)]

    assert found.index(Verdict.NOBODY) == wanted - 1
    assert found.count(Verdict.THEIRS) == known


def test_an_acceptance_of_long_ago_shows_nothing() -> None:
    door = Doorstep(MOST, accepted_at=0.0)

    found = [refused(door, seq, now=LATELY + 1) for seq in range(10)]

    assert found == [Verdict.LATER] * 9 + [Verdict.NOBODY]


def test_one_domain_goes_slowly_and_is_everybody_only_when_no_other_is_let_in() -> None:
    door = Doorstep(MOST, accepted_at=0.0)
    found = [refused(door, seq, now=1.0, domain="dead.example") for seq in range(60)]
    at_last = refused(door, 60, now=1.0 + PATIENCE, domain="dead.example")

    assert found == [Verdict.THEIRS] + [Verdict.LATER] * 28 + [Verdict.SLOWLY] * 31
    assert at_last is Verdict.NOBODY


def test_what_is_said_of_us_is_nobodys_own_where_nobody_was_ever_let_in() -> None:
    door = Doorstep(MOST)

    found = [refused(door, 1, of_us=True, now=1.0), refused(door, 1, of_us=True, now=61.0)]

    assert found == [Verdict.LATER, Verdict.NOBODY]


def test_a_few_who_are_refused_twice_by_a_far_side_that_took_nothing_are_everybody() -> None:
    door = Doorstep(MOST)
    for seq in range(3):
        assert refused(door, seq, now=1.0) is Verdict.LATER

    assert refused(door, 0, now=61.0) is Verdict.NOBODY


def test_the_last_few_dead_addresses_of_a_dispatch_hold_up_nothing() -> None:
    door = Doorstep(MOST, accepted_at=0.0)
    first = [refused(door, seq, now=1.0) for seq in range(5)]
    second = [refused(door, seq, now=61.0) for seq in range(1, 5)]

    assert first == [Verdict.THEIRS] + [Verdict.LATER] * 4
    assert second == [Verdict.THEIRS] * 4


def test_where_no_row_is_counted_each_is_their_own() -> None:
    door = Doorstep(0)

    assert {refused(door, seq, of_us=True) for seq in range(50)} == {Verdict.THEIRS}
