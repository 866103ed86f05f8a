"""How long to leave alone what fails again and again."""

import math

_DOUBLINGS = 20
"""More would say nothing, and after a thousand no number holds them."""


def rest(failures: int, first: float, longest: float) -> float:
    """Seconds after so many failures in a row, at least one: doubling from the first to the longest.

    However many there were: a far side that is down for days is looked at as often as one that is down for an hour.
    """
    return min(math.ldexp(first, min(failures - 1, _DOUBLINGS)), longest)
