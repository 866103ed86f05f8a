"""Plans for tests: a database with a dispatch whose deliveries, words and chunks stand ready to leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from hub import config, register
from hub.config import Config
from hub.context import Hub
from hub.model.message import Hat, Message
from hub.now import Clock
from hub.render import wording
from hub.store import dispatches, instance
from hub.store.dispatches import NewDelivery
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.tables import metadata, persons
from tests import a

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LINK = "https://univoque.invalid/personal-link"


async def new_store(place: Path | str) -> Store:
    """An empty database with a name, in a file or at a URL."""
    store = open_store(place if isinstance(place, str) else sqlite_url(place))
    async with store.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    async with store.write() as tx:
        await instance.ensure(tx)
    return store


def address(store: Store) -> str:
    """The URL by which another process would open it."""
    return store.engine.url.render_as_string(hide_password=False)


async def empty(store: Store) -> None:
    """Take out all but the name, and begin to number anew."""
    async with store.write() as tx:
        for table in reversed(metadata.sorted_tables):
            if table.name != "settings":
                await tx.execute(table.delete())
        if tx.dialect.name == "postgresql":
            await tx.execute(text("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"))


async def people(store: Store, number: int, *, first: int = 1) -> None:
    """Persons without anything but what a delivery refers to."""
    async with store.write() as tx:
        await tx.execute(
            insert(persons),
            [
                {
                    "id": id_,
                    "language": "fr",
                    "preferred": "email",
                    "preferred_urgent": "email",
                    "token": f"token-{id_:06}",
                    "added_at": NOON,
                }
                for id_ in range(first, first + number)
            ],
        )


async def plan(
    store: Store,
    *,
    recipients: int,
    directive: str = "d1",
    channel: str = "email",
    stream: str = "directives",
    urgency: str = "Immediate",
    chunk: int = 500,
    at: datetime = NOON,
    life: timedelta = timedelta(days=2),
    words: str = "Bonjour",
    domain: str = "example.org",
) -> int:
    """A planned dispatch to the persons 1 to `recipients`; returns its id."""
    async with store.write() as tx:
        found = await dispatches.announce(
            tx,
            directive=directive,
            revision=1,
            mode="Exercise",
            urgency=urgency,
            approved_at=at,
            expires_at=at + life,
        )
        await dispatches.claim(tx, found.id, claim="test", at=at)
        body = await dispatches.add_body(tx, found.id, _message(directive, channel, words), stream=stream)
        address = "person-{}@" + domain if channel == "email" else "+3247000{:04}"
        await dispatches.add_deliveries(
            tx,
            found.id,
            [
                NewDelivery(seq, seq, channel, address.format(seq, seq), f"token-{seq:06}", body)
                for seq in range(1, recipients + 1)
            ],
        )
        await dispatches.add_chunks(
            tx, found.id, channel, first=1, last=recipients, size=chunk, urgency=urgency
        )
        await dispatches.uphold(tx, found.id, claim="test", at=at, planned=at)
    return found.id


def _message(directive: str, channel: str, words: str) -> Message:
    text = f"{words}\n\n{LINK}\n" if channel == "email" else words
    return Message(
        directive=directive,
        hats=(Hat("general", "citizen"),),
        channel="email" if channel == "email" else "sms",
        language="fr",
        subject="EXERCICE – Visites" if channel == "email" else "",
        text=text,
        html=f"<p>{words}</p>\n<p>{LINK}</p>\n" if channel == "email" else None,
        spans=(),
    )


def config_for(folder: Path, **settings: object) -> Config:
    """Settings for tests; keys as `email__port=25`."""
    given = {
        "service__data_dir": folder,
        **a.SINKS,
        "email__enabled": "true",
        "email__security": "none",
        "email__lanes": 4,
        "email__command_timeout": 5,
        "email__dot_timeout": 5,
        "delivery__first_retry": 0.2,
        "delivery__drain": 5,
        **settings,
    }
    return config.load(environ={f"UNIVOQUE__{key.upper()}": str(value) for key, value in given.items()})


def hub_on(store: Store, settings: Config, clock: Clock | None = None) -> Hub:
    """A hub on a database that is open already."""
    return Hub(settings, store, register.load(), wording.load(), clock or Clock())
