"""Revisions on their way to three people: issued, marked as sent, and read back."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from hub.context import Hub
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.submit import submit
from hub.model.delivery import Outcome
from hub.model.directive import Directive
from hub.model.review import Kind
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import directives, dispatches
from hub.store.tables import attempts, bodies, deliveries
from tests import a

EDITOR = a.staff("Rédaction", Role.EDITOR)
APPROVER = a.staff("Direction de crise", Role.APPROVER)
WHEN = parse_instant("2020-03-10T18:00")
PEOPLE = """email;langue;organisation;commune;secteur;audience;flux
direction@tilleuls.example;fr;Les Tilleuls;Namur;elderly.residential;direction;duty
soignante@example.org;fr;Les Tilleuls;Namur;elderly.residential;staff;directives
fille@example.org;fr;;Namur;elderly.residential;family;directives
fils@example.org;fr;;Liège;elderly.residential;family;directives
"""


LATER = [kind for kind in Kind if kind != Kind.NEW]
DIRECTION, NURSE, DAUGHTER, SON = (line.partition(";")[0] for line in PEOPLE.splitlines()[1:])


def act(**given: Any) -> Directive:
    return a.covered(a.directive(**{"territory": ("WAL-FR",), **given}))


SHORTER = act(effective_to=parse_instant("2020-03-25"))


async def issue(hub: Hub, sheet: Directive, kind: Kind = Kind.NEW) -> dict[str, str]:
    """Submit, approve and dispatch; what everybody gets, by address."""
    submission = await submit(hub, sheet, by=EDITOR, kind=kind)
    assert submission.accepted, submission.findings
    approved = await approve(hub, sheet.id, by=APPROVER)
    await dispatch(hub, directive=sheet.id, number=approved.revision.number)
    return await texts(hub, approved.revision.number)


async def texts(hub: Hub, revision: int) -> dict[str, str]:
    async with hub.store.read() as tx:
        found = await dispatches.get(tx, "visites", revision)
        query = select(deliveries.c.address, bodies.c.text).join(bodies, bodies.c.id == deliveries.c.body)
        rows = (await tx.execute(query.where(deliveries.c.dispatch == found.id))).all()
    assert len(dict(rows)) == len(rows)
    return {address: text.replace("\N{NO-BREAK SPACE}", " ") for address, text in rows}


async def mark(hub: Hub, revision: int, **outcomes: Outcome) -> None:
    """What became of messages, by the name before the @; what is not named is still queued."""
    async with hub.store.write() as tx:
        found = await dispatches.get(tx, "visites", revision)
        query = select(deliveries.c.seq, deliveries.c.address).where(deliveries.c.dispatch == found.id)
        for seq, address in (await tx.execute(query)).all():
            outcome = outcomes.get(address.partition("@")[0])
            for state in (Outcome.ATTEMPTING, outcome) if outcome else ():
                row = {"dispatch": found.id, "seq": seq, "attempt": 1, "outcome": state.value}
                who = {"owner": "sender", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
                await tx.execute(insert(attempts).values(**row, **who, at=hub.clock.now()))


async def everybody_got(hub: Hub, revision: int) -> None:
    names = {address.partition("@")[0] for address in (DIRECTION, NURSE, DAUGHTER, SON)}
    await mark(hub, revision, **dict.fromkeys(names, Outcome.ACCEPTED))


def later(hub: Hub, **duration: float) -> None:
    hub.clock.set(hub.clock.now() + timedelta(**duration))


def feed(hub: Hub, reader: str) -> dict[str, Any]:
    path = hub.config.public_dir / f"feeds/elderly.residential/{reader}.json"
    (item,) = json.loads(path.read_text(encoding="utf-8"))["items"]
    return dict(item)


async def page(hub: Hub) -> str:
    async with hub.store.read() as tx:
        revision = await directives.get(tx, "visites")
    return (hub.config.public_dir / f"d/{revision.code}/index.html").read_text(encoding="utf-8")
