"""What changed between two revisions: every fact once, and nothing that is the same."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from hub.facts.changes import Change, of_rules, of_the_act, rules
from hub.model.directive import Directive, LabelledQuantity, Measure, Quantity, Window
from hub.now import parse_instant
from tests import a

FULL = a.measure(
    quantity=Quantity("<=", 2, "personne", name="visiteurs"),
    window=Window(time(14), time(17)),
    deadline=date(2020, 3, 15),
    exceptions=(a.text("fin de vie"),),
    conditions=(a.text("un test récent"),),
    population_rule=a.text("l'année scolaire"),
    further=(LabelledQuantity(a.text("par jour"), "<=", 1, "personne"),),
    advice_quantity=Quantity("<=", 1, "personne", by="RAG"),
    window_alternative=Window(time(13), time(17)),
    label={"subject": a.text("les visites")},
)
"""A rule that says everything a rule can say."""


def compared(before: Directive, after: Directive) -> list[Change]:
    old, new = (rules(act, ((act, measure) for measure in act.measures)) for act in (before, after))
    return list(of_rules(old, new))


def facts(before: Measure, after: Measure) -> list[str]:
    return [c.fact for c in compared(a.directive(measures=(before,)), a.directive(measures=(after,)))]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"modality": "permitted"}, "modality"),
        ({"actor": "staff"}, "actor"),
        ({"verb": a.text("interdire")}, "act"),
        ({"object": a.text("toutes les visites")}, "act"),
        ({"label": {"subject": a.text("toutes les visites")}}, "label.subject"),
        ({"label": {}}, "label.subject"),
        ({"population_rule": None}, "population_rule"),
        ({"quantity": Quantity("<=", 3, "personne")}, "quantity"),
        ({"quantity": Quantity("<", 2, "personne")}, "quantity"),
        ({"quantity": None, "unknown": ("quantity",)}, "quantity"),
        ({"window": Window(time(14), time(18))}, "window"),
        ({"deadline": None}, "deadline"),
        ({"effective_from": parse_instant("2020-03-12")}, "from"),
        ({"effective_to": parse_instant("2020-03-25")}, "until"),
        ({"unknown": ("effective_to",)}, "until"),
        ({"territory": ("92094",)}, "territory"),
        ({"exceptions": ()}, "exceptions"),
        ({"conditions": (a.text("un test récent"), a.text("un masque"))}, "conditions"),
        ({"further": ()}, "further"),
        ({"advice_quantity": None}, "advice_quantity"),
        ({"window_alternative": None}, "window_alternative"),
        ({"value": "autre"}, "code"),
        ({"sectors": ("sport",)}, "sectors"),
        ({"audiences": ("staff",)}, "audiences"),
    ],
)
def test_one_fact_that_differs_is_one_change(change: dict[str, Any], fact: str) -> None:
    assert facts(FULL, replace(FULL, **change)) == [fact]


def test_an_editors_name_for_a_number_is_no_change() -> None:
    renamed = replace(FULL, quantity=Quantity("<=", 2, "personne", name="personnes"))

    assert facts(FULL, renamed) == []


def test_the_other_contact_of_a_rule_is_a_change_of_that_rule() -> None:
    contact = a.directive().contacts[0]
    two = (contact, replace(contact, id="autre"))
    before = a.directive(contacts=two)
    after = replace(before, measures=(a.measure(contact="autre"),))

    assert [change.fact for change in compared(before, after)] == ["contact"]


def test_a_date_that_rules_leave_to_their_act_is_told_of_each_and_marked_as_inherited() -> None:
    before = a.directive(measures=(a.measure(), a.measure(id="m2", effective_to=parse_instant("2020-03-20"))))
    after = replace(before, effective_to=parse_instant("2020-04-20"))

    changes = compared(before, after)

    assert [(c.fact, c.inherited) for c in changes] == [("until", True)]
    assert [c.fact for c in of_the_act(before, after)] == ["effective_to"]


def test_the_day_of_issue_is_the_start_where_none_is_given() -> None:
    before = a.directive(effective_from=None)
    after = replace(before, issued=date(2020, 3, 11))

    assert [(c.fact, c.inherited) for c in compared(before, after)] == [("from", True)]


def test_a_rules_own_date_is_not_inherited() -> None:
    before = a.directive()
    after = replace(before, measures=(a.measure(effective_to=parse_instant("2020-03-20")),))

    assert [(c.fact, c.inherited) for c in compared(before, after)] == [("until", False)]


def test_rules_that_come_and_go_are_named_after_those_that_stay() -> None:
    before = a.directive(measures=(a.measure(), a.measure(id="m2")))
    after = a.directive(measures=(a.measure(id="m3"), a.measure(modality="permitted")))

    changes = compared(before, after)

    told = [(c.what, (c.after or c.before).measure.id) for c in changes]  # type: ignore[union-attr]
    assert told == [("added", "m3"), ("changed", "m1"), ("removed", "m2")]


def test_a_rule_on_another_topic_is_another_rule() -> None:
    changes = compared(a.directive(), a.directive(measures=(a.measure(topic="outings"),)))

    assert [change.what for change in changes] == ["added", "removed"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": a.text("Un autre titre")}, "title"),
        ({"issuer": "be-int"}, "issuer"),
        ({"reference": "2020/12"}, "reference"),
        ({"unknown": ("reference",)}, "reference"),
        ({"effective_to": None}, "effective_to"),
        ({"contacts": ()}, "contacts"),
        ({"hazard": a.text("virus")}, "hazard"),
        ({"reported": True}, "reported"),
    ],
)
def test_one_field_of_the_act_that_differs_is_one_change(change: dict[str, Any], field: str) -> None:
    before = a.directive()

    assert [c.fact for c in of_the_act(before, replace(before, **change))] == [field]
