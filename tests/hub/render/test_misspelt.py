"""Misspelt names in templates/: each is named with its file and its table, and blamed on no other language."""

import shutil
from pathlib import Path

import pytest

from hub.errors import FaultyFile
from hub.languages import templates_dir
from hub.render import wording
from hub.render.missing import missing
from hub.render.misspelt import misspelt
from tests import a

VISITS = "phrases/fr/visits.toml"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of templates/ that a contributor may change."""
    return Path(shutil.copytree(templates_dir(), tmp_path / "templates"))


def after(templates: Path, name: str, text: str) -> wording.Wording:
    """The words with this text at the head of a file, which may be new."""
    file = templates / name
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(text + old, encoding="utf-8")
    wording.load.cache_clear()
    return wording.load(templates)


def test_no_shipped_name_is_misspelt() -> None:
    assert list(misspelt(a.WORDING, a.REGISTER)) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (VISITS, '[forbiden]\nstaff = "Texte."\n', "[forbiden] is no modality"),
        ("phrases/fr/zzz.toml", '[forbidden]\nstaff = "Texte."\n', "named after no topic"),
        ("lexicon/fr.toml", '["prisno"]\nplace = { sg = "prison" }\n', "[prisno] is no sector"),
    ],
)
def test_a_misspelt_file_or_table_is_named(templates: Path, file: str, text: str, said: str) -> None:
    words = after(templates, file, text)

    (found,) = misspelt(words, a.REGISTER)

    assert (found.language, found.kind, found.where) == ("fr", "misspelt", file)
    assert said in found.what
    assert set(missing(words, a.REGISTER)) == set(missing(a.WORDING, a.REGISTER))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('foo = "Les visites sont interdites."', "[forbidden] foo is no reader"),
        ('"staff.foo" = "Les visites sont interdites."', "[forbidden] staff.foo is no reader"),
        ('"staff.family" = "Refusez les visites {nofact}."', "staff.family: {nofact} is no fact"),
        ('"staff.family" = "Refusez les visites[ {nofact}]."', "staff.family: {nofact} is no fact"),
        ('"staff.family" = "Refusez les visites {age.yuo}."', "staff.family: {age.yuo} is no fact"),
    ],
)
def test_a_misspelt_reader_or_slot_is_named(templates: Path, line: str, said: str) -> None:
    text = (templates / VISITS).read_text(encoding="utf-8")
    assert "[forbidden]\n" in text
    (templates / VISITS).write_text(
        text.replace("[forbidden]\n", f"[forbidden]\n{line}\n", 1), encoding="utf-8"
    )
    wording.load.cache_clear()

    (found,) = misspelt(wording.load(templates), a.REGISTER, ("fr",))

    assert found.where == VISITS
    assert said in found.what


@pytest.mark.parametrize("text", ['staff = "Texte."\n', '[forbidden]\nstaff.family = "Texte."\n'])
def test_a_pattern_in_the_wrong_place_is_refused_by_name(templates: Path, text: str) -> None:
    with pytest.raises(FaultyFile, match=r"visits\.toml"):
        after(templates, VISITS, text if text.startswith("staff") else text.replace("forbidden", "other"))
