"""The forgotten sector: whom a reader would expect on a topic, and the act does not name (docs/directive-file.md)."""

from collections.abc import Iterator, Mapping

from hub.facts.scope import judged_on, scope_of
from hub.gate.case import Case
from hub.model.review import Finding, Level
from hub.register.entries import GENERAL
from hub.render.sheet import decisions, named_sectors


def forgotten(case: Case) -> Iterator[Finding]:
    """One gap per topic: siblings of a named sector, and sectors that an earlier act on the topic named.

    Whoever that act's issuer was. A rule for everybody leaves no gap, and neither does a decision.
    """
    answered = named_sectors(case.directive) | {
        hat.sector for hat in decisions(case.directive, case.register)
    }
    for topic, named in _sectors_by_topic(case).items():
        if GENERAL in named:
            continue
        reasons = {**_siblings(case, named), **_named_earlier(case, topic)}
        missing = tuple(s for s in case.register.sectors if s in reasons and s not in answered)
        if missing:
            yield Finding(
                "U305",
                Level.WARNING,
                case.directive.id,
                topic,
                "hear nothing of it: " + "; ".join(f"{sector} ({reasons[sector]})" for sector in missing),
                "name them in sectors, or decide in [[directive.coverage]] that they are not concerned, and why",
                waivable=True,
                topic=topic,
                sectors=missing,
            )


def _siblings(case: Case, named: Mapping[str, None]) -> dict[str, str]:
    sectors = case.register.sectors
    groups = {sectors[sector].group for sector in named}
    return {s.id: f"of the group {s.group}" for s in sectors.values() if s.group in groups}


def _named_earlier(case: Case, topic: str) -> dict[str, str]:
    """sector → the first act in the hub's hands that named it on the topic before this one was issued."""
    day = judged_on(case.directive)
    named = case.rules.first_named.get(topic, {})
    return {
        s: f"named by {act}" for s, (issued, act) in named.items() if day and issued < day and s != GENERAL
    }


def _sectors_by_topic(case: Case) -> dict[str, dict[str, None]]:
    """The sectors that the act's measures name, by topic, in order."""
    found: dict[str, dict[str, None]] = {}
    for _, measure in case.sheet.speaking():
        found.setdefault(measure.topic, {}).update(dict.fromkeys(scope_of(case.directive, measure).sectors))
    return found
