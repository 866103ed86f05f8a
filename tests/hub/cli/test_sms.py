"""What an editor reads about an SMS: nothing is replaced in silence, and what makes it dear is named."""

import pytest

from hub.cli.sms import report, shown
from hub.model.message import Hat, Message, Replaced


def message(text: str, *replaced: Replaced) -> Message:
    hats = (Hat("general", "citizen"),)
    return Message("x", hats, "sms", "fr", "", text, None, (), replaced=replaced)


def test_replacements_are_counted_by_what_became_what() -> None:
    twice = (Replaced(1, 2, "ê", "e"), Replaced(5, 6, "ê", "e"), Replaced(8, 11, "…", "..."))

    told = report(message("fete fete...", *twice), 0.055)

    assert told.to_json()["replaced"] == [
        {"old": "ê", "new": "e", "count": 2},
        {"old": "…", "new": "...", "count": 1},
    ]
    assert "(in other letters: ê → e × 2; … → ... × 1)" in list(told.lines())


def test_a_character_that_nothing_stands_in_for_is_named_with_its_places() -> None:
    told = report(message("a☂b☂"), 0.055)

    assert told.to_json()["encoding"] == "UCS-2"
    assert told.to_json()["offenders"] == [{"character": "☂", "name": "UMBRELLA", "positions": [1, 3]}]
    assert any("☂ UMBRELLA" in line for line in told.lines())


@pytest.mark.parametrize(
    ("length", "segments", "cost"), [(160, 1, 0.055), (161, 2, 0.11), (306, 2, 0.11), (307, 3, 0.165)]
)
def test_the_cost_is_that_of_the_segments(length: int, segments: int, cost: float) -> None:
    told = report(message("a" * length), 0.055)

    assert (told.length.segments, told.cost) == (segments, cost)
    assert next(iter(told.lines())).startswith(f"({segments} segment")


@pytest.mark.parametrize(
    ("characters", "seen"),
    [("ê", "ê"), ("\u00a0", "no-break space"), ("« ", "« space"), ("", "nothing"), ("\u00ad", "soft hyphen")],
)
def test_what_nobody_can_see_is_called_by_its_name(characters: str, seen: str) -> None:
    assert shown(characters) == seen
