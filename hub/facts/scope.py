"""Where, when and for whom a measure holds: its own words, else those of its directive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from hub.model.directive import Audience, Directive, Measure
from hub.now import BRUSSELS, midnight


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
    """The scope of a measure; a missing start is the day of issue, a missing end is until further notice."""
    unknown = {*directive.unknown, *measure.unknown}
    start = measure.effective_from or directive.effective_from
    start_unknown = start is None and "effective_from" in unknown
    if start is None and directive.issued:
        start = midnight(directive.issued)
    end = measure.effective_to or directive.effective_to
    return Scope(
        sectors=measure.sectors or directive.sectors,
        audiences=measure.audiences or directive.audiences,
        territory=measure.territory or directive.territory,
        start=start,
        end=end,
        start_unknown=start_unknown or start is None,
        end_unknown=end is None and "effective_to" in unknown,
    )


def speaking_measures(
    directive: Directive, others: Mapping[str, Directive]
) -> tuple[tuple[Directive, Measure], ...]:
    """The measures through which an act speaks, each with the act that made it.

    An act without measures speaks through its target's, over a chain of extensions through those of the first act.
    """
    return tuple((owner, measure) for owner in (_owner(directive, others),) for measure in owner.measures)


def _owner(directive: Directive, others: Mapping[str, Directive]) -> Directive:
    seen: set[str] = set()
    while not directive.measures and directive.id not in seen:
        seen.add(directive.id)
        targets = [
            r.target for r in directive.relations if r.type in ("extends", "corrects") and r.target in others
        ]
        if not targets or targets[0] is None:
            break
        directive = others[targets[0]]
    return directive


def lent(owner: Directive, measure: Measure, speaker: Directive) -> Measure:
    """A measure of `owner` as `speaker` announces it: with the speaker's validity, sectors and audiences."""
    if owner.id == speaker.id:
        return measure
    scope = scope_of(owner, measure)
    sectors = tuple(s for s in scope.sectors if s in speaker.sectors) if measure.sectors else speaker.sectors
    extended = any(relation.type == "extends" for relation in speaker.relations)
    return replace(
        measure,
        sectors=sectors,
        audiences=speaker.audiences,
        territory=measure.territory or speaker.territory,
        effective_from=speaker.effective_from if extended else scope.start,
        effective_to=speaker.effective_to if extended else scope.end,
        unknown=tuple(key for key in measure.unknown if key not in ("effective_from", "effective_to")),
    )


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
