"""What an examination adds from the store: who would be reached, and which waivers were signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.context import Hub
from hub.flow.approve import approve
from hub.flow.enlist import enlist
from hub.flow.examine import examine
from hub.flow.submit import submit
from hub.flow.waive import waive
from hub.model.coverage import State
from hub.model.message import Hat
from hub.model.staff import Role
from hub.store import suppressions
from tests import a

EDITOR = a.staff("Rédaction", Role.EDITOR)
APPROVER = a.staff("Direction de crise", Role.APPROVER)
WHEN = datetime(2020, 3, 10, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    """A reader in each cell of the act, the family's on a number of her own too."""
    hub.clock.set(WHEN)
    rows = [
        f"{audience}@example.org;;fr;5000;elderly.residential;{audience}"
        for audience in ("direction", "staff", "beneficiary")
    ]
    rows.append("family@example.org;+32470000001;fr;5000;elderly.residential;family")
    table = "\n".join(["email;phone;langue;commune;secteur;audience", *rows])
    await enlist(hub, table.encode(), "lecteurs.csv", dry_run=False, actor="Opérations")


async def unreached(hub: Hub) -> set[str]:
    async with hub.store.read() as tx:
        examined = await examine(hub, tx, a.covered(a.directive()), at=WHEN)
    return {finding.where for finding in examined.findings if finding.code == "U306"}


async def bounce(hub: Hub, channel: str, value: str) -> None:
    async with hub.store.write() as tx:
        await suppressions.add(tx, channel=channel, value=value, reason="bounced", at=WHEN)


async def test_a_cell_is_unreachable_once_its_last_address_has_bounced(hub: Hub) -> None:
    before = await unreached(hub)
    await bounce(hub, "email", "family@example.org")
    with_the_number = await unreached(hub)
    await bounce(hub, "sms", "+32470000001")

    assert before == with_the_number == set()
    assert await unreached(hub) == {"elderly.residential:family"}


async def test_submission_and_approval_tell_of_it_and_go_through(hub: Hub) -> None:
    await bounce(hub, "email", "staff@example.org")

    submission = await submit(hub, a.covered(a.directive()), by=EDITOR)
    approved = await approve(hub, "visites", by=APPROVER)

    assert submission.accepted
    assert submission.revision.audience_count == 3
    assert "U306" in {finding.code for finding in approved.revision.findings}


async def test_a_waived_cell_is_told_as_waived(hub: Hub) -> None:
    act = a.covered(a.directive())
    others = replace(act.coverage[0], sectors=("disability.residential",))
    open_act = replace(act, coverage=(others, act.coverage[1]))
    await submit(hub, open_act, by=EDITOR)
    await waive(hub, "visites", "U301", cell="youth.care", by=EDITOR, reason="Autre circulaire.")

    async with hub.store.read() as tx:
        examined = await examine(hub, tx, open_act, at=WHEN)

    states = {cell.hat: cell.state for cell in examined.coverage}
    assert states[Hat("youth.care", "family")] == State.WAIVED


async def test_a_silent_sector_is_told_as_of_the_instant_of_submission(hub: Hub) -> None:
    await submit(hub, a.covered(a.directive()), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)
    hub.clock.set(WHEN + timedelta(days=20))

    second = a.directive(id="suite", issued=(WHEN + timedelta(days=20)).date())
    submission = await submit(hub, a.covered(second), by=EDITOR)

    (note,) = [finding for finding in submission.findings if finding.code == "U307"]
    assert "elderly.residential" not in note.sectors
    assert "culture" in note.sectors
