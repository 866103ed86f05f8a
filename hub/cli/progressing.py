"""How far a dispatch is, in words, in a table and as a document."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hub import causes
from hub.flow.alarms import Alarm, span, told_stops
from hub.flow.observe import LOST, Progress, Seen
from hub.model.delivery import Outcome

CAUSES = 8
"""More causes than this are not shown in a table; the document has all."""

_ARRIVED = (Outcome.ACCEPTED, Outcome.DELIVERED)


def to_json(each: Progress, at: datetime) -> dict[str, Any]:
    """One channel of a dispatch as a document; durations in seconds, None where nothing moves."""
    left = each.time_left
    return {
        "channel": each.channel,
        "revision": each.dispatch.revision,
        "planned": each.planned,
        "outcomes": {outcome.value: number for outcome, number in sorted(each.outcomes.items())},
        "causes": [
            {"outcome": outcome.value, "code": code, "number": number, "words": causes.words(outcome, code)}
            for (outcome, code), number in each.causes.items()
        ],
        "held": each.due.held,
        "left": each.left,
        "rate": round(each.rate, 2),
        "seconds_left": None if left is None else round(left.total_seconds(), 1),
        "seconds_to_expiry": round((each.dispatch.expires_at - at).total_seconds(), 1),
        "stopped": each.dispatch.stopped_at is not None or bool(each.refused),
        "refused_for": each.refused or None,
        "finished": each.finished,
    }


def alarms_json(found: Iterable[Alarm]) -> list[dict[str, str]]:
    """Alarms as a document."""
    return [dict(alarm._asdict()) for alarm in found]


def pace(each: Progress, at: datetime) -> str:
    """ "1,203 a second, 3 min left, until 2 d": how fast, how long at this rate, how long there is."""
    if each.finished:
        return "finished" if not each.due.held else "finished, but for what is held"
    until = each.dispatch.expires_at - at
    rest = f"{span(until)} until it expires" if until.total_seconds() > 0 else "its time has passed"
    if each.dispatch.stopped_at is not None or each.refused:
        return f"stopped; {rest}"
    left = each.time_left
    if left is None:
        return f"nothing moves; {rest}"
    return f"{each.rate:,.1f} a second, {span(left)} left; {rest}"


def shown(seen: Seen, found: Iterable[Alarm]) -> RenderableType:
    """Everything that is under way, for a terminal."""
    below = [Text(line) for line in lines(seen, found)]
    if not seen.progress:
        return Group(*below) if seen.unplanned else Group(Text("Nothing is under way."), *below)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Directive", "Channel", "Planned", "Sent", "Failed", "In doubt", "Held", "Left", "Pace"):
        grid.add_column(name, justify="right" if name not in ("Directive", "Channel", "Pace") else "left")
    for each in seen.progress:
        numbers = (
            each.planned,
            each.count(*_ARRIVED),
            each.count(*LOST),
            each.count(Outcome.UNCERTAIN),
            each.due.held,
            each.left,
        )
        grid.add_row(
            Text(each.dispatch.directive),
            Text(each.channel),
            *(Text(f"{number:,}") for number in numbers),
            Text(pace(each, seen.at)),
        )
    return Group(grid, *below)


def lines(seen: Seen, found: Iterable[Alarm]) -> list[str]:
    """What stands below the table: causes, plans under way, stops and alarms."""
    said = [
        f"{each.dispatch.directive} by {each.channel}: {number:,} {outcome.value}: {causes.words(outcome, code)}"
        + (f" ({code})" if code else "")
        for each in seen.progress
        for (outcome, code), number in list(each.causes.items())[:CAUSES]
    ]
    said += [f"{dispatch.directive} is being planned." for dispatch in seen.unplanned]
    said += [f"Stopped: {what}, for {span(seen.at - since)}." for what, since in told_stops(seen)]
    said += [f"! {alarm.finding}: {alarm.remedy}." for alarm in found]
    if not seen.current:
        said.append("These figures are older: the counts cannot be written at the moment.")
    return said
