"""Each misconfiguration that a crisis would find is found before, and says what to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels import records
from hub import doctor, machine, outside
from hub.config import Config
from hub.context import Hub
from hub.diagnosis import Diagnosis
from hub.store import instance
from hub.store.reserve import Reserve
from hub.web import server
from tests import a
from tests.doubles.names import Texts, name_server, no_name_server
from tests.doubles.smtp import TLS_KEYS, Fault, SmtpDouble
from tests.doubles.twilio import TwilioDouble

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
CA = str(TLS_KEYS / "ca.pem")


async def relay(config: Config, now: datetime) -> Diagnosis:
    (found,) = [diagnosis async for diagnosis in outside.relays(config, now)]
    return found


async def relay_seen(folder: Path, double: SmtpDouble, **settings: str) -> Diagnosis:
    config = a.config(
        folder,
        **{"email__enabled": "true", "email__port": str(double.port), "email__ca_file": CA, **settings},
    )
    return await relay(config, datetime.now(UTC))


@pytest.mark.parametrize(
    ("certificate", "settings", "finding", "remedy"),
    [
        ("expired.pem", {}, "certificate has expired", "renew its certificate"),
        ("other.pem", {}, "mismatch", "email.host"),
        ("server.pem", {"email__ca_file": ""}, "issuer certificate", "email.ca_file"),
        (None, {}, "offers no STARTTLS", "email.security"),
        ("server.pem", {"email__ca_file": "nowhere.pem"}, "No such file", "email.ca_file"),
    ],
    ids=["expired", "another name", "unknown authority", "not offered", "no such file"],
)
async def test_a_relay_that_cannot_be_trusted_is_told_with_its_remedy(
    tmp_path: Path, certificate: str | None, settings: dict[str, str], finding: str, remedy: str
) -> None:
    async with SmtpDouble(certificate=TLS_KEYS / certificate if certificate else None) as double:
        found = await relay_seen(tmp_path, double, **settings)

    assert not found.fine
    assert finding in found.finding
    assert remedy in found.remedy


async def test_a_relay_that_refuses_our_login_is_told(tmp_path: Path) -> None:
    login = {"email__security": "none", "email__username": "hub", "email__password": "wrong"}
    async with SmtpDouble(login=("hub", "right")) as double:
        found = await relay_seen(tmp_path, double, **login)

    assert not found.fine
    assert "UNIVOQUE__EMAIL__PASSWORD_FILE" in found.remedy
    assert "wrong" not in found.finding


async def test_a_relay_that_refuses_our_sender_is_told_and_gets_no_message(tmp_path: Path) -> None:
    async with SmtpDouble() as double:
        double.on("mail", "553 5.7.1 Sender address rejected: not owned by user")
        found = await relay_seen(tmp_path, double, email__security="none")

    assert not found.fine
    assert "email.sender" in found.remedy
    assert double.commands == ["EHLO", "MAIL", "QUIT"]


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        ("554 5.7.1 <hub[192.0.2.1]>: Client host rejected: Access denied", "email.username"),
        ("553 5.7.1 <hub@x.example>: Sender address rejected: not owned by user", "email.sender"),
        ("554 5.7.1 <crisis@x.example>: Relay access denied", "email.username"),
        ("550 5.1.1 User unknown in relay recipient table", "ask who runs the relay"),
    ],
)
async def test_a_relay_that_refuses_only_at_the_recipient_is_told_and_gets_no_message(
    tmp_path: Path, reply: str, remedy: str
) -> None:
    async with SmtpDouble() as double:
        double.on("rcpt", reply)
        found = await relay_seen(tmp_path, double, email__security="none", email__operator="crisis@x.example")

    assert not found.fine
    assert remedy in found.remedy
    assert double.commands == ["EHLO", "MAIL", "RCPT", "QUIT"]


@pytest.mark.parametrize(
    ("operator", "reply", "says"),
    [
        ("", "250 Ok", "no recipient was tried"),
        ("crisis@x.example", "250 2.1.5 Ok", "takes email.operator"),
        (
            "crisis@x.example",
            "451 4.7.1 Greylisted",
            "puts off email.operator for now (451 4.7.1 Greylisted)",
        ),
    ],
)
async def test_how_far_the_relay_was_asked_is_said(
    tmp_path: Path, operator: str, reply: str, says: str
) -> None:
    async with SmtpDouble() as double:
        double.on("rcpt", reply)
        found = await relay_seen(tmp_path, double, email__security="none", email__operator=operator)

    assert found.fine
    assert says in found.finding


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_relay_that_falls_silent_is_told(tmp_path: Path, fault: Fault) -> None:
    async with SmtpDouble() as double:
        double.on("mail", fault)
        found = await relay_seen(tmp_path, double, email__security="none", email__command_timeout="0.3")

    assert not found.fine


async def test_a_certificate_that_ends_soon_is_told_while_it_still_holds(tmp_path: Path) -> None:
    config = a.config(tmp_path, email__enabled="true", email__ca_file=CA)
    async with SmtpDouble(certificate=TLS_KEYS / "server.pem") as double:
        email = config.email.model_copy(update={"port": double.port})
        config = config.model_copy(update={"email": email})
        fine = await relay(config, datetime.now(UTC))
        late = await relay(config, datetime.now(UTC) + timedelta(days=365_000))

    assert fine.fine, fine
    assert not late.fine
    assert "renewed" in late.remedy


GOOD: Texts = {
    "directives.example": ["v=spf1 include:relay.example -all", "another record"],
    "s1._domainkey.directives.example": ["v=DKIM1; k=rsa; p=" + "A" * 392],
    "_dmarc.directives.example": ["v=DMARC1; p=reject; rua=mailto:dmarc@directives.example"],
}


async def records_of(folder: Path, texts: Texts, **settings: str) -> dict[str, Diagnosis]:
    given = {
        "service__mode": "Actual",
        "email__enabled": "true",
        "email__sender": "hub@directives.example",
        "email__dkim_selector": "s1",
        **settings,
    }
    config = a.config(folder, **given)
    async with name_server(texts) as resolver:
        return {found.what: found async for found in outside.sender_records(config, resolver)}


async def test_records_as_they_should_be_are_fine(tmp_path: Path) -> None:
    found = await records_of(tmp_path, GOOD)

    assert [what for what, each in found.items() if each.fine] == ["SPF", "DKIM", "DMARC"]


@pytest.mark.parametrize(
    ("name", "texts", "what", "remedy"),
    [
        ("directives.example", [], "SPF", "publish"),
        ("directives.example", ["v=spf1 mx -all", "v=spf1 a -all"], "SPF", "leave one"),
        ("directives.example", ["v=spf1 mx +all"], "SPF", "-all"),
        ("directives.example", ["v=spf1 mx"], "SPF", "-all"),
        ("s1._domainkey.directives.example", [], "DKIM", "email.dkim_selector"),
        ("s1._domainkey.directives.example", ["v=DKIM1; p="], "DKIM", "another"),
        ("_dmarc.directives.example", [], "DMARC", "publish"),
        ("_dmarc.directives.example", ["v=DMARC1; rua=mailto:x@y.example"], "DMARC", "p=none"),
        ("_dmarc.directives.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "DMARC", "leave one"),
    ],
)
async def test_a_record_that_receivers_would_stumble_over_is_told(
    tmp_path: Path, name: str, texts: list[str], what: str, remedy: str
) -> None:
    known = {**GOOD, name: texts} if texts else {key: value for key, value in GOOD.items() if key != name}

    found = await records_of(tmp_path, known)

    assert [each.what for each in found.values() if not each.fine] == [what]
    assert remedy in found[what].remedy


async def test_spf_is_looked_up_where_bounces_go_and_dmarc_where_readers_look(tmp_path: Path) -> None:
    texts = {**GOOD, "back.example": ["v=spf1 -all"]}
    del texts["directives.example"]

    found = await records_of(tmp_path, texts, email__return_path="bounces@back.example")

    assert found["SPF"].finding.startswith("back.example")
    assert found["DMARC"].fine


async def test_a_policy_of_the_domain_above_counts(tmp_path: Path) -> None:
    found = await records_of(tmp_path, GOOD, email__sender="hub@mail.directives.example")

    assert found["DMARC"].fine


async def test_what_nobody_answers_is_not_taken_to_be_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_PATIENCE", 0.3)
    config = a.config(tmp_path, service__mode="Actual", email__enabled="true")
    async with no_name_server() as resolver:
        found = [each async for each in outside.sender_records(config, resolver)]

    assert [each.fine for each in found] == [False]
    assert found[0].finding.startswith("not looked at")
    assert "name server" in found[0].remedy


async def test_a_key_that_nobody_can_look_for_is_not_taken_to_be_fine(tmp_path: Path) -> None:
    found = await records_of(tmp_path, GOOD, email__dkim_selector="")

    assert [what for what, each in found.items() if not each.fine] == ["DKIM selector"]
    assert "email.dkim_selector" in found["DKIM selector"].finding
    assert doctor.exit_code(found.values()) == 1


async def test_an_exercise_asks_no_name_server(tmp_path: Path) -> None:
    found = [each async for each in outside.sender_records(a.config(tmp_path, email__enabled="true"))]

    assert [each.fine for each in found] == [True]


async def provider_seen(folder: Path, double: TwilioDouble, **settings: str) -> list[Diagnosis]:
    account = {
        "sms__enabled": "true",
        "sms__base_url": double.url,
        "sms__account_sid": double.account_sid,
        "sms__auth_token": double.token,
        "sms__sender": "+32470000000",
    }
    config = a.config(folder, **{**account, **settings})
    return [found async for found in outside.provider(config, datetime.now(UTC))]


async def test_a_provider_that_knows_us_is_fine_and_its_clock_is_compared(tmp_path: Path) -> None:
    async with TwilioDouble() as double:
        found = await provider_seen(tmp_path, double)

    assert [(each.what, each.fine) for each in found] == [("SMS", True), ("clock outside", True)]


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        ({"sms__auth_token": "wrong"}, "account or token"),
        ({"sms__account_sid": "AC9"}, "account or token"),
        ({"sms__sender": "+32470999999"}, "sms.sender"),
    ],
)
async def test_a_provider_that_does_not_know_what_we_say_is_told(
    tmp_path: Path, settings: dict[str, str], finding: str
) -> None:
    async with TwilioDouble() as double:
        found = await provider_seen(tmp_path, double, **settings)

    assert [each.fine for each in found] == [False]
    assert finding in found[0].finding


async def test_a_suspended_account_is_told(tmp_path: Path) -> None:
    async with TwilioDouble(account_status="suspended") as double:
        found = await provider_seen(tmp_path, double)

    assert "suspended" in found[0].finding


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_an_hour_off_is_told(seconds: int) -> None:
    found = outside.clock_against(NOW, NOW + timedelta(seconds=seconds), "the provider")

    assert not found.fine
    assert f"{seconds:+} s" in found.finding


@asynccontextmanager
async def served(hub: Hub) -> AsyncIterator[str]:
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(server.run(hub, stop=stop, ready=port.set_result))
    try:
        yield f"http://127.0.0.1:{await port}"
    finally:
        stop.set()
        await task


async def way_in(hub: Hub, url: str) -> list[Diagnosis]:
    config = a.config(hub.config.service.data_dir, service__base_url=url)
    async with hub.store.read() as tx:
        who = await instance.get(tx)
    return [found async for found in outside.way_in(config, who, datetime.now(UTC))]


async def test_an_address_that_leads_to_this_instance_is_known_by_its_answer(hub: Hub) -> None:
    async with served(hub) as url:
        found = await way_in(hub, url)

    assert [(each.what, each.fine) for each in found] == [("way in", True), ("clock outside", True)]


async def test_an_address_that_leads_to_another_instance_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(hub) as url:
        monkeypatch.setattr(instance, "mark", _once_otherwise(instance.mark))
        found = await way_in(hub, url)

    assert [each.fine for each in found] == [False]
    assert "not this instance" in found[0].finding


def _once_otherwise(mark: Any) -> Any:
    answers = iter([lambda *_: "of another instance"])
    return lambda *given: next(answers, mark)(*given)


async def test_an_address_at_which_nobody_answers_is_told(hub: Hub) -> None:
    found = await way_in(hub, "http://127.0.0.1:9")

    assert not found[0].fine
    assert "univoque serve" in found[0].remedy


async def test_a_way_in_is_asked_for_only_where_somebody_is_meant_to_come(hub: Hub, tmp_path: Path) -> None:
    found = {each.what: each for each in await doctor.examine(a.config(tmp_path))}

    assert found["way in"].finding.startswith("not looked at")


def test_a_slow_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.syncs(tmp_path).finding.startswith("a sync takes")

    monkeypatch.setattr(machine, "SLOW_SYNC", 0)

    assert not machine.syncs(tmp_path).fine


def test_a_reserve_that_was_given_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Reserve(tmp_path / "univoque.db.reserve")
    assert machine.reserve(held).fine
    assert machine.reserve(None).fine

    monkeypatch.setattr(Reserve, "free", lambda _: 0)

    assert not machine.reserve(held).fine


async def test_a_database_that_cannot_be_written_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.store.engine.PRAGMAS", ("query_only = ON",))

    found = {each.what: each for each in await doctor.examine(a.config(tmp_path))}

    assert not found["database"].fine
    assert "give this user the right to write" in found["database"].finding
