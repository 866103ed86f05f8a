"""What one measure says to one audience: the bank's sentence, else the act's own words in a neutral frame."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.facts.trace import bare, capitalised, sentences, states, traced, untrace_line
from hub.model.directive import Audience, LabelledQuantity, Quantity, Window
from hub.model.message import Line, Paragraph
from hub.render.easy import apart
from hub.render.pattern import Resolve, Unfilled, fill, parse
from hub.render.slots import MeasureSlots
from hub.render.wording import Anatomy, Style

_TIMELESS = re.compile(r",? \{period\}")
"""The place of the period in an SMS pattern."""


class LackingWords(Exception):
    """The sheet lacks the words of this language; the argument names the field."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The traced sentence that says what is ruled, and how it was found."""

    text: str
    neutral: bool


def paragraph(slots: MeasureSlots, audience: Audience, anatomy: Anatomy) -> Paragraph:
    """All lines of one measure in the audience's order and style. Raises LackingWords."""
    what = sentence(slots, audience)
    written: dict[str, list[Line]] = {}
    for slot, line in _lines(slots, what, anatomy.style):
        written.setdefault(slot, []).append(line)
    lines = [line for slot in anatomy.measure for line in written.get(slot, ())]
    return Paragraph(slots.name, tuple(apart(lines) if anatomy.style == "easy" else lines))


def sms_paragraph(slots: MeasureSlots, audience: Audience) -> Paragraph:
    """The short form: the bank's SMS pattern, else the audience's sentence with its period. Raises LackingWords."""
    measure = slots.measure
    wording = slots.words.wording["sms"]
    what, brief = (_placed(slots, text) for text in _sms_sentences(slots, audience))
    assert what is not None
    lines = [_line("what", what)]
    if brief:
        lines.append(_line("brief", brief))
    lines += [_line("value", text) for text in _missing_values(slots, what, wording)]
    if measure.population_rule:
        lines.append(_line("value", _needed(slots.words.tail("population"), slots, "population_rule")))
    if measure.deadline and not states(what, f"{slots.key}deadline"):
        lines.append(_line("value", fill(parse(wording["deadline"]), slots)))
    for name in ("exceptions", "conditions"):
        if getattr(measure, name):
            lines.append(_line(name, _needed(wording[name], slots, name)))
    lines += [Line("details", line.text, line.spans) for _, line in _details(slots)]
    return Paragraph(slots.name, tuple(lines))


def _sms_sentences(slots: MeasureSlots, audience: Audience) -> tuple[str, str | None]:
    """The short sentence with its period, and without it for a text that says the period of all rules once."""
    measure = slots.measure
    pattern = slots.words.phrase(measure.topic, measure.modality, "sms", measure.actor)
    timed = pattern is not None and _TIMELESS.search(pattern) is not None
    what = _try(pattern, slots) if pattern else None
    if pattern is None or what is None or not _prints_all(what, slots):
        what, timed = sentence(slots, audience).text, False
    else:
        what = _modality(slots, what if bare(what).endswith(".") else f"{what}.")
    if timed and pattern is not None:
        brief = _try(_TIMELESS.sub("", pattern), slots)
        return what, brief and _modality(slots, brief)
    period = slots("period")
    return (f"{what} {capitalised(period)}.", what) if period else (what, None)


def _placed(slots: MeasureSlots, sentence: str | None) -> str | None:
    return f"{slots.short_place()}: {sentence}" if sentence and slots.placed else sentence


def sms_period(slots: MeasureSlots) -> str | None:
    """The period as one sentence for several rules; None where it is not known."""
    period = slots("period")
    return fill(parse(slots.words.wording["sms"]["period_all"]), {"period": period}.get) if period else None


def sentence(slots: MeasureSlots, audience: Audience) -> Sentence:
    """The sentence for an audience. Raises LackingWords when not even the neutral one can be made."""
    measure = slots.measure
    pattern = slots.words.phrase(measure.topic, measure.modality, audience, measure.actor)
    if pattern:
        filled = _try(pattern, slots)
        # The pattern alone must not say more than the rule: each value is printed, or has a label of its own.
        if filled is not None and all(_label(slots, name) for name in _unprinted(filled, slots)):
            return Sentence(_modality(slots, filled), neutral=False)
    return Sentence(_modality(slots, _neutral(slots)), neutral=True)


def validity(slots: MeasureSlots, style: Style, *, several: bool = False) -> tuple[Line, ...]:
    """Where and when the measure holds: one sentence, or in easy style one for the place and one for the time."""
    name = f"{'_information' if slots.informs else ''}{'_all' if several else ''}"
    where = slots.words.tail(f"validity{name}")
    if style == "plain":
        return (_line("validity", fill(parse(where), slots)),)
    placed = _line("validity", fill(parse(where), lambda slot: None if slot == "period" else slots(slot)))
    when = _try(slots.words.tail(f"when{name}"), slots)
    return (placed, _line("when", when)) if when else (placed,)


def _unknown_dates(slots: MeasureSlots) -> Iterator[Line]:
    """An unknown date is a sentence of its own, never a filler of a period."""
    if slots.scope.start_unknown:
        yield _line("from", slots.say("from", slots.words.tail("start_unknown")))
    if slots.scope.end_unknown:
        yield _line("until", slots.say("until", slots.words.tail("end_unknown")))


def _lines(slots: MeasureSlots, what: Sentence, style: Style) -> Iterator[tuple[str, Line]]:
    measure, words = slots.measure, slots.words
    yield "what", _line("what", what.text)
    for name, text in zip(("number", "hours"), _values(slots, what.text, words.wording["tail"]), strict=True):
        if text:
            yield name, _line(name, text)
    if measure.population_rule:
        yield "population", _line("population", _needed(words.tail("population"), slots, "population_rule"))
    # An unknown start comes first: "applies in Belgium" alone would be read as "from now on".
    unknown = {line.slot: line for line in _unknown_dates(slots)}
    for date in (unknown.get("from"), *validity(slots, style), unknown.get("until")):
        if date:
            yield "validity", date
    for name, one in (("exceptions", "exception"), ("conditions", "condition")):
        texts = getattr(measure, name)
        if len(texts) > 1 and style == "plain":
            yield name, _line(name, _needed(words.tail(name), slots, name))
            continue
        for index in range(len(texts)):
            yield name, _line(name, _needed(words.tail(one), slots, name, slots.only(name, index)))
    if measure.deadline and not states(what.text, f"{slots.key}deadline"):
        yield "deadline", _line("deadline", fill(parse(words.tail("deadline")), slots))
    yield from _details(slots)


def _details(slots: MeasureSlots) -> Iterator[tuple[str, Line]]:
    """What is said beside the rule: further numbers, advice, another source's hours, what is not known."""
    measure = slots.measure
    if measure.further:
        parts = [_further(slots, i, further) for i, further in enumerate(measure.further)]
        yield "further", _line("further", " ".join(parts))
    if measure.advice_quantity:
        yield "advice", _line("advice", _advice(slots, measure.advice_quantity))
    if measure.window_alternative:
        yield "alternative", _line("alternative", _alternative(slots, measure.window_alternative))
    fields = [field for field in measure.unknown if not field.startswith("effective_")]
    if fields:
        yield "unknown", _line("unknown", " ".join(_unknown(slots, field) for field in fields))


def _values(slots: MeasureSlots, what: str, wording: dict[str, str]) -> tuple[str | None, str | None]:
    """The number and the hours where the sentence does not print them, as "label: value"."""
    missing = _unprinted(what, slots)
    number = hours = None
    quantity, window = slots.measure.quantity, slots.measure.window
    if "quantity" in missing and quantity:
        label = _label(slots, "quantity") or slots.printer.quantity_label(quantity)
        value = slots.say("quantity", slots.printer.quantity(quantity))
        words = {"label": label, "quantity": value, "per": slots("per")}
        number = capitalised(fill(parse(wording["number"]), words.get))
    if "window" in missing and window:
        label = _label(slots, "window") or slots.words.tail("hours_label")
        value = slots.say("window", slots.printer.window(window))
        hours = capitalised(fill(parse(wording["hours"]), {"label": label, "window": value}.get))
    return number, hours


def _missing_values(slots: MeasureSlots, what: str, wording: dict[str, str]) -> list[str]:
    return [text for text in _values(slots, what, wording) if text]


def _label(slots: MeasureSlots, name: str) -> str | None:
    label = slots.measure.label.get(name)
    text = label.get(slots.language) if label else None
    return slots.say(f"label.{name}", text) if text else None


def _unprinted(what: str, slots: MeasureSlots) -> list[str]:
    """Which of the values that make the rule the sentence does not state."""
    return [
        name
        for name in ("quantity", "window")
        if getattr(slots.measure, name) is not None and not _says(what, name, slots)
    ]


def _says(what: str, name: str, slots: MeasureSlots) -> bool:
    """Whether a sentence states a value; a number with the sheet's words for each of whom it counts."""
    counts_per = name == "quantity" and "per" in slots.measure.label
    return states(what, f"{slots.key}{name}") and (not counts_per or states(what, f"{slots.key}label.per"))


def _prints_all(what: str, slots: MeasureSlots) -> bool:
    return all(_label(slots, name) for name in _unprinted(what, slots))


def _try(pattern: str, slots: MeasureSlots) -> str | None:
    try:
        return sentences(fill(parse(pattern), slots))
    except Unfilled:
        return None


def _needed(pattern: str, slots: MeasureSlots, field: str, resolve: Resolve | None = None) -> str:
    try:
        return fill(parse(pattern), resolve or slots)
    except Unfilled as error:
        raise LackingWords(f"{slots.measure.id}.{field}") from error


def _neutral(slots: MeasureSlots) -> str:
    patterns = slots.words.wording["neutral"][slots.measure.modality]
    actor = slots.words.wording["actor"][slots.measure.actor]
    pattern = patterns.get("any") or patterns["many" if actor["many"] else "one"]

    def resolve(name: str) -> str | None:
        if name.partition(".")[0] == "actor":
            return _actor(slots, actor, name.partition(".")[2])
        if name.startswith("verb."):
            verb = slots("verb")
            return verb and slots.printer.elided(name.partition(".")[2], verb)
        return slots(name)

    try:
        return sentences(fill(parse(pattern), resolve))
    except Unfilled as error:
        raise LackingWords(f"{slots.measure.id}.{error.args[0].partition('.')[0]}") from error


def _actor(slots: MeasureSlots, actor: dict[str, str], case: str) -> str | None:
    """Who acts, in a case of the wording's [actor] table ("to", "acc", "dat" …), plain without one."""
    if "text" in actor:
        return actor[case or "text"]
    form = actor[f"{case}_form" if case else "form"]
    return slots.words.noun(slots.sector, f"{actor['role']}.{form}", sms=slots.sms)


def _further(slots: MeasureSlots, index: int, further: LabelledQuantity) -> str:
    label = further.label.get(slots.language)
    if label is None:
        raise LackingWords(f"{slots.measure.id}.further {index + 1}.label")
    quantity = Quantity(further.op, further.value, further.unit)
    label = slots.say(f"further.{index + 1}.label", label)
    value = slots.say(f"further.{index + 1}", slots.printer.quantity(quantity))
    return capitalised(fill(parse(slots.words.tail("further")), {"label": label, "quantity": value}.get))


def _advice(slots: MeasureSlots, advice: Quantity) -> str:
    value = slots.say("advice_quantity", slots.printer.quantity(advice))
    by = slots.say("advice_quantity.by", advice.by) if advice.by else None
    return fill(parse(slots.words.tail("advice")), {"by": by, "quantity": value}.get)


def _alternative(slots: MeasureSlots, window: Window) -> str:
    value = slots.say("window_alternative", slots.printer.window(window))
    return fill(parse(slots.words.tail("alternative")), {"window": value}.get)


def _unknown(slots: MeasureSlots, field: str) -> str:
    fields = slots.words.wording["field"]
    name = fields.get(field, fields["other"])
    return slots.say(f"unknown.{field}", fill(parse(slots.words.tail("unknown")), {"field": name}.get))


def _modality(slots: MeasureSlots, text: str) -> str:
    """The sentence as a whole states the modality."""
    return traced(f"{slots.key}modality", text)


def _line(slot: str, text: str) -> Line:
    plain, spans = untrace_line(capitalised(text))
    return Line(slot, plain, spans)
