"""How two measures compare: the expected verdicts, symmetry, and silence wherever a dimension is disjoint."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.gate.values import Agreement, agreement, bound, contains
from hub.gate.verdict import Comparison, Verdict, compare, comparisons
from hub.in_force import AIMED, EVER, Rules, Span, aim, consolidate
from hub.model.directive import Directive, Measure, Quantity, Relation, RelationType, Window
from hub.now import parse_period
from tests import a

REAL = consolidate(a.real(), a.REGISTER)
EXPECTED = tomllib.loads((a.DIRECTIVES / "expected.toml").read_text(encoding="utf-8"))
MARCH = datetime(2021, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("row", EXPECTED["expected"], ids=lambda row: f"{row['left']}-{row['right']}")
def test_the_expected_verdict_comes_out(row: dict[str, Any]) -> None:
    during = Span(*parse_period(row["on"].isoformat()))

    found = compare(REAL, REAL.all[row["left"]], REAL.all[row["right"]], during).verdict

    assert found in (row["verdict"], *row.get("accept", ()))
    assert found not in row.get("reject", ())


@pytest.mark.parametrize("row", EXPECTED["expected_target"], ids=lambda row: f"{row['measure']}-{row['nis']}")
def test_the_expected_place_is_meant_or_not(row: dict[str, Any]) -> None:
    rule = REAL.all[f"{row['directive']}#{row['measure']}"]

    why = aim(rule.places, row["nis"], community=row.get("community"))

    assert (why in AIMED) is row["targeted"]


def rules(*acts: Directive) -> Rules:
    return consolidate({act.id: act for act in acts}, a.REGISTER)


def met(one: Directive, other: Directive, *around: Directive, during: Span = EVER) -> Comparison:
    """The first measures of two acts."""
    known = rules(one, other, *around)
    left, right = (known.all[f"{act.id}#{act.measures[0].id}"] for act in (one, other))
    return compare(known, left, right, during)


def verdict(one: Directive, other: Directive, *around: Directive, during: Span = EVER) -> Verdict | None:
    return met(one, other, *around, during=during).verdict


def act(id_: str, **given: Any) -> Directive:
    """An act of one measure about visits; what a measure knows goes to it, the rest to the act."""
    of_measure = {key: given.pop(key) for key in tuple(given) if key in MEASURE and key not in ACT}
    fields: dict[str, Any] = {"id": id_, "effective_from": MARCH, "effective_to": None}
    return a.directive(**{**fields, "measures": (a.measure(**of_measure),), **given})


MEASURE, ACT = Measure.__slots__, Directive.__slots__
AT_MOST_ONE = Quantity("<=", 1, "personne")
AT_MOST_TWO = Quantity("<=", 2, "personne")


def tied(type_: RelationType, *, issuer: str = "wal-min-sante", **given: Any) -> Directive:
    """An act that permits one visitor, and does something to the act "ban"."""
    relations = (Relation(type_, target="ban", **given),)
    return act("visits", modality="permitted", quantity=AT_MOST_ONE, relations=relations, issuer=issuer)


BAN = act("ban")


def test_what_one_act_forbids_and_another_permits_is_a_contradiction() -> None:
    for modality in ("permitted", "required", "restricted"):
        assert verdict(BAN, act("visits", modality=modality)) == "contradiction"
    assert verdict(BAN, act("visits", modality="condition")) == "divergence"


def test_stricter_never_settles_opposite_modalities() -> None:
    assert verdict(BAN, tied("stricter_than")) == "contradiction"


@pytest.mark.parametrize(
    "type_", ["replaces", "repeals", "corrects", "suspends", "annuls", "overrides", "amends"]
)
def test_a_settling_relation_resolves_unless_its_issuer_binds_nobody(type_: RelationType) -> None:
    assert verdict(BAN, tied(type_)) == "resolved"
    assert verdict(BAN, tied(type_, issuer="be-cns")) == "contradiction"
    assert verdict(BAN, tied(type_, partial=True)) == "resolved"
    assert verdict(BAN, tied(type_, target_measure="other")) != "resolved"


def test_a_chain_of_settling_relations_resolves_when_every_link_binds() -> None:
    middle = act("middle", modality="permitted", relations=(Relation("amends", target="ban"),))
    last = act("last", modality="permitted", relations=(Relation("replaces", target="middle"),))

    assert verdict(BAN, last, middle) == "resolved"
    assert verdict(BAN, last, replace(middle, reported=True)) == "contradiction"


def test_an_exception_is_allowed_in_either_direction_but_not_by_an_announcement() -> None:
    assert verdict(BAN, tied("exception_to")) == "exception_ok"
    assert verdict(BAN, tied("exception_to", issuer="be-cns")) == "contradiction"


def test_a_third_act_ends_a_rule_for_the_comparison() -> None:
    end = act("end", topic="masks", relations=(Relation("repeals", target="ban"),))
    later = act("visits", modality="permitted", effective_from=MARCH + timedelta(days=9))

    assert verdict(BAN, later) == "contradiction"
    assert verdict(BAN, later, end) == "same_key_no_overlap"


def test_within_one_act_the_narrower_validity_suspends_the_wider() -> None:
    day = {"effective_from": MARCH + timedelta(days=3), "effective_to": MARCH + timedelta(days=4)}
    sunday = a.measure(id="m2", modality="permitted", **day)
    ban = replace(BAN, measures=(BAN.measures[0], sunday))
    known = rules(ban)

    assert compare(known, known.all["ban#m1"], known.all["ban#m2"]).verdict == "resolved"
    assert verdict(ban, act("visits", modality="permitted", **day)) == "resolved"
    longer = {**day, "effective_to": MARCH + timedelta(days=5)}
    assert verdict(ban, act("visits", modality="permitted", **longer)) == "contradiction"


def test_two_rules_of_one_act_and_one_validity_may_contradict_each_other() -> None:
    torn = replace(BAN, measures=(a.measure(), a.measure(id="m2", modality="permitted")))

    (found,) = comparisons(rules(torn), {"ban#m1", "ban#m2"})

    assert found.verdict == "contradiction"


def test_bare_bans_are_duplicates_and_their_different_exceptions_do_not_count() -> None:
    assert verdict(BAN, act("other", exceptions=(a.text("fin de vie"),))) == "duplicate"


def test_values_that_differ_diverge_unless_one_act_says_that_it_goes_further() -> None:
    one = act("ban", modality="permitted", quantity=AT_MOST_TWO)

    assert verdict(one, act("other", modality="permitted", quantity=AT_MOST_ONE)) == "divergence"
    assert verdict(one, tied("stricter_than")) == "stricter_allowed"


def test_a_value_on_one_side_only_says_nothing() -> None:
    assert verdict(act("ban", modality="permitted"), tied("confirms")) is None


def test_named_establishments_that_are_not_the_same_do_not_meet() -> None:
    here, there = ({"establishments": (name,), "establishments_only": True} for name in ("Ici", "Là"))

    assert verdict(act("ban", **here), act("other", modality="permitted", **there)) == "same_key_no_overlap"
    assert verdict(act("ban", **here), act("other", modality="permitted")) == "contradiction"


def test_on_a_day_rules_meet_that_hold_at_one_hour_of_it() -> None:
    noon = MARCH + timedelta(hours=11)
    later = act("visits", modality="permitted", effective_from=noon)

    assert verdict(replace(BAN, effective_to=noon), later) == "same_key_no_overlap"
    assert verdict(BAN, later, during=Span(*parse_period("2021-03-01"))) == "contradiction"
    assert verdict(BAN, later, during=Span(*parse_period("2021-03-01T11:59"))) == "same_key_no_overlap"


@pytest.mark.parametrize(
    ("topic", "one", "other", "found"),
    [
        ("visits", {"quantity": Quantity(">", 18, "an")}, {"quantity": Quantity(">=", 19, "an")}, "equal"),
        ("visits", {"quantity": Quantity("<", 12, "an")}, {"quantity": Quantity("<=", 11, "an")}, "equal"),
        ("visits", {"quantity": Quantity("<", 12, "an")}, {"quantity": Quantity("<=", 12, "an")}, "different"),
        ("visits", {"quantity": Quantity(">", 2.5, "m")}, {"quantity": Quantity(">=", 3.5, "m")}, "different"),
        ("visits", {"quantity": AT_MOST_ONE}, {"quantity": Quantity("<=", 1, "jour")}, "silent"),
        ("visits", {"quantity": AT_MOST_ONE}, {}, "silent"),
        ("visits", {"value": "red"}, {"value": "red"}, "equal"),
        ("visits", {"value": "red"}, {"value": "orange"}, "different"),
        ("visits", {"value": "red", "scope": "all"}, {"value": "red", "scope": "abroad"}, "different"),
        ("visits", {"value": "red", "quantity": AT_MOST_ONE}, {"value": "red"}, "silent"),
        ("visits", {"modality": "permitted", "value": "red"}, {"value": "red"}, "silent"),
        ("visits", {"modality": "discouraged"}, {"modality": "condition"}, "different"),
        ("opening", {"modality": "recommended"}, {"modality": "required"}, "different"),
        ("opening", {"modality": "recommended", "value": "red"}, {"modality": "required"}, "different"),
        ("activities", {"modality": "permitted", "quantity": AT_MOST_ONE},
         {"modality": "restricted", "quantity": AT_MOST_ONE}, "silent"),
        ("activities", {"modality": "permitted", "quantity": AT_MOST_ONE},
         {"modality": "restricted", "quantity": AT_MOST_TWO}, "different"),
        ("activities", {"modality": "permitted", "quantity": AT_MOST_ONE}, {"modality": "restricted"}, "different"),
        ("hygiene", {"modality": "required"}, {"modality": "recommended"}, "silent"),
        ("visits", {"modality": "information"}, {"modality": "information"}, "silent"),
    ],
)  # fmt: skip
def test_values_are_compared_in_one_form(
    topic: str, one: dict[str, Any], other: dict[str, Any], found: Agreement
) -> None:
    left, right = (a.measure(topic=topic, **given) for given in (one, other))

    assert agreement(left, right, a.REGISTER.topics[topic]) == found
    assert agreement(right, left, a.REGISTER.topics[topic]) == found


def test_only_whole_numbers_are_normalised() -> None:
    assert bound(Quantity(">", 18, "an")) == (">=", 19)
    assert bound(Quantity("<", 2.5, "m")) == ("<", 2.5)
    assert bound(Quantity("~", 3, "m")) == ("~", 3)


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ((22, 6), (0, 5), True),
        ((22, 6), (23, 24), True),
        ((22, 6), (22, 6), True),
        ((0, 5), (22, 6), False),
        ((22, 6), (21, 23), False),
        ((22, 6), (5, 7), False),
        ((1, 6), (0, 5), False),
        ((8, 20), (9, 17), True),
        ((8, 20), (20, 8), False),
    ],
)
def test_windows_are_compared_by_inclusion_across_midnight(
    outer: tuple[int, int], inner: tuple[int, int], inside: bool
) -> None:
    windows = [Window(time(from_ % 24), time(to % 24)) for from_, to in (outer, inner)]

    assert contains(*windows) is inside


def test_every_pair_of_the_reference_acts_is_symmetric() -> None:
    backwards = consolidate(dict(reversed(a.real().items())), a.REGISTER)

    for one in comparisons(REAL, REAL.all.keys()):
        other = compare(backwards, backwards.all[one.right.name], backwards.all[one.left.name])
        assert (one.left.name, one.verdict, one.together) == (other.left.name, other.verdict, other.together)


VALUES = st.fixed_dictionaries(
    {
        "topic": st.sampled_from(["visits", "activities", "opening", "hygiene"]),
        "modality": st.sampled_from(
            ["forbidden", "permitted", "required", "restricted", "recommended", "condition", "information"]
        ),
        "actor": st.sampled_from(["direction", "family", "citizen"]),
        "subject_key": st.sampled_from([None, "one", "other"]),
        "quantity": st.none() | st.builds(
            Quantity, st.sampled_from(["<", "<=", ">="]), st.integers(1, 3), st.just("personne")
        ),
        "value": st.sampled_from([None, "red", "green"]),
        "window": st.none() | st.just(Window(time(22), time(6))),
    }
)  # fmt: skip
SCOPES = st.fixed_dictionaries(
    {
        "territory": st.sampled_from([("BE",), ("90000",), ("60000",), ("FWB",), ("04000",)]),
        "sectors": st.sampled_from([("general",), ("culture",), ("sport", "culture"), ("home.care",)]),
        "effective_from": st.integers(0, 5).map(lambda days: MARCH + timedelta(days=days)),
        "effective_to": st.none() | st.integers(1, 9).map(lambda days: MARCH + timedelta(days=days)),
        "issuer": st.sampled_from(["be-int", "be-cns", "wal-gov"]),
    }
)
RELATIONS = st.lists(
    st.builds(
        Relation,
        st.sampled_from(["replaces", "amends", "exception_to", "stricter_than", "confirms", "suspends"]),
        target=st.sampled_from(["one", "other", "third"]),
    ),
    max_size=2,
).map(tuple)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Directive, Directive]:
    """Two acts on one topic."""
    topic = draw(VALUES)["topic"]
    one, other = (act(id_, **draw(SCOPES), **{**draw(VALUES), "topic": topic}) for id_ in ("one", "other"))
    return one, other


@settings(max_examples=300)
@given(pairs(), RELATIONS, RELATIONS)
def test_a_verdict_does_not_depend_on_the_order(
    pair: tuple[Directive, Directive], of_one: tuple[Relation, ...], of_other: tuple[Relation, ...]
) -> None:
    one, other = replace(pair[0], relations=of_one), replace(pair[1], relations=of_other)

    there, back = met(one, other), met(other, one)

    assert (there.verdict, there.together, there.why) == (back.verdict, back.together, back.why)


DISJOINT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "place": ({"territory": ("90000",)}, {"territory": ("60000", "04000")}),
    "community": ({"territory": ("FWB",)}, {"territory": ("DG",)}),
    "time": (
        {"effective_from": MARCH, "effective_to": MARCH + timedelta(days=2)},
        {"effective_from": MARCH + timedelta(days=2), "effective_to": None},
    ),
    "sector": ({"sectors": ("culture", "sport")}, {"sectors": ("home.care", "youth.care")}),
    "population": ({"actor": "family"}, {"actor": "direction"}),
    "subject": ({"subject_key": "one"}, {"subject_key": "other"}),
}


def changed(one: Directive, given: dict[str, Any]) -> Directive:
    of_measure = {key: value for key, value in given.items() if key not in ACT}
    of_act = {key: value for key, value in given.items() if key in ACT}
    return replace(one, measures=(replace(one.measures[0], **of_measure),), **of_act)


@pytest.mark.parametrize("dimension", DISJOINT)
@settings(max_examples=80)
@given(pair=pairs())
def test_no_conflict_where_one_dimension_is_disjoint(
    dimension: str, pair: tuple[Directive, Directive]
) -> None:
    here, there = DISJOINT[dimension]

    found = met(changed(pair[0], here), changed(pair[1], there))

    assert found.verdict == "same_key_no_overlap"
    assert found.together == ()


@settings(max_examples=100)
@given(pair=pairs())
def test_without_a_relation_a_conflict_never_falls_silent_by_force_of_level(
    pair: tuple[Directive, Directive],
) -> None:
    known = {"territory": ("BE",), "sectors": ("culture",), "actor": "citizen", "subject_key": None}
    dates = {"effective_from": MARCH, "effective_to": None}
    one = changed(pair[0], {**known, **dates, "modality": "forbidden", "issuer": "be-int"})
    other = changed(pair[1], {**known, **dates, "modality": "permitted", "issuer": "wal-gov"})

    assert verdict(one, other) == "contradiction"
    assert verdict(replace(one, issuer="wal-gov"), replace(other, issuer="be-int")) == "contradiction"
