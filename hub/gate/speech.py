"""All that a directive says: rendered once for whoever judges it next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hub.gate import recall
from hub.model.directive import Language
from hub.model.message import Message, Variant
from hub.render import Rendering, Sheet, render
from hub.render.frame import Frame, compose


class Speech(NamedTuple):
    """The blocks of a sheet, the messages made of them, and those for other readers of a later revision."""

    rendering: Rendering
    messages: Mapping[Variant, Message]
    asides: tuple[tuple[Variant, Message], ...]


def speak(sheet: Sheet, frame: Frame, languages: tuple[Language, ...]) -> Speech:
    """Render a directive; the same sheet, frame and languages always give the same words."""
    rendering = render(sheet, languages)
    messages = {variant: compose([block], frame) for variant, block in rendering.blocks.items()}
    return Speech(rendering, messages, tuple(recall.asides(sheet, rendering, frame)))


@dataclass(slots=True)
class Spoken:
    """The speech that was made last: who signs a directive has mostly just looked at it."""

    _of: tuple[object, ...] = ()
    _speech: Speech | None = None

    def speak(self, sheet: Sheet, frame: Frame, languages: tuple[Language, ...]) -> Speech:
        """As `speak`, which is asked only where anything differs from the last time."""
        # As text: 1.5 and 1.50 are equal, and are not said alike.
        facts = (sheet.directive, sheet.kind, sheet.others, sheet.earlier, sheet.withdrawn, sheet.explained)
        asked = (repr(facts), sheet.register, sheet.wording, frame, languages)
        if self._speech is None or asked != self._of:
            self._speech = speak(sheet, frame, languages)
            self._of = asked
        return self._speech
