"""How the demo's page shows one e-mail: its headers, its HTML part made inert, its text part, its source."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import DateHeader
from email.message import EmailMessage
from typing import Literal

from babel.dates import format_datetime

from hub.demo.mailbox import Letter, Mailbox
from hub.now import BRUSSELS

View = Literal["html", "texte", "source"]
VIEWS: dict[View, str] = {"html": "Message", "texte": "Texte seul", "source": "Source"}

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'
"""A link in a mail opens a tab of its own: the sandboxed frame itself may load nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One e-mail, ready for the page. `html` goes into the `srcdoc` of a sandboxed frame, nowhere else."""

    number: int
    language: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str
    source: str


def show(mailbox: Mailbox, letter: Letter) -> Shown:
    """Everything the page says of a letter."""
    message = mailbox.message(letter)
    html = _part(message, "html")
    return Shown(
        number=letter.number,
        language=str(message["Content-Language"] or "fr"),
        subject=str(message["Subject"] or "(sans objet)"),
        headers=tuple((label, _said(message, name)) for label, name in _HEADERS if message[name]),
        html=None if html is None else _inert(html),
        text=_part(message, "plain") or "",
        source=mailbox.source(letter).decode("utf-8", "replace").replace("\r\n", "\n"),
    )


def subject(mailbox: Mailbox, letter: Letter) -> str:
    """The line that a list of messages shows."""
    return str(mailbox.message(letter)["Subject"] or "(sans objet)")


_HEADERS = (
    ("De", "From"),
    ("À", "To"),
    ("Répondre à", "Reply-To"),
    ("Date", "Date"),
    ("Liste", "List-Id"),
    ("Désinscription", "List-Unsubscribe"),
)


def _said(message: EmailMessage, name: str) -> str:
    """A header as a mail program shows it: a date on the reader's own clock."""
    value = message[name]
    if isinstance(value, DateHeader) and value.datetime is not None:
        return in_french(value.datetime, "EEEE d MMMM y, HH:mm")
    return str(value)


def in_french(instant: datetime, pattern: str) -> str:
    """An instant in Brussels by a pattern of CLDR, which has no sign for the first of a month: "1er avril"."""
    local = instant.astimezone(BRUSSELS)
    return format_datetime(
        local, re.sub(r"\bd\b", "'1er'", pattern) if local.day == 1 else pattern, locale="fr"
    )


def _part(message: EmailMessage, kind: Literal["html", "plain"]) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):  # an unknown charset or a broken encoding: show what can be shown
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace").strip()


def _inert(html: str) -> str:
    found = _HEAD.search(html)
    return f"{html[: found.end()]}{_NEW_TAB}{html[found.end() :]}" if found else _NEW_TAB + html
