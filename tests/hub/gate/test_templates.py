"""No template types what only a fact may say."""

from dataclasses import replace

import pytest
from jinja2 import DictLoader, Environment

from hub.gate import templates
from hub.model.directive import LANGUAGES, Language
from hub.render.wording import Words
from tests import a


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_templates_type_no_value_and_no_modal_word_of_another_kind(language: Language) -> None:
    assert templates.faults(a.WORDING.languages[language]) == ()


def test_the_frames_type_no_value_either() -> None:
    assert templates.frame_faults(a.WORDING.jinja) == ()


@pytest.mark.parametrize(
    ("modality", "text", "fault"),
    [
        ("forbidden", "Les visites sont interdites dès 18 h.", "types '18 h'"),
        ("forbidden", "Les visites sont déconseillées.", "says discouraged"),
        ("permitted", "Les visites {beneficiary.aux} {period}.", "does not say that the rule is permitted"),
        ("recommended", "Vous devez, c'est recommandé.", "says required"),
        ("information", "Appelez le 112.", "types '112'"),
        ("information", "Voir https://univoque.example.", "types 'https://univoque.example'"),
        ("information", "Le mercredi 11 mars 2020.", "types 'mercredi 11 mars 2020'"),
    ],
)
def test_a_pattern_that_types_a_fact_is_refused(modality: str, text: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in templates.pattern_faults(text, modality, "fr"))


def words(**wording: object) -> Words:
    french = a.WORDING.languages["fr"]
    return replace(french, wording={**french.wording, **wording})


def test_a_modal_word_in_a_frame_is_refused_unless_the_header_names_it() -> None:
    tail = {**a.WORDING.languages["fr"].wording["tail"], "status": "Lecture obligatoire."}

    refused = templates.faults(words(tail=tail))
    named = templates.faults(replace(words(tail=tail), allowed=frozenset({"obligatoire", "utilisez"})))

    assert refused == ()  # the header of this file names the word already
    assert templates.faults(replace(words(tail=tail), allowed=frozenset({"utilisez"}))) != ()
    assert named == ()


def test_a_digit_typed_in_a_frame_is_refused() -> None:
    frames = {f"messages/{name}": "<p>{{ title }}</p>" for name in templates.FRAMES}
    frames["messages/email.html.j2"] = "<style>p { margin: 0 }</style><p>Dans 3 jours</p>"
    jinja = Environment(loader=DictLoader(frames), autoescape=True)

    assert [where for where, _ in templates.frame_faults(jinja)] == [
        "templates/messages/email.html.j2"
    ] * len(templates.frame_faults(jinja))
    assert templates.frame_faults(jinja)
