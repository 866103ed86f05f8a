"""The grammar of printed values in one language, as templates/grammar has it: a language needs no code."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hub.model.directive import Operator, Unit

Bounds = Annotated[dict[Operator, str], Field(min_length=7)]
Pair = Annotated[tuple[str, str], Field(description="singular, plural")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Day(_Table):
    """CLDR patterns of a day, in full and short; how the first of a month is written, if otherwise."""

    form: str
    short: str
    first: str | None = None


class Hour(_Table):
    """An hour with and without minutes; `pad` writes 08 for 8."""

    whole: str
    minutes: str
    midnight: str
    pad: bool = False


class Period(_Table):
    """From when until when. An end at midnight is said as the day before, inclusively.

    `from_hour_until` is for a start with an hour, where that changes the commas.
    """

    from_until: str
    from_hour_until: str | None = None
    from_open: str
    from_only: str
    until_only: str
    open_end: str
    inclusive: str
    moment: str
    one_day: str
    one_day_hours: str


class Window(_Table):
    form: str
    next_day: str


class Deadline(_Table):
    day: str
    moment: str


class Persons(_Table):
    all: str
    aged: str


class Singular(_Table):
    """Which numbers take the singular: those below a limit, or 1 alone."""

    below: float | None = None


class Infinitive(_Table):
    """The object stands before its verb; what it says after a colon or semicolon follows the verb.

    `first` are words of the verb that open the phrase, `prepositions` those that its object follows.
    An aside after a comma is closed by one; with a word of `lists` it is the end of a list instead.
    """

    first: tuple[str, ...]
    prepositions: tuple[str, ...]
    lists: tuple[str, ...]


class Nominative(_Table):
    """Words that only an accusative has: a label that holds one cannot stand for the nominative.

    After a preposition of `unless_after` they belong to it, and say nothing of the label's own case.
    """

    never_with: tuple[str, ...]
    unless_after: tuple[str, ...]


class Elision(_Table):
    """Words that lose their last letter before some letters."""

    words: tuple[str, ...]
    before: str
    form: str


class Grammar(_Table):
    """All of it. `*_short` tables override the long forms in SMS; `dative` and `mass` where a language has them.

    `age_alone` is an age after "age:"; `thousands` groups the digits of a number, `places` joins places.
    `capital_nouns` says that a noun keeps its capital within a sentence; `no_nouns` open a heading and do not.
    """

    locale: str
    join: str
    join_short: str
    places: Annotated[tuple[str, str] | None, Field(description="between, before the last")] = None
    thousands: str | None = None
    capital_nouns: bool = False
    no_nouns: tuple[str, ...] = ()
    day: Day
    hour: Hour
    period: Period
    period_short: Mapping[str, str] = {}
    window: Window
    deadline: Deadline
    deadline_short: Mapping[str, str] = {}
    bound: Bounds
    bound_mass: Mapping[Operator, str] = {}
    age: Bounds
    age_you: Mapping[Operator, str] = {}
    age_alone: Mapping[Operator, str] = {}
    persons: Persons
    unit: Annotated[dict[Unit, Pair], Field(min_length=12)]
    unit_dative: Mapping[Unit, Pair] = {}
    age_number: Pair | None = None
    singular: Singular
    label: dict[str, str]
    elision: Elision | None = None
    infinitive: Infinitive | None = None
    nominative: Nominative | None = None

    def short(self) -> "Grammar":
        """The grammar of SMS."""
        changes: dict[str, Any] = {
            "period": self.period.model_copy(update=dict(self.period_short)),
            "deadline": self.deadline.model_copy(update=dict(self.deadline_short)),
        }
        return self.model_copy(update=changes)
