"""What is in force when, where and for whom: first consolidate, then ask or compare (decision 0014)."""

from hub.in_force.life import Life, lives
from hub.in_force.readers import AIMED, Aim, Held, Reader, aim, hold, in_force, reaches
from hub.in_force.replay import SETTLING, consolidate
from hub.in_force.rules import (
    Ending,
    Rule,
    Rules,
    Status,
    Stretch,
    is_narrower,
    name_of,
    status_of,
    taken_back,
)
from hub.in_force.spans import EVER, Span, joined, without

__all__ = [
    "AIMED",
    "EVER",
    "SETTLING",
    "Aim",
    "Ending",
    "Held",
    "Life",
    "Reader",
    "Rule",
    "Rules",
    "Span",
    "Status",
    "Stretch",
    "aim",
    "consolidate",
    "hold",
    "in_force",
    "is_narrower",
    "joined",
    "lives",
    "name_of",
    "reaches",
    "status_of",
    "taken_back",
    "without",
]
