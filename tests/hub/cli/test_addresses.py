"""What address lift says at the command line."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hub.cli.console import Run, document, staffed
from tests.hub.cli.test_status import bar


@pytest.fixture
def listed(instance: Run, tmp_path: Path) -> Run:
    """An instance with 25 people whose addresses are known to fail."""
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    with sqlite3.connect(tmp_path / "data" / "univoque.db") as db:
        for seq in range(1, 26):
            db.execute(
                "INSERT INTO persons (id, language, preferred, preferred_urgent, token, added_at)"
                " VALUES (?, 'fr', 'email', 'email', ?, ?)",
                (seq, f"token-{seq}", at),
            )
            db.execute("INSERT INTO addresses VALUES (?, 'email', ?)", (seq, f"person-{seq}@example.org"))
    for seq in range(1, 26):
        bar(f"person-{seq}@example.org")
    return instance


def test_many_are_named_by_their_number_first(listed: Run) -> None:
    _, approver = staffed(listed)
    asked = ("address", "lift", "--cause", "5.1.1", "--since", "2020-01-01", "--by", "Crise", "--json")

    unnamed = listed(*asked, token=approver)
    wrong = listed(*asked, "--count", "24", token=approver)
    code, said = listed(*asked, "--count", "25", token=approver)

    assert unnamed[0] == wrong[0] == 1
    assert "confirm with --count 25" in unnamed[1]
    assert (code, document(said)["lifted"]) == (0, 25)


def test_one_address_is_named_alone(listed: Run) -> None:
    _, approver = staffed(listed)

    code, said = listed("address", "lift", "Person-3@Example.org", "--by", "Crise", token=approver)

    assert code == 0, said
    assert said.startswith("1 used again")


@pytest.mark.parametrize(
    "words", [(), ("a@example.org", "--cause", "5.1.1"), ("nobody",), ("--since", "soon")]
)
def test_what_is_meant_must_be_plain(listed: Run, words: tuple[str, ...]) -> None:
    _, approver = staffed(listed)

    code, _ = listed("address", "lift", *words, "--by", "Crise", token=approver)

    assert code == 2
