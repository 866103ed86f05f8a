"""What SMS may cost, at the command line: shown, refused beforehand, and moved by name."""

from pathlib import Path

import pytest

from tests.hub.cli.console import Run, document, in_force, staffed

PEOPLE = "phone,sector,audience\n" + "".join(
    f"+3247012345{n},elderly.residential,direction\n" for n in range(4)
)


@pytest.fixture
def submitted(instance: Run, tmp_path: Path) -> tuple[Run, str]:
    """Four people by SMS, an act that waits for approval, a ceiling of ten cents; the approver's token."""
    editor, approver = staffed(instance)
    (tmp_path / "people.csv").write_text(PEOPLE)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("dispatch_ceiling = 0", "dispatch_ceiling = 0.1"))
    assert instance("import", "people.csv")[0] == 0
    code, output = instance("submit", str(in_force(tmp_path)), "--by", "Rédaction", "--json", token=editor)
    assert code == 0, output
    assert document(output)["submissions"][0]["audience"] == 4
    return instance, approver


def test_what_would_cost_more_than_its_ceiling_is_not_signed_unawares(submitted: tuple[Run, str]) -> None:
    run, approver = submitted

    code, said = run("approve", "visites", "--by", "Crise", "--json", token=approver)

    assert code == 1
    assert "more than the 0.10 EUR that one dispatch may" in document(said)["error"]["text"]
    assert document(run("status", "--json")[1])["directives"][0]["stage"] == "submitted"


def test_who_signs_names_another_amount(submitted: tuple[Run, str]) -> None:
    run, approver = submitted

    too_little, _ = run("approve", "visites", "--by", "Crise", "--sms-cost", "0.20", token=approver)
    code, _ = run("approve", "visites", "--by", "Crise", "--sms-cost", "5", token=approver)
    rows = document(run("sms", "cost", "--json")[1])["sms"]
    entries = document(run("journal", "--json")[1])["entries"]

    assert (too_little, code) == (1, 0)
    assert [row["of"] for row in rows] == ["today"]
    assert next(e for e in entries if e["action"] == "approve")["detail"]["sms_cents"] == 500


def test_a_day_that_has_too_little_left_is_told_with_the_remedy(submitted: tuple[Run, str]) -> None:
    run, approver = submitted
    run("sms", "lift", "--to", "0.05", "--by", "Crise", token=approver)

    code, said = run("approve", "visites", "--by", "Crise", "--sms-cost", "5", "--json", token=approver)
    run("sms", "lift", "--to", "50", "--by", "Crise", token=approver)
    again, _ = run("approve", "visites", "--by", "Crise", "--sms-cost", "5", token=approver)

    assert code == 1
    assert "univoque sms lift --to EUR" in document(said)["error"]["text"]
    assert again == 0


def test_to_let_more_money_go_needs_an_operator_or_an_approver(instance: Run) -> None:
    editor, approver = staffed(instance)

    assert instance("sms", "lift", "--to", "9", "--by", "Rédaction", token=editor)[0] == 1
    assert instance("sms", "lift", "--to", "9", "--by", "Crise", token=editor)[0] == 1
    code, output = instance("sms", "lift", "--to", "9", "--by", "Crise", "--json", token=approver)
    again = instance("sms", "lift", "--to", "9", "--by", "Crise", "--json", token=approver)[1]

    assert code == 0
    assert document(output) == {"directive": None, "to": "9", "changed": True}
    assert document(again)["changed"] is False
    row = document(instance("sms", "cost", "--json")[1])["sms"][0]
    assert row == {
        "of": "today", "segments": 0, "cost": 0.0, "ceiling": 9.0, "reached": False, "in_doubt": 0, "silent": 0,
    }  # fmt: skip
    entries = document(instance("journal", "--json")[1])["entries"]
    assert [e["actor"] for e in entries if e["action"] == "SMS ceiling set"] == ["Crise"]


@pytest.mark.parametrize("amount", ["", "x", "-1", "1e3", "1.234", "nan"])
def test_what_is_no_amount_is_wrong_use(instance: Run, amount: str) -> None:
    _, approver = staffed(instance)

    code, said = instance("sms", "lift", f"--to={amount}", "--by", "Crise", token=approver)

    assert code == 2
    assert "an amount in EUR" in said


def test_a_directive_that_is_not_on_its_way_has_no_ceiling(instance: Run) -> None:
    _, approver = staffed(instance)

    code, _ = instance("sms", "lift", "none", "--to", "1", "--by", "Crise", token=approver)

    assert code == 1


def test_without_a_provider_there_is_nothing_to_compare_with(instance: Run) -> None:
    code, said = instance("sms", "compare")

    assert code == 2
    assert "sms.enabled" in said


def test_a_provider_that_does_not_answer_is_told(instance: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    text = config.read_text().replace(
        'base_url = "https://api.twilio.com"', 'base_url = "http://127.0.0.1:9"'
    )
    before, sms, after = text.partition("[sms]\n")
    after = after.replace("enabled = false", "enabled = true", 1).replace("sink = false", "sink = true", 1)
    after = after.replace('account_sid = ""', 'account_sid = "AC1"').replace(
        'sender = ""', 'sender = "+32"', 1
    )
    config.write_text(before + sms + after)

    code, said = instance("sms", "compare", "2020-04-17")

    assert code == 3
    assert "the provider does not answer" in said
