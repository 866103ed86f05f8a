"""A whole way leaves no address, number, link or text in the log, whatever goes wrong on it."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
import structlog

from channels.registry import open_channels
from hub import log, worker
from hub.config import Log
from hub.context import open_hub
from hub.flow import deliver
from hub.sender import Stopping
from hub.store import dispatches
from tests import plans
from tests.doubles.smtp import Fault, SmtpDouble
from tests.doubles.twilio import TwilioDouble
from tests.test_the_way import PEOPLE, settings, the_way

MARKS = ("[address]", "[number]", "[link]")
"""What the log puts in place of what it takes out: it should never have to."""

WORDS = "Les visites du dimanche sont interdites"


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def private() -> list[str]:
    """Every address and number of the people on the way, and the words that reach them."""
    cells = [cell for row in PEOPLE.splitlines()[1:] for cell in row.split(";")[:2] if cell]
    return [*cells, "70123456", "Il est interdit"]


async def test_the_way_says_nothing_of_anybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(level="debug", format="json"))
    async with (
        SmtpDouble() as relay,
        TwilioDouble() as provider,
        open_hub(settings(tmp_path, relay, provider)) as hub,
    ):
        await the_way(hub, relay, provider)
        sent = provider.token

    said = capsys.readouterr()
    assert [word for word in [*private(), sent] if word in said.err + said.out] == []
    assert [mark for mark in MARKS if mark in said.err] == [], (
        "an event named somebody, and the log took it out"
    )


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_way_full_of_faults_says_nothing_of_anybody(
    form: Literal["console", "json"],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The relay quotes the reader in each refusal, as relays do, and the program itself fails with one in hand."""
    log.configure(Log(level="debug", format=form))
    monkeypatch.setattr(deliver, "RECONNECT", timedelta(seconds=0.2))
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 6)
    async with SmtpDouble() as relay:
        relay.on("rcpt", "550 5.1.1 <person-1@example.org>: no such user", to="person-1@example.org")
        relay.on("rcpt", "451 4.3.0 person-2@example.org try again", to="person-2@example.org")
        relay.on("mail", "530 5.7.0 log in before you write to person-3@example.org")
        relay.on("dot", Fault.CUT, to="person-4@example.org")
        settings = plans.config_for(
            tmp_path, email__port=relay.port, log__level="debug", delivery__first_retry=0.05
        )
        hub = plans.hub_on(store, settings)
        id_ = await plans.plan(store, recipients=6, at=hub.clock.now(), words=WORDS)
        opened = open_channels(
            email=settings.email, sms=settings.sms, mode="Exercise", site_url="", now=hub.clock.now
        )
        stopping = Stopping()
        async with opened as channels:
            task = asyncio.create_task(worker.run(hub, channels, stopping=stopping))
            async with asyncio.timeout(20):
                while True:
                    async with store.read() as tx:
                        if not await dispatches.unfinished(tx, id_):
                            break
                    await asyncio.sleep(0.05)
            stopping.drain.set()
            await task
    await store.close()
    events = capsys.readouterr().err
    try:
        raise ValueError("person-5@example.org has +32470000005 and /u/token-000005")
    except ValueError:
        structlog.get_logger("test").exception("it broke")

    said = events + capsys.readouterr().err
    assert "the channel is paused" in events
    assert [mark for mark in MARKS if mark in events] == []
    assert [mark for mark in MARKS if mark in said] == list(MARKS)
    assert "person-" not in said
    assert "+3247" not in said
    assert "token-0" not in said
    assert WORDS not in said
