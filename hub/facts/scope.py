"""Where, when and for whom a measure holds: its own words, else those of its directive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from hub.model.directive import Audience, Directive, Measure
from hub.now import BRUSSELS, midnight
from hub.register.entries import GENERAL


@dataclass(frozen=True, slots=True)
class Scope:
    """The reach of one measure. Validity is [start, end); `start` None means not even the day of issue is known."""

    sectors: tuple[str, ...]
    audiences: tuple[Audience, ...]
    territory: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    start_unknown: bool
    end_unknown: bool


def scope_of(directive: Directive, measure: Measure) -> Scope:
    """The scope of a measure; a missing start is the day of issue, a missing end is until further notice.

    What a measure says of itself wins, and so does what it says that it does not know.
    """
    start, start_unknown = _date("effective_from", directive, measure)
    if start is None and directive.issued:
        start = midnight(directive.issued)
    end, end_unknown = _date("effective_to", directive, measure)
    return Scope(
        sectors=measure.sectors or directive.sectors,
        audiences=measure.audiences or directive.audiences,
        territory=measure.territory or directive.territory,
        start=start,
        end=end,
        start_unknown=start_unknown or start is None,
        end_unknown=end_unknown,
    )


def _date(key: str, directive: Directive, measure: Measure) -> tuple[datetime | None, bool]:
    """A date of a measure, and whether the source leaves it open."""
    own: datetime | None = getattr(measure, key)
    if own is not None or key in measure.unknown:
        return own, own is None
    inherited: datetime | None = getattr(directive, key)
    return inherited, inherited is None and key in directive.unknown


def speaking_measures(
    directive: Directive, others: Mapping[str, Directive]
) -> tuple[tuple[Directive, Measure], ...]:
    """The measures through which an act speaks, each with the act that made it, as this act announces it.

    An act without measures speaks through those of its targets that it extends or corrects; over a chain of
    extensions through those of the first act.
    """
    if directive.measures:
        return tuple((directive, measure) for measure in directive.measures)
    found: dict[tuple[str, str], tuple[Directive, Measure]] = {}
    for owner, measure, extended in _targets(directive, others):
        spoken = lent(owner, measure, directive, extended=extended)
        if spoken is not None:
            found.setdefault((owner.id, measure.id), (owner, spoken))
    return tuple(found.values())


def _targets(act: Directive, others: Mapping[str, Directive]) -> Iterator[tuple[Directive, Measure, bool]]:
    """The measures that an act without its own reaches, and whether it extends them.

    Each act of a chain is walked once, however long the chain: the nearest relation says whether all is extended.
    """
    walked: set[tuple[str, str | None, bool]] = set()
    ahead = [(relation, relation.type == "extends", relation.target_measure) for relation in act.relations]
    ahead.reverse()
    while ahead:
        relation, extended, named = ahead.pop()
        target = others.get(relation.target or "")
        if relation.type not in ("extends", "corrects") or target is None or target.id == act.id:
            continue
        if relation.target_measure not in (None, named) or (target.id, named, extended) in walked:
            continue
        walked.add((target.id, named, extended))
        for measure in target.measures:
            if named in (None, measure.id):
                yield target, measure, extended
        if not target.measures:
            ahead += (
                (next_, extended, named or next_.target_measure) for next_ in reversed(target.relations)
            )


def lent(owner: Directive, measure: Measure, speaker: Directive, *, extended: bool) -> Measure | None:
    """A measure of `owner` as `speaker` announces it: for those whom both mean, with the speaker's dates if extended.

    None when nobody is meant by both, or when the measure had ended before the speaker's own start.
    """
    scope = scope_of(owner, measure)
    sectors = _common(scope.sectors, speaker.sectors)
    audiences = tuple(audience for audience in scope.audiences if audience in speaker.audiences)
    if not sectors or not audiences or _over(owner, measure, speaker, extended=extended):
        return None
    dates: dict[str, datetime | None] = (
        {"effective_from": speaker.effective_from, "effective_to": speaker.effective_to}
        if extended
        else {"effective_from": scope.start, "effective_to": scope.end}
    )
    open_ = {
        "effective_from": "effective_from" in speaker.unknown if extended else scope.start_unknown,
        "effective_to": "effective_to" in speaker.unknown if extended else scope.end_unknown,
    }
    unknown = [key for key in measure.unknown if key not in open_]
    return replace(
        measure,
        sectors=sectors,
        audiences=audiences,
        territory=scope.territory,
        effective_from=dates["effective_from"],
        effective_to=dates["effective_to"],
        unknown=(*unknown, *(key for key, left_open in open_.items() if left_open)),
    )


def _over(owner: Directive, measure: Measure, speaker: Directive, *, extended: bool) -> bool:
    """Whether a rule had ended by itself before the speaker began: nobody extends or corrects that one."""
    end = measure.effective_to if extended else scope_of(owner, measure).end
    limit = (owner.effective_to if extended else None) or speaker.effective_from
    if end is None or limit is None:
        return False
    return end < limit if extended else end <= limit


def _common(ones: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The sectors that both mean; `general` means every one."""
    if GENERAL in ones:
        return others
    return ones if GENERAL in others else tuple(sector for sector in ones if sector in others)


def judged_on(directive: Directive) -> date | None:
    """The day as of which a directive is judged and rendered when nobody says another: that of its issue."""
    if directive.issued:
        return directive.issued
    starts = [d for d in (directive.effective_from, *(m.effective_from for m in directive.measures)) if d]
    return min(starts).astimezone(BRUSSELS).date() if starts else None


def last_instant(directive: Directive) -> datetime | None:
    """When the last of its measures ends; None when one has no end."""
    scopes = [scope_of(directive, measure) for measure in directive.measures]
    ends = [scope.end for scope in scopes] or [directive.effective_to]
    return None if any(end is None for end in ends) else max(end for end in ends if end)


def kept_in_force(
    act: Directive, others: Mapping[str, Directive]
) -> Iterator[tuple[Directive, Measure, tuple[str, ...]]]:
    """The measures that an act without its own extends, each with its act and the sectors for which it goes on.

    Whom the act is addressed to does not narrow the rule: it holds for all whom it held for.
    """
    if act.measures:
        return
    for owner, measure, extended in _targets(act, others):
        if extended and not _over(owner, measure, act, extended=True):
            yield owner, measure, _common(scope_of(owner, measure).sectors, act.sectors)
