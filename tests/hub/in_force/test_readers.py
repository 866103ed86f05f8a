"""Who is meant: the sector, the audience, the place and its community, and establishments by their names."""

from datetime import UTC, datetime

import pytest

from hub.in_force import Aim, Reader, Span, aim, consolidate, in_force
from hub.model.directive import AUDIENCES, Audience, Coverage, Directive
from hub.now import parse_period
from tests import a

NAMUR, BRUSSELS, EUPEN = "92094", "21004", "63023"
MARCH = Span(*parse_period("2020-03-20"))


def holds(act: Directive, reader: Reader) -> bool:
    return bool(in_force(consolidate({act.id: act}, a.REGISTER), reader, MARCH))


def reader(sector: str = "elderly.residential", audience: Audience = "family", nis: str = NAMUR) -> Reader:
    return Reader(sector, audience, nis)


def test_a_rule_holds_for_its_sectors_and_audiences_alone() -> None:
    act = a.directive()

    assert holds(act, reader())
    assert not holds(act, reader("home.care"))
    assert not holds(act, reader(audience="citizen"))
    assert not holds(act, reader(nis=EUPEN))


def test_a_rule_for_everybody_holds_for_every_sector_but_those_that_are_spared() -> None:
    decision = Coverage(("culture",), AUDIENCES, a.text("Pas concerné."), "cellule de crise")
    act = a.directive(sectors=("general",), coverage=(decision,))

    assert holds(act, reader("home.care"))
    assert not holds(act, reader("culture"))


def test_a_rule_for_others_named_by_nobody_spares_them() -> None:
    decision = Coverage("others", AUDIENCES, a.text("Pas concerné."), "cellule de crise")
    act = a.directive(sectors=("general", "elderly.residential"), coverage=(decision,))

    assert holds(act, reader("elderly.residential"))
    assert not holds(act, reader("home.care"))


def test_named_establishments_are_meant_and_their_commune_is_not() -> None:
    act = a.directive(establishments=("Les Tilleuls",), establishments_only=True)

    assert not holds(act, reader())
    assert holds(act, Reader("elderly.residential", "family", NAMUR, organisation="les tilleuls"))
    assert not holds(act, Reader("elderly.residential", "family", EUPEN, organisation="les tilleuls"))


@pytest.mark.parametrize(
    ("territory", "nis", "community", "why"),
    [
        ("FWB", NAMUR, None, "territory"),
        ("FWB", BRUSSELS, "FWB", "community"),
        ("FWB", BRUSSELS, "VG", "other_community"),
        ("FWB", BRUSSELS, None, "other_community"),
        ("FWB", EUPEN, "FWB", "elsewhere"),
        ("WAL-FR", EUPEN, None, "elsewhere"),
    ],
)
def test_a_place_is_meant_or_not_for_a_reason(
    territory: str, nis: str, community: str | None, why: Aim
) -> None:
    assert aim(a.REGISTER.places([territory]), nis, community=community) == why


def test_of_named_establishments_the_list_decides() -> None:
    places = a.REGISTER.places(["90000"]).only(["Les Tilleuls"])

    assert aim(places, NAMUR) == "not_listed"
    assert aim(places, NAMUR, organisation="Les Tilleuls") == "establishment"
    assert aim(places, EUPEN, organisation="Les Tilleuls") == "elsewhere"


def test_a_day_meets_all_that_holds_during_part_of_it() -> None:
    noon = datetime(2020, 3, 20, 11, tzinfo=UTC)
    act = a.directive(effective_from=noon)
    rules = consolidate({act.id: act}, a.REGISTER)

    assert in_force(rules, reader(), MARCH)
    assert not in_force(rules, reader(), Span(*parse_period("2020-03-20T11:59")))
    assert in_force(rules, reader(), Span(*parse_period("2020-03-20T12:00")))
