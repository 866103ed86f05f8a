"""Circles: acts that end each other would all fall silent, so none of them passes."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from hub import gate
from hub.context import Hub
from hub.flow.approve import approve
from hub.flow.submit import submit
from hub.model.directive import Directive, Relation, RelationType
from hub.model.review import Finding, Kind, Level, Withdrawal
from hub.model.staff import Role
from tests import a

ENDING: tuple[RelationType, ...] = ("replaces", "suspends", "repeals", "amends", "corrects", "annuls")


def ring(type_: RelationType, *ids: str, **given: object) -> dict[str, Directive]:
    """Acts of which each does this to the next, and the last to the first."""
    return {
        one: a.directive(id=one, relations=(Relation(type_, target=next_, **given),))  # type: ignore[arg-type]
        for one, next_ in pairwise((*ids, ids[0]))
    }


def found(acts: dict[str, Directive], id_: str, *, cancelled: tuple[str, ...] = ()) -> list[Finding]:
    others = {other: act for other, act in acts.items() if other != id_}
    taken = {other: Withdrawal(datetime(2020, 3, 12, tzinfo=UTC), Kind.CANCEL) for other in cancelled}
    sheet = replace(a.sheet(acts[id_], others=others), withdrawn=taken)
    case = gate.open_case(sheet, a.frame(), languages=("fr",), at=None)
    return [finding for finding in gate.examine(case) if finding.code == "U703"]


@pytest.mark.parametrize("type_", ENDING)
@pytest.mark.parametrize("ids", [("un", "deux"), ("un", "deux", "trois")])
def test_a_circle_blocks_each_of_its_acts(type_: RelationType, ids: tuple[str, ...]) -> None:
    acts = ring(type_, *ids)

    findings = {id_: found(acts, id_) for id_ in ids}

    assert {id_: [f.level for f in each] for id_, each in findings.items()} == {
        id_: [Level.BLOCKER] for id_ in ids
    }


def test_a_circle_is_named_act_by_act() -> None:
    (finding,) = found(ring("replaces", "un", "deux", "trois"), "un")

    assert finding.where == "relation replaces deux"
    assert "un replaces deux, which replaces trois, which replaces un" in finding.text
    assert not finding.waivable


def test_an_act_that_ends_one_of_a_circle_is_not_of_it() -> None:
    acts = ring("replaces", "un", "deux") | {
        "trois": a.directive(id="trois", relations=(Relation("replaces", target="un"),))
    }

    assert found(acts, "trois") == []


def test_acts_that_go_on_or_that_were_cancelled_close_no_circle() -> None:
    assert found(ring("completes", "un", "deux"), "un") == []
    assert found(ring("replaces", "un", "deux", partial=True), "un") == []
    assert found(ring("replaces", "un", "deux", "trois"), "un", cancelled=("trois",)) == []


@pytest.mark.parametrize("id_", sorted(a.real()))
def test_no_real_act_stands_in_a_circle(id_: str) -> None:
    assert found(a.real(), id_) == []


async def test_a_submission_that_closes_a_circle_of_published_acts_is_kept_as_a_draft(hub: Hub) -> None:
    hub.clock.set(datetime(2020, 3, 10, 18, tzinfo=UTC))
    for id_, target in (("deux", "trois"), ("trois", "un")):
        act = a.covered(a.directive(id=id_, relations=(Relation("replaces", target=target),)))
        assert (await submit(hub, act, by=a.staff())).accepted
        await approve(hub, id_, by=a.staff("Crise", Role.APPROVER))
    closing = a.covered(a.directive(id="un", relations=(Relation("replaces", target="deux"),)))

    submission = await submit(hub, closing, by=a.staff())

    assert not submission.accepted
    assert [f.code for f in submission.revision.findings if f.level == Level.BLOCKER] == ["U703"]
