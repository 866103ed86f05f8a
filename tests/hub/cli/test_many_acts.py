"""check on many acts that lead to each other: what they are together is worked out once, not once for each."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from hub.facts import scope
from hub.gate import silence
from hub.in_force.replay import consolidate
from tests.hub.cli.console import Run, in_force

WATCHED = {each.__code__: each.__name__ for each in (consolidate, scope._targets, silence._addressed)}

EXTENSION = """
[[directive]]
id = "suite-{number}"
issuer = "wal-min-sante"
act_type = "circulaire"
issued = 2026-02-{number:02}
effective_from = 2026-01-11T00:00:00+01:00
territory = ["90000"]
sectors = ["elderly.residential"]
audiences = ["family"]
measure = []
urgency = "Immediate"
title = {{ fr = "Suite" }}
relation = [{{ type = "extends", target = "{before}" }}]
"""


def chain(directory: Path, length: int) -> Path:
    """An act and those that extend it, each the one before."""
    file = in_force(directory)
    ids = ["visites", *(f"suite-{number}" for number in range(1, length))]
    acts = [EXTENSION.format(number=number, before=ids[number - 1]) for number in range(1, length)]
    file.write_text(file.read_text(encoding="utf-8") + "".join(acts), encoding="utf-8")
    return file


def entered(run: Run, file: Path, *options: str) -> Counter[str]:
    """How often a check enters what reads other acts."""
    count: Counter[str] = Counter()

    def enter(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in WATCHED:
            count[WATCHED[frame.f_code]] += 1

    sys.setprofile(enter)
    try:
        _, output = run("check", str(file), *options)
    finally:
        sys.setprofile(None)
    assert "suite-1" in output
    return count


def counts(run: Run, directory: Path, lengths: Iterable[int]) -> list[Counter[str]]:
    return [entered(run, chain(directory, length), "--at", "2026-03-15", "--json") for length in lengths]


def test_all_acts_of_a_check_are_consolidated_once(run: Run, tmp_path: Path) -> None:
    few, many = counts(run, tmp_path, (3, 9))

    assert (few["consolidate"], many["consolidate"]) == (1, 1)


def test_a_chain_is_followed_as_often_as_it_has_acts(run: Run, tmp_path: Path) -> None:
    few, many = counts(run, tmp_path, (3, 9))

    assert few["_addressed"] == 3, "a crisis is open, and silence is asked about"
    assert many["_addressed"] == 9
    assert many["_targets"] < 5 * few["_targets"]
