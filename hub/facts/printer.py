"""How facts are printed: one printer per language, and the only place where a value becomes words."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from hub.facts.fr import French
from hub.facts.scope import Scope
from hub.model.directive import Language, Quantity, Window

Say = Callable[[str, str], str]
"""Marks a printed part with the last word of its fact's key: say("from", "mercredi 11 mars 2020")."""


class Printer(Protocol):
    """Prints values in one language; `short` is the form for SMS, without the weekday."""

    def day(self, day: date, *, short: bool = False) -> str:
        """A date in full, with its weekday unless short."""
        ...

    def period(self, scope: Scope, say: Say, *, short: bool = False) -> str | None:
        """From when until when, in words; None when neither is known."""
        ...

    def window(self, window: Window) -> str:
        """Hours of the day, saying so when they cross midnight."""
        ...

    def deadline(self, deadline: datetime | date, *, short: bool = False) -> str: ...

    def quantity(self, quantity: Quantity) -> str:
        """Bound, number and unit, whatever the unit; an age as an age."""
        ...

    def quantity_label(self, quantity: Quantity) -> str:
        """What kind of number it is: a number, an age, a duration, an amount …"""
        ...

    def form(self, name: str, quantity: Quantity | None) -> str | None:
        """The form of a quantity that a slot asks for: count, max, n, age, age.you, persons, duration, share …

        None when the quantity is missing or has another unit than the slot prints.
        """
        ...

    def join(self, items: Sequence[str], *, short: bool = False) -> str:
        """A list whose items may hold commas."""
        ...

    def elided(self, word: str, phrase: str) -> str:
        """`word` before `phrase`, joined as the language wants it (French: de + ouvrir = d'ouvrir)."""
        ...


PRINTERS: dict[Language, Printer] = {"fr": French()}


def printer_for(language: Language) -> Printer:
    """The printer of a language. Raises LookupError for one that has none yet."""
    return PRINTERS[language]
