"""What a later revision needs beyond a new act: an end that says when, and texts that fit every reader."""

from collections.abc import Iterator
from dataclasses import replace

from hub.facts.scope import last_instant
from hub.gate.case import Case
from hub.model.message import Message, Variant
from hub.model.review import Finding, Kind, Level
from hub.render import Rendering, Sheet
from hub.render.frame import Frame, compose


def last_day(case: Case) -> Iterator[Finding]:
    """An all clear says until when what it ends still holds."""
    if case.sheet.kind == Kind.ALL_CLEAR and last_instant(case.directive) is None:
        yield case.finding(
            "U407",
            Level.BLOCKER,
            "effective_to",
            "an all clear without an end: nobody would know from when on the rules are off",
            "give effective_to; to end it at once and for good, submit it --as cancel",
        )


def asides(sheet: Sheet, rendering: Rendering, frame: Frame) -> Iterator[tuple[Variant, Message]]:
    """The texts of other readers: every SMS, whose form goes by its length, and the farewells.

    An e-mail differs in its first lines only, so one reader's stands for all.
    """
    if not sheet.earlier:
        return
    for variant, block in rendering.blocks.items():
        if variant.channel == "sms" and not sheet.ends:
            for since in range(len(sheet.earlier)):
                yield variant, compose([block], replace(frame, since=since))
    for variant, block in rendering.all.items():
        if sheet.ends:
            if variant in rendering.farewells:
                yield variant, compose([block], frame)
        elif variant.channel != "web" and any(line.slot == "gone" for line in block.head):
            yield variant, compose([], frame, left=[block])
