"""words: a list for contributors, and a table for editors."""

import shutil
from pathlib import Path

import pytest

from channels.substitutes import SUBSTITUTES
from hub.languages import templates_dir
from hub.render import wording
from tests.hub.cli.console import Run, document


def test_words_lists_what_is_missing_and_ends_with_one_where_anything_is(run: Run) -> None:
    code, output = run("words", "--json")

    found = document(output)
    assert code == (1 if found["missing"] else 0)
    assert all(set(each) == {"language", "kind", "where", "what"} for each in found["missing"])
    assert {each["language"] for each in found["optional"]} == {"fr", "de", "nl", "en"}


def test_words_names_a_misspelt_file_and_ends_with_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = Path(shutil.copytree(templates_dir(), tmp_path / "templates"))
    (templates / "phrases" / "fr" / "zzz.toml").write_text(
        '[forbidden]\nstaff = "Texte."\n', encoding="utf-8"
    )
    loaded = wording.load(templates)
    monkeypatch.setattr(wording, "load", lambda: loaded)

    code, output = run("words")

    assert code == 1
    assert "fr: 1 missing or misspelt\n  templates/phrases/fr/zzz.toml\n" in output


def test_words_of_one_language_speaks_of_no_other(run: Run) -> None:
    _, output = run("words", "--language", "nl")

    assert output.startswith("nl: ")
    assert "\nfr: " not in output


def test_words_of_an_unknown_language_is_wrong_use(run: Run) -> None:
    code, error = run("words", "--language", "xx")

    assert code == 2
    assert "xx" in error


def test_words_names_each_file_that_a_language_just_begun_lacks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(templates_dir(), templates)
    for kind in ("wording", "grammar", "lexicon"):
        shutil.copy(templates / kind / "en.toml", templates / kind / "it.toml")
    shutil.copytree(templates / "phrases" / "en", templates / "phrases" / "it")
    (templates / "phrases" / "it" / "visits.toml").unlink()
    begun = wording.load(templates)
    monkeypatch.setattr(wording, "load", lambda: begun)

    code, output = run("words", "--language", "it")

    assert code == 1
    assert output.startswith("it: ")
    assert "  templates/phrases/it/visits.toml\n    [forbidden]\n" in output
    assert "  hub/reread/data/it.toml\n    the file is not there\n" in output
    assert "  hub/register/data/topics.toml\n" in output
    assert "it: " in run("words")[1]


def test_words_shows_every_substitution_of_an_sms(run: Run) -> None:
    code, output = run("words", "--sms", "--json")

    rows = document(output)["substitutes"]
    assert code == 0
    assert {old: row["new"] for row in rows for old in row["old"]} == SUBSTITUTES
    assert "’" in run("words", "--sms")[1]
