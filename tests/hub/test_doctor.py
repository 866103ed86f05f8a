"""The doctor finds what would fail on the day it matters, and says what to do."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import doctor
from hub.context import Hub
from hub.doctor import Diagnosis
from hub.store import journal, lives
from tests import a
from tests.doubles.smtp import SmtpDouble
from tests.doubles.twilio import TwilioDouble


async def examined(tmp_path: Path, **settings: str) -> dict[str, Diagnosis]:
    return {found.what: found for found in await doctor.examine(a.config(tmp_path, **settings))}


async def test_without_an_instance_it_says_how_to_make_one(tmp_path: Path) -> None:
    found = await examined(tmp_path)

    assert not found["database"].fine
    assert "univoque init" in found["database"].remedy


async def test_a_file_that_is_no_database_is_told_among_all_else(tmp_path: Path) -> None:
    (tmp_path / "univoque.db").write_bytes(
        b"This was never a database, and is long enough to be taken for one. " * 30
    )

    found = await examined(tmp_path)

    assert not found["database"].fine
    assert "not a database" in found["database"].finding
    assert found["feeds"].fine


async def test_what_may_not_be_looked_at_is_told_among_all_else(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "public" / "feeds" / "all.atom").mkdir(parents=True)

    found = await examined(tmp_path)

    assert "all.atom: Is a directory" in found["feeds"].finding
    assert found["database"].fine


async def test_a_fresh_instance_lacks_only_its_people(hub: Hub, tmp_path: Path) -> None:
    found = await examined(tmp_path)

    assert [what for what, diagnosis in found.items() if not diagnosis.fine] == ["staff"]


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "UTF-8"),
        (b"nobody\n", "line 1"),
        (b"# nobody yet\n", "names nobody"),
    ],
)
async def test_a_list_of_the_staff_that_cannot_be_used_is_found(
    hub: Hub, tmp_path: Path, octets: bytes | None, says: str
) -> None:
    if octets is not None:
        (tmp_path / "staff.txt").write_bytes(octets)

    canary = (await examined(tmp_path, canary__file=str(tmp_path / "staff.txt")))["canary"]

    assert not canary.fine
    assert says in canary.finding


async def test_a_list_of_the_staff_is_counted(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "staff.txt").write_text("ada@example.org\nbob@example.org\n")

    canary = (await examined(tmp_path, canary__file=str(tmp_path / "staff.txt")))["canary"]

    assert (canary.fine, canary.finding) == (True, "2 of the staff get messages first")


async def test_a_clock_behind_the_journal_is_found(hub: Hub, tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=3)
    async with hub.store.write() as tx:
        await journal.append(tx, at=later, actor="console", action="staff add", subject="Rédaction")

    clock = (await examined(tmp_path))["clock"]

    assert not clock.fine
    assert "entry 1 of the journal" in clock.finding
    assert f"{later:%Y-%m-%d %H:%M}" in clock.finding


async def test_a_clock_behind_the_files_is_found(hub: Hub, tmp_path: Path) -> None:
    later = datetime.now(UTC).timestamp() + 10_800
    os.utime(tmp_path / "univoque.db", (later, later))

    clock = (await examined(tmp_path))["clock"]

    assert not clock.fine
    assert "univoque.db" in clock.finding


async def test_a_clock_that_is_a_little_behind_is_fine(hub: Hub, tmp_path: Path) -> None:
    async with hub.store.write() as tx:
        soon = datetime.now(UTC) + timedelta(seconds=30)
        await journal.append(tx, at=soon, actor="console", action="staff add", subject="Rédaction")

    assert (await examined(tmp_path))["clock"].fine


async def test_a_relay_that_answers_is_fine(hub: Hub, tmp_path: Path) -> None:
    async with SmtpDouble() as relay:
        found = await examined(
            tmp_path, email__enabled="true", email__port=str(relay.port), email__security="none"
        )

    assert found["e-mail"].fine, found["e-mail"]
    assert relay.messages == []


async def test_a_relay_that_does_not_answer_is_named(hub: Hub, tmp_path: Path) -> None:
    found = await examined(tmp_path, email__enabled="true", email__port="9", email__security="none")

    assert not found["e-mail"].fine


async def test_an_exercise_with_a_live_relay_is_found(hub: Hub, tmp_path: Path) -> None:
    found = await examined(tmp_path, email__enabled="true", email__host="relay.example")

    assert not found["e-mail"].fine
    assert "exercise" in found["e-mail"].finding


async def test_an_exercise_with_a_mail_server_that_may_deliver_is_found(hub: Hub, tmp_path: Path) -> None:
    relay = {"email__enabled": "true", "email__security": "none", "email_standby__host": "127.0.0.1"}

    found = await examined(tmp_path, **relay, email__sink="false", email_standby__sink="false")

    assert "Set email.sink to true" in found["e-mail"].finding
    assert "Set email_standby.sink to true" in found["e-mail, standing by"].finding
    assert "docs/operate.md" in found["e-mail"].remedy


async def test_a_provider_that_does_not_know_the_token_is_found(hub: Hub, tmp_path: Path) -> None:
    async with TwilioDouble() as provider:
        account = {
            "sms__enabled": "true",
            "sms__base_url": provider.url,
            "sms__account_sid": provider.account_sid,
        }
        unreachable = await examined(tmp_path, **{**account, "sms__base_url": "http://127.0.0.1:9"})
        fine = await examined(tmp_path, **account, sms__auth_token=provider.token)

    assert not unreachable["SMS"].fine
    assert fine["SMS"].fine, fine["SMS"]


async def test_a_live_instance_needs_an_address_that_readers_can_reach(hub: Hub, tmp_path: Path) -> None:
    found = await examined(tmp_path, service__mode="Actual")

    assert not found["public address"].fine
    assert (await examined(tmp_path, service__mode="Actual", service__base_url="https://directives.example"))[
        "public address"
    ].fine


async def test_a_copied_database_is_found_before_the_day(hub: Hub, tmp_path: Path) -> None:
    async with hub.store.write() as tx:
        await lives.put(tx, "elsewhere", "3 abc")

    found = (await examined(tmp_path))["sender's epoch"]

    assert not found.fine
    assert "its messages were sent from elsewhere" in found.finding
    assert "univoque adopt" in found.remedy
