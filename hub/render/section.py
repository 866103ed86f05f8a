"""Blocks of one person put side by side: the same words once, naming all the hats that read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.model.directive import Audience
from hub.model.message import Block, Hat, Line, Paragraph
from hub.register import Register
from hub.render.pattern import fill, parse
from hub.render.wording import Anatomy, Words


@dataclass(frozen=True, slots=True)
class Section:
    """Paragraphs that the same hats read."""

    hats: tuple[Hat, ...]
    paragraphs: tuple[Paragraph, ...]


def sections(blocks: Sequence[Block]) -> tuple[Section, ...]:
    """Paragraphs by the hats that read exactly the same words; each is printed once, naming all of them."""
    said: dict[tuple[str, tuple[str, ...]], tuple[Paragraph, list[Hat]]] = {}
    for block in blocks:
        hat = Hat(block.variant.sector, block.variant.audience)
        for paragraph in block.paragraphs:
            key = (paragraph.measure, tuple(line.text for line in paragraph.lines))
            said.setdefault(key, (paragraph, []))[1].append(hat)
    grouped: list[Section] = []
    for paragraph, hats in said.values():
        if grouped and grouped[-1].hats == tuple(hats):
            grouped[-1] = Section(grouped[-1].hats, (*grouped[-1].paragraphs, paragraph))
        else:
            grouped.append(Section(tuple(hats), (paragraph,)))
    return tuple(grouped)


def hats_of(blocks: Sequence[Block]) -> tuple[Hat, ...]:
    """The qualities in which the person reads, in order."""
    return tuple(Hat(block.variant.sector, block.variant.audience) for block in blocks)


VALIDITY = ("validity", "when")
"""The slots of the sentences that say where and when a measure holds."""


def said_validity(paragraph: Paragraph) -> tuple[str, ...]:
    """What a paragraph says of where and when it holds."""
    return tuple(line.text for line in paragraph.lines if line.slot in VALIDITY)


def merged(lines: Sequence[Line], slot: str) -> Line | None:
    """Lines of one slot that say the same, as one line that states the facts of all."""
    same = [line for line in lines if line.slot == slot]
    spans = dict.fromkeys(span for line in same for span in line.spans)
    ordered = tuple(sorted(spans, key=lambda span: (span.start, -span.end)))
    return Line(slot, same[0].text, ordered) if same else None


COMFORT = "empathy"
"""The line that is about the reader and not about the act."""


def opening(blocks: Sequence[Block], anatomy: Mapping[Audience, Anatomy]) -> list[Line]:
    """The first lines of several blocks.

    Comfort is for whom the message speaks to first: a director who is a relative too reads as a director first.
    """
    comforted = COMFORT in anatomy[blocks[0].variant.audience].head
    return union([line for line in block.head if comforted or line.slot != COMFORT] for block in blocks)


def union(groups: Iterable[Iterable[Line]]) -> list[Line]:
    """The lines of several blocks, each text once, in order; a sentence that a longer line holds is told there."""
    lines = list({(line.slot, line.text, line.url): line for group in groups for line in group}.values())
    return [line for line in lines if line.url or not any(_holds(other, line) for other in lines)]


def _holds(longer: Line, line: Line) -> bool:
    """Whether a line in easy style is one sentence of the same line in plain style, with the same facts."""
    told = {span.fact for span in longer.spans} >= {span.fact for span in line.spans}
    return told and longer.slot == line.slot and longer.text != line.text and line.text in longer.text


def hat_label(hat: Hat, words: Words, register: Register) -> str:
    """How a quality is named to its reader: "direction, Maisons de repos"."""
    frame = words.wording["frame"]
    sector = register.sectors[hat.sector].name[words.language]
    return fill(parse(frame["hat"]), {"audience": frame["audience"][hat.audience], "sector": sector}.get)
