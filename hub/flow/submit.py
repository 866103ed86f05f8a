"""An editor hands a directive in: its words, audience and expiry are fixed and digested, or the gate says why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.context import Hub
from hub.errors import NotAllowed, Refusal
from hub.facts.scope import last_instant
from hub.flow.examine import Examined, examine, sheet_digest
from hub.model.directive import LANGUAGES, Directive
from hub.model.review import Finding, Kind, Mode, Stage
from hub.model.revision import Revision
from hub.model.staff import Role, Staff
from hub.store import directives, journal
from hub.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of it: a revision that waits for approval, or a draft that the gate stopped."""

    revision: Revision
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        return self.revision.stage == Stage.SUBMITTED


async def submit(hub: Hub, directive: Directive, *, by: Staff, kind: Kind = Kind.NEW) -> Submission:
    """Hand in a directive. With blockers it is kept as a draft and nothing else happens.

    Raises NotAllowed without the editor's role, Refusal for a kind that does not fit what is published.
    """
    if Role.EDITOR not in by.roles:
        raise NotAllowed(f"{by.name} is no editor")
    now = hub.clock.now()
    async with hub.store.write() as tx:
        latest = await directives.find(tx, directive.id)
        number, editors = _place(latest, by, kind, directive.id)
        if kind == Kind.MINOR:
            _only_words_changed((await directives.history(tx, directive.id))[-1].directive, directive)
        examined = await examine(hub, tx, directive, kind=kind, at=now)
        revision = await _revision(hub, tx, examined, number=number, editors=editors, by=by, at=now)
        await directives.put(tx, revision, examined.case.rendering.blocks, examined.digests)
        await journal.append(
            tx,
            at=now,
            actor=by.name,
            action="submit" if revision.stage == Stage.SUBMITTED else "draft",
            subject=directive.id,
            detail={
                "revision": number,
                "kind": kind.value,
                "mode": revision.mode.value,
                "sheet": revision.sheet_digest,
                "approval": revision.approval_digest,
                "audience": revision.audience_count,
                "blockers": [f"{f.code} {f.where}" for f in examined.blockers],
            },
        )
    return Submission(revision, examined.findings)


def _place(latest: Revision | None, by: Staff, kind: Kind, id_: str) -> tuple[int, tuple[str, ...]]:
    """The number of the revision, and all who had a hand in it: what is unapproved is replaced, its editors stay."""
    if kind in (Kind.CANCEL, Kind.ALL_CLEAR):
        raise Refusal(
            f"{kind.value} cannot be submitted as a sheet; `univoque stop {id_}` ends what is on its way"
        )
    waiting = latest is not None and latest.stage in (Stage.DRAFT, Stage.SUBMITTED)
    published = latest is not None and not (waiting and latest.number == 1)
    if published and kind == Kind.NEW:
        raise Refusal(f"{id_} is published already; submit it --as update, correction or minor")
    if not published and kind != Kind.NEW:
        raise Refusal(f"{id_} was never published; submit it --as new")
    if latest is None:
        return 1, (by.name,)
    if waiting:
        return latest.number, tuple(dict.fromkeys((*latest.editors, by.name)))
    return latest.number + 1, (by.name,)


def _only_words_changed(before: Directive, after: Directive) -> None:
    """A minor change alerts nobody, so it may mend words and no rule. Raises Refusal."""
    if _rules(directives.sheet_json(before)) != _rules(directives.sheet_json(after)):
        raise Refusal(
            f"{after.id} changes more than words (a rule, a number, a date, a reader or a place); "
            "submit it --as update or correction, so that everybody is told"
        )


def _rules(value: Any) -> Any:
    """A sheet without its wording: texts per language count as present, not for what they say."""
    if isinstance(value, dict):
        if value and set(value) <= set(LANGUAGES):
            return sorted(value)
        free = ("reference", "legal_basis", "sources")
        return {key: _rules(inner) for key, inner in value.items() if key not in free}
    return [_rules(inner) for inner in value] if isinstance(value, list | tuple) else value


async def _revision(
    hub: Hub, tx: Tx, examined: Examined, *, number: int, editors: tuple[str, ...], by: Staff, at: datetime
) -> Revision:
    case, directive = examined.case, examined.case.directive
    code = await directives.register(tx, directive.id)
    expires_at = expiry(hub, directive, at)
    blocked = bool(examined.blockers)
    count = None if blocked or examined.audience is None else examined.audience.total
    return Revision(
        directive=directive,
        number=number,
        stage=Stage.DRAFT if blocked else Stage.SUBMITTED,
        kind=case.kind,
        mode=Mode(hub.config.service.mode),
        code=code,
        sheet_digest=sheet_digest(directive),
        words_digest=examined.words_digest(hub),
        approval_digest=examined.seal(hub, expires_at=expires_at),
        editors=editors,
        submitted_by=by.name,
        submitted_at=at,
        audience_count=count,
        expires_at=expires_at,
        approved_by=None,
        approved_at=None,
        first_published_at=None,
        findings=examined.findings,
    )


def expiry(hub: Hub, directive: Directive, at: datetime) -> datetime:
    """After this instant nothing of it leaves: the end of its last rule, or the configured life, the earlier."""
    latest = at + hub.config.delivery.life
    last = last_instant(directive)
    return min(last, latest) if last else latest
