"""A later revision says first what changed, to each reader against the revision that they know."""

from dataclasses import replace

import pytest

from channels import gsm
from hub.model.directive import (
    AUDIENCES,
    LANGUAGES,
    Language,
    Relation,
)
from hub.model.message import Variant
from hub.model.review import Kind
from hub.now import parse_instant
from hub.render import Sheet, render
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import GOLDEN, held_against
from tests.hub.render.revised import (
    COUNTED,
    HOME,
    VISITS,
    corrected,
    farewell,
    plain,
    sheet,
    told,
    until,
    written,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_those_that_were_read_in_review(
    language: Language, request: pytest.FixtureRequest
) -> None:
    texts = [f"=== {name}\n{message.subject}\n\n{message.text}\n" for name, message in written(language)]

    golden = GOLDEN / f"correction-{language}.txt"
    text = "\n".join(texts)
    assert text == held_against(golden, text, renew=request.config.getoption("--golden"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sms_of_a_later_revision_fits_and_costs_what_it_should(language: Language) -> None:
    lengths = {name: gsm.measure(m.text) for name, m in written(language) if m.channel == "sms"}

    assert len(lengths) == 10
    assert [name for name, found in lengths.items() if found.segments > 2 or found.encoding != "GSM-7"] == []


def test_old_and_new_values_are_facts_of_their_own() -> None:
    message = told(sheet(until("2020-03-25")), "family", "email")

    stated = {span.fact: message.text[span.start : span.end] for span in message.spans}
    assert stated["m1.until.before"] == "mardi 31 mars 2020 inclus"
    assert stated["m1.until.now"] == "mardi 24 mars 2020 inclus"
    assert stated["m3.until.before"] == stated["m1.until.before"]
    assert stated["m1.until"] == "mardi 24 mars 2020 inclus"


def test_what_changed_stands_before_everything_else() -> None:
    lines = plain(told(sheet(until("2020-03-25")), "beneficiary", "email").text).split("\n")

    start = lines.index("Correction : ce message remplace le précédent sur cette consigne.")
    assert lines[start + 1] == (
        "Fin. Avant : jusqu'au mardi 31 mars 2020 inclus. Maintenant : jusqu'au mardi 24 mars 2020 inclus."
    )
    assert lines[start + 2] == "Nous savons que c'est difficile pour vous."
    assert (
        lines[start - 2]
        == "Correction – Interdiction des visites et des sorties dans les lieux d'hébergement"
    )


def test_a_modality_names_its_topic_and_no_sentence_of_the_old_rule() -> None:
    text = plain(told(sheet(corrected(VISITS)), "family", "email").text)

    assert "Visites. Avant : interdit. Maintenant : permis." in text
    assert "Ne venez pas" not in text


def test_what_is_closed_is_not_called_forbidden() -> None:
    shut = a.directive(measures=(a.measure(topic="opening", actor="direction"),))
    opened = replace(shut, measures=(replace(shut.measures[0], modality="permitted"),))

    text = plain(told(sheet(opened, shut), "family", "email").text)

    assert "Ouverture, fermeture. Avant : fermé. Maintenant : ouvert." in text


def test_who_is_concerned_for_the_first_time_reads_the_whole_as_new() -> None:
    new = told(sheet(corrected(VISITS)), "direction", "email", since=0)

    assert "Avant" not in new.text
    assert "Correction" not in new.text + new.subject
    assert "Nouvelle consigne." in new.text


def test_who_missed_a_revision_reads_what_changed_since_the_one_they_know() -> None:
    third = sheet(until("2020-04-20"), VISITS, until("2020-03-25"))

    missed, followed = (plain(told(third, "family", "email", since=since).text) for since in (1, 2))

    assert "Avant : jusqu'au mardi 31 mars 2020 inclus" in missed
    assert "24 mars" not in missed
    assert "Avant : jusqu'au mardi 24 mars 2020 inclus" in followed
    assert "31 mars" not in followed


def test_a_revision_that_comes_back_to_what_a_reader_knows_says_that_nothing_changes() -> None:
    third = sheet(VISITS, VISITS, until("2020-03-25"))

    text = told(third, "family", "email", since=1).text

    assert "Pour vous, rien ne change." in text


def test_mended_words_are_no_change_of_a_fact() -> None:
    counted = replace(VISITS, measures=(a.measure(**COUNTED),))
    worded = replace(VISITS, measures=(a.measure(label={"quantity": a.text("visiteurs")}, **COUNTED),))

    text = told(sheet(worded, counted), "family", "email").text

    assert "Le texte est revu, les faits sont les mêmes." in text
    assert "Avant" not in text


def test_the_page_tells_the_change_since_the_revision_before_and_no_older_one() -> None:
    worded = replace(
        until("2020-03-25"), measures=(a.measure(label={"quantity": a.text("visiteurs")}, **COUNTED),)
    )
    counted = replace(until("2020-03-25"), measures=(a.measure(**COUNTED),))
    older = replace(VISITS, measures=counted.measures)

    text = told(sheet(worded, older, counted), "family", "web").text

    assert "Le texte est revu" in text
    assert "Avant" not in text


def test_a_change_that_a_reader_does_not_read_is_told_to_those_who_do() -> None:
    referenced = replace(VISITS, reference="circulaire 2020/12", unknown=("legal_basis",))

    direction, family = (
        plain(told(sheet(referenced), audience, "email").text) for audience in ("direction", "family")
    )

    assert "Référence de l'acte. Avant : à confirmer. Maintenant : circulaire 2020/12." in direction
    assert "Référence" not in family
    assert "Pour vous, rien ne change." in family


def test_a_wrong_telephone_number_is_named_with_the_right_one() -> None:
    contact = replace(VISITS.contacts[0], phone="0800 35 168")

    text = plain(told(sheet(replace(VISITS, contacts=(contact,))), "citizen", "email").text)

    assert "Centre d'appel coronavirus, téléphone. Avant : 0800 14 689. Maintenant : 0800 35 168." in text


def test_a_contact_in_place_of_another_is_told_whole() -> None:
    other = replace(VISITS.contacts[0], id="autre", label=a.text("Numéro vert"), phone="1718")

    text = plain(told(sheet(replace(VISITS, contacts=(other,))), "citizen", "email").text)

    assert "Contact. Avant : Centre d'appel coronavirus, 0800 14 689. Maintenant : Numéro vert, 1718." in text


def test_an_address_behind_the_same_name_is_not_spelled_out_twice() -> None:
    offered = replace(VISITS, docs=(a.link("https://univoque.example/faux"),))
    mended = replace(VISITS, docs=(a.link("https://univoque.example/formulaire"),))

    text = plain(told(sheet(mended, offered), "direction", "email").text)

    assert "Documents : modifié, voir plus bas." in text
    assert "faux" not in text


def test_two_rules_on_one_topic_are_told_apart() -> None:
    first = a.measure(object=a.text("les visites aux résidents"))
    second = a.measure(id="m2", object=a.text("les visites d'enfants"))
    both = a.directive(measures=(first, second))

    text = plain(told(sheet(replace(both, measures=(first,)), both), "staff", "email").text)

    assert "Ne vaut plus : visites (les visites d'enfants)." in text


def test_a_rule_that_came_is_named() -> None:
    one = replace(VISITS, measures=VISITS.measures[:1])

    text = plain(told(sheet(VISITS, one), "staff", "email").text)

    assert "Nouveau : sorties et retours en famille." in text
    assert "Nouveau : soutien psychosocial." in text


def test_what_is_over_names_its_topics_and_none_of_its_rules() -> None:
    for kind in (Kind.CANCEL, Kind.ALL_CLEAR):
        for over in render(sheet(until("2020-03-25"), kind=kind), ("fr",)).blocks.values():
            message = compose([over], a.frame())
            assert over.paragraphs == ()
            assert "modality" not in {fact.rpartition(".")[2] for fact in message.stated}
            assert "visites" in message.text
            assert not {"interdites", "interdit", "Ne venez pas"} & set(message.text.split())


def test_an_end_says_so_in_its_subject() -> None:
    subjects = {
        kind: told(sheet(until("2020-03-25"), kind=kind), "family", "email").subject
        for kind in (Kind.CANCEL, Kind.ALL_CLEAR)
    }

    assert subjects[Kind.CANCEL].startswith("EXERCICE – Annulation – ")
    assert subjects[Kind.ALL_CLEAR].startswith("EXERCICE – Fin – ")


def test_an_all_clear_within_a_day_names_the_hour() -> None:
    ended = replace(VISITS, effective_to=parse_instant("2020-03-24T12:00"))

    text = plain(told(sheet(ended, kind=Kind.ALL_CLEAR), "family", "email").text)

    assert "Fin : le mardi 24 mars 2020 à 12 h." in text
    assert "Dernier jour" not in text


def test_the_end_of_an_extension_does_not_say_that_the_extended_rules_are_void() -> None:
    longer = a.directive(id="prolongation", measures=(), relations=(Relation("extends", target="visites"),))
    over = Sheet(longer, a.REGISTER, a.WORDING, {"visites": a.directive()}, Kind.CANCEL, (longer,))

    text = plain(told(over, "family", "email").text)

    assert "Cela concerne : visites." in text
    assert "Ne vaut plus" not in text


def test_an_extension_by_another_act_says_so_first_to_everybody() -> None:
    longer = a.directive(id="prolongation", measures=(), relations=(Relation("extends", target="visites"),))
    found = Sheet(longer, a.REGISTER, a.WORDING, {"visites": a.directive()})

    for variant, told_by in render(found, ("fr",), ("email", "web")).blocks.items():
        first = told_by.head[0].text
        assert first.startswith("Prolongation : les règles de « Interdiction des visites »"), variant


def test_who_is_dropped_gets_a_farewell_of_their_own() -> None:
    fewer = replace(VISITS, audiences=("direction",))

    rendering = render(sheet(fewer), ("fr",))

    assert {variant.audience for variant in rendering.blocks} == {"direction"}
    assert {variant.audience for variant in rendering.farewells} == set(AUDIENCES) - {"direction"}
    assert "web" not in {variant.channel for variant in rendering.farewells}
    message = farewell(sheet(fewer), "family", "email")
    assert message.hats == ()
    assert "Cette consigne ne vous concerne plus." in message.text
    assert "interdites" not in message.text


def test_who_keeps_one_hat_of_two_is_told_which_one_is_over() -> None:
    fewer = replace(VISITS, sectors=("disability.residential",))
    blocks = render(sheet(fewer), ("fr",), ("email",)).all
    kept = blocks[Variant("disability.residential", "direction", "email", "fr")]
    dropped = blocks[Variant(HOME, "direction", "email", "fr")]

    text = plain(compose([kept], replace(a.frame(), since=1), left=[dropped]).text)

    assert (
        "Pour vous comme direction, Maisons de repos et maisons de repos et de soins (MR/MRS), ceci ne vaut"
        in text
    )
    assert "Il est interdit à la direction" in text


def test_an_sms_puts_the_change_before_the_rule_where_it_fits() -> None:
    text = told(sheet(until("2020-03-25")), "family", "sms").text

    assert text.startswith(
        "EXERCICE AVIQ: Correction. Dernier jour. Avant: 31 mars 2020. Maintenant: 24 mars 2020. Visites"
    )


def test_an_sms_without_room_for_the_change_says_where_it_stands() -> None:
    text = told(sheet(corrected(VISITS)), "family", "sms").text

    assert "Correction, remplace le SMS précédent." in text
    assert "Ce qui change" in text
    assert "Visites aux résidents: permises" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_later_revision_lacks_no_words(language: Language) -> None:
    for found in (sheet(corrected(VISITS)), sheet(until("2020-03-25"), kind=Kind.CANCEL)):
        assert render(found, (language,)).lacking == ()
