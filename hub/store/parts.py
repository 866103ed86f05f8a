"""How far a plan has come: kept with each of its batches, so that whoever takes over goes on behind the last one."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update

from hub.store.engine import Tx
from hub.store.tables import bodies, chunks, deliveries, dispatches

VERSION = 1
"""Of what is kept; a part that another version left is made anew."""


@dataclass(slots=True)
class Part:
    """What stands committed of a plan. Who is in it is not said here: the deliveries themselves say so."""

    basis: str = ""
    """What its words and their order rest on, besides what was approved."""
    runs: list[tuple[str, int, int]] = field(default_factory=list)
    """Channel, first and last seq of the deliveries, without a gap; a channel may come again after a resumption."""
    first: list[int] = field(default_factory=list)
    """The seq of the staff's deliveries."""
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def last(self) -> int:
        """The last seq; 0 for none."""
        return self.runs[-1][2] if self.runs else 0

    @property
    def channels(self) -> dict[str, int]:
        """How many deliveries there are per channel."""
        found: Counter[str] = Counter()
        for channel, first, last in self.runs:
            found[channel] += last - first + 1
        return dict(found)

    def add(self, channel: str, number: int) -> None:
        """Note so many deliveries behind the last one."""
        first, last = self.last + 1, self.last + number
        if self.runs and self.runs[-1][0] == channel:
            first = self.runs.pop()[1]
        self.runs.append((channel, first, last))

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "version": VERSION,
            "basis": self.basis,
            "runs": self.runs,
            "first": self.first,
            "counts": dict(self.counts),
        }


async def find(tx: Tx, dispatch: int) -> Part | None:
    """What a planner before us left; None where there is nothing to go on from."""
    kept = (await tx.execute(select(dispatches.c.plan).where(dispatches.c.id == dispatch))).scalar()
    if kept is None or kept["version"] != VERSION:
        return None
    runs = [(channel, first, last) for channel, first, last in kept["runs"]]
    return Part(kept["basis"], runs, kept["first"], Counter(kept["counts"]))


async def clear(tx: Tx, dispatch: int) -> None:
    """Take it all out again."""
    for table in (chunks, deliveries, bodies):
        await tx.execute(delete(table).where(table.c.dispatch == dispatch))
    await tx.execute(update(dispatches).where(dispatches.c.id == dispatch).values(plan=None))
