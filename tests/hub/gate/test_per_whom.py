"""A number of people that counts for each of something never loses it, in no language and on no channel."""

import re
from dataclasses import replace

import pytest

from hub import gate
from hub.gate import Case, per_whom, voices
from hub.model.directive import LANGUAGES, Language, Quantity, Text
from hub.model.message import Message, Variant
from hub.model.review import Kind
from hub.render import Sheet
from hub.render.missing import slots_of
from tests import a
from tests.hub.gate.test_consistency import case
from tests.hub.gate.test_voices import faults

VISITS = "wal-visites-2020-04-28"
PER: dict[Language, str] = {
    "fr": "par résident",
    "de": "je Bewohner",
    "nl": "per bewoner",
    "en": "per resident",
}
VISITORS = {
    "topic": "visits",
    "modality": "permitted",
    "quantity": Quantity("<=", 1, "personne"),
    "label": {},
}
ROOM: Text = {"fr": "par chambre", "de": "je Zimmer", "nl": "per kamer", "en": "per room"}


def where(judged: Case) -> list[str]:
    return [finding.where for finding in per_whom.said_per_whom(judged)]


def judged(**changed: object) -> Case:
    """A sheet on care homes with one number of people."""
    given = {"topic": "visits", "modality": "permitted", "quantity": Quantity("<=", 1, "personne"), **changed}
    measure = replace(a.measure(label={}), **given)  # type: ignore[arg-type]
    return gate.open_case(a.sheet(measures=(measure,)), a.frame(), languages=LANGUAGES, at=None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_reads_that_the_number_is_one_per_resident_in_each_language(language: Language) -> None:
    message = case(VISITS).messages[Variant("elderly.residential", "family", "email", language)]

    assert re.search(rf"1 \w+ {PER[language]}\.", message.text)


def test_every_text_that_says_the_number_of_visitors_says_per_whom() -> None:
    assert where(case(VISITS)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_that_lost_per_whom_blocks_whatever_its_audience_and_channel(language: Language) -> None:
    opened = case(VISITS)
    lost: dict[Variant, Message] = {}
    for variant, message in opened.messages.items():
        if variant.language == language and "m2.quantity" in message.stated:
            text = re.sub(rf" {PER[language]}\b", "", message.text)
            lost[variant] = replace(message, text=text)

    findings = list(per_whom.said_per_whom(replace(opened, messages=lost)))

    assert {v.audience for v in lost} == {"direction", "staff", "beneficiary", "family"}
    assert [finding.where for finding in findings] == [":".join(variant) for variant in lost]
    assert {(finding.code, finding.level.value) for finding in findings} == {("U212", "blocker")}
    assert "m2.quantity" in findings[0].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_that_lost_per_whom_blocks_too(language: Language) -> None:
    opened = judged()
    variant = next(v for v in opened.messages if v[2:] == ("sms", language))
    message = opened.messages[variant]
    nouns = "personne", "résident", "Person", "Bewohner", "persoon", "bewoner", "person", "resident"
    text = re.sub(rf"(1 (?:{'|'.join(nouns)})) \w+ (?:{'|'.join(nouns)})", r"\1", message.text)

    assert text != message.text
    assert where(opened) == []
    assert where(replace(opened, messages={variant: replace(message, text=text)})) == [":".join(variant)]


def test_it_is_asked_in_every_examination() -> None:
    assert per_whom.said_per_whom in gate.CHECKS


@pytest.mark.parametrize("modality", ["required", "recommended"])
def test_a_neutral_sentence_says_per_whom_by_the_topic_or_the_label_of_the_sheet(modality: str) -> None:
    opened, labelled = judged(modality=modality), judged(modality=modality, label={"per": ROOM})

    assert where(opened) == where(labelled) == []
    for variant, message in labelled.messages.items():
        assert ROOM[variant.language] in message.text
        assert PER[variant.language] in opened.messages[variant].text.replace("\u00a0", " ")


def test_the_old_and_the_new_number_of_a_change_say_per_whom() -> None:
    first = a.directive(measures=(a.measure(**VISITORS),))
    second = replace(first, measures=(a.measure(**{**VISITORS, "quantity": Quantity("<=", 2, "personne")}),))
    sheet = Sheet(second, a.REGISTER, a.WORDING, {}, kind=Kind.UPDATE, earlier=(first,))
    opened = gate.open_case(sheet, a.frame(kind=Kind.UPDATE), languages=LANGUAGES, at=None)
    variant = Variant("elderly.residential", "family", "email", "de")
    message = opened.messages[variant]
    text = message.text.replace("1 Person je Bewohner", "1 Person", 1)

    assert "1 Person je Bewohner" in message.text
    assert where(opened) == []
    assert where(replace(opened, messages={variant: replace(message, text=text)})) == [":".join(variant)]


@pytest.mark.parametrize("topic", ["visits", "cohorting", "activities"])
def test_the_label_of_the_sheet_is_said_where_the_bank_has_no_place_for_it(topic: str) -> None:
    opened = judged(topic=topic, label={"per": ROOM})

    assert {v for v, message in opened.messages.items() if ROOM[v.language] not in message.text} == set()


def test_a_message_without_the_label_of_the_sheet_lacks_a_fact() -> None:
    opened = judged(label={"per": ROOM})
    variant = next(iter(opened.messages))
    message = opened.messages[variant]
    spans = tuple(span for span in message.spans if not span.fact.endswith("label.per"))
    fewer = replace(opened, messages={variant: replace(message, spans=spans)})

    found = [finding for finding in gate.examine(fewer) if finding.code == "U201"]

    assert [finding.text for finding in found] == ["the message does not state m1.label.per"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_patterns_of_a_topic_that_counts_per_somebody_say_so(language: Language) -> None:
    phrases = a.WORDING.languages[language].phrases
    silent = [
        (topic, modality, key)
        for topic, table in phrases.items()
        if a.REGISTER.topics[topic].per
        for modality, patterns in table.items()
        for key, text in patterns.items()
        if {"count", "max"} & set(slots_of(text)) and not voices.denominators(text, language)
    ]

    assert silent == []
    assert {topic for topic in phrases if a.REGISTER.topics[topic].per} == {"visits", "cohorting"}


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("de", "visits.permitted.family", " {beneficiary.per}", ""),
        ("fr", "visits.restricted.sms", " par {beneficiary.sg}", ""),
        ("nl", "cohorting.required.family", " per groep", ""),
        ("en", "capacity.restricted.direction", "[ {per}]", ""),
        ("en", "tail.number", "[ {per}]", ""),
    ],
)
def test_a_sentence_that_drops_per_whom_in_one_language_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert len(faults(language, place, old, new)) == 1
