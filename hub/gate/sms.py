"""SMS that are short enough, in letters that cost what they should."""

from collections.abc import Iterator

from channels import gsm
from hub.gate.case import Case, variant_name
from hub.model.review import Finding, Level

MANY, TOO_MANY = 3, 4


def length(case: Case) -> Iterator[Finding]:
    """Two segments are the budget; three are a warning, four a blocker (decision 7)."""
    for variant, message in case.texts():
        if variant.channel != "sms":
            continue
        measured = gsm.measure(message.text)
        if measured.segments >= MANY:
            yield case.finding(
                "U602" if measured.segments >= TOO_MANY else "U601",
                Level.BLOCKER if measured.segments >= TOO_MANY else Level.WARNING,
                variant_name(variant),
                f"{measured.segments} segments",
                "shorten the labels of the sheet, or give the topic a shorter sms pattern",
            )
        if measured.offenders:
            characters = " ".join(offender.character for offender in measured.offenders)
            yield case.finding(
                "U603",
                Level.WARNING,
                variant_name(variant),
                f"outside GSM-7, so a segment holds 70 characters instead of 160: {characters}",
                "use other words, or add a substitute that keeps the meaning",
            )
