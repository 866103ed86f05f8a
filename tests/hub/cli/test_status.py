"""What status and retry say at the command line, and who may see an address."""

import asyncio
import csv
import io
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.context import Hub
from hub.flow import observe
from hub.flow.tally import tally
from hub.store import suppressions
from hub.store.engine import open_store
from tests.hub.cli.console import Run, document, in_force, staffed

OUTCOMES = (("accepted", "250"), ("refused", "550 5.1.1"), ("refused", "451 4.3.0"), ("expired", ""))
"""Of the persons 1 to 4, once everything has left."""


@pytest.fixture
def sent(instance: Run, tmp_path: Path) -> Run:
    """An instance from which a directive has left for four people."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with sqlite3.connect(tmp_path / "data" / "univoque.db") as db:
        at, until = now.isoformat(" "), (now + timedelta(days=1)).isoformat(" ")
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO directives (id, code) VALUES ('visites', 'K7QX2M')")
        db.execute(
            "INSERT INTO dispatches (id, directive, revision, mode, urgency, approved_at, expires_at, planned_at)"
            " VALUES (1, 'visites', 1, 'Exercise', 'Immediate', ?, ?, ?)",
            (at, until, at),
        )
        db.execute(
            "INSERT INTO chunks (dispatch, channel, first, last, urgency, done_at)"
            " VALUES (1, 'email', 1, 4, 0, ?)",
            (at,),
        )
        for seq, (outcome, code) in enumerate(OUTCOMES, start=1):
            db.execute(
                "INSERT INTO persons (id, external_id, language, preferred, preferred_urgent, token, added_at)"
                " VALUES (?, ?, 'fr', 'email', 'email', ?, ?)",
                (seq, f"P-{seq}", f"token-{seq}", at),
            )
            db.execute(
                "INSERT INTO deliveries (dispatch, seq, person, channel, address, token, body)"
                " VALUES (1, ?, ?, 'email', ?, ?, 1)",
                (seq, seq, f"=person-{seq}@example.org", f"token-{seq}"),
            )
            db.execute(
                "INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)"
                " VALUES (1, ?, 1, ?, ?, 'sender', 1, 0, ?, '')",
                (seq, outcome, at, code),
            )
    return instance


def bar(address: str) -> None:
    """Have an e-mail address known to fail."""

    async def suppress() -> None:
        store = open_store("sqlite+aiosqlite:///data/univoque.db")
        async with store.write() as tx:
            await suppressions.add(
                tx, channel="email", value=address, reason="550 5.1.1", at=datetime.now(UTC)
            )
        await store.close()

    asyncio.run(suppress())


def even(said: str) -> str:
    """What was printed, on one line."""
    return re.sub(r"\s+", " ", said)


def actions(run: Run) -> list[tuple[str, str]]:
    return [(e["action"], e["actor"]) for e in document(run("journal", "--json")[1])["entries"]]


def test_watch_ends_when_all_has_left_and_tells_that_somebody_was_missed(sent: Run) -> None:
    with sqlite3.connect("data/univoque.db") as db:
        db.execute("UPDATE revisions SET stage = stage")
        db.execute("INSERT INTO due VALUES (1, 4, 'email', 1, '2020-01-01 00:00:00.000000', 1, NULL)")

    code, said = sent("status", "--watch")

    assert code == 1
    assert "550 5.1.1" in said
    assert "no such mailbox" in said


def test_watch_says_how_fast_it_goes_and_how_long_the_rest_takes_at_each_look(
    instance: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, steps = 10_000, iter([(2_001, 6_000), (6_001, 10_000)])
    now = datetime.now(UTC).replace(tzinfo=None)
    begun, until = (now - timedelta(seconds=40)).isoformat(" "), (now + timedelta(days=1)).isoformat(" ")
    with sqlite3.connect(tmp_path / "data" / "univoque.db") as db:
        db.execute("INSERT INTO directives (id, code) VALUES ('visites', 'K7QX2M')")
        db.execute(
            "INSERT INTO dispatches (id, directive, revision, mode, urgency, approved_at, expires_at, planned_at)"
            " VALUES (1, 'visites', 1, 'Exercise', 'Immediate', ?, ?, ?)",
            (begun, until, begun),
        )
        db.execute(
            "INSERT INTO chunks (dispatch, channel, first, last, urgency) VALUES (1, 'email', 1, 10000, 0)"
        )
        db.executemany(
            "INSERT INTO deliveries (dispatch, seq, person, channel, address, token, body)"
            " VALUES (1, ?1, ?1, 'email', 'p' || ?1 || '@example.org', 'token-' || ?1, 1)",
            ((seq,) for seq in range(1, people + 1)),
        )
    accept(tmp_path, 1, 2_000)

    async def next_step(_: float) -> None:
        first, last = next(steps)
        accept(tmp_path, first, last)
        if last == people:
            with sqlite3.connect(tmp_path / "data" / "univoque.db") as db:
                db.execute("UPDATE chunks SET done_at = ?", (begun,))

    monkeypatch.setattr(asyncio, "sleep", next_step)

    code, said = instance("status", "--watch")

    paces = re.findall(r"([\d.,]+) a second, (?:(\d+) min )?(\d+) s left; 23 h 59 min until", even(said))
    assert code == 0, said
    assert "finished" in said
    assert len(paces) == 2, said
    for (rate, minutes, seconds), (sent, most) in zip(paces, ((2_000, 50), (6_000, 150)), strict=True):
        found, left = float(rate.replace(",", "")), int(minutes or 0) * 60 + int(seconds)
        assert most / 2 < found <= most, "so many in the 40 s since it was planned, or in a little more"
        assert left == pytest.approx((people - sent) / found, abs=2)


def accept(folder: Path, first: int, last: int) -> None:
    """As a sender whose relay took those."""
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    with sqlite3.connect(folder / "data" / "univoque.db") as db:
        db.executemany(
            "INSERT INTO attempts (dispatch, seq, attempt, outcome, at, owner, epoch, lane, code, provider_id)"
            " VALUES (1, ?, 1, 'accepted', ?, 'sender', 1, 0, '250', '')",
            ((seq, at) for seq in range(first, last + 1)),
        )


def test_watch_with_nothing_under_way_says_so_and_ends_at_once(instance: Run) -> None:
    code, said = instance("status", "--watch")

    assert code == 0
    assert said.startswith("Nothing is under way.\n")


def test_what_does_not_leave_yet_says_what_is_to_be_done(instance: Run, tmp_path: Path) -> None:
    editor, _ = staffed(instance)
    file = in_force(tmp_path)
    whole = file.read_text()

    file.write_text(whole.partition("\n[[directive.coverage]]")[0])
    stopped, _ = instance("submit", str(file), "--by", "Rédaction", token=editor)
    draft = even(instance("status", "visites")[1])
    watched = instance("status", "visites", "--watch")
    file.write_text(whole)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    submitted = even(instance("status", "visites")[1])

    assert stopped == 1
    assert "the gate stops it: mend what `univoque check` finds in its sheet, and submit it again" in draft
    assert watched[0] == 0
    assert even(watched[1]).startswith("Nothing of visites is on its way; the gate stops it: mend what")
    assert "waits for approval: `univoque approve visites --by NAME`" in submitted


def test_what_has_ended_while_it_was_watched_stays_in_view(
    sent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect("data/univoque.db") as db:
        db.execute("INSERT INTO due VALUES (1, 4, 'email', 1, '2020-01-01 00:00:00.000000', 0, NULL)")

    async def end(_: float) -> None:
        with sqlite3.connect("data/univoque.db") as db:
            db.execute("DELETE FROM due")

    monkeypatch.setattr(asyncio, "sleep", end)

    code, said = sent("status", "--watch")

    assert code == 1
    assert "finished" in said


def test_all_that_status_prints_is_of_one_look(sent: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    counting = tally

    async def counted(hub: Hub) -> bool:
        looks.append(hub)
        return await counting(hub)

    monkeypatch.setattr(observe, "tally", counted)

    for words in (("status",), ("status", "--json")):
        assert sent(*words)[0] == 0

    assert len(looks) == 2


@pytest.mark.parametrize("other", ["--json", "--failed"])
def test_watch_is_no_document(instance: Run, other: str) -> None:
    code, said = instance("status", "--watch", other)

    assert code == 2
    assert "--watch goes on" in said


def test_addresses_are_for_whoever_signs_for_them(sent: Run) -> None:
    editor, approver = staffed(sent)

    assert sent("status", "visites", "--failed")[0] == 2
    assert sent("status", "--failed", "--by", "Crise", token=approver)[0] == 2
    assert sent("status", "visites", "--failed", "--by", "Rédaction", token=editor)[0] == 1
    assert "unreached listed" not in [action for action, _ in actions(sent)]

    assert sent("status", "visites", "--failed", "--by", "Crise", token=approver)[0] == 0

    assert ("unreached listed", "Crise") in actions(sent)


def test_the_list_is_a_table_that_no_spreadsheet_executes(sent: Run) -> None:
    _, approver = staffed(sent)

    _, said = sent("status", "visites", "--failed", "--by", "Crise", token=approver)

    rows = list(csv.DictReader(io.StringIO(said)))
    assert [(row["external_id"], row["channel"], row["address"], row["cause"]) for row in rows] == [
        ("P-2", "email", "'=person-2@example.org", "no such mailbox"),
        ("P-3", "email", "'=person-3@example.org", "the far side's mail system is at fault"),
        ("P-4", "email", "'=person-4@example.org", "its time passed before it could be sent"),
    ]


def test_no_other_output_of_status_has_an_address(sent: Run) -> None:
    for words in (("status",), ("status", "--json"), ("status", "--watch")):
        assert "person-" not in sent(*words)[1]


def test_retry_puts_back_whom_it_did_not_reach(sent: Run) -> None:
    _, approver = staffed(sent)

    code, said = sent("retry", "visites", "--by", "Crise", "--json", token=approver)

    assert code == 0
    assert document(said) == {
        "directive": "visites",
        "channel": None,
        "cause": None,
        "counted": 2,
        "again": 2,
        "left_out": 0,
    }
    assert ("tried again", "Crise") in actions(sent)


def test_retry_of_one_cause_alone(sent: Run) -> None:
    _, approver = staffed(sent)

    code, said = sent("retry", "visites", "--cause", "5.1.1", "--by", "Crise", token=approver)

    assert code == 0
    assert said.startswith("1 of visites are tried again")


def test_who_is_left_out_because_the_address_fails_is_counted(sent: Run) -> None:
    _, approver = staffed(sent)
    with sqlite3.connect("data/univoque.db") as db:
        db.execute("DELETE FROM attempts WHERE seq = 3")
    bar("=person-2@example.org")

    code, said = sent("retry", "visites", "--by", "Crise", token=approver)

    assert code == 0
    assert "Nobody of visites has to be tried again." in said
    assert "Left out: 1, whose address fails or is not to be used" in said
    assert "`univoque status visites --failed --by Crise`" in even(said)


def test_a_cause_with_which_nothing_failed_is_answered_with_those_there_are(sent: Run) -> None:
    _, approver = staffed(sent)

    code, said = sent("retry", "visites", "--cause", "30003", "--by", "Crise", "--json", token=approver)

    assert code == 1
    assert (
        "Nothing failed with '30003'; there are 550 5.1.1 (1), 451 4.3.0 (1)"
        in document(said)["error"]["text"]
    )


def test_many_are_tried_again_only_where_the_number_was_named(
    sent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.cli import retrying

    monkeypatch.setattr(retrying, "ASKED", 1)
    _, approver = staffed(sent)

    refused = sent("retry", "visites", "--by", "Crise", "--json", token=approver)
    wrong = sent("retry", "visites", "--count", "7", "--by", "Crise", "--json", token=approver)
    named = sent("retry", "visites", "--count", "2", "--by", "Crise", "--json", token=approver)

    assert refused[0] == wrong[0] == 1
    assert "--count 2" in refused[1]
    assert document(named[1])["again"] == 2


def test_an_editor_has_nobody_tried_again(sent: Run) -> None:
    editor, _ = staffed(sent)

    assert sent("retry", "visites", "--by", "Rédaction", token=editor)[0] == 1
