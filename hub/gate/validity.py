"""Dates that can be right: not over before they are said, not before the act, urgency that fits."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.facts.scope import last_instant, scope_of
from hub.gate.case import Case
from hub.model.review import Finding, Level
from hub.now import midnight

LONGEST = timedelta(days=366)
"""No crisis rule of the reference acts lasts longer; one that does deserves a second look."""


def dates(case: Case) -> Iterator[Finding]:
    """Findings on start, end, publication and urgency."""
    directive = case.directive
    last = last_instant(directive)
    if last and last <= case.at:
        yield case.finding(
            "U401",
            Level.BLOCKER,
            "effective_to",
            f"its validity ended on {_day(last)}",
            "nothing expired is sent: mend the date, or judge it with --at as of a day when it held",
        )
    if directive.issued and directive.published and directive.published < directive.issued:
        yield case.finding(
            "U402",
            Level.WARNING,
            "published",
            f"published on {directive.published}, before it was issued",
            "mend issued or published",
        )
    starts = []
    for measure in directive.measures:
        scope = scope_of(directive, measure)
        where = f"measure {measure.id}"
        if scope.start_unknown:
            yield case.finding(
                "U403",
                Level.NOTE,
                where,
                "its start is not known; the messages say that it is to be confirmed",
                "give effective_from as soon as it is known, as an update",
            )
        if scope.start:
            starts.append(scope.start)
        if scope.start and directive.issued and scope.start < midnight(directive.issued) - timedelta(days=7):
            yield case.finding(
                "U404",
                Level.WARNING,
                where,
                f"it starts on {_day(scope.start)}, a week before the act",
                "check effective_from; a rule that reaches back must say so",
            )
        if scope.start and scope.end and scope.end - scope.start > LONGEST:
            yield case.finding(
                "U405",
                Level.WARNING,
                where,
                f"it lasts until {_day(scope.end)}, more than a year",
                "check effective_to",
            )
    if starts and directive.issued:
        yield from _urgency(case, min(starts), directive.urgency)


def _urgency(case: Case, start: datetime, urgency: str) -> Iterator[Finding]:
    """The guide of the form: within a day Immediate, within a week Expected, later Future."""
    issued = case.directive.issued
    assert issued is not None
    wait = start - midnight(issued)
    fitting = (
        "Immediate" if wait <= timedelta(days=2) else "Expected" if wait <= timedelta(days=8) else "Future"
    )
    order = ("Immediate", "Expected", "Future")
    if abs(order.index(fitting) - order.index(urgency)) > 1:
        yield case.finding(
            "U406",
            Level.NOTE,
            "urgency",
            f"it says {urgency}, but the first rule starts on {_day(start)}",
            f"{fitting} would be usual",
        )


def _day(instant: datetime) -> str:
    return instant.date().isoformat()
