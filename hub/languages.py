"""Which languages there are: those for which somebody wrote the files of templates/. None is named in code."""

from importlib import resources
from pathlib import Path

from hub.model.directive import LANGUAGES, Language


def templates_dir() -> Path:
    """templates/ beside the packages in a checkout, inside them in a wheel."""
    beside = Path(__file__).resolve().parent.parent / "templates"
    return beside if beside.is_dir() else Path(str(resources.files("hub") / "_templates"))


def known(directory: Path | None = None) -> tuple[Language, ...]:
    """The languages that have wording and grammar in `directory`, else in templates/: the first four, then by code."""
    directory = directory or templates_dir()
    return in_order(_written(directory, "wording") & _written(directory, "grammar"))


def begun(directory: Path | None = None) -> tuple[Language, ...]:
    """The languages of which any file of words is there, in the same order."""
    directory = directory or templates_dir()
    files = (_written(directory, kind) for kind in ("wording", "grammar", "lexicon"))
    phrases = {file.parent.name for file in (directory / "phrases").glob("*/*.toml")}
    return in_order(phrases.union(*files))


def in_order(languages: set[Language]) -> tuple[Language, ...]:
    """French, German, Dutch and English first, further ones by their code."""
    first = tuple(language for language in LANGUAGES if language in languages)
    return (*first, *sorted(languages.difference(first)))


def _written(directory: Path, kind: str) -> set[Language]:
    return {file.stem for file in (directory / kind).glob("*.toml")}
