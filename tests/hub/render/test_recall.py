"""A later revision says first what changed, to each reader against the revision that they know."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import gsm
from hub.model.directive import (
    AUDIENCES,
    LANGUAGES,
    Audience,
    Directive,
    Language,
    Quantity,
    Relation,
    Text,
    Window,
)
from hub.model.message import Block, ChannelName, Message, Variant
from hub.model.review import Kind
from hub.now import parse_instant
from hub.render import Sheet, block, recall, render
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import GOLDEN, REAL, held_against

VISITS = replace(REAL["wal-visites-2020-03-11"], audiences=AUDIENCES)
HOME = "elderly.residential"
SAME_PERSON: Text = {
    "fr": "toujours la même personne",
    "de": "immer dieselbe Person",
    "nl": "altijd dezelfde persoon",
    "en": "always the same person",
}


COUNTED: dict[str, Any] = {"topic": "psychosocial", "quantity": Quantity("<=", 2, "personne")}
"""A rule whose number has no place in its sentence and is printed after its label."""


def corrected(act: Directive) -> Directive:
    """One visitor may come, outings are not ruled any more, all of it for longer, and the telephone was wrong."""
    visits, _, support = act.measures
    one_visitor = Quantity("<=", 1, "personne")
    return replace(
        act,
        effective_to=parse_instant("2020-04-20"),
        measures=(
            replace(visits, modality="permitted", quantity=one_visitor, conditions=(SAME_PERSON,)),
            support,
        ),
        contacts=(replace(act.contacts[0], phone="0800 35 168"),),
    )


def until(day: str) -> Directive:
    return replace(VISITS, effective_to=parse_instant(day))


def sheet(after: Directive, *earlier: Directive, kind: Kind = Kind.CORRECTION) -> Sheet:
    return Sheet(after, a.REGISTER, a.WORDING, {}, kind, earlier or (VISITS,))


def told(
    found: Sheet, audience: str, channel: str, language: Language = "fr", *, since: int | None = None
) -> Message:
    """What one reader in a care home gets; `since` as the frame has it."""
    variant = Variant(HOME, audience, channel, language)  # type: ignore[arg-type]
    rendered = block(found, variant)
    assert rendered is not None
    return compose([rendered], replace(a.frame(), since=since))


def farewell(found: Sheet, audience: str, channel: str, language: Language = "fr") -> Message:
    variant = Variant(HOME, audience, channel, language)  # type: ignore[arg-type]
    rendered = block(found, variant) or recall.farewell(found, variant)
    assert rendered is not None
    return compose([], a.frame(), left=[rendered])


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def written(language: Language) -> Iterator[tuple[str, Message]]:
    """A correction to all audiences, then one reader of each other kind of news."""
    correction = sheet(corrected(VISITS))
    for audience in AUDIENCES:
        for channel in ("email", "sms"):
            yield f"correction {audience} {channel}", told(correction, audience, channel, language)
    yield "correction, new to it direction email", told(correction, "direction", "email", language, since=0)
    for channel in ("email", "sms"):
        longer, sooner = sheet(until("2020-04-06"), kind=Kind.UPDATE), sheet(until("2020-03-25"))
        cancelled, clear = (sheet(until("2020-03-25"), kind=kind) for kind in (Kind.CANCEL, Kind.ALL_CLEAR))
        yield f"extension family {channel}", told(longer, "family", channel, language)
        yield f"earlier end staff {channel}", told(sooner, "staff", channel, language)
        yield f"cancellation direction {channel}", told(cancelled, "direction", channel, language)
        yield f"all clear beneficiary {channel}", told(clear, "beneficiary", channel, language)
        yield f"farewell family {channel}", farewell(correction, "family", channel, language)


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


BASE = replace(
    VISITS,
    legal_basis=("loi du 10 mars",),
    unknown=("reference",),
    measures=(
        replace(VISITS.measures[0], modality="permitted", quantity=Quantity("<=", 2, "personne")),
        replace(VISITS.measures[1], deadline=parse_instant("2020-03-12T16:00")),
        replace(VISITS.measures[2], window=Window(time(14), time(17))),
    ),
)


def rule(index: int, **change: object) -> Directive:
    """The base act with one fact of one rule changed."""
    measures = list(BASE.measures)
    measures[index] = replace(measures[index], **change)  # type: ignore[arg-type]
    return replace(BASE, measures=tuple(measures))


def one_change() -> st.SearchStrategy[tuple[Directive, set[str]]]:
    """A revision that changes one fact, and the keys of that fact."""
    hours = st.integers(0, 12).filter(lambda hour: hour != 2)
    days = st.integers(12, 30)
    return st.one_of(
        st.integers(3, 90).map(lambda n: (rule(0, quantity=Quantity("<=", n, "personne")), {"m1.quantity"})),
        st.sampled_from(["forbidden", "recommended", "discouraged", "required"]).map(
            lambda modality: (rule(0, modality=modality), {"m1.modality"})
        ),
        hours.map(lambda h: (rule(2, window=Window(time(12 + h % 12), time(8))), {"m3.window"})),
        days.map(lambda d: (rule(1, deadline=parse_instant(f"2020-03-{d}T09:00")), {"m2.deadline"})),
        days.map(lambda d: (rule(0, effective_to=parse_instant(f"2020-04-{d}")), {"m1.until"})),
        days.map(lambda d: (rule(1, effective_from=parse_instant(f"2020-03-{d}T06:30")), {"m2.from"})),
        days.map(
            lambda d: (
                replace(BASE, effective_to=parse_instant(f"2020-04-{d}")),
                {"m1.until", "m2.until", "m3.until"},
            )
        ),
        st.sampled_from(["92094", "60000", "BE"]).map(
            lambda place: (rule(0, territory=(place,)), {"m1.territory"})
        ),
        st.integers(0, 2).map(lambda i: (rule(i, exceptions=(SAME_PERSON,)), {f"m{i + 1}.exceptions"})),
        st.integers(0, 2).map(
            lambda i: (rule(i, population_rule=SAME_PERSON), {f"m{i + 1}.population_rule"})
        ),
        st.integers(0, 2).map(
            lambda i: (replace(BASE, measures=(*BASE.measures[:i], *BASE.measures[i + 1 :])), {f"m{i + 1}"})
        ),
        st.from_regex(r"0800 [1-9][0-9] [1-9][0-9][0-9]", fullmatch=True)
        .filter(lambda phone: phone != BASE.contacts[0].phone)
        .map(
            lambda phone: (
                replace(BASE, contacts=(replace(BASE.contacts[0], phone=phone),)),
                {f"contact.{BASE.contacts[0].id}.phone"},
            )
        ),
    )


ENDINGS = ("before", "now", "came", "ended")
NUMBERED = re.compile(r"\.\d+$")


def named(found: Block) -> set[str]:
    """The facts that the lines on what changed name, without their place in a list.

    A line opens with its measure's topic, which is no change.
    """
    spans = [span for line in found.head if line.slot.startswith("changed.") for span in line.spans]
    facts = [span.fact.rpartition(".") for span in spans]
    topics = {measure for measure, _, ending in facts if ending == "topic"}
    changed = {fact: ending for fact, _, ending in facts if ending != "topic"}
    assert set(changed.values()) <= set(ENDINGS)
    assert topics <= {fact.partition(".")[0] for fact in changed}
    return {NUMBERED.sub("", fact) for fact in changed}


def printed(found: Block) -> dict[str, set[str]]:
    """How the rest of a block prints each fact; a whole sentence that holds facts is told by its modality."""
    lines = [line for line in found.head if not line.slot.startswith("changed.")]
    lines += [*found.tail, *(line for paragraph in found.paragraphs for line in paragraph.lines)]
    said: dict[str, set[str]] = {}
    for line in lines:
        for span in line.spans:
            if not span.fact.endswith(("modality", "object")):
                fact = NUMBERED.sub("", span.fact)
                said.setdefault(fact, set()).add(line.text[span.start : span.end])
    return said


@settings(max_examples=60, deadline=None)
@given(
    changed=one_change(),
    audience=st.sampled_from(AUDIENCES),
    channel=st.sampled_from(["email", "sms", "web"]),
    language=st.sampled_from(LANGUAGES),
)
def test_the_difference_in_the_text_is_the_difference_in_the_facts(
    changed: tuple[Directive, set[str]], audience: Audience, channel: ChannelName, language: Language
) -> None:
    after, facts = changed
    variant = Variant(HOME, audience, channel, language)

    old, new = block(sheet(BASE, BASE, kind=Kind.NEW), variant), block(sheet(after, BASE), variant)

    assert old is not None
    assert new is not None
    assert named(new) == facts
    before, now = printed(old), printed(new)
    differing = {fact for fact in before.keys() & now.keys() if before[fact] != now[fact]}
    assert differing <= facts
