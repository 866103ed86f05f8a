"""Names in the words of the house that nothing knows, so that what stands under them would never be read."""

from collections.abc import Iterable, Iterator

from hub.model.directive import LANGUAGES, Language
from hub.register import Register
from hub.render.missing import MODALITIES, READERS, Missing, is_reader, slots_of
from hub.render.slots import CONTACT, QUANTITY_FORMS, ROLES, MeasureSlots
from hub.render.wording import Wording, Words

_FACTS = {name.removeprefix("_slot_") for name in vars(MeasureSlots) if name.startswith("_slot_")} | CONTACT
_FORMED = {name.partition(".")[0] for name in QUANTITY_FORMS} | _FACTS
"""What the sheet's own facts fill; any other name is a label of the sheet."""


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
        yield from _of_lexicon(words, register)


def _of_topic(words: Words, others: Iterable[Words], topic: str) -> Iterator[str]:
    for modality, patterns in words.phrases[topic].items():
        if modality not in MODALITIES:
            yield f"[{modality}] is no modality; known are {', '.join(MODALITIES)}"
            continue
        elsewhere = [other.phrases.get(topic, {}).get(modality, {}) for other in others]
        known = {_stem(slot) for table in elsewhere for text in table.values() for slot in slots_of(text)}
        for key, text in patterns.items():
            if not is_reader(key):
                yield f"[{modality}] {key} is no reader; known are {', '.join(READERS)}"
                continue
            for slot in dict.fromkeys(slots_of(text)):
                if _is_unknown(slot, known if any(elsewhere) else None):
                    yield f"[{modality}] {key}: {{{slot}}} is no fact, no noun, and no label of another language"


def _is_unknown(slot: str, labels: set[str] | None) -> bool:
    """A label is known by the other languages' patterns of the same rule; `labels` None where there are none."""
    stem = _stem(slot)
    if stem in _FORMED:
        return slot != stem and slot not in QUANTITY_FORMS
    return stem not in ROLES and labels is not None and stem not in labels


def _of_lexicon(words: Words, register: Register) -> Iterator[Missing]:
    for sector in words.nouns:
        if sector not in register.sectors:
            where = f"lexicon/{words.language}.toml"
            yield Missing(words.language, "misspelt", where, f"[{sector}] is no sector of the register")


def _stem(slot: str) -> str:
    return slot.partition(".")[0]
