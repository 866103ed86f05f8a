"""The gate: what must hold before anything leaves. Each check looks at a Case and reports findings."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from hub.facts.scope import judged_on
from hub.gate import (
    completeness,
    conflict,
    consistency,
    coverage,
    exercise,
    gaps,
    languages,
    markup,
    nouns,
    per_whom,
    reach,
    recall,
    relations,
    silence,
    sms,
    templates,
    validity,
    voices,
)
from hub.gate.case import Case
from hub.gate.speech import Spoken
from hub.in_force import Rules
from hub.model.directive import Language
from hub.model.message import Hat
from hub.model.review import Finding, Level
from hub.now import midnight
from hub.render import Sheet, cells
from hub.render.frame import Frame

__all__ = ["CHECKS", "Case", "Spoken", "blockers", "examine", "open_case"]

Check = Callable[[Case], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    completeness.facts_stated,
    completeness.words_present,
    nouns.nouns_present,
    consistency.read_back,
    per_whom.said_per_whom,
    consistency.same_facts,
    consistency.same_hours,
    consistency.same_values,
    consistency.same_sense,
    markup.same_as_text,
    templates.literals,
    voices.one_voice,
    coverage.every_cell,
    gaps.forgotten,
    reach.reachable,
    silence.unheard,
    languages.demanded,
    validity.dates,
    relations.targets,
    relations.circles,
    exercise.marked,
    sms.length,
    conflict.conflicts,
    conflict.competent,
    recall.last_day,
    sms.substituted,
)

OF_AN_END: tuple[Check, ...] = (
    completeness.facts_stated,
    completeness.words_present,
    nouns.nouns_present,
    consistency.read_back,
    consistency.same_facts,
    markup.same_as_text,
    templates.literals,
    voices.one_voice,
    languages.demanded,
    relations.targets,
    exercise.marked,
    sms.length,
    recall.last_day,
)
"""The checks of a cancellation or an all clear: it rules nothing, so it leaves no gap and holds until no date."""

_RANK = {Level.BLOCKER: 0, Level.WARNING: 1, Level.NOTE: 2}


def open_case(
    sheet: Sheet,
    frame: Frame,
    *,
    languages: tuple[Language, ...],
    at: datetime | None,
    reach: Mapping[Hat, int] | None = None,
    silence: timedelta | None = None,
    known: Rules | None = None,
    spoken: Spoken | None = None,
) -> Case:
    """Render a directive and put all that a check may ask about it in one place.

    Without `at` it is judged as of its day of issue. What was `spoken` last is not rendered again.
    """
    speech = (spoken or Spoken()).speak(sheet, frame, languages)
    day = judged_on(sheet.directive)
    instant = at or (midnight(day) if day else datetime.min.replace(tzinfo=UTC))
    return Case(
        sheet,
        frame,
        speech.rendering,
        speech.messages,
        cells(sheet),
        languages,
        instant,
        frame.mode,
        frame.kind,
        speech.asides,
        reach=reach,
        silence=silence,
        known=known,
    )


def examine(case: Case) -> tuple[Finding, ...]:
    """All findings of all checks, the gravest first."""
    checks = OF_AN_END if case.sheet.ends else CHECKS
    found = [finding for check in checks for finding in check(case)]
    return tuple(sorted(found, key=lambda finding: (_RANK[finding.level], finding.code, finding.where)))


def blockers(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that stop a submission."""
    return tuple(finding for finding in findings if finding.level == Level.BLOCKER)
