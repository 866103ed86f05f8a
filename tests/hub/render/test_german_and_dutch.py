"""German and Dutch are words and grammar alone: every real directive speaks them, and says no less than in French.

`pytest tests/hub/render --golden` writes the golden files anew; the change is then read in review.
"""

import re

import pytest

from channels import gsm
from hub import gate
from hub.facts.trace import CLOSE, OPEN, bare
from hub.model.directive import Directive, Language, Modality
from hub.model.message import CHANNELS, Block, Variant
from hub.render import Sheet, block
from hub.render.wording import Words
from tests import a
from tests.hub.render.reading import GOLDEN, ONE_PER_SCENARIO, REAL, held_against, messages, sheet, written

LANGUAGES: tuple[Language, ...] = ("de", "nl")

both = pytest.mark.parametrize("language", LANGUAGES)


@both
@pytest.mark.parametrize("directive", sorted(REAL))
def test_every_real_directive_states_all_that_its_readers_must_have(
    directive: str, language: Language
) -> None:
    case = gate.open_case(sheet(directive), a.frame(), languages=(language,), at=None)

    assert case.rendering.lacking == ()
    assert [finding for finding in gate.examine(case) if finding.code == "U201"] == []


@both
@pytest.mark.parametrize("directive", sorted(REAL))
def test_no_sms_needs_more_than_two_segments(directive: str, language: Language) -> None:
    lengths = {v: gsm.measure(m.text) for v, m in messages(directive, language).items() if v.channel == "sms"}

    assert [v for v, length in lengths.items() if length.segments > 2 or length.encoding != "GSM-7"] == []


@both
@pytest.mark.parametrize("directive", sorted(REAL))
def test_the_typography_is_not_french(directive: str, language: Language) -> None:
    for variant, message in messages(directive, language).items():
        assert not {OPEN, CLOSE, "\u00a0", "«", "{", "["} & set(message.text), variant
        assert not re.search(r"[^ \n-]  +| [,;:.!?](\s|$)", message.text), variant


@both
@pytest.mark.parametrize(("scenario", "directive"), ONE_PER_SCENARIO.items())
def test_the_words_are_those_that_were_read_in_review(
    scenario: str, directive: str, language: Language, request: pytest.FixtureRequest
) -> None:
    text = written(directive, language)

    golden = GOLDEN / f"{language}-{scenario}-{directive}.txt"
    assert text == held_against(golden, text, renew=request.config.getoption("--golden"))


@both
def test_the_bank_speaks_to_the_same_audiences_as_in_french(language: Language) -> None:
    def told(words: Words) -> set[tuple[str, str, str]]:
        return {
            (topic, modality, audience)
            for topic, modalities in words.phrases.items()
            for modality, patterns in modalities.items()
            for audience in patterns
        }

    assert told(a.WORDING.languages["fr"]) - told(a.WORDING.languages[language]) == set()


def ruled(rendered: Block) -> str:
    """What the first measure rules: for residents each sentence is a line."""
    return " ".join(line.text for line in rendered.paragraphs[0].lines if line.slot == "what")


def neutral(modality: Modality, verb: str, object_: str, language: Language) -> str:
    """What a topic without patterns is told to the residents of a home."""
    rule = a.measure(topic="staffing", modality=modality, verb=a.text(verb), object=a.text(object_))
    act: Directive = a.directive(measures=(rule,))
    rendered = block(
        Sheet(act, a.REGISTER, a.WORDING, {}),
        Variant("elderly.residential", "beneficiary", CHANNELS[0], language),
    )
    assert rendered is not None
    return bare(ruled(rendered))


@pytest.mark.parametrize(
    ("modality", "said"),
    [
        ("required", "Die Leitung muss die Besuche begrenzen."),
        ("forbidden", "Es gilt ein Verbot. Für die Leitung heißt das: die Besuche begrenzen."),
        ("permitted", "Die Leitung darf die Besuche begrenzen."),
        ("recommended", "Der Leitung wird Folgendes empfohlen: die Besuche begrenzen."),
        ("discouraged", "Hier wird von etwas abgeraten. Für die Leitung heißt das: die Besuche begrenzen."),
        ("restricted", "Zur Begrenzung muss die Leitung die Besuche begrenzen."),
        ("condition", "Nur unter Bedingungen darf die Leitung die Besuche begrenzen."),
        ("information", "Information für die Leitung: die Besuche begrenzen."),
    ],
)
def test_a_neutral_german_sentence_says_its_modality(modality: Modality, said: str) -> None:
    assert neutral(modality, "begrenzen", "die Besuche", "de") == said


@pytest.mark.parametrize(
    ("modality", "said"),
    [
        ("required", "De directie moet het bezoek beperken."),
        ("forbidden", "Er geldt een verbod. Voor de directie betekent dat: het bezoek beperken."),
        ("permitted", "De directie mag het bezoek beperken."),
        ("recommended", "Aan de directie wordt het volgende aanbevolen: het bezoek beperken."),
        ("discouraged", "Hier wordt iets afgeraden. Voor de directie betekent dat: het bezoek beperken."),
        ("restricted", "Ter beperking moet de directie het bezoek beperken."),
        ("condition", "Alleen onder voorwaarden mag de directie het bezoek beperken."),
        ("information", "Informatie voor de directie: het bezoek beperken."),
    ],
)
def test_a_neutral_dutch_sentence_says_its_modality(modality: Modality, said: str) -> None:
    assert neutral(modality, "beperken", "het bezoek", "nl") == said


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ({"subject": {"de": "die Wettkämpfe"}}, "Das ist verboten: die Wettkämpfe."),
        ({"subject": {"de": "das Fest für den Verein"}}, "Das ist verboten: das Fest für den Verein."),
        ({"subject": {"de": "den Lauf"}, "subject.nom": {"de": "der Lauf"}}, "Das ist verboten: der Lauf."),
        (
            {"subject": {"de": "den Lauf"}},
            "Es gilt ein Verbot. Für die Leitung heißt das: den Lauf absagen.",
        ),
    ],
)
def test_a_german_nominative_is_never_guessed(label: dict[str, dict[str, str]], told: str) -> None:
    rule = a.measure(topic="activities", verb={"de": "absagen"}, object={"de": "den Lauf"}, label=label)

    rendered = block(
        Sheet(a.directive(measures=(rule,), sectors=("sport",)), a.REGISTER, a.WORDING, {}),
        Variant("sport", "beneficiary", "email", "de"),
    )
    assert rendered is not None
    assert ruled(rendered) == told
