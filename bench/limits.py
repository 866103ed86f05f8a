"""What is due of a bench: every limit, what was found, and whether it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

EXIT_MISSED = 1


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that has a bound, above or below; `goal` is what we aim at beyond what is due."""

    what: str
    found: float
    most: float | None = None
    least: float | None = None
    goal: float | None = None

    @property
    def holds(self) -> bool:
        """Whether what is due was reached; the goal is not due."""
        return (self.most is None or self.found <= self.most) and (
            self.least is None or self.found >= self.least
        )

    def line(self) -> str:
        """As a bench ends with it."""
        due = f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"
        aim = "" if self.goal is None else f"; the goal is {self.goal:g}"
        return f"{'holds ' if self.holds else 'MISSED'} {self.what}: {self.found:g} ({due} is due{aim})"


def judged(limits: Iterable[Limit], out: TextIO) -> int:
    """Say a line for each; the exit code, which is 1 where one is missed."""
    missed = 0
    for limit in limits:
        print(limit.line(), file=out)
        missed += not limit.holds
    return EXIT_MISSED if missed else 0
