"""What a ledger promises: leases, and one durable commit for the outcomes and intents of all ready lanes."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from hub.errors import UnivoqueError
from hub.model.delivery import Outcome


class FencedOff(UnivoqueError):
    """This sender's slot was taken over by another life."""


class LedgerWaits(UnivoqueError):
    """The ledger cannot be written at the moment; nothing was lost and nothing was written."""


class LedgerBusy(LedgerWaits):
    """Another process is writing to the ledger; nothing was lost and nothing was written."""


class Item(NamedTuple):
    """A delivery in a sender's hand; `attempt` counts its tries so far, `due` marks a further one."""

    dispatch: int
    seq: int
    body: int
    address: str
    token: str
    attempt: int
    expires_at: datetime
    due: bool


class Intent(NamedTuple):
    """A lane is about to make try number `attempt`."""

    item: Item
    attempt: int
    lane: int


class Again(NamedTuple):
    """When to try once more; `held` waits for a person instead."""

    at: datetime
    held: bool
    attempt: int
    """The tries that count so far."""


class Settled(NamedTuple):
    """What came of a try; or, with `lane` -1, why there was none."""

    item: Item
    attempt: int
    lane: int
    outcome: Outcome
    code: str = ""
    provider_id: str = ""
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Rows taken in hand: a chunk, or deliveries that are due again (`chunk` 0).

    `items` is empty where every row got an outcome without a try; then simply ask again.
    """

    chunk: int
    items: Sequence[Item]
    urgency: int = 0


@dataclass(frozen=True, slots=True)
class Repeat:
    """What happens to an uncertain delivery of a channel: repeated after `wait`, or `held` for a person.

    One that is in doubt again waits for the first of `later`, then for the next; after the last it is held.
    """

    held: bool
    wait: timedelta = timedelta(0)
    later: Sequence[timedelta] = ()

    def after(self, doubts: int) -> tuple[timedelta, bool]:
        """How long a delivery waits that has been in doubt so often by now, and whether for a person."""
        if 1 < doubts <= len(self.later) + 1:
            return self.later[doubts - 2], self.held
        return self.wait, self.held or doubts > 1


@dataclass(frozen=True, slots=True)
class Entered:
    """A new life in a slot, and how many deliveries its last one left uncertain."""

    epoch: int
    uncertain: int


@dataclass(frozen=True, slots=True)
class Orders:
    """Stops in force."""

    all: bool
    channels: AbstractSet[str]
    """A channel's name, or `sms/12` for that of one dispatch alone."""
    dispatches: AbstractSet[int]


@dataclass(frozen=True, slots=True)
class Body:
    """Approved words as they were frozen."""

    id: int
    dispatch: int
    channel: str
    language: str
    stream: str
    subject: str
    text: str
    html: str | None
    digest: str


Fingerprint = Callable[[str, str], str]
"""The keyed hash of a channel's address under which suppressions are kept."""


class Ledger(Protocol):
    """One sender's view of the deliveries. Every method that writes is one durable commit.

    Raises FencedOff when another life took the slot, LedgerWaits when the database is locked or full.
    """

    async def enter(
        self, slot: str, *, at: datetime, until: datetime, repeats: Mapping[str, Repeat]
    ) -> Entered:
        """Begin a life in `slot`: the last one's open intents become uncertain, then due; its leases end."""
        ...

    async def renew(self, *, at: datetime, until: datetime) -> int:
        """Keep the slot until `until`, and take over those that ran out; returns what they left uncertain."""
        ...

    async def lease(self, channel: str, *, at: datetime, above: int | None = None) -> Lease | None:
        """Take the next chunk by urgency, then age; with `above`, only a more urgent one. None: no chunk.

        Rows that were tried before are left out; who opted out since approval is `suppressed`, and the rows
        of a dispatch that was cancelled or has expired get that outcome at once.
        """
        ...

    async def lease_due(
        self, channel: str, *, at: datetime, limit: int, above: int | None = None
    ) -> Lease | None:
        """Take rows of one dispatch whose time to be tried again has come: of the most urgent, then of the oldest.

        With the same regard to opt-outs and expiry. None, too, where a chunk waits that is more urgent.
        With `above`, only rows of a more urgent dispatch.
        """
        ...

    async def turn(
        self,
        *,
        at: datetime,
        settled: Sequence[Settled],
        intents: Sequence[Intent],
        done: Sequence[int] = (),
        released: Sequence[int] = (),
    ) -> AbstractSet[Intent]:
        """One commit for all lanes that are ready: outcomes, then intents, chunks done or given back.

        Returns the intents that are void, because a report settled the delivery meanwhile, or because its dispatch
        was cancelled, which is its outcome then: do not send those.
        An outcome of a delivery that a report has finished already is dropped.
        """
        ...

    async def put_back(self, items: Sequence[Item]) -> None:
        """Give due rows back, untried."""
        ...

    async def body(self, body: int) -> Body:
        """The words of a body."""
        ...

    async def orders(self) -> Orders:
        """The stops in force."""
        ...

    async def postpone(self, channel: str, *, at: datetime, until: datetime) -> None:
        """Rows that are due and whose dispatch is not immediate wait for the end of the quiet hours, untried.

        What is held, in somebody's hand, cancelled or expired stays as it is.
        """
        ...

    async def leave(self) -> None:
        """End this life: give all leases back. Its open intents stay, for `enter` to find."""
        ...

    async def close(self) -> None: ...

    async def beat(self, *, at: datetime, state: str) -> None:
        """Say in the slot's row that this life goes on, and how it stands: JSON of `hub.model.pulse`."""
        ...

    async def doubts(self, item: Item) -> int:
        """How often a delivery has been in doubt so far."""
        ...
