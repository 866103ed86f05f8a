"""Whom a directive concerns by their memberships."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from subscribers.audience import Hearing
from subscribers.model import Stream


class Place(Protocol):
    """A part of the country, for the organisations of one community or for everybody."""

    def includes(
        self, nis: str | None, community: str | None = None, organisation: str | None = None
    ) -> bool: ...


Cells = Mapping[Any, Place]


@dataclass(slots=True)
class Concern:
    """Whom the cells concern."""

    cells: Cells
    """Which sector × audience is reached, and where; in reading order of the hats."""
    _ranks: dict[Any, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ranks = {cell: rank for rank, cell in enumerate(self.cells)}

    def hearing(
        self,
        sector: str,
        audience: str,
        stream: Stream,
        organisation: str | None,
        commune: str | None,
        community: str | None,
        *,
        home: tuple[str | None, str | None],
    ) -> Hearing | None:
        """What a membership makes its holder hear, None where it does not concern them.

        Place is the organisation's, for others their own: `home` is their commune and community.
        """
        place = self.cells.get((sector, audience))
        theirs = community if organisation else home[1]
        if place is None or not place.includes(commune or home[0], theirs, organisation):
            return None
        return Hearing(self._ranks[sector, audience], sector, audience, stream)
