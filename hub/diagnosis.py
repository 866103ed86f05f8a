"""What the doctor says of one thing it looked at."""

from typing import NamedTuple


class Diagnosis(NamedTuple):
    """One thing looked at: whether it is fine, what was found, and what to do where it is not."""

    what: str
    fine: bool
    finding: str
    remedy: str = ""


def unlooked(what: str, why: str) -> Diagnosis:
    """Nobody could look, or nobody has to: that is no fault."""
    return Diagnosis(what, True, f"not looked at: {why}")
