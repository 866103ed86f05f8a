"""Whom a directive concerns by their memberships, and where each is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from subscribers.audience import Choice, Hearing, choose
from subscribers.model import Reach, Stream


class Place(Protocol):
    """A part of the country, for the organisations of one community or for everybody."""

    def includes(
        self, nis: str | None, community: str | None = None, organisation: str | None = None
    ) -> bool: ...


Cells = Mapping[Any, Place]

_REMEMBERED = 10_000


@dataclass(slots=True)
class Concern:
    """Whom the cells concern. What was worked out for one is remembered: most people are like many others."""

    cells: Cells
    """Which sector × audience is reached, and where; in reading order of the hats."""
    _ranks: dict[Any, int] = field(default_factory=dict)
    _hearings: dict[tuple[Any, ...], Hearing | None] = field(default_factory=dict)
    _choices: dict[tuple[Any, ...], Choice | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ranks = {cell: rank for rank, cell in enumerate(self.cells)}

    def hearing(self, membership: tuple[Any, ...], home: tuple[Any, ...]) -> Hearing | None:
        """What a membership makes its holder hear; (sector, audience, stream, organisation, commune, community)."""
        key = (membership, home)
        if key not in self._hearings:
            _bound(self._hearings)
            self._hearings[key] = self._hearing(*membership, *home)
        return self._hearings[key]

    def choice(
        self,
        hearings: Sequence[Hearing],
        preferred: Reach,
        addresses: Mapping[Reach, str],
        suppressed: Mapping[Reach, str],
    ) -> Choice | None:
        """Where a person is reached who hears this; see `choose`."""
        if suppressed:
            return choose(hearings, preferred=preferred, addresses=addresses, suppressed=suppressed)
        key = (tuple(hearings), preferred, tuple(addresses))
        if key not in self._choices:
            _bound(self._choices)
            # The channel alone is remembered: the address is their own.
            channels = {channel: "" for channel in addresses}
            self._choices[key] = choose(hearings, preferred=preferred, addresses=channels, suppressed={})
        like = self._choices[key]
        return like and Choice(like.channel, addresses[like.channel], like.stream, like.hearings)

    def _hearing(
        self,
        sector: str,
        audience: str,
        stream: Stream,
        organisation: str | None,
        commune: str | None,
        community: str | None,
        home: str | None,
        own_community: str | None,
    ) -> Hearing | None:
        """Place is the organisation's, for others their own."""
        place = self.cells.get((sector, audience))
        theirs = community if organisation else own_community
        if place is None or not place.includes(commune or home, theirs, organisation):
            return None
        return Hearing(self._ranks[sector, audience], sector, audience, stream)


def _bound(known: dict[Any, Any]) -> None:
    """Forget everything rather than grow with the audience."""
    if len(known) >= _REMEMBERED:
        known.clear()
