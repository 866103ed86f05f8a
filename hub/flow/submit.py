"""An editor hands a directive in: its words, audience and expiry are fixed and digested, or the gate says why not."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.context import Hub
from hub.errors import NotAllowed, Refusal
from hub.facts.scope import last_instant
from hub.flow.examine import Examined, examine, look_ahead, sheet_digest
from hub.model.directive import Directive
from hub.model.review import ENDS, Finding, Kind, Mode, Stage
from hub.model.revision import Revision
from hub.model.staff import Role, Staff
from hub.store import directives, dispatches, journal, persons
from hub.store.engine import Tx
from hub.store.holders import Earlier
from subscribers.audience import AudienceCount

LATER = tuple(kind.value for kind in Kind if kind != Kind.NEW)


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
    async with hub.store.read() as tx:
        await _placed(tx, directive, by, kind)
    await look_ahead(hub, directive, kind=kind)
    now = hub.clock.now()
    async with hub.store.write_beside() as tx:
        number, editors = await _placed(tx, directive, by, kind)
        examined = await examine(hub, tx, directive, kind=kind, at=now)
        revision = await _revision(hub, tx, examined, number=number, editors=editors, by=by, at=now)
        await directives.put(tx, revision, examined.case.rendering.all, examined.digests)
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


async def _placed(tx: Tx, directive: Directive, by: Staff, kind: Kind) -> tuple[int, tuple[str, ...]]:
    """The number of the revision, and all who had a hand in it. Raises Refusal for what may not follow."""
    latest = await directives.find(tx, directive.id)
    number, editors = _place(latest, by, kind, directive.id)
    past = await directives.history(tx, directive.id)
    if past:
        _may_follow(past[-1], kind, directive)
    return number, editors


def _place(latest: Revision | None, by: Staff, kind: Kind, id_: str) -> tuple[int, tuple[str, ...]]:
    """What is unapproved is replaced, and its editors stay."""
    waiting = latest is not None and latest.stage in (Stage.DRAFT, Stage.SUBMITTED)
    published = latest is not None and not (waiting and latest.number == 1)
    if published and kind == Kind.NEW:
        raise Refusal(f"{id_} is published already; submit it --as {', '.join(LATER)}")
    if not published and kind != Kind.NEW:
        raise Refusal(f"{id_} was never published; submit it --as new")
    if latest is None:
        return 1, (by.name,)
    if waiting:
        return latest.number, tuple(dict.fromkeys((*latest.editors, by.name)))
    return latest.number + 1, (by.name,)


def _may_follow(before: Revision, kind: Kind, after: Directive) -> None:
    """What is over stays over; an end changes nothing else, a minor change nothing but words. Raises Refusal."""
    over = before.kind in ENDS
    if over and not (before.kind == Kind.ALL_CLEAR and kind == Kind.ALL_CLEAR):
        raise Refusal(
            f"{after.id} is over since revision {before.number} ({before.kind.value}): "
            "what rules again is a new act; give it an id of its own"
        )
    if kind in ENDS:
        _only_its_end_changed(before.directive, after)
    if kind == Kind.MINOR:
        _only_words_changed(before.directive, after)


def _only_its_end_changed(before: Directive, after: Directive) -> None:
    """A cancellation or an all clear is about the directive as it was. Raises Refusal."""
    old, new = (_without_end(directives.sheet_json(sheet)) for sheet in (before, after))
    if differing := [key for key in old if old[key] != new[key]]:
        raise Refusal(
            f"{after.id} differs from what was published in more than its end ({', '.join(differing)}); "
            "give the file as it was, and change no more than effective_to"
        )


def _without_end(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_end(inner) for key, inner in value.items() if key != "effective_to"}
    if isinstance(value, list | tuple):
        return [_without_end(inner) for inner in value if inner != "effective_to"]
    return value


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
        if value and all(re.fullmatch("[a-z]{2}", key) for key in value):
            return sorted(value)
        free = ("reference", "legal_basis", "sources")
        return {key: _rules(inner) for key, inner in value.items() if key not in free}
    return [_rules(inner) for inner in value] if isinstance(value, list | tuple) else value


async def _revision(
    hub: Hub, tx: Tx, examined: Examined, *, number: int, editors: tuple[str, ...], by: Staff, at: datetime
) -> Revision:
    case, directive = examined.case, examined.case.directive
    code = await directives.register(tx, directive.id)
    expires_at = expiry(hub, directive, at, kind=case.kind)
    blocked = bool(examined.blockers)
    count = None if blocked else await count_audience(hub, tx, examined)
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


def expiry(hub: Hub, directive: Directive, at: datetime, *, kind: Kind) -> datetime:
    """After this instant nothing of it leaves: the end of its last rule, or the configured life, the earlier.

    That it is over is news for its whole life: the rules that it ends may be past already.
    """
    latest = at + hub.config.delivery.life
    last = None if kind in ENDS else last_instant(directive)
    return min(last, latest) if last else latest


async def count_audience(hub: Hub, tx: Tx, examined: Examined, *, as_of: datetime | None = None) -> int:
    """How many people would get a message; with `as_of`, as far as earlier messages had got by then."""
    return (await audience_counts(hub, tx, examined, as_of=as_of)).total


async def audience_counts(
    hub: Hub, tx: Tx, examined: Examined, *, as_of: datetime | None = None
) -> AudienceCount:
    """The same, by channel, language and hat, in the transaction in which it was examined."""
    earlier = await _earlier(hub, tx, examined, as_of)
    if examined.audience is not None and not earlier.dispatches:
        return examined.audience  # nobody holds anything: they were counted for the gate
    return await persons.count_audience(
        tx,
        cells={} if examined.case.sheet.ends else examined.case.cells,
        urgent=examined.case.directive.urgency == "Immediate",
        languages=hub.config.service.languages,
        earlier=earlier,
    )


async def _earlier(hub: Hub, tx: Tx, examined: Examined, as_of: datetime | None) -> Earlier:
    """The dispatches whose readers a revision has to reach again; a minor one reaches nobody."""
    if examined.case.kind in (Kind.NEW, Kind.MINOR):
        return persons.NOBODY
    sent = await dispatches.of_directive(tx, examined.case.directive.id)
    return Earlier([known.id for known in sent if known.mode == hub.config.service.mode], as_of)
