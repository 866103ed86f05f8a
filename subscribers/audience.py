"""Who is reached by one event, and where: one person, one message, on the channel they prefer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from subscribers.model import REACHES, Reach, Stream

UNSUBSCRIBED = "unsubscribed"
"""Why an address is suppressed when its owner opted out: mandatory notices may still use it."""


class Hearing(NamedTuple):
    """A membership that a directive concerns; `rank` is its place in reading order."""

    rank: int
    sector: str
    audience: str
    stream: Stream


Hats = tuple[tuple[str, str], ...]
"""(sector, audience), each once, in reading order."""


class Choice(NamedTuple):
    """On which channel one person is reached, and in which qualities."""

    channel: Reach
    stream: Stream
    hearings: tuple[Hearing, ...]


class Manner(NamedTuple):
    """How somebody is reached: all of a recipient but who they are. Most people share it with many others.

    `held` is the dispatch whose message they may hold, None for none; `left` are the hats of that message in
    which they are not concerned any more.
    """

    channel: Reach
    language: str
    stream: Stream
    hats: Hats
    held: int | None = None
    left: Hats = ()


class Recipient(NamedTuple):
    """One person to be reached by one message, and how: see `Manner`."""

    person: int
    channel: Reach
    address: str
    language: str
    stream: Stream
    token: str
    hats: Hats
    held: int | None = None
    left: Hats = ()


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """How many a message would reach, and who is left out: opted out, without an address that works, or sharing one.

    `other_language` of those reached speak a language in which there are no words; `hats` is how many of those
    reached read in each quality, (sector, audience).
    """

    total: int = 0
    channels: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    unreachable: int = 0
    opted_out: int = 0
    same_address: int = 0
    other_language: int = 0
    hats: Mapping[tuple[str, str], int] = field(default_factory=dict)


def choose(
    hearings: Sequence[Hearing],
    *,
    preferred: Reach,
    addresses: Collection[Reach],
    suppressed: Mapping[Reach, str],
) -> Choice | None:
    """The preferred channel, or the other where its address is missing or suppressed; None where neither is left.

    An address whose owner unsubscribed still takes mandatory notices, and nothing else. `suppressed` holds reasons.
    """
    for channel in (preferred, *(reach for reach in REACHES if reach != preferred)):
        if channel not in addresses:
            continue
        reason = suppressed.get(channel)
        if reason is None:
            heard = tuple(hearings)
        elif reason == UNSUBSCRIBED:
            heard = mandatory(hearings)
        else:
            continue
        if heard:
            stream: Stream = "duty" if all(hearing.stream == "duty" for hearing in heard) else "directives"
            return Choice(channel, stream, tuple(sorted(heard)))
    return None


def mandatory(hearings: Sequence[Hearing]) -> tuple[Hearing, ...]:
    """What remains for somebody who opted out."""
    return tuple(hearing for hearing in hearings if hearing.stream == "duty")
