"""What a text may state, apart from any wording: days, hours, amounts, phones, links, codes."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from hub.model.directive import Operator, Unit


@dataclass(frozen=True, slots=True)
class Day:
    """A date; `inclusive` where the words say that it is the last day of a validity."""

    on: date
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class WrongDay:
    """A date that is none: 31 February, or a weekday that does not fit."""

    text: str


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the day; a window is two of them, with `Mark.NEXT_DAY` where it crosses midnight."""

    at: time


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week without a date; Monday is 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its bound and unit; without a unit where the words name none."""

    op: Operator
    value: float
    unit: Unit | None

    def bound(self) -> "Amount":
        """The same bound in one form: of whole persons, pieces and years, "more than 12" is "at least 13"."""
        if self.unit not in (*WHOLE, None) or not float(self.value).is_integer():
            return self
        if self.op == ">":
            return Amount(">=", self.value + 1, self.unit)
        return Amount("<=", self.value - 1, self.unit) if self.op == "<" else self


WHOLE: tuple[Unit, ...] = ("an", "personne", "pièce", "école")
"""Units of which there is no half."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to call, by its digits, with a plus sign where it has one."""

    digits: str


@dataclass(frozen=True, slots=True)
class Link:
    """A web address as it stands."""

    url: str


@dataclass(frozen=True, slots=True)
class Code:
    """Letters and digits that are none of the others: a reference, or a slip."""

    text: str


class Mark(StrEnum):
    """Words that stand for a value."""

    NEXT_DAY = "next day"
    OPEN_END = "until further notice"
    UNCONFIRMED = "to be confirmed"


Value = Day | WrongDay | Hour | Weekday | Amount | Phone | Link | Code | Mark
