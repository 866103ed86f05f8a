"""SMS that are short enough, in letters that cost what they should, and no word of the sheet changed in silence."""

from collections.abc import Iterator

from channels import gsm
from hub.gate.case import Case, variant_name
from hub.model.message import Message, Replaced, Variant
from hub.model.review import Finding, Level

MANY, TOO_MANY = 3, 4

SPELLED = frozenset(
    {
        "modality",
        "from",
        "until",
        "quantity",
        "window",
        "deadline",
        "further",
        "advice_quantity",
        "window_alternative",
        "unknown",
        "announced",
        "reported",
    }
)
"""Facts whose words are ours: patterns, dates and numbers are written by the templates, not by the sheet."""


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


def substituted(case: Case) -> Iterator[Finding]:
    """A word of the sheet arrives with other letters: one note per fact, its words and the cells that read it so."""
    told: dict[tuple[str, str, str], list[Variant]] = {}
    for variant, message in case.messages.items():
        for each in message.replaced:
            for fact in sorted({span.fact for span in message.spans if _holds(span.start, span.end, each)}):
                if not _spelled(fact):
                    change = f'"{_word(message, each)}" ({each.old} → {each.new})'
                    told.setdefault((variant.language, fact, change), []).append(variant)
    for (_, fact, change), variants in told.items():
        cells = list(dict.fromkeys(variants))
        more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
        yield case.finding(
            "U604",
            Level.NOTE,
            f"{variant_name(cells[0])}{more}",
            f"the SMS says {fact} in other letters: {change}",
            "see that it still means the same (docs/sms.md), or use another word",
        )


def _holds(start: int, end: int, each: Replaced) -> bool:
    return start <= each.start and each.end <= end


def _spelled(fact: str) -> bool:
    """Whether the fact's words are written by the templates; a number at the end counts the parts of a list."""
    if fact.startswith("contact.") or ".label." in fact:
        return False
    return bool(SPELLED.intersection(fact.split(".")[-2:]))


def _word(message: Message, each: Replaced) -> str:
    """The word that arrives, around what was replaced."""
    before, after = message.text[: each.start], message.text[each.end :]
    here = message.text[each.start : each.end]
    return f"{before.rpartition(' ')[2]}{here}{after.partition(' ')[0]}".strip(".,;: ")
