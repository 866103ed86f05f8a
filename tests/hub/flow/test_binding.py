"""What an approval binds: the sheet, the audience, the words, in whose name and in which mode it leaves."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch, resume
from hub.flow.enlist import enlist
from hub.flow.submit import submit
from hub.model.directive import Relation
from hub.model.review import Kind, Stage
from hub.model.staff import Role
from hub.store import dispatches
from tests import a
from tests.hub.flow.signatories import APPROVER, EDITOR, WHEN, act, families


@pytest.fixture(autouse=True)
def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)


async def test_an_approval_is_refused_when_the_audience_has_moved(hub: Hub) -> None:
    await families(hub, 20)
    await submit(hub, act(), by=EDITOR)
    await families(hub, 31)

    with pytest.raises(Refusal, match="audience was 20"):
        await approve(hub, "visites", by=APPROVER)


async def test_a_few_people_more_do_not_matter(hub: Hub) -> None:
    await families(hub, 20)
    await submit(hub, act(), by=EDITOR)
    await families(hub, 30)

    assert (await approve(hub, "visites", by=APPROVER)).revision.stage == Stage.APPROVED


async def test_an_approval_names_the_digest_it_saw(hub: Hub) -> None:
    seen = (await submit(hub, act(), by=EDITOR)).revision.approval_digest
    await submit(hub, act(title=a.text("Interdiction de toutes les visites")), by=EDITOR)

    with pytest.raises(Refusal, match="submitted again"):
        await approve(hub, "visites", by=APPROVER, digest=seen)


async def test_another_act_that_changes_the_words_voids_a_submission(hub: Hub) -> None:
    replacing = act(id="nouvelle", relations=(Relation("replaces", target="visites"),))
    await submit(hub, replacing, by=EDITOR)  # its target is not held yet, so no message names it
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)

    with pytest.raises(Refusal, match="have changed since"):
        await approve(hub, "nouvelle", by=APPROVER)


async def test_what_has_expired_since_is_not_approved(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)
    hub.clock.set(WHEN + timedelta(days=60))

    with pytest.raises(Refusal, match="expired"):
        await approve(hub, "visites", by=APPROVER)


async def test_it_is_approved_once(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)

    with pytest.raises(Refusal, match="does not wait"):
        await approve(hub, "visites", by=a.staff("Une troisième", Role.APPROVER))


async def test_an_approval_binds_the_whole_sheet(hub: Hub) -> None:
    seen = (await submit(hub, act(), by=EDITOR)).revision.approval_digest
    for change in (
        {"urgency": "Expected"},
        {"summary": a.text("Autre chose.")},
        {"published": date(2020, 3, 11)},
    ):
        other = (await submit(hub, act(**change), by=EDITOR)).revision.approval_digest
        assert other != seen


@pytest.mark.parametrize(
    "settings",
    [
        {"service__mode": "Actual"},
        {"service__base_url": "https://other.example"},
        {"service__name": "Autre"},
        {"email__sender": "autre@univoque.example"},
    ],
)
async def test_an_approval_binds_in_whose_name_it_leaves(hub: Hub, settings: dict[str, str]) -> None:
    await submit(hub, act(), by=EDITOR)
    elsewhere = replace(hub, config=a.config(hub.config.service.data_dir, **settings))

    with pytest.raises(Refusal, match="have changed since"):
        await approve(elsewhere, "visites", by=APPROVER)


async def test_what_was_approved_as_an_exercise_never_leaves_in_earnest(hub: Hub) -> None:
    await families(hub, 2)
    await submit(hub, act(), by=EDITOR)
    await approve(hub, "visites", by=APPROVER)
    live = replace(hub, config=a.config(hub.config.service.data_dir, service__mode="Actual"))

    with pytest.raises(Refusal, match="mode Exercise"):
        await dispatch(live, directive="visites", number=1)
    await resume(live)

    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, "visites", 1)).planned_at is None


async def test_only_named_establishments_are_reached(hub: Hub) -> None:
    table = (
        "email;langue;organisation;commune;secteur;audience\n"
        "a@example.org;fr;Les Tilleuls;Namur;elderly.residential;staff\n"
        "b@example.org;fr;Les Érables;Namur;elderly.residential;staff\n"
        "c@example.org;fr;;Namur;elderly.residential;family\n"
    )
    await enlist(hub, table.encode(), "gens.csv", dry_run=False, actor="Opérations")

    submission = await submit(hub, act(establishments=("Les Tilleuls",), establishments_only=True), by=EDITOR)

    assert submission.revision.audience_count == 1


async def test_the_first_publication_never_moves(hub: Hub) -> None:
    await submit(hub, act(), by=EDITOR)
    first = (await approve(hub, "visites", by=APPROVER)).revision.first_published_at
    hub.clock.set(WHEN + timedelta(days=2))
    await submit(hub, act(), by=EDITOR, kind=Kind.UPDATE)

    later = (await approve(hub, "visites", by=APPROVER)).revision

    assert later.first_published_at == first
    assert later.approved_at != first
