"""One database and several machines: each asks once, and none sends from a restored one before it is adopted there."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from hub import epoch
from hub.context import Hub
from hub.flow import life
from hub.flow.adopt import adopt
from hub.model.staff import Role
from hub.now import Clock
from hub.store.engine import Store, open_store
from hub.store.tables import attempts
from tests import a, plans
from tests.hub.flow.test_adopt import backup, restore
from tests.plans import NOON

if TYPE_CHECKING:
    from tests.postgres import Server

OPERATOR = a.staff("Opérations", Role.OPERATOR)


@dataclass(slots=True)
class House:
    """A database, and the machines beside it: each a directory of its own."""

    folder: Path
    url: str
    dump: Callable[[], object]
    restore: Callable[[], object]
    _stores: list[Store] = field(default_factory=list)

    def machine(self, name: str) -> Hub:
        store = open_store(self.url)
        self._stores.append(store)
        settings = plans.config_for(self.folder / name, database__url=self.url)
        return plans.hub_on(store, settings, Clock(lambda: NOON))

    async def close(self) -> None:
        """Everybody lets go of the database."""
        for store in self._stores:
            await store.close()


@pytest.fixture
async def house(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    store = await plans.new_store(database)
    await plans.people(store, 5)
    await plans.plan(store, recipients=5)
    await store.close()
    name, kept = store.engine.url.database, tmp_path / "backup"
    assert name is not None
    if store.engine.dialect.name == "sqlite":
        found = House(tmp_path, database, lambda: backup(tmp_path, kept), lambda: restore(kept, tmp_path))
    else:
        server: Server = request.getfixturevalue("postgres")
        found = House(tmp_path, database, lambda: server.dump(name, kept), lambda: server.restore(kept, name))
    yield found
    await found.close()


async def one_more_leaves(hub: Hub) -> None:
    async with hub.store.write() as tx:
        await tx.execute(
            insert(attempts).values(
                dispatch=1, seq=1, attempt=1, outcome="accepted", at=NOON, owner="sender", epoch=1, lane=0,
                code="250", provider_id="",
            )
        )  # fmt: skip
    await life.note(hub)


only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@only_postgresql
async def test_a_second_machine_asks_once_and_then_both_send(house: House) -> None:
    first, second = house.machine("first"), house.machine("second")
    await life.begin(first)

    asked = await life.begin(second)
    await adopt(second, by=OPERATOR)

    assert "sent from elsewhere" in (asked or "")
    for _ in range(2):
        assert [await life.begin(first), await life.begin(second)] == [None, None]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_with_sqlite_a_second_machine_takes_the_first_ones_place(house: House) -> None:
    first, second = house.machine("first"), house.machine("second")
    await life.begin(first)

    await adopt(second, by=OPERATOR)

    assert await life.begin(second) is None
    assert await life.begin(first) is not None


async def test_a_restored_database_is_sent_from_nowhere_until_it_is_adopted(house: House) -> None:
    home = house.machine("home")
    await life.begin(home)
    house.dump()
    await one_more_leaves(home)
    await house.close()

    await asyncio.to_thread(house.restore)

    assert await life.begin(house.machine("home")) is not None
    assert await life.begin(house.machine("new")) is not None
    await adopt(house.machine("home"), by=OPERATOR)
    assert await life.begin(house.machine("home")) is None


@only_postgresql
async def test_a_machine_that_was_off_while_others_sent_knows_a_restored_database_too(house: House) -> None:
    first, idle = house.machine("first"), house.machine("idle")
    await life.begin(first)
    await adopt(idle, by=OPERATOR)
    await life.begin(idle)
    house.dump()
    await one_more_leaves(first)
    await house.close()

    await asyncio.to_thread(house.restore)

    first, idle = house.machine("first"), house.machine("idle")
    assert "was restored or moved" in (await life.begin(idle) or "")
    await adopt(first, by=OPERATOR)
    assert await life.begin(first) is None
    assert await life.begin(idle) is not None
    await adopt(idle, by=OPERATOR)
    assert [await life.begin(first), await life.begin(idle)] == [None, None]


async def test_an_epoch_file_of_an_older_version_is_no_stranger(house: House) -> None:
    home = house.machine("home")
    await life.begin(home)
    (file,) = (house.folder / "home").glob("sender-*.epoch")
    words = json.loads(file.read_bytes())["epoch"]
    del words["database"]
    seal = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:16]

    with file.open("r+b") as there:
        there.write(json.dumps({"epoch": words, "seal": seal}).encode().ljust(epoch.SIZE))

    assert await life.begin(home) is None
