"""What the demo replays: the acts of spring 2020 in order of issue, and the waivers that they need."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import resources

from hub.facts.scope import judged_on
from hub.intake import file
from hub.model.directive import LANGUAGES, Directive, Text
from hub.now import BRUSSELS
from hub.register import Register

MORNING = time(10, 0)
FIRST = datetime.combine(date(2020, 3, 10), MORNING, BRUSSELS)


@dataclass(frozen=True, slots=True)
class Excused:
    """A finding that a named function lets pass, with its reason in French, and in other languages where it is read."""

    code: str
    cell: str
    reason: str
    translations: Text


@dataclass(frozen=True, slots=True)
class Act:
    """One act of the replay, the instant at which it is handed in, and what must be waived for it."""

    directive: Directive
    at: datetime
    waivers: tuple[Excused, ...]


def load(register: Register) -> list[Act]:
    """The acts of the demo, the earliest first."""
    data = resources.files("hub") / "demo" / "data"
    reading = file.parse((data / "a-visits.toml").read_bytes(), "a-visits.toml", register)
    if reading.faults:
        raise ValueError("; ".join(f"{fault.directive}: {fault.text}" for fault in reading.faults))
    rows = tomllib.loads((data / "waivers.toml").read_text(encoding="utf-8"))["waiver"]
    acts = []
    for directive in reading.directives:
        own = (row for row in rows if row["directive"] == directive.id)
        waivers = tuple(_excused(row) for row in own)
        acts.append(Act(directive, datetime.combine(_day(directive), MORNING, BRUSSELS), waivers))
    return sorted(acts, key=lambda act: act.at)


def _day(directive: Directive) -> date:
    day = judged_on(directive)
    assert day is not None, f"{directive.id} has neither a day of issue nor a start"
    return day


def _excused(row: dict[str, str]) -> Excused:
    translations = {lang: row[key] for lang in LANGUAGES if (key := f"reason_{lang}") in row}
    return Excused(row["code"], row["cell"], row["reason"], translations)
