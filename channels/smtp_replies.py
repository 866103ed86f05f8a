"""What an SMTP reply means for us: a receipt, or one of the channel's three ways to fail."""

import re
from datetime import timedelta
from typing import Literal, NamedTuple

from channels.contract import ChannelError, Concerns, PutOff, Receipt, Refused, Slower, Unavailable

Phase = Literal["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"]

# RFC 3463: the mailbox does not exist, never could, moved away, or is shut.
_NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.2.1"})
# Of the subjects that are about what is sent, these are about an address: RFC 6531, RFC 7293.
_OF_THE_ADDRESS = frozenset({"6.7", "7.17", "7.18"})
# RFC 3463 §3.2: of those about addresses, these are about the sender's. RFC 7372: nor is who we are to its liking.
_OF_THE_SENDER = frozenset({"1.7", "1.8"})
_OF_US = _OF_THE_SENDER | {"7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26", "7.27", "7.28"}
# Large mailbox providers: a rate of mail that is unusual.
_RATES = frozenset({"4.7.28", "4.7.29"})
# RFC 3463 §3.4, §3.5: the far side's own system, and the way there. They say nothing about a message.
_OF_THE_FAR_SIDE = frozenset({"3", "4"})
# RFC 5321 §4.2.3: without a code of RFC 3463 these are faults of its own, or its lack of room.
_ITS_OWN_FAULT = frozenset({451, 452, 454, 455})
# RFC 4954 §6: these speak of our login, in whatever phase they come.
_LOGIN = frozenset({530, 534, 535, 538})
_LONGEST_HINT = timedelta(hours=1)

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"\S+@\S+")
_RELAYING = re.compile(
    r"relay(ing)?\b.*\b(denied|not permitted|not allowed|prohibited)|unable to relay",
    re.IGNORECASE | re.DOTALL,
)
# Postfix and others say at RCPT what they hold against a client, its HELO or its sender: smtpd_delay_reject = yes.
_OURSELVES = re.compile(
    r"client host|helo command|sender address rejected|not owned by|block(ed (using|by)|[ -]?list)|blacklist",
    re.IGNORECASE,
)
_HINT = re.compile(r"\b(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b", re.I)
_CLOCK = re.compile(r"\b(\d\d):(\d\d):(\d\d)\b")
_GREYLIST = re.compile(r"gr[ae]y-?list", re.I)
_TOO_FAST = re.compile(r"too (many|much|fast)|\brate\b|rate.?limit|throttl|slow down|\bvolume\b|exceed", re.I)
_QUEUE_IDS = (
    re.compile(r"queued as <?([\w.-]+)", re.I),  # Postfix, aiosmtpd and many others
    re.compile(r"\bid=([\w-]+)", re.I),  # Exim
    re.compile(r"InternalId=(\d+)", re.I),  # Exchange
    re.compile(r"^OK\s+\d+\s+(\S+) - gsmtp", re.I),  # Gmail
    re.compile(r"^Ok ([\w-]{20,})$", re.I),  # Amazon SES
)
_SHORTEST_WITH_ID = len("id=1")


class Reply(NamedTuple):
    """One reply of the server: its three digits and its text, lines joined by line feeds."""

    digits: int
    text: str

    @classmethod
    def read(cls, raw: bytes) -> "Reply":
        """A reply as it came, lines joined by line feeds. Raises ValueError for what begins with no code."""
        if not (raw[:3].isdigit() and raw[3:4] in (b"", b" ", b"-", b"\r")):
            raise ValueError("this is no SMTP reply")
        text = raw[4:].decode("utf-8", "replace").strip()
        if "\n" in text:
            first, *others = text.split("\n")
            text = "\n".join([first.strip(), *[line[4:].strip() for line in others]])
        return cls(int(raw[:3]), text)

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463, if the text begins with one."""
        found = _ENHANCED.match(self.text)
        return found[0] if found else ""

    @property
    def code(self) -> str:
        return f"{self.digits} {self.enhanced}".strip()

    @property
    def detail(self) -> str:
        """The text without the code, on one line, and without any address."""
        said = " ".join(self.text.removeprefix(self.enhanced).split())
        return _ADDRESS.sub("<address>", said)[:200]


def receipt(reply: Reply) -> Receipt:
    """The receipt for a message that the server took."""
    status = _ENHANCED.match(reply.text)
    code = f"{reply.digits} {status[0]}" if status else str(reply.digits)
    said = reply.text[status.end() :].strip() if status else reply.text
    if len(said) >= _SHORTEST_WITH_ID:
        for pattern in _QUEUE_IDS:
            if found := pattern.search(said):
                return Receipt(code, found[1])
    return Receipt(code)


def failure(reply: Reply, phase: Phase) -> ChannelError:
    """The failure that an unwelcome reply stands for; nothing was accepted in any of them."""
    if phase == "starttls":
        return _channel_wide(reply, "the relay refuses STARTTLS; nothing is sent in clear")
    if reply.digits in _LOGIN or (phase == "auth" and reply.digits >= 500):
        return _channel_wide(reply, "the relay refuses our login; look into email.username and its password")
    if 400 <= reply.digits < 500:
        return _temporary(reply, phase)
    if 500 <= reply.digits < 600:
        return _permanent(reply, phase)
    return Unavailable(reply.code, f"an answer that does not fit {phase}: {reply.detail}", counts=False)


def _temporary(reply: Reply, phase: Phase) -> Unavailable:
    # 421 is the server going away; before RCPT no message was named.
    named = phase in ("rcpt", "data", "dot") and reply.digits != 421
    asks_less = _asks_less(reply, phase)
    return Unavailable(
        reply.code,
        reply.detail,
        retry_after=_retry_after(reply),
        counts=named and _is_of_the_message(reply),
        asks_less=asks_less,
        concerns=_put_off(reply) if named and asks_less is None else "all",
    )


def _is_of_the_message(reply: Reply) -> bool:
    """Whether a try ends with it that counts; policy (x.7.x) is pace and greylisting."""
    if not reply.enhanced:
        return reply.digits not in _ITS_OWN_FAULT
    subject = reply.enhanced.split(".")[1]
    return subject != "7" and subject not in _OF_THE_FAR_SIDE


def _put_off(reply: Reply) -> PutOff:
    return "address" if _GREYLIST.search(reply.text) else "unclear"


def _asks_less(reply: Reply, phase: Phase) -> Slower | None:
    """Who finds us too fast: the relay; at RCPT the recipient's domain, where it says so; nobody who greylists.

    Before MAIL it is a matter of connections, of which there is one less then; no rate helps.
    """
    too_fast = _TOO_FAST.search(reply.text)
    if phase == "mail":
        return "all" if too_fast or reply.enhanced.startswith("4.7.") else None
    if phase not in ("rcpt", "data", "dot") or _GREYLIST.search(reply.text):
        return None
    if phase == "rcpt":
        return "domain" if too_fast or reply.enhanced in _RATES else None
    return "all" if too_fast or reply.enhanced.startswith("4.7.") else None


def _permanent(reply: Reply, phase: Phase) -> ChannelError:
    if phase in ("greeting", "ehlo"):
        return _channel_wide(reply, "the relay does not want to speak with us")
    if phase == "mail":
        return _channel_wide(reply, "the relay refuses our sender; look into email.sender")
    if phase == "rcpt" and _RELAYING.search(reply.text):
        return _channel_wide(reply, "the relay does not relay for us; look into email.host and username")
    no_such_mailbox = phase == "rcpt" and reply.enhanced in _NO_SUCH_MAILBOX
    return Refused(reply.code, reply.detail, suppress=no_such_mailbox, concerns=_concerns(reply, phase))


def _concerns(reply: Reply, phase: Phase) -> Concerns:
    """Whether a refusal for good is about the recipient, or about what everybody is to get."""
    detail = reply.enhanced[2:]
    if phase == "rcpt":
        return _at_the_door(reply, detail)
    if not detail:
        # RFC 5321 §4.3.2: after the dot 550 is policy, and 552 and 554 are the message's; 551 and 553 name mailboxes.
        return "address" if reply.digits in (551, 553) else "message"
    if detail in _OF_THE_SENDER:
        return "message"
    # RFC 3463 §3: subject 1 is the address, 2 the mailbox, 4 the way there; 3 and 5 to 7 are of what is sent.
    return (
        "address" if detail.partition(".")[0] in ("1", "2", "4") or detail in _OF_THE_ADDRESS else "message"
    )


def _at_the_door(reply: Reply, detail: str) -> Concerns:
    """At RCPT relays say also what they hold against us; and one whose list of recipients is broken knows nobody."""
    if detail in _OF_US or _OURSELVES.search(reply.text):
        return "sender"
    # RFC 3463 §3.3: only of a mailbox that it knows does a far side say that it is full or shut.
    return "address" if detail.startswith("2.") or detail in _OF_THE_ADDRESS else "unclear"


def _channel_wide(reply: Reply, detail: str) -> Unavailable:
    return Unavailable(reply.code, f"{detail}: {reply.detail}", counts=False, channel_wide=True)


def _retry_after(reply: Reply) -> timedelta | None:
    if reply.digits not in (421, 450, 451, 452):
        return None
    if found := _CLOCK.search(reply.text):
        hours, minutes, seconds = map(int, found.groups())
        return min(timedelta(hours=hours, minutes=minutes, seconds=seconds), _LONGEST_HINT)
    if found := _HINT.search(reply.text):
        unit = timedelta(minutes=1) if found[2].lower().startswith("m") else timedelta(seconds=1)
        return min(int(found[1]) * unit, _LONGEST_HINT)
    if _GREYLIST.search(reply.text):
        return timedelta(minutes=5)
    return timedelta(seconds=30) if reply.digits == 421 else None
