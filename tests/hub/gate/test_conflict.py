"""No contradiction unexplained: what the gate finds beside an act, in whose words, and how its cost grows."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest

from hub import gate
from hub.gate import conflict
from hub.gate.account import Teller
from hub.gate.verdict import ATTENTION, compare
from hub.in_force import consolidate
from hub.model.directive import LANGUAGES, Directive, Language, Relation
from hub.model.review import Finding, Kind, Level, Withdrawal
from hub.render import Sheet
from scripts import conflicts as document
from tests import a

WHEN = datetime(2020, 3, 11, tzinfo=UTC)
REAL = a.real()


def permission(**given: Any) -> Directive:
    """An act of the mayor that permits what the other one forbids."""
    fields: dict[str, Any] = {
        "id": "permis",
        "issuer": "com-peruwelz",
        "act_type": "arrete-police",
        "measures": (a.measure(modality="permitted"),),
    }
    return a.directive(**{**fields, **given})


def found(act: Directive, *others: Directive, at: datetime = WHEN, **given: Any) -> list[Finding]:
    sheet = Sheet(act, a.REGISTER, a.WORDING, {other.id: other for other in others}, **given)
    case = gate.open_case(sheet, a.frame(), languages=("fr",), at=at)
    return [finding for finding in gate.examine(case) if finding.code in ("U801", "U802", "U803")]


def test_a_contradiction_blocks_can_be_waived_and_names_both_measures() -> None:
    (finding,) = found(a.directive(), permission())

    assert (finding.code, finding.level, finding.waivable) == ("U801", Level.BLOCKER, True)
    assert finding.where == "m1 × permis#m1"
    assert "Bourgmestre de Péruwelz" in finding.text
    assert "un acte interdit ce que l'autre permet" in finding.text


def test_a_contradiction_that_begins_next_week_is_found_today_and_one_that_is_over_is_not() -> None:
    act = a.directive()
    assert act.effective_from is not None
    assert act.effective_to is not None
    coming = permission(effective_from=WHEN + timedelta(days=7))
    over = permission(effective_to=WHEN)
    after = permission(effective_from=act.effective_to, effective_to=None)

    assert [f.code for f in found(act, coming)] == ["U801"]
    assert found(act, over) == []
    assert [f.code for f in found(act, over, at=act.effective_from)] == ["U801"]
    assert found(act, after) == []


def test_two_measures_of_one_act_are_compared_too() -> None:
    torn = a.directive(measures=(a.measure(), a.measure(id="m2", modality="permitted")))

    assert [finding.where for finding in found(torn)] == ["m1 × m2"]


def test_a_relation_of_the_act_before_the_gate_counts() -> None:
    assert (
        found(
            permission(
                relations=(Relation("replaces", target="visites"),),
            ),
            a.directive(),
        )
        == []
    )


def test_an_act_that_was_cancelled_contradicts_nothing() -> None:
    gone = {"permis": Withdrawal(WHEN, Kind.CANCEL)}

    assert found(a.directive(), permission(), withdrawn=gone) == []


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.ALL_CLEAR])
def test_taking_an_act_back_is_never_stopped_by_a_contradiction(kind: Kind) -> None:
    sheet = Sheet(a.directive(), a.REGISTER, a.WORDING, {"permis": permission()})

    assert list(conflict.meetings(sheet, WHEN))
    assert list(conflict.meetings(replace(sheet, kind=kind), WHEN)) == []


def test_an_extension_is_compared_for_the_time_that_it_adds() -> None:
    end = a.directive().effective_to
    assert end is not None
    longer = a.directive(
        id="suite",
        measures=(),
        relations=(Relation("extends", target="visites"),),
        effective_from=end,
        effective_to=end + timedelta(days=30),
    )
    before, during = permission(effective_to=end), permission(effective_from=end, effective_to=None)

    assert found(longer, a.directive(), before) == []
    assert [f.where for f in found(longer, a.directive(), during)] == ["visites#m1 × permis#m1"]


def test_a_correction_without_measures_rules_nothing_new() -> None:
    erratum = a.directive(id="erratum", measures=(), relations=(Relation("corrects", target="visites"),))

    assert found(erratum, a.directive(), permission()) == []


@pytest.mark.parametrize(
    ("act", "code", "level"),
    [
        ("be-ages-2020-10-28", "U802", Level.WARNING),
        ("wal-mesures-2020-10-23", "U803", Level.NOTE),
        ("be-visites-2020-04-15", "U801", Level.BLOCKER),
    ],
)
def test_each_verdict_has_its_code_and_level(act: str, code: str, level: Level) -> None:
    others = [other for id_, other in REAL.items() if id_ != act]

    findings = [f for f in found(REAL[act], *others, at=datetime(2020, 1, 1, tzinfo=UTC)) if f.code == code]

    assert findings
    assert {f.level for f in findings} == {level}


def competence(act: Directive) -> list[str]:
    case = gate.open_case(a.sheet(act), a.frame(), languages=("fr",), at=WHEN)
    return [finding.text for finding in gate.examine(case) if finding.code == "U804"]


def test_who_is_competent_is_said_and_stops_nobody() -> None:
    (outside,) = competence(permission())

    assert "la matière relève de la Région" in outside
    assert "Bourgmestre de Péruwelz : un autre niveau de pouvoir" in outside
    assert competence(a.directive()) == []


def test_in_the_german_language_region_the_community_takes_the_region_s_place() -> None:
    (text,) = competence(a.directive(territory=("DG",)))

    assert "relève de la Communauté" in text


def test_a_matter_whose_level_is_not_clear_is_said_to_be_unclear() -> None:
    (text,) = competence(a.directive(measures=(a.measure(topic="isolation", modality="required"),)))

    assert "ne dit pas clairement qui est compétent" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_comparison_of_the_reference_acts_can_be_told_in_each_language(language: Language) -> None:
    rules = consolidate(REAL, a.REGISTER)
    teller = Teller(a.REGISTER, a.WORDING.languages[language])
    names = sorted(rules.all)
    told = set()

    for index, left in enumerate(names):
        for right in names[index + 1 :]:
            comparison = compare(rules, rules.all[left], rules.all[right])
            if rules.all[left].measure.topic == rules.all[right].measure.topic and comparison.verdict:
                text = teller.account(comparison).text
                told.add(comparison.verdict)
                assert "{" not in text
                assert text.endswith(".")

    assert told >= ATTENTION | {"duplicate", "resolved", "exception_ok", "same_key_no_overlap"}


def test_the_text_puts_both_acts_side_by_side_for_a_minister_s_adviser() -> None:
    rules = consolidate(REAL, a.REGISTER)
    pair = rules.all["be-visites-2020-04-15#m1"], rules.all["wal-visites-2020-04-01#m1"]

    account = Teller(a.REGISTER, a.WORDING.languages["fr"]).account(compare(rules, *pair))

    assert account.right.startswith(
        "Décision politique du mercredi 15 avril 2020 – Conseil national de sécurité (élargi). "
        "Visites : autorisation, au plus 1 personne par bénéficiaire, en Belgique."
    )
    assert account.left.startswith("Prolongation – Ministre wallon de la Santé et de l'Action sociale")
    assert account.explanation == (
        "Contradiction : un acte interdit ce que l'autre permet. "
        "Les deux valent en même temps du mercredi 15 avril 2020 au lundi 27 avril 2020 inclus. "
        "Conseil national de sécurité (élargi) : décision annoncée, ce n'est pas encore un acte. "
        "D'après le registre des compétences, la matière relève de la Région."
    )


def test_the_page_of_pairs_says_what_the_code_finds_with_a_reason_for_each() -> None:
    assert document.DOCUMENT.read_text(encoding="utf-8") == document.document()


def calls(work: Callable[[], object], of: Callable[..., object] | None = None) -> int:
    """How many functions, or how often one, are entered meanwhile: a measure of cost that no machine sways."""
    count = 0

    def enter(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call") and (
            of is None or (event, frame.f_code) == ("call", of.__code__)
        )

    sys.setprofile(enter)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_the_cost_of_a_check_grows_at_most_with_the_measures_in_force() -> None:
    topics = [topic for topic in a.REGISTER.topics if a.REGISTER.topics[topic].value != "text"]
    act = a.directive(measures=tuple(a.measure(id=f"m{n}", topic=topics[n]) for n in range(6)))

    def cost(number: int) -> int:
        others = {
            f"autre-{n}": permission(id=f"autre-{n}", measures=(a.measure(topic=topics[n % 12]),))
            for n in range(number)
        }
        sheet = Sheet(act, a.REGISTER, a.WORDING, others)
        return calls(lambda: list(conflict.meetings(sheet, WHEN)))

    assert cost(2000) < 12 * cost(200)


def test_all_checks_of_an_act_share_one_consolidation() -> None:
    case = gate.open_case(a.sheet(), a.frame(), languages=("fr",), at=WHEN, silence=timedelta(days=1))

    assert calls(lambda: gate.examine(case), of=consolidate) == 1
