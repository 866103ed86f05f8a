"""What is wrong in a file is said in words of ours, whatever stands in it, in every file that is read."""

import copy
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from hub.config import Config
from hub.config_sources import default_file
from hub.facts.grammar import Grammar
from hub.faults import explain, known_keys, line, no_toml
from hub.intake import file, values
from hub.intake import form as sheets
from hub.languages import templates_dir
from hub.model.directive import Audience
from hub.register import form as registers
from hub.render.wording import Anatomy
from tests import a

DATA = resources.files("hub.register") / "data"
ANATOMY: Any = dict[Audience, Anatomy]

NONSENSE: tuple[Any, ...] = (
    5,
    1.5,
    -1,
    True,
    "x",
    "",
    [],
    [5],
    {},
    {"fr": 5},
    {"it": "x"},
    [{}],
    [["x"]],
    "é@",
)


def table(path: Any) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def faults(form: Any, given: Any) -> list[Any]:
    """What pydantic finds; nothing where the form takes it."""
    try:
        TypeAdapter(form).validate_python(given)
    except ValidationError as error:
        return list(error.errors(include_url=False))
    return []


def told(form: Any, given: Any) -> list[str]:
    return [line(fault, form) for fault in faults(form, given)]


def places(here: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Every key and number in a table, however deep."""
    steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    for step, inner in steps:
        yield (*above, step)
        yield from places(inner, *above, step)


def spoilt(whole: Any) -> Iterator[Any]:
    """The same table with one place taken out, misspelled or replaced by nonsense."""
    for *above, last in places(whole):
        for nonsense in NONSENSE:
            changed = copy.deepcopy(whole)
            here = changed
            for step in above:
                here = here[step]
            here[last] = nonsense
            yield changed
        if isinstance(last, str):
            value = here.pop(last)
            yield changed
            here[f"{last}x"] = value
            yield changed


FULL_SHEET = {
    **table(a.DIRECTIVES / "e-sport.toml")["directive"][0],
    "cap": {"category": ["Health"], "urgency": "Expected"},
    "contact": [{"id": "c", "label_fr": "C", "phone": "081 00 00 00", "email": "a@b.example"}],
    "coverage": [{"sectors": ["culture"], "decision": "not_concerned", "reason_fr": "r", "by": "x"}],
    "relation": [{"type": "replaces", "target": "b", "partial": False}],
    "docs": [{"label_fr": "D", "url": "https://a.example"}],
}
ADDITION = {
    "schema_version": 1,
    "territory": table(DATA / "territories.toml")["territory"][:1],
    "issuer": table(DATA / "issuers.toml")["issuer"][:1],
}
FILES = [
    (sheets.Directive, FULL_SHEET),
    (registers.Addition, ADDITION),
    (registers.Sector, table(DATA / "sectors.toml")["sector"][2]),
    (registers.Topic, table(DATA / "topics.toml")["topic"][0]),
    (registers.LanguageRule, table(DATA / "territories.toml")["language_rule"][0]),
    (registers.Competence, table(DATA / "competences.toml")["competence"][-1]),
    (Config, table(default_file())),
    (Grammar, table(templates_dir() / "grammar" / "de.toml")),
    (ANATOMY, table(templates_dir() / "messages" / "anatomy.toml")),
]


@pytest.mark.parametrize(("form", "whole"), FILES, ids=lambda of: getattr(of, "__name__", ""))
def test_no_words_of_the_validator_reach_a_reader(form: Any, whole: Any) -> None:
    assert faults(form, whole) == []

    found = [fault for changed in spoilt(whole) for fault in faults(form, changed)]

    foreign = {
        (fault["type"], fault["loc"])
        for fault in found
        if explain(fault, form)[0] == "cannot stand here"
        or (fault["type"] != "value_error" and fault["msg"] in line(fault, form))
        or any(not isinstance(step, int) and "[" in step.replace("[key]", "") for step in fault["loc"])
    }
    assert len(found) > 50
    assert foreign == set()


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        (str, 5, "is no text; write it in quotes"),
        (int, "many", "is no whole number; write one, such as 5"),
        (int, 1.5, "is no whole number; write one, such as 5"),
        (float, "many", "is no number; write one, such as 0.5"),
        (bool, "perhaps", "is neither true nor false; write true or false"),
        (tuple[str, ...], "x", "is no list; write one in square brackets: […]"),
        (dict[str, str], "x", "is no table; write its keys below a [heading], or in braces: { key = … }"),
        (values.Slug, "Été 2020", "is no short name; write small letters, digits and hyphens, 80 at most"),
        (values.Day, "soon", "is no date; write 2020-04-15"),
        (values.Hour, 8, "is no local hour; write 13:00:00"),
        (values.Instant, "soon", "is no instant; write 2020-04-15T00:00:00+02:00"),
        (values.Number, "5", "is no number; write it without quotes: value = 5"),
        (values.Mailbox, "nobody", "is no e-mail address; write name@example.org"),
        (values.Phone, "ring me", "is no phone number; write digits and spaces, such as +32 81 12 34 56"),
        (values.Url, "example.be", "is no web address; write https://… in ASCII"),
        (values.Text, {}, "is empty; write at least one entry"),
        (values.Text, "Visites", 'is no text per language; write { fr = "…", de = "…", nl = "…", en = "…" }'),
        (values.Text, {"it": "x"}, "is given in it, which is no language here; known are fr, de, nl, en"),
    ],
)
def test_each_kind_of_value_is_told_in_words(form: Any, given: Any, said: str) -> None:
    assert told(form, given) == [said]


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("port", 70_000, "is too large; write 65535 or less"),
        ("port", -1, "is too small; write 0 or more"),
        ("security", "tsl", "is not what may stand here; did you mean tls? it is one of none, starttls, tls"),
        ("security", "t", "is not what may stand here; it is one of none, starttls, tls"),
        ("dot_timeout", 0, "is no time at all; write seconds, more than 0"),
    ],
)
def test_a_bound_or_word_of_a_setting_is_told(key: str, given: Any, said: str) -> None:
    settings = table(default_file())
    settings["email"][key] = given

    assert told(Config, settings) == [said]


def test_a_missing_key_is_told() -> None:
    assert told(registers.Named, {"id": "x", "fr": "X", "de": "X", "nl": "X"}) == ["is missing; add en = …"]


def test_a_missing_text_is_told_with_its_languages() -> None:
    assert told(sheets.Link, {"url": "https://a.example"}) == [
        'is missing; add label = { fr = "…", de = "…", nl = "…", en = "…" }'
    ]


@pytest.mark.parametrize(
    ("form", "whole", "above", "key", "said"),
    [
        (sheets.Directive, FULL_SHEET, ("measure", 0), "modalty", "did you mean modality?"),
        (sheets.Directive, FULL_SHEET, ("contact", 0), "fone", "did you mean phone?"),
        (sheets.Directive, FULL_SHEET, (), "titel_de", "did you mean title?"),
        (registers.Addition, ADDITION, ("issuer", 0), "levle", "did you mean level?"),
        (registers.Addition, ADDITION, ("territory", 0), "membres", "did you mean members?"),
        (Grammar, FILES[-2][1], ("period",), "inclusiv", "did you mean inclusive?"),
        (ANATOMY, FILES[-1][1], ("family",), "requird", "did you mean required?"),
        (
            registers.Addition,
            ADDITION,
            (),
            "xyz",
            "known keys: issuer, refnis_version, schema_version, territory",
        ),
    ],
)
def test_an_unknown_key_is_told_with_its_neighbour(
    form: Any, whole: Any, above: tuple[Any, ...], key: str, said: str
) -> None:
    changed = copy.deepcopy(whole)
    here = changed
    for step in above:
        here = here[step]
    here[key] = "x"

    assert told(form, changed) == [f"unknown key; {said}"]


@pytest.mark.parametrize("sign", ["=<", "=>", "=="])
def test_a_sign_is_not_guessed(sign: str) -> None:
    given = {"op": sign, "value": 1, "unit": "personne"}

    assert told(sheets.Quantity, given) == ["is not what may stand here; it is one of =, !=, <, <=, >, >=, ~"]


def test_keys_are_known_by_the_names_that_a_file_has() -> None:
    assert {"from", "to"} <= set(known_keys(sheets.Directive, ("measure", 0, "window")))
    assert known_keys(sheets.Directive, ("title", "fr")) == ()


@pytest.mark.parametrize(
    ("text", "text_said", "remedy"),
    [
        ("a = " + "[" * 5000, "lie too deep", "flat"),
        ("a = " + "9" * 5000, "thousands of digits", "shorter"),
        ("a = 1\nb = \nc = 1", "line 2", "at that place"),
    ],
)
def test_what_is_no_toml_is_told_with_a_remedy_that_fits(text: str, text_said: str, remedy: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as raised:
        tomllib.loads(text)

    said = no_toml(raised.value)

    assert text_said in said[0]
    assert remedy in said[1]


def test_a_nesting_without_end_is_not_said_to_have_a_line() -> None:
    (fault,) = file.parse(b"a = " + b"[" * 5000, "acte.toml", a.REGISTER).faults

    assert "line" not in fault.text + fault.remedy
    assert "flat" in fault.remedy


@pytest.mark.parametrize(("key", "longest"), [("title", 500), ("summary", 5_000)])
def test_a_text_of_absurd_length_is_refused(key: str, longest: int) -> None:
    row = {name: value for name, value in FULL_SHEET.items() if not name.startswith(f"{key}_")}

    assert told(sheets.Directive, {**row, key: {"fr": "a" * longest}}) == []
    assert told(sheets.Directive, {**row, key: {"fr": "a" * (longest + 1)}}) == [
        f"has {longest + 1:,} characters; write {longest:,} at most"
    ]


def test_a_fault_of_the_form_leads_to_its_page() -> None:
    _, found = file.read_sheet({**FULL_SHEET, "sectors": 5, "measure": [{}], "id": []}, "x", a.REGISTER)

    remedies = {fault.where: fault.remedy for fault in found}
    assert remedies["x: sectors"].endswith("see docs/directive-file.md")
    assert remedies["x: measure 1.topic"] == "add topic = …; see docs/directive-file.md"


def test_an_act_without_measures_is_told_how_one_is_written() -> None:
    row = {name: value for name, value in FULL_SHEET.items() if name != "measure"}

    _, found = file.read_sheet(row, "x", a.REGISTER)

    assert [fault.remedy.partition(";")[0] for fault in found if fault.code == "U101"] == [
        "add a [[directive.measure]]"
    ]
