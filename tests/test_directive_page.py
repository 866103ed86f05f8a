"""docs/directive-file.md is the form: the same keys, the same words, and examples that the form takes."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from hub import gate
from hub.intake import file, form, values
from hub.model.directive import LANGUAGES
from hub.model.review import Level
from tests import a

PAGE = (Path(__file__).resolve().parent.parent / "docs/directive-file.md").read_text("utf-8")
TABLES: list[type[form.Form]] = sorted(form.Form.__subclasses__(), key=lambda table: table.__name__)
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \| ([^|]+) \| `([^|]+)` \|$", re.M)


def rows(section: str) -> list[tuple[str, str, str, str]]:
    """Key, whether it is required, what it is, and its example."""
    _, found, text = PAGE.partition(f"\n## {section}\n")
    assert found, f"the page has no section {section}"
    return ROW.findall(text.partition("\n## ")[0])


def words(annotation: Any) -> set[str]:
    """Every word that a key may hold, however deep in its type it stands."""
    if get_origin(annotation) is Literal:
        return {str(word) for word in get_args(annotation)}
    return {word for inner in get_args(annotation) for word in words(inner)}


def example() -> str:
    return PAGE.partition("\n```toml\n")[2].partition("\n```")[0]


def test_the_page_has_the_keys_of_the_file() -> None:
    assert {key for key, *_ in rows("The file")} == file.TOP_KEYS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_the_page_has_the_keys_of_each_table_and_no_other(table: type[form.Form]) -> None:
    required = {
        field.alias or name: "yes" if field.is_required() else "no"
        for name, field in table.model_fields.items()
        if name != "provenance"  # which any table may have: the page says so once
    }

    written = [(key, needed) for key, needed, _, _ in rows(table.__name__)]

    assert dict(written) == required
    assert len(written) == len(required)


def test_the_page_has_every_word_of_a_provenance() -> None:
    (line,) = re.findall(r"^- \*\*Origin\.\*\* .*`provenance`.*$", PAGE, re.M)

    assert {word for word in get_args(form.Provenance) if f"`{word}`" not in line} == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_the_page_has_every_word_that_a_key_may_hold(table: type[form.Form]) -> None:
    meaning = {key: f"{what} {shown}" for key, _, what, shown in rows(table.__name__)}
    languages = set(LANGUAGES)

    lacking = [
        (key, word)
        for name, field in table.model_fields.items()
        if (key := field.alias or name) in meaning
        for word in sorted(words(field.annotation) - languages)
        if not re.search(rf'[`"]{re.escape(word)}[`"]', meaning[key])
    ]

    assert lacking == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_each_example_is_one_that_the_form_takes(table: type[form.Form]) -> None:
    refused = []
    for key, _, _, shown in rows(table.__name__):
        given = tomllib.loads(shown)
        assert {name.removesuffix("_fr").removesuffix("_en") for name in given} == {key}
        try:
            table.model_validate(given)
        except ValidationError as error:
            refused += [(shown, fault["msg"]) for fault in error.errors() if fault["loc"][:1] == (key,)]

    assert refused == []


@pytest.mark.parametrize(
    "bound", [values.LONGEST, values.LONGEST_TITLE, file.LARGEST_FILE, int(values.LARGEST)]
)
def test_the_page_has_each_bound(bound: int) -> None:
    assert f"{bound:,}" in PAGE


def test_the_page_s_example_passes_the_gate() -> None:
    reading = file.parse(example().encode(), "example.toml", a.REGISTER)
    (act,) = reading.directives

    now = datetime(2026, 1, 15, 9, tzinfo=UTC)
    found = gate.examine(gate.open_case(a.sheet(act), a.frame(), languages=LANGUAGES, at=now))

    assert reading.faults == ()
    assert [finding for finding in found if finding.level is Level.BLOCKER] == []


def test_the_page_has_every_verdict() -> None:
    from hub.gate.verdict import Verdict

    section = PAGE.partition("\n## How two measures compare\n")[2].partition("\n## ")[0]

    assert [word for word in get_args(Verdict) if f"`{word}`" not in section] == []
