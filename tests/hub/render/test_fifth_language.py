"""A language is added in files alone: English stands in for Italian, since the code looks at no word."""

import importlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub import context, gate, languages, reread
from hub import register as registers
from hub.config import Config
from hub.errors import ConfigError, FaultyFile
from hub.flow.enlist import vocabulary_of
from hub.intake import file
from hub.model.directive import AUDIENCES, LANGUAGES
from hub.model.message import CHANNELS
from hub.model.review import Finding, Level
from hub.register import Register
from hub.register.load import DATA
from hub.render import Sheet, wording
from hub.render.missing import missing
from hub.render.wording import Wording
from tests import a

KNOWN = (*LANGUAGES, "it")
READER = importlib.import_module("hub.reread.lexicon")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of templates/ in which each file of English stands once more as Italian."""
    templates = Path(shutil.copytree(languages.templates_dir(), tmp_path / "templates"))
    for kind in ("wording", "grammar", "lexicon"):
        shutil.copy(templates / kind / "en.toml", templates / kind / "it.toml")
    shutil.copytree(templates / "phrases" / "en", templates / "phrases" / "it")
    return templates


@pytest.fixture(autouse=True)
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the reader's files that knows Italian."""
    data = Path(shutil.copytree(str(READER.DATA), tmp_path / "reread"))
    shutil.copy(data / "en.toml", data / "it.toml")
    monkeypatch.setattr(READER, "DATA", data)
    READER.lexicon.cache_clear()
    yield data
    READER.lexicon.cache_clear()


@pytest.fixture
def register() -> Register:
    return registers.load(languages=KNOWN)


def translated(value: Any) -> Any:
    """The same facts with every English text in Italian too."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: translated(getattr(value, each.name)) for each in fields(value)})
    if isinstance(value, tuple):
        return tuple(map(translated, value))
    if isinstance(value, Mapping):
        inner = {key: translated(text) for key, text in value.items()}
        return {**inner, "it": inner["en"]} if "en" in inner else inner
    return value


ACTS = {
    "made": a.directive(
        audiences=AUDIENCES,
        territory=("62063",),
        measures=(a.measure(exceptions=(a.text("fin de vie"),), deadline=date(2020, 3, 12)),),
    ),
    **a.real(),
}


def judged(words: Wording, register: Register, act: str = "made") -> gate.Case:
    """An act in five languages; the made one is for all audiences, at a commune that has no Italian name."""
    frame = replace(a.frame(), wording=words, register=register)
    sheet = Sheet(translated(ACTS[act]), register, words, {})
    return gate.open_case(sheet, frame, languages=KNOWN, at=None)


def test_a_directive_speaks_the_new_language_to_everybody_and_is_read_back(
    templates: Path, register: Register
) -> None:
    case = judged(wording.load(templates), register)

    findings = gate.examine(case)

    told = [variant for variant in case.messages if variant.language == "it"]
    assert {variant.audience for variant in told} == set(AUDIENCES)
    assert {variant.channel for variant in told} == set(CHANNELS)
    assert len(told) == len([variant for variant in case.messages if variant.language == "en"])
    assert {each.code for each in findings if each.level == Level.BLOCKER} <= {"U301"}


@pytest.mark.parametrize("act", list(a.real())[::5])
def test_no_real_directive_is_read_otherwise_in_the_new_language_than_in_the_one_it_copies(
    templates: Path, register: Register, act: str
) -> None:
    findings = gate.examine(judged(wording.load(templates), register, act))

    assert named(findings, "it") == named(findings, "en")


def named(findings: Iterable[Finding], language: str) -> set[tuple[str, str]]:
    """What the gate finds of one language: each code, with its place but for the language."""
    return {
        (each.code, re.sub(rf"\b{language}\b", "*", each.where))
        for each in findings
        if re.search(rf"\b{language}\b", each.where)
    }


def test_a_message_in_the_new_language_that_says_another_day_is_found(
    templates: Path, register: Register
) -> None:
    case = judged(wording.load(templates), register)
    variant, message = next((v, m) for v, m in case.messages.items() if v.language == "it")
    wrong = replace(message, text=message.text.replace("2020", "2021"))

    findings = gate.examine(replace(case, messages={**case.messages, variant: wrong}))

    assert message.text != wrong.text
    assert {each.code for each in findings if each.where == ":".join(variant)} == {"U213", "U217"}


def test_nothing_but_the_names_of_the_registers_is_missing(templates: Path, register: Register) -> None:
    found = list(missing(wording.load(templates), register, ("it",)))

    kinds = {each.kind for each in missing(a.WORDING, a.REGISTER, ("en",))}
    assert {each.kind for each in found} == {*kinds, "name"}
    assert ("hub/register/data/topics.toml", "visits") in {(each.where, each.what) for each in found}
    assert ("hub/register/data/territories.toml", "commune_in") in {(e.where, e.what) for e in found}


def test_a_name_in_the_registers_is_read_and_missing_no_more(tmp_path: Path) -> None:
    data = Path(shutil.copytree(str(DATA), tmp_path / "data"))
    topics = data / "topics.toml"
    text = topics.read_text(encoding="utf-8").replace('id = "visits"', 'id = "visits"\nit = "visite"', 1)
    topics.write_text(text, encoding="utf-8")

    register = registers.load(data=data, languages=KNOWN)

    assert register.topics["visits"].name["it"] == "visite"
    assert register.topics["masks"].name["it"] == register.topics["masks"].name["fr"]
    assert [each for each in register.unnamed if each.key == "visits"] == []


@pytest.mark.parametrize(
    ("gone", "kind", "where", "what"),
    [
        ("phrases/it/visits.toml", "pair", "phrases/it/visits.toml", "[forbidden]"),
        ("grammar/it.toml", "language", "grammar/it.toml", "the file is not there"),
        ("lexicon/it.toml", "language", "lexicon/it.toml", "the file is not there"),
        ("wording/it.toml", "language", "wording/it.toml", "the file is not there"),
    ],
)
def test_a_file_that_is_missing_is_named(
    templates: Path, register: Register, gone: str, kind: str, where: str, what: str
) -> None:
    (templates / gone).unlink()

    found = list(missing(wording.load(templates), register))

    assert ("it", kind, where, what) in found


@pytest.mark.parametrize(
    ("file_", "old", "kind", "what"),
    [
        ("wording/it.toml", "\n[relation]", "wording", "[relation]"),
        ("grammar/it.toml", "\n[window]", "grammar", "window"),
    ],
)
def test_a_table_that_is_missing_is_named_and_the_other_languages_speak(
    templates: Path, register: Register, file_: str, old: str, kind: str, what: str
) -> None:
    text = (templates / file_).read_text(encoding="utf-8")
    before, _, after = text.partition(old)
    (templates / file_).write_text(f"{before}\n[{after.partition(chr(10) + '[')[2]}", encoding="utf-8")

    words = wording.load(templates)

    assert tuple(words.languages) == LANGUAGES
    assert ("it", kind, file_, what) in list(missing(words, register))


def config(tmp_path: Path) -> Config:
    return a.config(tmp_path, service__languages="fr,it")


def test_an_instance_speaks_a_language_that_is_complete(templates: Path, tmp_path: Path) -> None:
    context.demand_words(config(tmp_path), wording.load(templates))

    assert tuple(wording.load(templates).languages) == KNOWN


def test_an_instance_refuses_a_language_that_is_half_written(templates: Path, tmp_path: Path) -> None:
    (templates / "grammar" / "it.toml").unlink()

    with pytest.raises(ConfigError, match=r"it is not complete \(grammar/it\.toml: .* config\.toml"):
        context.demand_words(config(tmp_path), wording.load(templates))


def test_an_instance_refuses_a_language_that_lacks_a_sentence_of_the_wording(
    templates: Path, tmp_path: Path
) -> None:
    file_ = templates / "wording" / "it.toml"
    file_.write_text(file_.read_text(encoding="utf-8").replace("\nhazard = ", "\n# hazard = ", 1), "utf-8")

    with pytest.raises(ConfigError, match=r"wording/it\.toml: tail\.hazard"):
        context.demand_words(config(tmp_path), wording.load(templates))


def test_an_instance_refuses_a_language_that_nobody_can_read_back(
    templates: Path, reader: Path, tmp_path: Path
) -> None:
    (reader / "it.toml").unlink()

    assert "it" not in reread.languages()
    with pytest.raises(ConfigError, match=r"hub/reread/data/it\.toml: the file is not there"):
        context.demand_words(config(tmp_path), wording.load(templates))


def test_an_instance_names_a_language_that_nobody_began_and_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no words in it; .* looked in \S*templates.*config\.toml"):
        context.demand_words(config(tmp_path), a.WORDING)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source = "', "source = 3 # ", "tail.source is no text; write it in quotes"),
        ('source = "', 'source = "{', "tail.source: '{' at 0 is out of place"),
        ("required.any = ", "required = ", "neutral.required is no table; write its forms in braces"),
        ('required.any = "', 'required.any.x = "', "neutral.required.any is no text"),
        ("names = [", "names = 3 # [", "names is no list of texts"),
        ("direction = {", "direction = 3 # {", "actor.direction is no table"),
    ],
)
def test_a_wrong_value_in_the_wording_is_named_with_what_may_stand_there(
    templates: Path, old: str, new: str, said: str
) -> None:
    file_ = templates / "wording" / "it.toml"
    text = file_.read_text(encoding="utf-8")
    assert f"\n{old}" in text
    file_.write_text(text.replace(f"\n{old}", f"\n{new}", 1), encoding="utf-8")

    with pytest.raises(FaultyFile, match=r"wording/it\.toml:\n  ") as error:
        wording.load(templates)

    assert said in str(error.value)


def test_an_actor_without_its_role_is_named(templates: Path, register: Register) -> None:
    file_ = templates / "wording" / "it.toml"
    text = file_.read_text(encoding="utf-8")
    file_.write_text(text.replace('role = "staff", ', "", 1), encoding="utf-8")

    found = list(missing(wording.load(templates), register, ("it",)))

    assert ("it", "actor", "wording/it.toml", "actor.staff: text") in found


SHEET = """
schema_version = 1

[[directive]]
id = "act"
issuer = "{issuer}"
act_type = "{act_type}"
title_fr = "Visites"
title_it = "Visite"
urgency = "Expected"
territory = ["BE"]
sectors = ["sport"]
audiences = ["family"]

[[directive.measure]]
id = "m1"
topic = "visits"
modality = "forbidden"
actor = "family"
verb_fr = "venir"
verb_it = "venire"
object_fr = "voir"
object_it = "vedere"
"""


def sheet(register: Register) -> bytes:
    issuer, act_type = next(iter(register.issuers)), next(iter(register.act_types))
    return SHEET.replace("{issuer}", issuer).replace("{act_type}", act_type).encode()


def test_a_directive_file_has_texts_in_the_new_language(register: Register) -> None:
    reading = file.parse(sheet(register), "act.toml", register)

    assert reading.faults == ()
    assert reading.directives[0].title == {"fr": "Visites", "it": "Visite"}


def test_a_directive_file_in_an_unknown_language_names_it() -> None:
    faults = file.parse(sheet(a.REGISTER), "act.toml", a.REGISTER).faults

    assert {fault.where for fault in faults} == {
        "act.toml: title",
        "act.toml: measure m1.verb",
        "act.toml: measure m1.object",
    }
    assert {fault.text for fault in faults} == {"is given in it, which is no language here"}
    assert {fault.remedy for fault in faults} == {"known are fr, de, nl, en"}


def test_a_list_of_people_may_call_the_language_by_the_names_in_its_file(
    templates: Path, register: Register
) -> None:
    file_ = templates / "wording" / "it.toml"
    text = file_.read_text(encoding="utf-8")
    head, _, rest = text.partition("\nnames = ")
    file_.write_text(f'{head}\nnames = ["italiano", "Italien"]\n{rest.partition(chr(10))[2]}', "utf-8")

    words = vocabulary_of(register, wording.load(templates)).languages

    assert (words["italiano"], words["italien"], words["it"]) == ("it", "it", "it")
    assert (words["english"], words["francais"], words["vlaams"]) == ("en", "fr", "nl")
