"""Silence: sectors that have heard nothing for a while, although a crisis is open."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from hub.facts.scope import judged_on, scope_of
from hub.gate.case import Case
from hub.in_force import EVER, Rules, joined
from hub.model.directive import Audience, Directive
from hub.model.message import Hat
from hub.model.review import Finding, Level
from hub.now import BRUSSELS, midnight
from hub.register.entries import GENERAL
from hub.render.sheet import decisions

SILENCE = "U307"
"""True of all acts together, so that a check of several says it once."""
PRESSING = frozenset({"Immediate", "Expected"})
"""The urgencies that make a crisis."""


class Silence(NamedTuple):
    """A sector that has heard nothing since `since`: its `last` act, or the beginning of the crisis, if later."""

    sector: str
    since: datetime
    last: datetime | None

    def to_json(self) -> dict[str, str | None]:
        return {
            "sector": self.sector,
            "since": self.since.isoformat(),
            "last": self.last.isoformat() if self.last else None,
        }


def unheard(case: Case) -> Iterator[Finding]:
    """One note that lists the silent sectors, this act counted among those that speak."""
    if case.silence is None:
        return
    silent = silent_sectors(case.rules, at=case.at, silence=case.silence)
    if silent:
        yield Finding(
            SILENCE,
            Level.NOTE,
            case.directive.id,
            ", ".join(each.sector for each in silent),
            "a crisis is open, and these sectors have heard nothing for "
            f"{case.silence.days} days or more: {told(silent)}",
            "ask what they need to know; an act that concerns them, or says that nothing changes, ends the silence",
            sectors=tuple(each.sector for each in silent),
        )


def told(silent: Iterable[Silence]) -> str:
    """ "last 2020-03-12: home.care, sport; never: culture"."""
    by_day: dict[str, list[str]] = {}
    for each in silent:
        day = f"last {each.last.astimezone(BRUSSELS).date().isoformat()}" if each.last else "never"
        by_day.setdefault(day, []).append(each.sector)
    return "; ".join(f"{day}: {', '.join(sectors)}" for day, sectors in sorted(by_day.items()))


@lru_cache(maxsize=1)  # a check of many acts asks the same for each of them
def silent_sectors(rules: Rules, *, at: datetime, silence: timedelta) -> tuple[Silence, ...]:
    """The sectors that no act issued in the last `silence` addressed, by name or through `general`.

    Empty unless a crisis is open at `at`, and has been for as long; a sector that was last told before the
    crisis began is silent since its beginning.
    """
    opened = crisis_since(rules, at)
    if opened is None or at - opened < silence:
        return ()
    heard = _last_heard(rules, at)
    found = []
    for sector in rules.register.sectors:
        last = heard.get(sector)
        since = max(last, opened) if last else opened
        if sector != GENERAL and at - since >= silence:
            found.append(Silence(sector, since, last))
    return tuple(found)


def crisis_since(rules: Rules, at: datetime) -> datetime | None:
    """Since when a rule of some Immediate or Expected act was in force without a gap; None when none is at `at`."""
    pressing = joined(
        span
        for rule in rules.all.values()
        if rule.owner.urgency in PRESSING
        for span in rule.spans
        if span.start > EVER.start
    )
    return next((span.start for span in pressing if span.start <= at < span.end), None)


def _last_heard(rules: Rules, at: datetime) -> dict[str, datetime]:
    """When each sector was last addressed, by the day of issue of the act."""
    found: dict[str, datetime] = {}
    for act in rules.acts.values():
        day = judged_on(act)
        if day is None or midnight(day) > at:
            continue
        for sector in _addressed(act, rules):
            found[sector] = max(found.get(sector, midnight(day)), midnight(day))
    return found


def _addressed(act: Directive, rules: Rules) -> set[str]:
    """The sectors that an act speaks to; a rule for everybody spares those that a decision takes out whole."""
    named: set[str] = set()
    everybody: set[Audience] = set()
    for _, measure in rules.speaking[act.id]:
        scope = scope_of(act, measure)
        named.update(scope.sectors)
        if GENERAL in scope.sectors:
            everybody.update(scope.audiences)
    spared = decisions(act, rules.register) if everybody else {}
    inheriting = (
        s for s in rules.register.sectors if any(Hat(s, audience) not in spared for audience in everybody)
    )
    return named.union(inheriting)
