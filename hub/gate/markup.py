"""The HTML of a message says what its text says, block by block: who reads the one reads the other."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import unescape

from hub.gate.case import Case, variant_name
from hub.gate.consistency import lines
from hub.gate.statements import Statements, Verbatim, statements, wordings_in
from hub.model.directive import Language
from hub.model.message import Message, Span
from hub.model.review import Finding, Level
from hub.reread import read

_ELSEWHERE: Mapping[str, frozenset[str]] = {"email": frozenset(), "web": frozenset({"title", "link"})}
"""Facts that stand in the page around the web text: its heading and its address."""

_UNSEEN = re.compile(r"<!--.*?-->|<(head|style|script|title)\b.*?</\1>|<!DOCTYPE[^>]*>", re.S | re.I)
_INLINE_TAG = re.compile(r"</?(?:a|abbr|b|data|em|i|span|strong)\b[^>]*>", re.I)
_BLOCK_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r'<a [^>]*?href="([^"]*)"')


def same_as_text(case: Case) -> Iterator[Finding]:
    """Every line that states a fact stands in the HTML, and the HTML and the subject state nothing else."""
    known = statements(case.sheet, case.frame)
    for variant, message in case.texts():
        if message.html is None:
            continue
        allowed = case.sheet.wording.languages[variant.language].allowed
        for told in differences(message, known, allowed=allowed):
            yield case.finding(
                "U217",
                Level.BLOCKER,
                variant_name(variant),
                told,
                "mend the HTML template: text and HTML are made of the same lines",
            )


def differences(
    message: Message, known: Statements, *, allowed: frozenset[str] = frozenset()
) -> Iterator[str]:
    """What the HTML or the subject says otherwise than the text, in words."""
    assert message.html is not None
    shown, addresses = _read_html(message.html)
    told = {_plain(text): facts_of(spans, known) for text, spans, _, _ in lines(message)}
    for line, facts in told.items():
        outside = facts <= _ELSEWHERE[message.channel]
        if facts and not outside and line not in shown and line not in addresses:
            yield f"the HTML lacks the line {line!r}"
    for block in shown:
        if block not in told and _says_something(block, message.language, allowed):
            yield f"the HTML says {block!r}, the text does not"
    yield from _subject(message, known)


def facts_of(spans: Iterable[Span], known: Statements) -> frozenset[str]:
    """The facts of the sheet that a line states."""
    return frozenset(span.fact for span in spans if span.fact in known)


def _read_html(html: str) -> tuple[dict[str, None], frozenset[str]]:
    """The runs of text that a reader sees, each once, in order, and the addresses behind its links."""
    addresses = frozenset(unescape(url) for url in _ADDRESS.findall(html))
    runs = _BLOCK_TAG.split(_INLINE_TAG.sub("", _UNSEEN.sub("", html)))
    return dict.fromkeys(_plain(unescape(run)) for run in runs if run.strip()), addresses


def _subject(message: Message, known: Statements) -> Iterator[str]:
    title = known["title"]
    assert isinstance(title, Verbatim)
    for wording in wordings_in(message.language, title.wordings):
        before, found, after = _plain(message.subject).rpartition(_plain(wording))
        if found and not _says_something(f"{before}{after}", message.language, frozenset()):
            return
    yield f"the subject {message.subject!r} is not the title of the directive"


@lru_cache(maxsize=4096)
def _says_something(text: str, language: Language, allowed: frozenset[str]) -> bool:
    """Whether a text states a value, or binds anybody with a word that the frames may not say."""
    reading = read(text, language)
    return bool(reading.values) or any(
        text[mark.start : mark.end].lower() not in allowed for mark in reading.modalities
    )


def _plain(text: str) -> str:
    return " ".join(text.split())
