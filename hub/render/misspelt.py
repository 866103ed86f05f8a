"""Names in the words of the house that nothing knows, so that what stands under them would never be read."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from hub.model.directive import LANGUAGES, Language
from hub.register import Register
from hub.render.missing import MODALITIES, READERS, Missing, is_reader, slots_of
from hub.render.slots import CONTACT, QUANTITY_FORMS, ROLES, MeasureSlots
from hub.render.wording import Wording, Words

_FACTS = {name.removeprefix("_slot_") for name in vars(MeasureSlots) if name.startswith("_slot_")} | CONTACT
_FORMED = {name.partition(".")[0] for name in QUANTITY_FORMS} | _FACTS
"""What the sheet's own facts fill; any other name is a label of the sheet."""

LABEL_FORMS = ("nom",)
"""The forms of a label: its nominative, where a sentence asks for it."""

NEUTRAL = ("actor", "act", "object", "verb")
"""What a neutral sentence is made of; each may have a case or a preposition behind its dot."""


def misspelt(
    wording: Wording, register: Register, languages: Iterable[Language] = LANGUAGES
) -> Iterator[Missing]:
    """Files, tables, readers and slots of these languages that no topic, modality, audience or sheet answers to."""
    for language in languages:
        words = wording.languages.get(language)
        if words is None:
            continue
        others = [other for other in wording.languages.values() if other.language != language]
        for topic in words.phrases:
            where = f"phrases/{language}/{topic}.toml"
            if topic not in register.topics:
                yield Missing(language, "misspelt", where, "the file is named after no topic of the register")
                continue
            for what in _of_topic(words, others, topic):
                yield Missing(language, "misspelt", where, what)
        for what in _of_wording(words, others):
            yield Missing(language, "misspelt", f"wording/{language}.toml", what)
        yield from _of_lexicon(words, register)


def _of_topic(words: Words, others: Iterable[Words], topic: str) -> Iterator[str]:
    for modality, patterns in words.phrases[topic].items():
        if modality not in MODALITIES:
            yield f"[{modality}] is no modality; known are {', '.join(MODALITIES)}"
            continue
        elsewhere = [other.phrases.get(topic, {}).get(modality, {}) for other in others]
        slots = {slot for table in elsewhere for text in table.values() for slot in slots_of(text)}
        labels = {slot for slot in slots if _stem(slot) not in _FORMED | ROLES} if any(elsewhere) else None
        for key, text in patterns.items():
            if not is_reader(key):
                yield f"[{modality}] {key} is no reader; known are {', '.join(READERS)}"
                continue
            for slot in dict.fromkeys(slots_of(text)):
                if _is_unknown(slot, labels):
                    meant = _meant(slot, {*_FORMED, *QUANTITY_FORMS, *ROLES, *(labels or ())})
                    said = "is no fact, no noun, and no label of another language"
                    yield f"[{modality}] {key}: {{{slot}}} {said}{meant}".rstrip()
                elif _is_unknown_form(slot):
                    forms = {f"{_stem(slot)}.{form}" for form in LABEL_FORMS}
                    yield f"[{modality}] {key}: {{{slot}}} is no form of a label; known are {_braced(forms)}"


def _is_unknown(slot: str, labels: set[str] | None) -> bool:
    """A label is known by the other languages' patterns of the same rule; `labels` None where there are none."""
    stem = _stem(slot)
    if stem in _FORMED:
        return slot != stem and slot not in QUANTITY_FORMS
    return stem not in ROLES and labels is not None and stem not in map(_stem, labels)


def _is_unknown_form(slot: str) -> bool:
    """A label's form that no sheet need give; those of facts and of nouns are looked for elsewhere."""
    stem, dot, form = slot.partition(".")
    return bool(dot) and stem not in _FORMED | ROLES and form not in LABEL_FORMS


def _of_wording(words: Words, others: Iterable[Words]) -> Iterator[str]:
    """Slots that nobody fills: those that no other language has in the sentence of this key."""
    elsewhere: dict[str, set[str]] = {}
    for other in others:
        for key, slots in _slots_by_key(other.wording).items():
            elsewhere.setdefault(key, set()).update(slots)
    for key, slots in _slots_by_key(words.wording).items():
        neutral, inflected = key.startswith("neutral."), key.startswith(("neutral.", "tail.per_"))
        known = set(NEUTRAL) if neutral else elsewhere.get(key)
        if known is None:
            continue
        alike = set(map(_stem, known)) if inflected else known  # each language has its own forms there
        for slot in dict.fromkeys(slots):
            if (_stem(slot) if inflected else slot) not in alike:
                filled = f"known are {_braced(known)}" if known else "it has no slot in any other language"
                yield f"{key}: {{{slot}}} is filled by nothing; {_meant(slot, known).lstrip('; ')}{filled}"


def _slots_by_key(table: Mapping[str, Any], above: str = "") -> dict[str, list[str]]:
    """The slots of every sentence of a table and its tables, by dotted key."""
    found: dict[str, list[str]] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= _slots_by_key(value, f"{above}{key}.")
        elif isinstance(value, str):
            found[f"{above}{key}"] = list(slots_of(value))
    return found


def _meant(slot: str, known: Collection[str]) -> str:
    """ "; did you mean {issuer}? " where a known slot is near."""
    found = difflib.get_close_matches(slot, sorted(known), n=1)
    return f"; did you mean {{{found[0]}}}? " if found else ""


def _braced(slots: Iterable[str]) -> str:
    return ", ".join(f"{{{slot}}}" for slot in sorted(slots))


def _of_lexicon(words: Words, register: Register) -> Iterator[Missing]:
    for sector in words.nouns:
        if sector not in register.sectors:
            where = f"lexicon/{words.language}.toml"
            yield Missing(words.language, "misspelt", where, f"[{sector}] is no sector of the register")


def _stem(slot: str) -> str:
    return slot.partition(".")[0]
