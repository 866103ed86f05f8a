"""What was rendered last is not rendered again, and never stands for anything else."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from hub.gate import Spoken, speech
from hub.model.directive import Language, Quantity
from hub.render import Rendering, Sheet, render
from tests import a

LANGUAGES: tuple[Language, ...] = ("fr",)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """The sheets that were rendered."""
    found: list[Sheet] = []

    def noted(sheet: Sheet, languages: Iterable[Language]) -> Rendering:
        found.append(sheet)
        return render(sheet, languages)

    monkeypatch.setattr(speech, "render", noted)
    return found


def test_the_same_sheet_is_rendered_once(rendered: list[Sheet]) -> None:
    spoken = Spoken()

    first = spoken.speak(a.sheet(), a.frame(), LANGUAGES)
    second = spoken.speak(a.sheet(), a.frame(), LANGUAGES)

    assert len(rendered) == 1
    assert first.rendering.blocks
    assert second == first == speech.speak(a.sheet(), a.frame(), LANGUAGES)


@pytest.mark.parametrize(
    "other",
    [
        a.sheet(title=a.text("Autre chose")),
        a.sheet(others={"autre": a.directive(id="autre")}),
        replace(a.sheet(), earlier=(a.directive(),)),
    ],
    ids=["its words", "another act", "an earlier revision"],
)
def test_any_other_sheet_is_rendered_anew(rendered: list[Sheet], other: Sheet) -> None:
    spoken = Spoken()

    spoken.speak(a.sheet(), a.frame(), LANGUAGES)
    spoken.speak(other, a.frame(), LANGUAGES)

    assert rendered == [a.sheet(), other]


def test_what_is_equal_and_may_not_be_said_alike_is_rendered_anew(rendered: list[Sheet]) -> None:
    spoken = Spoken()
    whole, part = (
        a.sheet(measures=(a.measure(quantity=Quantity("<=", value, "personne")),)) for value in (2, 2.0)
    )
    assert whole == part

    spoken.speak(whole, a.frame(), LANGUAGES)
    spoken.speak(part, a.frame(), LANGUAGES)

    assert len(rendered) == 2
