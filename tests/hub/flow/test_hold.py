"""What waits goes on at its hour or after the staff's pause, and asks when it is too late or nobody was reached."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from hub.context import Hub
from hub.errors import ConfigError, NotFound, Refusal
from hub.flow.approve import Appointment, approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.hold import go_on, review
from hub.flow.stop import cancel, resume, stop
from hub.flow.submit import submit
from hub.model.hold import Hold
from hub.model.staff import Role
from hub.now import parse_appointment, parse_instant
from hub.store import dispatches, journal
from hub.store.dispatches import Dispatch
from hub.store.tables import attempts, chunks
from tests import a

PEOPLE = """email;téléphone;langue;commune;secteur;audience
direction@tilleuls.example;;fr;Namur;elderly.residential;direction
infirmier@example.org;;fr;Namur;elderly.residential;staff
presse@cabinet.example;;fr;Namur;elderly.residential;staff
soignante@example.org;;fr;Namur;elderly.residential;staff
;0470/12.34.56;fr;5000;elderly.residential;family
"""
EVENING = "2020-03-10T18:00"
MORNING = "2020-03-11T07:00"
APPROVER = a.staff("Direction de crise", Role.APPROVER)


pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(parse_instant(EVENING))
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


def with_staff(hub: Hub, folder: Path, lines: str, **settings: object) -> Hub:
    file = folder / "staff.txt"
    file.write_text(lines, encoding="utf-8")
    given = {"canary__file": str(file), **{name: str(value) for name, value in settings.items()}}
    return replace(hub, config=a.config(hub.config.service.data_dir, **given))


async def sent(hub: Hub, *, at: str | None = None, urgency: str = "Expected") -> Dispatch:
    """An act that was approved and planned, to leave at an hour where one is given."""
    act = a.covered(a.directive(urgency=urgency))
    submission = await submit(hub, act, by=a.staff("Rédaction"))
    assert submission.accepted, submission.findings
    hour = Appointment(parse_appointment(at), at) if at else None
    await approve(hub, act.id, by=APPROVER, appointment=hour)
    await dispatch(hub, directive=act.id, number=1)
    return await standing(hub)


async def standing(hub: Hub) -> Dispatch:
    async with hub.store.read() as tx:
        return await dispatches.get(tx, "visites", 1)


async def free(hub: Hub) -> list[tuple[int, int]]:
    """The spans of deliveries that a sender may take in hand."""
    async with hub.store.read() as tx:
        query = select(chunks.c.first, chunks.c.last).where(
            chunks.c.owner.is_(None), chunks.c.done_at.is_(None)
        )
        return [(first, last) for first, last in await tx.execute(query.order_by(chunks.c.first))]


async def told(hub: Hub) -> list[str]:
    """What the journal says was done to it, by whom."""
    async with hub.store.read() as tx:
        return [f"{e.action}: {e.actor}" async for e in journal.entries(tx, subject="visites")]


def later(hub: Hub, **span: float) -> None:
    hub.clock.set(hub.clock.now() + timedelta(**span))


async def taken(hub: Hub, outcome: str) -> None:
    """As if a sender had tried all that is free, with this outcome."""
    async with hub.store.write() as tx:
        spans = (
            await tx.execute(select(chunks.c.first, chunks.c.last).where(chunks.c.owner.is_(None)))
        ).all()
        rows = [
            {"dispatch": 1, "seq": seq, "attempt": 1, "outcome": outcome, "at": hub.clock.now(), "owner": "sender",
             "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
            for first, last in spans for seq in range(first, last + 1)
        ]  # fmt: skip
        await tx.execute(insert(attempts), rows)
        await tx.execute(update(chunks).where(chunks.c.owner.is_(None)).values(done_at=hub.clock.now()))


async def test_what_has_an_hour_waits_for_it(hub: Hub) -> None:
    await sent(hub, at=MORNING)

    await review(hub)
    before = await free(hub)
    hub.clock.set(parse_instant(MORNING) + timedelta(seconds=1))
    await review(hub)

    assert before == []
    assert await free(hub) == [(1, 4), (5, 5)]
    assert (await standing(hub)).held is None
    assert (await told(hub))[-1] == "schedule begun: univoque"


async def test_an_hour_is_kept_in_utc_with_what_the_approver_wrote(hub: Hub) -> None:
    found = await sent(hub, at=MORNING)

    assert found.scheduled_at == datetime.fromisoformat("2020-03-11T06:00+00:00")
    assert (found.scheduled_as, found.held) == (MORNING, Hold.SCHEDULED)


async def test_a_message_might_leave_since_its_hour_or_since_a_person_let_it_go(hub: Hub) -> None:
    found = await sent(hub, at=MORNING)
    hour = parse_instant(MORNING)
    hub.clock.set(hour + timedelta(hours=3))
    await review(hub)
    late = await standing(hub)

    await go_on(hub, "visites", by="Opérations")

    assert found.might_leave_at == late.might_leave_at == hour
    assert (await standing(hub)).might_leave_at >= hour + timedelta(hours=3)


async def test_an_hour_that_was_missed_asks_instead_of_leaving(hub: Hub) -> None:
    await sent(hub, at=MORNING)

    hub.clock.set(parse_instant(MORNING) + hub.config.schedule.late + timedelta(seconds=1))
    await review(hub)
    await review(hub)

    assert (await standing(hub)).held == Hold.LATE
    assert await free(hub) == []
    assert (await told(hub)).count("schedule missed: univoque") == 1


async def test_what_is_late_leaves_when_a_person_says_so(hub: Hub) -> None:
    await sent(hub, at=MORNING)
    hub.clock.set(parse_instant(MORNING) + timedelta(hours=3))
    await review(hub)

    await go_on(hub, "visites", by="Opérations")

    assert await free(hub) == [(1, 4), (5, 5)]
    assert (await told(hub))[-1] == "let go: Opérations"


async def test_before_its_hour_nobody_lets_it_go(hub: Hub) -> None:
    await sent(hub, at=MORNING)

    with pytest.raises(Refusal, match="has not come: it leaves at 2020-03-11T07:00"):
        await go_on(hub, "visites", by="Opérations")


async def test_what_waits_for_nothing_cannot_be_let_go(hub: Hub) -> None:
    await sent(hub)

    with pytest.raises(NotFound, match="waits for nobody"):
        await go_on(hub, "visites", by="Opérations")


async def test_what_is_late_and_has_expired_is_not_let_go(hub: Hub) -> None:
    found = await sent(hub, at=MORNING)
    hub.clock.set(parse_instant(MORNING) + timedelta(hours=3))
    await review(hub)
    hub.clock.set(found.expires_at)

    with pytest.raises(Refusal, match="has expired"):
        await go_on(hub, "visites", by="Opérations")


@pytest.mark.parametrize("scope", [{}, {"directive": "visites"}])
async def test_an_hour_that_passes_while_it_is_stopped_asks_afterwards(
    hub: Hub, scope: dict[str, str]
) -> None:
    await sent(hub, at=MORNING)
    await stop(hub, by="Opérations", **scope)
    hub.clock.set(parse_instant(MORNING) + timedelta(seconds=5))
    await review(hub)
    while_stopped = (await standing(hub)).held

    later(hub, hours=1)
    await resume(hub, by="Opérations", **scope)
    await review(hub)

    assert (while_stopped, (await standing(hub)).held) == (Hold.SCHEDULED, Hold.LATE)
    assert await free(hub) == []


async def test_a_clock_that_is_put_forward_over_the_hour_lets_nothing_leave(hub: Hub) -> None:
    await sent(hub, at=MORNING)

    hub.clock.set(parse_instant(MORNING) + timedelta(seconds=5))
    await review(hub, leap=timedelta(hours=1))

    assert (await standing(hub)).held == Hold.LATE


async def test_a_clock_that_is_put_back_sends_nothing_twice(hub: Hub) -> None:
    await sent(hub, at=MORNING)
    hub.clock.set(parse_instant(MORNING))
    await review(hub)
    before = await told(hub)

    hub.clock.set(parse_instant(MORNING) - timedelta(hours=1))
    await review(hub)
    hub.clock.set(parse_instant(MORNING))
    await review(hub)

    assert await told(hub) == before


async def test_what_waits_and_is_cancelled_is_given_to_a_sender_to_be_recorded(hub: Hub) -> None:
    await sent(hub, at=MORNING)

    await cancel(hub, by="Opérations", directive="visites")
    await review(hub)

    assert (await standing(hub)).held is None
    assert await free(hub) == [(1, 4), (5, 5)]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (EVENING, "has passed"),
        ("2020-03-31T23:59", "is after visites expires"),
        ("2020-03-13T00:00", "expires"),
    ],
)
async def test_an_hour_that_cannot_be_kept_is_not_signed(hub: Hub, at: str, said: str) -> None:
    await submit(hub, a.covered(a.directive()), by=a.staff("Rédaction"))

    with pytest.raises(Refusal, match=said):
        await approve(hub, "visites", by=APPROVER, appointment=Appointment(parse_appointment(at), at))


async def test_the_staff_gets_it_first_and_the_others_after_a_pause(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "# presse\npresse@cabinet.example\n0470/12.34.56\n")
    await sent(hub)

    first = await free(hub)
    await taken(hub, "accepted")
    await review(hub)
    pausing = await free(hub)
    later(hub, seconds=61)
    await review(hub)

    assert first == [(3, 3), (5, 5)]
    assert pausing == []
    assert await free(hub) == [(1, 2), (4, 4)]
    assert (await told(hub))[-2:] == ["staff told first: univoque", "went on after the pause: univoque"]


async def test_the_pause_begins_when_the_staff_s_messages_were_tried(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n")
    await sent(hub)

    later(hub, minutes=10)
    await review(hub)
    before = await standing(hub)
    await taken(hub, "accepted")
    await review(hub)

    assert (before.held, before.held_until) == (Hold.CANARY, None)
    until = (await standing(hub)).held_until
    assert until is not None
    assert timedelta(seconds=50) < until - hub.clock.now() <= timedelta(seconds=60)
    assert await free(hub) == []


async def test_the_pause_does_not_wait_for_staff_who_cannot_be_reached_yet(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n0470/12.34.56\n")
    await sent(hub)
    async with hub.store.write() as tx:  # SMS are quiet, say: only the e-mail was tried
        await tx.execute(
            insert(attempts).values(
                dispatch=1, seq=3, attempt=1, outcome="accepted", at=hub.clock.now(), owner="sender", epoch=1,
                lane=0, code="", provider_id="",
            )
        )  # fmt: skip
        await tx.execute(update(chunks).where(chunks.c.first == 3).values(done_at=hub.clock.now()))

    await review(hub)
    later(hub, seconds=61)
    await review(hub)

    assert await free(hub) == [(1, 2), (4, 4), (5, 5)]


async def test_who_sees_a_fault_in_the_pause_stops_it_and_it_does_not_go_on(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n")
    await sent(hub)
    await taken(hub, "accepted")
    await review(hub)

    await stop(hub, by="Presse", directive="visites")
    later(hub, minutes=5)
    await review(hub)
    stopped = await free(hub)
    await resume(hub, by="Opérations", directive="visites")
    await review(hub)

    assert stopped == []
    assert await free(hub) == [(1, 2), (4, 4), (5, 5)]


async def test_where_nobody_of_the_staff_could_be_reached_it_asks(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n")
    await sent(hub)
    await taken(hub, "refused")
    await review(hub)

    later(hub, minutes=5)
    await review(hub)
    asked = (await standing(hub)).held
    await go_on(hub, "visites", by="Opérations")

    assert asked == Hold.UNSEEN
    assert await free(hub) == [(1, 2), (4, 4), (5, 5)]


async def test_what_is_immediate_waits_for_no_staff(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n")

    found = await sent(hub, urgency="Immediate")

    assert found.held is None
    assert await free(hub) == [(1, 4), (5, 5)]


@pytest.mark.parametrize("settings", [{"canary__pause": 0}, {"canary__file": ""}])
async def test_without_a_pause_or_a_list_nobody_is_first(
    hub: Hub, tmp_path: Path, settings: dict[str, object]
) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n", **settings)

    assert (await sent(hub)).held is None


async def test_a_list_of_whom_nobody_is_meant_holds_nothing_up(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "ailleurs@cabinet.example\n")

    assert (await sent(hub)).held is None
    async with hub.store.read() as tx:
        entry = await journal.latest(tx, subject="visites", action="dispatch planned")
    assert entry is not None
    assert entry.detail["staff_first"] == 0


async def test_only_so_many_are_first(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\nsoignante@example.org\n", canary__first=1)
    await sent(hub)

    assert await free(hub) == [(3, 3)]


async def test_at_its_hour_the_staff_is_first_too(hub: Hub, tmp_path: Path) -> None:
    hub = with_staff(hub, tmp_path, "presse@cabinet.example\n")
    await sent(hub, at=MORNING)
    before = await free(hub)

    hub.clock.set(parse_instant(MORNING))
    await review(hub)

    assert before == []
    assert await free(hub) == [(3, 3)]
    assert (await standing(hub)).held == Hold.CANARY


@pytest.mark.parametrize(("lines", "said"), [("presse\n", r"staff\.txt, line 1"), (None, r"canary\.file")])
async def test_a_list_that_cannot_be_read_is_told_to_the_approver(
    hub: Hub, tmp_path: Path, lines: str | None, said: str
) -> None:
    hub = with_staff(hub, tmp_path, lines or "")
    if lines is None:
        (tmp_path / "staff.txt").unlink()
    await submit(hub, a.covered(a.directive(urgency="Expected")), by=a.staff("Rédaction"))

    with pytest.raises(ConfigError, match=said):
        await approve(hub, "visites", by=APPROVER)
