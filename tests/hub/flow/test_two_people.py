"""Two people: nobody signs their own words, and what was signed is what was seen."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.context import Hub
from hub.errors import NotAllowed, NotFound, Refusal
from hub.flow.approve import approve
from hub.flow.authorise import authorise
from hub.flow.submit import submit
from hub.flow.waive import waive
from hub.model.directive import Quantity
from hub.model.review import Kind, Stage, Waiver
from hub.model.staff import Role
from hub.store import directives, dispatches, journal, staff, waivers
from tests import a
from tests.hub.flow.signatories import APPROVER, EDITOR, EVERYTHING, WHEN, act, families


@pytest.fixture(autouse=True)
def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)


async def test_a_submission_waits_with_its_digest_and_its_audience(hub: Hub) -> None:
    await families(hub, 3)

    submission = await submit(hub, act(), by=EDITOR)

    assert submission.accepted
    assert submission.revision.stage == Stage.SUBMITTED
    assert submission.revision.audience_count == 3
    assert len(submission.revision.approval_digest or "") == 64


@pytest.mark.usefixtures("database")
async def test_a_second_person_puts_it_in_force_and_on_its_way(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)

    approved = await approve(hub, "visites", by=APPROVER)

    assert approved.revision.stage == Stage.APPROVED
    assert approved.revision.approved_by == "Direction de crise"
    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, "visites", 1)).planned_at is None


@pytest.mark.parametrize("role", list(Role))
async def test_nobody_approves_what_they_submitted_whatever_their_role(hub: Hub, role: Role) -> None:
    author = a.staff("Cheffe", Role.EDITOR, Role.APPROVER, role)
    await submit(hub, act(), by=author)

    with pytest.raises(NotAllowed, match="edited or submitted"):
        await approve(hub, "visites", by=author)


async def test_nobody_approves_what_they_edited_before_somebody_else_submitted_it(hub: Hub) -> None:
    await submit(hub, a.directive(), by=EVERYTHING)  # a draft: the gate stops it
    await submit(hub, act(), by=EDITOR)

    with pytest.raises(NotAllowed, match="edited or submitted"):
        await approve(hub, "visites", by=EVERYTHING)


SPELLINGS = ["ann petit", "ANN PETIT", "Ann  Petit", "Ann\u00a0Petit", "\uff21nn Petit", " Ann Petit "]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_one_person_under_two_spellings_is_still_one(hub: Hub, spelling: str) -> None:
    await submit(hub, act(), by=a.staff("Ann Petit", Role.EDITOR))

    with pytest.raises(NotAllowed, match="edited or submitted"):
        await approve(hub, "visites", by=a.staff(spelling, Role.APPROVER))


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_who_edited_under_another_spelling_may_not_approve(hub: Hub, spelling: str) -> None:
    await submit(hub, a.directive(), by=a.staff("Ann Petit", Role.EDITOR))  # a draft: the gate stops it
    await submit(hub, act(), by=EDITOR)

    with pytest.raises(NotAllowed, match="edited or submitted"):
        await approve(hub, "visites", by=a.staff(spelling, Role.APPROVER))


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_name_is_registered_once_in_whatever_spelling(hub: Hub, spelling: str) -> None:
    async with hub.store.write() as tx:
        await staff.add(tx, "Ann Petit", frozenset({Role.EDITOR}), at=WHEN)

        with pytest.raises(Refusal, match="Ann Petit is registered already"):
            await staff.add(tx, spelling, frozenset({Role.APPROVER}), at=WHEN)
        await staff.add(tx, "Anne Petit", frozenset({Role.APPROVER}), at=WHEN)


async def test_roles_are_needed(hub: Hub) -> None:
    with pytest.raises(NotAllowed, match="no editor"):
        await submit(hub, act(), by=APPROVER)
    await submit(hub, act(), by=EDITOR)
    with pytest.raises(NotAllowed, match="no approver"):
        await approve(hub, "visites", by=a.staff("Une autre", Role.EDITOR))


async def test_the_gate_keeps_a_blocked_directive_as_a_draft(hub: Hub) -> None:
    submission = await submit(hub, a.directive(), by=EDITOR)

    assert not submission.accepted
    assert submission.revision.stage == Stage.DRAFT
    with pytest.raises(Refusal, match="draft"):
        await approve(hub, "visites", by=APPROVER)


async def test_a_waiver_lets_one_finding_pass_for_this_sheet_alone(hub: Hub) -> None:
    decided = act()
    without_youth = replace(
        decided,
        coverage=(replace(decided.coverage[0], sectors=("disability.residential",)), decided.coverage[1]),
    )
    assert not (await submit(hub, without_youth, by=EDITOR)).accepted
    reason = "L'aide à la jeunesse relève de la Communauté française, informée ce jour."

    await waive(hub, "visites", "U301", cell="youth.care", by=EDITOR, reason=reason)

    submission = await submit(hub, without_youth, by=EDITOR)
    assert submission.accepted
    assert any("waived by Rédaction" in finding.text for finding in submission.findings)
    other = replace(without_youth, title=a.text("Un autre titre"))
    assert not (await submit(hub, other, by=EDITOR)).accepted


async def test_what_cannot_be_waived_is_refused(hub: Hub) -> None:
    hub.clock.set(datetime(2020, 5, 1, tzinfo=UTC))
    await submit(hub, act(), by=EDITOR)

    with pytest.raises(Refusal, match="U401 cannot be waived"):
        await waive(hub, "visites", "U401", cell="effective_to", by=EDITOR, reason="Envoyer quand même.")
    with pytest.raises(NotFound, match="U401"):
        await waive(hub, "visites", "U999", cell="x", by=EDITOR, reason="Une raison quelconque.")


async def test_a_waiver_counts_for_nothing_where_nobody_may_waive(hub: Hub) -> None:
    hub.clock.set(datetime(2020, 5, 1, tzinfo=UTC))
    drafted = (await submit(hub, act(), by=EDITOR)).revision
    (finding,) = (f for f in drafted.findings if f.code == "U401")
    slipped_in = Waiver(
        "visites", finding.code, finding.where, drafted.sheet_digest, "Cheffe", "Envoyer quand même.", WHEN
    )
    async with hub.store.write() as tx:
        await waivers.add(tx, slipped_in)

    again = await submit(hub, act(), by=EDITOR)

    assert not again.accepted
    assert finding in again.findings


@pytest.mark.usefixtures("database")
async def test_a_published_directive_is_changed_by_a_new_revision_only(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)

    with pytest.raises(Refusal, match="--as update"):
        await submit(hub, act(), by=EDITOR)
    update = await submit(hub, act(), by=EDITOR, kind=Kind.UPDATE)
    await approve(hub, "visites", by=APPROVER)

    assert update.revision.number == 2
    async with hub.store.read() as tx:
        assert [revision.stage for revision in await directives.history(tx, "visites")] == [
            Stage.SUPERSEDED,
            Stage.APPROVED,
        ]


async def test_a_minor_change_alerts_nobody(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)
    await submit(hub, act(), by=EDITOR, kind=Kind.MINOR)

    approved = await approve(hub, "visites", by=APPROVER)

    assert not approved.sends
    async with hub.store.read() as tx:
        assert await dispatches.find(tx, "visites", 2) is None


@pytest.mark.parametrize(
    "change",
    [
        {"measures": (a.measure(modality="permitted"),)},
        {"measures": (a.measure(quantity=Quantity("<=", 2, "personne")),)},
        {"effective_to": datetime(2020, 6, 30, tzinfo=UTC)},
        {"territory": ("60000",)},
        {"urgency": "Expected"},
    ],
)
async def test_a_change_of_a_rule_is_never_minor(hub: Hub, change: dict[str, object]) -> None:
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)

    with pytest.raises(Refusal, match="more than words"):
        await submit(hub, act(**change), by=EDITOR, kind=Kind.MINOR)
    await submit(hub, act(title=a.text("Interdiction des visites.")), by=EDITOR, kind=Kind.MINOR)


@pytest.mark.usefixtures("database")
async def test_every_step_is_in_the_journal_and_it_holds(hub: Hub) -> None:
    await submit(hub, a.directive(), by=EDITOR)
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)

    async with hub.store.read() as tx:
        lines = [(entry.actor, entry.action) async for entry in journal.entries(tx, subject="visites")]
        assert lines == [("Rédaction", "draft"), ("Rédaction", "submit"), ("Direction de crise", "approve")]
        assert (await journal.verify(tx)).fault is None


async def test_only_the_own_token_opens_a_role(hub: Hub) -> None:
    async with hub.store.write() as tx:
        token = await staff.add(tx, "Rédaction", frozenset({Role.EDITOR}), at=WHEN)
        other = await staff.add(tx, "Crise", frozenset({Role.APPROVER}), at=WHEN)

    assert (await authorise(hub, "Rédaction", token, Role.EDITOR)).name == "Rédaction"
    for name, given, role in [
        ("Rédaction", other, Role.EDITOR),
        ("Rédaction", "", Role.EDITOR),
        ("Inconnue", token, Role.EDITOR),
        ("Rédaction", token, Role.APPROVER),
    ]:
        with pytest.raises(NotAllowed):
            await authorise(hub, name, given, role)


async def test_a_disabled_person_is_out_at_once(hub: Hub) -> None:
    async with hub.store.write() as tx:
        token = await staff.add(tx, "Rédaction", frozenset({Role.EDITOR}), at=WHEN)
        await staff.disable(tx, "Rédaction", at=WHEN)

    with pytest.raises(NotAllowed):
        await authorise(hub, "Rédaction", token, Role.EDITOR)
