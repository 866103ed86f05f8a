"""The SMS of a person: the longest form that fits, from everything down to one rule and the page."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from channels import gsm
from hub.facts.trace import capitalised, retrace, untrace
from hub.model.message import Block, Line, Paragraph, Replaced, Span
from hub.model.review import Mode
from hub.render.pattern import fill, parse
from hub.render.readings import AGAIN, BRIEFLY
from hub.render.section import sections, union
from hub.render.wording import Words

if TYPE_CHECKING:
    from hub.render.frame import Frame

CHANGES = frozenset({"changed", "left"})
"""The slots that say what a later revision changed."""

BUDGET = 2
ROOM = BUDGET * gsm.CAPACITY["GSM-7"][1]
"""Segments; what does not fit is said to be behind the link, never cut."""


class Sms(NamedTuple):
    """A finished text, where it states which facts, and what it says in other characters."""

    text: str
    spans: tuple[Span, ...]
    replaced: tuple[Replaced, ...]


def sms(blocks: Sequence[Block], frame: "Frame", words: Words) -> Sms:
    """The longest of the SMS forms that fits the budget; the shortest says what stands behind the link."""
    draft = None
    for draft in _forms(blocks, words):
        if draft.least <= ROOM and _fits(_tight(_said(draft, frame, words, _plain))):
            finished = _text(draft, frame, words)
            if _fits(finished.text):
                return finished
    assert draft is not None
    return _text(draft, frame, words)


class Draft(NamedTuple):
    """What one form of the text would hold: who speaks, the lines, and what stands behind the link."""

    head: Sequence[Line]
    lines: Sequence[Line]
    notes: Sequence[Line | str]

    @property
    def least(self) -> int:
        """Characters that it takes at the very least, whatever its letters become."""
        return sum(map(_least, (*self.head, *self.lines)))


@lru_cache(maxsize=8192)
def _least(line: Line) -> int:
    text = line.text
    return len(text) - sum(text.count(mark) for mark in (" :", " ;", "«", "»"))


def _forms(blocks: Sequence[Block], words: Words) -> Iterator[Draft]:
    """From the most complete form to the shortest: a rule is never cut, only left to the page, and that is said."""
    paragraphs = [paragraph for section in sections(blocks) for paragraph in section.paragraphs]
    head = union(block.head for block in blocks)
    contact = [line for line in union(block.tail for block in blocks) if line.slot == "contact"]
    details = frozenset({"exceptions", "conditions", "details"})
    wording = words.wording["sms"]

    def form(kept: Sequence[Paragraph], left_out: frozenset[str], notes: Sequence[Line | str]) -> Draft:
        period = _shared_period(blocks, kept) if len(kept) > 1 else []
        behind = [
            wording[f"more_{slot}"]
            for slot in ("exceptions", "conditions", "details")
            if slot in left_out and any(line.slot == slot for p in kept for line in p.lines)
        ]
        if len(kept) < len(paragraphs):
            behind.append(wording["more_rules"])
        if left_out & CHANGES and any(_name(line) in CHANGES for line in head):
            behind.insert(0, wording["more_changes"])
        if behind:
            notes = [*notes, capitalised(fill(parse(wording["more"]), {"more": ", ".join(behind)}.get))]
        skipped = left_out | ({"what"} if period else {"brief"})
        lines = [line for p in kept for line in p.lines if line.slot not in skipped or _only(p, line, period)]
        kept_head = [line for line in head if _name(line) not in left_out]
        return Draft(kept_head, [*lines, *period], notes)

    everything, nothing = frozenset[str](), ()
    # What changed comes first (K11), after one word of status: it goes to the page only when not even one rule
    # fits beside it, and then the status says that an earlier SMS does not count any more.
    changed = any(_name(line) in CHANGES for line in head)
    in_a_word, as_a_sentence = frozenset({AGAIN}), frozenset({BRIEFLY})
    for behind_link in (in_a_word, CHANGES | as_a_sentence) if changed else (as_a_sentence,):
        yield form(paragraphs, behind_link, contact)
        yield form(paragraphs, behind_link, nothing)
        yield form(paragraphs, behind_link | {"details"}, nothing)
        yield form(paragraphs, behind_link | {"conditions", "details"}, nothing)
        yield form(paragraphs, behind_link | details, nothing)
        for count in range(len(paragraphs) - 1, 0, -1):
            for left_out in (everything, details):
                yield form(paragraphs[:count], behind_link | left_out, nothing)
        yield form(paragraphs[:1], behind_link | details | {"place"}, nothing)


def _name(line: Line) -> str:
    """The slot, whichever revision it is about."""
    return line.slot.partition(".")[0]


def _only(paragraph: Paragraph, line: Line, period: list[Line]) -> bool:
    """A rule without a brief form keeps its own sentence."""
    return (
        bool(period) and line.slot == "what" and not any(other.slot == "brief" for other in paragraph.lines)
    )


def _shared_period(blocks: Sequence[Block], kept: Sequence[Paragraph]) -> list[Line]:
    """The period of all rules as one sentence, where it is the same for all; it speaks for those that are kept."""
    lines = [line for block in blocks for line in block.tail if line.slot == "period_all"]
    if len(lines) != len(blocks) or len({line.text for line in lines}) != 1:
        return []
    told = tuple(f"{paragraph.measure}." for paragraph in kept)
    spans = dict.fromkeys(span for line in lines for span in line.spans if span.fact.startswith(told))
    return [Line("period_all", lines[0].text, tuple(sorted(spans, key=lambda span: (span.start, -span.end))))]


def _fits(text: str) -> bool:
    return gsm.measure(gsm.substitute(text).text).segments <= BUDGET


def _text(draft: Draft, frame: "Frame", words: Words) -> Sms:
    plain, spans = untrace(_tight(_said(draft, frame, words, retrace)))
    done = gsm.substitute(plain)
    starts = [(done.moved(each.start), each) for each in done.replacements]
    return Sms(
        done.text,
        tuple(Span(*span) for span in done.moved_spans(spans)),
        tuple(Replaced(start, start + len(each.new), each.old, each.new) for start, each in starts),
    )


def _said(draft: Draft, frame: "Frame", words: Words, say: Callable[[Line], str]) -> str:
    """The whole text; `say` gives each line with its marks, or without them to see whether it would fit."""
    wording, head = words.wording, draft.head
    source = ", ".join(say(line) for slot in ("source", "place") for line in head if line.slot == slot)
    body = [say(line) for line in (*(h for h in head if h.slot not in ("source", "place")), *draft.lines)]
    body += [say(note) if isinstance(note, Line) else note for note in draft.notes]
    body.append(say(_link(frame.url)))
    text = fill(parse(wording["sms"]["frame"]), {"source": source, "text": " ".join(body)}.get)
    if frame.mode == Mode.EXERCISE:
        text = f"{wording['frame']['exercise_sms']} {text}"
    if frame.stream != "duty":
        text = f"{text} {wording['sms']['stop']}"
    return text


def _link(url: str) -> Line:
    """The page's address, which ends with its code."""
    code = url.rpartition("/")[2]
    return Line("link", url, (Span(0, len(url), "link"), Span(len(url) - len(code), len(url), "ref")))


def _plain(line: Line) -> str:
    return line.text


def _tight(text: str) -> str:
    """Without the space before a colon or semicolon: an SMS has no no-break space, and no room."""
    return text.replace(" :", ":").replace(" ;", ";")
