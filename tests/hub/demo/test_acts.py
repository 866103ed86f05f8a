"""The acts that the demo replays: in order, refused without their decisions, let pass with them."""

from dataclasses import replace

import pytest

from hub import gate, register
from hub.demo import acts
from hub.gate import blockers
from hub.model.directive import Directive
from hub.model.review import Finding, Mode
from hub.render import Sheet, wording
from hub.render.frame import Frame

REGISTER = register.load()
HISTORY = acts.load(REGISTER)


def _blockers(directive: Directive, before: dict[str, Directive]) -> list[Finding]:
    words = wording.load()
    frame = Frame(words, REGISTER, "K7QX2M", "http://127.0.0.1:8080/d/K7QX2M", Mode.EXERCISE)
    case = gate.open_case(Sheet(directive, REGISTER, words, before), frame, languages=("fr",), at=None)
    return list(blockers(gate.examine(case)))


def _before(number: int) -> dict[str, Directive]:
    return {act.directive.id: act.directive for act in HISTORY[:number]}


def test_the_acts_come_in_order_of_issue() -> None:
    days = [act.at.date().isoformat() for act in HISTORY]

    assert days == ["2020-03-10", "2020-04-01", "2020-04-15", "2020-04-16", "2020-04-17", "2020-04-28"]
    assert HISTORY[0].at == acts.FIRST


def test_the_first_act_is_refused_without_its_coverage_decisions() -> None:
    bare = replace(HISTORY[0].directive, coverage=())

    found = {(finding.code, finding.where) for finding in _blockers(bare, {})}

    assert ("U301", "youth.care") in found
    assert ("U302", "elderly.residential:citizen") in found


@pytest.mark.parametrize("number", range(len(HISTORY)))
def test_each_act_passes_the_gate_with_its_decisions_and_waivers(number: int) -> None:
    act = HISTORY[number]

    found = {(finding.code, finding.where) for finding in _blockers(act.directive, _before(number))}

    assert found == {(excused.code, excused.cell) for excused in act.waivers}
