"""A second person signs the digest of the very texts: the revision is in force, and on its way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.context import Hub
from hub.errors import EnvironmentFailed, NotAllowed, Refusal
from hub.flow import guard, life, spend
from hub.flow.canary import staff_first
from hub.flow.examine import Examined, examine, look_ahead
from hub.flow.submit import audience_counts
from hub.model.review import Kind, Stage
from hub.model.revision import Revision
from hub.model.staff import Role, Staff, name_key
from hub.store import directives, dispatches, journal, spending, stops
from hub.store.engine import Tx
from subscribers.audience import AudienceCount


@dataclass(frozen=True, slots=True)
class Approved:
    """A revision in force; `sends` is False for a minor change, which alerts nobody."""

    revision: Revision
    sends: bool


@dataclass(frozen=True, slots=True)
class Appointment:
    """When its messages are to leave: the instant, and how the approver wrote it."""

    at: datetime
    written: str


async def approve(
    hub: Hub,
    directive: str,
    *,
    by: Staff,
    digest: str | None = None,
    count: int | None = None,
    appointment: Appointment | None = None,
    sms_cost: Decimal | None = None,
) -> Approved:
    """Sign the latest submission of a directive; with `digest`, only if that is what it still stands for.

    `count` confirms the number of readers where that is asked for. With `appointment` it is in force at once, and
    its messages leave then. `sms_cost` is what its SMS may cost at most, in EUR, in place of the settings' ceiling.
    Raises NotAllowed for anybody who edited or submitted it, whatever their role; Refusal when the words, the
    audience or the time have moved since it was submitted, where its SMS would pass a ceiling, and when the number
    should be confirmed; EnvironmentFailed on a database that was restored or copied.
    """
    if Role.APPROVER not in by.roles:
        raise NotAllowed(f"{by.name} is no approver")
    async with hub.store.read() as tx:
        waiting = await directives.get(tx, directive)
    _may_sign(waiting, by)
    await look_ahead(hub, waiting.directive, kind=waiting.kind)
    async with hub.store.write_beside() as tx:
        revision = await directives.get(tx, directive)
        _may_sign(revision, by)
        if digest is not None and digest != revision.approval_digest:
            raise Refusal(f"{directive} was submitted again since you looked: look at it once more")
        begun = hub.clock.now()
        _in_time(revision, appointment, begun)
        await _sent_from_here(hub, tx)
        staff_first(hub, revision.directive.urgency)  # read while somebody is there who can mend the list
        examined = await examine(hub, tx, revision.directive, kind=revision.kind, at=begun)
        _still_the_same(hub, revision, examined)
        counted = await _same_audience(hub, tx, revision, examined)
        await hub.store.alone(tx)  # only now, because counting takes long
        if revision.kind not in (Kind.NEW, Kind.MINOR):
            # Who holds an earlier message, while no sender adds to them.
            counted = await audience_counts(hub, tx, examined)
        # Within both locks: whoever was added, and whatever senders began, came before it.
        now = hub.clock.now()
        expires_at = _in_time(revision, appointment, now)
        audience = counted.total
        found = await guard.doubts(hub, tx, examined, audience)
        guard.demand_confirmed(directive, audience, count, found)
        if revision.kind != Kind.MINOR:
            segments = spend.estimate(counted, examined.case.messages)
            await spend.demand_affordable(hub, tx, directive, segments, allowed=sms_cost)
        await directives.approve(
            tx, directive, revision.number, by=by.name, at=now, kind=revision.kind, audience=audience
        )
        if revision.kind != Kind.MINOR:
            # In the same transaction: whoever did not begin to get the old text by now never will.
            await stops.cancel_directive(tx, directive, at=now)
            announced = await dispatches.announce(
                tx,
                directive=directive,
                revision=revision.number,
                mode=revision.mode.value,
                urgency=revision.directive.urgency,
                approved_at=now,
                expires_at=expires_at,
                scheduled_at=appointment.at if appointment else None,
                scheduled_as=appointment.written if appointment else None,
            )
            if sms_cost is not None:
                scope = spending.of_dispatch(announced.id)
                await spending.set_ceiling(tx, scope, spend.cents(sms_cost))
        await journal.append(
            tx,
            at=now,
            actor=by.name,
            action="approve",
            subject=directive,
            detail={
                "revision": revision.number,
                "approval": revision.approval_digest,
                "audience": audience,
                **_asked_for(found, appointment),
                **({} if sms_cost is None else {"sms_cents": spend.cents(sms_cost)}),
            },
        )
        approved = await directives.get(tx, directive, revision.number)
    return Approved(approved, sends=revision.kind != Kind.MINOR)


def _asked_for(found: list[str], appointment: Appointment | None) -> dict[str, Any]:
    """What else the approver decided, for the journal."""
    detail: dict[str, Any] = {"confirmed": found} if found else {}
    if appointment is not None:
        detail |= {"leaves_at": appointment.at.isoformat(), "as_written": appointment.written}
    return detail


async def _sent_from_here(hub: Hub, tx: Tx) -> None:
    """Nobody signs on a restored or copied database: it does not know what has left since. Raises EnvironmentFailed."""
    if (why := await life.may_sign(hub, tx)) is not None:
        raise EnvironmentFailed(f"{why}; {life.REMEDY}")


def _in_time(revision: Revision, appointment: Appointment | None, now: datetime) -> datetime:
    """When it expires. Raises Refusal where it has, or where the hour cannot be kept."""
    if revision.expires_at is None or revision.expires_at <= now:
        raise Refusal(
            f"{revision.directive.id} has expired: nothing of it would leave; submit it again with its new dates"
        )
    if appointment is None:
        return revision.expires_at
    if revision.kind == Kind.MINOR:
        raise Refusal("a minor change alerts nobody: there is nothing to send at any hour; leave --at away")
    if appointment.at <= now:
        raise Refusal(f"{appointment.written} has passed; name a later hour, or leave --at away")
    if appointment.at >= revision.expires_at:
        raise Refusal(
            f"{appointment.written} is after {revision.directive.id} expires "
            f"({revision.expires_at:%Y-%m-%d %H:%M} UTC): nothing of it would leave"
        )
    return revision.expires_at


def _may_sign(revision: Revision, by: Staff) -> None:
    """Two distinct people, not one under two spellings, and no role is exempt."""
    authors = {name_key(name) for name in (*revision.editors, revision.submitted_by or "")}
    if name_key(by.name) in authors:
        raise NotAllowed(f"{by.name} edited or submitted this revision; somebody else must approve it")
    if revision.stage == Stage.DRAFT:
        raise Refusal(
            f"{revision.directive.id} is a draft that the gate stopped; mend it and submit it again"
        )
    if revision.stage != Stage.SUBMITTED:
        raise Refusal(f"{revision.directive.id} does not wait for approval: it is {revision.stage.value}")


def _still_the_same(hub: Hub, revision: Revision, examined: Examined) -> None:
    """What would leave now is what was submitted, byte for byte, and still passes the gate."""
    assert revision.expires_at is not None
    if examined.seal(hub, expires_at=revision.expires_at) != revision.approval_digest:
        raise Refusal(
            f"the words or the audience rule of {revision.directive.id} have changed since it was submitted "
            "(templates, registers, settings, mode or another act); submit it again"
        )
    if examined.blockers:
        standing = ", ".join(f"{finding.code} {finding.where}" for finding in examined.blockers)
        raise Refusal(f"the gate now finds blockers in {revision.directive.id}: {standing}; submit it again")


async def _same_audience(hub: Hub, tx: Tx, revision: Revision, examined: Examined) -> AudienceCount:
    """The audience may have moved by a share or by a few people since it was shown, whichever is more.

    That the text which a correction replaces reached more people meanwhile is no reason to wait, so those who held it
    then are counted: senders may go on. Raises Refusal.
    """
    shown = revision.audience_count or 0
    like_then = await audience_counts(hub, tx, examined, as_of=revision.submitted_at)
    if not hub.config.approval.allows(shown, like_then.total):
        raise Refusal(
            f"the audience was {shown} when it was submitted and is {like_then.total} now; submit it again"
        )
    return like_then
