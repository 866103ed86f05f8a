"""conflicts, in-force and targets: what scripts read of them, and the exit codes they end with."""

import sqlite3
from pathlib import Path

import pytest

from hub.now import parse_period
from tests import a
from tests.hub.cli.console import Run, document, in_force, staffed

VISITS, CURFEW = str(a.DIRECTIVES / "a-visits.toml"), str(a.DIRECTIVES / "d-curfew.toml")
SPORT, CHAIN = str(a.DIRECTIVES / "e-sport.toml"), str(a.DIRECTIVES / "c-extensions.toml")
NAMUR, EUPEN, BRUSSELS = "92094", "63023", "21004"

MAYOR = """schema_version = 1
[[directive]]
id = "permis"
issuer = "com-peruwelz"
act_type = "arrete-police"
issued = 2026-01-12
territory = ["90000"]
sectors = ["elderly.residential"]
audiences = ["direction"]
urgency = "Immediate"
title = { fr = "Visites permises" }
[[directive.measure]]
id = "m1"
topic = "visits"
modality = "permitted"
actor = "direction"
verb = { fr = "autoriser" }
object = { fr = "les visites" }
"""


def test_conflicts_gives_one_entry_for_each_pair_that_needs_attention(run: Run) -> None:
    code, output = run("conflicts", VISITS, "--at", "2020-04-17", "--json")

    verdicts = document(output)["verdicts"]
    assert code == 1
    assert set(verdicts[0]) == {"left", "right", "topic", "verdict", "text"}
    assert {(v["left"], v["right"], v["verdict"]) for v in verdicts} == {
        ("wal-visites-2020-04-01#m1", "be-visites-2020-04-15#m1", "contradiction"),
        ("be-visites-2020-04-15#m1", "peruwelz-visites-2020-04-16#m1", "contradiction"),
    }


def test_all_adds_what_is_settled_equal_or_apart(run: Run) -> None:
    _, output = run("conflicts", VISITS, "--at", "2020-04-18", "--all", "--json")

    found = {frozenset((v["left"], v["right"])): v["verdict"] for v in document(output)["verdicts"]}
    namur, region = "namur-visites-2020-04-17#m1", "wal-visites-2020-04-01#m1"
    assert found[frozenset((namur, region))] == "duplicate"
    assert found[frozenset((namur, "peruwelz-visites-2020-04-16#m1"))] == "same_key_no_overlap"
    assert found[frozenset(("wal-visites-2020-04-28#m2", region))] == "resolved"


def test_without_a_pair_that_needs_attention_the_code_is_zero(run: Run) -> None:
    assert run("conflicts", CHAIN)[0] == 0
    assert run("conflicts", VISITS, "--at", "2020-03-12")[0] == 0
    assert run("conflicts", VISITS)[0] == 1


def test_conflicts_shows_a_person_both_acts_and_what_follows(run: Run) -> None:
    _, output = run("conflicts", VISITS, "--at", "2020-04-17T08:00")

    assert "Contradiction : un acte interdit ce que l'autre permet." in output
    assert "2 of 2 pairs need attention." in output


@pytest.mark.parametrize(("columns", "widest"), [("", 100), ("80", 80), ("140", 140)])
def test_conflicts_wraps_all_it_says_to_the_columns_there_are(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    _, output = run("conflicts", VISITS, "--at", "2020-04-17T08:00")

    assert widest - 20 < max(map(len, output.splitlines())) <= widest


def test_against_a_file_is_compared_with_but_not_within(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mayor.toml").write_text(MAYOR.replace("2026-01-12", "2020-03-12"), encoding="utf-8")

    code, output = run("conflicts", "mayor.toml", "--against", VISITS, "--json")

    assert code == 1
    assert {v["left"] for v in document(output)["verdicts"]} | {
        v["right"] for v in document(output)["verdicts"]
    } >= {"permis#m1", "wal-visites-2020-03-11#m1"}
    assert all("permis#m1" in (v["left"], v["right"]) for v in document(output)["verdicts"])


def test_against_an_instance_s_database_reads_it_and_changes_nothing(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    assert instance("submit", str(file), "--by", "Rédaction", token=editor)[0] == 0
    assert instance("approve", "visites", "--by", "Crise", "--json", token=approver)[0] == 0
    (tmp_path / "mayor.toml").write_text(MAYOR, encoding="utf-8")
    database = tmp_path / "data" / "univoque.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = database.read_bytes()

    code, output = instance("conflicts", "mayor.toml", "--against", str(database), "--json")
    findings = document(instance("check", "mayor.toml", "--against", str(database), "--json")[1])["findings"]

    assert code == 1
    assert [(v["left"], v["right"]) for v in document(output)["verdicts"]] == [("visites#m1", "permis#m1")]
    assert [f["where"] for f in findings if f["code"] == "U801"] == ["m1 × visites#m1"]
    assert database.read_bytes() == before


def test_what_is_neither_a_directive_file_nor_there_is_said(run: Run, tmp_path: Path) -> None:
    assert run("conflicts", VISITS, "--against", "nowhere.toml")[0] == 2
    (tmp_path / "old.db").write_bytes(b"SQLite format 3\0" + bytes(84))
    assert run("conflicts", VISITS, "--against", "old.db")[0] == 3
    assert run("conflicts", VISITS, "--at", "yesterday")[0] == 2


def test_a_foreign_database_is_named_as_what_cannot_be_compared_with(run: Run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "foreign.db") as connection:
        connection.execute("CREATE TABLE something (else_ TEXT)")

    code, said = run("conflicts", VISITS, "--against", "foreign.db")

    assert code == 3
    assert "--against foreign.db is not the database of an instance of this version" in said


def test_against_a_directory_names_the_database_in_it(instance: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for_data, for_instance, for_nothing = (
        instance("check", VISITS, "--against", name) for name in ("data", ".", "empty")
    )

    assert [code for code, _ in (for_data, for_instance, for_nothing)] == [2, 2, 2]
    assert "name its database: --against data/univoque.db" in for_data[1]
    assert "name its database: --against data/univoque.db" in for_instance[1]
    assert "name a directive file" in for_nothing[1]


@pytest.mark.parametrize("at", ["", "9999-12-31", "0001-01-01", "2020-02-31", "2020-04-17T24:00"])
def test_an_instant_that_is_none_is_told_and_never_read_as_now(run: Run, at: str) -> None:
    reader = ("--sector", "sport", "--audience", "family", "--place", NAMUR)

    answers = [
        run("conflicts", VISITS, f"--at={at}"),
        run("check", VISITS, f"--at={at}"),
        run("in-force", VISITS, *reader, f"--at={at}"),
    ]

    assert [code for code, _ in answers] == [2, 2, 2]
    assert all("--at: " in said for _, said in answers)


def test_an_hour_that_the_change_of_clocks_left_out_is_refused(run: Run) -> None:
    code, said = run("conflicts", VISITS, "--at", "2020-03-29T02:30")

    assert code == 2
    assert "2020-03-29T02:30:00 never struck in Brussels" in said
    assert {run("conflicts", VISITS, "--at", f"2020-{at}")[0] for at in ("03-29T03:00", "10-25T02:30")} <= {
        0,
        1,
    }


def test_a_day_written_without_hyphens_is_that_whole_day(run: Run) -> None:
    _, hyphens = run("conflicts", VISITS, "--at", "2020-04-18", "--json")

    _, compact = run("conflicts", VISITS, "--at", "20200418", "--json")

    assert document(compact) == document(hyphens)
    assert parse_period("20200418") == parse_period("2020-04-18")


def test_in_force_lists_what_holds_for_a_reader(run: Run) -> None:
    code, output = run(
        "in-force", CURFEW, "--sector", "home.care", "--audience", "staff", "--place", NAMUR,
        "--at", "2020-10-24T23:30", "--json",
    )  # fmt: skip

    measures = document(output)["measures"]
    assert code == 0
    assert set(measures[0]) == {"id", "topic", "issuer", "since", "until", "text"}
    assert {m["id"] for m in measures} == {"be-couvrefeu-2020-10-18#m1", "wal-mesures-2020-10-23#m1"}
    region = next(m for m in measures if m["issuer"] == "wal-gov")
    assert (region["since"], region["until"]) == ("2020-10-24T22:00:00+02:00", "2020-11-20T00:00:00+01:00")
    assert "de 22 h à 6 h le lendemain" in region["text"]


def test_an_announcement_in_force_says_that_it_is_none(run: Run) -> None:
    _, output = run(
        "in-force", VISITS, "--sector", "elderly.residential", "--audience", "family", "--place", NAMUR,
        "--at", "2020-04-18", "--json",
    )  # fmt: skip

    texts = {m["id"]: m["text"] for m in document(output)["measures"]}
    assert texts["be-visites-2020-04-15#m1"].startswith("Mesure annoncée")
    assert "à confirmer" not in texts["wal-visites-2020-04-01#m1"]


def test_in_force_without_a_file_asks_the_instance(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    reader = ("--sector", "elderly.residential", "--audience", "family", "--place", NAMUR)
    assert instance("submit", str(in_force(tmp_path)), "--by", "Rédaction", token=editor)[0] == 0
    assert document(instance("in-force", *reader, "--json")[1])["measures"] == []

    assert instance("approve", "visites", "--by", "Crise", "--json", token=approver)[0] == 0

    measures = document(instance("in-force", *reader, "--json")[1])["measures"]
    assert "visites#m1" in [measure["id"] for measure in measures]
    code, output = instance("in-force", *reader)
    assert (code, "3 measures in force." in output) == (0, True)


@pytest.mark.parametrize(
    ("measure", "place", "extra", "targeted", "why"),
    [
        ("wal-mesures-2020-10-23#m2", EUPEN, (), False, "Eupen n'est pas dans le territoire"),
        ("wal-mesures-2020-10-23#m1", EUPEN, (), True, "Eupen est dans le territoire"),
        ("fwb-sport-2020-10-23#m1", BRUSSELS, (), False, "organisations d'une Communauté"),
        ("fwb-sport-2020-10-23#m1", BRUSSELS, ("--community", "FWB"), True, "de cette Communauté"),
        ("wal-isp-2020-04-20#m1", NAMUR, (), True, "Namur est dans le territoire"),
    ],
)
def test_targets_says_who_is_meant_and_why(
    run: Run, measure: str, place: str, extra: tuple[str, ...], targeted: bool, why: str
) -> None:
    file = {"wal-m": CURFEW, "fwb-s": SPORT, "wal-i": CHAIN}[measure[:5]]

    code, output = run("targets", file, "--measure", measure, "--place", place, *extra, "--json")

    assert code == 0
    assert set(document(output)) == {"targeted", "why"}
    assert document(output)["targeted"] is targeted
    assert why in document(output)["why"]


def test_targets_of_named_establishments_asks_for_the_name(run: Run, tmp_path: Path) -> None:
    listed = 'establishments = ["Les Tilleuls"]\nestablishments_only = true\nurgency'
    (tmp_path / "liste.toml").write_text(MAYOR.replace("urgency", listed, 1), encoding="utf-8")
    asked = ("targets", "liste.toml", "--measure", "permis#m1", "--place", NAMUR, "--json")

    assert document(run(*asked)[1]) == {
        "targeted": False,
        "why": "La mesure ne vise que ces établissements : Les Tilleuls.",
    }
    assert document(run(*asked, "--organisation", "Les Tilleuls")[1])["targeted"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        ("in-force", CURFEW, "--sector", "zoo", "--audience", "staff", "--place", NAMUR),
        ("in-force", CURFEW, "--sector", "culture", "--audience", "king", "--place", NAMUR),
        ("in-force", CURFEW, "--sector", "culture", "--audience", "staff", "--place", "99999"),
        (
            "in-force",
            CURFEW,
            "--sector",
            "culture",
            "--audience",
            "staff",
            "--place",
            NAMUR,
            "--community",
            "FBW",
        ),
        ("targets", CURFEW, "--measure", "wal-mesures-2020-10-23#m1", "--place", "Eupen"),
        ("targets", SPORT, "--measure", "fwb-sport-2020-10-23#m1", "--place", BRUSSELS, "--community", "fwb"),
    ],
)
def test_what_the_register_does_not_know_is_wrong_use(run: Run, wrong: tuple[str, ...]) -> None:
    assert run(*wrong)[0] == 2


def test_a_measure_that_is_not_in_the_file_is_wrong_use_and_those_of_the_file_are_named(run: Run) -> None:
    code, said = run("targets", CURFEW, "--measure", "wal-mesures-2020-10-23#m9", "--place", NAMUR)

    assert code == 2
    assert "wal-mesures-2020-10-23#m1" in said


def test_a_waiver_may_carry_its_reason_in_other_languages(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    assert instance("submit", str(in_force(tmp_path)), "--by", "Rédaction", token=editor)[0] == 0
    assert instance("approve", "visites", "--by", "Crise", "--json", token=approver)[0] == 0
    (tmp_path / "mayor.toml").write_text(MAYOR, encoding="utf-8")
    instance("submit", "mayor.toml", "--by", "Rédaction", token=editor)
    waived = ("waive", "permis", "U801", "--cell", "m1 x visites#m1", "--by", "Rédaction", "--reason")

    twice = instance(*waived, "Le bourgmestre permet.", "--reason-fr", "Il permet aussi.", token=editor)
    code, _ = instance(
        *waived, "Le bourgmestre permet.", "--reason-de", "Der Bürgermeister erlaubt.", token=editor
    )

    assert (twice[0], code) == (2, 0)
    (entry,) = [e for e in document(instance("journal", "--json")[1])["entries"] if e["action"] == "waive"]
    assert entry["detail"]["words"] == {"fr": "Le bourgmestre permet.", "de": "Der Bürgermeister erlaubt."}
