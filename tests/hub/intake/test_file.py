"""Reading directive files: the real ones whole, faulty ones with every fault at its place."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import EnvironmentFailed
from hub.intake import file, form
from hub.model.directive import Quantity
from tests import a

SMALL = """schema_version = 1
[[directive]]
id = "visites"
issuer = "wal-min-sante"
act_type = "circulaire"
issued = 2020-03-10
effective_from = 2020-03-11T00:00:00+01:00
territory = ["90000"]
sectors = ["elderly.residential"]
audiences = ["direction"]
urgency = "Immediate"
[directive.title]
fr = "Visites interdites"
[[directive.measure]]
id = "m1"
topic = "visits"
modality = "forbidden"
actor = "direction"
verb_fr = "refuser"
object_fr = "les visites"
"""


def faults(text: str) -> list[tuple[str, str]]:
    reading = file.parse(text.encode(), "acte.toml", a.REGISTER)
    return [(fault.code, fault.where) for fault in reading.faults]


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


@pytest.mark.parametrize("path", a.SCENARIOS, ids=lambda path: path.stem)
def test_a_real_file_is_read_whole(path: Path) -> None:
    reading = file.read(path, a.REGISTER)

    assert reading.faults == ()
    assert len(reading.directives) == len(tomllib.loads(path.read_text())["directive"])


def test_a_fact_arrives_as_it_was_written() -> None:
    act = a.real()["be-visites-2020-04-15"]

    assert act.measures[0].quantity == Quantity("<=", 1, "personne", "visiteurs par résident")
    assert act.measures[0].conditions[0]["de"] == "immer dieselbe Person"
    assert act.unknown == ("reference", "effective_from")


def test_the_small_file_has_no_fault() -> None:
    assert faults(SMALL) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ('modality = "forbidden"\n', "", "U101", "measure m1.modality"),
        ('modality = "forbidden"', 'modality = "forbiden"', "U103", "measure m1.modality"),
        ('sectors = ["elderly.residential"]', 'sectors = ["elderly.residentiel"]', "U102", "sectors"),
        ('issuer = "wal-min-sante"', 'issuer = "wal-min-sant"', "U102", "issuer"),
        ('topic = "visits"', 'topic = "visit"', "U102", "measure m1.topic"),
        ('act_type = "circulaire"', 'act_type = "circular"', "U102", "act_type"),
        ('territory = ["90000"]', 'territory = ["99999"]', "U102", "territory"),
        ("issued =", "isued =", "U100", "isued"),
        ("Visites interdites", "Visites interdites le 12", "U103", "title.fr"),
        ("Visites interdites", "Visites\\u2028interdites", "U103", "title.fr"),
        ("Visites interdites", "Visites \\uE000interdites", "U103", "title.fr"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11T00:00:00", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11T00:00:00+23:59", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11T00:00:00+02:00", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-29T02:30:00+01:00", "U103", "effective_from"),
        ('urgency = "Immediate"', 'urgency = "Immediate"\ncap = { urgency = "Future" }', "U111", "urgency"),
        (
            "2020-03-11T00:00:00+01:00",
            "2020-03-11T00:00:00+01:00\neffective_to = 2020-03-10T00:00:00+01:00",
            "U104",
            "(directive)",
        ),
        (
            'object_fr = "les visites"',
            'object_fr = "les visites"\ncontact = "x"',
            "U108",
            "measure m1.contact",
        ),
        (
            'object_fr = "les visites"',
            'object_fr = "les visites"\nquantity = { op = "<=", value = 0, unit = "personne" }',
            "U103",
            "measure m1.quantity.value",
        ),
        (
            'object_fr = "les visites"',
            'object_fr = "les visites"\nexceptions_fr = ["a", "b"]\nexceptions_de = ["c"]',
            "U103",
            "measure m1.exceptions",
        ),
        ("issued = 2020-03-10", 'issued = 2020-03-10\nunknown = ["issued"]', "U109", "unknown"),
        ("schema_version = 1\n", "", "U103", "schema_version"),
        (
            "schema_version = 1\n",
            'schema_version = 1\nrefnis_version = "1977-01-01"\n',
            "U103",
            "refnis_version",
        ),
        ("schema_version = 1\n", "schema_version = 1\nrefnis_version = 2025\n", "U103", "refnis_version"),
        (
            "issued = 2020-03-10",
            'issued = 2020-03-10\nrelation = [{ type = "replaces", target = "visites" }]',
            "U103",
            "relation replaces.target",
        ),
        ("issued = 2020-03-10", "issued = 1584700000", "U103", "issued"),
        ("issued = 2020-03-10", 'issued = "1584700000"', "U103", "issued"),
        ("issued = 2020-03-10", "issued = 0001-01-01", "U103", "issued"),
        ("issued = 2020-03-10", "issued = 2020-03-10T00:00:00+01:00", "U103", "issued"),
        ("2020-03-11T00:00:00+01:00", "1584700000", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "9999-12-31T23:59:59-12:00", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "0001-01-01T00:00:00+12:00", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11T00:00:30+01:00", "U103", "effective_from"),
        ("2020-03-11T00:00:00+01:00", "2020-03-11T00:00:00.5+01:00", "U103", "effective_from"),
        ("issued = 2020-03-10", 'issued = 2020-03-10\nreported = "yes"', "U103", "reported"),
        ("issued = 2020-03-10", 'issued = 2020-03-10\nreference = "a\\u001bb"', "U103", "reference"),
        ("issued = 2020-03-10", 'issued = 2020-03-10\nlegal_basis = ["a\\u001bb"]', "U103", "legal_basis 1"),
        (
            "issued = 2020-03-10",
            'issued = 2020-03-10\nestablishments = ["a\\nb"]',
            "U103",
            "establishments 1",
        ),
        (
            "issued = 2020-03-10",
            'issued = 2020-03-10\nsource = [{ publisher = "a\\u0007", url = "https://a.example" }]',
            "U103",
            "source 1.publisher",
        ),
        (
            "issued = 2020-03-10",
            'issued = 2020-03-10\ncontact = [{ id = "c", label_fr = "C", unknown = ["fax"] }]',
            "U109",
            "contact c.unknown",
        ),
        (
            "issued = 2020-03-10",
            'issued = 2020-03-10\ncontact = [{ id = "c", label_fr = "C", phone = "0800 1", unknown = ["phone"] }]',
            "U109",
            "contact c.unknown",
        ),
    ],
)
def test_a_fault_is_told_at_its_place(old: str, new: str, code: str, where: str) -> None:
    assert (code, f"acte.toml: {where}") in faults(changed(old, new))


@pytest.mark.parametrize(
    "instant", ["2020-10-25T02:30:00+02:00", "2020-10-25T02:30:00+01:00", "2020-03-10T23:00:00Z"]
)
def test_an_hour_of_brussels_or_of_utc_is_read_as_written(instant: str) -> None:
    assert faults(changed("2020-03-11T00:00:00+01:00", instant)) == []


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ('quantity = { op = "<=", value = 1e308, unit = "personne" }', "quantity.value"),
        ('quantity = { op = "<=", value = true, unit = "personne" }', "quantity.value"),
        ('quantity = { op = "<=", value = "5", unit = "personne" }', "quantity.value"),
        ('quantity = { op = "<=", value = nan, unit = "personne" }', "quantity.value"),
        (f'quantity = {{ op = "<=", value = 0x{"f" * 5000}, unit = "personne" }}', "quantity.value"),
        ('quantity = { op = "<=", value = 1, unit = "personne", by = "a\\u001b[31m" }', "quantity.by"),
        ('quantity = { op = "<=", value = 1, unit = "personne", name = "a\\nb" }', "quantity.name"),
        (
            'advice_quantity = { op = "<=", value = 1, unit = "personne", by = "\\ue000" }',
            "advice_quantity.by",
        ),
        ('further = [{ label_fr = "groupes", op = "<=", value = -3, unit = "personne" }]', "further 1.value"),
        ('further = [{ label_fr = "groupes", op = "<=", value = 0, unit = "personne" }]', "further 1.value"),
        ("deadline = 1584700000", "deadline"),
        ("deadline = 2020-03-20T12:00:01+01:00", "deadline"),
        ("deadline = 2020-03-20T12:00:00", "deadline"),
        ("deadline = 2500-01-01", "deadline"),
        ("effective_to = 9999-12-31T23:59:59-12:00", "effective_to"),
        ("window = { from = 00:00:00, to = 05:00:30 }", "window.to"),
        ("window = { from = 3600, to = 05:00:00 }", "window.from"),
        ("window = { from = 05:00:00, to = 05:00:00 }", "window"),
        ("window_alternative = { from = 05:00:00, to = 05:00:00 }", "window_alternative"),
        ('exceptions_fr = "une"', "exceptions"),
        ('conditions_fr = ["a\\u200bb"]', "conditions 1.fr"),
    ],
)
def test_nonsense_in_a_rule_is_told_at_its_place(rule: str, where: str) -> None:
    text = changed('object_fr = "les visites"', f'object_fr = "les visites"\n{rule}')

    assert ("U103", f"acte.toml: measure m1.{where}") in faults(text)


def test_a_fault_shows_no_control_character() -> None:
    row = 'id = "\\u001b[31m"\n"\\u0007" = 2\nissuer = "\\u001b"'
    text = f'schema_version = 1\n"\\u001b[2J" = 1\n[[directive]]\n{row}\n'

    reading = file.parse(text.encode(), "acte.toml", a.REGISTER)

    shown = "".join(f"{f.directive}{f.where}{f.text}{f.remedy}" for f in reading.faults)
    assert reading.faults
    assert shown.isprintable()


def test_an_integer_without_end_is_no_toml() -> None:
    reading = file.parse(b"a = " + b"9" * 5000, "acte.toml", a.REGISTER)

    assert [fault.code for fault in reading.faults] == ["U001"]


def test_an_id_in_two_files_is_told_with_both(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(SMALL)
    other.write_text(SMALL)

    reading = file.read_together([one, other], a.REGISTER)

    (fault,) = reading.faults
    assert (fault.code, fault.directive, fault.where) == ("U106", "visites", f"{other}: id")
    assert str(one) in fault.text


def test_what_is_unknown_of_a_contact_arrives() -> None:
    text = changed(
        "issued = 2020-03-10",
        'issued = 2020-03-10\ncontact = [{ id = "c", label_fr = "C", unknown = ["phone"] }]',
    )

    (act,) = file.parse(text.encode(), "acte.toml", a.REGISTER).directives

    assert act.contacts[0].unknown == ("phone",)


@pytest.mark.parametrize("table", form.Form.__subclasses__(), ids=lambda table: table.__name__)
def test_no_key_of_the_form_is_read_and_dropped(table: type[form.Form]) -> None:
    kept = {field.name for field in fields(table.becomes)}

    assert set(table.model_fields) - kept == table.model_fields.keys() & form.FOR_EDITORS
    assert kept <= set(table.model_fields)


def test_all_faults_are_told_at_once() -> None:
    text = (
        SMALL.replace('modality = "forbidden"\n', "").replace("visits", "visit").replace("Visites i", "12 i")
    )

    assert {code for code, _ in faults(text)} == {"U101", "U102", "U103"}


def test_one_faulty_directive_does_not_hide_the_next() -> None:
    second = SMALL.partition("[[directive]]")[2].replace('id = "visites"', 'id = "sorties"')

    reading = file.parse(
        (SMALL.replace("visits", "visit") + "\n[[directive]]" + second).encode(), "acte.toml", a.REGISTER
    )

    assert [act.id for act in reading.directives] == ["sorties"]
    assert {fault.directive for fault in reading.faults} == {"visites"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"schema_version = ", "no TOML"),
        ("schema_version = 1 # é".encode("latin-1"), "no UTF-8"),
        (b"x" * (file.LARGEST_FILE + 1), "too many"),
        (b"a = " + b"[" * 5000, "no TOML"),
    ],
)
def test_what_is_no_toml_is_said_to_be_none(data: bytes, said: str) -> None:
    reading = file.parse(data, "acte.toml", a.REGISTER)

    assert [fault.code for fault in reading.faults] == ["U001"]
    assert said in reading.faults[0].text


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    assert file.parse(b"\xef\xbb\xbf" + SMALL.encode(), "acte.toml", a.REGISTER).faults == ()


def test_a_code_of_another_refnis_version_is_said_to_be_one() -> None:
    (fault,) = file.parse(changed('"90000"', '"52043"').encode(), "acte.toml", a.REGISTER).faults

    assert (fault.code, fault.text) == ("U102", "territory '52043' is no commune of REFNIS 2025-01-01")


def test_what_the_system_does_not_give_is_told() -> None:
    with pytest.raises(EnvironmentFailed, match=r"nowhere\.toml: No such file or directory"):
        file.read(Path("nowhere.toml"), a.REGISTER)


values: Any = st.recursive(
    st.one_of(st.text(max_size=6), st.integers(), st.booleans(), st.dates(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "id",
                "issuer",
                "measure",
                "sectors",
                "title_fr",
                "title",
                "cap",
                "relation",
                "unknown",
                "contact",
            ]
        ),
        values,
    )
)
def test_no_table_whatever_brings_the_reader_down(row: dict[str, Any]) -> None:
    directive, found = file.read_sheet(row, "acte.toml", a.REGISTER)

    assert directive is None
    assert found
