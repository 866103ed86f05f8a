"""What the words of the house still lack, per language: patterns, nouns, wording, grammar, names."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

from hub.languages import in_order
from hub.model.directive import AUDIENCES, Language, Modality
from hub.register import Register
from hub.render.pattern import Optional, Slot, parse
from hub.render.slots import ROLES
from hub.render.wording import NO_FILE, Begun, Wording, Words, noun

Kind = Literal[
    "language",
    "topic",
    "pair",
    "pattern",
    "audience",
    "noun",
    "actor",
    "wording",
    "grammar",
    "name",
    "reader",
    "site",
    "misspelt",
]

MODALITIES: tuple[Modality, ...] = get_args(Modality)
READERS = (*AUDIENCES, "sms")


class Missing(NamedTuple):
    """One word that is lacking: in which language, of what kind, in which file, and what it is.

    The file is one of templates/, unless its path begins with hub/.
    """

    language: Language
    kind: Kind
    where: str
    what: str


def all_of(wording: Wording) -> tuple[Language, ...]:
    """Every language of which there are words, however few."""
    return in_order({*wording.languages, *wording.begun})


def missing(
    wording: Wording, register: Register, languages: Iterable[Language] | None = None
) -> Iterator[Missing]:
    """All that is lacking in these languages, else in all, in the order in which one would write it."""
    for language in all_of(wording) if languages is None else languages:
        words = wording.languages.get(language) or wording.begun.get(language)
        if words is None:
            yield Missing(language, "language", f"wording/{language}.toml", "there are no words at all")
            continue
        others = [other for other in wording.languages.values() if other.language != language]
        yield from _patterns(words, others, register)
        yield from _nouns(words, register)
        yield from unfit(wording, words)
        for entry in register.unnamed:
            if entry.language == language:
                yield Missing(language, "name", f"hub/register/data/{entry.file}", entry.key)


def unfit(wording: Wording, words: Words | Begun) -> Iterator[Missing]:
    """What a message would stumble over: files, tables and keys that no neutral sentence stands in for."""
    language, file = words.language, f"wording/{words.language}.toml"
    gaps = words.gaps if isinstance(words, Begun) else ()
    for where, what in gaps:
        kind: Kind = "language" if what == NO_FILE else "wording" if where == file else "grammar"
        yield Missing(language, kind, where, what)
    others = [other for other in wording.languages.values() if other.language != language]
    if words.wording:
        yield from _neutral(words)
        lacking = {what.strip("[]") for where, what in gaps if where == file}
        for name in _lacking(_keys(words.wording), (_keys(other.wording) for other in others)):
            table = name.partition(".")[0]
            if table not in ("neutral", "actor", *lacking):  # each language needs its own forms there
                yield Missing(language, "wording", file, name)
    if isinstance(words, Words):
        for name in _lacking(_grammar(words), map(_grammar, others)):
            if name.startswith("label."):
                yield Missing(language, "grammar", f"grammar/{language}.toml", name)


def unused(wording: Wording, languages: Iterable[Language] | None = None) -> Iterator[Missing]:
    """Grammar that another language has and this one may well do without: not every language elides."""
    for language in all_of(wording) if languages is None else languages:
        if words := wording.languages.get(language):
            own = _grammar(words)
            tables = {name.partition(".")[0] for name in own}
            others = (_grammar(other) for other in wording.languages.values())
            for name in dict.fromkeys(_whole(each, tables) for each in _lacking(own, others)):
                if not name.startswith("label."):
                    yield Missing(language, "grammar", f"grammar/{language}.toml", name)


def _whole(name: str, tables: set[str]) -> str:
    """A table by its own name where the whole of it is lacking."""
    table = name.partition(".")[0]
    return name if table in tables else table


def _patterns(words: Words | Begun, others: Iterable[Words], register: Register) -> Iterator[Missing]:
    """Topics, pairs of topic and modality, and keys in them, that another language has; readers without a pattern."""
    own, elsewhere = _keys_by_pair([words], register), _keys_by_pair(others, register)
    topics = {topic for topic, _ in (*own, *elsewhere)}
    for topic in register.topics:
        if topic not in topics:
            yield Missing(words.language, "topic", _phrases(words, topic), "no pattern in any language")
    for pair in dict.fromkeys((*own, *elsewhere)):
        where = _phrases(words, pair[0])
        if pair not in own:
            yield Missing(words.language, "pair", where, f"[{pair[1]}]")
            continue
        lacking = elsewhere.get(pair, set()) - own[pair]
        for key in sorted(lacking):
            yield Missing(words.language, "pattern", where, f"[{pair[1]}] {key}")
        told = {key.partition(".")[0] for key in own[pair] | lacking}
        silent = [reader for reader in READERS if reader not in told]
        if silent:
            what = f"[{pair[1]}] {', '.join(silent)}: the neutral sentence speaks"
            yield Missing(words.language, "audience", where, what)


def _phrases(words: Words | Begun, topic: str) -> str:
    return f"phrases/{words.language}/{topic}.toml"


def is_reader(key: str) -> bool:
    """Whether a key of a pattern names who reads it: an audience or "sms", bound to an actor or not."""
    reader, bound, actor = key.partition(".")
    return reader in READERS and (not bound or actor in AUDIENCES)


def _keys_by_pair(languages: Iterable[Words | Begun], register: Register) -> dict[tuple[str, str], set[str]]:
    """(topic, modality) → the readers' keys that some of these languages have: "staff", "family.citizen", "sms".

    A misspelt name asks nothing of another language.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for words in languages:
        for topic, pairs in words.phrases.items():
            for modality, patterns in pairs.items():
                if topic in register.topics and modality in MODALITIES:
                    found.setdefault((topic, modality), set()).update(filter(is_reader, patterns))
    return found


def _nouns(words: Words | Begun, register: Register) -> Iterator[Missing]:
    """Forms that a pattern uses and a sector's entry lacks; in SMS those of the noun's own entry for SMS."""
    for sector in register.sectors:
        for slot, used in _used_nouns(words).items():
            short = any(key.startswith("sms") for _, key in used)
            lacking = noun(words.nouns, sector, slot, sms=False) is None
            if lacking or (short and noun(words.nouns, sector, slot, sms=True) is None):
                form = slot if lacking else f"{slot}, in the entry for SMS"
                what = f"[{sector}] {form}; used in {used[0][0]}"
                yield Missing(words.language, "noun", f"lexicon/{words.language}.toml", what)


def _used_nouns(words: Words | Begun) -> dict[str, list[tuple[str, str]]]:
    """Slots of the lexicon, each with the patterns that use it: where, and under which reader's key."""
    found: dict[str, list[tuple[str, str]]] = {}
    for topic, pairs in words.phrases.items():
        for modality, patterns in pairs.items():
            for key, pattern in patterns.items():
                for slot in slots_of(pattern):
                    if slot.partition(".")[0] in ROLES:
                        found.setdefault(slot, []).append((f"{topic}.{modality}", key))
    for actor in words.wording.get("actor", {}).values():
        for case, form in actor.items():
            if case.endswith("form") and "role" in actor:
                found.setdefault(f"{actor['role']}.{form}", []).append(("the neutral sentence", "sms"))
    return found


def _neutral(words: Words | Begun) -> Iterator[Missing]:
    """A sentence for every modality, for one actor and for many, and each actor in the cases that it asks for."""
    file = f"wording/{words.language}.toml"
    neutral, actors = words.wording.get("neutral", {}), words.wording.get("actor", {})
    cases: set[str] = set()
    for modality in MODALITIES:
        forms = neutral.get(modality, {})
        if "any" not in forms and not {"one", "many"} <= forms.keys():
            yield Missing(words.language, "wording", file, f"neutral.{modality}")
        slots = (slot for pattern in forms.values() for slot in slots_of(pattern))
        cases |= {slot.partition(".")[2] for slot in slots if slot.partition(".")[0] == "actor"}
    for audience in AUDIENCES:
        actor: Mapping[str, Any] = actors.get(audience, {})
        for case in sorted(cases):
            form = (f"{case}_form" if case else "form") if "role" in actor else (case or "text")
            if form not in actor:
                yield Missing(words.language, "actor", file, f"actor.{audience}: {form}")


def slots_of(pattern: str) -> Iterator[str]:
    """The slots of a pattern, those of its optional parts among them."""
    for part in parse(pattern):
        for inner in part.parts if isinstance(part, Optional) else (part,):
            if isinstance(inner, Slot):
                yield inner.name


def _keys(table: Mapping[str, Any], above: str = "") -> set[str]:
    """The keys of a table with those of its tables, dotted; what is empty counts for nothing."""
    found: set[str] = set()
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            found |= _keys(value, f"{name}.")
        elif value is not None:
            found.add(name)
    return found


def _grammar(words: Words) -> set[str]:
    return _keys(json.loads(words.printer.grammar))


def _lacking(own: set[str], others: Iterable[set[str]]) -> list[str]:
    return sorted(set().union(*others) - own)
