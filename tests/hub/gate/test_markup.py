"""HTML and subject say what the text says."""

from dataclasses import replace

import pytest

from hub.gate import markup
from hub.gate.statements import statements
from hub.model.message import Message, Variant
from tests.hub.gate.test_consistency import case
from tests.hub.render.reading import REAL

FAMILY = Variant("elderly.residential", "family", "email", "fr")


def told(message: Message) -> list[str]:
    judged = case("wal-visites-2020-03-11")
    allowed = judged.sheet.wording.languages[message.language].allowed
    return list(markup.differences(message, statements(judged.sheet, judged.frame), allowed=allowed))


def family() -> Message:
    return case("wal-visites-2020-03-11").messages[FAMILY]


@pytest.mark.parametrize("directive", sorted(REAL))
def test_html_and_subject_of_every_real_directive_say_what_the_text_says(directive: str) -> None:
    assert list(markup.same_as_text(case(directive))) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("11 mars", "12 mars"),
        ("sont interdites", "sont permises"),
        ("0800 14 689", "0800 14 688"),
        ("fin de vie", "fin de mois"),
        ("https://univoque.example/d/K7QX2M", "https://univoque.example/d/K7QX2N"),
    ],
)
def test_a_word_changed_in_the_html_alone_is_told(before: str, after: str) -> None:
    html = family().html
    assert html is not None
    assert before in html

    assert told(replace(family(), html=html.replace(before, after)))


def test_a_line_added_to_the_html_is_told() -> None:
    html = str(family().html).replace("</body>", "<p>Il est interdit de sortir dès 20 h.</p></body>")

    assert told(replace(family(), html=html))


def test_a_fact_outside_of_every_paragraph_is_told() -> None:
    html = str(family().html).replace("</body>", "<div>dès 20 h</div></body>")

    assert told(replace(family(), html=html))


def test_a_subject_that_is_not_the_title_is_told() -> None:
    assert told(replace(family(), subject="Visites permises dès 8 h"))


def test_a_subject_that_says_more_than_the_title_is_told() -> None:
    assert told(replace(family(), subject=f"{family().subject} (obligatoire)"))
