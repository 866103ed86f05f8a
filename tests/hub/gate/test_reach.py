"""Reach: words without a reader are a hole, told cell by cell for the sectors that the act names."""

from hub import gate
from hub.model.directive import AUDIENCES, Directive
from hub.model.message import Hat
from hub.model.review import Finding, Kind, Level
from tests import a


def unreached(act: Directive, reach: dict[Hat, int] | None, *, kind: Kind = Kind.NEW) -> list[Finding]:
    frame = a.frame(kind=kind)
    case = gate.open_case(a.sheet(act), frame, languages=("fr",), at=None, reach=reach)
    return [finding for finding in gate.examine(case) if finding.code == "U306"]


def test_a_cell_that_nobody_reads_is_a_warning() -> None:
    reach = {Hat("elderly.residential", "direction"): 2, Hat("elderly.residential", "staff"): 1}

    found = unreached(a.directive(), reach)

    assert [(finding.level, finding.where) for finding in found] == [
        (Level.WARNING, "elderly.residential:beneficiary"),
        (Level.WARNING, "elderly.residential:family"),
    ]


def test_cells_that_inherit_a_rule_are_one_note() -> None:
    act = a.directive(sectors=("general",), audiences=AUDIENCES)
    reach = {Hat(sector, audience): 1 for sector in a.REGISTER.sectors for audience in AUDIENCES}
    del reach[Hat("sport", "family")], reach[Hat("culture", "staff")], reach[Hat("general", "citizen")]

    found = unreached(act, reach)

    assert [(finding.level, finding.where) for finding in found] == [
        (Level.WARNING, "general:citizen"),
        (Level.NOTE, "culture:staff, sport:family"),
    ]


def test_without_a_store_nobody_was_counted_and_nothing_is_found() -> None:
    assert unreached(a.directive(), None) == []


def test_a_minor_change_alerts_nobody_so_it_needs_no_reader() -> None:
    assert unreached(a.directive(), {}, kind=Kind.MINOR) == []
