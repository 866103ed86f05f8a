"""The site's own words: a file per language, facts filled in by name, dates as people say them."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from hub.errors import FaultyFile
from hub.facts.printer import Printer
from hub.facts.scope import Scope, last_instant
from hub.faults import nearest, no_toml
from hub.model.directive import Directive, Language
from hub.now import BRUSSELS
from hub.render import wording
from hub.site.environment import templates_dir
from hub.site.state import starts_at

FIRST: Language = "fr"
"""The language of the site's own words: a file in another one is held against it."""

_REMEDY = f"write it as in templates/site/{FIRST}.toml"


@dataclass(frozen=True, slots=True)
class Words:
    """Looks up words by key ("home.title") and fills them in. An unknown key is an error."""

    language: Language
    table: Mapping[str, Any]

    def __call__(self, key: str, /, **facts: object) -> str:
        """The words behind `key`, with `facts` filled in."""
        words = self._find(key)
        if not isinstance(words, str):
            raise KeyError(f"templates/site/{self.language}.toml: {key} is no text")
        return words.format(**facts) if facts else words

    def list(self, key: str) -> list[str]:
        """The paragraphs behind `key`."""
        return [str(paragraph) for paragraph in self._find(key)]

    def count(self, key: str, n: int) -> str:
        """The words for `n` things."""
        form = "one" if n == 1 or (n == 0 and self.language == "fr") else "other"
        return self(f"{key}.{form}", n=n)

    def _find(self, key: str) -> Any:
        found: Any = self.table
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                raise KeyError(f"templates/site/{self.language}.toml has no {key}")
            found = found[part]
        return found

    @property
    def printer(self) -> Printer:
        """How facts are printed in this language."""
        return wording.load().languages[self.language].printer

    def day(self, day: date) -> str:
        """A date in full, with the day of the week."""
        return self.printer.day(day)

    def on(self, instant: datetime) -> str:
        """On which day, and at what hour where it is not midnight in Brussels."""
        local = instant.astimezone(BRUSSELS)
        if local.time() == time(0):
            return self("when.on", day=self.day(local.date()))
        return self.printer.deadline(instant)

    def until(self, end: datetime | None, *, unknown: bool = False) -> str:
        """The end of a validity, which is exclusive, said inclusively."""
        if end is None and unknown:
            return self("when.until_unknown")
        scope = Scope((), (), (), start=None, end=end, start_unknown=True, end_unknown=False)
        return self.printer.period(scope, _plain) or ""

    def period(self, scope: Scope) -> str:
        """From when to when; what the sheet calls unknown is said to be so."""
        parts = [self.printer.period(scope, _plain)]
        if scope.start_unknown:
            parts.insert(0, self("when.from_unknown"))
        if scope.end is None and scope.end_unknown:
            parts.append(self("when.until_unknown"))
        return ", ".join(part for part in parts if part)

    def validity(self, directive: Directive) -> str:
        """The validity of a whole directive in words."""
        starts = starts_at(directive)
        scope = Scope(
            (),
            (),
            (),
            start=starts,
            end=last_instant(directive),
            start_unknown=starts is None,
            end_unknown="effective_to" in directive.unknown,
        )
        return self.period(scope)


def _plain(_: str, words: str) -> str:
    """Pages print facts as they are: what was traced was traced before approval."""
    return words


@cache
def words(language: Language) -> Words:
    """The words of a language. Raises FaultyFile, with every fault, where the site cannot speak it."""
    table = _toml(language)
    if faults := tuple(_faults(table, _toml(FIRST))):
        raise FaultyFile(f"{_file(language)}:" + "".join(f"\n  {fault}" for fault in faults))
    return Words(language, _typeset(table) if language == "fr" else table)


def speaks(language: Language) -> bool:
    """Whether the site has words in this language."""
    return _file(language).is_file()


def language_for(languages: Iterable[Language]) -> Language:
    """The first of these that the site speaks, else its own first one."""
    return next(filter(speaks, languages), FIRST)


def faults_of(language: Language) -> tuple[str, ...]:
    """What keeps the site from speaking a language that it has a file of, with place and remedy."""
    try:
        return tuple(_faults(_toml(language), _toml(FIRST)))
    except FaultyFile as error:
        return (error.said.removeprefix(f"{_file(language)}: "),)


def _file(language: Language) -> Path:
    return templates_dir() / f"{language}.toml"


def _toml(language: Language) -> dict[str, Any]:
    file = _file(language)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultyFile(f"{file}: {error.strerror}; write it as {FIRST}.toml is written") from error
    except (ValueError, RecursionError) as error:
        raise FaultyFile(f"{file}: {'; '.join(no_toml(error))}") from error


def _faults(table: Any, first: Any, key: str = "") -> Iterator[str]:
    """What a file lacks of the first language's, is of another kind there, or fills with what nobody gives."""
    match first, table:
        case Mapping(), Mapping():
            for name, inner in first.items():
                where = f"{key}.{name}".lstrip(".")
                if name in table:
                    yield from _faults(table[name], inner, where)
                else:
                    yield f"{where} is missing; {_REMEDY}"
        case list(), list():
            for number, text in enumerate(table, 1):
                if not isinstance(text, str):
                    yield f"{key}, paragraph {number}, is no text; {_REMEDY}"
        case str(), str():
            yield from _wrong_facts(key, table, first)
        case _:
            kind = "table" if isinstance(first, Mapping) else "list" if isinstance(first, list) else "text"
            yield f"{key} is no {kind}; {_REMEDY}"


def _wrong_facts(key: str, text: str, first: str) -> Iterator[str]:
    try:
        facts = _facts(text)
    except ValueError as error:
        yield f"{key} cannot be filled in ({error}); write each fact as {{name}}"
        return
    known = _facts(first)
    for fact in facts.difference(known, {"n"} if key.endswith((".one", ".other")) else ()):
        remedy = nearest(fact, known) if known else "no fact is given there; take it out"
        yield f"{key}: {{{fact}}} is no fact there; {remedy}"


def _facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _typeset(words: Any) -> Any:
    """French sets a no-break space before tall punctuation and within its quotation marks."""
    if isinstance(words, Mapping):
        return {key: _typeset(value) for key, value in words.items()}
    if isinstance(words, list):
        return [_typeset(value) for value in words]
    return re.sub(r" (?=[:;?!»])|(?<=«) ", "\N{NO-BREAK SPACE}", words)
