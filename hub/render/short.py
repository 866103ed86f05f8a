"""The SMS of a person: the longest form that fits, from everything down to one rule and the page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

DETAILS = "exceptions", "conditions", "details"
"""The slots of a rule that go to the page first, and are named when they do."""

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
    parts = _parts(blocks, words)
    form = None
    for form in parts.forms():
        if parts.least(form) + len(frame.url) <= ROOM:
            draft = parts.draft(form)
            if _fits(_tight(_said(draft, frame, words, _plain))):
                finished = _text(draft, frame, words)
                if _fits(finished.text):
                    return finished
    assert form is not None
    return _text(parts.draft(form), frame, words)


class Form(NamedTuple):
    """How much of the whole an SMS holds: the first `rules` rules without some slots, with a contact or not."""

    rules: int
    left_out: frozenset[str]
    contact: bool = False


class Draft(NamedTuple):
    """What one form of the text holds: who speaks, the lines, and what is said of the page.

    `period` is the last of the lines where all rules share one; it speaks for those of `kept`.
    """

    head: Sequence[Line]
    lines: Sequence[Line]
    period: Line | None
    kept: Sequence[Paragraph]
    notes: Sequence[Line | str]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that an SMS could hold; `slots` has the characters that each slot of each rule takes at least."""

    head: Sequence[Line]
    paragraphs: Sequence[Paragraph]
    slots: Sequence[Mapping[str, int]]
    contact: Sequence[Line]
    shared: Line | None
    wording: Mapping[str, str]

    @property
    def changed(self) -> bool:
        """Whether it says what a later revision changed."""
        return any(_name(line) in CHANGES for line in self.head)

    def forms(self) -> Iterator[Form]:
        """From the most complete to the shortest: a rule is never cut, only left to the page, and that is said."""
        everything, one = len(self.paragraphs), 1
        # What changed comes first (K11), after one word of status: it goes to the page only when not even one rule
        # fits beside it, and then the status says that an earlier SMS does not count any more.
        in_a_word, as_a_sentence = frozenset({AGAIN}), frozenset({BRIEFLY})
        for left_out in (in_a_word, CHANGES | as_a_sentence) if self.changed else (as_a_sentence,):
            yield Form(everything, left_out, contact=True)
            yield Form(everything, left_out)
            yield Form(everything, left_out | {"details"})
            yield Form(everything, left_out | {"conditions", "details"})
            yield Form(everything, left_out.union(DETAILS))
            for count in range(everything - 1, 0, -1):
                yield Form(count, left_out)
                yield Form(count, left_out.union(DETAILS))
            yield Form(one, left_out.union(DETAILS, {"place"}))

    def least(self, form: Form) -> int:
        """Characters that a form takes at the very least, whatever its letters become."""
        shared = self._shared(form)
        total = _least(shared.text) if shared else 0
        for line in self.head:
            if _name(line) not in form.left_out:
                total += _least(line.text)
        for slots in self.slots[: form.rules]:
            unsaid = _unsaid(form, slots, shared)
            for slot, least in slots.items():
                if slot not in unsaid:
                    total += least
        return total

    def draft(self, form: Form) -> Draft:
        """The lines of a form."""
        kept, shared = self.paragraphs[: form.rules], self._shared(form)
        lines = []
        for paragraph, slots in zip(kept, self.slots, strict=False):
            unsaid = _unsaid(form, slots, shared)
            lines += [line for line in paragraph.lines if line.slot not in unsaid]
        if shared:
            lines.append(shared)
        head = [line for line in self.head if _name(line) not in form.left_out]
        notes: list[Line | str] = [*(self.contact if form.contact else ()), *self._behind_the_link(form)]
        return Draft(head, lines, shared, kept, notes)

    def _behind_the_link(self, form: Form) -> Iterator[str]:
        """One sentence on what stands on the page only."""
        left = [
            self.wording[f"more_{slot}"]
            for slot in DETAILS
            if slot in form.left_out and any(slot in slots for slots in self.slots[: form.rules])
        ]
        if form.rules < len(self.paragraphs):
            left.append(self.wording["more_rules"])
        if self.changed and form.left_out & CHANGES:
            left.insert(0, self.wording["more_changes"])
        if left:
            yield capitalised(fill(parse(self.wording["more"]), {"more": ", ".join(left)}.get))

    def _shared(self, form: Form) -> Line | None:
        return self.shared if form.rules > 1 else None


def _parts(blocks: Sequence[Block], words: Words) -> Parts:
    paragraphs = [paragraph for section in sections(blocks) for paragraph in section.paragraphs]
    return Parts(
        head=union(block.head for block in blocks),
        paragraphs=paragraphs,
        slots=[_slots(paragraph) for paragraph in paragraphs],
        contact=[line for line in union(block.tail for block in blocks) if line.slot == "contact"],
        shared=_shared_period(blocks),
        wording=words.wording["sms"],
    )


def _slots(paragraph: Paragraph) -> dict[str, int]:
    """The slots of a rule, and how many characters each takes at least."""
    slots = dict.fromkeys((line.slot for line in paragraph.lines), 0)
    for line in paragraph.lines:
        slots[line.slot] += _least(line.text)
    return slots


def _unsaid(form: Form, slots: Mapping[str, int], shared: Line | None) -> frozenset[str]:
    """The slots of a rule that a form does not say: of its sentence with and without its period it says one."""
    return form.left_out | {"what" if shared and "brief" in slots else "brief"}


@lru_cache(maxsize=8192)
def _least(text: str) -> int:
    """Characters of a line and of the space after it."""
    return 1 + len(text) - sum([text.count(mark) for mark in (" :", " ;", "«", "»")])


def _name(line: Line) -> str:
    """The slot, whichever revision it is about."""
    return line.slot.partition(".")[0]


def _shared_period(blocks: Sequence[Block]) -> Line | None:
    """The period of all rules as one sentence, where it is the same for all."""
    lines = [line for block in blocks for line in block.tail if line.slot == "period_all"]
    if len(lines) != len(blocks) or len({line.text for line in lines}) != 1:
        return None
    spans = dict.fromkeys(span for line in lines for span in line.spans)
    return Line("period_all", lines[0].text, tuple(sorted(spans, key=lambda span: (span.start, -span.end))))


def _narrowed(period: Line, kept: Sequence[Paragraph]) -> Line:
    """The shared period as the period of some rules."""
    told = tuple(f"{paragraph.measure}." for paragraph in kept)
    return Line(period.slot, period.text, tuple(span for span in period.spans if span.fact.startswith(told)))


def _fits(text: str) -> bool:
    return gsm.measure(gsm.substitute(text).text).segments <= BUDGET


def _text(draft: Draft, frame: "Frame", words: Words) -> Sms:
    def marked(line: Line) -> str:
        return retrace(_narrowed(line, draft.kept) if line is draft.period else line)

    plain, spans = untrace(_tight(_said(draft, frame, words, marked)))
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
