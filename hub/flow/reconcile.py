"""Asks the provider about SMS in doubt and about those of which it says nothing; what it answers is recorded."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from channels.contract import Answering, ChannelError, Trace, Unavailable
from channels.patience import rest
from hub.config import Sms
from hub.context import Hub
from hub.errors import UnivoqueError
from hub.flow import record
from hub.flow.record import Report
from hub.model.delivery import Outcome
from hub.now import came
from hub.store import deliveries, inquiries
from hub.store.inquiries import Inquiry

log = structlog.get_logger(__name__)

QUESTIONS = 20
"""How many questions one step asks; a sender takes a step a second."""

WINDOWS = 10
"""How many times a few thousand attempts one step looks through: more than a sender makes in a second."""

STEP, SLOWEST = 1.0, 60.0
"""Seconds between two steps, and at most while the provider does not answer."""

DECIDED = timedelta(minutes=1)
"""How long beyond its wait a doubt still counts as work left: a provider that does not answer delays the verdict."""

CLOCKS_DIFFER = timedelta(minutes=2)
"""By how much the provider's clock may be behind ours."""

SELDOM = timedelta(hours=1)
"""The longest wait between two questions about one message."""

AFTERWARDS = timedelta(hours=1)
"""How long after a directive's end its silent messages are still asked for: its last ones are on their way."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one step came to; `asked` counts questions to the provider."""

    asked: int = 0
    adopted: int = 0
    repeated: int = 0
    held: int = 0
    told: int = 0


async def reconcile(hub: Hub, channel: Answering, *, name: str = "sms") -> Reconciled:
    """One step: look through new attempts, then ask what is due, oldest first.

    In doubt: the provider lists what it sent to the number; what fits and is not ours yet is adopted. What it does
    not list in the time that the settings give is repeated or left to a person. Silent: it is asked by its id.
    A question that is not answered is put off, so that it holds up no other. Raises ChannelError where the provider
    is out of reach, or answers none.
    """
    now = hub.clock.now()
    await _gather(hub, name, before=now - hub.config.sms.ask_after)
    async with hub.store.read() as tx:
        found = await inquiries.to_ask(tx, at=now, limit=QUESTIONS)
    done, unanswered = Reconciled(), list[ChannelError]()
    for inquiry in found:
        if not await _claimed(hub, inquiry):
            continue
        try:
            done = _sum(done, await _ask(hub, channel, inquiry))
        except UnivoqueError:
            raise  # of our own house, whatever the question
        except Exception as error:
            await _put_off(hub, inquiry, error)
            if not isinstance(error, ChannelError) or isinstance(error, Unavailable):
                raise
            unanswered.append(error)
    if unanswered and not done.asked:
        raise unanswered[-1]
    if unanswered:
        log.warning(
            "the provider answers other questions", unanswered=len(unanswered), code=unanswered[-1].code
        )
    return done


async def keep_asking(hub: Hub, channel: Answering, *, name: str, until: asyncio.Event) -> None:
    """Step after step, until told to end; slower while the provider does not answer."""
    failures = 0
    while not await came(until, rest(failures + 1, STEP, SLOWEST)):
        try:
            await reconcile(hub, channel, name=name)
        except ChannelError as error:
            failures += 1
            if failures == 1:
                log.warning("the provider answers no questions", code=error.code, reason=error.detail)
        except Exception:
            log.exception("nothing can be reconciled; it is tried again")
            failures += 1
        else:
            if failures:
                log.info("the provider answers questions again")
            failures = 0


async def _gather(hub: Hub, name: str, *, before: datetime) -> None:
    """Look through what is new; the write lock is taken only for the place reached."""
    for _ in range(WINDOWS):
        async with hub.store.read() as tx:
            looked = await inquiries.look_through(
                tx, channel=name, before=before, silent_after=hub.config.sms.silent_after
            )
        if looked is None:
            return
        async with hub.store.write() as tx:
            await inquiries.note(tx, looked)
        if not looked.more:
            return


async def _claimed(hub: Hub, inquiry: Inquiry) -> bool:
    """Whether no other sender asks it; a claim ends by itself, for those that die with one."""
    async with hub.store.write() as tx:
        until = hub.clock.now() + 2 * hub.config.sms.timeout
        return await inquiries.claim(tx, inquiry, until=until)


async def _ask(hub: Hub, channel: Answering, inquiry: Inquiry) -> Reconciled:
    if inquiry.outcome is Outcome.UNCERTAIN and not inquiry.provider_id:
        return await _doubt(hub, channel, inquiry)
    if inquiry.outcome is Outcome.ACCEPTED and inquiry.provider_id:
        return await _silence(hub, channel, inquiry)
    # Its end came by another way, or it is being tried again; what then is in doubt or silent turns up anew.
    async with hub.store.write() as tx:
        await inquiries.close(tx, inquiry)
    return Reconciled()


async def _put_off(hub: Hub, inquiry: Inquiry, error: Exception) -> None:
    """Ask later what was not answered: soon where that may be the line's fault, else ever less."""
    now = hub.clock.now()
    age = timedelta(0) if isinstance(error, Unavailable) else (now - inquiry.since) / 4
    async with hub.store.write() as tx:
        if now > inquiry.expires_at + AFTERWARDS:
            await inquiries.close(tx, inquiry)
        else:
            await inquiries.put_off(tx, inquiry, at=now + min(max(hub.config.sms.ask_after, age), SELDOM))


async def _doubt(hub: Hub, channel: Answering, inquiry: Inquiry) -> Reconciled:
    trace = await _found(hub, channel, inquiry)
    now = hub.clock.now()
    if trace is not None:
        if not await _adopted(hub, inquiry, trace):
            return Reconciled(asked=1)
        log.info("a doubt is over: the provider has it", sid=trace.provider_id, outcome=trace.outcome)
        return Reconciled(asked=1, adopted=1)
    settings = hub.config.sms
    until = inquiry.since + (settings.wait_urgent if _urgent(inquiry) else settings.wait)
    async with hub.store.write() as tx:
        if now < until:
            await inquiries.ask_again(
                tx, inquiry, at=min(now + _wait(settings.ask_after, inquiry.asked), until)
            )
            return Reconciled(asked=1)
        if not await inquiries.waits_for(tx, inquiry.made):
            await inquiries.close(tx, inquiry)
            return Reconciled(asked=1)
        if _may_repeat(hub, inquiry, await deliveries.doubts(tx, inquiry.made)):
            await inquiries.repeat(tx, inquiry.made, at=now)
            await inquiries.close(tx, inquiry)
            return Reconciled(asked=1, repeated=1)
        await inquiries.leave(tx, inquiry.made, at=now)
        if now > inquiry.expires_at:
            await inquiries.close(tx, inquiry)
        else:  # a list may lag for longer; to ask is cheap, and seldom
            await inquiries.ask_again(tx, inquiry, at=now + SELDOM)
    return Reconciled(asked=1, held=1)


async def _adopted(hub: Hub, inquiry: Inquiry, trace: Trace) -> bool:
    """Take what the provider has as this one, unless another sender took it as another one; then it is asked anew."""
    now = hub.clock.now()
    async with hub.store.write() as tx:
        if await inquiries.known_ids(tx, {trace.provider_id}):
            await inquiries.put_off(tx, inquiry, at=now)
            return False
        await record.append(tx, [_report(inquiry, trace)], at=now)
        if trace.outcome == Outcome.ACCEPTED:
            again = now + hub.config.sms.silent_after
            await inquiries.follow(tx, inquiry, provider_id=trace.provider_id, at=again)
    return True


async def _found(hub: Hub, channel: Answering, inquiry: Inquiry) -> Trace | None:
    """What the provider lists that can only be this one: to this number, these words, since its first try."""
    page = f"{hub.config.service.base_url.rstrip('/')}/u/{inquiry.token}"
    text = channel.text_of(inquiry.text, page).split()
    earliest = inquiry.first_tried_at.replace(microsecond=0) - CLOCKS_DIFFER
    listed = [
        trace
        for trace in await channel.sent_to(inquiry.address)
        if trace.text.split() == text and trace.taken_at >= earliest
    ]
    if not listed:
        return None
    async with hub.store.read() as tx:
        ours = await inquiries.known_ids(tx, {trace.provider_id for trace in listed})
    fresh = [trace for trace in listed if trace.provider_id not in ours]
    return min(fresh, key=lambda trace: trace.taken_at, default=None)


async def _silence(hub: Hub, channel: Answering, inquiry: Inquiry) -> Reconciled:
    trace = await channel.trace(inquiry.provider_id)
    now = hub.clock.now()
    if trace is not None and trace.outcome != Outcome.ACCEPTED:
        await record.record(hub, _report(inquiry, trace))
        async with hub.store.write() as tx:
            await inquiries.close(tx, inquiry)
        return Reconciled(asked=1, told=1)
    async with hub.store.write() as tx:
        if trace is None or now > inquiry.expires_at + AFTERWARDS:
            await inquiries.close(tx, inquiry)
        else:
            again = now + _wait(hub.config.sms.silent_after, inquiry.asked + 1)
            await inquiries.ask_again(tx, inquiry, at=again)
    return Reconciled(asked=1)


def _report(inquiry: Inquiry, trace: Trace) -> Report:
    return Report(inquiry.made, Outcome(trace.outcome), trace.code, trace.provider_id, trace.suppress)


def _may_repeat(hub: Hub, inquiry: Inquiry, doubts: int) -> bool:
    """Only where the settings say so for its class, while it matters, and not for ever (decision 0044)."""
    rule: Sms = hub.config.sms
    allowed = rule.repeat_uncertain == "always" or (rule.repeat_uncertain == "urgent" and _urgent(inquiry))
    live = hub.clock.now() < inquiry.expires_at
    return allowed and live and doubts < hub.config.delivery.doubts


def _urgent(inquiry: Inquiry) -> bool:
    return inquiry.urgency == "Immediate"


def _wait(first: timedelta, asked: int) -> timedelta:
    return min(first * (1 << min(asked, 10)), SELDOM)


def _sum(one: Reconciled, other: Reconciled) -> Reconciled:
    return Reconciled(
        one.asked + other.asked,
        one.adopted + other.adopted,
        one.repeated + other.repeated,
        one.held + other.held,
        one.told + other.told,
    )
