"""How each sector × audience stands before an act: who is told, and who decided that somebody is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.model.message import Hat

UNDETERMINED = "und"
"""The language of a reason that a person gave in words of their own (BCP 47 §4.1, "und")."""


class State(StrEnum):
    """One word for each cell of the matrix."""

    MESSAGE = "message"
    """The act names the sector, and speaks to this audience."""
    INHERITED = "inherited"
    """A rule for everybody speaks to it, in the sector's own words."""
    NOT_CONCERNED = "not_concerned"
    """A signed decision says that it is not concerned, and why."""
    WAIVED = "waived"
    """Open, and a named person let that pass, with a reason."""
    NO_NOUNS = "no_nouns"
    """The act speaks to it, and the house lacks the nouns to say it: U204."""
    NOT_ADDRESSED = "not_addressed"
    """Open: neither a message nor a decision."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One sector × audience of the matrix; `reason` per language and `by` where somebody decided."""

    hat: Hat
    state: State
    reason: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
