"""A contributor adds a sector or a topic in data files alone; what they forget is named with its file."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from hub import register as registers
from hub.errors import FaultyFile
from hub.languages import templates_dir
from hub.model.directive import AUDIENCES, LANGUAGES, Language
from hub.model.message import Variant
from hub.register import Register
from hub.register.load import DATA
from hub.render import Sheet, render, wording
from hub.render.frame import compose, frames_digest
from hub.render.missing import Missing, missing, unused
from hub.render.wording import FrameSlot, RequiredSlot, Wording
from hub.render.writer import Writer
from tests import a

SECTOR = """
[[sector]]
id = "fishing"
fr = "Pêche"
de = "Fischerei"
nl = "Visserij"
en = "Fishing"
group = "leisure"
"""
TOPIC = """
[[topic]]
id = "boats"
fr = "Bateaux"
de = "Boote"
nl = "Boten"
en = "Boats"
value = "modality"
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of templates/ that a contributor may change."""
    return Path(shutil.copytree(templates_dir(), tmp_path / "templates"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the registers' files."""
    return Path(shutil.copytree(str(DATA), tmp_path / "data"))


def lacking(words: Wording, register: Register = a.REGISTER) -> set[tuple[str, str, str]]:
    """What is missing but for what the shipped words themselves leave to the neutral sentence."""
    shipped = set(missing(a.WORDING, a.REGISTER))
    return {(m.language, m.kind, m.what) for m in missing(words, register) if m not in shipped}


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_nouns(templates: Path) -> None:
    """The nouns of the new sector: those of another one under its name."""
    for language in LANGUAGES:
        file = templates / "lexicon" / f"{language}.toml"
        text = file.read_text(encoding="utf-8")
        entry = text.partition('["sport"]\n')[2].partition("\n\n")[0]
        append(file, f'\n["fishing"]\n{entry}\n')


def test_nothing_but_patterns_for_some_readers_is_missing_from_the_shipped_words() -> None:
    assert [each for each in missing(a.WORDING, a.REGISTER) if each.kind != "audience"] == []


def test_a_sector_speaks_with_its_entry_and_its_nouns(templates: Path, data: Path) -> None:
    append(data / "sectors.toml", SECTOR)
    register = registers.load(data=data)
    forgotten = {what for _, kind, what in lacking(wording.load(templates), register) if kind == "noun"}

    add_nouns(templates)
    wording.load.cache_clear()
    words = wording.load(templates)

    assert {what.split("]")[0] for what in forgotten} == {"[fishing"}
    assert lacking(words, register) == set()
    act = a.directive(sectors=("fishing",), audiences=AUDIENCES)
    blocks = render(Sheet(act, register, words, {}), LANGUAGES).blocks
    assert {v.audience for v in blocks} == set(AUDIENCES)
    frame = replace(a.frame(), register=register, wording=words)
    message = compose([blocks[Variant("fishing", "family", "email", "fr")]], frame)
    assert "Ne venez pas voir votre enfant" in message.text


def test_a_topic_speaks_with_its_entry_and_its_patterns(templates: Path, data: Path) -> None:
    append(data / "topics.toml", TOPIC)
    register = registers.load(data=data)
    before = {(language, kind) for language, kind, _ in lacking(wording.load(templates), register)}

    keys = (*AUDIENCES, "sms")
    patterns = "\n".join(f'{key} = "{key}: {{beneficiary.pl}}[ {{count}}]."' for key in keys)
    for language in LANGUAGES:
        (templates / "phrases" / language / "boats.toml").write_text(f"[permitted]\n{patterns}\n", "utf-8")
    wording.load.cache_clear()
    words = wording.load(templates)

    assert before == {(language, "topic") for language in LANGUAGES}
    assert lacking(words, register) == set()
    act = a.directive(measures=(a.measure(topic="boats", modality="permitted"),))
    blocks = render(Sheet(act, register, words, {}), ("nl",), ("email",)).blocks
    block = blocks[Variant("elderly.residential", "staff", "email", "nl")]
    assert block.paragraphs[0].lines[0].text == "Staff: bewoners."


def words_after(templates: Path, name: str, old: str, new: str) -> Wording:
    change(templates / name, old, new)
    wording.load.cache_clear()
    return wording.load(templates)


def test_a_pair_that_another_language_has_is_named(templates: Path) -> None:
    (templates / "phrases" / "nl" / "visits.toml").unlink()

    found = lacking(wording.load(templates))

    assert ("nl", "pair", "[forbidden]") in found
    assert {language for language, _, _ in found} == {"nl"}


def test_a_reader_s_pattern_that_another_language_has_is_named(templates: Path) -> None:
    words = words_after(templates, "phrases/de/visits.toml", "\nfamily = ", "\n# family = ")

    assert lacking(words) == {("de", "pattern", "[forbidden] family")}


def test_a_reader_without_a_pattern_in_any_language_is_named(templates: Path) -> None:
    for language in LANGUAGES:
        words = words_after(templates, f"phrases/{language}/visits.toml", "\ncitizen = ", "\n# citizen = ")

    told = "[forbidden] citizen: the neutral sentence speaks"
    assert lacking(words) == {(language, "audience", told) for language in LANGUAGES}


def test_a_form_that_a_pattern_uses_is_named_with_the_sector_and_the_pattern(templates: Path) -> None:
    words = words_after(templates, "lexicon/fr.toml", 'aux = "aux patients", ', "")

    found = lacking(words)

    assert {(language, kind) for language, kind, _ in found} == {("fr", "noun")}
    assert any(what.startswith("[health.hospital] beneficiary.aux; used in ") for _, _, what in found)


def test_a_noun_for_sms_is_a_complete_entry_of_its_own(templates: Path) -> None:
    words = words_after(templates, "lexicon/fr.toml", 'at = "à la clinique", to', "to")

    assert {what.split(";")[0] for _, _, what in lacking(words)} == {
        "[health.hospital] place.at, in the entry for SMS"
    }


def test_a_wording_key_that_another_language_has_is_named(templates: Path) -> None:
    words = words_after(templates, "wording/en.toml", "\nhazard = ", "\n# hazard = ")

    assert lacking(words) == {("en", "wording", "tail.hazard")}


def test_a_modality_without_a_neutral_sentence_is_named(templates: Path) -> None:
    words = words_after(templates, "wording/fr.toml", "\nrequired.many = ", "\n# required.many = ")

    assert lacking(words) == {("fr", "wording", "neutral.required")}


def test_an_actor_lacks_the_case_that_a_neutral_sentence_asks_for(templates: Path) -> None:
    words = words_after(templates, "wording/de.toml", ', dat = "der Leitung"', "")

    assert lacking(words) == {("de", "actor", "actor.direction: dat")}


def test_a_name_for_a_kind_of_number_is_grammar_that_each_language_needs(templates: Path) -> None:
    words = words_after(templates, "grammar/nl.toml", '\nEUR = "bedrag"', "")

    assert lacking(words) == {("nl", "grammar", "label.EUR")}


def test_a_grammar_that_not_every_language_needs_is_told_apart() -> None:
    optional = {(each.language, each.what) for each in unused(a.WORDING)}

    assert ("de", "elision") in optional
    assert ("fr", "infinitive") in optional
    assert ("fr", "elision") not in optional


def test_a_language_without_any_words_is_one_line() -> None:
    languages: tuple[Language, ...] = ("it",)

    found = list(missing(a.WORDING, a.REGISTER, languages))

    assert found == [Missing("it", "language", "wording/it.toml", "there are no words at all")]


def test_a_file_that_is_not_there_is_one_line(templates: Path) -> None:
    (templates / "wording" / "en.toml").unlink()

    assert lacking(wording.load(templates)) == {("en", "language", "the file is not there")}


def test_an_anatomy_that_cannot_serve_names_its_key(templates: Path) -> None:
    with pytest.raises(FaultyFile, match=r"anatomy\.toml:\n  direction\.tail\.0: is not what may stand here"):
        words_after(templates, "messages/anatomy.toml", 'tail = ["establishments"', 'tail = ["estabishments"')


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("phrases/fr/visits.toml", "[forbidden]", "sometimes = 5\n[forbidden]", "sometimes: is no table"),
        ("lexicon/fr.toml", '["health.hospital"]', '["health.hospital"]\nnurse = 5', "nurse: is no table"),
        ("grammar/fr.toml", "locale =", "local =", "local: unknown key; did you mean locale?"),
    ],
)
def test_a_template_file_of_another_form_names_its_key(
    templates: Path, file: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(FaultyFile, match=re.escape(said)):
        words_after(templates, file, old, new)


def test_a_wording_without_one_of_its_tables_names_it(templates: Path) -> None:
    words = words_after(templates, "wording/fr.toml", "\n[neutral]", "\n[neutrl]")

    assert ("fr", "wording", "[neutral]") in lacking(words)
    assert "fr" not in words.languages


@pytest.mark.parametrize(
    ("name", "added", "said"),
    [
        ("email.txt.j2", "{% if x", r"email\.txt\.j2, line \d+: unexpected end"),
        ("email.html.j2", "{{ nofact }}", r"email\.html\.j2: 'nofact' is undefined"),
    ],
)
def test_a_frame_that_cannot_be_filled_is_named(templates: Path, name: str, added: str, said: str) -> None:
    append(templates / "messages" / name, added)
    words = wording.load(templates)
    sheet = Sheet(a.directive(audiences=AUDIENCES), a.REGISTER, words, {})
    block = render(sheet, LANGUAGES).blocks[Variant("elderly.residential", "family", "email", "fr")]

    with pytest.raises(FaultyFile, match=said):
        compose([block], replace(a.frame(), wording=words))


def test_a_frame_that_is_not_there_is_named(templates: Path) -> None:
    (templates / "messages" / "email.css").unlink()

    with pytest.raises(FaultyFile, match=r"templates/messages/email\.css is not there"):
        frames_digest(wording.load(templates), a.REGISTER)


def test_every_slot_that_an_anatomy_may_name_is_written() -> None:
    written = {name.removeprefix("_") for name in dir(Writer) if name.startswith("_")}

    assert set(get_args(FrameSlot)) <= written
    assert set(get_args(RequiredSlot)) <= set(get_args(FrameSlot))
