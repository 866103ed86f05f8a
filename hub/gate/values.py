"""The value of a measure in one form, so that two acts can be compared: bounds as whole numbers, windows, codes."""

from collections.abc import Mapping
from datetime import time
from typing import Literal

from hub.model.directive import Measure, Operator, Quantity, Window
from hub.register import Topic

Agreement = Literal["equal", "different", "silent"]
Parts = Mapping[str, object]
"""What makes the value, by kind; a quantity by its unit, since days and hours are not compared."""

_DAY = 24 * 60


def agreement(left: Measure, right: Measure, topic: Topic) -> Agreement:
    """Whether two measures on a topic say the same (docs/directive-file.md, "How two measures compare", f, h and i).

    "silent" where nothing follows: texts, information, a value on one side only, another modality at equal value.
    """
    if topic.value == "text" or "information" in (left.modality, right.modality):
        return "silent"
    ours, theirs = parts(left), parts(right)
    if left.modality != right.modality and (
        _by_modality(left, right, topic)
        or not (ours or theirs)  # without any value the modality is the value
    ):
        return "different"
    if any(ours[kind] != theirs[kind] for kind in ours.keys() & theirs.keys()):
        return "different"
    return "equal" if ours.keys() == theirs.keys() and left.modality == right.modality else "silent"


def parts(measure: Measure) -> Parts:
    """The parts of a measure's value, normalised."""
    found: dict[str, object] = {}
    if measure.quantity:
        found[f"quantity in {measure.quantity.unit}"] = bound(measure.quantity)
    if measure.window:
        found["window"] = (measure.window.from_, measure.window.to)
    if measure.value:
        found["value"] = measure.value
    if measure.scope:
        found["scope"] = measure.scope
    return found


def bound(quantity: Quantity) -> tuple[Operator, float]:
    """The bound of a quantity; of whole numbers, "> 18" is ">= 19" and "< 12" is "<= 11"."""
    value = float(quantity.value)
    if value.is_integer() and quantity.op == ">":
        return ">=", value + 1
    if value.is_integer() and quantity.op == "<":
        return "<=", value - 1
    return quantity.op, value


def contains(outer: Window, inner: Window) -> bool:
    """Whether all hours of `inner` are hours of `outer`; both may cross midnight."""
    start, length = _hours(outer)
    begin, duration = _hours(inner)
    return (begin - start) % _DAY + duration <= length


def _hours(window: Window) -> tuple[int, int]:
    """The minute of the day at which a window starts, and its length in minutes."""
    start, end = _minute(window.from_), _minute(window.to)
    return start, (end - start) % _DAY


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _by_modality(left: Measure, right: Measure, topic: Topic) -> bool:
    """Whether another modality is another rule; activities compare their quantity when both have one."""
    return topic.value == "modality" and not (topic.id == "activities" and left.quantity and right.quantity)
