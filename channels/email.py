"""Composes an e-mail once per variant, so that per recipient only bytes are joined."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from channels.contract import PERSONAL_LINK, Outgoing, Refused, Words, WrongSettings
from channels.headers import LONGEST_URL, WIRE, attach, link, mailbox, phrase, recipient
from channels.quoted import quoted_printable, quoted_url
from channels.settings import EmailSettings

DUTY = "duty"
"""The stream without opt-out: its messages carry no List-Unsubscribe."""

_PLACE = PERSONAL_LINK.encode("ascii")
_KEY = re.compile(r"[0-9a-fA-F-]{36}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")  # BCP 47
_LONGEST_LINE = 998  # RFC 5322 §2.1.1, without CRLF
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class Form:
    """One byte form of a message, cut where the personal link goes; dot-stuffed and ended by the dot."""

    eight_bit: bool
    pieces: tuple[bytes, ...]

    def filled(self, url: bytes) -> bytes:
        return (url if self.eight_bit else quoted_url(url)).join(self.pieces)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message in both forms, for every recipient of its variant."""

    domain: str
    """Right of the @ in Message-ID."""
    unsubscribes: bool
    whole: Form
    """8bit where the lines allow it; for servers that offer 8BITMIME (RFC 6152)."""
    quoted: Form

    def form(self, *, eight_bit: bool) -> Form:
        """The form for a server that offers 8BITMIME, or for one that does not."""
        return self.whole if eight_bit else self.quoted

    def wire(self, outgoing: Outgoing, *, form: Form, to: bytes | None = None) -> bytes:
        """One recipient's message as it follows DATA, the final dot included; `to` is its address, checked already.

        Only To, Message-ID, List-Unsubscribe and the personal link differ by recipient. Each is checked;
        Refused says which is not fit. None can begin a line with a dot, so stuffing was done once for all.
        """
        if not _KEY.fullmatch(outgoing.key):
            raise Refused("malformed", "the delivery's key is no UUID")
        head = b"To: %b\r\nMessage-ID: <%b>\r\n" % (
            recipient(outgoing.address) if to is None else to,
            f"{outgoing.key}@{self.domain}".encode("ascii"),
        )
        if self.unsubscribes:
            if outgoing.one_click is None:
                raise Refused("malformed", "a message of this stream needs a one-click URL (RFC 8058)")
            # RFC 8058 §3.1: exactly these two headers, the URI on one raw line.
            head += b"List-Unsubscribe: <%b>\r\n" % link(outgoing.one_click)
            head += b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        return head + form.filled(link(outgoing.personal_link))


def prepare(
    words: Words, settings: EmailSettings, *, stream: str, headers: Mapping[str, str], now: datetime
) -> Prepared:
    """Compile the words of a variant. `headers` are added; a Date among them replaces `now`.

    The same words, settings and date always give the same bytes.
    Raises WrongSettings where words or headers cannot be an e-mail.
    """
    texts = [_lines(words.text, "text")] + ([_lines(words.html, "html")] if words.html is not None else [])
    fixed = {"Date": format_datetime(now), **headers}
    quoted = _form(texts, words, settings, fixed, eight_bit=False)
    fits = all(_fits_lines(text) for text in texts)
    return Prepared(
        domain=settings.sender.rpartition("@")[2],
        unsubscribes=stream != DUTY,
        whole=_form(texts, words, settings, fixed, eight_bit=True) if fits else quoted,
        quoted=quoted,
    )


def _form(
    texts: list[str], words: Words, settings: EmailSettings, headers: Mapping[str, str], *, eight_bit: bool
) -> Form:
    parts = [
        _part(text, subtype, words.language, eight_bit=eight_bit)
        for text, subtype in zip(texts, ("plain", "html"), strict=False)
    ]
    message = parts[0] if len(parts) == 1 else _alternative(parts, texts)
    for name, value in _common_headers(words, settings).items():
        attach(message, name, value)
    for name, value in headers.items():
        if name.lower() in _PERSONAL:
            raise WrongSettings(f"{name}: this header is written per recipient; leave it out")
        attach(message, name, phrase(value, name))
    stuffed = _LEADING_DOT.sub(b"..", message.as_bytes(policy=WIRE))
    if _PLACE in stuffed.partition(b"\r\n\r\n")[0]:
        raise WrongSettings("a header holds the personal link, which belongs into the text")
    end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
    return Form(eight_bit, tuple((stuffed + end).split(_PLACE)))


_PERSONAL = frozenset({"to", "cc", "bcc", "message-id", "list-unsubscribe", "list-unsubscribe-post"})


def _common_headers(words: Words, settings: EmailSettings) -> dict[str, str]:
    found = {
        "From": mailbox(settings.sender_name, settings.sender, "email.sender"),
        "Subject": phrase(words.subject, "subject"),
        "Auto-Submitted": "auto-generated",  # RFC 3834 §5: no vacation notices in return
    }
    if settings.reply_to:
        found["Reply-To"] = mailbox("", settings.reply_to, "email.reply_to")
    if settings.list_id:
        found["List-Id"] = f"<{phrase(settings.list_id, 'email.list_id')}>"
    return found


def _part(text: str, subtype: str, language: str, *, eight_bit: bool) -> EmailMessage:
    if not _LANGUAGE.fullmatch(language):
        raise WrongSettings(f"language: {language!r} is no language tag")
    part = EmailMessage(policy=WIRE)
    part["MIME-Version"] = "1.0"
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Language"] = language  # screen readers switch by it
    part["Content-Transfer-Encoding"] = "8bit" if eight_bit else "quoted-printable"
    raw = text.encode().decode("ascii", "surrogateescape")
    part.set_payload(raw if eight_bit else quoted_printable(text, _PLACE))
    return part


def _alternative(parts: list[EmailMessage], texts: list[str]) -> EmailMessage:
    # Drawn from the texts, so that compiling twice gives the same bytes; "=_" is never quoted-printable.
    boundary = "=_" + hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:32]
    whole = EmailMessage(policy=WIRE)
    whole["MIME-Version"] = "1.0"
    whole["Content-Language"] = parts[0]["Content-Language"]
    whole["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
    for part in parts:
        del part["MIME-Version"]
        whole.attach(part)
    return whole


def _lines(text: str, name: str) -> str:
    """The text with one kind of line end, and one at its end. Raises WrongSettings on control characters."""
    even = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _FORBIDDEN.search(even):
        line = even.count("\n", 0, found.start()) + 1
        raise WrongSettings(f"{name}, line {line}: control character U+{ord(found[0]):04X}; remove it")
    return even if even.endswith("\n") else even + "\n"


def _fits_lines(text: str) -> bool:
    longest = text.replace(PERSONAL_LINK, "x" * LONGEST_URL)
    return all(len(line.encode()) <= _LONGEST_LINE for line in longest.split("\n"))
