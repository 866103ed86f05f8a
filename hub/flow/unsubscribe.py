"""A reader wants no more, or wants it again: by the link of a message, by one click, or by SMS."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.context import Hub
from hub.store import heard, journal, optout, suppressions
from hub.store.engine import Tx
from hub.store.optout import Subscriber, Subscription
from subscribers.address import AddressFault, mask, normalise_phone
from subscribers.audience import UNSUBSCRIBED
from subscribers.model import Reach

STOPPED = "stop"
"""Why a number is suppressed whose owner answered STOP: the provider blocks it too, whatever the message."""


@dataclass(frozen=True, slots=True)
class Way:
    """An address as it may be shown, and whether messages still go there; `reason` says why not."""

    channel: Reach
    masked: str
    reason: str | None

    @property
    def open(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader sees of themselves behind their link."""

    token: str
    language: str
    opted_out_at: datetime | None
    ways: tuple[Way, ...]
    directives: tuple[Subscription, ...]
    duty: tuple[Subscription, ...]
    """Mandatory notices to an organisation: they have no opt-out, only their address can change."""

    @property
    def opted_out(self) -> bool:
        return self.opted_out_at is not None

    @property
    def only_duty(self) -> bool:
        """Whether nothing comes that could be ended: an old opt-out changes nothing then either."""
        return bool(self.duty) and not self.directives

    @property
    def streams(self) -> tuple[str, ...]:
        """What still comes."""
        open_ = ("duty",) if self.duty else ()
        return open_ if self.opted_out or not self.directives else (*open_, "directives")


async def show(hub: Hub, token: str) -> Page:
    """What the person with this link receives, and where; changes nothing. Raises NotFound."""
    async with hub.store.read() as tx:
        return await _page(tx, await optout.get(tx, token))


async def unsubscribe(hub: Hub, token: str, *, source: str = "page") -> Page:
    """End everything but mandatory notices; asked twice, it says the same. Raises NotFound.

    Who receives mandatory notices alone has nothing to end: nothing changes, and the page says so (decision 17).
    The addresses are kept as hashes that outlive the person, so that no later list brings them back.
    """
    now = hub.clock.now()
    async with hub.store.write() as tx:
        person = await optout.get(tx, token)
        page = await _page(tx, person)
        if page.only_duty:
            return page
        if person.opted_out_at is None:
            await optout.set_opted_out(tx, [person.id], now)
            await optout.add_consents(
                tx, [person.id], granted=False, basis="withdrawn by the person", source=source, at=now
            )
            for channel, value in person.addresses.items():
                await suppressions.add(tx, channel=channel, value=value, reason=UNSUBSCRIBED, at=now)
            await _note(tx, now, "unsubscribed", [person.id], source)
        return await _page(tx, await optout.get(tx, token))


async def stop_number(hub: Hub, number: str, *, source: str = "sms", sid: str = "") -> int:
    """Send nothing to this number any more; returns how many persons have it.

    Their e-mail goes on: who stops SMS has not stopped everything. An unknown number is suppressed too.
    `sid` names the SMS that said so: one that comes again is not obeyed again.
    """
    return await _answered(hub, number, source, sid, granted=False)


async def start_number(hub: Hub, number: str, *, source: str = "sms", sid: str = "") -> int:
    """The owner of a number wants messages there again: their own new consent; no import can do that.

    Whoever opted out by the page comes back for this number only; their e-mail address stays suppressed.
    `sid` names the SMS that said so: replayed after a later STOP it revives nobody.
    """
    return await _answered(hub, number, source, sid, granted=True)


async def _answered(hub: Hub, number: str, source: str, sid: str, *, granted: bool) -> int:
    try:
        value = normalise_phone(number)
    except AddressFault:
        return 0  # a short code or a landline: nobody of ours
    now = hub.clock.now()
    async with hub.store.write() as tx:
        if not await heard.first_time(tx, sid, at=now):
            return 0
        if granted:
            changed = await suppressions.lift(tx, channel="sms", value=value)
        else:
            changed = await suppressions.add(tx, channel="sms", value=value, reason=STOPPED, at=now)
        people = await optout.having(tx, channel="sms", value=value)
        if changed and people:
            if granted:
                await optout.set_opted_out(tx, people, None)
            word = "START by SMS" if granted else "STOP by SMS"
            await optout.add_consents(tx, people, granted=granted, basis=word, source=source, at=now)
        if changed:
            await _note(tx, now, "number started" if granted else "number stopped", people, source)
        return len(people)


async def _page(tx: Tx, person: Subscriber) -> Page:
    barred = await suppressions.among(tx, list(person.addresses.items()))
    return Page(
        token=person.token,
        language=person.language,
        opted_out_at=person.opted_out_at,
        ways=tuple(
            Way(channel, mask(value), barred.get((channel, value)))
            for channel, value in person.addresses.items()
        ),
        directives=tuple(s for s in person.subscriptions if s.stream != "duty"),
        duty=tuple(s for s in person.subscriptions if s.stream == "duty"),
    )


async def _note(tx: Tx, at: datetime, action: str, people: Sequence[int], source: str) -> None:
    subject = f"person {people[0]}" if len(people) == 1 else f"{len(people)} persons"
    await journal.append(
        tx,
        at=at,
        actor="(reader)",
        action=action,
        subject=subject,
        detail={"persons": list(people), "source": source},
    )
