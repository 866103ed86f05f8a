"""One measure alone in the words of one reader, for lists that gather the rules of many acts."""

from hub.facts.scope import Scope
from hub.facts.trace import untrace_line
from hub.model.directive import Directive, Language, Measure
from hub.model.message import Hat, Line
from hub.register import Register
from hub.register.entries import GENERAL
from hub.render.measure import paragraph
from hub.render.slots import MeasureSlots
from hub.render.wording import Wording


def single(
    owner: Directive,
    measure: Measure,
    hat: Hat,
    language: Language,
    *,
    scope: Scope,
    wording: Wording,
    register: Register,
) -> tuple[Line, ...]:
    """The lines of a measure with the dates of `scope`; first, where it binds nobody, that it does not.

    Raises LackingWords, with the field.
    """
    words = wording.languages[language]
    slots = MeasureSlots(
        owner=owner,
        measure=measure,
        scope=scope,
        sector=hat.sector if hat.sector in scope.sectors else GENERAL,
        words=words,
        printer=words.printer,
        register=register,
        key=f"{owner.id}#{measure.id}.",
        sms=False,
        informs=measure.modality == "information",
        placed=False,
    )
    lines = paragraph(slots, hat.audience, wording.anatomy[hat.audience]).lines
    mark = _mark(owner, register)
    if mark is None:
        return lines
    text, spans = untrace_line(slots.say(mark, words.tail(mark)))
    return (Line(mark, text, spans), *lines)


def _mark(owner: Directive, register: Register) -> str | None:
    """An announcement is never shown as law (decision 27)."""
    if owner.reported:
        return "reported"
    return "announced" if register.issuers[owner.issuer].binding == "none" else None
