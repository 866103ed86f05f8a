"""The HTML of a message says what its text says, block by block: who reads the one reads the other."""

from collections.abc import Collection, Iterator, Mapping

import lxml.html

from hub.gate.case import Case, variant_name
from hub.gate.statements import Statements, Verbatim, statements
from hub.model.message import Message
from hub.model.review import Finding, Level
from hub.reread import read

_BLOCKS = ("p", "h1", "h2", "h3", "li", "td", "th")
_ELSEWHERE: Mapping[str, frozenset[str]] = {"email": frozenset(), "web": frozenset({"title", "link"})}
"""Facts that stand in the page around the web text: its heading and its address."""


def same_as_text(case: Case) -> Iterator[Finding]:
    """Every line that states a fact stands in the HTML, and the HTML and the subject state nothing else."""
    known = statements(case.sheet, case.frame)
    for variant, message in case.messages.items():
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


def differences(message: Message, known: Statements, *, allowed: Collection[str] = ()) -> Iterator[str]:
    """What the HTML or the subject says otherwise than the text, in words."""
    assert message.html is not None
    document = lxml.html.fromstring(message.html)
    blocks = [
        _plain("".join(element.itertext()))
        for element in document.iter(*_BLOCKS)
        if not any(child.tag in _BLOCKS for child in element)
    ]
    addresses = {element.get("href") for element in document.iter("a")}
    lines = _lines(message, known)
    for line, facts in lines.items():
        outside = facts and facts <= _ELSEWHERE[message.channel]
        if facts and not outside and line not in blocks and line not in addresses:
            yield f"the HTML lacks the line {line!r}"
    everything = "\n".join(blocks)
    for block in dict.fromkeys(blocks):
        if block not in lines and _says_something(block, message, allowed):
            yield f"the HTML says {block!r}, the text does not"
    whole = _plain(" ".join(document.itertext()))
    if len(_letters(whole)) - len(_letters(everything)) > len(_letters(_head(document))):
        yield "the HTML holds words outside of its paragraphs, headings and lists"
    yield from _subject(message, known)


def _subject(message: Message, known: Statements) -> Iterator[str]:
    title = known["title"]
    assert isinstance(title, Verbatim)
    for wording in title.wordings.get(message.language, ()):
        before, found, after = _plain(message.subject).rpartition(_plain(wording))
        if found and not _says_something(f"{before}{after}", message, ()):
            return
    yield f"the subject {message.subject!r} is not the title of the directive"


def _lines(message: Message, known: Statements) -> dict[str, set[str]]:
    """The lines of the text, each with the facts of the sheet that it states."""
    found: dict[str, set[str]] = {}
    start = 0
    for line in message.text.split("\n"):
        end = start + len(line)
        facts = {s.fact for s in message.spans if start <= s.start and s.end <= end and s.fact in known}
        found.setdefault(_plain(line), set()).update(facts)
        start = end + 1
    return found


def _head(document: lxml.html.HtmlElement) -> str:
    """What a reader never sees as text: title and style sheet."""
    return " ".join("".join(element.itertext()) for element in document.iter("title", "style"))


def _says_something(block: str, message: Message, allowed: Collection[str]) -> bool:
    reading = read(block, message.language)
    return bool(reading.values) or any(
        block[mark.start : mark.end].lower() not in allowed for mark in reading.modalities
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _letters(text: str) -> str:
    return "".join(text.split())
