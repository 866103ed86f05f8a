"""What an editor reads about an SMS: its parts and cost, what makes it dear, and what it says in other letters."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from channels import gsm
from hub.model.message import Message


@dataclass(frozen=True, slots=True)
class Report:
    """One SMS as it goes on the air. `cost` is that of one message, in EUR; `replaced` counts (old, new)."""

    length: gsm.Length
    cost: float
    replaced: Counter[tuple[str, str]]

    def to_json(self) -> dict[str, Any]:
        """The figures for a script."""
        return {
            "segments": self.length.segments,
            "encoding": self.length.encoding,
            "units": self.length.units,
            "cost": self.cost,
            "offenders": [
                {"character": each.character, "name": each.name, "positions": list(each.positions)}
                for each in self.length.offenders
            ],
            "replaced": [
                {"old": old, "new": new, "count": count} for (old, new), count in self.replaced.items()
            ],
        }

    def lines(self) -> Iterator[str]:
        """The figures for a person; nothing was replaced in silence."""
        many = "s" if self.length.segments != 1 else ""
        yield (
            f"({self.length.segments} segment{many}, {self.length.encoding}, {self.length.units} units, "
            f"{self.cost:.3f} EUR each)"
        )
        if self.replaced:
            changes = (f"{shown(old)} → {shown(new)} × {n}" for (old, new), n in self.replaced.items())
            yield f"(in other letters: {'; '.join(changes)})"
        if self.length.offenders:
            names = (f"{shown(each.character)} {each.name}" for each in self.length.offenders)
            yield f"(outside GSM-7, so a segment holds 70 characters: {'; '.join(names)})"


def report(message: Message, per_segment: float) -> Report:
    """What the SMS of a message costs, and what was changed for it."""
    length = gsm.measure(message.text)
    replaced = Counter((each.old, each.new) for each in message.replaced)
    return Report(length, round(length.cost(per_segment), 6), replaced)


def shown(characters: str) -> str:
    """Characters as one can see them: a space by its name, and nothing as "nothing"."""
    parts = (c if c.isprintable() and c != " " else f" {gsm.name(c).lower()} " for c in characters)
    return "".join(parts).strip() or "nothing"
