"""What every step of the way may use: settings, store, registers, words and the clock."""

import gc
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from hub import register, reread
from hub.config import Config
from hub.errors import ConfigError, EnvironmentFailed
from hub.faults import Location, line, no_toml, place
from hub.gate import Spoken
from hub.model.directive import Language
from hub.now import Clock
from hub.register import Register
from hub.render import wording
from hub.render.missing import unfit
from hub.render.wording import Wording
from hub.reread.form import LexiconFile
from hub.site import words as site
from hub.store.engine import Store, open_store, sqlite_file, sqlite_url


@dataclass(frozen=True, slots=True)
class Hub:
    """One open instance. Steps take it first and keep nothing of their own."""

    config: Config
    store: Store
    register: Register
    wording: Wording
    clock: Clock
    spoken: Spoken = field(default_factory=Spoken, compare=False, repr=False)


GARBAGE = (20_000, 20, 20)
"""How rarely cycles are looked for: nearly all that is made here ends without, and each look walks every word and
register that is loaded. Python's usual (700, 10, 10) costs a third of planning a large audience.
"""

DATABASE = "univoque.db"
"""What an instance's database is called in its data directory."""


def database_url(config: Config) -> str:
    """Where the data lie: as set, else univoque.db in the data directory."""
    return config.database.url or sqlite_url(config.service.data_dir / DATABASE)


def demand_instance(config: Config) -> None:
    """Raises EnvironmentFailed where `init` has made nothing yet; makes nothing itself."""
    file = sqlite_file(database_url(config))
    if file is not None and not file.exists():
        raise EnvironmentFailed(
            f"{file} is not there; run `univoque init` first, or name its settings with --config"
        )


def demand_words(config: Config, words: Wording) -> None:
    """Raises ConfigError where the instance is to speak a language that is not complete here.

    FaultyFile where its public site cannot use its own words.
    """
    for language in config.service.languages:
        if fault := fault_of(language, words):
            raise ConfigError(
                f"service.languages: {fault}; looked in {words.directory}. "
                "Take the language out of config.toml, or write it: docs/write-templates.md"
            )
    site.words(site.language_for(config.service.languages))


def fault_of(language: Language, words: Wording) -> str | None:
    """Why nothing can be said in a language and proved; None where all that it takes is there."""
    found = words.languages.get(language) or words.begun.get(language)
    if found is None:
        return f"no words in {language}; there are {', '.join(words.languages)}"
    if lacking := [f"{each.where}: {each.what}" for each in unfit(words, found)]:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        return f"{language} is not complete ({'; '.join(lacking[:3])}{more}; `univoque words` lists all)"
    if unread := faults_of_reader(language):
        more = f"; and {len(unread) - 3} more, which `univoque words` lists" if len(unread) > 3 else ""
        return f"nobody can read {language!r} back: hub/reread/data/{language}.toml: {'; '.join(unread[:3])}{more}"
    return None


def faults_of_reader(language: Language) -> tuple[str, ...]:
    """What keeps the reader from reading a language back, each with its place and remedy; () where nothing does."""
    if language not in reread.languages():
        return (wording.NO_FILE,)
    try:
        reread.demand(language)
    except reread.FaultyLexicon as error:
        return _told(error.cause)
    return ()


def _told(cause: Exception) -> tuple[str, ...]:
    match cause:
        case ValidationError():
            faults = cause.errors(include_url=False)
            return tuple(f"{_where(place(fault))}{line(fault, LexiconFile)}" for fault in faults)
        case re.error():
            return (f"its patterns do not go together: {cause}; mend the one that it names",)
    return ("; ".join(no_toml(cause)),)


def _where(location: Location) -> str:
    """ "senses.relation.extends: ", "modality.4.words: "; nothing for the file as a whole."""
    steps = (str(step + 1) if isinstance(step, int) else step for step in location)
    return f"{'.'.join(steps)}: " if location else ""


def keep_loaded() -> None:
    """What is loaded by now stays for as long as this process lives: cycles are looked for among the rest."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def open_hub(config: Config, clock: Clock | None = None) -> AsyncIterator[Hub]:
    """Open the instance that the settings describe; the database is opened on first use.

    Raises ConfigError for settings that the templates cannot serve, EnvironmentFailed for another engine.
    """
    gc.set_threshold(*GARBAGE)
    words = wording.load()
    demand_words(config, words)
    store = open_store(database_url(config))
    try:
        yield Hub(config, store, register.load(), words, clock or Clock())
    finally:
        await store.close()
