"""A later revision, as each of its readers gets it: what changed first, that it is over, or that it is not for them.

One block holds the lines for all of them, by slot; `readings.as_read` keeps those of one reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hub.facts.changes import Rule, rules
from hub.facts.printer import last_day
from hub.facts.scope import scope_of
from hub.facts.trace import capitalised, traced_all, untrace_line
from hub.model.message import Block, Hat, Line, Variant
from hub.model.review import Kind
from hub.now import BRUSSELS
from hub.render import blocks
from hub.render.act_changed import ActDifference
from hub.render.changed import WENT, Difference, stated_by
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.readings import AGAIN, BRIEFLY, CHANGED, FAREWELL, FIRST, GONE, LEFT, MARK, MARK_LEFT, SAME
from hub.render.section import hat_label
from hub.render.sheet import Sheet, cells
from hub.render.slots import fact_prefix
from hub.render.wording import Words
from hub.render.writer import Writer

OVER = frozenset({"announced", "source", "issued", "place", "legal", "contact"})
"""What stays of a message that only says that it is over: who says so, of which act, and whom to call."""


def block(sheet: Sheet, variant: Variant) -> Block | None:
    """The block for a variant, None when it does not concern it. Raises LackingWords, with the field."""
    if sheet.ends:
        return _over(sheet, variant)
    plain = blocks.block(sheet, variant)
    if plain is None or sheet.kind == Kind.NEW:
        return plain
    words = sheet.wording.languages[variant.language]
    head = (*_again(words, sheet, variant), *_changes(sheet, plain, words), *_left(sheet, variant, words))
    return replace(plain, head=(*head, *plain.head))


def farewell(sheet: Sheet, variant: Variant) -> Block | None:
    """The block for readers whom an earlier revision concerned and this one does not. Raises LackingWords."""
    if sheet.ends:
        return _over(sheet, variant)
    words = sheet.wording.languages[variant.language]
    left = tuple(_left(sheet, variant, words))
    if not left:
        return None
    head, tail = _around(sheet, variant, words, FAREWELL)
    return Block(
        sheet.directive.id, variant, blocks.title(sheet.directive, variant.language), (*left, *head), (), tail
    )


def former_cells(sheet: Sheet) -> tuple[Hat, ...]:
    """The cells that an earlier revision reached and this one does not, in reading order."""
    now = cells(sheet)
    former = dict.fromkeys(hat for past in sheet.past() for hat in cells(past) if hat not in now)
    return tuple(sorted(former, key=lambda hat: sheet.register.hat_order(*hat)))


def _over(sheet: Sheet, variant: Variant) -> Block | None:
    """That the directive is over: its topics, never its rules."""
    told = [*sheet.past(), replace(sheet, kind=Kind.NEW, earlier=())]
    topics = _topics(told, variant)
    if not topics:
        return None
    words = sheet.wording.languages[variant.language]
    # An act that only extends another one leaves that one's rules as they were; an all clear names a last day.
    voids = sheet.kind == Kind.CANCEL and bool(sheet.directive.measures)
    lines = [*_again(words, sheet, variant), *_last_day(sheet, variant, words)]
    lines.append(_line(AGAIN, words.tail("ended" if voids else "about"), topics=topics))
    head, tail = _around(sheet, variant, words, OVER)
    return Block(
        sheet.directive.id,
        variant,
        blocks.title(sheet.directive, variant.language),
        (*lines, *head),
        (),
        tail,
    )


def _last_day(sheet: Sheet, variant: Variant, words: Words) -> Iterator[Line]:
    """Until when what ends still holds: the last of its ends."""
    if sheet.kind != Kind.ALL_CLEAR:
        return
    found = [
        (end, fact_prefix(sheet.directive, owner, measure))
        for owner, measure in sheet.measures_for(variant.sector, variant.audience)
        if (end := scope_of(sheet.directive, measure).end)
    ]
    if not found:
        return
    end = max(end for end, _ in found).astimezone(BRUSSELS)
    short, day = variant.channel == "sms", last_day(end)
    printed = words.printer.day(day, short=short) if day else words.printer.deadline(end, short=short)
    printed = traced_all((f"{key}until" for _, key in found), printed)
    if day:
        yield _line(AGAIN, words.tail("ended_day"), day=printed)
    else:
        yield _line(AGAIN, words.tail("ended_at"), deadline=printed)


def _again(words: Words, sheet: Sheet, variant: Variant) -> Iterator[Line]:
    kind = sheet.kind.value
    yield _line(MARK, words.wording["mark"][kind])
    short = variant.channel == "sms"
    yield _line(AGAIN, words.wording["sms"][f"status_{kind}"] if short else words.tail(f"status_{kind}"))
    if short and not sheet.ends:
        yield _line(BRIEFLY, f"{words.wording['mark'][kind]}.")


def _changes(sheet: Sheet, plain: Block, words: Words) -> Iterator[Line]:
    """What differs from each earlier revision: a reader may have missed the last one."""
    for number, past in enumerate(sheet.past(), start=1):
        try:
            old = blocks.block(past, plain.variant)
        except LackingWords:
            continue  # nobody could read it in this language
        if old is None:
            continue
        stated = (stated_by(old), stated_by(plain))
        found = [
            *Difference(past, sheet, old, plain, words).lines(f"{CHANGED}.{number}"),
            *ActDifference(past, sheet, plain.variant, words, stated).lines(f"{CHANGED}.{number}"),
        ]
        yield from found
        if not found:
            same = "same" if _says(old) == _says(plain) else "reworded"
            yield _line(f"{SAME}.{number}", words.wording["change"][same])


def _says(plain: Block) -> list[str]:
    lines = [*plain.head, *plain.tail, *(line for paragraph in plain.paragraphs for line in paragraph.lines)]
    return [line.text for line in lines if line.slot not in ("status", FIRST)]


def _left(sheet: Sheet, variant: Variant, words: Words) -> Iterator[Line]:
    """For whoever was told before in this quality, and is not meant any more."""
    topics = _topics(list(sheet.past()), variant)
    if not topics:
        return
    short = variant.channel == "sms"
    yield _line(MARK_LEFT, words.wording["mark"]["left"])
    yield _line(GONE, words.wording["sms"]["gone"] if short else words.tail("gone"))
    hat = hat_label(Hat(variant.sector, variant.audience), words, sheet.register)
    yield _line(LEFT, words.tail("left"), hat=hat, topics=topics)


def _topics(sheets: Sequence[Sheet], variant: Variant) -> str:
    """The topics of all that these sheets told the variant, as a list within a sentence."""
    told: dict[str, list[str]] = {}
    words = sheets[0].wording.languages[variant.language] if sheets else None
    for sheet in sheets:
        for rule in _rules(sheet, variant):
            key = fact_prefix(sheet.directive, rule.owner, rule.measure)
            told.setdefault(rule.measure.topic, []).append(f"{key}{WENT}")
    if words is None or not told:
        return ""
    names = []
    for topic, facts in told.items():
        name = words.printer.within(sheets[0].register.topics[topic].name[variant.language])
        names.append(traced_all(dict.fromkeys(facts), name))
    return words.printer.join(names, short=variant.channel == "sms")


def _rules(sheet: Sheet, variant: Variant) -> tuple[Rule, ...]:
    return rules(sheet.directive, sheet.measures_for(variant.sector, variant.audience))


def _around(
    sheet: Sheet, variant: Variant, words: Words, slots: frozenset[str]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines of head and tail that stay when there is no rule to tell."""
    if variant.channel == "sms":
        short = blocks.sms_head(sheet, variant, words, placed=False)
        return tuple(line for line in short if line.slot in slots), ()
    anatomy = sheet.wording.anatomy[variant.audience]
    writer = Writer(sheet, variant, words, sheet.measures_for(variant.sector, variant.audience))
    head, tail = (
        tuple(line for name in names if name in slots for line in writer.lines(name))
        for names in (anatomy.head, anatomy.tail)
    )
    return head, tail


def _line(slot: str, pattern: str, **values: str) -> Line:
    return Line(slot, *untrace_line(capitalised(fill(parse(pattern), values.get))))
