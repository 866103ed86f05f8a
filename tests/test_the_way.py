"""Start reading here: the way of one directive, from the file to the reader and back, through real servers."""

import asyncio
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import feedparser
import pytest

from channels.registry import open_channels
from hub import worker
from hub.config import Config
from hub.context import Hub, open_hub
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.intake import file
from hub.model.delivery import Outcome
from hub.model.staff import Role
from hub.now import parse_instant
from hub.sender import Stopping
from hub.store import deliveries, dispatches, instance, schema
from tests import a
from tests.doubles.smtp import SmtpDouble
from tests.doubles.twilio import TwilioDouble

PEOPLE = """email;téléphone;canal;langue;organisation;commune;secteur;audience;flux
direction@tilleuls.example;;email;fr;Les Tilleuls;Namur;elderly.residential;direction;duty
infirmier@example.org;;email;fr;Les Tilleuls;Namur;elderly.residential;staff;directives
resident@example.org;;email;fr;Les Tilleuls;Namur;elderly.residential;beneficiary;directives
;0470/12.34.56;sms;fr;;5000;elderly.residential;family;directives
fille@example.org;;email;fr;;5000;elderly.residential;family;directives
fille@example.org;;email;fr;Les Tilleuls;Namur;elderly.residential;staff;directives
eupen@example.org;;email;fr;;Eupen;elderly.residential;family;directives
"""


async def test_one_directive_reaches_every_reader(tmp_path: Path) -> None:
    async with (
        SmtpDouble() as relay,
        TwilioDouble() as provider,
        open_hub(settings(tmp_path, relay, provider)) as hub,
    ):
        await the_way(hub, relay, provider)


def settings(folder: Path, relay: SmtpDouble, provider: TwilioDouble) -> Config:
    """Both channels on, to the doubles."""
    return a.config(
        folder,
        service__base_url="https://univoque.example",
        email__enabled="true",
        email__port=str(relay.port),
        email__security="none",
        sms__enabled="true",
        sms__base_url=provider.url,
        sms__account_sid=provider.account_sid,
        sms__auth_token=provider.token,
        sms__sender="+32460000000",
    )


async def the_way(hub: Hub, relay: SmtpDouble, provider: TwilioDouble) -> None:
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    await schema.upgrade(hub.store)
    async with hub.store.write() as tx:
        await instance.ensure(tx)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")

    # A file becomes a sheet of facts; the gate names what is forgotten, and a person decides it.
    act = file.read(a.DIRECTIVES / "a-visits.toml", hub.register).directives[0]
    stopped = await submit(hub, act, by=a.staff("Rédaction"))
    assert not stopped.accepted
    assert "youth.care" in {finding.where for finding in stopped.findings}
    submission = await submit(hub, a.covered(act), by=a.staff("Rédaction"))
    assert submission.accepted
    assert (
        submission.revision.audience_count == 5
    )  # one person for the daughter's two hats; Eupen is not meant

    # A second person signs; it is public, and leaves.
    approved = await approve(hub, act.id, by=a.staff("Direction de crise", Role.APPROVER))
    await publish(hub)
    planned = await dispatch(hub, directive=act.id, number=1)
    assert dict(planned.channels) == {"email": 4, "sms": 1}
    await send_all(hub, planned.dispatch)

    # Each reader got one message in their own words.
    mails = {m.recipient: message_from_bytes(m.content, policy=default) for m in relay.messages}
    assert sorted(mails) == [
        "direction@tilleuls.example", "fille@example.org", "infirmier@example.org", "resident@example.org",
    ]  # fmt: skip
    texts = {to: mail.get_body(("plain",)).get_content() for to, mail in mails.items()}  # type: ignore[union-attr]
    assert "Il est interdit à la direction d'autoriser des visites" in texts["direction@tilleuls.example"]
    assert "N'autorisez aucune visite" in texts["infirmier@example.org"]
    assert "Vos proches ne viennent pas vous voir" in texts["resident@example.org"]
    assert "Ne venez pas voir votre proche" in texts["fille@example.org"]
    assert "N'autorisez aucune visite" in texts["fille@example.org"]
    for to, mail in mails.items():
        assert mail["Subject"].startswith("EXERCICE")
        assert ("List-Unsubscribe" in mail) == (to != "direction@tilleuls.example")
        assert "mardi 31 mars 2020 inclus" in texts[to]
    (sms,) = provider.messages
    assert sms.to == "+32470123456"
    assert sms.body.startswith("EXERCICE AVIQ: Visites aux résidents: interdites")

    # The ledger knows, and the public can read it.
    async with hub.store.read() as tx:
        counts = await deliveries.counts(tx, planned.dispatch)
    assert counts["email"][Outcome.ACCEPTED] == 4
    page = hub.config.public_dir / "d" / approved.revision.code
    assert any(page.parent.rglob(f"{approved.revision.code}*"))
    feed = feedparser.parse((hub.config.public_dir / "feeds/elderly.residential/family.atom").read_bytes())
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [
        "EXERCICE – Interdiction des visites et des sorties dans les lieux d'hébergement"
    ]


async def send_all(hub: Hub, number: int) -> None:
    """A sender at work until nothing is left."""
    stopping = Stopping()
    opened = open_channels(
        email=hub.config.email,
        sms=hub.config.sms,
        mode=hub.config.service.mode,
        site_url=hub.config.service.base_url,
        now=hub.clock.now,
    )
    async with opened as channels, asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(worker.run(hub, channels, stopping=stopping))
        while await _unfinished(hub, number):  # noqa: ASYNC110 - the ledger rings no bell
            await asyncio.sleep(0.05)
        stopping.drain.set()


async def _unfinished(hub: Hub, number: int) -> bool:
    async with hub.store.read() as tx:
        return await dispatches.unfinished(tx, number)


@pytest.mark.parametrize("days", [0, 21])
async def test_nothing_expired_leaves(tmp_path: Path, days: int) -> None:
    async with open_hub(a.config(tmp_path)) as hub:
        hub.clock.set(parse_instant("2020-03-11T08:00") + timedelta(days=days))
        await schema.upgrade(hub.store)

        submission = await submit(hub, a.covered(a.directive()), by=a.staff())

        assert submission.accepted == (days == 0)
