"""The coverage matrix: every sector × audience stands in exactly one state, and a decision says by whom and why."""

from collections import Counter
from datetime import UTC, datetime

from hub import gate
from hub.gate import Case
from hub.gate.coverage import matrix
from hub.model.coverage import Cell, State
from hub.model.directive import AUDIENCES, Audience, Coverage, Directive
from hub.model.message import Hat
from hub.model.review import Waiver
from tests import a


def case(act: Directive) -> Case:
    return gate.open_case(a.sheet(act), a.frame(), languages=("fr",), at=None)


def cells(act: Directive, *waived: Waiver) -> dict[Hat, Cell]:
    return {cell.hat: cell for cell in matrix(case(act), waived)}


def waiver(code: str, cell: str) -> Waiver:
    return Waiver("visites", code, cell, "0" * 64, "Rédaction", "La suite vient demain.", datetime.now(UTC))


def test_every_sector_and_audience_has_one_cell_in_the_register_s_order() -> None:
    found = matrix(case(a.directive()))

    assert [cell.hat for cell in found] == [Hat(s, name) for s in a.REGISTER.sectors for name in AUDIENCES]


def test_a_named_sector_has_a_message_for_the_audiences_of_the_act_alone() -> None:
    found = cells(a.directive())

    row = [found[Hat("elderly.residential", audience)].state for audience in AUDIENCES]
    assert row == [State.MESSAGE] * 4 + [State.NOT_ADDRESSED]
    assert found[Hat("culture", "family")].state == State.NOT_ADDRESSED


def test_a_rule_for_everybody_is_inherited_by_the_sectors_that_it_does_not_name() -> None:
    found = cells(a.directive(sectors=("general", "sport"), audiences=("citizen",)))

    assert found[Hat("general", "citizen")].state == State.MESSAGE
    assert found[Hat("sport", "citizen")].state == State.MESSAGE
    assert found[Hat("culture", "citizen")].state == State.INHERITED
    assert found[Hat("culture", "staff")].state == State.NOT_ADDRESSED


def test_a_sector_inherits_for_the_audiences_of_a_rule_that_does_not_name_it() -> None:
    own = a.measure(sectors=("sport",), audiences=("direction",))
    for_all = a.measure(id="m2", sectors=("general",), audiences=("citizen",))

    found = cells(a.directive(measures=(own, for_all), sectors=("sport", "general")))

    assert found[Hat("sport", "direction")].state == State.MESSAGE
    assert found[Hat("sport", "citizen")].state == State.INHERITED


def test_a_decision_is_told_with_its_reason_in_each_language_and_who_took_it() -> None:
    decision = Coverage("others", AUDIENCES, a.text("Autre niveau."), "cellule de crise")

    cell = cells(a.directive(coverage=(decision,)))[Hat("culture", "family")]

    assert (cell.state, cell.by) == (State.NOT_CONCERNED, "cellule de crise")
    assert cell.reason == a.text("Autre niveau.")


def test_a_waiver_of_a_sector_or_of_one_cell_is_told_with_who_signed_it() -> None:
    found = cells(a.directive(), waiver("U301", "youth.care"), waiver("U302", "elderly.residential:citizen"))

    assert Counter(cell.state for cell in found.values())[State.WAIVED] == len(AUDIENCES) + 1
    assert found[Hat("elderly.residential", "citizen")].by == "Rédaction"
    assert found[Hat("youth.care", "staff")].reason == {"und": "La suite vient demain."}


def test_a_waiver_of_something_else_covers_no_cell() -> None:
    found = cells(a.directive(), waiver("U305", "visits"), waiver("U404", "youth.care"))

    assert State.WAIVED not in {cell.state for cell in found.values()}


def test_a_cell_that_is_spoken_to_has_a_message_whatever_a_decision_says() -> None:
    audiences: tuple[Audience, ...] = ("family",)
    decision = Coverage(("elderly.residential",), audiences, a.text("Pas concernées."), "cellule de crise")

    cell = cells(a.directive(coverage=(decision,)))[Hat("elderly.residential", "family")]

    assert cell.state == State.MESSAGE
