"""Scopes: a measure's own words win, and an act without measures lends nobody a rule that is not theirs."""

from datetime import UTC, datetime

from hub.facts.scope import scope_of, speaking_measures
from hub.model.directive import Directive, Relation
from tests import a

MAY = datetime(2020, 4, 30, 22, tzinfo=UTC)
APRIL = datetime(2020, 3, 31, 22, tzinfo=UTC)


def extension(*relations: Relation, **given: object) -> Directive:
    fields = {"id": "suite", "measures": (), "effective_from": APRIL, "effective_to": MAY}
    return a.directive(
        **{**fields, "relations": relations or (Relation("extends", target="visites"),), **given}
    )


def spoken(act: Directive, *others: Directive) -> dict[str, tuple[str, ...]]:
    known = {other.id: other for other in others}
    return {measure.id: scope_of(act, measure).sectors for _, measure in speaking_measures(act, known)}


def test_a_measure_that_does_not_know_its_end_does_not_take_the_act_s() -> None:
    scope = scope_of(a.directive(), a.measure(unknown=("effective_to",)))

    assert (scope.end, scope.end_unknown) == (None, True)


def test_a_measure_inherits_what_it_does_not_say() -> None:
    scope = scope_of(a.directive(), a.measure())

    assert scope.end == a.directive().effective_to
    assert not scope.end_unknown


def test_an_extension_gives_the_measures_its_own_dates() -> None:
    ((_, measure),) = speaking_measures(extension(), {"visites": a.directive()})

    assert (measure.effective_from, measure.effective_to) == (APRIL, MAY)


def test_an_extension_of_one_measure_announces_that_one() -> None:
    act = a.directive(measures=(a.measure(), a.measure(id="m2", topic="outings")))

    assert set(spoken(extension(Relation("extends", target="visites", target_measure="m2")), act)) == {"m2"}


def test_a_rule_for_another_sector_is_lent_to_nobody() -> None:
    act = a.directive(
        sectors=("elderly.residential", "disability.residential"),
        measures=(a.measure(sectors=("disability.residential",)), a.measure(id="m2", topic="outings")),
    )

    assert spoken(extension(sectors=("elderly.residential",)), act) == {"m2": ("elderly.residential",)}


def test_a_rule_for_the_direction_is_not_lent_to_families() -> None:
    act = a.directive(measures=(a.measure(audiences=("direction",)),))

    ((_, measure),) = speaking_measures(extension(), {"visites": act})

    assert measure.audiences == ("direction",)


def test_a_rule_that_had_ended_by_itself_is_not_revived() -> None:
    act = a.directive(measures=(a.measure(effective_to=datetime(2020, 3, 15, tzinfo=UTC)),))

    assert spoken(extension(), act) == {}


def test_an_act_that_extends_two_speaks_through_both() -> None:
    other = a.directive(id="sorties", measures=(a.measure(id="m9", topic="outings"),))
    both = extension(Relation("extends", target="visites"), Relation("extends", target="sorties"))

    assert set(spoken(both, a.directive(), other)) == {"m1", "m9"}


def test_a_chain_of_extensions_speaks_through_the_first_act() -> None:
    first = extension()
    second = extension(Relation("extends", target="suite"), id="suite-2")

    assert set(spoken(second, a.directive(), first)) == {"m1"}


def test_a_chain_is_as_long_as_it_likes() -> None:
    chain = [extension(id="s0")] + [
        extension(Relation("extends", target=f"s{number - 1}"), id=f"s{number}") for number in range(1, 2000)
    ]

    assert set(spoken(chain[-1], a.directive(), *chain)) == {"m1"}


def test_acts_that_meet_again_in_a_chain_are_walked_once() -> None:
    """Each of 60 acts extends and corrects the one before: 2 to the 60 ways lead to the first."""
    chain = [extension(id="s0")] + [
        extension(
            Relation("extends", target=f"s{number - 1}"),
            Relation("corrects", target=f"s{number - 1}"),
            id=f"s{number}",
        )
        for number in range(1, 60)
    ]

    assert set(spoken(chain[-1], a.directive(), *chain)) == {"m1"}


def test_a_chain_that_names_a_measure_on_its_way_reaches_that_one_alone() -> None:
    act = a.directive(measures=(a.measure(), a.measure(id="m2", topic="outings")))
    first = extension(Relation("extends", target="visites", target_measure="m2"))
    second = extension(Relation("extends", target="suite"), id="suite-2")
    other = extension(Relation("extends", target="suite", target_measure="m1"), id="suite-3")

    assert set(spoken(second, act, first)) == {"m2"}
    assert spoken(other, act, first) == {}


def test_a_circle_of_extensions_ends() -> None:
    one = extension(Relation("extends", target="autre"), id="une")
    other = extension(Relation("extends", target="une"), id="autre")

    assert spoken(one, other) == {}


def test_a_correction_keeps_what_is_not_known() -> None:
    act = a.directive(effective_to=None, unknown=("effective_to",))
    erratum = extension(Relation("corrects", target="visites"), effective_to=None)

    ((_, measure),) = speaking_measures(erratum, {"visites": act})

    assert scope_of(erratum, measure).end_unknown
