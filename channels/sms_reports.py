"""What Twilio says about a message: its error codes and statuses, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from channels.contract import ChannelError, Refused, Unavailable, Uncertain

Effect = Literal["refused", "suppressed", "words", "unsure", "later", "stop"]
"""`suppressed`: refused, and the number is not used again. `words`: refused for what it says, whoever gets it.
`unsure`: refused, and it may be everybody's fault or one number's. `stop`: no other message would fare better."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code of Twilio's means for us."""

    effect: Effect
    detail: str


_STOP_SETTINGS = "look into sms.account_sid and its token"
_STOP_SENDER = "look into sms.sender"

ON_SENDING: Mapping[int, Meaning] = MappingProxyType(
    {
        14107: Meaning("later", "too many messages a second from this sender"),
        20003: Meaning("stop", f"the provider refuses our login; {_STOP_SETTINGS}"),
        20005: Meaning("stop", "the account is not active; ask the provider"),
        20006: Meaning("stop", f"access denied; {_STOP_SETTINGS}"),
        20008: Meaning("stop", f"these are test credentials; {_STOP_SETTINGS}"),
        20404: Meaning("stop", "there is no such account here; look into sms.account_sid and sms.base_url"),
        20429: Meaning("later", "too many requests"),
        21211: Meaning("suppressed", "not a valid number"),
        21212: Meaning("stop", f"not a valid sender; {_STOP_SENDER}"),
        21217: Meaning("suppressed", "not a valid number"),
        21408: Meaning("unsure", "the account may not send to this country"),
        21602: Meaning("words", "no text"),
        21603: Meaning("stop", f"no sender; {_STOP_SENDER}"),
        21604: Meaning("refused", "no number"),
        21606: Meaning("stop", f"the sender cannot send SMS; {_STOP_SENDER}"),
        21609: Meaning("stop", "the callback address is not public; look into service.base_url"),
        21610: Meaning("suppressed", "the reader sent STOP"),
        21611: Meaning("later", "the sender's queue is full"),
        21612: Meaning("unsure", "this sender cannot reach this number"),
        21614: Meaning("suppressed", "not a mobile number"),
        21617: Meaning("words", "longer than 1600 characters"),
        21635: Meaning("suppressed", "a landline"),
        21659: Meaning("stop", f"the sender is not ours; {_STOP_SENDER}"),
        21701: Meaning("stop", f"there is no such messaging service; {_STOP_SENDER}"),
        21703: Meaning("stop", f"the messaging service has no sender; {_STOP_SENDER}"),
        21704: Meaning("stop", f"the messaging service has no sender for this; {_STOP_SENDER}"),
        30001: Meaning("later", "the sender's queue is full"),
        30002: Meaning("stop", "the account is suspended; ask the provider"),
        63038: Meaning("stop", "the account's daily limit is reached; ask the provider"),
    }
)
"""Codes in the answer to a request. None of them leaves a doubt: nothing was accepted."""

AFTER_ACCEPTANCE: Mapping[int, Meaning] = MappingProxyType(
    {
        21610: Meaning("suppressed", "the reader sent STOP"),
        30003: Meaning("refused", "the phone is off or out of reach"),
        30004: Meaning("suppressed", "the reader blocks our messages"),
        30005: Meaning("suppressed", "the number is not in use"),
        30006: Meaning("suppressed", "a landline, or a carrier that takes no SMS"),
        30007: Meaning("words", "the carrier filtered the message"),
        30008: Meaning("refused", "the carrier gives no reason"),
    }
)
"""Codes that come with a report of failure."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "accepted": "accepted",
        "scheduled": "accepted",
        "queued": "accepted",
        "sending": "accepted",
        "sent": "accepted",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "bounced",
        "failed": "bounced",  # it was accepted once: that is what made it a message with a status
        "canceled": "bounced",
    }
)
"""Twilio's MessageStatus to our outcome."""


def outcome(status: str) -> str | None:
    """Our outcome for a MessageStatus; None for one that says nothing about a message of ours."""
    return OUTCOMES.get(status)


def suppresses(code: int | None) -> bool:
    """Whether a report with this error code means that the number must not be used again."""
    meaning = AFTER_ACCEPTANCE.get(code) if code is not None else None
    return meaning is not None and meaning.effect == "suppressed"


def concerns_message(code: int | None) -> bool:
    """Whether a report with this error code is about what the message says, not about the number."""
    meaning = AFTER_ACCEPTANCE.get(code) if code is not None else None
    return meaning is not None and meaning.effect == "words"


def failure(status: int, code: int | None, *, retry_after: timedelta | None = None) -> ChannelError:
    """The failure that an HTTP answer with this status and Twilio code stands for."""
    word = str(code or status)
    if status >= 500:
        return Uncertain(word, "the provider failed while it had the message")
    meaning = ON_SENDING.get(code or 0) or _by_status(status)
    match meaning.effect:
        case "later":
            return Unavailable(word, meaning.detail, retry_after=retry_after, counts=False)
        case "stop":
            return Unavailable(word, meaning.detail, counts=False, channel_wide=True)
        case "words" | "unsure":
            return Refused(word, meaning.detail, concerns="message")
        case effect:
            return Refused(word, meaning.detail, suppress=effect == "suppressed")


def _by_status(status: int) -> Meaning:
    if status == 429:
        return ON_SENDING[20429]
    if status in (408, 425):  # RFC 9110 §15.5.9, RFC 8470 §5.2: not processed, and may be sent again
        return Meaning("later", "the request came too slowly or too early")
    if status in (401, 403):
        return ON_SENDING[20003]
    if status == 402:
        return Meaning("stop", "the provider wants to be paid; ask the provider")
    if status in (404, 407) or 300 <= status < 400:
        return Meaning("stop", "the provider's address leads elsewhere; look into sms.base_url")
    return Meaning("unsure", "the provider refuses it, for a reason unknown here; ask the provider")
