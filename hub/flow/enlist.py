"""A list of people comes in: what it changes is worked out row by row, then written in one transaction."""

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.context import Hub
from hub.register import Register
from hub.register.entries import GENERAL
from hub.render.wording import Wording
from hub.store import enlistment, journal, suppressions, tallies
from hub.store.engine import Tx
from subscribers import importer
from subscribers.changes import Change, Known, addresses_of, compare
from subscribers.importer import ImportPlan
from subscribers.model import Organisation, Person, Reach
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
    plan = await asyncio.to_thread(importer.plan, data, vocabulary_of(hub.register, hub.wording))
    if dry_run:
        async with hub.store.read() as tx:
            counts = await _carry_out(hub, tx, plan, filename, write=False)
    else:
        async with hub.store.write_beside() as tx:
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


def vocabulary_of(register: Register, wording: Wording) -> Vocabulary:
    """What a list may call the entries of the register, and the languages that have words here."""
    return vocabulary(
        sectors={id_: sector.name.values() for id_, sector in register.sectors.items()},
        audiences={id_: audience.name.values() for id_, audience in register.audiences.items()},
        communes={nis: (*c.name.values(), *c.postal_codes) for nis, c in register.communes.items()},
        languages={language: words.names for language, words in wording.languages.items()},
        default_language=next(iter(wording.languages)),
        general=GENERAL,
    )


async def _carry_out(hub: Hub, tx: Tx, plan: ImportPlan, filename: str, *, write: bool) -> Counter[str]:
    """Compare all people with what is known, and write what differs; or only count what would."""
    organisations = await _organisations(tx, plan.accepted, write=write)
    counts: Counter[str] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    async for changes in _changes(tx, plan.accepted, organisations, filename):
        counts.update(change.standing for change in changes)
        if write:
            written = [change for change in changes if change.writes]
            await enlistment.write(tx, written, token=new_token, at=hub.clock.now())
            people.update(enlistment.counted(written))
    await tallies.add(tx, people)
    return counts


async def _changes(
    tx: Tx, people: Sequence[Person], organisations: Mapping[Organisation, int], source: str
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
                    organisations=organisations,
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


async def _organisations(tx: Tx, people: Sequence[Person], *, write: bool) -> Mapping[Organisation, int]:
    """The organisations of a list with their ids: known, made or brought up to date; what is empty changes nothing.

    In a dry run one that does not exist yet has a negative id.
    """
    known = await enlistment.known_organisations(tx)
    named = dict.fromkeys(m.organisation for person in people for m in person.memberships if m.organisation)
    wanted: dict[enlistment.OrganisationKey, Organisation] = {}
    for organisation in named:
        key = enlistment.key_of(organisation)
        held = wanted.get(key) or (known[key][1] if key in known else organisation)
        wanted[key] = _completed(held, organisation)
    fresh = [key for key in wanted if key not in known]
    ids = {key: id_ for key, (id_, _) in known.items()} | {key: -n for n, key in enumerate(fresh, 1)}
    if write:
        changed = {ids[key]: wanted[key] for key in wanted if key in known and wanted[key] != known[key][1]}
        await enlistment.update_organisations(tx, changed)
        ids |= await enlistment.add_organisations(tx, [wanted[key] for key in fresh])
    return {organisation: ids[enlistment.key_of(organisation)] for organisation in named}


def _completed(held: Organisation, said: Organisation) -> Organisation:
    return Organisation(
        name=said.name if said.name != said.external_id else held.name,
        external_id=said.external_id or held.external_id,
        commune=said.commune or held.commune,
        community=said.community or held.community,
    )
