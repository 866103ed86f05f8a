"""The words of the house, read from templates/: phrase bank, lexicon, tail sentences, anatomy and frames."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import ConfigDict, TypeAdapter, ValidationError

from hub.errors import FaultyFile
from hub.facts.grammar import Grammar
from hub.facts.printer import Printer
from hub.faults import line, no_toml, place
from hub.languages import begun, templates_dir
from hub.model.directive import Audience, Language
from hub.render import pattern

MeasureSlot = Literal[
    "what",
    "number",
    "hours",
    "population",
    "validity",
    "exceptions",
    "conditions",
    "deadline",
    "further",
    "advice",
    "alternative",
    "unknown",
]
"""What a measure says, each a line or several."""

RequiredSlot = Literal[
    "source",
    "issued",
    "hazard",
    "establishments",
    "legal",
    "legal_basis",
    "explained",
    "docs",
    "links",
    "contact",
]
"""What stands around the measures and can be demanded, since it states facts of the sheet."""

FrameSlot = Literal[RequiredSlot, "status", "change", "announced", "empathy", "relations", "unknown"]
"""What stands around the measures."""

Style = Literal["plain", "easy"]
"""How sentences are laid out; "easy" is one idea a line, a draft in easy-to-read style."""

_TABLES = (
    "tail",
    "relation",
    "field",
    "sms",
    "neutral",
    "actor",
    "frame",
    "mark",
    "change",
    "modality",
    "conflict",
    "target",
)
"""What each language's wording holds."""

_LISTS = ("allow", "names")
"""The lists at the head of the wording."""
_DEEPER = ("neutral.", "actor.")
"""The tables of which each entry is a table of forms."""

Nouns = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""sector → role → form → word"""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Which slots an audience reads, in which order, which it must have, and in which style."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    head: tuple[FrameSlot, ...]
    measure: tuple[MeasureSlot, ...]
    tail: tuple[FrameSlot, ...]
    required: tuple[RequiredSlot, ...]
    style: Style = "plain"


_ANATOMY = dict[Audience, Anatomy]
_PHRASES = dict[str, dict[str, str]]
_LEXICON = dict[str, dict[str, dict[str, Any]]]
"""The forms of the files."""


NO_FILE = "the file is not there"

Gap = tuple[str, str]
"""A file below templates/, and what it lacks."""


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """What there is of a language that is not fit to be spoken yet, and what keeps it from it."""

    language: Language
    phrases: Mapping[str, Mapping[str, Mapping[str, str]]]
    nouns: Nouns
    wording: Mapping[str, Any]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """All words of one language; read once, so two are the same only if they are one."""

    language: Language
    phrases: Mapping[str, Mapping[str, Mapping[str, str]]]
    nouns: Nouns
    wording: Mapping[str, Any]
    printer: Printer
    allowed: frozenset[str] = frozenset()
    """Modal words that a file's header lets its frames say, in lower case."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the language is called, here and in other languages."""
        return tuple(self.wording.get("names", ()))

    def phrase(self, topic: str, modality: str, audience: str, actor: str) -> str | None:
        """The bank's pattern for an audience (or "sms"); one bound to the actor before one that is not."""
        patterns = self.phrases.get(topic, {}).get(modality, {})
        return patterns.get(f"{audience}.{actor}", patterns.get(audience))

    def noun(self, sector: str, slot: str, *, sms: bool) -> str | None:
        """A noun's form, "beneficiary.aux"; in SMS from the noun's `sms` entry where it has one."""
        return noun(self.nouns, sector, slot, sms=sms)

    def tail(self, name: str) -> str:
        """A tail sentence's pattern."""
        sentence: str = self.wording["tail"][name]
        return sentence


def noun(nouns: Nouns, sector: str, slot: str, *, sms: bool) -> str | None:
    """The form of a noun that a slot means; None where the lexicon lacks it."""
    role, _, form = slot.partition(".")
    entry = nouns.get(sector, {}).get(role)
    if entry is None:
        return None
    if sms and "sms" in entry:
        entry = entry["sms"]
    word = entry.get(form)
    return word if isinstance(word, str) else None


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of every language, the anatomy of messages, and the Jinja frames."""

    languages: Mapping[Language, Words]
    anatomy: Mapping[Audience, Anatomy]
    jinja: Environment
    directory: Path
    begun: Mapping[Language, Begun] = field(default_factory=dict)


@cache
def load(directory: Path | None = None) -> Wording:
    """Read all words. Raises FaultyFile, which names the file, for one that cannot be used."""
    directory = directory or templates_dir()
    found = [_words(directory, language) for language in begun(directory)]
    return Wording(
        {words.language: words for words in found if isinstance(words, Words)},
        _valid(_ANATOMY, directory / "messages" / "anatomy.toml"),
        environment(directory),
        directory,
        {words.language: words for words in found if isinstance(words, Begun)},
    )


def environment(directory: Path) -> Environment:
    """Jinja as all frames use it: a missing value is an error, HTML is escaped."""
    return Environment(
        loader=FileSystemLoader(directory),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2", "html"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _valid(form: Any, file: Path) -> Any:
    """What the file holds, in that form."""
    try:
        return TypeAdapter(form).validate_python(_toml(file))
    except ValidationError as error:
        raise FaultyFile(f"{file}:{_faults(error, form)}") from error


def _words(directory: Path, language: Language) -> Words | Begun:
    """All words of a language, or what there is of them. What is there but cannot be used is an error."""
    files = {kind: f"{kind}/{language}.toml" for kind in ("wording", "grammar", "lexicon")}
    tables = {kind: _toml(directory / f) if (directory / f).is_file() else None for kind, f in files.items()}
    gaps = [(files[kind], NO_FILE) for kind, table in tables.items() if table is None]
    wording, grammar = tables["wording"] or {}, tables["grammar"]
    nouns = {} if tables["lexicon"] is None else _valid(_LEXICON, directory / files["lexicon"])
    if wording:
        gaps += [
            (files["wording"], f"[{table}]") for table in _TABLES if not isinstance(wording.get(table), dict)
        ]
        wording = {
            key: table for key, table in wording.items() if key not in _TABLES or isinstance(table, dict)
        }
        if unfit := list(_unfit(wording)):
            raise FaultyFile(f"{directory / files['wording']}:" + "".join(f"\n  {fault}" for fault in unfit))
    printer = None
    if grammar is not None:
        printer, lacking = _printer(directory / files["grammar"], grammar)
        gaps += [(files["grammar"], key) for key in lacking]
    phrases = _phrases(directory / "phrases" / language)
    if gaps or printer is None:
        return Begun(language, phrases, nouns, wording, tuple(gaps))
    return Words(
        language=language,
        phrases=phrases,
        nouns=nouns,
        wording=wording,
        printer=printer,
        allowed=frozenset(word.lower() for word in wording.get("allow", ())),
    )


def _unfit(wording: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """What stands in the wording that is no sentence, or cannot be filled in."""
    for name, value in wording.items():
        key = f"{above}{name}"
        if above in _DEEPER and not isinstance(value, dict):
            yield f"{key} is no table; write its forms in braces: {{ … }}"
        elif isinstance(value, dict) and (above in _DEEPER or not above.startswith(_DEEPER)):
            yield from _unfit(value, f"{key}.")
        elif isinstance(value, str):
            try:
                pattern.parse(value)
            except ValueError as error:
                yield f"{key}: {error}; mend it there"
        elif key in _LISTS:
            if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
                yield f"{key} is no list of texts; write one in square brackets"
        elif not (key.startswith("actor.") and isinstance(value, bool)):
            yield f"{key} is no text; write it in quotes"


def _phrases(directory: Path) -> dict[str, Any]:
    phrases = {}
    for file in sorted(directory.glob("*.toml")):
        phrases[file.stem] = _valid(_PHRASES, file)
        for modality, patterns in phrases[file.stem].items():
            if not isinstance(patterns, dict):
                raise FaultyFile(
                    f"{file}: {modality} stands in no table; put it below its modality: [forbidden]"
                )
            for audience, text in patterns.items():
                if not isinstance(text, str):
                    raise FaultyFile(
                        f'{file}: [{modality}] {audience} is no text; write "{audience}.actor" in quotes'
                    )
                try:
                    pattern.parse(text)
                except ValueError as error:
                    raise FaultyFile(f"{file}: [{modality}] {audience}: {error}") from error
    return phrases


def _printer(file: Path, table: Mapping[str, Any]) -> tuple[Printer | None, list[str]]:
    """The printer of a grammar, or the keys that it lacks."""
    try:
        return Printer(Grammar.model_validate(table)), []
    except ValidationError as error:
        if any(fault["type"] not in ("missing", "too_short") for fault in error.errors()):
            raise FaultyFile(f"{file}:{_faults(error, Grammar)}") from error
        return None, [".".join(map(str, fault["loc"])) for fault in error.errors()]


def _faults(error: ValidationError, of: Any) -> str:
    """Each fault on a line of its own: its key and what may stand there."""
    faults = error.errors(include_url=False)
    return "".join(f"\n  {'.'.join(map(str, place(fault)))}: {line(fault, of)}" for fault in faults)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultyFile(f"{file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FaultyFile(f"{file}: {'; '.join(no_toml(error))}") from error
