"""What a mail server does when: a script is data, one line per misbehaviour, and the same run gives the same end."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

Phase = Literal[
    "connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "nobody", "body", "dot", "rset", "idle"
]
"""`nobody` is a DATA for which no recipient was taken, as it comes pipelined; a `data` has one.

`body` is between the message's first line and its dot, `dot` after it was noted, `idle` after that.
"""

Per = Literal["script", "recipient", "connection"]


class Fault(Enum):
    """What no reply can say."""

    CUT = "cut"
    """Close the connection at once."""
    HANG = "hang"
    """Say nothing more and read nothing more."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The usual answer, later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drip:
    """The usual answer, one octet per so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Deaf:
    """The usual answer after so many seconds; what was said meanwhile or before is not heard."""

    seconds: float


Answer = str | Fault | Slow | Drip | Deaf


@dataclass(frozen=True, slots=True)
class Line:
    """At `phase`, for recipient `to` and on connection `connection` where they are given, answer this.

    The first `after` such moments pass as usual, then every `every`-th is answered so, `times` times, or always
    where None; moments are counted `per` script, recipient or connection.
    """

    phase: Phase
    answer: Answer
    to: str | None = None
    connection: int | None = None
    after: int = 0
    every: int = 1
    times: int | None = 1
    per: Per = "script"


@dataclass(slots=True)
class Script:
    """Lines, and how often the moment of each has come. The first line that fits is the answer."""

    lines: list[Line] = field(default_factory=list)
    _moments: Counter[tuple[int, str | int]] = field(default_factory=Counter)

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def answer(self, phase: Phase, *, recipient: str | None, connection: int) -> Answer | None:
        """What to answer at this moment; None for the usual."""
        keys: Mapping[Per, str | int] = {
            "script": "",
            "recipient": recipient or "",
            "connection": connection,
        }
        for number, line in enumerate(self.lines):
            if line.phase != phase or line.to not in (None, recipient):
                continue
            if line.connection not in (None, connection):
                continue
            moment = (number, keys[line.per])
            if line.times is not None and self._moments[moment] >= line.after + line.every * line.times:
                continue  # used up: the next line may have its turn
            self._moments[moment] += 1
            later = self._moments[moment] - line.after
            if later > 0 and later % line.every == 0:
                return line.answer
        return None


def load(file: Path) -> list[Line]:
    """Lines from JSON: `[{"phase": "rcpt", "answer": "450 4.2.0 Greylisted", "per": "recipient"}, …]`.

    An answer is a reply, "cut", "hang", `{"slow": SECONDS}`, `{"drip": SECONDS}` or `{"deaf": SECONDS}`.
    """
    return [Line(**{**line, "answer": _answer(line["answer"])}) for line in json.loads(file.read_text())]


def _answer(given: Any) -> Answer:
    match given:
        case {"slow": seconds}:
            return Slow(seconds)
        case {"drip": seconds}:
            return Drip(seconds)
        case {"deaf": seconds}:
            return Deaf(seconds)
    return Fault(given) if given in [fault.value for fault in Fault] else str(given)
