"""docs/import.md is what the vocabulary says: every column, every word, and examples that go in as they stand."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.flow.enlist import vocabulary_of
from hub.model.directive import LANGUAGES
from subscribers import importer
from subscribers.vocabulary import COLUMNS, REACH_WORDS, STREAM_WORDS, fold
from tests import a

PAGE = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
KNOWN = vocabulary_of(a.REGISTER, a.WORDING)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def words_in(title: str) -> dict[str, set[str]]:
    """The words of a table of four languages, folded, by the name in its first column."""
    rows = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("| `")]
    return {
        row[0].strip(" `"): {fold(word) for cell in row[1:] for word in cell.split(",") if word.strip()}
        for row in rows
    }


def by_id(words: Mapping[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word, id_ in words.items():
        found.setdefault(id_, set()).add(word)
    return found


def test_every_column_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", section("Columns"), re.MULTILINE)

    assert explained == list(dict.fromkeys(COLUMNS.values()))


def test_every_heading_is_listed_and_no_other() -> None:
    listed = words_in("What a column may be called")

    for column, words in by_id(COLUMNS).items():
        assert listed[column] | {fold(column)} == words, column


@pytest.mark.parametrize("words", [REACH_WORDS, STREAM_WORDS, KNOWN.languages, KNOWN.communities])
def test_every_word_for_a_value_is_listed_and_no_other(words: Mapping[str, str]) -> None:
    listed = words_in("What a cell may say")

    for value, known in by_id(words).items():
        assert listed[value] == known, value


def test_every_word_for_an_audience_is_listed_beside_the_names_of_the_register() -> None:
    listed = words_in("What a cell may say")

    for audience, known in by_id(KNOWN.audiences).items():
        names = {fold(name) for name in a.REGISTER.audiences[audience].name.values()}
        assert listed[audience] <= known
        assert known - listed[audience] <= names | {audience}, audience


@pytest.mark.parametrize("example", re.findall(r"```(?:csv|json)\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_go_in_as_they_stand(example: str) -> None:
    plan = importer.plan(example.encode(), KNOWN)

    assert plan.refused == ()
    assert plan.unknown_columns == ()
    assert len(plan.accepted) == 1


def test_every_sector_is_listed_by_its_names() -> None:
    rows = [
        line.strip("| ").split(" | ") for line in section("Sectors").splitlines() if line.startswith("| `")
    ]

    assert rows == [
        [f"`{sector.id}`", *(sector.name[language] for language in LANGUAGES)]
        for sector in a.REGISTER.sectors.values()
    ]


def test_two_rows_of_the_example_make_one_person_with_two_qualities() -> None:
    example = section("All at once").partition("```csv\n")[2].partition("```")[0]

    (person,) = importer.plan(example.encode(), KNOWN).accepted

    assert [(m.sector, m.audience, m.stream) for m in person.memberships] == [
        ("elderly.residential", "direction", "duty"),
        ("sport", "family", "directives"),
    ]
    assert person.memberships[0].organisation is not None
    assert person.memberships[0].organisation.commune == "92094"


def test_a_list_without_headings_is_told_where_they_are_explained() -> None:
    (fault,) = importer.plan(b"jean@example.org;sport\n", KNOWN).refused

    assert "docs/import.md" in fault.remedy
    example = next(word for word in fault.remedy.split() if ";" in word)
    assert all(fold(heading) in COLUMNS for heading in example.split(";"))


def test_the_limits_are_those_of_the_code() -> None:
    from subscribers.cells import LONGEST_CELL
    from subscribers.table import MAX_COLUMNS

    assert f"more than {LONGEST_CELL} characters" in PAGE
    assert f"beyond {importer.MAX_BYTES // 1024 // 1024} MB or {MAX_COLUMNS} columns" in PAGE
