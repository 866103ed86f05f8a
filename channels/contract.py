"""What every channel promises: lanes that send one message to one address, a receipt, three ways to fail."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol, runtime_checkable

PERSONAL_LINK = "https://univoque.invalid/personal-link"
"""Stands in approved words, on a line of its own, where the recipient's own link goes on leaving."""


@dataclass(frozen=True, slots=True)
class Words:
    """Approved words of one variant. Only PERSONAL_LINK is replaced, per recipient, by an ASCII URL."""

    subject: str
    text: str
    html: str | None
    language: str


class Outgoing(NamedTuple):
    """One message to one address, ready to leave.

    `body` is what `Channel.prepare` returned for its variant. `key` is the delivery's UUID (RFC 4122 text):
    the same for every attempt, so Message-ID repeats. `attempt` identifies this attempt where the far side calls
    back, and is empty elsewhere. After `expires_at` the message does not matter any more. `personal_link` is the
    recipient's page; `one_click` the RFC 8058 URL, None on the duty stream, which has no opt-out.
    """

    body: object
    address: str
    key: str
    attempt: str
    expires_at: datetime
    personal_link: str
    one_click: str | None


class Receipt(NamedTuple):
    """The far side took the message: its reply code and its own id (queue id, SID), if it said one."""

    code: str
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the hub must know of a channel to plan for it."""

    name: str
    lanes: int
    repeats_uncertain: bool
    """Whether an uncertain message of this channel may simply be repeated (e-mail: same Message-ID)."""
    per_second: float = math.inf
    """The most messages that may leave in a second."""
    calls_back: bool = False
    """Whether the far side reports later on an attempt, by the id that went with it."""
    announces: bool = False
    """Whether a lane gains by knowing what follows on it: it may tell the far side for whom that is."""


class WrongSettings(ValueError):
    """The settings of a channel cannot be used; the argument names the setting and the remedy."""


class ChannelError(Exception):
    """`code` is the far side's reply code ("550 5.1.1", "21610") or our own word for it; never an address."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


Concerns = Literal["address", "message", "sender", "unclear"]


class Refused(ChannelError):
    """Will never succeed as it is. `suppress` says that the address must not be used again.

    `concerns` says what is at fault as far as the far side's words tell: this address, or what the message says,
    or us, for which it would refuse everybody. It is "unclear" where it says that of the address, and what becomes
    of the others has to show whether it says the same of everybody.
    """

    def __init__(
        self, code: str, detail: str = "", *, suppress: bool = False, concerns: Concerns = "address"
    ) -> None:
        super().__init__(code, detail)
        self.suppress = suppress
        self.concerns = concerns


Slower = Literal["all", "domain"]
PutOff = Literal["address", "unclear", "all"]


class Unavailable(ChannelError):
    """Nothing was accepted; try again, perhaps after `retry_after`.

    `counts` is False where the try says nothing about the message (rate limit, no connection): it is no
    attempt. `channel_wide` is True where no other message would fare better (wrong password): the channel
    pauses. `asks_less` says who wants fewer messages a second: the far side ("all") or the recipient's domain.
    `concerns` says who is put off where it does not count: all, or this recipient alone (greylisting), which holds up
    no other; "unclear" where what becomes of the others has to show it.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after: timedelta | None = None,
        counts: bool = True,
        channel_wide: bool = False,
        asks_less: Slower | None = None,
        concerns: PutOff = "all",
    ) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after
        self.counts = counts
        self.channel_wide = channel_wide
        self.asks_less = asks_less
        self.concerns = concerns


class Expired(Unavailable):
    """Its time passed on the way to the far side; nothing of it left, and nothing will."""

    def __init__(self) -> None:
        super().__init__("expired", "its time passed before anything had left", counts=False)


class Uncertain(ChannelError):
    """The far side may have accepted it; nobody can say."""


class Lane(Protocol):
    """One connection to the far side; sends one message to one address at a time."""

    async def send(self, outgoing: Outgoing, ahead: Outgoing | None = None) -> Receipt:
        """Hand the message over. Raises Refused, Unavailable or Uncertain.

        What is `ahead` follows on this lane, unless something comes between; none of its content leaves yet.
        """
        ...


class Channel(Protocol):
    """A way out of the house."""

    traits: Traits

    def prepare(self, words: Words, *, stream: str, headers: Mapping[str, str]) -> object:
        """Compile the words of a variant once; per recipient only bytes are substituted afterwards."""
        ...

    def lane(self) -> AbstractAsyncContextManager[Lane]:
        """Open a lane; it connects on first use and reconnects after a failure."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A lane that may not begin its next message at any moment."""

    def wait(self) -> float:
        """Book the next place in the row; returns the seconds until it comes."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A prepared message that costs something."""

    def units(self, personal_link: str) -> int:
        """What the far side charges one reader's message for: segments."""
        ...


class RelayState(NamedTuple):
    """One of the servers that may take what leaves: whether new connections go there, whether it is left alone."""

    place: str
    in_use: bool
    rests: bool


@runtime_checkable
class Relayed(Protocol):
    """A channel that goes through one of several servers."""

    def relays(self) -> Sequence[RelayState]:
        """How each of them stands, in order of preference."""
        ...


@dataclass(frozen=True, slots=True)
class Trace:
    """One message as the far side says it has it. `outcome` is one of our words, `code` the far side's."""

    provider_id: str
    text: str
    taken_at: datetime
    outcome: str
    code: str
    suppress: bool
    units: int
    """What it charges for: segments."""
    price: Decimal | None
    """What it charged, where it says so already."""


@runtime_checkable
class Answering(Protocol):
    """A channel whose far side can be asked afterwards what it has. All of these raise ChannelError."""

    async def sent_to(self, address: str) -> Sequence[Trace]:
        """The latest messages from us to an address, newest first."""
        ...

    async def trace(self, provider_id: str) -> Trace | None:
        """One message; None where the far side knows of none."""
        ...

    def sent_on(self, day: date) -> AsyncIterator[Trace]:
        """All messages that left on a day of the far side's (UTC)."""
        ...

    def text_of(self, text: str, personal_link: str) -> str:
        """Approved words as they leave for one reader."""
        ...
