"""The gate: each finding has its code, its cell and its remedy, and is not raised without cause."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub import gate
from hub.gate import Case
from hub.model.directive import AUDIENCES, Coverage, Directive, Relation
from hub.model.review import Finding, Level, Mode
from tests import a


def case(act: Directive, *, others: dict[str, Directive] | None = None, at: datetime | None = None) -> Case:
    return gate.open_case(a.sheet(act, others=others), a.frame(), languages=("fr",), at=at)


def found(act: Directive, code: str, **given: object) -> list[Finding]:
    return [finding for finding in gate.examine(case(act, **given)) if finding.code == code]  # type: ignore[arg-type]


def cells(findings: list[Finding]) -> set[str]:
    return {finding.where for finding in findings}


def test_an_act_whose_every_cell_is_decided_passes() -> None:
    assert gate.blockers(gate.examine(case(a.covered(a.directive())))) == ()


def test_a_forgotten_sibling_is_named() -> None:
    findings = found(a.directive(), "U301")

    assert cells(findings) == {"disability.residential", "youth.care"}
    assert all(finding.level == Level.BLOCKER and finding.waivable for finding in findings)


def test_a_forgotten_audience_of_a_named_sector_is_named() -> None:
    assert cells(found(a.directive(), "U302")) == {"elderly.residential:citizen"}


def test_a_sector_that_the_issuer_covered_before_is_asked_for() -> None:
    before = a.directive(id="avant", sectors=("home.care",), issued=a.directive().issued - timedelta(days=5))  # type: ignore[operator]

    findings = found(a.directive(), "U301", others={"avant": before})

    assert "home.care" in cells(findings)


def test_an_act_of_another_issuer_or_a_later_one_asks_for_nothing() -> None:
    issued = a.directive().issued
    assert issued is not None
    others = {
        "autre": a.directive(
            id="autre", issuer="fwb-gov", sectors=("home.care",), issued=issued - timedelta(days=5)
        ),
        "apres": a.directive(id="apres", sectors=("home.care",), issued=issued + timedelta(days=5)),
    }

    assert "home.care" not in cells(found(a.directive(), "U301", others=others))


def test_a_signed_decision_covers_a_cell() -> None:
    decision = Coverage(("youth.care",), AUDIENCES, a.text("Autre niveau de pouvoir."), "cellule de crise")

    assert cells(found(a.directive(coverage=(decision,)), "U301")) == {"disability.residential"}


def test_others_covers_every_sector_that_is_not_named() -> None:
    decision = Coverage("others", AUDIENCES, a.text("Pas concerné."), "cellule de crise")

    act = a.directive(coverage=(decision,))

    assert found(act, "U301") == []
    assert found(act, "U303") == []
    assert cells(found(act, "U302")) == {"elderly.residential:citizen"}


def test_a_rule_for_everybody_is_inherited_by_every_sector() -> None:
    act = a.directive(sectors=("general",), audiences=AUDIENCES)

    assert [f for f in gate.examine(case(act)) if f.code.startswith("U30")] == []


def test_the_gap_of_the_visits_circular_is_found() -> None:
    real = a.real()
    act = real["wal-visites-2020-04-28"]

    findings = found(act, "U301", others={id_: other for id_, other in real.items() if id_ != act.id})

    assert cells(findings) == {"disability.residential", "youth.care"}


def test_all_other_open_cells_are_one_note() -> None:
    (note,) = found(a.directive(), "U303")

    assert note.level == Level.NOTE
    assert "culture" in note.where


@pytest.mark.parametrize("fact", ["m1.modality", "m1.until", "m1.territory", "issuer", "link"])
def test_a_fact_that_a_message_does_not_state_blocks_and_names_the_cell(fact: str) -> None:
    complete = case(a.covered(a.directive()))
    variant, message = next(iter(complete.messages.items()))
    spans = tuple(span for span in message.spans if span.fact != fact)
    mutilated = replace(complete, messages={**complete.messages, variant: replace(message, spans=spans)})

    findings = [finding for finding in gate.examine(mutilated) if finding.code == "U201"]

    assert [(finding.where, fact in finding.text) for finding in findings] == [(":".join(variant), True)]


@pytest.mark.parametrize("act", sorted(a.real()))
def test_every_real_message_states_all_that_its_audience_must_have(act: str) -> None:
    real = a.real()

    assert found(real[act], "U201", others={id_: o for id_, o in real.items() if id_ != act}) == []


def test_a_language_that_the_law_demands_blocks_where_the_sheet_lacks_its_words() -> None:
    act = a.directive(title={"de": "Besuchsverbot"})

    (finding,) = found(act, "U202")

    assert finding.level == Level.BLOCKER
    assert finding.where == "title:fr"


def test_a_territory_whose_language_is_not_rendered_is_a_warning() -> None:
    assert cells(found(a.directive(territory=("DG",)), "U203")) == {"de"}
    assert found(a.directive(territory=("90000",)), "U203") == []


def test_what_is_over_is_not_sent() -> None:
    after = datetime(2020, 4, 1, tzinfo=UTC)

    assert [f.level for f in found(a.directive(), "U401", at=after)] == [Level.BLOCKER]
    assert found(a.directive(), "U401", at=datetime(2020, 3, 20, tzinfo=UTC)) == []


def test_a_rule_of_more_than_a_year_deserves_a_second_look() -> None:
    assert found(a.directive(effective_to=datetime(2022, 3, 31, tzinfo=UTC)), "U405")
    assert found(a.directive(), "U405") == []


def test_an_act_that_speaks_through_an_unknown_act_is_blocked() -> None:
    act = a.directive(measures=(), relations=(Relation("extends", target="inconnu"),))

    assert [f.level for f in found(act, "U701")] == [Level.BLOCKER]


def test_an_unknown_target_of_an_act_with_measures_is_a_note() -> None:
    act = a.directive(relations=(Relation("replaces", target="inconnu"),))

    assert [f.level for f in found(act, "U701")] == [Level.NOTE]


def test_an_exercise_that_does_not_look_like_one_blocks() -> None:
    plain = gate.open_case(a.sheet(), a.frame(mode=Mode.ACTUAL), languages=("fr",), at=None)
    disguised = replace(plain, mode=Mode.EXERCISE)

    assert len([f for f in gate.examine(disguised) if f.code == "U501"]) >= len(disguised.messages)
    assert [f for f in gate.examine(plain) if f.code == "U501"] == []


@pytest.mark.parametrize(("length", "code"), [(250, "U601"), (450, "U602")])
def test_an_sms_that_is_too_long_is_told_with_its_segments(length: int, code: str) -> None:
    subject = a.text("les " + "a" * length)
    long = a.measure(topic="activities", label={"subject": subject})

    codes = {f.code for f in gate.examine(case(a.directive(measures=(long,))))}

    assert code in codes
    assert not {"U601", "U602"} - {code} & codes


def test_a_character_outside_gsm_7_is_named() -> None:
    act = a.directive(measures=(a.measure(topic="activities", label={"subject": a.text("le cirque Ω☂")}),))

    findings = found(act, "U603")

    assert findings
    assert "☂" in findings[0].text


def test_blockers_come_first() -> None:
    levels = [finding.level for finding in gate.examine(case(a.directive()))]

    assert levels == sorted(levels, key=[Level.BLOCKER, Level.WARNING, Level.NOTE].index)


def test_an_act_of_which_no_message_can_be_made_never_passes() -> None:
    silent = a.directive(measures=(), relations=(Relation("extends", target_external="un acte de 1999"),))

    assert [(f.level, f.waivable) for f in found(a.covered(silent), "U702")] == [(Level.BLOCKER, False)]


def test_an_audience_whose_words_are_missing_is_not_covered() -> None:
    mute = a.measure(exceptions=({"de": "Lebensende"},))

    assert found(a.directive(measures=(mute,)), "U301")


def test_a_decision_against_a_cell_that_the_act_speaks_to_is_found() -> None:
    decision = Coverage(("elderly.residential",), ("family",), a.text("Pas concernées."), "cellule de crise")

    assert cells(found(a.directive(coverage=(decision,)), "U304")) == {"elderly.residential:family"}


def test_a_decided_sector_does_not_inherit_a_rule_for_everybody() -> None:
    decision = Coverage(("education.basic",), AUDIENCES, a.text("Écoles vides."), "cellule de crise")

    act = a.directive(sectors=("general",), audiences=AUDIENCES, coverage=(decision,))

    assert not [hat for hat in case(act).cells if hat.sector == "education.basic"]
    assert found(act, "U304") == []


def test_rules_of_different_places_name_their_place_in_an_sms() -> None:
    rules = (
        a.measure(territory=("92094",)),
        a.measure(id="m2", modality="permitted", territory=("62063",)),
    )

    judged = case(a.covered(a.directive(measures=rules)))

    texts = {message.text for variant, message in judged.messages.items() if variant.channel == "sms"}
    assert all("Namur: Visites" in text and "Liège: Visites" in text for text in texts)
    assert found(a.covered(a.directive(measures=rules)), "U201") == []
