"""What others report of a delivery: arrived, or returned. A report may come twice, late, or first."""

from dataclasses import dataclass

from hub.context import Hub
from hub.model.delivery import Outcome, Writer, may_follow
from hub.store import deliveries, instance, suppressions
from hub.store.deliveries import Try


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
    async with hub.store.write() as tx:
        made = report.made
        known = await deliveries.outcome_of(tx, made.dispatch, made.seq)
        if known is None:
            return False
        news = may_follow(known, report.outcome, by=Writer.REPORT)
        if news:
            await deliveries.append_report(
                tx,
                made,
                report.outcome,
                at=hub.clock.now(),
                code=report.code,
                provider_id=report.provider_id,
            )
        if report.suppress:
            channel, address = await deliveries.address_of(tx, made.dispatch, made.seq)
            await suppressions.add(tx, channel=channel, value=address, reason=report.code, at=hub.clock.now())
    return news


async def attempt_named(hub: Hub, attempt_id: str) -> Try | None:
    """The attempt that a callback's path names; None where this instance never gave out such an id."""
    async with hub.store.read() as tx:
        return deliveries.read_attempt_id(await instance.get(tx), attempt_id)
