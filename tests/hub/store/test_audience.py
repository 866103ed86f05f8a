"""The audience, which is read quickly, is the one that a slow and plain reading of the rules finds."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert

from hub.model.delivery import Outcome
from hub.register import Places
from hub.store import holders, persons, suppressions, tables
from hub.store.engine import Store
from hub.store.holders import Earlier, Holding
from subscribers.audience import AudienceCount, Recipient
from tests.plans import empty, new_store

NOON = datetime(2020, 3, 13, 12, tzinfo=UTC)
NAMUR, LIEGE, BRUSSELS, GENT = "92094", "62063", "21004", "44021"
CELLS = {
    ("elderly.residential", "direction"): Places(frozenset({NAMUR, LIEGE})),
    ("elderly.residential", "staff"): Places(frozenset({NAMUR}), {"FWB": frozenset({BRUSSELS})}),
    ("sport", "staff"): Places(frozenset({GENT})),
}
HATS = (*CELLS, ("general", "citizen"))
ADDRESSES = {
    "email": ("a@example.org", "b@example.org", "c@example.org", "d@example.org"),
    "sms": ("+32470000001", "+32470000002", "+32470000003"),
}
WORLDS = 30
"""How many are made up per engine."""


@pytest.fixture
async def store(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    monkeypatch.setattr(persons, "PAGE", 5)
    monkeypatch.setattr(suppressions, "BATCH", 3)
    store = await new_store(database)
    yield store
    await store.close()


@dataclass
class World:
    """Rows of each table, and what is asked of them."""

    dice: Random
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    earlier: list[int] = field(default_factory=list)

    def made(self) -> "World":
        """People of all sorts, at few addresses, so that many are shared; some already wrote to, some not to be."""
        dice, one = self.dice, self.dice.choice
        communes = (None, NAMUR, LIEGE, BRUSSELS, GENT)
        self.rows["organisations"] = [
            {"id": n, "name": f"Maison {n}", "commune": one(communes), "community": one((None, "FWB", "VG"))}
            for n in range(1, 4)
        ]
        number = dice.randrange(26)
        self.rows["persons"] = [
            {
                "id": n,
                "language": one(("fr", "nl", "de", "it")),
                "preferred": one(("email", "sms")),
                "preferred_urgent": one(("email", "sms")),
                "commune": one(communes),
                "community": one((None, "FWB")),
                "token": f"token-{n}",
                "added_at": NOON + timedelta(hours=one((0, 0, 0, 2))),
                "opted_out_at": one((None, None, None, NOON)),
                "erased_at": one((None,) * 8 + (NOON,)),
            }
            for n in range(1, number + 1)
        ]
        self.rows["addresses"] = [
            {
                "person": n,
                "channel": channel,
                "value": one(values) if dice.random() < 0.5 else f"{n}@{channel}.example",
            }
            for n in range(1, number + 1)
            for channel, values in ADDRESSES.items()
            if dice.random() < 0.7
        ]
        theirs = {
            (n, one((None, 1, 2, 3)), one(HATS))
            for n in range(1, number + 1)
            for _ in range(one((0, 1, 1, 1, 3)))
        }
        self.rows["memberships"] = [
            {
                "person": n,
                "organisation": house,
                "sector": hat[0],
                "audience": hat[1],
                "stream": one(("duty", "directives")),
            }
            for n, house, hat in sorted(theirs, key=str)
        ]
        for dispatch in range(1, one((1, 1, 2, 3))):
            self._sent(dispatch)
        return self

    def _sent(self, dispatch: int) -> None:
        """An earlier revision, which reached some, and of some nobody knows."""
        one, add = self.dice.choice, self._add
        self.earlier.append(dispatch)
        who = {"directive": "d", "revision": dispatch, "mode": "Actual", "urgency": "Expected"}
        add("dispatches", id=dispatch, **who, approved_at=NOON, expires_at=NOON)
        for seq, person in enumerate(self.rows["persons"], start=1):
            if self.dice.random() < 0.4:
                continue
            body = {"channel": "email", "language": "fr", "subject": "", "text": "", "digest": ""}
            hats = self.dice.sample(HATS, one((0, 1, 1, 2)))
            id_ = 100 * dispatch + seq
            add("bodies", id=id_, dispatch=dispatch, hats=hats, stream=one(("duty", "directives")), **body)
            to = {"channel": "email", "address": "", "token": "", "body": id_}
            add("deliveries", dispatch=dispatch, seq=seq, person=person["id"], **to)
            outcome = one((None, Outcome.ACCEPTED, Outcome.UNCERTAIN, Outcome.REFUSED))
            if outcome is not None:
                by = {"owner": "s", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
                add("attempts", dispatch=dispatch, seq=seq, attempt=1, outcome=outcome.value, at=NOON, **by)

    def _add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    async def put(self, store: Store) -> dict[tuple[str, str], str]:
        """Write it all; returns the addresses that are not to be used, and why."""
        await empty(store)
        barred = {
            (row["channel"], row["value"]): self.dice.choice(("unsubscribed", "550 5.1.1"))
            for row in self.rows["addresses"]
            if self.dice.random() < self.dice.choice((0, 0.3))
        }
        async with store.write() as tx:
            for table in tables.metadata.sorted_tables:
                for row in self.rows.get(table.name, []):
                    await tx.execute(insert(table).values(row))
            for (channel, value), reason in barred.items():
                await suppressions.add(tx, channel=channel, value=value, reason=reason, at=NOON)
        return barred


@dataclass
class Reading:
    """What the rules say, person by person; nothing here is quick."""

    world: World
    barred: Mapping[tuple[str, str], str]
    held: Mapping[int, Holding]
    urgent: bool
    known_by: datetime | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def audience(self) -> list[Recipient]:
        found = [recipient for person in self.world.rows["persons"] for recipient in self._reached(person)]
        found.sort(key=lambda each: (("email", "sms").index(each.channel), each.held is None, each.person))
        taken: set[tuple[str, str]] = set()
        kept = []
        for each in found:
            if (each.channel, each.address) in taken:
                self.left_out["same address"] += 1
            else:
                kept.append(each)
                taken.add((each.channel, each.address))
        return kept

    def count(self) -> AudienceCount:
        self.left_out.clear()
        found = self.audience()
        return AudienceCount(
            total=len(found),
            channels=Counter(each.channel for each in found),
            languages=Counter(each.language for each in found),
            unreachable=self.left_out["unreachable"],
            opted_out=self.left_out["opted out"],
            same_address=self.left_out["same address"],
            other_language=sum(each.language != "fr" for each in found),
            hats=Counter(hat for each in found for hat in {*each.hats, *each.left}),
        )

    def _reached(self, person: Mapping[str, Any]) -> list[Recipient]:
        """One, or none."""
        if person["erased_at"] or (self.known_by and person["added_at"] > self.known_by):
            return []
        holding = self.held.get(person["id"])
        hats = [*self._concerned(person), *self._left(person, holding)]
        if not hats:
            return []
        if person["opted_out_at"]:
            hats = [hat for hat in hats if hat[2] == "duty"]
        addresses = {
            row["channel"]: row["value"]
            for row in self.world.rows["addresses"]
            if row["person"] == person["id"]
        }
        preferred = person["preferred_urgent" if self.urgent else "preferred"]
        for channel in sorted(addresses, key=lambda channel: channel != preferred):
            why = self.barred.get((channel, addresses[channel]))
            heard = [hat for hat in hats if why is None or (why == "unsubscribed" and hat[2] == "duty")]
            if heard:
                return [self._recipient(person, channel, addresses[channel], heard, holding)]
        wished = not hats or "unsubscribed" in {self.barred.get(address) for address in addresses.items()}
        self.left_out["opted out" if wished else "unreachable"] += 1
        return []

    def _concerned(self, person: Mapping[str, Any]) -> list[tuple[tuple[str, str], bool, str]]:
        """Each hat with whether only an earlier message had it, and its stream."""
        found = []
        for row in self.world.rows["memberships"]:
            hat = (row["sector"], row["audience"])
            house = next(
                (h for h in self.world.rows["organisations"] if h["id"] == row["organisation"]), None
            )
            if row["person"] != person["id"] or hat not in CELLS:
                continue
            commune = (house and house["commune"]) or person["commune"]
            community = house["community"] if house else person["community"]
            if CELLS[hat].includes(commune, community, house["name"] if house else None):
                found.append((hat, False, row["stream"]))
        return found

    def _left(
        self, person: Mapping[str, Any], holding: Holding | None
    ) -> list[tuple[tuple[str, str], bool, str]]:
        concerned = {hat for hat, _, _ in self._concerned(person)}
        duties = {
            (row["sector"], row["audience"])
            for row in self.world.rows["memberships"]
            if row["person"] == person["id"] and row["stream"] == "duty"
        }
        hats = () if holding is None else holding.hats
        stream = "" if holding is None else holding.stream
        return [(hat, True, "duty" if hat in duties else stream) for hat in hats if hat not in concerned]

    def _recipient(
        self,
        person: Mapping[str, Any],
        channel: Any,
        address: str,
        heard: list[tuple[tuple[str, str], bool, str]],
        holding: Holding | None,
    ) -> Recipient:
        now = tuple(cell for cell in CELLS if cell in {hat for hat, gone, _ in heard if not gone})
        return Recipient(
            person["id"],
            channel,
            address,
            person["language"],
            "duty" if all(stream == "duty" for _, _, stream in heard) else "directives",
            person["token"],
            now,
            None if holding is None else holding.dispatch,
            tuple(hat for hat, gone, _ in heard if gone),
        )


async def read(store: Store, seed: int) -> tuple[Reading, dict[str, Any]]:
    """A world in the database, how the rules read it, and the question that is asked."""
    world = World(Random(seed)).made()
    barred = await world.put(store)
    question = {"cells": CELLS, "urgent": bool(seed % 2), "earlier": Earlier(world.earlier)}
    async with store.read() as tx:
        held = await holders.find(tx, Earlier(world.earlier), lambda column: column > 0)
    return Reading(world, barred, held, bool(seed % 2)), question


async def test_the_audience_and_its_count_are_what_the_rules_say(store: Store) -> None:
    reached = Counter[str]()
    for seed in range(WORLDS):
        reading, question = await read(store, seed)

        async with store.read() as tx:
            found = [recipient async for recipient in persons.audience(tx, **question)]
            counted = await persons.count_audience(tx, languages=["fr"], **question)

        assert found == reading.audience(), seed
        assert counted == reading.count(), seed
        reached.update(each.channel for each in found)
        reached.update(reading.left_out.keys())
        reached["held"] += any(each.held for each in found)
        reached["left"] += any(each.left for each in found)
        reached["several hats"] += any(len(each.hats) > 1 for each in found)
    assert all(
        reached[what]
        for what in (
            "email",
            "sms",
            "same address",
            "opted out",
            "unreachable",
            "held",
            "left",
            "several hats",
        )
    ), reached


async def test_who_was_added_later_is_in_no_audience(store: Store) -> None:
    for seed in range(WORLDS // 3):
        reading, question = await read(store, seed)
        reading.known_by = NOON

        async with store.read() as tx:
            found = [recipient async for recipient in persons.audience(tx, known_by=NOON, **question)]

        assert found == reading.audience(), seed


async def test_behind_those_who_are_planned_come_all_others_in_the_same_order(store: Store) -> None:
    for seed in range(WORLDS // 3):
        reading, question = await read(store, seed)
        everybody = reading.audience()
        half = reading.world.dice.randrange(len(everybody) + 1)
        await plan(store, everybody[:half])

        async with store.read() as tx:
            pages = [page async for page in persons.pages(tx, planned=99, **question)]

        assert [person for page in pages for person, *_ in page] == [
            each.person for each in everybody[half:]
        ], seed


async def plan(store: Store, recipients: list[Recipient]) -> None:
    """Deliveries of dispatch 99 to these."""
    body = {"id": 99, "dispatch": 99, "channel": "email", "language": "fr", "stream": "duty", "hats": []}
    who = {"id": 99, "directive": "d", "revision": 99, "mode": "Actual", "urgency": "Expected"}
    async with store.write() as tx:
        await tx.execute(insert(tables.dispatches).values(**who, approved_at=NOON, expires_at=NOON))
        await tx.execute(insert(tables.bodies).values(**body, subject="", text="", digest=""))
        for seq, each in enumerate(recipients, start=1):
            to = {"channel": each.channel, "address": each.address, "token": each.token, "body": 99}
            await tx.execute(insert(tables.deliveries).values(dispatch=99, seq=seq, person=each.person, **to))
