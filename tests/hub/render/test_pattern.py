"""Patterns: optional parts vanish whole, needed slots refuse, brackets out of place are named."""

import pytest

from hub.render.pattern import Unfilled, fill, parse


def test_slots_are_filled() -> None:
    assert fill(parse("Portez le masque {place.at}."), {"place.at": "ici"}.get) == "Portez le masque ici."


def test_an_optional_part_without_value_is_left_out_whole() -> None:
    pattern = parse("Visites permises[, avec {count} par {sg}].")

    assert fill(pattern, {"sg": "résident"}.get) == "Visites permises."
    assert fill(pattern, {"sg": "résident", "count": "1"}.get) == "Visites permises, avec 1 par résident."


def test_a_needed_slot_without_value_is_a_refusal_that_names_it() -> None:
    with pytest.raises(Unfilled, match="max"):
        fill(parse("Limitez à {max}."), lambda _: None)


@pytest.mark.parametrize("text", ["a [b [c]]", "a ]", "a [b", "a {b", "a }", "{B}"])
def test_a_sign_out_of_place_is_refused_with_the_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        parse(text)


def test_every_pattern_of_the_bank_parses() -> None:
    from tests import a

    patterns = [
        text
        for words in a.WORDING.languages.values()
        for modalities in words.phrases.values()
        for audiences in modalities.values()
        for text in audiences.values()
    ]

    assert all(parse(text) for text in patterns)
