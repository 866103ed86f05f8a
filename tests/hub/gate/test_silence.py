"""Silence: who has heard nothing for fourteen days, while something pressing is in force."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub import gate
from hub.gate.silence import crisis_since, silent_sectors
from hub.in_force import Rules, consolidate
from hub.model.directive import AUDIENCES, Coverage, Directive, Relation
from hub.model.review import Kind, Withdrawal
from hub.now import midnight
from tests import a

DAY = timedelta(days=1)
FORTNIGHT = timedelta(days=14)
OPENED = midnight(date(2020, 3, 11))
HOMES = "elderly.residential"


def act(id_: str, day: date, **given: Any) -> Directive:
    """An act on care homes, in force from the day of its issue until further notice."""
    fields: dict[str, Any] = {"issued": day, "effective_from": midnight(day), "effective_to": None}
    return a.directive(id=id_, **{**fields, **given})


def rules(*given: Directive) -> Rules:
    return consolidate({each.id: each for each in given}, a.REGISTER)


OPENING = act("debut", date(2020, 3, 11))


def silent(at: datetime, *given: Directive) -> set[str]:
    found = silent_sectors(rules(*given), at=at, silence=FORTNIGHT)
    return {each.sector for each in found}


def test_nobody_is_silent_before_the_crisis_is_as_old_as_the_silence_asked_about() -> None:
    assert silent(OPENED + FORTNIGHT - timedelta(seconds=1), OPENING) == set()
    assert HOMES in silent(OPENED + FORTNIGHT, OPENING)
    assert "culture" in silent(OPENED + FORTNIGHT, OPENING)


def test_a_sector_is_silent_until_an_act_addresses_it_and_again_a_fortnight_later() -> None:
    second = act("suite", date(2020, 3, 20))

    assert HOMES not in silent(midnight(date(2020, 4, 2)), OPENING, second)
    assert HOMES in silent(midnight(date(2020, 4, 3)), OPENING, second)


def test_a_rule_for_everybody_is_heard_by_every_sector_but_those_decided_out() -> None:
    spared = Coverage(("culture",), AUDIENCES, a.text("Pas concernée."), "cellule de crise")
    for_all = act(
        "tous", date(2020, 3, 24), sectors=("general",), audiences=("citizen", "staff"), coverage=(spared,)
    )

    assert silent(OPENED + FORTNIGHT, OPENING, for_all) == {"culture"}


def test_an_audience_decided_out_leaves_the_sector_told() -> None:
    spared = Coverage(("culture",), ("staff",), a.text("Pas concerné."), "cellule de crise")
    for_all = act(
        "tous", date(2020, 3, 24), sectors=("general",), audiences=("citizen", "staff"), coverage=(spared,)
    )

    assert silent(OPENED + FORTNIGHT, OPENING, for_all) == set()


def test_an_act_that_is_yet_to_be_issued_was_heard_by_nobody() -> None:
    later = act("demain", date(2020, 3, 26))

    assert HOMES in silent(OPENED + FORTNIGHT, OPENING, later)


@pytest.mark.parametrize(("urgency", "open_"), [("Immediate", True), ("Expected", True), ("Future", False)])
def test_only_a_pressing_act_makes_a_crisis(urgency: str, open_: bool) -> None:
    one = act("un", date(2020, 3, 11), urgency=urgency)

    assert bool(crisis_since(rules(one), OPENED + DAY)) == open_


def test_a_crisis_lasts_as_long_as_one_pressing_act_follows_another_without_a_gap() -> None:
    april = midnight(date(2020, 4, 1))
    first = act("un", date(2020, 3, 11), effective_to=april)
    next_day = act("deux", date(2020, 3, 30), effective_from=april)
    week_later = act("deux", date(2020, 3, 30), effective_from=april + 7 * DAY)

    at = april + 10 * DAY
    assert crisis_since(rules(first, next_day), at) == OPENED
    assert crisis_since(rules(first, week_later), at) == april + 7 * DAY
    assert crisis_since(rules(first), at) is None
    assert crisis_since(rules(first), april - timedelta(seconds=1)) == OPENED
    assert crisis_since(rules(first), april) is None


def test_a_binding_act_that_repeals_the_last_pressing_one_ends_the_crisis() -> None:
    two = act("debut", date(2020, 3, 11), measures=(a.measure(), a.measure(id="m2", topic="outings")))

    def ended_by(issuer: str, opening: Directive = two, **given: Any) -> datetime | None:
        relation = Relation("repeals", target="debut", **given)
        end = act("fin", date(2020, 3, 20), issuer=issuer, urgency="Future", relations=(relation,))
        return crisis_since(rules(opening, end), midnight(date(2020, 3, 21)))

    assert ended_by("wal-min-sante") is None
    assert ended_by("be-cns") == OPENED  # decision 27: an announcement ends nothing
    assert ended_by("wal-min-sante", partial=True) == OPENED
    assert ended_by("wal-min-sante", target_measure="m1") == OPENED
    assert ended_by("wal-min-sante", OPENING, target_measure="m1") is None  # it had no other rule


def test_a_cancelled_act_keeps_no_crisis_open() -> None:
    taken = Withdrawal(OPENED + DAY, Kind.CANCEL)
    withdrawn = consolidate({OPENING.id: OPENING}, a.REGISTER, {OPENING.id: taken})

    assert crisis_since(withdrawn, OPENED) == OPENED
    assert crisis_since(withdrawn, OPENED + DAY) is None


def test_a_sector_last_told_before_the_crisis_is_silent_since_its_beginning() -> None:
    before = act("avant", date(2020, 1, 8), sectors=("culture",), urgency="Future")

    found = silent_sectors(rules(before, OPENING), at=OPENED + FORTNIGHT, silence=FORTNIGHT)

    culture = next(each for each in found if each.sector == "culture")
    assert (culture.since, culture.last) == (OPENED, midnight(date(2020, 1, 8)))


def test_the_gate_counts_the_act_itself_among_those_that_speak() -> None:
    speaking = act("suite", date(2020, 4, 10))
    sheet = a.sheet(speaking, others={OPENING.id: OPENING})

    case = gate.open_case(sheet, a.frame(), languages=("fr",), at=None, silence=FORTNIGHT)
    (note,) = [finding for finding in gate.examine(case) if finding.code == "U307"]

    assert note.level == "note"
    assert HOMES not in note.sectors
    assert "general" not in note.sectors
    assert "never: " in note.text


def test_nobody_is_asked_about_silence_where_no_span_is_given() -> None:
    case = gate.open_case(a.sheet(OPENING), a.frame(), languages=("fr",), at=datetime(2021, 1, 1, tzinfo=UTC))

    assert [finding for finding in gate.examine(case) if finding.code == "U307"] == []
