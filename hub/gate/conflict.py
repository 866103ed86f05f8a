"""No contradiction without a signed explanation: each measure beside all that holds with it (decision 0014)."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hub.facts.scope import kept_in_force
from hub.gate import competence
from hub.gate.account import Teller
from hub.gate.case import Case, rules_with
from hub.gate.verdict import ATTENTION, Comparison, Verdict, compare, together
from hub.in_force import EVER, Rule, Rules, Span, name_of
from hub.model.directive import Directive, Language
from hub.model.review import Finding, Kind, Level
from hub.render import Sheet

CONTRADICTION = "U801"
"""Its waiver is an explanation, printed for directors and on the permanent page."""

_CODES: dict[Verdict, tuple[str, Level, str]] = {
    "contradiction": (
        CONTRADICTION,
        Level.BLOCKER,
        "mend the measure, declare the relation that settles it, or explain and sign it with `univoque waive`",
    ),
    "divergence": ("U802", Level.WARNING, "declare which act yields with a relation, or mend the value"),
    "stricter_allowed": (
        "U803",
        Level.NOTE,
        "check that this act may go further; its messages name the other",
    ),
}


class Meeting(NamedTuple):
    """A measure of the act before the gate, what it meets, and how the two stand."""

    own: Rule
    other: Rule
    comparison: Comparison


def meetings(sheet: Sheet, at: datetime, rules: Rules | None = None) -> Iterator[Meeting]:
    """The pairs that need attention between the act's measures and all that hold with them from `at` on.

    A contradiction that begins next week counts as one that stands today; one that is over by `at` does not.
    `rules` are those of the sheet, where somebody has consolidated them already.
    An act without measures brings those that it extends, for the time that it adds; a correction of one brings none.
    """
    act = sheet.directive
    if sheet.kind in (Kind.CANCEL, Kind.ALL_CLEAR):
        return
    rules = rules or rules_with(sheet)
    during = _time_of(act, at)
    own = _own(act, rules)
    names = {rule.name: index for index, rule in enumerate(own)}
    for index, rule in enumerate(own):
        for other in rules.by_topic[rule.measure.topic]:
            if names.get(other.name, len(own)) <= index or not together(rule, other, during):
                continue
            comparison = compare(rules, rule, other, during)
            if comparison.verdict in ATTENTION:
                yield Meeting(rule, other, comparison)


def conflicts(case: Case) -> Iterator[Finding]:
    """U801, U802, U803: contradictions, divergences and stricter rules, with both acts side by side."""
    teller = _teller(case)
    for meeting in meetings(case.sheet, case.at, case.rules):
        verdict = meeting.comparison.verdict
        assert verdict is not None
        code, level, remedy = _CODES[verdict]
        account = teller.account(meeting.comparison)
        yield Finding(
            code,
            level,
            case.directive.id,
            _cell(case.directive, meeting),
            account.text,
            remedy,
            waivable=code == CONTRADICTION,
            parts=(account.left, account.right, account.explanation),
        )


def competent(case: Case) -> Iterator[Finding]:
    """U804: the register does not say who is competent, or says that another level is."""
    teller, register = _teller(case), case.register
    for measure in case.directive.measures:
        rule = case.rules.all[name_of(case.directive, measure)]
        if rule.measure.modality == "information":
            continue
        by_levels: dict[tuple[str, ...], list[str]] = {}
        for sector in rule.scope.sectors:
            levels = competence.levels(register, rule.measure.topic, [sector], rule.places)
            by_levels.setdefault(levels, []).append(sector)
        for levels, sectors in by_levels.items():
            if levels and not competence.is_outside(register.issuers[case.directive.issuer], levels):
                continue
            yield case.finding(
                "U804",
                Level.NOTE,
                f"measure {rule.measure.id}",
                teller.competent(rule, levels, sectors),
                "check who may decide this; nothing is stopped by it",
            )


def other_act(cell: str) -> str:
    """The id of the act on the far side of a cell, "m1 × act#m2"."""
    return cell.rpartition(" × ")[2].partition("#")[0]


def _own(act: Directive, rules: Rules) -> list[Rule]:
    """The rules through which the act rules something new."""
    if act.measures:
        return [rules.all[name_of(act, measure)] for measure in act.measures]
    kept = dict.fromkeys(name_of(owner, measure) for owner, measure, _ in kept_in_force(act, rules.acts))
    return [rules.all[name] for name in kept]


def _time_of(act: Directive, at: datetime) -> Span:
    """From `at` on; for an act that extends others, within the time that it adds."""
    if act.measures:
        return Span(at, EVER.end)
    start = max(at, act.effective_from) if act.effective_from else at
    return Span(start, act.effective_to or EVER.end)


def _cell(act: Directive, meeting: Meeting) -> str:
    """Which measures meet: "m1 × act#m2", the act's own by their short names."""
    return " × ".join(
        rule.measure.id if rule.owner.id == act.id else rule.name for rule in (meeting.own, meeting.other)
    )


def _teller(case: Case) -> Teller:
    language: Language = case.languages[0]
    return Teller(case.register, case.sheet.wording.languages[language])
