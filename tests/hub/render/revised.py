"""Revisions of the visits act, and what a reader gets of them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hub.model.directive import (
    AUDIENCES,
    Directive,
    Language,
    Quantity,
    Text,
)
from hub.model.message import Message, Variant
from hub.model.review import Kind
from hub.now import parse_instant
from hub.render import Sheet, block, recall
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import REAL

VISITS = replace(REAL["wal-visites-2020-03-11"], audiences=AUDIENCES)
HOME = "elderly.residential"
SAME_PERSON: Text = {
    "fr": "toujours la même personne",
    "de": "immer dieselbe Person",
    "nl": "altijd dezelfde persoon",
    "en": "always the same person",
}


COUNTED: dict[str, Any] = {"topic": "psychosocial", "quantity": Quantity("<=", 2, "personne")}
"""A rule whose number has no place in its sentence and is printed after its label."""


def corrected(act: Directive) -> Directive:
    """One visitor may come, outings are not ruled any more, all of it for longer, and the telephone was wrong."""
    visits, _, support = act.measures
    one_visitor = Quantity("<=", 1, "personne")
    return replace(
        act,
        effective_to=parse_instant("2020-04-20"),
        measures=(
            replace(visits, modality="permitted", quantity=one_visitor, conditions=(SAME_PERSON,)),
            support,
        ),
        contacts=(replace(act.contacts[0], phone="0800 35 168"),),
    )


def until(day: str) -> Directive:
    return replace(VISITS, effective_to=parse_instant(day))


def sheet(after: Directive, *earlier: Directive, kind: Kind = Kind.CORRECTION) -> Sheet:
    return Sheet(after, a.REGISTER, a.WORDING, {}, kind, earlier or (VISITS,))


def told(
    found: Sheet, audience: str, channel: str, language: Language = "fr", *, since: int | None = None
) -> Message:
    """What one reader in a care home gets; `since` as the frame has it."""
    variant = Variant(HOME, audience, channel, language)  # type: ignore[arg-type]
    rendered = block(found, variant)
    assert rendered is not None
    return compose([rendered], replace(a.frame(), since=since))


def farewell(found: Sheet, audience: str, channel: str, language: Language = "fr") -> Message:
    variant = Variant(HOME, audience, channel, language)  # type: ignore[arg-type]
    rendered = block(found, variant) or recall.farewell(found, variant)
    assert rendered is not None
    return compose([], a.frame(), left=[rendered])


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def written(language: Language) -> Iterator[tuple[str, Message]]:
    """A correction to all audiences, then one reader of each other kind of news."""
    correction = sheet(corrected(VISITS))
    for audience in AUDIENCES:
        for channel in ("email", "sms"):
            yield f"correction {audience} {channel}", told(correction, audience, channel, language)
    yield "correction, new to it direction email", told(correction, "direction", "email", language, since=0)
    for channel in ("email", "sms"):
        longer, sooner = sheet(until("2020-04-06"), kind=Kind.UPDATE), sheet(until("2020-03-25"))
        cancelled, clear = (sheet(until("2020-03-25"), kind=kind) for kind in (Kind.CANCEL, Kind.ALL_CLEAR))
        yield f"extension family {channel}", told(longer, "family", channel, language)
        yield f"earlier end staff {channel}", told(sooner, "staff", channel, language)
        yield f"cancellation direction {channel}", told(cancelled, "direction", channel, language)
        yield f"all clear beneficiary {channel}", told(clear, "beneficiary", channel, language)
        yield f"farewell family {channel}", farewell(correction, "family", channel, language)
