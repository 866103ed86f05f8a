"""For each of whom a number of people counts, read back: "at most 1 person" is another rule than "1 per resident"."""

from collections.abc import Iterator

from hub.gate.case import Case, variant_name
from hub.gate.statements import BEFORE, NOW
from hub.model.review import Finding, Level
from hub.render.slots import fact_prefix
from hub.reread import read, says_per


def said_per_whom(case: Case) -> Iterator[Finding]:
    """A message says a number of people without the words right behind it for each of whom it counts."""
    counted = _counted(case)
    if not counted:
        return
    for variant, message in case.texts():
        for span in message.spans:
            per = counted.get(span.fact)
            said = message.text[span.start : span.end]
            if per is None or not read(said, message.language).values:  # that there was no number before
                continue
            if says_per(message.text, span.end, message.language):
                continue
            yield case.finding(
                "U212",
                Level.BLOCKER,
                variant_name(variant),
                f"{span.fact} is said as {said!r}, and not that it counts per {per}",
                "say it in the pattern right behind the number; or give the measure a label `per`",
            )


def _counted(case: Case) -> dict[str, str]:
    """The numbers of people that count for each of somebody, by the keys of their facts."""
    found: dict[str, str] = {}
    for sheet in (*case.sheet.past(), case.sheet):
        for owner, measure in sheet.speaking():
            per = case.register.topics[measure.topic].per_whom(measure.quantity)
            if per:
                key = f"{fact_prefix(case.directive, owner, measure)}quantity"
                found |= dict.fromkeys((key, f"{key}{BEFORE}", f"{key}{NOW}"), per)
    return found
