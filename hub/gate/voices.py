"""One voice in all languages: a sentence that each language words for itself says the same in every one."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache
from typing import TypeVar, get_args

from hub.gate.case import Case
from hub.gate.templates import Fault, literal, texts
from hub.model.directive import Language, RelationType
from hub.model.review import Finding, Level
from hub.render.pattern import Optional, Slot, parse
from hub.render.wording import Words
from hub.reread import denials, senses, spelled

_T = TypeVar("_T", bound=Hashable)

_ALONE = ("allow", "actor", "conflict", "target")
"""Tables that no message prints, and the header."""

_PEOPLE = {"beneficiary": "beneficiary", "relative": "beneficiary", "family": "family", "staff": "staff"}
"""Nouns for people by role; to the family, a beneficiary is their relative. Places may be left to the sentence."""

_PURPOSES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    *(
        (f"relation.{relation}", "relation", (relation,))
        for relation in ("announced", *get_args(RelationType))
    ),
    *(
        (f"{table}.{key}", group, (sense,))
        for table in ("tail", "sms")
        for key, group, sense in (
            ("status_update", "status", "update"),
            ("status_correction", "status", "correction"),
            ("status_cancel", "status", "cancel"),
            ("status_all-clear", "status", "all-clear"),
            ("announced", "standing", "announced"),
            ("reported", "standing", "reported"),
        )
    ),
    *((f"change.{form}", "change", ("before", "now")) for form in ("one", "several", "all")),
)
"""Sentences that serve one purpose: their key, the reader's group of senses, and what they say in which order."""


def one_voice(case: Case) -> Iterator[Finding]:
    """A sentence of the bank or around the facts says another thing in one of the languages rendered."""
    words = tuple(case.sheet.wording.languages[language] for language in case.languages)
    for where, text in (*faults(words), *(fault for each in words for fault in purposes(each))):
        yield case.finding("U219", Level.BLOCKER, where, text, _REMEDY)


_REMEDY = "mend the sentence, or all its translations: every language says the same"


@cache
def faults(words: tuple[Words, ...]) -> tuple[Fault, ...]:
    """The sentences that deny more or less, or speak of other people, than most languages make them do."""
    sentences = {each.language: dict(_sentences(each)) for each in words}
    return (
        *_differing(sentences, lambda text, language: denials(literal(text), language), _denies),
        *_differing(sentences, lambda text, _: _people(text), _names),
    )


@cache
def purposes(words: Words) -> tuple[Fault, ...]:
    """The sentences of one language that do not say what they are for, and numbers or days typed in words."""
    sentences = dict(_sentences(words))
    found = []
    for key, group, expected in _PURPOSES:
        text = sentences.get(f"templates/wording/{{}}.toml {key}")
        said = senses(literal(text), words.language, group) if text else expected
        if said != expected:
            found.append((f"templates/wording/{words.language}.toml {key}", _missed(expected, said)))
    for where, text in sentences.items():
        for word in spelled(literal(text), words.language):
            found.append((where.format(words.language), f"types {word!r}"))
    return tuple(found)


def _sentences(words: Words) -> Iterator[tuple[str, str]]:
    """Every sentence that a message may print, by its place with {} for the language."""
    for topic, table in words.phrases.items():
        for modality, patterns in table.items():
            for key, text in patterns.items():
                yield f"templates/phrases/{{}}/{topic}.toml [{modality}] {key}", text
    for table_name, value in words.wording.items():
        if table_name not in _ALONE:
            for key, text in texts(value, table_name):
                yield f"templates/wording/{{}}.toml {key}", text


def _differing(
    sentences: Mapping[Language, Mapping[str, str]],
    measure: Callable[[str, Language], _T],
    tell: Callable[[_T, _T], str],
) -> Iterator[Fault]:
    """Where one language measures otherwise than most; of two that differ, the later one is named."""
    for where in dict.fromkeys(key for own in sentences.values() for key in own):
        found = {
            language: measure(own[where], language) for language, own in sentences.items() if where in own
        }
        ((usual, _),) = Counter(found.values()).most_common(1)
        for language, value in found.items():
            if value != usual:
                yield where.format(language), tell(value, usual)


def _people(text: str) -> frozenset[str]:
    """Of whom a pattern speaks by a noun of the sector."""
    parts = [
        inner for part in parse(text) for inner in (part.parts if isinstance(part, Optional) else (part,))
    ]
    roles = {part.name.partition(".")[0] for part in parts if isinstance(part, Slot)}
    return frozenset(_PEOPLE[role] for role in roles & _PEOPLE.keys())


def _denies(value: int, usual: int) -> str:
    return f"denies {value or 'nothing'}, where the other languages deny {usual or 'nothing'}"


def _names(value: frozenset[str], usual: frozenset[str]) -> str:
    return f"names {_listed(value)}, where the other languages name {_listed(usual)}"


def _missed(expected: tuple[str, ...], said: tuple[str, ...]) -> str:
    return f"says {', then '.join(said) or 'nothing'}, and is to say {', then '.join(expected)}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nobody"
