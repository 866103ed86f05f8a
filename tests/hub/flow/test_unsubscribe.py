"""One click ends it, asking twice changes nothing, and mandatory notices say that they stay."""

import pytest
from sqlalchemy import select

from hub.context import Hub
from hub.errors import NotFound
from hub.flow.enlist import enlist
from hub.flow.unsubscribe import Way, show, start_number, stop_number, unsubscribe
from hub.register import Places
from hub.store import journal, suppressions
from hub.store.persons import audience
from hub.store.tables import consents, persons

pytestmark = pytest.mark.usefixtures("database")

LIST = """email;phone;organisation;commune;sector;audience;stream
marie@example.org;0470 00 00 01;;5000;sport;family;
direction@example.org;;Les Tilleuls;5000;elderly.residential;direction;duty
direction@example.org;;;;sport;citizen;
"""

DUTY_ALONE = """email;organisation;commune;sector;audience;stream
direction@example.org;Les Tilleuls;5000;elderly.residential;direction;duty
"""
NAMUR = Places(frozenset({"92094"}))
CELLS = {("elderly.residential", "direction"): NAMUR, ("sport", "citizen"): NAMUR}


@pytest.fixture
async def tokens(hub: Hub) -> dict[str, str]:
    """The links of Marie, and of a direction that is a citizen too."""
    await enlist(hub, LIST.encode(), "list.csv", dry_run=False, actor="Opérations")
    async with hub.store.read() as tx:
        marie, direction = (await tx.execute(select(persons.c.token).order_by(persons.c.id))).scalars()
    return {"marie": marie, "direction": direction}


async def consents_of(hub: Hub) -> list[tuple[bool, str]]:
    async with hub.store.read() as tx:
        rows = await tx.execute(select(consents.c.granted, consents.c.basis).order_by(consents.c.id))
        return [(granted, basis) for granted, basis in rows if basis != "not stated"]


async def journal_of(hub: Hub) -> list[journal.Entry]:
    async with hub.store.read() as tx:
        return [entry async for entry in journal.entries(tx)][1:]


async def test_a_page_shows_what_somebody_receives_and_no_whole_address(
    hub: Hub, tokens: dict[str, str]
) -> None:
    page = await show(hub, tokens["marie"])

    assert page.ways == (Way("email", "m…@example.org", None), Way("sms", "+32…01", None))
    assert [(s.sector, s.audience) for s in page.directives] == [("sport", "family")]
    assert page.streams == ("directives",)
    assert not page.opted_out


async def test_looking_changes_nothing(hub: Hub, tokens: dict[str, str]) -> None:
    await show(hub, tokens["marie"])

    assert await consents_of(hub) == []
    assert await journal_of(hub) == []


async def test_unsubscribing_ends_everything_and_is_on_record(hub: Hub, tokens: dict[str, str]) -> None:
    page = await unsubscribe(hub, tokens["marie"], source="one-click")

    assert page.opted_out
    assert page.streams == ()
    assert [way.reason for way in page.ways] == ["unsubscribed", "unsubscribed"]
    assert await consents_of(hub) == [(False, "withdrawn by the person")]
    (entry,) = await journal_of(hub)
    assert (entry.action, entry.detail["source"]) == ("unsubscribed", "one-click")
    assert "example" not in repr(entry)


async def test_asking_twice_changes_nothing(hub: Hub, tokens: dict[str, str]) -> None:
    first = await unsubscribe(hub, tokens["marie"])
    second = await unsubscribe(hub, tokens["marie"])

    assert first == second
    assert len(await journal_of(hub)) == 1
    assert len(await consents_of(hub)) == 1


async def test_mandatory_notices_stay_and_the_page_says_so(hub: Hub, tokens: dict[str, str]) -> None:
    page = await unsubscribe(hub, tokens["direction"])

    assert page.opted_out
    assert page.streams == ("duty",)
    assert [(s.organisation, s.audience) for s in page.duty] == [("Les Tilleuls", "direction")]


async def test_who_receives_mandatory_notices_alone_has_nothing_to_end(hub: Hub) -> None:
    await enlist(hub, DUTY_ALONE.encode(), "list.csv", dry_run=False, actor="Opérations")
    async with hub.store.read() as tx:
        token = (await tx.execute(select(persons.c.token))).scalar_one()
    before = await show(hub, token)

    pages = [await unsubscribe(hub, token), await unsubscribe(hub, token, source="one-click")]

    assert pages == [before, before]
    assert before.only_duty
    assert not before.opted_out
    assert await consents_of(hub) == []
    assert await journal_of(hub) == []
    async with hub.store.read() as tx:
        assert not await suppressions.any_at_all(tx)
        recipients = [recipient async for recipient in audience(tx, cells=CELLS, urgent=True)]
    assert [(r.address, r.stream) for r in recipients] == [("direction@example.org", "duty")]


async def test_mandatory_notices_still_leave_after_everything_else_was_ended(
    hub: Hub, tokens: dict[str, str]
) -> None:
    await unsubscribe(hub, tokens["direction"])

    async with hub.store.read() as tx:
        recipients = [recipient async for recipient in audience(tx, cells=CELLS, urgent=True)]

    assert [(r.address, r.stream, r.hats) for r in recipients] == [
        ("direction@example.org", "duty", (("elderly.residential", "direction"),))
    ]


@pytest.mark.parametrize("end", ["x", "", "\0", "=" * 3])
async def test_a_link_that_is_not_whole_finds_nobody(hub: Hub, tokens: dict[str, str], end: str) -> None:
    begun, last = tokens["marie"][:-1], tokens["marie"][-1]

    for act in (show, unsubscribe):
        with pytest.raises(NotFound):
            await act(hub, begun + ("y" if end == last else end))

    assert await journal_of(hub) == []


async def test_stop_by_sms_ends_sms_and_nothing_else(hub: Hub, tokens: dict[str, str]) -> None:
    stopped = [await stop_number(hub, "0470 00 00 01"), await stop_number(hub, "+32470000001")]

    assert stopped == [1, 1]
    page = await show(hub, tokens["marie"])
    assert not page.opted_out
    assert {way.channel: way.reason for way in page.ways} == {"email": None, "sms": "stop"}
    assert await consents_of(hub) == [(False, "STOP by SMS")]
    assert len(await journal_of(hub)) == 1


async def test_start_by_sms_lets_sms_come_again(hub: Hub, tokens: dict[str, str]) -> None:
    await stop_number(hub, "+32470000001")

    await start_number(hub, "+32470000001")
    await start_number(hub, "+32470000001")

    assert all(way.open for way in (await show(hub, tokens["marie"])).ways)
    assert [granted for granted, _ in await consents_of(hub)] == [False, True]
    assert len(await journal_of(hub)) == 2


async def test_a_number_that_is_nobodys_is_suppressed_all_the_same(hub: Hub) -> None:
    assert await stop_number(hub, "+32470000099") == 0
    assert await stop_number(hub, "1789") == 0

    async with hub.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value="+32470000099") == "stop"


async def test_hashes_are_keyed_and_hold_no_address(hub: Hub) -> None:
    one, other = suppressions.hasher(b"one"), suppressions.hasher(b"other")

    assert one("email", "a@example.org") == one("email", "a@example.org")
    assert one("email", "a@example.org") != other("email", "a@example.org")
    assert one("email", "a@example.org") != one("sms", "a@example.org")
    assert len(one("email", "a@example.org")) == 64
