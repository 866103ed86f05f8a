"""What the sentences around the facts are for: each says so in every language, by itself, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import get_args

from hub.gate.templates import literal
from hub.model.directive import Language, RelationType
from hub.render.pattern import Optional, Slot, parse
from hub.reread import FILLER, senses


@dataclass(frozen=True, slots=True)
class Purpose:
    """A sentence of the wording, and what it says of one group of the reader's senses.

    `says` holds slots too where the words before them decide what they are: "{old}".
    """

    key: str
    group: str
    says: tuple[str, ...]


_STATUSES = (
    ("status_update", "status", "update"),
    ("status_correction", "status", "correction"),
    ("status_cancel", "status", "cancel"),
    ("status_all-clear", "status", "all-clear"),
    ("announced", "standing", "announced"),
    ("reported", "standing", "reported"),
)

_NAMES = (
    ("tail.start_unknown", "start"),
    ("tail.end_unknown", "end"),
    ("tail.ended_day", "end"),
    ("tail.ended_at", "end"),
    ("tail.condition", "condition"),
    ("tail.conditions", "condition"),
    ("tail.deadline", "deadline"),
    ("tail.source", "source"),
    ("tail.hazard", "hazard"),
    ("sms.from_now", "start"),
    ("sms.end_unknown", "end"),
    ("sms.conditions", "condition"),
    ("sms.deadline", "deadline"),
    ("sms.more_conditions", "condition"),
    ("sms.more_exceptions", "exception"),
    ("sms.extends", "longer"),
    ("field.conditions", "condition"),
    ("field.exceptions", "exception"),
    ("field.deadline", "deadline"),
    ("field.window", "hours"),
    ("mark.all-clear", "end"),
    ("change.added", "new"),
    ("change.below", "changed"),
    ("change.reworded", "same"),
    ("change.fact.from", "start"),
    ("change.fact.until", "end"),
    ("change.fact.later", "longer"),
    ("change.fact.sooner", "end"),
    ("change.fact.last_day", "end"),
    ("change.fact.deadline", "deadline"),
    ("change.fact.conditions", "condition"),
    ("change.fact.exceptions", "exception"),
    ("change.fact.window", "hours"),
)
"""Sentences and names that stand for one fact: told as another one, its value says something else."""

_IN_FORCE = (
    "tail.status_cancel",
    "sms.status_cancel",
    "tail.ended",
    "change.removed",
    *(
        f"tail.{stem}{informs}{several}"
        for stem in ("validity", "when")
        for informs in ("", "_information")
        for several in ("", "_all")
    ),
)
"""Sentences that say that rules hold, or with a denial, which all languages share, that they do no longer."""

PURPOSES = (
    *(
        Purpose(f"relation.{relation}", "relation", (relation,))
        for relation in ("announced", *get_args(RelationType))
    ),
    *(
        Purpose(f"{table}.{key}", group, (sense,))
        for table in ("tail", "sms")
        for key, group, sense in _STATUSES
    ),
    *(
        Purpose(f"change.{form}", "change", ("before", "{old}", "now", "{new}"))
        for form in ("one", "several", "all")
    ),
    *(Purpose(key, "named", (sense,)) for key, sense in _NAMES),
    *(Purpose(key, "force", ("holds",)) for key in _IN_FORCE),
    *(
        Purpose(f"frame.audience.{audience}", "people", (audience,))
        for audience in ("direction", "staff", "family")
    ),
)


def missed(text: str, purpose: Purpose, language: Language) -> str | None:
    """What a sentence says instead of its purpose; None where it says just that."""
    said = tuple(_said(text, purpose, language))
    if said == purpose.says:
        return None
    return f"says {', then '.join(said) or 'nothing'}, and is to say {', then '.join(purpose.says)}"


def _said(text: str, purpose: Purpose, language: Language) -> Iterator[str]:
    """The senses of a sentence in their order, among them the slots that the purpose places."""
    if not any(sense.startswith("{") for sense in purpose.says):
        yield from dict.fromkeys(senses(literal(text), language, purpose.group))
        return
    for words, slot in zip_longest(literal(text).split(FILLER), slots_in(text), fillvalue=""):
        yield from senses(words, language, purpose.group)
        if f"{{{slot}}}" in purpose.says:
            yield f"{{{slot}}}"


def slots_in(text: str) -> Iterator[str]:
    """The slots of a pattern in their order."""
    for part in parse(text):
        for inner in part.parts if isinstance(part, Optional) else (part,):
            if isinstance(inner, Slot):
                yield inner.name
