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
        ('"staff.family" = "Refusez {excptions}."', "label of another language; did you mean {exceptions}?"),
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


def with_sentence(templates: Path, old: str, new: str) -> wording.Wording:
    """The words with one sentence of the French wording changed."""
    file = templates / "wording" / "fr.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    wording.load.cache_clear()
    return wording.load(templates)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{issuer}", "{isuer}", "tail.source: {isuer} is filled by nothing; did you mean {issuer}? known are {issuer}"),
        ("[, {reference}]", "[, {xyz}]", "tail.legal: {xyz} is filled by nothing; known are {act_type}, {reference}"),
        ('status = "', 'status = "{day} ', "tail.status: {day} is filled by nothing; it has no slot in any other"),
        ("{label} : {quantity}", "{lable} : {quantity}", "{lable} is filled by nothing; did you mean {label}? known"),
        ('side = "{act_type}', 'side = "{acttype}', "conflict.side: {acttype} is filled by nothing; did you mean"),
        ("{actor} doit", "{actr} doit", "neutral.required.one: {actr} is filled by nothing; did you mean {actor}?"),
        ('hat = "{audience}', 'hat = "{audiance}', "frame.hat: {audiance} is filled by nothing; did you mean"),
    ],
)  # fmt: skip
def test_a_misspelt_slot_of_the_wording_is_named_with_the_known_ones(
    templates: Path, old: str, new: str, said: str
) -> None:
    words = with_sentence(templates, old, new)

    (found,) = misspelt(words, a.REGISTER, ("fr",))

    assert (found.kind, found.where) == ("misspelt", "wording/fr.toml")
    assert said in found.what


def test_a_slot_misspelt_in_one_language_is_blamed_on_no_other(templates: Path) -> None:
    words = with_sentence(templates, "{issuer}", "{isuer}")

    found = list(misspelt(words, a.REGISTER))

    assert [each.language for each in found] == ["fr"]


def test_a_misspelt_form_of_a_label_is_named(templates: Path) -> None:
    files = (file for file in sorted((templates / "phrases" / "de").glob("*.toml")))
    file = next(file for file in files if "{subject.nom}" in file.read_text(encoding="utf-8"))
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("{subject.nom}", "{subject.nmo}", 1), encoding="utf-8")
    wording.load.cache_clear()

    (found,) = misspelt(wording.load(templates), a.REGISTER, ("de",))

    assert found.where == f"phrases/de/{file.name}"
    assert "{subject.nmo} is no form of a label; known are {subject.nom}" in found.what


@pytest.mark.parametrize("text", ['staff = "Texte."\n', '[forbidden]\nstaff.family = "Texte."\n'])
def test_a_pattern_in_the_wrong_place_is_refused_by_name(templates: Path, text: str) -> None:
    with pytest.raises(FaultyFile, match=r"visits\.toml"):
        after(templates, VISITS, text if text.startswith("staff") else text.replace("forbidden", "other"))
