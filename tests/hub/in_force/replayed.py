"""Acts over some days, and their replay day by day, the long way round: what the consolidation is held against."""

from datetime import UTC, datetime, timedelta

from hub.in_force import EVER, Reader, Span, consolidate, in_force
from hub.model.directive import Directive, Measure, Relation, RelationType
from hub.model.review import Withdrawal
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
