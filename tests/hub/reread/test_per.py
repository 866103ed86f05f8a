"""The reader hears for each of whom or what a number counts, right behind it."""

import pytest

from hub.model.directive import Language
from hub.reread import says_per


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("fr", "Au plus 1 personne par résident.", "1 personne"),
        ("fr", "Au plus 1 personne\u00a0par\u00a0résident.", "1 personne"),
        ("de", "auf 1 Person je Bewohner begrenzt", "1 Person"),
        ("de", "Höchstens 5 Personen pro Gruppe", "5 Personen"),
        ("nl", "hoogstens 1 persoon per bewoner", "1 persoon"),
        ("en", "At most 1 person per resident", "1 person"),
        ("en", "At most 1 person for each resident", "1 person"),
    ],
)
def test_words_behind_a_number_say_for_each_of_whom_it_counts(
    language: Language, text: str, value: str
) -> None:
    assert says_per(text, text.index(value) + len(value), language)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("fr", "Au plus 1 personne.", "1 personne"),
        ("fr", "1 personne désignée par résident", "1 personne"),
        ("fr", "1 personne par la direction", "1 personne"),
        ("fr", "1 personne parlant français", "1 personne"),
        ("de", "Höchstens 1 Person. Je Bewohner", "1 Person"),
        ("de", "1 Person je nach Lage", "1 Person"),
        ("nl", "1 persoon perfect", "1 persoon"),
        ("en", "1 person", "1 person"),
        ("en", "1 person for the resident", "1 person"),
    ],
)
def test_other_words_do_not_say_it(language: Language, text: str, value: str) -> None:
    assert not says_per(text, text.index(value) + len(value), language)
