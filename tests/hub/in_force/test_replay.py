"""What is in force equals a replay of the acts, day by day, written here a second time and naively."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.in_force import EVER, Reader, Span, consolidate, in_force, lives, taken_back
from hub.model.directive import Directive, Measure, Relation, RelationType
from hub.model.review import Kind, Withdrawal
from tests import a

DAY_ONE = datetime(2021, 3, 1, tzinfo=UTC)
READER = Reader("elderly.residential", "direction", "92094")
ENDING = ("replaces", "repeals", "corrects", "suspends", "annuls", "overrides", "amends")


def day(number: int) -> datetime:
    return DAY_ONE + timedelta(days=number)


def act(id_: str, start: int, end: int | None = None, *measures: Measure, **given: object) -> Directive:
    fields: dict[str, object] = {
        "id": id_,
        "issued": None,
        "effective_from": day(start),
        "effective_to": None if end is None else day(end),
        "measures": measures,
    }
    return a.directive(**{**fields, **given})


def holding(*acts: Directive, on: int, withdrawn: dict[str, Withdrawal] | None = None) -> set[str]:
    rules = consolidate({one.id: one for one in acts}, a.REGISTER, withdrawn)
    at = day(on)
    return {held.rule.name for held in in_force(rules, READER, Span(at, at + datetime.resolution))}


M1 = a.measure()
OLD = act("old", 0, None, M1)


def after(type_: RelationType, *measures: Measure, **given: object) -> Directive:
    """An act of day 5 that does something to the old one."""
    return act("new", 5, None, *measures, relations=(Relation(type_, target="old"),), **given)


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


@settings(max_examples=400, deadline=None)
@given(histories(), DAYS)
def test_in_force_at_a_day_equals_a_replay_of_the_days_up_to_it(acts: dict[str, Directive], on: int) -> None:
    found = holding(*acts.values(), on=on)

    assert found == replayed(acts, on)


@settings(max_examples=200, deadline=None)
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


def replayed(acts: dict[str, Directive], on: int) -> set[str]:
    """Day after day, each act that begins does what it says; then each measure is asked whether it holds."""
    over: set[tuple[str, str]] = set()
    dead: set[str] = set()
    for number in range(on + 1):
        dead_before = set(dead)
        for one in acts.values():
            if one.effective_from == day(number) and binds(one) and one.id not in dead_before:
                for relation in one.relations:
                    end(one, relation, acts, over, dead)
    alive = {
        (one.id, measure.id)
        for one in acts.values()
        for measure in one.measures
        if covers(one, measure, on) or extended(one, measure, acts, dead, on)
    }
    alive = {(id_, m) for id_, m in alive if id_ not in dead and (id_, m) not in over}
    return {f"{id_}#{m}" for id_, m in alive if not suspended(acts[id_], m, alive)}


def binds(one: Directive) -> bool:
    return one.issuer != "be-cns" and not one.reported


def end(
    one: Directive, relation: Relation, acts: dict[str, Directive], over: set[tuple[str, str]], dead: set[str]
) -> None:
    target = acts.get(str(relation.target))
    if target is None or target is one or relation.partial or relation.type not in ENDING:
        return
    if relation.type == "corrects" and not one.measures:
        return
    if relation.type == "amends":
        topics = [measure.topic for measure in one.measures]
        for measure in target.measures:
            if measure.topic in topics and relation.target_measure in (None, measure.id):
                over.add((target.id, measure.id))
    elif relation.target_measure is None:
        dead.add(target.id)
    else:
        over.add((target.id, relation.target_measure))


def window(one: Directive, measure: Measure) -> tuple[datetime, datetime]:
    start = measure.effective_from or one.effective_from
    assert start is not None
    return start, measure.effective_to or one.effective_to or EVER.end


def covers(one: Directive, measure: Measure, on: int) -> bool:
    start, finish = window(one, measure)
    return start <= day(on) < finish


def extended(owner: Directive, measure: Measure, acts: dict[str, Directive], dead: set[str], on: int) -> bool:
    for one in acts.values():
        if one.measures or not binds(one) or one.id in dead:
            continue
        assert one.effective_from is not None
        begun = max(one.effective_from, window(owner, measure)[0])
        if not begun <= day(on) < (one.effective_to or EVER.end):
            continue
        if measure.effective_to and measure.effective_to < (owner.effective_to or one.effective_from):
            continue
        if any(
            relation.type == "extends" and leads(relation, owner, measure, acts, {one.id})
            for relation in one.relations
        ):
            return True
    return False


def leads(
    relation: Relation, owner: Directive, measure: Measure, acts: dict[str, Directive], seen: set[str]
) -> bool:
    if relation.target_measure not in (None, measure.id) or relation.target not in acts:
        return False
    target = acts[str(relation.target)]
    if target.measures or target.id in seen:
        return target is owner
    return any(
        leads(further, owner, measure, acts, seen | {target.id})
        for further in target.relations
        if further.type in ("extends", "corrects")
    )


def suspended(one: Directive, id_: str, alive: set[tuple[str, str]]) -> bool:
    mine = next(measure for measure in one.measures if measure.id == id_)
    start, finish = window(one, mine)
    for other in one.measures:
        begin, close = window(one, other)
        narrower = (begin, close) != (start, finish) and start <= begin and close <= finish
        if other.topic == mine.topic and narrower and (one.id, other.id) in alive:
            return True
    return False
