"""One try at one delivery: what becomes of it when its neighbour, its ledger or its answer fails."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from channels.contract import Outgoing, Receipt, Uncertain
from hub.flow import deliver
from hub.flow.deliver import Post
from hub.flow.doorstep import Doorstep
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.contract import Body, FencedOff, Item, LedgerBusy, Repeat
from hub.store.deliveries import key_of
from hub.store.dispatches import body_digest
from hub.store.instance import Instance
from tests.hub.flow.test_deliver import settings
from tests.plans import NOON

MINUTE = timedelta(minutes=1)
WORDS = ("email", "fr", "directives", "Visites", "Bonjour", None)


@dataclass
class Ledger:
    """One body, and how often a delivery was in doubt; it raises what it is told to."""

    fails: Exception | None = None
    doubted: int = 0
    asked: int = 0

    async def body(self, id_: int) -> Body:
        if self.fails is not None:
            raise self.fails
        return Body(id_, 1, *WORDS, digest=body_digest(*WORDS))

    async def doubts(self, item: Item) -> int:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return self.doubted


@dataclass
class Lane:
    """Takes everything, or raises what it is told to."""

    fails: Exception | None = None
    sent: list[tuple[Outgoing, Outgoing | None]] = field(default_factory=list)

    async def send(self, outgoing: Outgoing, following: Outgoing | None = None) -> Receipt:
        self.sent.append((outgoing, following))
        if self.fails is not None:
            raise self.fails
        return Receipt("250", "queue-id")


class Refusals:
    """Nothing is stopped; notes what could not be prepared."""

    def __init__(self) -> None:
        self.halted: set[int] = set()
        self.rows = SimpleNamespace(open={})
        self.doorstep = Doorstep(0)


def post(ledger: Ledger, repeat: Repeat | None = None) -> Post:
    traits = SimpleNamespace(name="email", calls_back=False)
    channel: Any = SimpleNamespace(traits=traits, prepare=lambda words, **_: words.text)
    unused: Any = None
    rest: Any = {"ledger": ledger, "suppress": unused, "refusals": Refusals()}
    return Post(
        channel=channel,
        instance=Instance("name", b"secret"),
        site="https://univoque.invalid",
        settings=settings(),
        repeat=repeat or Repeat(held=False, later=(MINUTE,)),
        clock=Clock(lambda: NOON),
        random=Random(1),
        **rest,
    )


def item(seq: int, *, attempt: int = 0) -> Item:
    life = NOON + timedelta(days=1)
    return Item(1, seq, 7, f"person-{seq}@example.org", f"token-{seq}", attempt, life, due=attempt > 0)


async def test_a_next_message_that_cannot_be_made_takes_nothing_from_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails_for_the_second(instance: Instance, dispatch: int, seq: int) -> str:
        if seq == 2:
            raise ValueError(seq)
        return key_of(instance, dispatch, seq)

    lane: Any = Lane()
    sender = post(Ledger())
    monkeypatch.setattr(deliver, "key_of", fails_for_the_second)
    await sender.send(lane, item(3), 0)  # the body is at hand from here on

    settled, error = await sender.send(lane, item(1), 0, ahead=item(2))

    assert (settled.outcome, error) == (Outcome.ACCEPTED, None)
    assert [following for _, following in lane.sent] == [None, None]


@pytest.mark.parametrize(
    ("doubted", "wait", "held"), [(0, timedelta(0), False), (1, MINUTE, False), (2, timedelta(0), True)]
)
async def test_each_doubt_waits_longer_and_the_last_is_held(
    doubted: int, wait: timedelta, held: bool
) -> None:
    lane: Any = Lane(Uncertain("connection-lost"))

    settled, _ = await post(Ledger(doubted=doubted)).send(lane, item(1, attempt=doubted), 0)

    assert settled.outcome is Outcome.UNCERTAIN
    assert settled.again is not None
    assert (settled.again.at - NOON, settled.again.held) == (wait, held)


async def test_a_first_try_that_is_in_doubt_asks_the_ledger_for_nothing() -> None:
    lane: Any = Lane(Uncertain("connection-lost"))
    ledger = Ledger()

    await post(ledger).send(lane, item(1), 0)

    assert ledger.asked == 0


async def test_where_the_ledger_cannot_say_every_try_may_have_been_a_doubt() -> None:
    lane: Any = Lane(Uncertain("connection-lost"))
    ledger = Ledger()
    sender = post(ledger)
    await sender.send(lane, item(3), 0)
    ledger.fails = LedgerBusy("locked")

    settled, _ = await sender.send(lane, item(1, attempt=2), 0)

    assert settled.again is not None
    assert settled.again.held


async def test_who_was_fenced_off_while_reading_the_words_ends_there() -> None:
    lane: Any = Lane()

    with pytest.raises(FencedOff):
        await post(Ledger(FencedOff("a newer life"))).send(lane, item(1), 0)

    assert lane.sent == []


async def test_words_that_the_ledger_cannot_read_now_are_no_attempt() -> None:
    lane: Any = Lane()

    settled, error = await post(Ledger(LedgerBusy("locked"))).send(lane, item(1), 0)

    assert settled.outcome is Outcome.DEFERRED
    assert settled.again is not None
    assert settled.again.attempt == 0
    assert error is not None
    assert (error.counts, error.channel_wide) == (False, False)
