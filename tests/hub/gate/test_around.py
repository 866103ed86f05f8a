"""Around a fact as within it, no word makes something else of what the sheet says."""

from dataclasses import replace

import pytest

from hub.gate import Case
from hub.model.directive import Language
from hub.model.message import Message, Span, Variant
from tests.hub.gate.test_consistency import case, slips

VISITS, MEASURES, SPORT = "wal-visites-2020-03-11", "wal-mesures-2020-10-23", "fwb-sport-2020-10-23"
PROLONGED, POWER = "wal-visites-2020-04-01", "demo-delestage-2026-01-14"


def changed(
    judged: Case, audience: str, channel: str, language: Language, before: str, after: str
) -> Message:
    """The first message of such readers that says some words, with others in their place."""
    message = next(
        message
        for variant, message in judged.messages.items()
        if variant[1:] == (audience, channel, language) and before in message.text
    )
    at, moved = message.text.index(before), len(after) - len(before)
    end = at + len(before)
    spans = tuple(
        Span(s.start + moved * (s.start > at), s.end + moved * (s.end > at), s.fact) for s in message.spans
    )
    return replace(message, text=f"{message.text[:at]}{after}{message.text[end:]}", spans=spans)


@pytest.mark.parametrize(
    ("directive", "audience", "channel", "language", "before", "after"),
    [
        (VISITS, "direction", "email", "en", "Exceptions: ", "Also: "),
        (VISITS, "direction", "email", "en", "Exceptions: ", "Conditions: "),
        (VISITS, "beneficiary", "email", "nl", "Uitzondering: ", "Voorwaarde: "),
        (PROLONGED, "direction", "sms", "fr", "Sauf: ", "Aussi: "),
        (MEASURES, "citizen", "email", "fr", " de 22", " sauf de 22"),
        (MEASURES, "citizen", "email", "en", " from 22", " except from 22"),
        (MEASURES, "citizen", "email", "de", " von Samstag", " außer von Samstag"),
        (SPORT, "direction", "email", "en", "for people", "except for people"),
    ],
)
def test_what_is_no_exception_is_not_said_as_one_and_what_is_one_is(
    directive: str, audience: str, channel: str, language: Language, before: str, after: str
) -> None:
    told = slips(directive, changed(case(directive), audience, channel, language, before, after))

    assert "U214" in {slip.code for slip in told}


@pytest.mark.parametrize(
    ("directive", "language", "before", "after"),
    [
        (VISITS, "fr", ", du mercredi", ", au mercredi"),
        (VISITS, "fr", "2020 au mardi", "2020 du mardi"),
        (VISITS, "de", "von Mittwoch", "bis Mittwoch"),
        (VISITS, "nl", "van woensdag", "tot woensdag"),
        (VISITS, "en", "from Wednesday", "until Wednesday"),
        (POWER, "fr", "au plus tard", "au plus tôt"),
        (POWER, "de", "spätestens", "frühestens"),
    ],
)
def test_a_start_is_not_said_as_an_end_nor_an_end_as_a_start(
    directive: str, language: Language, before: str, after: str
) -> None:
    told = slips(directive, changed(case(directive), "direction", "email", language, before, after))

    assert any(slip.code == "U212" and "of a time" in slip.text for slip in told)


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("fr", "de 22 h à 6 h", "hors de 22 h à 6 h"),
        ("en", "from 22:00 to 06:00", "from 22:00 pm to 06:00 pm"),
        ("de", "von 22 Uhr bis", "vor 22 Uhr bis"),
        ("nl", "van 22 uur", "buiten 22 uur"),
    ],
)
def test_a_word_within_a_value_that_is_none_of_its_words_is_told(
    language: Language, before: str, after: str
) -> None:
    judged = case(MEASURES)
    variant = next(v for v in judged.messages if v[1:] == ("citizen", "email", language))
    message = judged.messages[variant]
    window = next(s for s in message.spans if s.fact.endswith(".window"))
    words = message.text[window.start : window.end]
    wrong = words.replace(before, after)
    moved = len(wrong) - len(words)
    spans = tuple(
        Span(s.start + moved * (s.start >= window.end), s.end + moved * (s.end >= window.end), s.fact)
        for s in message.spans
    )
    text = f"{message.text[: window.start]}{wrong}{message.text[window.end :]}"

    told = slips(MEASURES, replace(message, text=text, spans=spans))

    assert wrong != words
    assert "U212" in {slip.code for slip in told}


def test_the_words_of_the_sheet_may_except_what_they_like() -> None:
    judged = case(VISITS)
    message = judged.messages[Variant("elderly.residential", "direction", "email", "fr")]

    assert "hors région de langue allemande" in message.text
    assert slips(VISITS, message) == []
