"""How one block reads: to whoever knew an earlier revision, to whoever did not, to whoever is not meant any more."""

from collections.abc import Sequence
from dataclasses import replace

from hub.model.message import Block, Line, Span

MARK, AGAIN, BRIEFLY = "mark", "again", "briefly"
"""For whoever knows an earlier revision: what kind of news it is, before the title, as a sentence, in a word."""

CHANGED, SAME = "changed", "same"
"""What differs from a revision, or that nothing does: "changed.2" is for whoever knows the second one."""

FIRST = "first"
"""For whoever is concerned for the first time."""

MARK_LEFT, GONE, LEFT = "mark_left", "gone", "left"
"""For whoever was told before and is not concerned any more: in no quality, or in this one."""

FAREWELL = frozenset({"source", "place", "contact"})
"""What stays of a message that takes leave."""


def as_read(parts: Sequence[Block], left: Sequence[Block], since: int | None) -> list[Block]:
    """The blocks as one reader gets them.

    `since` is the revision that they know: None for the one before, 0 for none. `left` are the blocks of the
    qualities in which they were told before and are not meant any more; without any other block that is all
    they are told.
    """
    if not parts:
        return [_taking_leave(part) for part in left]
    if since is None:
        since = max((_number(line.slot) for part in parts for line in part.head), default=0)
        news = any(line.slot == MARK for part in parts for line in part.head)
    else:
        news = since > 0
    changed = any(line.slot == f"{CHANGED}.{since}" for part in parts for line in part.head)
    told = {AGAIN, BRIEFLY, f"{CHANGED}.{since}" if changed else f"{SAME}.{since}"} if news else {FIRST}
    read = []
    for number, part in enumerate(parts):
        first = [line for line in part.head if line.slot in told]
        if number == 0:
            first += [line for other in left for line in other.head if line.slot == LEFT]
        rest = [line for line in part.head if not _is_recall(line.slot)]
        marked = _marked(part, MARK) if news else part.title
        read.append(replace(part, title=marked, head=(*first, *rest)))
    return read


def _taking_leave(part: Block) -> Block:
    head = [line for slot in (GONE, LEFT) for line in part.head if line.slot == slot]
    head += [line for line in part.head if line.slot in FAREWELL]
    tail = tuple(line for line in part.tail if line.slot in FAREWELL)
    return replace(part, title=_marked(part, MARK_LEFT), head=tuple(head), paragraphs=(), tail=tail)


def _marked(part: Block, slot: str) -> Line:
    """The title after its mark."""
    mark = next((line.text for line in part.head if line.slot == slot), "")
    if not mark:
        return part.title
    opening = f"{mark} – "
    spans = tuple(Span(s.start + len(opening), s.end + len(opening), s.fact) for s in part.title.spans)
    return replace(part.title, text=f"{opening}{part.title.text}", spans=spans)


def _is_recall(slot: str) -> bool:
    name = slot.partition(".")[0]
    return name in (MARK, AGAIN, BRIEFLY, CHANGED, SAME, FIRST, MARK_LEFT, GONE, LEFT)


def _number(slot: str) -> int:
    name, _, number = slot.partition(".")
    return int(number) if name in (CHANGED, SAME) else 0
