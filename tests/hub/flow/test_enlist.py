"""What a list does to those we know: new, updated, unchanged, or kept as they chose to be."""

from typing import Any

import pytest
from sqlalchemy import func, select

from hub.context import Hub
from hub.flow.enlist import enlist, new_token
from hub.flow.unsubscribe import start_number, stop_number, unsubscribe
from hub.store import journal, suppressions
from hub.store.tables import addresses, consents, memberships, metadata, organisations, persons

pytestmark = pytest.mark.usefixtures("database")

HEADINGS = "external_id;email;phone;language;preferred;organisation;commune;sector;audience;stream"
MARIE = ";marie@example.org;0470 00 00 01;fr;sms;;5000;sport;family;"
DIRECTION = ";direction@example.org;;fr;;Les Tilleuls;5000;elderly.residential;direction;duty"


async def imported(hub: Hub, *rows: str, headings: str = HEADINGS, dry_run: bool = False) -> dict[str, Any]:
    """The report of a list of these rows."""
    data = "\n".join([headings, *rows]).encode()
    return (await enlist(hub, data, "list.csv", dry_run=dry_run, actor="Opérations")).to_json()


def counts(report: dict[str, Any]) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("new", "updated", "unchanged", "kept_opted_out", "merged")
    found = {name: report[name] for name in names if report[name]}
    return found | ({"refused": len(report["refused"])} if report["refused"] else {})


async def rows_of(hub: Hub, table: Any) -> list[Any]:
    async with hub.store.read() as tx:
        return [dict(row._mapping) for row in await tx.execute(select(table).order_by(*table.primary_key))]


async def token_of(hub: Hub, email: str) -> str:
    async with hub.store.read() as tx:
        statement = select(persons.c.token).join(addresses).where(addresses.c.value == email)
        token: str = (await tx.execute(statement)).scalar_one()
    return token


async def test_a_list_brings_people_organisations_addresses_and_consents(hub: Hub) -> None:
    report = await imported(hub, MARIE, DIRECTION)

    assert counts(report) == {"new": 2}
    (marie, direction) = await rows_of(hub, persons)
    assert (marie["preferred"], marie["commune"]) == ("sms", "92094")
    assert direction["commune"] is None
    assert [(o["name"], o["commune"]) for o in await rows_of(hub, organisations)] == [
        ("Les Tilleuls", "92094")
    ]
    assert [a["value"] for a in await rows_of(hub, addresses)] == [
        "marie@example.org",
        "+32470000001",
        "direction@example.org",
    ]
    assert [(c["stream"], c["granted"], c["source"]) for c in await rows_of(hub, consents)] == [
        ("directives", True, "list.csv"),
        ("duty", True, "list.csv"),
    ]


async def test_the_same_list_again_changes_nothing(hub: Hub) -> None:
    await imported(hub, MARIE, DIRECTION)
    before = {table.name: await rows_of(hub, table) for table in (persons, addresses, memberships, consents)}

    report = await imported(hub, MARIE, DIRECTION)

    assert counts(report) == {"unchanged": 2}
    assert before == {
        table.name: await rows_of(hub, table) for table in (persons, addresses, memberships, consents)
    }


async def test_what_a_list_states_updates_and_what_it_leaves_empty_does_not(hub: Hub) -> None:
    await imported(hub, MARIE)

    report = await imported(hub, ";marie@example.org;;de;;;;sport;staff;")

    assert counts(report) == {"updated": 1}
    (marie,) = await rows_of(hub, persons)
    assert (marie["language"], marie["preferred"], marie["commune"]) == ("de", "sms", "92094")
    assert {(m["sector"], m["audience"]) for m in await rows_of(hub, memberships)} == {
        ("sport", "family"),
        ("sport", "staff"),
    }


async def test_an_address_can_be_changed_under_the_same_external_id(hub: Hub) -> None:
    await imported(hub, "7;old@example.org;;fr;;;;sport;staff;")

    report = await imported(hub, "7;new@example.org;;fr;;;;sport;staff;")

    assert counts(report) == {"updated": 1}
    assert [a["value"] for a in await rows_of(hub, addresses)] == ["new@example.org"]


async def test_somebody_known_by_address_is_found_when_a_list_numbers_them(hub: Hub) -> None:
    await imported(hub, MARIE)

    report = await imported(hub, "7" + MARIE)

    assert counts(report) == {"updated": 1}
    assert [p["external_id"] for p in await rows_of(hub, persons)] == ["7"]


async def test_two_numbered_people_may_share_an_address(hub: Hub) -> None:
    await imported(hub, MARIE)

    report = await imported(hub, "7" + MARIE, "8" + MARIE)

    assert counts(report) == {"new": 1, "updated": 1}
    assert [p["external_id"] for p in await rows_of(hub, persons)] == ["7", "8"]


@pytest.mark.parametrize(
    "rows", [[MARIE, DIRECTION, ";nobody;;;;;;sport;staff;"], ["7" + MARIE, "8" + MARIE]]
)
async def test_a_dry_run_tells_exactly_what_would_happen_and_changes_nothing(
    hub: Hub, rows: list[str]
) -> None:
    await imported(hub, MARIE)
    before = {table.name: await rows_of(hub, table) for table in metadata.sorted_tables}

    dry = await imported(hub, *rows, dry_run=True)

    assert before == {table.name: await rows_of(hub, table) for table in metadata.sorted_tables}
    assert dry | {"dry_run": False} == await imported(hub, *rows)


async def test_no_list_revives_who_opted_out(hub: Hub) -> None:
    await imported(hub, MARIE)
    await unsubscribe(hub, await token_of(hub, "marie@example.org"))

    again = await imported(hub, MARIE)
    numbered = await imported(hub, "7" + MARIE)
    other_hat = await imported(hub, MARIE.replace("family", "staff"))
    other_address = await imported(hub, ";m@example.net;0470 00 00 01;fr;;;;culture;citizen;")

    assert [counts(r) for r in (again, numbered, other_hat, other_address)] == [{"kept_opted_out": 1}] * 4
    (marie,) = await rows_of(hub, persons)
    assert marie["opted_out_at"] is not None
    assert len(await rows_of(hub, memberships)) == 1
    assert [c["granted"] for c in await rows_of(hub, consents)] == [True, False]


async def test_no_list_makes_an_opt_out_mandatory(hub: Hub) -> None:
    staff = ";staff@example.org;;fr;;Les Tilleuls;5000;sport;staff;"
    await imported(hub, staff)
    await unsubscribe(hub, await token_of(hub, "staff@example.org"))

    report = await imported(hub, staff + "duty")

    assert counts(report) == {"kept_opted_out": 1}
    assert [m["stream"] for m in await rows_of(hub, memberships)] == ["directives"]


async def test_a_suppressed_address_stays_away_when_its_person_is_gone(hub: Hub) -> None:
    async with hub.store.write() as tx:
        await suppressions.add(
            tx, channel="email", value="marie@example.org", reason="unsubscribed", at=hub.clock.now()
        )

    assert counts(await imported(hub, MARIE)) == {"kept_opted_out": 1}
    assert await rows_of(hub, persons) == []


async def test_a_number_that_said_stop_takes_nothing_and_the_email_goes_on(hub: Hub) -> None:
    await stop_number(hub, "+32470000001")

    report = await imported(hub, MARIE, ";;0470 00 00 01;fr;;;;culture;family;")

    assert counts(report) == {"new": 1, "merged": 1}
    async with hub.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value="+32470000001") == "stop"


async def test_start_is_a_consent_of_their_own(hub: Hub) -> None:
    await imported(hub, MARIE)
    await unsubscribe(hub, await token_of(hub, "marie@example.org"))

    await start_number(hub, "+32470000001")

    (marie,) = await rows_of(hub, persons)
    assert marie["opted_out_at"] is None
    async with hub.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value="+32470000001") is None
        assert await suppressions.find(tx, channel="email", value="marie@example.org") == "unsubscribed"


async def test_the_journal_holds_counts_and_no_address(hub: Hub) -> None:
    await imported(hub, MARIE, DIRECTION, ";nobody@;;;;;;sport;staff;")

    async with hub.store.read() as tx:
        (entry,) = [entry async for entry in journal.entries(tx)]
    assert entry.actor == "Opérations"
    assert entry.detail["new"] == 2
    assert entry.detail["refused"] == 1
    assert "example" not in repr(entry)
    assert "nobody" not in repr(entry)


async def test_a_refused_row_is_reported_and_the_rest_is_written(hub: Hub) -> None:
    report = await imported(hub, ";nobody;;;;;;sport;staff;", MARIE)

    assert report["refused"] == [
        {
            "row": 2,
            "column": "email",
            "reason": "An email address must have an @-sign",
            "remedy": "write one address such as info@example.org",
        }
    ]
    assert counts(report) == {"new": 1, "refused": 1}


async def test_a_list_longer_than_a_batch_is_one_transaction(hub: Hub) -> None:
    rows = [f"{n};p{n}@example.org;;fr;;Maison {n % 7};5000;sport;staff;" for n in range(2_000)]

    first, second = await imported(hub, *rows), await imported(hub, *rows)

    assert (counts(first), counts(second)) == ({"new": 2_000}, {"unchanged": 2_000})
    async with hub.store.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(organisations))).scalar_one() == 7
        assert (await tx.execute(select(func.count(persons.c.token.distinct())))).scalar_one() == 2_000


def test_a_token_is_long_random_and_needs_no_escaping() -> None:
    tokens = {new_token() for _ in range(1_000)}

    assert len(tokens) == 1_000
    assert all(len(token) >= 22 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)
    assert all(token.isascii() for token in tokens)
