"""One voice in all languages: a sentence that each language words for itself says the same in every one."""

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TypeVar

from hub.gate.case import Case
from hub.gate.purposes import PURPOSES, missed, slots_in
from hub.gate.templates import Fault, literal, texts
from hub.model.directive import Language
from hub.model.review import Finding, Level
from hub.render.pattern import Literal, Optional, Slot, parse
from hub.render.slots import QUANTITY_FORMS
from hub.render.wording import Words
from hub.reread import FILLER, OPPOSED, denials, says_per, senses, spelled

_T = TypeVar("_T", bound=Hashable)

_ALONE = ("allow", "names", "actor", "conflict", "target")
"""Tables that no message prints, and the header."""

_PEOPLE = {"beneficiary": "beneficiary", "relative": "beneficiary", "family": "family", "staff": "staff"}
"""Nouns for people by role; to the family, a beneficiary is their relative. Places may be left to the sentence."""

_SAME = ("people", "named", "subject", "status")
"""The reader's groups of senses of which a sentence says the same ones in every language."""

_OWN_PEOPLE = ("beneficiary", "family", "relative", "staff")
"""Roles of the lexicon that are people of the sector."""


def one_voice(case: Case) -> Iterator[Finding]:
    """A sentence of the bank or around the facts says another thing in one of the languages rendered."""
    words = tuple(case.sheet.wording.languages[language] for language in case.languages)
    for where, text in (*faults(words), *(fault for each in words for fault in purposes(each))):
        yield case.finding("U219", Level.BLOCKER, where, text, _REMEDY)


_REMEDY = (
    "mend the sentence, or all its translations: every language says the same; a word for it that the reader does "
    "not know goes under its sense in hub/reread/data"
)


@cache
def faults(words: tuple[Words, ...]) -> tuple[Fault, ...]:
    """The sentences that deny more or less, or speak of others, than most languages make them do."""
    sentences = {each.language: dict(_sentences(each)) for each in words}
    return (
        *_differing(sentences, lambda text, language: denials(literal(text), language), _denies),
        *_differing(sentences, lambda text, _: _people(text), _names),
        *_differing(sentences, lambda text, language: _senses(text, language, _SAME), _speaks),
        *_differing(_told_around(sentences), lambda text, _: frozenset(slots_in(text)), _tells),
        *_differing(sentences, denominators, _counts),
        *(
            fault
            for group in OPPOSED
            for fault in _differing(
                sentences,
                lambda text, language, group=group: _senses(text, language, (group,)) or None,  # type: ignore[misc]
                _speaks,
                _contradicts,
            )
        ),
    )


@cache
def purposes(words: Words) -> tuple[Fault, ...]:
    """What one language says by itself that it may not: another purpose, typed numbers or days, foreign people."""
    sentences = dict(_sentences(words))
    found = []
    for purpose in PURPOSES:
        text = sentences.get(f"templates/wording/{{}}.toml {purpose.key}")
        if text and (fault := missed(text, purpose, words.language)):
            found.append((f"templates/wording/{words.language}.toml {purpose.key}", fault))
    for where, text in sentences.items():
        for word in spelled(literal(text), words.language):
            found.append((where.format(words.language), f"types {word!r}"))
    return (*found, *_guests(words), *_actors(words))


def _actors(words: Words) -> Iterator[Fault]:
    """Those who act that are no people of the sector, by another's name."""
    for role, forms in words.wording["actor"].items():
        for form, text in forms.items():
            if (
                isinstance(text, str)
                and "text" in forms
                and set(senses(text, words.language, "people")) - {role}
            ):
                yield f"templates/wording/{words.language}.toml actor.{role}.{form}", f"names {text!r}"


def _guests(words: Words) -> Iterator[Fault]:
    """Nouns for a sector's own people that name those who come to see them."""
    for sector, roles in words.nouns.items():
        for role in _OWN_PEOPLE:
            for key, text in texts(roles.get(role, {}), role):
                if senses(text, words.language, "guests"):
                    yield f"templates/lexicon/{words.language}.toml [{sector}] {key}", f"names {text!r}"


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
    measure: Callable[[str, Language], _T | None],
    tell: Callable[[_T, _T], str],
    differs: Callable[[_T, _T], bool] = operator.ne,
) -> Iterator[Fault]:
    """Where one language measures otherwise than most; of two that differ, the later one is named."""
    for where in dict.fromkeys(key for own in sentences.values() for key in own):
        measured = {
            language: measure(own[where], language) for language, own in sentences.items() if where in own
        }
        found = {language: value for language, value in measured.items() if value is not None}
        if len(set(found.values())) < 2:
            continue
        ((usual, _),) = Counter(found.values()).most_common(1)
        for language, value in found.items():
            if differs(value, usual):
                yield where.format(language), tell(value, usual)


def _told_around(
    sentences: Mapping[Language, Mapping[str, str]],
) -> dict[Language, dict[str, str]]:
    """The sentences of the wording, whose slots no grammar splits or joins; in a neutral frame or a "per" it does."""
    return {
        language: {
            where: text
            for where, text in own.items()
            if "wording" in where and " neutral." not in where and " tail.per_" not in where
        }
        for language, own in sentences.items()
    }


def _senses(text: str, language: Language, groups: Iterable[str]) -> frozenset[str]:
    own = literal(text)
    return frozenset(sense for group in groups for sense in senses(own, language, group))


def _contradicts(value: frozenset[str], usual: frozenset[str]) -> bool:
    return not value & usual


def _people(text: str) -> frozenset[str]:
    """Of whom a pattern speaks by a noun of the sector."""
    parts = [
        inner for part in parse(text) for inner in (part.parts if isinstance(part, Optional) else (part,))
    ]
    roles = {part.name.partition(".")[0] for part in parts if isinstance(part, Slot)}
    return frozenset(_PEOPLE[role] for role in roles & _PEOPLE.keys())


def denominators(text: str, language: Language) -> int:
    """How many numbers of a pattern say right behind them for each of whom or what they count."""
    parts = [
        inner for part in parse(text) for inner in (part.parts if isinstance(part, Optional) else (part,))
    ]
    return sum(
        isinstance(part, Slot) and part.name in QUANTITY_FORMS and _says_per(parts[index + 1 :], language)
        for index, part in enumerate(parts)
    )


def _says_per(following: Sequence[Literal | Slot], language: Language) -> bool:
    """Whether the parts behind a number say it: in words of the pattern, of the sheet or of the lexicon."""
    words = "".join(part.text if isinstance(part, Literal) else FILLER for part in following)
    slots = [part.name for part in following if isinstance(part, Slot)]
    given = words.startswith(f" {FILLER}") and slots[0].split(".")[-1] == "per"
    return given or says_per(words, 0, language)


def _counts(value: int, usual: int) -> str:
    return (
        f"says of {value or 'no'} number for each of whom it counts, where the other languages say it of "
        f"{usual or 'none'}"
    )


def _denies(value: int, usual: int) -> str:
    return f"denies {value or 'nothing'}, where the other languages deny {usual or 'nothing'}"


def _names(value: frozenset[str], usual: frozenset[str]) -> str:
    return f"names {_listed(value)}, where the other languages name {_listed(usual)}"


def _tells(value: frozenset[str], usual: frozenset[str]) -> str:
    return f"has the slots {_listed(value)}, where the other languages have {_listed(usual)}"


def _speaks(value: frozenset[str], usual: frozenset[str]) -> str:
    return f"speaks of {_listed(value)}, where the other languages speak of {_listed(usual)}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
