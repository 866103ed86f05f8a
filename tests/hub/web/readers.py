"""Readers for the tests of the web: a family member, and a direction with a mandatory notice."""

from dataclasses import dataclass

from sqlalchemy import insert

from hub.context import Hub
from hub.store.tables import addresses, memberships, organisations, persons
from tests.hub.site.sheets import MARCH

FAMILY, DUTY = "f" * 32, "d" * 32
PHONE = "+32470000001"


@dataclass(frozen=True, slots=True)
class Reader:
    """What a row of each table needs."""

    id: int
    token: str
    audience: str
    stream: str
    organisation: int | None


READERS = (
    Reader(1, FAMILY, "family", "directives", None),
    Reader(2, DUTY, "direction", "duty", 1),
)


async def enlist(hub: Hub) -> None:
    """Put both readers into the database."""
    async with hub.store.write() as tx:
        await tx.execute(insert(organisations).values(id=1, name="Les Tilleuls <MRS>"))
        for reader in READERS:
            await tx.execute(
                insert(persons).values(
                    id=reader.id,
                    language="fr",
                    preferred="email",
                    preferred_urgent="sms",
                    token=reader.token,
                    added_at=MARCH,
                )
            )
            reached = {"email": f"reader{reader.id}@tilleuls.example", "sms": f"+3247000000{reader.id}"}
            for channel, value in reached.items():
                await tx.execute(insert(addresses).values(person=reader.id, channel=channel, value=value))
            await tx.execute(
                insert(memberships).values(
                    person=reader.id,
                    organisation=reader.organisation,
                    sector="elderly.residential",
                    audience=reader.audience,
                    stream=reader.stream,
                )
            )
