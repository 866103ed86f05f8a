"""What a reader reads: blocks of words per variant, the messages made of them, and the facts they state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.model.directive import Audience, Language

ChannelName = Literal["email", "sms", "web"]
CHANNELS: tuple[ChannelName, ...] = ("email", "sms", "web")


class Variant(NamedTuple):
    """The key of a wording: sector × audience × channel × language."""

    sector: str
    audience: Audience
    channel: ChannelName
    language: Language


class Hat(NamedTuple):
    """In which quality a person reads: an audience of a sector."""

    sector: str
    audience: Audience


class Span(NamedTuple):
    """Where a text states a fact: [start, end) in code points, and the key of the fact."""

    start: int
    end: int
    fact: str


class Replaced(NamedTuple):
    """Where a text [start, end) has characters that stand in for others, and for which."""

    start: int
    end: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence or entry of a block: the slot it fills, its words, and where they state which facts."""

    slot: str
    text: str
    spans: tuple[Span, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """All that one measure says to one variant."""

    measure: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """The words of a directive for one variant, before the frame is put around them."""

    directive: str
    variant: Variant
    title: Line
    head: tuple[Line, ...]
    paragraphs: tuple[Paragraph, ...]
    tail: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """Finished words for one set of hats; `spans` lie in `text`. An SMS has no html, and no subject but "".

    `replaced` is what an SMS says in other characters, because GSM-7 lacks those of the words.
    """

    directive: str
    hats: tuple[Hat, ...]
    channel: ChannelName
    language: Language
    subject: str
    text: str
    html: str | None
    spans: tuple[Span, ...]
    replaced: tuple[Replaced, ...] = ()

    @property
    def stated(self) -> frozenset[str]:
        """The keys of the facts that the text states."""
        return frozenset(span.fact for span in self.spans)


Blocks = Mapping[Variant, Block]
