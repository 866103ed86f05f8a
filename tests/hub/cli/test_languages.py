"""A language whose files cannot be used ends every command in one clear error, never in a traceback."""

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.languages import templates_dir
from hub.site import words as site
from tests import a
from tests.hub.cli.console import Run, document

READER = importlib.import_module("hub.reread.lexicon")
VISITS = str(a.DIRECTIVES / "a-visits.toml")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the reader's files in which Dutch has no [before]."""
    data = Path(shutil.copytree(str(READER.DATA), tmp_path / "reread"))
    text = (data / "nl.toml").read_text(encoding="utf-8")
    head, _, rest = text.partition("[before]")
    (data / "nl.toml").write_text(head + "[after]" + rest.partition("[after]")[2], encoding="utf-8")
    monkeypatch.setattr(READER, "DATA", data)
    READER.lexicon.cache_clear()
    yield data
    READER.lexicon.cache_clear()


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the site's templates that a contributor may change."""
    copy = Path(shutil.copytree(templates_dir() / "site", tmp_path / "site"))
    monkeypatch.setattr(site, "templates_dir", lambda: copy)
    site.words.cache_clear()
    yield copy
    site.words.cache_clear()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "command",
    [
        ("check", VISITS),
        ("preview", VISITS),
        ("conflicts", VISITS),
        ("init",),
        ("submit", VISITS, "--by", "Rédaction"),
        ("approve", "visites", "--by", "Crise"),
    ],
    ids=lambda command: command[0],
)
def test_a_file_of_the_reader_that_lacks_a_table_is_named(run: Run, command: tuple[str, ...]) -> None:
    Path("univoque.db").touch()
    Path("config.toml").write_text('[service]\nlanguages = ["fr", "nl"]\ndata_dir = "."\n', encoding="utf-8")

    code, output = run(*command)

    assert code == 2
    assert "hub/reread/data/nl.toml: before: is missing; add a table [before]" in " ".join(output.split())


@pytest.mark.usefixtures("reader")
def test_words_lists_what_a_file_of_the_reader_lacks(run: Run) -> None:
    code, output = run("words", "--language", "nl", "--json")

    found = [each for each in document(output)["missing"] if each["kind"] == "reader"]
    assert code == 1
    assert found == [
        {
            "language": "nl",
            "kind": "reader",
            "where": "hub/reread/data/nl.toml",
            "what": "before: is missing; add a table [before]",
        }
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Les directives', 'titel = "Les directives', "home.title is missing; write it as in"),
        ('title = "Les directives publiées"', "title = 3", "home.title is no text; write it as in"),
        ("[home]", "[huis]", "home is missing; write it as in"),
        ("[home]", "[home", "no TOML: "),
        ('print = "Imprimé depuis {url}"', 'print = "{ulr}"', "site.print: {ulr} is no fact there; did you mean url"),
        ('print = "Imprimé depuis {url}"', 'print = "{url"', "site.print cannot be filled in"),
        ('lead = "Ce que', 'lead = "{x} Ce que', "home.lead: {x} is no fact there; no fact is given there"),
    ],
)  # fmt: skip
def test_words_of_the_site_that_cannot_be_used_are_named_before_anything_is_done(
    run: Run, pages: Path, old: str, new: str, said: str
) -> None:
    text = (pages / "fr.toml").read_text(encoding="utf-8")
    assert old in text
    (pages / "nl.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    Path("config.toml").write_text('[service]\nlanguages = ["nl"]\n', encoding="utf-8")

    code, output = run("check", VISITS, "--json")

    error = document(output)["error"]
    assert (code, error["kind"]) == (1, "faulty_file")
    assert f"{pages / 'nl.toml'}:" in error["text"]
    assert said in error["text"]


def test_words_lists_what_the_site_lacks_in_a_language_that_it_has_a_file_of(run: Run, pages: Path) -> None:
    text = (pages / "fr.toml").read_text(encoding="utf-8")
    (pages / "nl.toml").write_text(text.replace("\nskip = ", "\nskipp = ", 1), encoding="utf-8")

    code, output = run("words", "--language", "nl", "--json")

    found = [(each["where"], each["what"]) for each in document(output)["missing"] if each["kind"] == "site"]
    assert code == 1
    assert found == [("site/nl.toml", "site.skip is missing; write it as in templates/site/fr.toml")]
