"""A list of people comes in: what it changes is worked out row by row, then written in one transaction."""

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.context import Hub
from hub.model.directive import LANGUAGES
from hub.register import Register
from hub.register.entries import GENERAL
from hub.store import enlistment, journal, suppressions
from hub.store.engine import Tx
from subscribers import importer
from subscribers.changes import Change, Known, addresses_of, compare
from subscribers.importer import ImportPlan
from subscribers.model import Membership, Organisation, Person, Reach
from subscribers.vocabulary import Vocabulary, vocabulary


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a list changed, or with `dry_run` would change."""

    new: int
    updated: int
    unchanged: int
    kept_opted_out: int
    dry_run: bool
    plan: ImportPlan

    def to_json(self) -> dict[str, Any]:
        """Counts, and each refused row with its reason; no address."""
        return {
            "rows": self.plan.rows,
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "kept_opted_out": self.kept_opted_out,
            "merged": self.plan.merged,
            "refused": [
                {"row": f.row, "column": f.column, "reason": f.reason, "remedy": f.remedy}
                for f in self.plan.refused
            ],
            "notes": [{"row": n.row, "column": n.column, "text": n.text} for n in self.plan.notes],
            "unknown_columns": list(self.plan.unknown_columns),
            "dry_run": self.dry_run,
        }


async def enlist(hub: Hub, data: bytes, filename: str, *, dry_run: bool, actor: str) -> ImportReport:
    """Import a list. Rows that cannot be taken are in the report; nobody who opted out is revived.

    `filename` is noted as the source of consents that name none. The journal gets counts, never an address.
    """
    plan = await asyncio.to_thread(importer.plan, data, vocabulary_of(hub.register))
    if dry_run:
        async with hub.store.read() as tx:
            counts = await _carry_out(hub, tx, plan, filename, write=False)
    else:
        async with hub.store.write() as tx:
            counts = await _carry_out(hub, tx, plan, filename, write=True)
            await journal.append(
                tx,
                at=hub.clock.now(),
                actor=actor,
                action="people imported",
                subject=f"sha256:{hashlib.sha256(data).hexdigest()}",
                detail={
                    "rows": plan.rows,
                    **{standing: counts[standing] for standing in _STANDINGS},
                    "merged": plan.merged,
                    "refused": len(plan.refused),
                },
            )
    return ImportReport(**{standing: counts[standing] for standing in _STANDINGS}, dry_run=dry_run, plan=plan)


_STANDINGS = ("new", "updated", "unchanged", "kept_opted_out")


def new_token() -> str:
    """The name of a person in links: 192 random bits in letters that no URL has to escape."""
    return secrets.token_urlsafe(24)


def vocabulary_of(register: Register) -> Vocabulary:
    """What a list may call the entries of the register."""
    return vocabulary(
        sectors={id_: sector.name.values() for id_, sector in register.sectors.items()},
        audiences={id_: audience.name.values() for id_, audience in register.audiences.items()},
        communes={nis: (*c.name.values(), *c.postal_codes) for nis, c in register.communes.items()},
        languages=LANGUAGES,
        default_language=LANGUAGES[0],
        general=GENERAL,
    )


async def _carry_out(hub: Hub, tx: Tx, plan: ImportPlan, filename: str, *, write: bool) -> Counter[str]:
    """Compare all people with what is known, and write what differs; or only count what would."""
    organisations = _Organisations(await enlistment.known_organisations(tx), write=write)
    counts: Counter[str] = Counter()
    async for changes in _changes(tx, plan.accepted, organisations, filename):
        counts.update(change.standing for change in changes)
        if write:
            written = [change for change in changes if change.writes]
            await enlistment.write(tx, written, token=new_token, at=hub.clock.now())
    return counts


async def _changes(
    tx: Tx, people: Sequence[Person], organisations: "_Organisations", source: str
) -> AsyncIterator[list[Change]]:
    rest = iter(people)
    adopted: set[int] = set()
    while batch := list(islice(rest, enlistment.BATCH)):
        known = _once(batch, await enlistment.match(tx, batch), adopted)
        used = [address for person in batch for address in addresses_of(person).items()]
        barred = await suppressions.among(tx, used)
        changes = []
        for person, whom in zip(batch, known, strict=True):
            suppressed: dict[Reach, str] = {
                channel: barred[channel, value]
                for channel, value in addresses_of(person).items()
                if (channel, value) in barred
            }
            changes.append(
                compare(
                    person,
                    whom,
                    organisations={m: await organisations.number(tx, m) for m in person.memberships},
                    suppressed=suppressed,
                    source=source,
                )
            )
        yield changes


def _once(batch: Sequence[Person], known: Sequence[Known | None], adopted: set[int]) -> list[Known | None]:
    """Two people of a list who share an address never both become the one person known by it."""
    found: list[Known | None] = []
    for person, whom in zip(batch, known, strict=True):
        if whom and whom.external_id != person.external_id:
            whom = None if whom.id in adopted and person.external_id else whom
            if whom:
                adopted.add(whom.id)
        found.append(whom)
    return found


class _Organisations:
    """The organisations of a list: found, made or brought up to date when first met."""

    def __init__(
        self, known: dict[enlistment.OrganisationKey, tuple[int, Organisation]], *, write: bool
    ) -> None:
        self._known = known
        self._write = write
        self._met: dict[Organisation, int] = {}

    async def number(self, tx: Tx, membership: Membership) -> int | None:
        """The organisation's id; in a dry run one that does not exist yet has a negative one."""
        organisation = membership.organisation
        if organisation is None:
            return None
        if organisation not in self._met:
            self._met[organisation] = await self._meet(tx, organisation)
        return self._met[organisation]

    async def _meet(self, tx: Tx, organisation: Organisation) -> int:
        key = enlistment.key_of(organisation)
        id_, held = self._known.get(key, (None, organisation))
        merged = Organisation(
            name=organisation.name if organisation.name != organisation.external_id else held.name,
            external_id=organisation.external_id or held.external_id,
            commune=organisation.commune or held.commune,
            community=organisation.community or held.community,
        )
        if id_ is None or merged != held:
            if self._write:
                id_ = await enlistment.write_organisation(tx, merged, id_)
            elif id_ is None:
                id_ = -1 - len(self._known)
        self._known[key] = (id_, merged)
        return id_
