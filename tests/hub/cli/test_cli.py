"""The commands that others script against: what they print, and the exit code they end with."""

from pathlib import Path

import pytest

from tests import a
from tests.hub.cli.console import Run, document, in_force, staffed

VISITS = str(a.DIRECTIVES / "a-visits.toml")


def test_check_tells_findings_as_json_and_ends_with_one(run: Run) -> None:
    code, output = run("check", VISITS, "--json")

    findings = document(output)["findings"]
    assert code == 1
    assert set(findings[0]) == {"code", "level", "directive", "where", "text", "remedy"}
    (gap,) = (f for f in findings if (f["code"], f["where"]) == ("U305", "cohorting"))
    assert (gap["topic"], gap["missing_sectors"]) == ("cohorting", ["disability.residential", "youth.care"])
    assert ("U301", "wal-visites-2020-04-28", "youth.care") in {
        (f["code"], f["directive"], f["where"]) for f in findings
    }


def test_check_of_a_faulty_file_tells_every_fault(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "faulty.toml"
    file.write_text("schema_version = 1\n[[directive]]\nid = 'x'\nsectors = ['elderly']\n")

    code, output = run("check", str(file), "--json")

    assert code == 1
    assert {"U101", "U102"} <= {finding["code"] for finding in document(output)["findings"]}


def test_a_clean_directive_checks_with_zero(run: Run, tmp_path: Path) -> None:
    code, output = run("check", str(in_force(tmp_path)))

    assert code == 0, output


def test_an_instant_that_is_none_is_wrong_use(run: Run) -> None:
    code, error = run("check", VISITS, "--at", "yesterday")

    assert code == 2
    assert "yesterday" in error


def test_preview_gives_the_messages_of_a_variant(run: Run) -> None:
    code, output = run(
        "preview", VISITS, "--directive", "wal-visites-2020-03-11", "--sector", "elderly.residential",
        "--audience", "family", "--channel", "email", "--language", "fr", "--json",
    )  # fmt: skip

    (message,) = document(output)["messages"]
    assert code == 0
    assert set(message) == {
        "directive", "sector", "audience", "channel", "language", "subject", "text", "html", "stated",
    }  # fmt: skip
    assert "Ne venez pas voir votre proche" in message["text"]
    assert "m1.until" in message["stated"]
    assert 'value="m1.until"' in message["html"]


def test_preview_tells_what_an_sms_costs_and_says_in_other_letters(run: Run) -> None:
    options = (
        "preview", VISITS, "--directive", "be-visites-2020-04-15", "--sector", "elderly.residential",
        "--audience", "family", "--channel", "sms", "--language", "fr",
    )  # fmt: skip

    (message,) = document(run(*options, "--json")[1])["messages"]
    text = run(*options)[1]

    sms = message["sms"]
    assert set(sms) == {"segments", "encoding", "units", "cost", "offenders", "replaced"}
    assert (sms["encoding"], sms["offenders"]) == ("GSM-7", [])
    assert sms["cost"] == pytest.approx(sms["segments"] * 0.055)
    assert {"old": "ô", "new": "o", "count": 1} in sms["replaced"]
    assert "ô → o × 1" in text
    assert f"{sms['cost']:.3f} EUR each" in text


def test_only_the_editor_s_preview_calls_a_text_a_draft_in_easy_to_read_style(run: Run) -> None:
    options = ("preview", VISITS, "--directive", "wal-visites-2020-03-11", "--channel", "email", "--json")

    messages = document(run(*options)[1])["messages"]

    drafts = [message for message in messages if "style" in message]
    assert {message["style"] for message in drafts} == {"draft in easy-to-read style, not validated"}
    assert {message["audience"] for message in drafts} == {"beneficiary"}
    assert not [message for message in messages if "easy-to-read" in message["text"] + message["html"]]


def test_preview_covers_every_channel(run: Run) -> None:
    _, output = run("preview", VISITS, "--json")

    assert {message["channel"] for message in document(output)["messages"]} == {"email", "sms", "web"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("--sector", "zoo"), ("--audience", "king"), ("--channel", "fax"), ("--language", "xx")],
)
def test_preview_of_what_there_is_not_is_wrong_use(run: Run, option: str, value: str) -> None:
    code, error = run("preview", VISITS, option, value)

    assert code == 2
    assert value in error


def test_two_people_submit_and_approve(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)

    code, output = instance("submit", str(file), "--by", "Rédaction", "--json", token=editor)
    assert (code, document(output)["submissions"][0]["stage"]) == (0, "submitted")
    assert instance("approve", "visites", "--by", "Rédaction", token=editor)[0] == 1
    code, output = instance("approve", "visites", "--by", "Crise", "--json", token=approver)
    assert (code, document(output)["planned"]) == (0, {})

    (standing,) = document(instance("status", "--json")[1])["directives"]
    assert (standing["stage"], standing["approved_by"]) == ("approved", "Crise")
    assert "culture" in silent(instance)
    assert instance("journal", "verify")[0] == 0


def silent(run: Run) -> dict[str, str | None]:
    """The sectors that `status` calls silent, with the last act that addressed each."""
    return {each["sector"]: each["last"] for each in document(run("status", "--json")[1])["silent"]}


def test_what_the_gate_stops_ends_with_one_and_can_be_waived(instance: Run, tmp_path: Path) -> None:
    editor, _ = staffed(instance)
    file = in_force(tmp_path)
    named = 'sectors = ["elderly.residential", "disability.residential"]\naudiences = ["citizen"]'
    file.write_text(file.read_text().replace(named, 'sectors = ["culture"]\naudiences = ["citizen"]'))

    code, output = instance("submit", str(file), "--by", "Rédaction", "--json", token=editor)
    blockers = [f for f in document(output)["submissions"][0]["findings"] if f["level"] == "blocker"]
    assert code == 1
    assert {f["where"] for f in blockers} == {"elderly.residential:citizen", "disability.residential:citizen"}
    for blocker in blockers:
        assert (
            instance(
                "waive", "visites", blocker["code"], "--cell", blocker["where"],
                "--by", "Rédaction", "--reason", "La population est informée par la presse.", token=editor,
            )[0] == 0
        )  # fmt: skip

    assert instance("submit", str(file), "--by", "Rédaction", token=editor)[0] == 0


def test_somebody_else_s_token_is_refused(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)

    assert instance("submit", str(in_force(tmp_path)), "--by", "Rédaction", token=approver)[0] == 1
    assert instance("submit", str(in_force(tmp_path)), "--by", "Personne", token=editor)[0] == 1


def test_a_refused_row_is_told_with_its_column_where_it_has_one(instance: Run, tmp_path: Path) -> None:
    (tmp_path / "without.csv").write_text("jean@example.org;sport\n", "utf-8")
    (tmp_path / "with.csv").write_text("email;sector;audience\njean@example.org;nothing;staff\n", "utf-8")

    without, with_ = [instance("import", name)[1] for name in ("without.csv", "with.csv")]

    assert without.startswith("row 1: no heading says")
    assert with_.startswith("row 2, sector: no sector is called so")


def test_import_tells_refused_rows_and_ends_with_one(instance: Run, tmp_path: Path) -> None:
    file = tmp_path / "gens.csv"
    file.write_bytes(
        "e-mail;langue;commune;secteur;audience\n"
        "famille@example.org;fr;Namur;elderly.residential;family\n"
        "sans-arobase;fr;Liège;elderly.residential;family\n".encode("latin-1")
    )

    code, output = instance("import", str(file), "--json")

    report = document(output)
    assert code == 1
    assert (report["new"], [refused["row"] for refused in report["refused"]]) == (1, [3])


def test_a_dry_run_changes_nothing(instance: Run, tmp_path: Path) -> None:
    file = tmp_path / "gens.csv"
    file.write_text(
        "email;langue;commune;secteur;audience\nf@example.org;fr;Namur;elderly.residential;family\n"
    )

    assert document(instance("import", str(file), "--dry-run", "--json")[1])["new"] == 1
    assert document(instance("import", str(file), "--json")[1])["new"] == 1
    assert document(instance("import", str(file), "--json")[1])["unchanged"] == 1


def test_the_journal_prints_who_did_what(instance: Run) -> None:
    staffed(instance)

    entries = document(instance("journal", "--json")[1])["entries"]

    assert [entry["action"] for entry in entries] == ["staff add", "staff add"]


def test_doctor_says_what_is_missing(instance: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "univoque.db").write_bytes(b"")

    code, error = instance("doctor", "--json")

    assert code == 3
    assert error == ""


def test_an_unknown_setting_names_the_nearest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[email]\nhots = "relay.example"\n')

    code, error = run("check", VISITS)

    assert code == 2
    assert "email.hosts" not in error
    assert "did you mean email.host?" in error


def test_config_may_stand_before_or_after_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("[email]\nport = 70000\n")

    assert run("--config", "other.toml", "check", VISITS)[0] == 2
    assert run("check", VISITS, "--config", "other.toml")[0] == 2
    assert run("check", VISITS, "--config", "nowhere.toml")[0] == 2


def test_a_command_without_its_instance_says_what_to_do(run: Run) -> None:
    code, error = run("status")

    assert code == 3
    assert "univoque init" in error
