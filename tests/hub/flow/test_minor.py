"""A minor change mends the page, alerts nobody, and hides no correction."""

from dataclasses import replace

import pytest

from hub.context import Hub
from hub.flow.approve import approve
from hub.flow.enlist import enlist
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.model.review import Kind
from hub.store import dispatches
from tests import a
from tests.hub.flow.revisions import (
    APPROVER,
    DAUGHTER,
    DIRECTION,
    EDITOR,
    NURSE,
    PEOPLE,
    SHORTER,
    SON,
    WHEN,
    act,
    everybody_got,
    feed,
    issue,
    later,
    page,
)


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


async def test_a_minor_change_alerts_nobody_and_shows_the_mended_words(hub: Hub) -> None:
    mistaken = a.measure(exceptions=(a.text("fin de vei"),), audiences=("staff",))
    await issue(hub, act(measures=(mistaken, a.measure(id="m2", topic="outings", actor="beneficiary"))))
    await publish(hub)
    before = {reader: feed(hub, reader) for reader in ("staff", "family")}
    later(hub, hours=2)
    mended = replace(mistaken, exceptions=(a.text("fin de vie"),))
    sheet = act(measures=(mended, a.measure(id="m2", topic="outings", actor="beneficiary")))

    await submit(hub, sheet, by=EDITOR, kind=Kind.MINOR)
    approved = await approve(hub, "visites", by=APPROVER)
    await publish(hub)

    after = {reader: feed(hub, reader) for reader in ("staff", "family")}
    assert not approved.sends
    async with hub.store.read() as tx:
        assert await dispatches.find(tx, "visites", 2) is None
        assert (await dispatches.get(tx, "visites", 1)).cancelled_at is None
    assert "fin de vie" in after["staff"]["content_text"]
    assert after["staff"]["date_modified"] > before["staff"]["date_modified"]
    assert after["staff"]["id"] == before["staff"]["id"]
    assert after["family"] == before["family"]
    assert "Correction de forme" in await page(hub)


async def test_a_minor_change_after_a_correction_still_says_what_was_corrected(hub: Hub) -> None:
    await issue(hub, act())
    await issue(hub, SHORTER, Kind.CORRECTION)
    await publish(hub)
    before = feed(hub, "family")
    later(hub, hours=1)

    await submit(hub, replace(SHORTER, sources=()), by=EDITOR, kind=Kind.MINOR)
    await approve(hub, "visites", by=APPROVER)
    await publish(hub)

    assert "Avant" in before["content_text"]
    assert feed(hub, "family") == before


async def test_a_correction_after_a_minor_change_goes_to_those_who_hold_the_first_text(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    await submit(hub, replace(act(), title=a.text("Interdiction de visite")), by=EDITOR, kind=Kind.MINOR)
    await approve(hub, "visites", by=APPROVER)

    told = await issue(hub, replace(SHORTER, title=a.text("Interdiction de visite")), Kind.CORRECTION)

    assert set(told) == {DIRECTION, NURSE, DAUGHTER, SON}
    assert all("Avant : jusqu'au mardi 31 mars 2020 inclus" in text for text in told.values())
