"""Prints facts in French: dates with their weekday, ages with their bound, numbers with their unit."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from babel.dates import format_date
from babel.numbers import format_decimal

from hub.facts.scope import Scope
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS

LOCALE = "fr_BE"
OPEN_END = "jusqu'à nouvel ordre"

_BOUND: dict[Operator, str] = {
    "=": "{}",
    "!=": "pas {}",
    "<": "moins de {}",
    "<=": "au plus {}",
    ">": "plus de {}",
    ">=": "au moins {}",
    "~": "environ {}",
}

_UNITS: dict[Unit, tuple[str, str]] = {
    "an": ("an", "ans"),
    "jour": ("jour", "jours"),
    "heure": ("heure", "heures"),
    "minute": ("minute", "minutes"),
    "personne": ("personne", "personnes"),
    "m": ("mètre", "mètres"),
    "%": ("%", "%"),
    "ppm": ("ppm", "ppm"),
    "km": ("kilomètre", "kilomètres"),
    "EUR": ("EUR", "EUR"),
    "pièce": ("pièce", "pièces"),
    "école": ("école", "écoles"),
}

_LABELS: dict[Unit, str] = {
    "an": "âge",
    "jour": "durée",
    "heure": "durée",
    "minute": "durée",
    "m": "distance",
    "km": "distance",
    "%": "part",
    "ppm": "concentration",
    "EUR": "montant",
}

_COUNTED: frozenset[Unit] = frozenset({"personne", "pièce", "école"})
_DURATIONS: frozenset[Unit] = frozenset({"jour", "heure", "minute"})
_VOWELS = "aàâeéèêëiîïoôuùûyœh"


class French:
    """The French printer."""

    def day(self, day: date, *, short: bool = False) -> str:
        text = format_date(day, "d MMMM y" if short else "EEEE d MMMM y", locale=LOCALE)
        if day.day == 1:
            text = text.replace("1 ", "1er ", 1)
        return text

    def hour(self, at: time, *, beside_a_day: bool = False) -> str:
        """8 h, 8 h 30; midnight beside a day is ambiguous by a whole day, so it is 0 h there."""
        if at == time(0, 0) and not beside_a_day:
            return "minuit"
        return f"{at.hour} h" if at.minute == 0 else f"{at.hour} h {at.minute:02}"

    def period(self, scope: Scope, say: Callable[[str, str], str], *, short: bool = False) -> str | None:
        start = None if scope.start_unknown or scope.start is None else scope.start.astimezone(BRUSSELS)
        end = None if scope.end is None else scope.end.astimezone(BRUSSELS)
        if start is None:
            return self._until(end, scope, say, short=short)
        if end is None:
            since = f"à partir du {say('from', self._moment(start, short=short))}"
            return since if scope.end_unknown else f"{since}, {say('until', OPEN_END)}"
        last = _last_day(end)
        if start.time() == time(0) and last is not None:
            if last == start.date():
                return f"le {say('from', say('until', self.day(last, short=short)))}"
            return (
                f"du {say('from', self.day(start.date(), short=short))} "
                f"au {say('until', f'{self.day(last, short=short)} inclus')}"
            )
        if start.date() == end.date():
            day = say("from", say("until", self.day(start.date(), short=short)))
            hours = f"de {say('from', self.hour(start.time()))} à {say('until', self.hour(end.time()))}"
            return f"le {day} {hours}"
        until = f"{self.day(last, short=short)} inclus" if last else self._moment(end, short=short)
        return f"du {say('from', self._moment(start, short=short))} au {say('until', until)}"

    def _until(
        self, end: datetime | None, scope: Scope, say: Callable[[str, str], str], *, short: bool
    ) -> str | None:
        if end is None:
            return None if scope.end_unknown else say("until", OPEN_END)
        last = _last_day(end)
        text = f"{self.day(last, short=short)} inclus" if last else self._moment(end, short=short)
        return f"jusqu'au {say('until', text)}"

    def _moment(self, at: datetime, *, short: bool) -> str:
        day = self.day(at.date(), short=short)
        return day if at.time() == time(0) else f"{day} à {self.hour(at.time(), beside_a_day=True)}"

    def window(self, window: Window) -> str:
        text = f"de {self.hour(window.from_)} à {self.hour(window.to)}"
        return f"{text} le lendemain" if window.to < window.from_ and window.to != time(0) else text

    def deadline(self, deadline: datetime | date, *, short: bool = False) -> str:
        if isinstance(deadline, datetime):
            at = deadline.astimezone(BRUSSELS)
            return f"le {self.day(at.date(), short=short)} à {self.hour(at.time(), beside_a_day=True)}"
        return f"le {self.day(deadline, short=short)}"

    def number(self, value: int | float) -> str:
        return format_decimal(value, locale=LOCALE)

    def quantity(self, quantity: Quantity) -> str:
        if quantity.unit == "an":
            return self._age(quantity)
        singular, plural = _UNITS[quantity.unit]
        unit = singular if abs(quantity.value) < 2 else plural
        return _BOUND[quantity.op].format(f"{self.number(quantity.value)} {unit}")

    def quantity_label(self, quantity: Quantity) -> str:
        return _LABELS.get(quantity.unit, "nombre")

    def form(self, name: str, quantity: Quantity | None) -> str | None:
        if name == "persons":
            if quantity is None:
                return "toutes les personnes"
            return f"les personnes de {self._age(quantity)}" if quantity.unit == "an" else None
        if quantity is None:
            return None
        if name in ("age", "age.you"):
            return self._age(quantity) if quantity.unit == "an" else None
        fits = {
            "count": quantity.unit in _COUNTED,
            "quantity": quantity.unit != "an",
            "max": quantity.unit in _COUNTED and quantity.op in ("<", "<="),
            "n": quantity.unit in _COUNTED and quantity.op in ("<", "<="),
            "duration": quantity.unit in _DURATIONS,
            "share": quantity.unit == "%",
            "amount": quantity.unit == "EUR",
        }
        if not fits.get(name, False):
            return None
        if name in ("max", "n"):
            limit = quantity.value if quantity.op == "<=" else quantity.value - 1
            unit = _UNITS[quantity.unit][0 if limit < 2 else 1]
            return self.number(limit) if name == "n" else f"{self.number(limit)} {unit}"
        return self.quantity(quantity)

    def _age(self, quantity: Quantity) -> str:
        """Four operators, four laws: ">" repeats the first age concerned."""
        years = f"{self.number(quantity.value)} {_UNITS['an'][0 if quantity.value < 2 else 1]}"
        if quantity.op == ">":
            return f"plus de {years} (dès {self.number(quantity.value + 1)} ans)"
        return {
            "<": f"moins de {years}",
            "<=": f"{years} ou moins",
            ">=": f"{years} ou plus",
        }.get(quantity.op, _BOUND[quantity.op].format(years))

    def join(self, items: Sequence[str], *, short: bool = False) -> str:
        return ("; " if short else " ; ").join(items)

    def elided(self, word: str, phrase: str) -> str:
        if phrase[:1].lower() in _VOWELS and word[-1:] in ("e", "a"):
            return f"{word[:-1]}'{phrase}"
        return f"{word} {phrase}"


def _last_day(end: datetime) -> date | None:
    """The last day of a validity that ends at midnight, which is excluded; None when it ends within a day."""
    return (end - timedelta(days=1)).date() if end.time() == time(0) else None
