"""The block of a directive for one variant: its head, a paragraph per measure that concerns the reader, its tail."""

from collections.abc import Iterator

from hub.facts.scope import scope_of
from hub.facts.trace import bare, traced, untrace_line
from hub.model.directive import Directive, Language, Measure
from hub.model.message import Block, Line, Paragraph, Variant
from hub.register.entries import GENERAL
from hub.render import measure as rendering
from hub.render.easy import apart
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.section import said_validity
from hub.render.sheet import Sheet
from hub.render.slots import MeasureSlots, contact_of, contact_slot, fact_prefix
from hub.render.wording import Style, Words
from hub.render.writer import Writer


def block(sheet: Sheet, variant: Variant) -> Block | None:
    """The block for a variant, None when no measure concerns it. Raises LackingWords, with the field."""
    concerned = sheet.measures_for(variant.sector, variant.audience)
    if not concerned:
        return None
    words = sheet.wording.languages[variant.language]
    anatomy = sheet.wording.anatomy[variant.audience]
    informs = all(measure.modality == "information" for _, measure in concerned)
    placed = {scope_of(sheet.directive, m).territory for _, m in concerned} != {sheet.directive.territory}
    slots = [
        slots_of(sheet, owner, measure, variant, words, informs=informs, placed=placed)
        for owner, measure in concerned
    ]
    named = title(sheet.directive, variant.language)
    if variant.channel == "sms":
        paragraphs = tuple(rendering.sms_paragraph(slot, variant.audience) for slot in slots)
        return Block(
            sheet.directive.id,
            variant,
            named,
            tuple(sms_head(sheet, variant, words, placed=placed)),
            paragraphs,
            tuple(_sms_tail(sheet, variant, words, slots, paragraphs)),
        )
    paragraphs = tuple(rendering.paragraph(slot, variant.audience, anatomy) for slot in slots)
    writer = Writer(sheet, variant, words, concerned)
    head = tuple(line for name in anatomy.head for line in writer.lines(name))
    tail = tuple(line for name in anatomy.tail for line in writer.lines(name))
    if anatomy.style == "easy":
        head, tail = tuple(apart(head)), tuple(apart(tail))
    shared = _shared_validity(slots, paragraphs, anatomy.style)
    return Block(sheet.directive.id, variant, named, head, paragraphs, tail + shared)


def slots_of(
    sheet: Sheet,
    owner: Directive,
    measure: Measure,
    variant: Variant,
    words: Words,
    *,
    informs: bool,
    placed: bool,
) -> MeasureSlots:
    """The slots of one measure for one variant."""
    scope = scope_of(sheet.directive, measure)
    return MeasureSlots(
        owner=owner,
        measure=measure,
        scope=scope,
        # A rule for everybody names no sector's place: masks in public places are not masks at home.
        sector=variant.sector if variant.sector in scope.sectors else GENERAL,
        words=words,
        printer=words.printer,
        register=sheet.register,
        key=fact_prefix(sheet.directive, owner, measure),
        sms=variant.channel == "sms",
        informs=informs,
        placed=placed,
    )


def title(directive: Directive, language: Language) -> Line:
    """The act's own title. Raises LackingWords."""
    if language not in directive.title:
        raise LackingWords("title")
    text, spans = untrace_line(traced("title", directive.title[language]))
    return Line("title", text, spans)


def _shared_validity(
    slots: list[MeasureSlots], paragraphs: tuple[Paragraph, ...], style: Style
) -> tuple[Line, ...]:
    """The sentences that can stand for all paragraphs when their validity is the same."""
    if len(slots) < 2 or len({said_validity(paragraph) for paragraph in paragraphs}) > 1:
        return ()
    facts = {name: [f"{slot.key}{name}" for slot in slots] for name in ("from", "until", "territory")}
    return tuple(
        Line(
            f"{line.slot}_all",
            line.text,
            tuple(
                span._replace(fact=fact)
                for span in line.spans
                for fact in facts[span.fact.rpartition(".")[2]]
            ),
        )
        for line in rendering.validity(slots[0], style, several=True)
    )


def sms_head(sheet: Sheet, variant: Variant, words: Words, *, placed: bool) -> Iterator[Line]:
    """The issuer's short name first (decision 7), for citizens with the place; then what kind of news it is."""
    register, wording = sheet.register, words.wording["sms"]
    short = traced("issuer", register.issuers[sheet.directive.issuer].short[variant.language])
    if variant.audience == "citizen" and not placed:
        names = [
            register.territory(id_).short.get(variant.language, id_) for id_ in sheet.directive.territory
        ]
        yield _plain("place", traced("territory", "; ".join(names)))
    yield _plain("source", short)
    if sheet.directive.reported:
        yield _plain("announced", traced("reported", wording["reported"]))
    elif register.issuers[sheet.directive.issuer].binding == "none":
        yield _plain("announced", traced("announced", wording["announced"]))
    if not sheet.directive.measures:
        for relation in sheet.directive.relations:
            if relation.type in ("extends", "corrects"):
                yield _plain("change", wording[relation.type])


def _sms_tail(
    sheet: Sheet,
    variant: Variant,
    words: Words,
    slots: list[MeasureSlots],
    paragraphs: tuple[Paragraph, ...],
) -> Iterator[Line]:
    periods = [rendering.sms_period(slot) for slot in slots]
    if len({bare(period) for period in periods if period}) == 1 and None not in periods:
        spans = [span for period in periods if period for span in untrace_line(period)[1]]
        yield Line("period_all", bare(periods[0] or ""), tuple(spans))
    said = {span.fact for paragraph in paragraphs for line in paragraph.lines for span in line.spans}
    contacts = [contact_of(slot.owner, slot.measure) or contact_of(sheet.directive) for slot in slots]
    for contact in dict.fromkeys(contact.id for contact in contacts if contact):
        known = next(c for c in contacts if c and c.id == contact)
        if known.phone and f"contact.{contact}.phone" not in said:
            phone = contact_slot(known, "phone", variant.language)
            yield _plain("contact", fill(parse(words.wording["sms"]["contact"]), {"phone": phone}.get))


def _plain(slot: str, text: str) -> Line:
    plain, spans = untrace_line(text)
    return Line(slot, plain, spans)
