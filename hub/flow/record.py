"""What others report of a delivery: arrived, or returned. A report may come twice, late, or first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.context import Hub
from hub.model.delivery import Outcome, Writer, may_follow
from hub.store import deliveries, instance, suppressions
from hub.store.deliveries import Latest, Told, Try
from hub.store.engine import Tx

FAILED = frozenset({Outcome.BOUNCED, Outcome.REFUSED})

WITHOUT_A_TRY = frozenset({Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SUPPRESSED})
"""Ends of what was in doubt, and that say nothing of the try before them: that one may have arrived."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report on one attempt; `suppress` says that the address must not be used again."""

    made: Try
    outcome: Outcome
    code: str = ""
    provider_id: str = ""
    suppress: bool = False


async def record(hub: Hub, report: Report) -> bool:
    """Append the report where it tells something new; False where it does not, so any order ends alike."""
    return (await record_all(hub, [report]))[0]


async def record_all(hub: Hub, reports: Sequence[Report]) -> list[bool]:
    """Append many reports in one durable commit; which of them told something new.

    A report that comes again changes nothing, suppressions included: what a reader lifted since stays lifted.
    """
    now = hub.clock.now()
    async with hub.store.write() as tx:
        return await append(tx, reports, at=now)


async def append(tx: Tx, reports: Sequence[Report], *, at: datetime) -> list[bool]:
    """The same within a transaction that holds the write lock."""
    known = await deliveries.latest(tx, {(r.made.dispatch, r.made.seq) for r in reports})
    news = []
    for report in reports:
        key = (report.made.dispatch, report.made.seq)
        before = known.get(key)
        told = before is not None and _is_news(before, report)
        if before is not None and told:
            known[key] = Latest(report.outcome, before.tries)
        news.append(told)
    fresh = [report for report, told in zip(reports, news, strict=True) if told]
    await deliveries.append_reports(
        tx, [Told(r.made, r.outcome, r.code, r.provider_id) for r in fresh], at=at
    )
    barred = {(r.made.dispatch, r.made.seq): r.code for r in fresh if r.suppress}
    for dispatch, seq, channel, address in await deliveries.addresses_of(tx, barred):
        reason = barred[dispatch, seq]
        await suppressions.add(tx, channel=channel, value=address, reason=reason, at=at)
    return news


async def attempt_named(hub: Hub, attempt_id: str) -> Try | None:
    """The attempt that a callback's path names; None where this instance never gave out such an id."""
    async with hub.store.read() as tx:
        return deliveries.read_attempt_id(await instance.get(tx), attempt_id)


def _is_news(before: Latest, report: Report) -> bool:
    """Whether a delivery that stands at `before` moves; several tries of one may be reported in any order.

    It has arrived where any of them did. It has failed where the last of them did: an earlier one's failure
    says nothing while a later one is on its way.
    """
    if report.made.attempt > before.tries:
        return False  # of a try that this database knows nothing of
    earlier = report.made.attempt < before.tries
    if earlier and report.outcome in FAILED:
        return False
    if may_follow(before.outcome, report.outcome, by=Writer.REPORT):
        return True
    if report.outcome is Outcome.DELIVERED:
        return before.outcome is not Outcome.DELIVERED and (earlier or before.outcome in WITHOUT_A_TRY)
    return earlier and report.outcome is Outcome.ACCEPTED and before.outcome is Outcome.DEFERRED
