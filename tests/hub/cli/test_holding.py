"""Schedules, what asks for a word, adopting and confirming, as they are done at the command line."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hub.cli.console import Run, document, in_force, staffed

PEOPLE = """email;langue;commune;secteur;audience
direction@tilleuls.example;fr;Namur;elderly.residential;direction
soignante@example.org;fr;Namur;elderly.residential;staff
"""


def submitted(run: Run, folder: Path) -> str:
    """An act of two readers that waits for approval; the approver's token."""
    editor, approver = staffed(run)
    (folder / "personnes.csv").write_text(PEOPLE, encoding="utf-8")
    assert run("import", "personnes.csv")[0] == 0
    code, said = run("submit", str(in_force(folder)), "--by", "Rédaction", token=editor)
    assert code == 0, said
    return approver


def soon(**span: float) -> str:
    return f"{datetime.now(UTC) + timedelta(**span):%Y-%m-%dT%H:%M:%S}+00:00"


def status(run: Run) -> dict[str, object]:
    (found,) = document(run("status", "visites", "--json")[1])["directives"]
    assert isinstance(found, dict)
    return found


def test_approved_for_an_hour_it_waits_and_status_and_go_on_say_when(instance: Run, tmp_path: Path) -> None:
    approver = submitted(instance, tmp_path)
    hour = soon(hours=3)

    code, said = instance("approve", "visites", "--by", "Crise", "--at", hour, token=approver)

    assert code == 0, said
    assert f"leaving at {hour}" in said
    found = status(instance)
    assert (found["held"], found["channels"]) == ("scheduled", {"email": {"queued": 2}})
    assert f"leaves at {hour}" in str(found["waits"])
    assert "leaves at" in re.sub(r"\s+", " ", instance("status")[1])
    code, said = instance("go-on", "visites", "--by", "Crise", "--json", token=approver)
    assert code == 1
    assert "has not come" in document(said)["error"]["text"]


@pytest.mark.parametrize("hour", ["2027-10-31T02:30", "2027-03-28T02:30", "2027-03-28", "soon"])
def test_an_hour_that_is_none_is_wrong_use(instance: Run, hour: str) -> None:
    code, said = instance("approve", "visites", "--by", "Crise", "--at", hour)

    assert code == 2
    assert "--at" in said


def test_an_editor_lets_nothing_go(instance: Run) -> None:
    editor, _ = staffed(instance)

    assert instance("go-on", "visites", "--by", "Rédaction", token=editor)[0] == 1
    assert instance("adopt", "--by", "Rédaction", "--yes", token=editor)[0] == 1


def test_an_unusual_number_is_confirmed_with_count_and_what_is_stopped_says_so(
    instance: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIVOQUE__APPROVAL__CONFIRM_ABOVE", "1")
    approver = submitted(instance, tmp_path)

    refused, why = instance("approve", "visites", "--by", "Crise", "--json", token=approver)
    code, _ = instance("approve", "visites", "--by", "Crise", "--count", "2", "--json", token=approver)
    instance("stop", "visites")

    assert refused == 1
    assert "--count 2" in document(why)["error"]["text"]
    assert code == 0
    assert status(instance)["stopped"] is True
    assert "stopped; email: 2 queued" in re.sub(r"[\s│]+", " ", instance("status")[1])


def test_status_says_what_is_stopped(instance: Run) -> None:
    instance("stop")
    instance("stop", "--channel", "sms")

    held = document(instance("status", "--json")[1])["held_back"]

    assert (held["all"], held["channels"]) == (True, ["sms"])
    assert "All sending is stopped" in instance("status")[1]


def test_status_says_which_channel_is_quiet(instance: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).astimezone()
    monkeypatch.setenv("UNIVOQUE__QUIET__SMS", "00:00-23:59")

    held = document(instance("status", "--json")[1])["held_back"]

    assert list(held["quiet"]) == (["sms"] if (now.hour, now.minute) != (23, 59) else [])


def copied(run: Run) -> str:
    """An instance whose database comes from another machine, with a dispatch on its way; the approver's token."""
    approver = submitted(run, Path())
    assert run("approve", "visites", "--by", "Crise", token=approver)[0] == 0
    with sqlite3.connect("data/univoque.db") as database:
        database.execute("INSERT INTO settings VALUES ('sender/life/elsewhere', '3 abc')")
    database.close()
    return approver


def test_a_copy_is_shown_before_it_is_adopted(instance: Run) -> None:
    approver = copied(instance)

    _, plain = instance("status")
    unanswered, asked = instance("adopt", "--by", "Crise", token=approver)
    shown, said = instance("adopt", "--by", "Crise", "--json", token=approver)
    code, done = instance("adopt", "--by", "Crise", "--yes", "--json", token=approver)
    again, _ = instance("adopt", "--by", "Crise", "--yes", "--json", token=approver)

    assert "Nothing is sent from here" in plain
    assert "Nothing was changed" in asked
    assert (unanswered, shown, code, again) == (1, 1, 0, 1)
    assert document(said)["adopted"] is False
    assert document(done)["adopted"] is True
    counts = {"waiting": 2, "again": 0, "uncertain": 0}
    listed = {"directive": "visites", "revision": 1, "planned": True, "stopped": False, **counts}
    assert document(done)["open"] == [listed]
