"""A language's file that cannot be used is refused by name, with every fault and its remedy, in every command."""

import importlib
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import context, reread
from hub.model.directive import LANGUAGES
from tests import a

READER = importlib.import_module("hub.reread.lexicon")
OPTIONAL = {"hour_is_duration", "last_day_before", "last_day_after", "thousands", "imperatives"}
"""What a language may do without; not every one has bounds in thousands."""

SHIPPED = {language: (READER.DATA / f"{language}.toml").read_text(encoding="utf-8") for language in LANGUAGES}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the reader's files that a contributor may change."""
    copy = Path(shutil.copytree(str(READER.DATA), tmp_path / "reread"))
    monkeypatch.setattr(READER, "DATA", copy)
    READER.lexicon.cache_clear()
    yield copy
    READER.lexicon.cache_clear()


def without(text: str, key: str) -> str:
    """A file without a key, or without a table and all that is in it."""
    table = re.compile(rf"^\[\[?{re.escape(key)}\b[^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.M)
    line = re.compile(rf"^{re.escape(key)} = [^\n]*\n", re.M)
    found = table.sub("", text) if table.search(text) else line.sub("", text, count=1)
    assert found != text
    return found


def faults(data: Path, text: str, language: str = "nl") -> tuple[str, ...]:
    (data / f"{language}.toml").write_text(text, encoding="utf-8")
    return context.faults_of_reader(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_that_ship_have_no_fault(language: str) -> None:
    assert context.faults_of_reader(language) == ()


@pytest.mark.parametrize(
    ("language", "key"),
    [
        (language, key)
        for language, text in SHIPPED.items()
        for key in tomllib.loads(text)
        if key not in OPTIONAL
    ],
)
def test_a_key_or_table_that_is_not_there_is_named_with_its_remedy(
    data: Path, language: str, key: str
) -> None:
    (data / f"{language}.toml").write_text(without(SHIPPED[language], key), encoding="utf-8")

    fault = context.fault_of(language, a.WORDING)

    assert fault is not None
    assert fault.startswith(f"nobody can read {language!r} back: hub/reread/data/{language}.toml: ")
    assert f"{key}: is missing; add " in fault


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_key_of_a_table_that_is_not_there_is_named(data: Path, language: str) -> None:
    shipped = tomllib.loads(SHIPPED[language])

    for table in ("marks", "unit", "senses.relation", "senses.status", "senses.standing", "senses.change"):
        inside = shipped
        for step in table.split("."):
            inside = inside[step]
        for key in inside:
            line = re.compile(rf'(?<=\n)"?{re.escape(key)}"? = [^\n]*\n')
            head, sign, rest = SHIPPED[language].partition(f"[{table}]")
            READER.lexicon.cache_clear()

            found = faults(data, head + sign + line.sub("", rest, count=1), language)

            assert found == (f"{table}.{key}: is missing; add {key} = …",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('midnight = "middernacht"', "midnight = 0", "midnight: is no text; write it in quotes"),
        ('"januari", ', "", "months: has too few entries; write 12 at least"),
        ("hour_is_duration = true", 'hour_is_duration = "ja"', "is neither true nor false"),
        ("limit = 'beperk'", "limit = '(beperk'", "limit: is no regular expression (missing )"),
        ("'beperk'", "'beperk", "no TOML: "),
        ("(?P<min>", "(?P<minute>", "hour: lacks a group; write (?P<h>…)"),
        ("(?P<min>", "(?P<day>x)?(?P<min>", "its patterns do not go together: "),
        ('"<" = ["minder', '"<<" = ["minder', "before.<<: is no key of this table"),
        ('headings = ["uitzondering", "uitzonderingen"]', "headings = []", "excluding.headings: is empty"),
        (
            'is = "permitted"',
            'is = "permited"',
            "modality.1.is: is not what may stand here; did you mean perm",
        ),
        ("hoe(?:ft|ven)", "hoe(?:ft|ven", "modality.1.words: is no regular expression"),
        ("[imperatives]", "[imperatifs]", "imperatifs: unknown key; did you mean imperatives?"),
        ('decimal = ","', 'decimal = ""', "decimal: is empty"),
        ('"maandag", "dinsdag"', '"maandag|", "dinsdag"', "weekdays.1: has an empty alternative"),
    ],
)
def test_a_wrong_value_is_named_with_what_may_stand_there(data: Path, old: str, new: str, said: str) -> None:
    assert old in SHIPPED["nl"]

    found = faults(data, SHIPPED["nl"].replace(old, new, 1))

    assert said in found[0]
    with pytest.raises(reread.FaultyLexicon, match=r"hub/reread/data/nl\.toml: "):
        reread.read("Tot middernacht.", "nl")


def test_a_pattern_may_not_name_imperatives_that_are_not_there(data: Path) -> None:
    (said,) = faults(data, without(SHIPPED["nl"], "imperatives"))

    assert said.endswith("which are not there; add a table [imperatives]")


def test_all_faults_are_told_but_no_more_than_three_at_once(data: Path) -> None:
    faults(data, SHIPPED["nl"].partition("[excluding]")[0])

    fault = context.fault_of("nl", a.WORDING)

    assert fault is not None
    assert fault.count(" is missing; ") == 3
    assert fault.endswith("; and 6 more, which `univoque words` lists")
