"""check, preview and submit on what comes from outside: nothing of it is obeyed, and a script reads one document."""

from pathlib import Path

import pytest

from tests import a
from tests.hub.cli.console import Run, document, in_force, staffed

VISITS = str(a.DIRECTIVES / "a-visits.toml")
FAULTY = "schema_version = 1\n[[directive]]\nid = 'x'\nsectors = ['elderly']\n"


def titled(directory: Path, title: str) -> str:
    """A directive with a title of its own."""
    file = in_force(directory)
    text = file.read_text(encoding="utf-8")
    old = text.partition('[directive.title]\nfr = "')[2].partition('"')[0]
    file.write_text(text.replace(f'fr = "{old}"', f'fr = "{title}"', 1), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("title", ["Visites [/urgent]", "Visites [x]", "Visites :warning:"])
def test_preview_prints_a_title_as_it_stands(run: Run, tmp_path: Path, title: str) -> None:
    code, output = run(
        "preview", titled(tmp_path, title), "--channel", "email", "--audience", "family", "--language", "fr"
    )

    assert code == 0, output
    assert title in output


def test_a_file_s_name_is_printed_as_it_stands(run: Run, tmp_path: Path) -> None:
    (tmp_path / "[bold].toml").write_text(FAULTY)

    assert "[bold].toml: sectors" in run("check", "[bold].toml")[1]
    assert "[/x].toml" in run("check", "[/x].toml")[1]


def test_preview_of_a_faulty_file_is_one_document(run: Run, tmp_path: Path) -> None:
    (tmp_path / "faulty.toml").write_text(FAULTY)

    code, output = run("preview", "faulty.toml", "--json")

    assert code == 1
    assert {"U101", "U102"} <= {finding["code"] for finding in document(output)["findings"]}


def test_submitting_a_faulty_file_is_one_document(instance: Run, tmp_path: Path) -> None:
    editor, _ = staffed(instance)
    (tmp_path / "faulty.toml").write_text(FAULTY)

    code, output = instance("submit", "faulty.toml", "--by", "Rédaction", "--json", token=editor)

    assert code == 1
    assert {"U101", "U102"} <= {finding["code"] for finding in document(output)["findings"]}


def test_one_id_in_two_files_is_a_finding(run: Run, tmp_path: Path) -> None:
    one = in_force(tmp_path)
    other = tmp_path / "autre.toml"
    other.write_text(one.read_text(encoding="utf-8"), encoding="utf-8")

    code, output = run("check", str(one), str(other), "--json")

    assert code == 1
    assert ("U106", f"{other}: id") in {(f["code"], f["where"]) for f in document(output)["findings"]}


def expired(run: Run, *options: str) -> set[str]:
    """The acts of the visits file that are over."""
    findings = document(run("check", VISITS, "--json", *options)[1])["findings"]
    return {finding["directive"] for finding in findings if finding["code"] == "U401"}


def test_a_check_judges_as_of_now(run: Run) -> None:
    assert "wal-visites-2020-03-11" in expired(run)


@pytest.mark.parametrize("at", ["2020-03-20", "2020-03-31T23:59", "2020-03-31T21:59Z"])
def test_a_check_judges_as_of_another_day_when_told(run: Run, at: str) -> None:
    assert expired(run, "--at", at) == set()


def test_a_check_finds_expired_what_ends_with_that_instant(run: Run) -> None:
    assert expired(run, "--at", "2020-04-01") == {"wal-visites-2020-03-11"}


def test_a_preview_as_of_a_day_knows_no_act_that_is_issued_later(run: Run) -> None:
    def text(*options: str) -> str:
        code, output = run(
            "preview", VISITS, "--directive", "wal-visites-2020-04-28", "--audience", "direction",
            "--channel", "email", "--language", "fr", "--json", *options,
        )  # fmt: skip
        assert code == 0, output
        return "".join(message["text"] for message in document(output)["messages"])

    named = "Visite d'un proche désigné"

    assert named in text()
    assert named in text("--at", "2020-04-15")
    assert named not in text("--at", "2020-04-14")
    assert text() == text("--at", "2026-01-01")


def test_a_directive_that_is_not_in_the_file_is_wrong_use_and_those_of_the_file_are_named(run: Run) -> None:
    code, said = run("preview", str(a.DIRECTIVES / "a-visits.toml"), "--directive", "inconnue")

    assert code == 2
    assert "wal-visites-2020-03-11" in said


def test_a_preview_without_a_message_says_so(run: Run) -> None:
    code, output = run("preview", VISITS, "--sector", "sport")

    assert code == 0
    assert output.startswith("No message: ")
    assert document(run("preview", VISITS, "--sector", "sport", "--json")[1]) == {"messages": []}


def test_a_refused_value_cannot_steer_the_terminal(run: Run) -> None:
    code, said = run("preview", VISITS, "--sector", "\x1b[2Jsport\u202e")

    assert code == 2
    assert "--sector <U+001B>[2Jsport<U+202E>: known are" in said


def test_one_directive_is_counted_in_the_singular(run: Run, tmp_path: Path) -> None:
    file = in_force(tmp_path)

    assert "\n1 directive read: " in run("check", str(file))[1]
    assert "\n6 directives read: " in run("check", VISITS)[1]


def test_a_directive_that_is_faulty_was_read_all_the_same(run: Run, tmp_path: Path) -> None:
    text = in_force(tmp_path).read_text("utf-8")
    (tmp_path / "faulty.toml").write_text(text.replace('topic = "visits"', 'topic = "nothing"'), "utf-8")
    (tmp_path / "none.toml").write_text("schema_version = 1", "utf-8")

    said = [
        run("check", *files)[1]
        for files in (["acte.toml"], ["faulty.toml"], ["none.toml"], [VISITS, "faulty.toml"])
    ]

    assert "1 directive read: " in said[0]
    assert "1 directive read, 1 faulty: " in said[1]
    assert "0 directives read: " in said[2]
    assert "7 directives read, 1 faulty: " in said[3]


def test_the_silence_around_all_acts_of_a_file_is_said_once(run: Run) -> None:
    at = ("check", str(a.DIRECTIVES / "a-visits.toml"), "--at", "2020-04-17")

    _, output = run(*at)
    findings = document(run(*at, "--json")[1])["findings"]

    assert sum(line.startswith("U307 note  6 acts:") for line in output.splitlines()) == 1
    assert output.count("a crisis is open") == 1
    assert len([finding for finding in findings if finding["code"] == "U307"]) == 6
    notes = sum(finding["level"] == "note" for finding in findings)
    assert f"{notes - 5} notes" in output


def test_a_contradiction_stands_in_two_columns_with_what_follows_below(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "72")

    _, output = run("check", str(a.DIRECTIVES / "a-visits.toml"), "--at", "2020-04-17")

    told = output.partition("U801 ")[2].splitlines()[1:]
    above, below = told[0], next(line for line in told if line.startswith("    Contradiction : "))
    assert above.startswith("    Prolongation – ")
    assert "  Décision politique du " in above
    assert max(len(above), len(below)) <= 72


@pytest.mark.parametrize("command", ["check", "conflicts", "in-force", "status"])
def test_a_usage_marks_an_argument_once(run: Run, command: str) -> None:
    _, output = run(command, "--help")

    usage = next(line for line in output.splitlines() if "Usage:" in line)
    assert "[[" not in usage
    assert "...}" not in usage
    assert "...]" not in usage
