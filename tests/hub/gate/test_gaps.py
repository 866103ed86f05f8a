"""Gaps (docs/directive-file.md): per topic, the sectors that a reader would expect and the act does not name."""

import tomllib
from datetime import date, timedelta
from typing import Any

import pytest

from hub import gate
from hub.model.directive import AUDIENCES, Coverage, Directive
from hub.model.review import Finding, Level
from tests import a

EXPECTED = tomllib.loads((a.DIRECTIVES / "expected.toml").read_text(encoding="utf-8"))["expected_gap"]
ISSUED = date(2020, 3, 10)
CARE = {"disability.residential", "youth.care"}
"""The other sectors of the group of care homes."""


def gaps(act: Directive, *others: Directive) -> dict[str, Finding]:
    """The gaps of an act among others, by topic."""
    around = {other.id: other for other in others if other.id != act.id}
    case = gate.open_case(a.sheet(act, others=around), a.frame(), languages=("fr",), at=None)
    found = [finding for finding in gate.examine(case) if finding.code == "U305"]
    assert len({finding.topic for finding in found}) == len(found)
    return {finding.topic: finding for finding in found}


def missing(act: Directive, *others: Directive) -> dict[str, set[str]]:
    return {topic: set(finding.sectors) for topic, finding in gaps(act, *others).items()}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda gap: f"{gap['directive']}-{gap['topic']}")
def test_the_gaps_that_a_reader_expects_are_found(expected: dict[str, Any]) -> None:
    real = a.real()

    found = missing(real[expected["directive"]], *real.values())[expected["topic"]]

    if "missing_sectors" in expected:
        assert found == set(expected["missing_sectors"])
    assert found >= set(expected.get("missing_includes", ()))


def test_a_gap_is_a_warning_that_names_its_topic_and_why_each_sector_is_expected() -> None:
    before = a.directive(id="avant", issuer="fwb-gov", sectors=("home.care",), issued=date(2020, 3, 9))

    gap = gaps(a.directive(), before)["visits"]

    assert (gap.level, gap.where, gap.waivable) == (Level.WARNING, "visits", True)
    assert gap.sectors == ("home.care", "disability.residential", "youth.care")
    assert "home.care (named by avant)" in gap.text
    assert "youth.care (of the group care_residential)" in gap.text


def test_each_topic_has_its_own_gap() -> None:
    rules = (a.measure(), a.measure(id="m2", topic="masks", sectors=("sport",)))

    found = missing(a.directive(measures=rules))

    assert found == {"visits": CARE, "masks": {"culture"}}


def test_only_an_act_on_the_topic_that_was_issued_before_counts() -> None:
    later = a.directive(id="apres", sectors=("home.care",), issued=ISSUED + timedelta(days=1))
    same_day = a.directive(id="meme-jour", sectors=("culture",), issued=ISSUED)
    another_topic = a.directive(
        id="masques", sectors=("sport",), issued=date(2020, 3, 1), measures=(a.measure(topic="masks"),)
    )

    assert missing(a.directive(), later, same_day, another_topic) == {"visits": CARE}


def test_a_sector_that_the_act_names_for_another_topic_is_no_gap() -> None:
    rules = (a.measure(), a.measure(id="m2", topic="hygiene", sectors=("youth.care",)))

    assert missing(a.directive(measures=rules))["visits"] == {"disability.residential"}


def test_a_decision_about_a_sector_closes_its_gap() -> None:
    one = Coverage(("youth.care",), ("family",), a.text("Autre niveau."), "cellule de crise")

    assert missing(a.directive(coverage=(one,))) == {"visits": {"disability.residential"}}
    assert gaps(a.covered(a.directive())) == {}


def test_a_rule_for_everybody_has_no_gap_and_asks_nobody_for_one() -> None:
    for_all = a.directive(id="tous", sectors=("general",), audiences=AUDIENCES, issued=date(2020, 3, 1))

    assert gaps(for_all, a.directive()) == {}
    assert missing(a.directive(), for_all) == {"visits": CARE}


def test_an_extension_has_the_topics_of_what_it_extends() -> None:
    from hub.model.directive import Relation

    extension = a.directive(
        id="suite", measures=(), relations=(Relation("extends", target="visites"),), issued=date(2020, 3, 30)
    )

    assert missing(extension, a.directive()) == {"visits": CARE}
