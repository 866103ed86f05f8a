"""What is in force equals a replay of the acts, day by day, written here a second time and naively."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.in_force import Span, consolidate, in_force, lives, taken_back
from hub.model.directive import Directive, Measure, Relation
from hub.model.review import Kind, Withdrawal
from tests import a
from tests.hub.in_force.replayed import (
    ENDING,
    M1,
    OLD,
    READER,
    act,
    after,
    day,
    holding,
    replayed,
)


def test_an_act_that_is_replaced_ends_when_the_other_starts() -> None:
    new = after("replaces", M1)

    assert holding(OLD, new, on=4) == {"old#m1"}
    assert holding(OLD, new, on=5) == {"new#m1"}


def test_what_an_announcement_replaces_goes_on() -> None:
    assert holding(OLD, after("replaces", M1, issuer="be-cns"), on=6) == {"old#m1", "new#m1"}
    assert holding(OLD, after("repeals", reported=True), on=6) == {"old#m1"}


def test_what_is_suspended_in_part_goes_on() -> None:
    part = Relation("suspends", target="old", partial=True)

    assert holding(OLD, act("new", 5, None, M1, relations=(part,)), on=6) == {"old#m1", "new#m1"}


def test_an_amendment_ends_what_it_says_anew_and_nothing_else() -> None:
    both = act("old", 0, None, M1, a.measure(id="m2", topic="masks"))

    assert holding(both, after("amends", M1), on=6) == {"old#m2", "new#m1"}


def test_a_correction_without_the_corrected_measures_leaves_them_standing() -> None:
    assert holding(OLD, after("corrects"), on=6) == {"old#m1"}


def test_a_relation_to_one_measure_leaves_the_others() -> None:
    both = act("old", 0, None, M1, a.measure(id="m2", topic="masks"))
    one = Relation("repeals", target="old", target_measure="m1")

    assert holding(both, act("new", 5, None, relations=(one,)), on=6) == {"old#m2"}


def test_an_extension_goes_on_through_a_chain_until_its_own_end() -> None:
    first = act("old", 0, 3, M1)
    second = act("suite", 3, 6, relations=(Relation("extends", target="old"),))
    third = act("fin", 6, 9, relations=(Relation("extends", target="suite"),))

    found = [holding(first, second, third, on=number) for number in (2, 5, 8, 9)]

    assert found == [{"old#m1"}, {"old#m1"}, {"old#m1"}, set()]


def test_an_extended_measure_says_since_when_and_until_when_it_holds_in_all() -> None:
    first = act("old", 0, 3, M1)
    second = act("suite", 3, 6, relations=(Relation("extends", target="old"),))
    rules = consolidate({"old": first, "suite": second}, a.REGISTER)

    (held,) = in_force(rules, READER, Span(day(4), day(5)))

    assert (held.since, held.until) == (day(0), day(6))


def test_an_extension_of_fewer_sectors_ends_for_the_others() -> None:
    first = act("old", 0, 3, M1, sectors=("elderly.residential", "youth.care"))
    second = act("suite", 3, 6, relations=(Relation("extends", target="old"),), sectors=("youth.care",))
    rules = consolidate({"old": first, "suite": second}, a.REGISTER)
    youth = replace(READER, sector="youth.care")

    assert in_force(rules, READER, Span(day(4), day(5))) == ()
    assert len(in_force(rules, youth, Span(day(4), day(5)))) == 1


def test_an_extension_that_is_repealed_ends_early() -> None:
    first = act("old", 0, 3, M1)
    second = act("suite", 3, 9, relations=(Relation("extends", target="old"),))
    third = act("fin", 5, None, relations=(Relation("repeals", target="suite"),))

    assert holding(first, second, third, on=4) == {"old#m1"}
    assert holding(first, second, third, on=5) == set()


def test_an_act_that_was_repealed_before_it_began_ends_nothing() -> None:
    new = after("replaces", M1)
    never = act("never", 2, None, relations=(Relation("repeals", target="new"),))

    assert holding(OLD, new, never, on=6) == {"old#m1"}


def test_the_narrower_measure_of_an_act_suspends_the_wider_for_its_time() -> None:
    wide = a.measure(id="wide", modality="forbidden")
    night = a.measure(id="night", modality="permitted", effective_from=day(3), effective_to=day(4))

    found = [holding(act("old", 0, 9, wide, night), on=number) for number in (2, 3, 4)]

    assert found == [{"old#wide"}, {"old#night"}, {"old#wide"}]


def test_a_narrower_measure_on_another_subject_or_for_another_sector_suspends_nothing() -> None:
    dates = {"effective_from": day(3), "effective_to": day(4)}
    wide = a.measure(id="wide", subject_key="lessons")
    other = a.measure(id="other", subject_key="placements", **dates)
    elsewhere = a.measure(id="elsewhere", subject_key="lessons", sectors=("youth.care",), **dates)

    assert holding(act("old", 0, 9, wide, other, elsewhere), on=3) == {"old#wide", "old#other"}


def test_words_are_never_suspended() -> None:
    dates = {"effective_from": day(3), "effective_to": day(4)}
    wide = a.measure(id="wide", topic="hygiene", modality="required")
    beside = a.measure(id="beside", topic="hygiene", modality="required", **dates)

    assert holding(act("old", 0, 9, wide, beside), on=3) == {"old#wide", "old#beside"}


def test_a_cancelled_act_gives_back_what_it_ended_and_an_all_clear_does_not() -> None:
    new = after("replaces", M1)

    cancelled = holding(OLD, new, on=8, withdrawn={"new": Withdrawal(day(7), Kind.CANCEL)})
    cleared = holding(OLD, new, on=8, withdrawn={"new": Withdrawal(day(7), Kind.ALL_CLEAR)})

    assert cancelled == {"old#m1"}
    assert cleared == set()
    assert holding(OLD, new, on=6, withdrawn={"new": Withdrawal(day(7), Kind.CANCEL)}) == {"new#m1"}


def test_what_took_the_place_of_another_rule_names_it() -> None:
    rules = consolidate({"old": OLD, "new": after("replaces", M1)}, a.REGISTER)

    (held,) = in_force(rules, READER, Span(day(6), day(7)))

    assert held.replaced == ("old#m1",)


IDS = ("a", "b", "c", "d", "e")
DAYS = st.integers(0, 10)


@st.composite
def measures(draw: st.DrawFn) -> tuple[Measure, ...]:
    found = []
    for number in range(draw(st.integers(0, 2))):
        start, end = draw(st.none() | DAYS), draw(st.none() | DAYS)
        found.append(
            a.measure(
                id=f"m{number + 1}",
                topic=draw(st.sampled_from(["visits", "masks"])),
                effective_from=None if start is None else day(start),
                effective_to=None if end is None else day(end),
            )
        )
    return tuple(found)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Directive]:
    acts = {}
    for id_ in IDS[: draw(st.integers(2, 5))]:
        relations = draw(
            st.lists(
                st.builds(
                    Relation,
                    st.sampled_from((*ENDING, "extends", "extends", "confirms")),
                    target=st.sampled_from(IDS),
                    target_measure=st.sampled_from([None, None, None, "m1"]),
                    partial=st.sampled_from([False, False, False, True]),
                ),
                max_size=2,
            )
        )
        acts[id_] = act(
            id_,
            draw(DAYS),
            draw(st.none() | DAYS),
            *draw(measures()),
            relations=tuple(relations),
            issuer=draw(st.sampled_from(["wal-min-sante", "wal-min-sante", "wal-min-sante", "be-cns"])),
            reported=draw(st.sampled_from([False, False, False, True])),
        )
    return acts


@settings(max_examples=400)
@given(histories(), DAYS)
def test_in_force_at_a_day_equals_a_replay_of_the_days_up_to_it(acts: dict[str, Directive], on: int) -> None:
    found = holding(*acts.values(), on=on)

    assert found == replayed(acts, on)


@settings(max_examples=200)
@given(histories(), DAYS)
def test_an_act_holds_while_one_of_its_measures_does_and_no_longer_unless_it_is_extended(
    acts: dict[str, Directive], on: int
) -> None:
    rules = consolidate(acts, a.REGISTER)

    found = lives(rules)

    extended = {r.target for one in acts.values() for r in one.relations if r.type == "extends"}
    for one in acts.values():
        spans = [span for m in one.measures for span in rules.all[f"{one.id}#{m.id}"].spans]
        held = any(span.start <= day(on) < span.end for span in spans)
        if held:
            assert found[one.id].holds(day(on))
            assert found[one.id].ended_by(day(on)) is None
        elif one.measures and one.id not in extended:
            assert not found[one.id].holds(day(on))


def test_an_all_clear_takes_an_act_back_on_its_last_day_and_a_cancel_at_once() -> None:
    ending = act("old", 0, 8, M1)

    taken = [taken_back(ending, kind, day(5)) for kind in (Kind.ALL_CLEAR, Kind.CANCEL, Kind.UPDATE)]

    assert taken == [Withdrawal(day(8), Kind.ALL_CLEAR), Withdrawal(day(5), Kind.CANCEL), None]
    assert taken_back(ending, Kind.ALL_CLEAR, day(9)) == Withdrawal(day(9), Kind.ALL_CLEAR)
