"""What a template may not say by itself: no value, and no modal word but that of the rule it is written for."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from jinja2 import Environment

from hub.gate.case import Case
from hub.model.directive import Language, Modality
from hub.model.review import Finding, Level
from hub.model.value import Mark
from hub.render.pattern import Literal, Optional, Part, parse
from hub.render.wording import Words
from hub.reread import FILLER, languages, read

Fault = tuple[str, str]
"""Where in templates/, and what is wrong there."""

FRAMES = ("email.txt.j2", "email.html.j2", "web.txt.j2", "web.html.j2")
_UNWRITTEN = re.compile(r"<style>.*?</style>|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", re.S)
_NO_SENTENCES = ("allow", "names", "actor", "neutral", "modality", "conflict")
"""Tables that are no words of messages; words for a modality are held to that one instead."""


def literals(case: Case) -> Iterator[Finding]:
    """A digit, date, phone, link or modal word is typed in a template of one of the languages rendered."""
    for language in case.languages:
        for where, text in faults(case.sheet.wording.languages[language]):
            yield case.finding("U218", Level.BLOCKER, where, text, _REMEDY)
    for where, text in frame_faults(case.sheet.wording.jinja):
        yield case.finding("U218", Level.BLOCKER, where, text, _REMEDY)


_REMEDY = "take it out: facts are printed by slots; or name the word under allow in the file's header"


@cache
def faults(words: Words) -> tuple[Fault, ...]:
    """What the phrase bank, the lexicon and the words around the facts say that they may not."""
    return (*_of_phrases(words), *_of_wording(words), *_of_nouns(words))


def _of_phrases(words: Words) -> Iterator[Fault]:
    for topic, table in words.phrases.items():
        for modality, patterns in table.items():
            for key, text in patterns.items():
                where = f"templates/phrases/{words.language}/{topic}.toml [{modality}] {key}"
                for fault in pattern_faults(text, modality, words.language):
                    yield where, fault


def _of_wording(words: Words) -> Iterator[Fault]:
    file = f"templates/wording/{words.language}.toml"
    for modality, patterns in words.wording["neutral"].items():
        for key, text in patterns.items():
            for fault in pattern_faults(text, modality, words.language):
                yield f"{file} [neutral] {modality}.{key}", fault
    for key, text in texts(words.wording["modality"], ""):
        for fault in _foreign(text, key.rpartition(".")[2], words.language):
            yield f"{file} [modality] {key}", fault
    for table, value in words.wording.items():
        if table not in _NO_SENTENCES:
            for key, text in texts(value, table):
                for fault in _plain_faults(literal(text), words.language, words.allowed):
                    yield f"{file} {key}", fault


def _of_nouns(words: Words) -> Iterator[Fault]:
    for key, text in texts(words.nouns, ""):
        for fault in _plain_faults(text, words.language, frozenset()):
            yield f"templates/lexicon/{words.language}.toml {key}", fault


def pattern_faults(text: str, modality: str, language: Language) -> Iterator[str]:
    """Faults of a pattern for one modality: it says that one, in its own words, and nothing of another."""
    own = literal(text)
    yield from _foreign(own, modality, language)
    said = {mark.modality for mark in read(own, language).modalities}
    if modality in get_args(Modality) and modality != "information" and modality not in said:
        yield f"does not say that the rule is {modality}"


def _foreign(text: str, modality: str, language: Language) -> Iterator[str]:
    """What words for one modality say beside it."""
    reading = read(text, language)
    for value in reading.values:
        yield f"types {text[value.start : value.end]!r}"
    marks = [mark for mark in reading.modalities if mark.modality != modality]
    if marks:
        said = " and ".join(sorted({mark.modality for mark in marks}))
        words = ", ".join(repr(text[mark.start : mark.end]) for mark in marks)
        yield f"says {said} ({words}) in words for {modality}"


def _plain_faults(text: str, language: Language, allowed: frozenset[str]) -> Iterator[str]:
    reading = read(text, language)
    for value in reading.values:
        if not isinstance(value.readings[0], Mark):  # the words for a date that is open stand there
            yield f"types {text[value.start : value.end]!r}"
    for mark in reading.modalities:
        words = text[mark.start : mark.end]
        if words.lower() not in allowed:
            yield f"says {mark.modality} ({words!r})"


@cache
def frame_faults(jinja: Environment) -> tuple[Fault, ...]:
    """What the frames' own text says, read in every language: a frame has no language of its own."""
    found = []
    assert jinja.loader is not None
    for name in FRAMES:
        source = jinja.loader.get_source(jinja, f"messages/{name}")[0]
        text = _UNWRITTEN.sub(FILLER, source)
        for language in languages():
            found += [
                (f"templates/messages/{name}", fault) for fault in _plain_faults(text, language, frozenset())
            ]
    return tuple(dict.fromkeys(found))


def literal(text: str) -> str:
    """A pattern's own text, with a filler for each slot."""
    return "".join(_part(part) for part in parse(text))


def _part(part: Part) -> str:
    if isinstance(part, Literal):
        return part.text
    if isinstance(part, Optional):
        return "".join(_part(inner) for inner in part.parts)
    return FILLER


def texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts(inner, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)
