"""The words of the house, read from templates/: phrase bank, lexicon, tail sentences, anatomy and frames."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import ConfigDict, TypeAdapter, ValidationError

from hub.errors import FaultyFile
from hub.facts.grammar import Grammar
from hub.facts.printer import Printer
from hub.faults import line, no_toml, place
from hub.model.directive import LANGUAGES, Audience, Language
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

    def phrase(self, topic: str, modality: str, audience: str, actor: str) -> str | None:
        """The bank's pattern for an audience (or "sms"); one bound to the actor before one that is not."""
        patterns = self.phrases.get(topic, {}).get(modality, {})
        return patterns.get(f"{audience}.{actor}", patterns.get(audience))

    def noun(self, sector: str, slot: str, *, sms: bool) -> str | None:
        """A noun's form, "beneficiary.aux"; in SMS from the noun's `sms` entry where it has one."""
        role, _, form = slot.partition(".")
        entry = self.nouns.get(sector, {}).get(role)
        if entry is None:
            return None
        if sms and "sms" in entry:
            entry = entry["sms"]
        word = entry.get(form)
        return word if isinstance(word, str) else None

    def tail(self, name: str) -> str:
        """A tail sentence's pattern."""
        sentence: str = self.wording["tail"][name]
        return sentence


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of every language, the anatomy of messages, and the Jinja frames."""

    languages: Mapping[Language, Words]
    anatomy: Mapping[Audience, Anatomy]
    jinja: Environment


def templates_dir() -> Path:
    """templates/ beside the packages in a checkout, inside them in a wheel."""
    beside = Path(__file__).resolve().parent.parent.parent / "templates"
    return beside if beside.is_dir() else Path(str(resources.files("hub") / "_templates"))


@cache
def load(directory: Path | None = None) -> Wording:
    """Read all words. Raises FaultyFile, which names the file, for one that cannot be used."""
    directory = directory or templates_dir()
    languages = {
        language: _words(directory, language)
        for language in LANGUAGES
        if (directory / "wording" / f"{language}.toml").is_file()
    }
    return Wording(
        languages, _valid(_ANATOMY, directory / "messages" / "anatomy.toml"), environment(directory)
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


def _words(directory: Path, language: Language) -> Words:
    phrases = {}
    file = directory / "wording" / f"{language}.toml"
    wording = _toml(file)
    if lacking := [f"[{table}]" for table in _TABLES if not isinstance(wording.get(table), dict)]:
        raise FaultyFile(
            f"{file}: {', '.join(lacking)} is not there; docs/write-templates.md says what it holds"
        )
    for file in sorted((directory / "phrases" / language).glob("*.toml")):
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
    return Words(
        language=language,
        phrases=phrases,
        nouns=_valid(_LEXICON, directory / "lexicon" / f"{language}.toml"),
        wording=wording,
        printer=Printer(_valid(Grammar, directory / "grammar" / f"{language}.toml")),
        allowed=frozenset(word.lower() for word in wording.get("allow", ())),
    )


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
