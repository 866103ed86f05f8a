"""English needs words and a grammar only: every real directive is told in it, whole, and as it was read in review."""

import pytest

from channels import gsm
from hub import gate
from hub.model.message import Variant
from tests import a
from tests.hub.render.reading import GOLDEN, ONE_PER_SCENARIO, REAL, held_against, messages, sheet, written


@pytest.mark.parametrize("directive", sorted(REAL))
def test_every_message_states_every_fact_its_reader_must_have(directive: str) -> None:
    case = gate.open_case(sheet(directive), a.frame(), languages=("en",), at=None)

    found = {finding.code: finding for finding in gate.examine(case)}

    assert case.messages
    assert "U201" not in found, found["U201"]
    assert "U202" not in found, found["U202"]


@pytest.mark.parametrize("directive", sorted(REAL))
def test_no_text_message_needs_more_than_two_segments(directive: str) -> None:
    lengths = {
        variant: gsm.measure(message.text)
        for variant, message in messages(directive, "en").items()
        if variant.channel == "sms"
    }

    assert [v for v, length in lengths.items() if length.segments > 2 or length.encoding != "GSM-7"] == []


@pytest.mark.parametrize(("scenario", "directive"), ONE_PER_SCENARIO.items())
def test_the_words_are_those_that_were_read_in_review(
    scenario: str, directive: str, request: pytest.FixtureRequest
) -> None:
    text = written(directive, "en")

    golden = GOLDEN / f"en-{scenario}-{directive}.txt"
    assert text == held_against(golden, text, renew=request.config.getoption("--golden"))


@pytest.mark.parametrize("directive", ONE_PER_SCENARIO.values())
def test_no_french_word_around_the_facts_is_left(directive: str) -> None:
    french = ("Cette consigne", "à partir", "EXERCICE", "jusqu'", " la direction", "inclus.", " :", " ;", "«")

    for variant, message in messages(directive, "en").items():
        assert [word for word in french if word in message.text] == [], variant


def test_the_actor_decides_who_reads_an_imperative() -> None:
    rendered = messages("wal-mesures-2020-10-23", "en")

    family = rendered[Variant("elderly.residential", "family", "email", "en")].text
    staff = rendered[Variant("elderly.residential", "staff", "email", "en")].text
    assert "Wear a mask when you come to the care home." in family
    assert "Relatives must wear a mask during the visit" in staff
    assert "Wear a mask" not in staff


def test_a_rule_for_everybody_names_no_place_of_a_sector() -> None:
    rendered = messages("be-masques-2020-07-10", "en")

    citizen = rendered[Variant("home.care", "citizen", "email", "en")].text
    assert "People aged 12 or over must wear a mask in places open to the public." in citizen
