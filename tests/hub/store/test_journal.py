"""The journal: whoever alters, drops, moves or adds an entry is found out, and the first bad one is named."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from hub.context import Hub
from hub.store import journal

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2020, 3, 10, 12, tzinfo=UTC)


async def five_entries(hub: Hub) -> None:
    async with hub.store.write() as tx:
        for number in range(5):
            await journal.append(
                tx,
                at=NOON,
                actor="Rédaction",
                action="submit",
                subject=f"acte-{number}",
                detail={"n": number},
            )


async def write_and_fail(hub: Hub) -> None:
    async with hub.store.write() as tx:
        await journal.append(tx, at=NOON, actor="Rédaction", action="submit", subject="acte")
        raise RuntimeError


async def verdict(hub: Hub) -> journal.Verdict:
    async with hub.store.read() as tx:
        return await journal.verify(tx)


async def test_an_untouched_journal_holds(hub: Hub) -> None:
    await five_entries(hub)

    found = await verdict(hub)

    assert found.fault is None
    assert found.entries == 5


async def test_an_empty_journal_holds(hub: Hub) -> None:
    assert (await verdict(hub)).fault is None


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE journal SET actor = 'Personne' WHERE id = 3", "entry 3 was altered"),
        ("UPDATE journal SET detail = '{\"n\": 9}' WHERE id = 2", "entry 2 was altered"),
        ("UPDATE journal SET at = '2020-03-10 12:00:01.000000' WHERE id = 4", "entry 4 was altered"),
        ("DELETE FROM journal WHERE id = 3", "entry 3 is missing"),
        ("DELETE FROM journal WHERE id = 1", "entry 1 is missing"),
        (
            "UPDATE journal SET previous = (SELECT hash FROM journal WHERE id = 1) WHERE id = 3",
            "entry 3 does not follow entry 2",
        ),
        ("DELETE FROM journal WHERE id = 5", "1 entry is missing at the end"),
        ("DELETE FROM journal WHERE id > 2", "3 entries are missing at the end"),
        ("DELETE FROM journal", "5 entries are missing at the end"),
        ("DELETE FROM settings WHERE key LIKE 'journal/%'", "more than were ever counted"),
        ("UPDATE settings SET value = 'x' WHERE key = 'journal/head'", "entry 5 is not the last one written"),
        ("UPDATE settings SET value = 'x' WHERE key = 'journal/count'", "the count of entries was altered"),
    ],
)
async def test_tampering_is_found_and_named(hub: Hub, tampering: str, named: str) -> None:
    await five_entries(hub)
    async with hub.store.write() as tx:
        await tx.execute(text(tampering))

    fault = (await verdict(hub)).fault

    assert fault is not None
    assert named in fault


async def test_what_is_written_after_a_truncation_does_not_hide_it(hub: Hub) -> None:
    await five_entries(hub)
    async with hub.store.write() as tx:
        await tx.execute(text("DELETE FROM journal WHERE id > 3"))

    await five_entries(hub)

    fault = (await verdict(hub)).fault
    assert fault is not None
    assert "entry 4 does not follow entry 3" in fault


async def test_an_entry_that_is_rolled_back_leaves_no_trace(hub: Hub) -> None:
    await five_entries(hub)

    with pytest.raises(RuntimeError):
        await write_and_fail(hub)

    assert (await verdict(hub)).fault is None
