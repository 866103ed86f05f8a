"""words: a list for contributors, and a table for editors."""

import shutil
from pathlib import Path

import pytest

from channels.substitutes import SUBSTITUTES
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
    templates = Path(shutil.copytree(wording.templates_dir(), tmp_path / "templates"))
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


def test_words_shows_every_substitution_of_an_sms(run: Run) -> None:
    code, output = run("words", "--sms", "--json")

    rows = document(output)["substitutes"]
    assert code == 0
    assert {old: row["new"] for row in rows for old in row["old"]} == SUBSTITUTES
    assert "’" in run("words", "--sms")[1]
