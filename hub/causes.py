"""What a code in the ledger means, in plain words: why somebody did not get a message."""

import re

from channels.sms_reports import AFTER_ACCEPTANCE, ON_SENDING
from hub.model.delivery import Outcome

_ENHANCED = re.compile(r"\b[245]\.(\d{1,3}\.\d{1,3})\b")
_TRIES = re.compile(r"gave up after \d+: (.*)")

# RFC 3463 §3, by subject and detail; the first figure only says for how long.
_MAIL = {
    "1.1": "no such mailbox",
    "1.2": "no such domain",
    "1.3": "not an address",
    "1.6": "the mailbox has moved away",
    "1.10": "the domain takes no mail",
    "2.1": "the mailbox is shut",
    "2.2": "the mailbox is full",
    "2.3": "longer than the mailbox takes",
    "3.4": "longer than the far side takes",
    "4.1": "the far side does not answer",
    "4.2": "the connection broke",
    "4.4": "the domain's mail leads nowhere",
    "4.7": "it waited too long on its way",
    "7.0": "the far side's rules refuse it",
    "7.1": "the far side's rules refuse it",
    "7.25": "the sender's address has no name in the DNS",
    "7.26": "it fails SPF, DKIM or DMARC",
}
_SUBJECTS = {
    "1": "the address is at fault",
    "2": "the mailbox is at fault",
    "3": "the far side's mail system is at fault",
    "4": "the way there is at fault",
    "5": "the far side did not understand",
    "6": "the far side cannot take this form",
    "7": "the far side's rules refuse it",
}
_REPLIES = {
    "421": "the far side is closing or busy",
    "450": "the mailbox is busy, or greylisted",
    "451": "the far side has a fault of its own, or greylists",
    "452": "the far side has no room",
    "550": "no such mailbox, or refused by a rule",
    "551": "the mailbox is elsewhere",
    "552": "the mailbox is full",
    "553": "not an address that the far side takes",
    "554": "refused, without a reason",
}
UNPREPARED = "unprepared"
"""Its words cannot be made ready to leave."""

_OURS = {
    "connect": "no connection to the far side",
    "connection-lost": "the connection broke",
    "malformed": "not an address that can be written to",
    "timeout": "the far side did not answer in time",
    "tls": "no safe connection to the far side",
    "unreachable": "the far side is out of reach",
    "crash": "a sender died while it was under way",
    "internal": "a fault in this program",
    UNPREPARED: "it could not be prepared; the log says why",
    "ledger": "the database could not be read",
    "stopped": "its message is stopped, because the far side refuses what it says",
    "retry": "a person had it tried again",
}
_WITHOUT_CODE = {
    Outcome.EXPIRED: "its time passed before it could be sent",
    Outcome.SUPPRESSED: "the address is not to be used",
    Outcome.CANCELLED: "taken back before it was sent",
    Outcome.UNCERTAIN: "nobody can say whether it arrived",
}


def words(outcome: Outcome, code: str) -> str:
    """The cause in plain words; the code itself where there are none."""
    if not code:
        return _WITHOUT_CODE.get(outcome, "no reason given")
    if tries := _TRIES.fullmatch(code):
        return f"{words(outcome, tries[1])}, and all tries were used up"
    if known := _OURS.get(code):
        return known
    if code.isdigit() and (meaning := AFTER_ACCEPTANCE.get(int(code)) or ON_SENDING.get(int(code))):
        return meaning.detail
    if enhanced := _ENHANCED.search(code):
        detail = enhanced[1]
        return _MAIL.get(detail) or _SUBJECTS.get(detail.partition(".")[0], code)
    return _REPLIES.get(code[:3], code)


def matches(code: str, cause: str) -> bool:
    """Whether a code is the one that was named: the whole of it, or a word of it such as 550 or 5.1.1."""
    return cause == code or cause in code.split()
