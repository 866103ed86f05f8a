"""Holds a directive against the gate, with what the hub knows of other acts and the waivers that were signed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from hub import gate
from hub.context import Hub
from hub.gate import Case
from hub.gate.conflict import CONTRADICTION, other_act
from hub.gate.coverage import matrix
from hub.in_force import Rules, taken_back
from hub.model.coverage import Cell
from hub.model.directive import Audience, Directive
from hub.model.message import Hat, Variant
from hub.model.review import Explanation, Finding, Kind, Level, Stage, Waiver, Withdrawal
from hub.model.revision import Revision
from hub.render import Sheet, cells, seal
from hub.render.frame import canonical, digest, frame_of, frames_digest
from hub.store import counted, directives, waivers
from hub.store.counted import Question
from hub.store.engine import Tx
from subscribers.audience import AudienceCount


@dataclass(frozen=True, slots=True)
class Examined:
    """A directive after the gate: what it found, with waived findings turned into notes.

    `audience` is whom it would reach now, None without a store.
    """

    case: Case
    findings: tuple[Finding, ...]
    waived: tuple[Waiver, ...] = ()
    audience: AudienceCount | None = None

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return gate.blockers(self.findings)

    @property
    def coverage(self) -> tuple[Cell, ...]:
        """How every sector × audience stands."""
        return matrix(self.case, self.waived)

    def seal(self, hub: Hub, *, expires_at: datetime) -> str:
        """The digest that an approval signs."""
        identity = {
            "name": hub.config.service.name,
            "page": self.case.frame.url,
            "sender": hub.config.email.sender,
            "sms_sender": hub.config.sms.sender,
        }
        return seal.approval_digest(
            self.words_digest(hub),
            sheet=sheet_digest(self.case.directive),
            cells=self.case.cells,
            mode=self.case.mode,
            kind=self.case.kind,
            expires_at=expires_at,
            identity=identity,
        )

    def words_digest(self, hub: Hub) -> str:
        """The digest of all renderings with their frames."""
        return seal.words_digest(self.digests, frames_digest(hub.wording, hub.register))

    @property
    def digests(self) -> dict[Variant, str]:
        """The digest of every block."""
        return {variant: digest(block) for variant, block in self.case.rendering.all.items()}


async def examine(
    hub: Hub, tx: Tx, directive: Directive, *, kind: Kind = Kind.NEW, at: datetime | None = None
) -> Examined:
    """Judge a directive as of `at` (its day of issue when None) against all that is published, its readers counted."""
    sheet, signed = await _around(hub, tx, directive, kind)
    audience = await counted.count(tx, _question(hub, sheet))
    return judge(hub, sheet, waived=signed, kind=kind, at=at, audience=audience)


async def look_ahead(hub: Hub, directive: Directive, *, kind: Kind) -> None:
    """Find its words while others write and, where counts are kept, count its readers: under the lock it is quick."""
    async with hub.store.read() as tx:
        sheet, _ = await _around(hub, tx, directive, kind)
    frame = frame_of(directive, hub.config, hub.wording, hub.register, kind=kind)
    hub.spoken.speak(sheet, frame, hub.config.service.languages)
    await counted.beforehand(hub.store, _question(hub, sheet))


async def _around(hub: Hub, tx: Tx, directive: Directive, kind: Kind) -> tuple[Sheet, Sequence[Waiver]]:
    """The directive with all that is published, and the waivers signed for it."""
    published = await directives.published(tx)
    signed = await waivers.of_sheet(tx, directive.id, sheet_digest(directive))
    sheet = sheet_of(
        hub,
        directive,
        others={revision.directive.id: revision.directive for revision in published},
        withdrawn=withdrawals(published),
        waived=signed,
        kind=kind,
        past=await directives.history(tx, directive.id),
    )
    return sheet, signed


def _question(hub: Hub, sheet: Sheet) -> Question:
    return Question(
        cells={} if sheet.ends else cells(sheet),
        urgent=sheet.directive.urgency == "Immediate",
        languages=hub.config.service.languages,
    )


def judge(
    hub: Hub,
    sheet: Sheet,
    *,
    waived: Sequence[Waiver] = (),
    kind: Kind = Kind.NEW,
    at: datetime | None = None,
    audience: AudienceCount | None = None,
    known: Rules | None = None,
) -> Examined:
    """The same without a store: what `check` uses. `known` are the rules of all acts, where they are worked out."""
    case = gate.open_case(
        sheet,
        frame_of(sheet.directive, hub.config, hub.wording, hub.register, kind=kind),
        languages=hub.config.service.languages,
        at=at,
        reach=None if audience is None else _reach(audience),
        silence=hub.config.gate.silence,
        known=known,
        spoken=hub.spoken,
    )
    findings = tuple(_with_waivers(finding, waived) for finding in gate.examine(case))
    return Examined(case, findings, tuple(waived), audience)


def sheet_of(
    hub: Hub,
    directive: Directive,
    *,
    others: Mapping[str, Directive],
    withdrawn: Mapping[str, Withdrawal] | None = None,
    waived: Sequence[Waiver] = (),
    kind: Kind = Kind.NEW,
    past: Sequence[Revision] = (),
) -> Sheet:
    """A directive with what is needed to speak for it here. `past` are its published revisions."""
    around = {id_: act for id_, act in others.items() if id_ != directive.id}
    gone = {id_: taken for id_, taken in (withdrawn or {}).items() if id_ != directive.id}
    speaks, earlier = spoken(kind, past)
    return Sheet(directive, hub.register, hub.wording, around, speaks, earlier, gone, explanations(waived))


def _reach(audience: AudienceCount) -> dict[Hat, int]:
    return {Hat(sector, cast(Audience, name)): number for (sector, name), number in audience.hats.items()}


def withdrawals(published: Iterable[Revision]) -> dict[str, Withdrawal]:
    """Which of the published acts were taken back, and when."""
    found = {}
    for revision in published:
        kind = Kind.CANCEL if revision.stage == Stage.CANCELLED else revision.kind
        if revision.approved_at and (taken := taken_back(revision.directive, kind, revision.approved_at)):
            found[revision.directive.id] = taken
    return found


def explanations(waived: Iterable[Waiver]) -> tuple[Explanation, ...]:
    """The signed words on contradictions, the latest of each pair of measures, once per act and wording."""
    latest = {waiver.cell: waiver for waiver in waived if waiver.code == CONTRADICTION}
    found: dict[tuple[str, str], Explanation] = {}
    for waiver in latest.values():
        other = other_act(waiver.cell)
        found[other, waiver.reason] = Explanation(other, waiver.words, waiver.at)
    return tuple(found.values())


def spoken(kind: Kind, past: Sequence[Revision]) -> tuple[Kind, tuple[Directive, ...]]:
    """As what a revision speaks, and after which ones: one that only mends words speaks as the one it mends."""
    if kind == Kind.MINOR and past:
        mended = max(number for number, revision in enumerate(past) if revision.kind != Kind.MINOR)
        kind, past = past[mended].kind, past[:mended]
    return kind, tuple(revision.directive for revision in past)


def sheet_digest(directive: Directive) -> str:
    """The SHA-256 of the sheet in canonical JSON."""
    return hashlib.sha256(canonical(directives.sheet_json(directive)).encode()).hexdigest()


def _with_waivers(finding: Finding, waived: Sequence[Waiver]) -> Finding:
    for waiver in waived:
        if finding.waivable and (waiver.code, waiver.cell) == (finding.code, finding.where):
            text = f"{finding.text}; waived by {waiver.by}: {waiver.reason}"
            return replace(finding, level=Level.NOTE, text=text)
    return finding
