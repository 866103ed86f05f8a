"""When somebody has to look: rules on ages, deadlines and shares, never on how much is waiting (R16, features.md)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from hub import causes
from hub.config import Alarms
from hub.flow.observe import Progress, Seen
from hub.model.delivery import Outcome

SILENT = 0.2
"""The share of SMS without a report from which on the reports, not the telephones, are at fault."""

LATELY = timedelta(hours=1)
"""For how long a jump of the clock is told, and that a sender was cut short."""

UNSENT = {
    "Immediate": "unsent_immediate",
    "Expected": "unsent_expected",
    "Future": "unsent_future",
}
"""The setting that says how old an unsent message of this urgency may be."""


class Alarm(NamedTuple):
    """One thing that somebody has to look at: what was found, and what to do."""

    name: str
    finding: str
    remedy: str


class Rule(NamedTuple):
    """Finds what is wrong, a sentence for each; `remedy` says what to do."""

    name: str
    find: Callable[[Seen, Alarms], Iterable[str]]
    remedy: str


def raised(seen: Seen, limits: Alarms) -> list[Alarm]:
    """All alarms of this instant, in the order of the table."""
    return [Alarm(rule.name, finding, rule.remedy) for rule in RULES for finding in rule.find(seen, limits)]


def is_held_back(each: Progress, seen: Seen) -> bool:
    """Whether a person stopped it, or a refusal that has an alarm of its own: its age is no surprise then."""
    stopped = each.dispatch.stopped_at or each.dispatch.cancelled_at or each.refused or None
    return stopped is not None or bool({"*", each.channel} & set(seen.stops))


def told_stops(seen: Seen) -> Iterator[tuple[str, datetime]]:
    """What is stopped, in words, and since when; what a refusal stopped has an alarm of its own."""
    by_scope = {each.scope: each for each in seen.progress}
    for scope, since in seen.stops.items():
        each = by_scope.get(scope)
        if each is not None and not each.refused:
            yield f"{each.dispatch.directive} by {each.channel}", since
        elif "/" not in scope:
            yield "all sending" if scope == "*" else scope, since


def _sender(seen: Seen, limits: Alarms) -> Iterator[str]:
    if alive(seen, limits):
        return
    beats = [slot.beat_at for slot in seen.slots if slot.beat_at is not None]
    yield (
        f"no sender has been heard of for {span(seen.at - max(beats))}" if beats else "no sender has ever run"
    )


def alive(seen: Seen, limits: Alarms) -> list[str]:
    """The slots of senders that were heard of lately."""
    return [
        slot.name
        for slot in seen.slots
        if slot.beat_at is not None and seen.at - slot.beat_at <= limits.sender
    ]


def _unsent(seen: Seen, limits: Alarms) -> Iterator[str]:
    for each in seen.progress:
        age = each.age(seen.at)
        allowed: timedelta = getattr(limits, UNSENT[each.dispatch.urgency])
        if each.left and age > allowed and not is_held_back(each, seen):
            yield (
                f"{each.dispatch.directive} by {each.channel}: the oldest unsent message is {span(age)} old, "
                f"and its time ends {_ends(each.dispatch.expires_at, seen.at)}"
            )
    for dispatch in seen.unplanned:
        age = seen.at - dispatch.approved_at
        if dispatch.stopped_at is None and age > limits.unsent_immediate:
            yield f"{dispatch.directive} was approved {span(age)} ago, and its messages are not planned"


def _late(seen: Seen, _: Alarms) -> Iterator[str]:
    for each in seen.progress:
        needs, has = each.time_left, each.dispatch.expires_at - seen.at
        if needs and needs > has > timedelta(0) and not is_held_back(each, seen):
            yield (
                f"{each.dispatch.directive} by {each.channel}: at {each.rate:.1f} a second the rest takes "
                f"{span(needs)}, and its time ends in {span(has)}"
            )


def _paused(seen: Seen, limits: Alarms) -> Iterator[str]:
    for slot in seen.slots:
        if slot.name not in alive(seen, limits):
            continue
        for name, channel in slot.pulse.channels.items():
            if channel.paused_since is not None and seen.at - channel.paused_since > limits.paused:
                yield (
                    f"{name} has been paused for {span(seen.at - channel.paused_since)}: the far side "
                    f"takes nothing ({channel.code})"
                )


def _held(seen: Seen, limits: Alarms) -> Iterator[str]:
    for each in seen.progress:
        since = each.due.held_since
        if since is not None and seen.at - since > limits.held:
            yield (
                f"{each.dispatch.directive} by {each.channel}: messages in doubt have waited for a person "
                f"for {span(seen.at - since)}"
            )


def _refused(seen: Seen, _: Alarms) -> Iterator[str]:
    for each in seen.progress:
        if each.refused not in ("", causes.UNPREPARED) and not each.finished:
            yield (
                f"{each.dispatch.directive} by {each.channel} is stopped: the far side refuses what it says "
                f"({each.refused}: {causes.words(Outcome.REFUSED, each.refused)}), and nobody is marked as failed"
            )


def _unprepared(seen: Seen, _: Alarms) -> Iterator[str]:
    for each in seen.progress:
        if each.refused == causes.UNPREPARED and not each.finished:
            yield (
                f"{each.dispatch.directive} by {each.channel} is stopped: its words cannot be made ready to leave, "
                "and nobody is marked as failed"
            )


def _silent(seen: Seen, limits: Alarms) -> Iterator[str]:
    if seen.silence.of and seen.silence.number > SILENT * seen.silence.of:
        yield (
            f"of {seen.silence.of} SMS taken more than {span(limits.silent)} ago, "
            f"{seen.silence.number} were never reported on"
        )


def _stopped(seen: Seen, limits: Alarms) -> Iterator[str]:
    for what, since in told_stops(seen):
        if seen.at - since > limits.stopped:
            yield f"{what} has been stopped for {span(seen.at - since)}"
    told = {}
    for each in seen.progress:
        dispatch = each.dispatch
        if (
            dispatch.stopped_at
            and not dispatch.cancelled_at
            and seen.at - dispatch.stopped_at > limits.stopped
        ):
            told[dispatch.directive] = dispatch.stopped_at
    for directive, at in told.items():
        yield f"{directive} has been stopped for {span(seen.at - at)}"


def _unpublished(seen: Seen, limits: Alarms) -> Iterator[str]:
    since = seen.unpublished_since
    if since is not None and seen.at - since > limits.unpublished:
        yield f"the public pages and feeds have lagged behind for {span(seen.at - since)}"


def _disk(seen: Seen, limits: Alarms) -> Iterator[str]:
    if seen.free_space < limits.free_space:
        yield f"{seen.free_space // 2**20} MiB are free on the disk of the database"


def _clock(seen: Seen, _: Alarms) -> Iterator[str]:
    for slot in seen.slots:
        at = slot.pulse.stepped_at
        if at is not None and abs(seen.at - at) < LATELY:
            yield f"the clock of {slot.name} jumped by {slot.pulse.stepped:+.0f} s, {span(abs(seen.at - at))} ago"


def _cut_short(seen: Seen, _: Alarms) -> Iterator[str]:
    for slot in seen.slots:
        at, number = slot.pulse.inherited_at, slot.pulse.inherited
        if at is not None and abs(seen.at - at) < LATELY:
            yield (
                f"a sender ended with {number} message{'s' if number > 1 else ''} under way, as {slot.name} noticed "
                f"{span(abs(seen.at - at))} ago: whoever had one by then may get it twice"
            )


RULES: tuple[Rule, ...] = (
    Rule("sender", _sender, "run `univoque serve`, or `univoque work`; the log says why it ended"),
    Rule("paused", _paused, "mend the setting or ask the far side; `univoque doctor` tries it"),
    Rule(
        "unsent",
        _unsent,
        "see with `univoque status ID` what holds it up; then take another way out, such as the phone",
    ),
    Rule("late", _late, "open more lanes or another relay, or tell by another way whom it will not reach"),
    Rule("held", _held, "find out whether they arrived; `univoque retry ID` sends them once more"),
    Rule(
        "refused",
        _refused,
        "ask the relay or provider why, mend it or approve a correction; `univoque resume ID` lets the rest leave",
    ),
    Rule(
        "unprepared",
        _unprepared,
        "see in the log why; mend the setting, or approve a correction; `univoque resume ID` lets it leave",
    ),
    Rule("silent", _silent, "see whether the provider reaches the callbacks: `univoque doctor`"),
    Rule("stopped", _stopped, "`univoque resume`, or approve a cancellation"),
    Rule(
        "unpublished",
        _unpublished,
        "see in the log why publishing fails; the files that lie there are served",
    ),
    Rule("disk", _disk, "make room; senders stop before anything is lost"),
    Rule("cut_short", _cut_short, "nothing is lost; the log and the system's journal say why it ended"),
    Rule("clock", _clock, "see that the machine keeps time (NTP); expiry and schedules go by it"),
)
"""All there are. A rule asks how old something is, or how it stands to its deadline."""


def span(length: timedelta) -> str:
    """ "3 h 20 min", "45 s": two parts at most."""
    seconds = int(length.total_seconds())
    parts = [
        (seconds // 86_400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next((i for i, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"


def _ends(expires_at: datetime, at: datetime) -> str:
    return f"in {span(expires_at - at)}" if expires_at > at else f"{span(at - expires_at)} ago"
