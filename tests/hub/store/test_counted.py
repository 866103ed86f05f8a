"""What a count is kept for, and which databases keep any."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Integer, delete, func, insert, select, text

from hub.model.message import Hat
from hub.register import Places
from hub.store import counted, persons, schema, tables
from hub.store.counted import MANY, Question
from hub.store.engine import Store, Tx, open_store, sqlite_url
from hub.store.tables import counts
from subscribers.audience import AudienceCount
from tests.plans import new_store, people

STAFF, FAMILY = Hat("elderly.residential", "staff"), Hat("elderly.residential", "family")
NAMUR = Places(frozenset({"92094"}))
QUESTION = Question({STAFF: NAMUR, FAMILY: NAMUR}, urgent=True, languages=("fr", "nl"))


@pytest.fixture
async def store(empty: str) -> AsyncIterator[Store]:
    store = open_store(empty)
    await schema.upgrade(store)
    await people(store, 3)
    await _join(store)
    yield store
    await store.close()


async def _join(store: Store) -> None:
    async with store.write() as tx:
        for person in (1, 2, 3):
            hat = {"sector": STAFF.sector, "audience": STAFF.audience, "stream": "duty"}
            await tx.execute(insert(tables.memberships).values(person=person, **hat))
            reached = {"channel": "email", "value": f"{person}@example.org"}
            await tx.execute(insert(tables.addresses).values(person=person, **reached))


async def count(store: Store, question: Question = QUESTION) -> AudienceCount:
    async with store.read() as tx:
        return await counted.count(tx, question)


async def kept(store: Store) -> int:
    async with store.read() as tx:
        return (await tx.execute(select(func.count()).where(counts.c.found.is_not(None)))).scalar_one()


OTHERS = [
    replace(QUESTION, urgent=False),
    replace(QUESTION, languages=("fr",)),
    replace(QUESTION, cells={STAFF: NAMUR}),
    replace(QUESTION, cells={FAMILY: NAMUR, STAFF: NAMUR}),
    replace(QUESTION, cells={STAFF: NAMUR, FAMILY: NAMUR | Places(frozenset({"62063"}))}),
    replace(QUESTION, cells={STAFF: NAMUR, FAMILY: NAMUR.only(["Les Tilleuls"])}),
    replace(QUESTION, cells={STAFF: NAMUR, FAMILY: NAMUR.only([])}),
    replace(
        QUESTION, cells={STAFF: NAMUR, FAMILY: NAMUR | Places(frozenset(), {"FWB": frozenset({"21004"})})}
    ),
    replace(
        QUESTION, cells={STAFF: NAMUR, FAMILY: NAMUR | Places(frozenset(), {"DG": frozenset({"21004"})})}
    ),
]


def test_each_question_has_a_digest_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {question.digest for question in (QUESTION, *OTHERS)}

    assert len(digests) == 1 + len(OTHERS)
    assert replace(QUESTION, cells={STAFF: Places(frozenset(["92094"])), FAMILY: NAMUR}).digest in digests
    monkeypatch.setattr(counted, "VERSION", counted.VERSION + 1)
    assert QUESTION.digest not in digests


async def test_only_a_database_that_takes_counts_out_by_itself_keeps_any(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counted.beforehand(store, QUESTION)
    fresh = await count(store)
    monkeypatch.setattr(persons, "count_audience", None)

    if store.engine.dialect.name == "sqlite":
        assert await count(store) == fresh
    else:
        assert await kept(store) == 0
        with pytest.raises(TypeError):
            await count(store)
    assert (fresh.total, fresh.hats) == (3, {STAFF: 3})


async def test_another_question_is_counted_for_itself(store: Store) -> None:
    await counted.beforehand(store, QUESTION)

    found = await count(store, replace(QUESTION, cells={FAMILY: NAMUR}))

    assert found.total == 0


async def test_whom_nothing_concerns_nobody_is_counted_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.read() as tx:
        fresh = await persons.count_audience(tx, cells={}, urgent=True, languages=("fr",))
    monkeypatch.setattr(persons, "count_audience", None)

    assert await count(store, replace(QUESTION, cells={})) == fresh


async def test_who_counted_before_a_change_keeps_nothing_under_the_mark_of_who_counts_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    await people(store, 3)
    await _join(store)
    before = persons.count_audience

    async def counting(tx: Tx, **question: Any) -> AudienceCount:
        found = await before(tx, **question)
        async with store.write() as other:
            await other.execute(delete(tables.addresses))
            await other.execute(insert(counts).values(question=QUESTION.digest, mark="another"))
        return found

    monkeypatch.setattr(persons, "count_audience", counting)

    await counted.beforehand(store, QUESTION)

    assert await kept(store) == 0
    await store.close()


async def test_few_counts_are_kept_the_latest_among_them(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    some = [replace(QUESTION, languages=(f"language-{n}",)) for n in range(MANY + 1)]

    for number, question in enumerate(some, start=1):
        await counted.beforehand(store, question)

        assert await kept(store) == (number if number <= MANY else 1)
        async with store.read() as tx:
            assert question.digest in (await tx.execute(select(counts.c.question))).scalars().all()
    await store.close()


async def test_tables_that_no_migration_made_keep_nothing(tmp_path: Path) -> None:
    store = await new_store(tmp_path / "univoque.db")

    await counted.beforehand(store, QUESTION)

    assert await kept(store) == 0
    await store.close()


def _made_anew(connection: Connection) -> None:
    """As a later migration would, which forgets that SQLite drops a table's triggers with it."""
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("addresses", recreate="always") as batch:
        batch.add_column(Column("rank", Integer))


async def test_a_table_that_was_made_anew_keeps_nothing_and_is_believed_nothing(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    await people(store, 3)
    await _join(store)
    await counted.beforehand(store, QUESTION)
    async with store.write() as tx:
        await tx.run_sync(_made_anew)
        await tx.execute(text("DELETE FROM addresses WHERE person = 1"))

    found = await count(store)

    assert (found.total, found.unreachable) == (2, 1)
    await store.close()


async def test_a_database_with_people_goes_up_and_down(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.upgrade(schema.alembic_config(connection), "0006"))
    await people(store, 3)
    await _join(store)

    await schema.upgrade(store)
    await counted.beforehand(store, QUESTION)
    assert (await count(store)).total == 3
    assert await kept(store) == 1
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.downgrade(schema.alembic_config(connection), "0006"))
        await tx.execute(text("DELETE FROM memberships WHERE person = 3"))

    async with store.read() as tx:
        names = await tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        assert names.all() == []
    await schema.upgrade(store)
    assert (await count(store)).total == 2
    await store.close()
