"""Callbacks of the SMS provider: believed when signed, obeyed once, whatever their order."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import permutations

import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from sqlalchemy import func, insert, select
from twilio.request_validator import RequestValidator

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow import record
from hub.flow.record import Report
from hub.model.delivery import Outcome
from hub.store import deliveries, instance, stops, suppressions
from hub.store.deliveries import Told, Try
from hub.store.tables import attempts, journal
from hub.store.tables import suppressions as suppressed
from hub.web.reports import LARGEST, Reports
from hub.web.server import application
from tests import plans
from tests.hub.instance import TOKEN
from tests.hub.site.sheets import MARCH
from tests.hub.web.conftest import Site
from tests.hub.web.readers import PHONE, enlist

INBOUND = "/hooks/twilio/inbound"


async def post(site: Site, path: str, form: dict[str, str], *, token: str = TOKEN) -> int:
    """A callback as the provider would sign it for the public address."""
    signature = RequestValidator(token).compute_signature(f"https://univoque.example{path}", form)
    headers = {"X-Twilio-Signature": signature, "Sec-Fetch-Site": "cross-site"}
    async with site.client.post(site.url(path), data=form, headers=headers) as response:
        await response.read()
        return response.status


async def barred(site: Site, number: str = PHONE) -> bool:
    async with site.hub.store.read() as tx:
        return bool(await suppressions.among(tx, [("sms", number)]))


async def rows(site: Site) -> tuple[int, int, int]:
    async with site.hub.store.read() as tx:
        return tuple(  # type: ignore[return-value]
            [
                (await tx.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (attempts, suppressed, journal)
            ]
        )


async def test_stop_is_obeyed_and_answered_with_nothing(site: Site) -> None:
    await enlist(site.hub)
    form = {"From": PHONE, "Body": "Arrêt svp", "MessageSid": "SM1"}
    signature = RequestValidator(TOKEN).compute_signature(f"https://univoque.example{INBOUND}", form)

    async with site.client.post(
        site.url(INBOUND), data=form, headers={"X-Twilio-Signature": signature}
    ) as response:
        body = await response.text()

    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/xml")
    assert body.endswith("<Response/>")
    assert await barred(site)


async def test_a_stop_that_comes_twice_is_one_stop_and_start_takes_it_back(site: Site) -> None:
    await enlist(site.hub)
    for _ in range(2):
        assert await post(site, INBOUND, {"From": PHONE, "Body": "STOP"}) == 200
    after_stops = await rows(site)

    assert await post(site, INBOUND, {"From": PHONE, "Body": "STOP"}) == 200
    assert await rows(site) == after_stops
    assert await post(site, INBOUND, {"From": PHONE, "Body": "Start"}) == 200
    assert not await barred(site)


async def test_what_the_provider_took_for_a_stop_is_one(site: Site) -> None:
    await enlist(site.hub)

    await post(site, INBOUND, {"From": PHONE, "Body": "NIET MEER AUB", "OptOutType": "STOP"})

    assert await barred(site)


@pytest.mark.parametrize("body", ["", "Bonjour", "Quand cela va-t-il arrêter ?", "0800 14 689"])
async def test_other_words_change_nothing(site: Site, body: str) -> None:
    await enlist(site.hub)
    before = await rows(site)

    assert await post(site, INBOUND, {"From": PHONE, "Body": body}) == 200

    assert await rows(site) == before


@pytest.mark.parametrize("path", [INBOUND, "/hooks/twilio/status/1-1-1-abc"])
async def test_a_forged_callback_is_refused(site: Site, path: str) -> None:
    await enlist(site.hub)
    before = await rows(site)
    form = {"From": PHONE, "Body": "STOP", "MessageSid": "SM1", "MessageStatus": "delivered"}
    right = RequestValidator(TOKEN).compute_signature(f"https://univoque.example{path}", form)
    seen_by_us = RequestValidator(TOKEN).compute_signature(f"{site.root}{path}", form)
    unkeyed = RequestValidator("").compute_signature(f"https://univoque.example{path}", form)

    for signature in ("", "x", right[:-2] + "A=", seen_by_us, unkeyed, right.lower()):
        async with site.client.post(
            site.url(path), data=form, headers={"X-Twilio-Signature": signature}
        ) as response:
            assert response.status == 403, signature
    for changed in ({**form, "From": "+32470000009"}, {**form, "Extra": "1"}):
        async with site.client.post(
            site.url(path), data=changed, headers={"X-Twilio-Signature": right}
        ) as response:
            assert response.status == 403
    async with site.client.post(
        site.url(f"{path}?x=1"), data=form, headers={"X-Twilio-Signature": right}
    ) as response:
        assert response.status == 403, "the query is part of what is signed"
    assert await rows(site) == before


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml", ""])
async def test_only_a_form_is_taken(site: Site, content_type: str) -> None:
    headers = {"Content-Type": content_type, "X-Twilio-Signature": "x"}

    async with site.client.post(site.url(INBOUND), data=b'{"Body":"STOP"}', headers=headers) as response:
        assert response.status == 415


async def test_without_a_token_of_ours_nothing_is_believed(site: Site) -> None:
    sms = site.hub.config.sms.model_copy(update={"auth_token": SecretStr("")})
    hub = replace(site.hub, config=site.hub.config.model_copy(update={"sms": sms}))
    form = {"From": PHONE, "Body": "STOP"}
    signature = RequestValidator("").compute_signature(f"https://univoque.example{INBOUND}", form)

    async with (
        TestServer(application(hub)) as server,
        site.client.post(
            server.make_url(INBOUND), data=form, headers={"X-Twilio-Signature": signature}
        ) as response,
    ):
        assert response.status == 403


async def sent(site: Site) -> tuple[str, Try]:
    """A delivery by SMS whose first attempt the provider took; its callback's path."""
    await plans.people(site.hub.store, 1)
    dispatch = await plans.plan(site.hub.store, recipients=1, channel="sms")
    made = Try(dispatch, 1, 1)
    async with site.hub.store.write() as tx:
        for outcome in (Outcome.ATTEMPTING, Outcome.ACCEPTED):
            await tx.execute(
                insert(attempts).values(
                    dispatch=dispatch,
                    seq=1,
                    attempt=1,
                    outcome=outcome,
                    at=MARCH,
                    owner="o",
                    epoch=1,
                    lane=0,
                    code="",
                    provider_id="SM1",
                )
            )
        known = await instance.get(tx)
    return f"/hooks/twilio/status/{deliveries.attempt_id(known, made)}", made


async def outcome(site: Site, made: Try) -> Outcome | None:
    async with site.hub.store.read() as tx:
        return await deliveries.outcome_of(tx, made.dispatch, made.seq)


async def test_a_start_that_is_replayed_after_a_stop_revives_nobody(site: Site) -> None:
    """The provider's signature holds no time: what was signed once stays valid."""
    await enlist(site.hub)
    start = {"From": PHONE, "Body": "START", "MessageSid": "SM1"}
    await post(site, INBOUND, {"From": PHONE, "Body": "STOP", "MessageSid": "SM0"})
    await post(site, INBOUND, start)
    await post(site, INBOUND, {"From": PHONE, "Body": "STOP", "MessageSid": "SM2"})

    assert await post(site, INBOUND, start) == 200

    assert await barred(site)


async def test_a_report_is_acknowledged_only_when_it_is_on_disk(site: Site) -> None:
    path, made = await sent(site)
    with closing(sqlite3.connect(site.hub.config.service.data_dir / "univoque.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = asyncio.create_task(post(site, path, {"MessageSid": "SM1", "MessageStatus": "delivered"}))
        await asyncio.sleep(0.3)
        too_early = answer.done()
        other.execute("ROLLBACK")
        status = await answer

    assert not too_early
    assert status == 204
    assert await outcome(site, made) is Outcome.DELIVERED


async def test_a_report_that_cannot_be_written_is_not_acknowledged(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, made = await sent(site)
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}

    async def full(hub: Hub, reports: Sequence[Report]) -> list[bool]:
        raise EnvironmentFailed("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(record, "record_all", full)
        refused = await post(site, path, form)

    assert refused == 503
    assert await outcome(site, made) is Outcome.ACCEPTED
    assert await post(site, path, form) == 204
    assert await outcome(site, made) is Outcome.DELIVERED


async def test_a_burst_of_reports_shares_commits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await plans.people(site.hub.store, 1)
    dispatch = await plans.plan(site.hub.store, recipients=1, channel="sms")
    sizes: list[int] = []
    real = record.record_all

    async def counted(hub: Hub, reports: Sequence[Report]) -> list[bool]:
        sizes.append(len(reports))
        return await real(hub, reports)

    monkeypatch.setattr(record, "record_all", counted)
    reports = Reports(site.hub)

    news = await asyncio.gather(
        *(reports.record(Report(Try(dispatch, 1, 1), Outcome.DELIVERED)) for _ in range(2 * LARGEST + 1))
    )

    assert not any(news)
    assert sizes == [LARGEST, LARGEST, 1]


async def test_a_report_of_arrival_is_recorded_once(site: Site) -> None:
    path, made = await sent(site)
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}

    statuses = [await post(site, path, form) for _ in range(3)]

    assert statuses == [204, 204, 204]
    assert await outcome(site, made) is Outcome.DELIVERED
    async with site.hub.store.read() as tx:
        count = select(func.count()).select_from(attempts).where(attempts.c.outcome == Outcome.DELIVERED)
        assert (await tx.execute(count)).scalar_one() == 1


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
async def test_reports_end_alike_in_any_order(site: Site, order: tuple[str, ...]) -> None:
    path, made = await sent(site)

    for told in order:
        assert await post(site, path, {"MessageSid": "SM1", "MessageStatus": told}) == 204

    assert await outcome(site, made) is Outcome.DELIVERED


async def test_a_number_that_is_no_more_is_not_used_again(site: Site) -> None:
    path, made = await sent(site)

    await post(site, path, {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"})

    assert await outcome(site, made) is Outcome.BOUNCED
    assert (await rows(site))[1] == 1


async def filtered(site: Site, *, arrived: int = 0, number: int = 3) -> dict[str, str]:
    """What is stopped after so many SMS arrived, and carriers then filtered so many."""
    await plans.people(site.hub.store, 50)
    dispatch = await plans.plan(site.hub.store, recipients=50, channel="sms")
    reports, told = Reports(site.hub), list[Told]()
    for seq in range(1, arrived + number + 1):
        for outcome in (Outcome.ATTEMPTING, Outcome.ACCEPTED):
            told.append(Told(Try(dispatch, seq, 1), outcome, "", "SM1"))
    async with site.hub.store.write() as tx:
        await deliveries.append_reports(tx, told, at=MARCH)
    for seq in range(1, arrived + 1):
        await reports.record(Report(Try(dispatch, seq, 1), Outcome.DELIVERED))
    for seq in range(arrived + 1, arrived + number + 1):
        await reports.record(Report(Try(dispatch, seq, 1), Outcome.BOUNCED, "30007"))
    await reports.close()
    async with site.hub.store.read() as tx:
        return {scope.partition("/")[0]: code for scope, code in (await stops.causes(tx)).items()}


async def test_what_carriers_filter_for_one_after_another_is_stopped(site: Site) -> None:
    assert await filtered(site) == {"sms": "30007"}


async def test_what_arrives_is_not_stopped_for_a_few_that_are_filtered(site: Site) -> None:
    assert await filtered(site, arrived=1, number=29) == {}


async def test_what_arrived_is_stopped_when_many_in_a_row_are_filtered(site: Site) -> None:
    assert await filtered(site, arrived=1, number=30) == {"sms": "30007"}


@pytest.mark.parametrize("attempt", ["1-1-1-0123456789abcdef0123", "x", "1", "-", "1-1-1-"])
async def test_an_unknown_attempt_is_taken_and_obeyed_in_nothing(site: Site, attempt: str) -> None:
    before = await rows(site)
    form = {"MessageSid": "SM9", "MessageStatus": "delivered"}

    assert await post(site, f"/hooks/twilio/status/{attempt}", form) == 204

    assert await rows(site) == before


@pytest.mark.parametrize("told", ["", "odd", "DELIVERED "])
async def test_a_status_nobody_knows_changes_nothing(site: Site, told: str) -> None:
    path, made = await sent(site)

    assert await post(site, path, {"MessageSid": "SM1", "MessageStatus": told}) == 204

    assert await outcome(site, made) is Outcome.ACCEPTED


async def test_no_log_line_holds_a_number_or_a_text(site: Site) -> None:
    path, _ = await sent(site)
    text = "Arrêt de la rue des Tilleuls"

    await post(site, INBOUND, {"From": PHONE, "Body": text, "MessageSid": "SM1"})
    await post(site, INBOUND, {"From": PHONE, "Body": text}, token="forged")
    await post(site, path, {"MessageSid": "SM1", "MessageStatus": "odd", "To": PHONE})

    said = str(site.logs)
    assert "hooks.inbound" in said
    assert "hooks.forged" in said
    assert PHONE not in said
    assert "Tilleuls" not in said
