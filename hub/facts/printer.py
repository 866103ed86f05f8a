"""How facts are printed: the only place where a value becomes words, by the grammar of its language."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal, get_group_symbol

from hub.facts.grammar import Grammar
from hub.facts.scope import Scope
from hub.facts.trace import bare
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS

Say = Callable[[str, str], str]
"""Marks a printed part with the last word of its fact's key: say("from", "mercredi 11 mars 2020")."""

COUNTED: frozenset[Unit] = frozenset({"personne", "pièce", "école"})
DURATIONS: frozenset[Unit] = frozenset({"jour", "heure", "minute"})
LIMITS = ("<", "<=")

_ASIDE = re.compile(r",(?P<words>[^,()]*)$")


class Printer:
    """Prints values in one language. `short` is the form for SMS: no weekday, no typographic finesse."""

    def __init__(self, grammar: Grammar) -> None:
        self._long = grammar
        self._short = grammar.short()

    @property
    def grammar(self) -> str:
        """The grammar behind it, as JSON."""
        return self._long.model_dump_json()

    def _grammar(self, *, short: bool) -> Grammar:
        return self._short if short else self._long

    def day(self, day: date, *, short: bool = False) -> str:
        """A date in full, with its weekday unless short."""
        form = self._long.day.short if short else self._long.day.form
        text = _date(day, form, self._long.locale)
        if day.day == 1 and self._long.day.first:
            text = text.replace("1 ", f"{self._long.day.first} ", 1)
        return text

    def hour(self, at: time, *, beside_a_day: bool = False) -> str:
        """Midnight beside a day is ambiguous by a whole day, so it is hour 0 there."""
        forms = self._long.hour
        if at == time(0, 0) and not beside_a_day:
            return forms.midnight
        hour = f"{at.hour:02}" if forms.pad else str(at.hour)
        return (forms.minutes if at.minute else forms.whole).format(hour=hour, minute=f"{at.minute:02}")

    def period(self, scope: Scope, say: Say, *, short: bool = False) -> str | None:
        """From when until when, in words; None when neither is known."""
        forms = self._grammar(short=short).period
        start = None if scope.start_unknown or scope.start is None else scope.start.astimezone(BRUSSELS)
        end = None if scope.end is None else scope.end.astimezone(BRUSSELS)
        open_end = None if scope.end_unknown else say("until", forms.open_end)
        if start is None:
            if end is None:
                return open_end
            return forms.until_only.format(until=say("until", self._end(end, short=short)))
        if end is None:
            since = say("from", self._moment(start, short=short))
            form = forms.from_open if open_end else forms.from_only
            return form.format_map({"from": since, "until": open_end})
        if start.time() == time(0) and last_day(end) == start.date():
            return forms.one_day.format(day=say("from", say("until", self.day(start.date(), short=short))))
        if start.date() == end.date():
            hours = {
                "from": say("from", self.hour(start.time())),
                "until": say("until", self.hour(end.time())),
            }
            day = say("from", say("until", self.day(start.date(), short=short)))
            return forms.one_day_hours.format_map({"day": day, **hours})
        since = say("from", self._moment(start, short=short))
        span = forms.from_until if start.time() == time(0) else forms.from_hour_until or forms.from_until
        return span.format_map({"from": since, "until": say("until", self._end(end, short=short))})

    def _end(self, end: datetime, *, short: bool) -> str:
        last = last_day(end)
        if last is None:
            return self._moment(end, short=short)
        return self._grammar(short=short).period.inclusive.format(day=self.day(last, short=short))

    def _moment(self, at: datetime, *, short: bool) -> str:
        day = self.day(at.date(), short=short)
        if at.time() == time(0):
            return day
        hour = self.hour(at.time(), beside_a_day=True)
        return self._grammar(short=short).period.moment.format(day=day, hour=hour)

    def window(self, window: Window) -> str:
        """Hours of the day, saying so when they cross midnight."""
        crosses = window.to < window.from_ and window.to != time(0)
        form = self._long.window.next_day if crosses else self._long.window.form
        return form.format_map({"from": self.hour(window.from_), "to": self.hour(window.to)})

    def deadline(self, deadline: datetime | date, *, short: bool = False) -> str:
        forms = self._grammar(short=short).deadline
        if isinstance(deadline, datetime):
            at = deadline.astimezone(BRUSSELS)
            hour = self.hour(at.time(), beside_a_day=True)
            return forms.moment.format(day=self.day(at.date(), short=short), hour=hour)
        return forms.day.format(day=self.day(deadline, short=short))

    def quantity(self, quantity: Quantity) -> str:
        """Bound, number and unit, whatever the unit; an age as an age."""
        if quantity.unit == "an":
            return self._age(quantity, self._long.age_alone)
        return self._bounded(quantity)

    def quantity_label(self, quantity: Quantity) -> str:
        """What kind of number it is: a number, an age, a duration, an amount …"""
        return self._long.label.get(quantity.unit, self._long.label["other"])

    def form(self, name: str, quantity: Quantity | None) -> str | None:
        """The form of a quantity that a slot asks for: count, max, n, age, age.you, persons, duration, share …

        None when the quantity is missing, or has another unit or bound than the slot prints.
        """
        if name == "persons":
            return self._persons(quantity)
        if quantity is None:
            return None
        if name in ("age", "age.you"):
            if quantity.unit != "an":
                return None
            return self._age(quantity, self._long.age_you if name == "age.you" else {})
        if not _fits(name, quantity):
            return None
        if name in ("max", "n"):
            limit = quantity.value if quantity.op == "<=" else quantity.value - 1
            return self.number(limit) if name == "n" else self._measured(limit, quantity.unit)
        return self._bounded(quantity, dative=name == "duration.dat")

    def number(self, value: int | float) -> str:
        return _decimal(value, self._long.locale, self._long.thousands)

    def join(self, items: Sequence[str], *, short: bool = False) -> str:
        """A list whose items may hold commas."""
        return (self._long.join_short if short else self._long.join).join(items)

    def join_places(self, places: Sequence[str]) -> str:
        """A list of places with their prepositions."""
        if self._long.places is None or len(places) < 2:
            return self.join(places)
        between, last = self._long.places
        return f"{between.join(places[:-1])}{last}{places[-1]}"

    def within(self, noun: str) -> str:
        """A heading as it stands within a sentence: without its capital, unless the language keeps it."""
        keeps = self._long.capital_nouns and noun.split()[0] not in self._long.no_nouns
        if keeps or noun[1:2].isupper():
            return noun
        return noun[:1].lower() + noun[1:]

    def infinitive(self, verb: str, object_: str) -> str:
        """The act to take as a phrase in the infinitive, in the order of the language's words."""
        rule = self._long.infinitive
        if rule is None:
            return f"{verb} {object_}"
        head, mark, rest = _parted(object_)
        words = verb.split()
        first = [word for word in words if word in rule.first]
        others = [word for word in words if word not in rule.first]
        before = [others.pop()] if others and others[-1] in rule.prepositions else []
        aside = _ASIDE.search(head)
        if aside and not set(aside["words"].split()) & set(rule.lists):
            head = f"{head},"
        return " ".join([*first, *before, head, *others]) + mark + rest

    def nominative(self, accusative: str) -> str | None:
        """A label in the nominative, where its accusative is the same; None where it may differ."""
        rule = self._long.nominative
        if rule is None:
            return accusative
        words = accusative.lower().split()
        betrayed = any(
            word in rule.never_with and before not in rule.unless_after
            for before, word in zip(["", *words], words, strict=False)
        )
        return None if betrayed else accusative

    def elided(self, word: str, phrase: str) -> str:
        """`word` before `phrase`, joined as the language wants it (French: de + ouvrir = d'ouvrir)."""
        rule = self._long.elision
        if rule and word in rule.words and bare(phrase)[:1].lower() in rule.before:
            return rule.form.format(stem=word[:-1], phrase=phrase)
        return f"{word} {phrase}"

    def _persons(self, quantity: Quantity | None) -> str | None:
        if quantity is None:
            return self._long.persons.all
        return self._long.persons.aged.format(age=self._age(quantity)) if quantity.unit == "an" else None

    def _bounded(self, quantity: Quantity, *, dative: bool = False) -> str:
        measured = self._measured(quantity.value, quantity.unit, dative=dative)
        bounds = self._long.bound
        if quantity.unit not in COUNTED and quantity.op in self._long.bound_mass:
            return self._long.bound_mass[quantity.op].format(n=measured)
        return bounds[quantity.op].format(n=measured)

    def _measured(self, value: int | float, unit: Unit, *, dative: bool = False) -> str:
        pair = self._long.unit[unit]
        if dative:
            pair = self._long.unit_dative.get(unit, pair)
        return self._counted(value, pair)

    def _counted(self, value: int | float, pair: tuple[str, str]) -> str:
        below = self._long.singular.below
        singular = abs(value) < below if below is not None else value == 1
        return pair[0 if singular else 1].format(n=self.number(value))

    def _age(self, quantity: Quantity, other: Mapping[Operator, str] | None = None) -> str:
        """Four operators, four laws: ">" repeats the first age concerned."""
        form = {**self._long.age, **(other or {})}[quantity.op]
        if quantity.op == ">" and not float(quantity.value).is_integer():
            form = self._long.bound[">"]  # no first age concerned follows from 2.5
        pair = self._long.age_number or self._long.unit["an"]
        dative = self._long.unit_dative.get("an", pair)
        years = {"n": self._counted(quantity.value, pair), "dative": self._counted(quantity.value, dative)}
        following = self._counted(quantity.value + 1, pair)
        next_dative = self._counted(quantity.value + 1, dative)
        return form.format(**years, next=following, next_dative=next_dative)


# A directive's few dates and numbers stand in hundreds of its texts.
@lru_cache(maxsize=4096)
def _date(day: date, form: str, locale: str) -> str:
    text: str = format_date(day, form, locale=locale)
    return text


@lru_cache(maxsize=4096)
def _decimal(value: int | float, locale: str, group: str | None) -> str:
    text: str = format_decimal(value, locale=locale, decimal_quantization=False)
    return text.replace(get_group_symbol(locale), group) if group else text


def _fits(name: str, quantity: Quantity) -> bool:
    unit = quantity.unit
    fitting = {
        "count": unit in COUNTED,
        "quantity": unit != "an",
        "max": unit in COUNTED and _is_limit(quantity),
        "n": unit in COUNTED and _is_limit(quantity),
        "duration": unit in DURATIONS,
        "duration.dat": unit in DURATIONS,
        "share": unit == "%",
        "amount": unit == "EUR",
    }
    return fitting.get(name, False)


def _parted(text: str) -> tuple[str, str, str]:
    """The text up to its first colon or semicolon, that mark, and the rest."""
    marks = [position for position in map(text.find, ":;") if position >= 0]
    end = min(marks, default=len(text))
    return text[:end].rstrip(), text[end : end + 1], text[end + 1 :]


def _is_limit(quantity: Quantity) -> bool:
    """Whether "limit to n" says it: a whole number, and not none at all, which is forbidden."""
    whole = float(quantity.value).is_integer()
    return whole and (quantity.op == "<=" or (quantity.op == "<" and quantity.value > 1))


def last_day(end: datetime) -> date | None:
    """The last day of a validity that ends at midnight, which is excluded; None when it ends within a day."""
    return (end - timedelta(days=1)).date() if end.time() == time(0) else None
