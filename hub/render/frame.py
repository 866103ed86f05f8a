"""Puts blocks into a frame: one message for one person, whatever hats they wear (decision 13)."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import css_inline
from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError

from channels.contract import PERSONAL_LINK
from hub.config import Config
from hub.errors import FaultyFile
from hub.facts.reference import reference_code
from hub.facts.trace import bare, retrace, shown, traced, untrace
from hub.model.directive import Directive
from hub.model.message import Block, Hat, Line, Message, Paragraph, Span
from hub.model.review import Kind, Mode
from hub.model.revision import Revision
from hub.register import Register
from hub.render import short
from hub.render.pattern import fill, parse
from hub.render.readings import as_read
from hub.render.section import (
    VALIDITY,
    Section,
    hat_label,
    hats_of,
    merged,
    opening,
    said_validity,
    sections,
    union,
)
from hub.render.wording import Wording, Words

COMPOSITION = 3
"""The version of the way messages are composed; a change voids approvals."""

_DATES = frozenset({*VALIDITY, "from", "until"})
"""The lines that are left out where the same is said once for all rules."""

_FOR_ALL = tuple(f"{slot}_all" for slot in VALIDITY)
"""The lines that say it once."""

_FRENCH_SPACE = re.compile(r" (?=[:;?!»])|(?<=«) ")


_OUTSIDE_HTML = {"email": {"link"}, "web": {"link", "title"}}
"""Facts that the HTML carries elsewhere: in an address, or in the page around it."""


class TemplateFault(Exception):
    """Text and HTML of one message would not say the same; no message is made."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a message needs beyond its blocks. `code` is the public reference code, `url` the permanent page."""

    wording: Wording
    register: Register
    code: str
    url: str
    mode: Mode
    kind: Kind = Kind.NEW
    stream: str = "directives"
    sender: str = "Univoque"
    preview: bool = False
    """Whether HTML names its facts, for editors; a message that leaves never does."""
    since: int | None = None
    """The revision that the reader knows: None for the one before, 0 for none."""


def frame_for(
    revision: Revision, config: Config, wording: Wording, register: Register, *, stream: str = "directives"
) -> Frame:
    """The frame of this instance around the messages of a revision: an exercise stays one."""
    framed = frame_of(revision.directive, config, wording, register, kind=revision.kind, stream=stream)
    return replace(framed, mode=revision.mode)


def frame_of(
    directive: Directive,
    config: Config,
    wording: Wording,
    register: Register,
    *,
    kind: Kind = Kind.NEW,
    stream: str = "directives",
    preview: bool = False,
) -> Frame:
    """The same before there is a revision. The permanent page's address ends in the reference code."""
    code = reference_code(directive.id)
    url = f"{config.service.base_url.rstrip('/')}/d/{code}"
    return Frame(
        wording, register, code, url, Mode(config.service.mode), kind, stream, config.service.name, preview
    )


def compose(blocks: Sequence[Block], frame: Frame, *, left: Sequence[Block] = ()) -> Message:
    """One message of the blocks of one person, in reading order, all of one channel and language.

    `left` are blocks of the qualities in which they are not meant any more; alone they take leave of the reader.
    """
    hats = hats_of(blocks)
    blocks = as_read(blocks, left, frame.since)
    first = blocks[0].variant
    words = frame.wording.languages[first.language]
    if first.channel == "sms":
        text, spans, replaced = short.sms(blocks, frame, words)
        return Message(
            blocks[0].directive, hats, "sms", words.language, "", text, None, spans, replaced=replaced
        )
    values = frame_values(blocks, frame, hats)
    text, spans = untrace(_render(frame.wording.jinja, f"{first.channel}.txt.j2", values, words.language))
    html = _render(frame.wording.jinja, f"{first.channel}.html.j2", values, words.language)
    _say_the_same(first.channel, spans, untrace(html)[1])
    return Message(
        directive=blocks[0].directive,
        hats=hats,
        channel=first.channel,
        language=first.language,
        subject=_subject(blocks[0], frame, words),
        text=text,
        html=_html(html, frame, whole=first.channel == "email"),
        spans=spans,
    )


def _say_the_same(channel: str, in_text: Iterable[Span], in_html: Iterable[Span]) -> None:
    missing = {span.fact for span in in_text} - {span.fact for span in in_html} - _OUTSIDE_HTML[channel]
    if missing:
        raise TemplateFault(f"{channel}.html.j2 does not state {', '.join(sorted(missing))}, the text does")


def digest(value: Block | Message) -> str:
    """The SHA-256 of a block or message in canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with one form per value: keys sorted, no spaces, UTF-8; dataclasses by their fields."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_by_fields)


def _by_fields(value: Any) -> Any:
    # One level at a time: dataclasses.asdict copies all that is below, for four times the time.
    names = getattr(type(value), "__dataclass_fields__", None)
    return str(value) if names is None else {name: getattr(value, name) for name in names}


def frames_digest(wording: Wording, register: Register) -> str:
    """The SHA-256 of all that the frames are made of: templates, words around the facts, names, grammar."""
    parts = [f"composition {COMPOSITION}"]
    for name in ("email.txt.j2", "email.html.j2", "email.css", "web.txt.j2", "web.html.j2"):
        parts.append(_source(wording.jinja, f"messages/{name}"))
    for words in wording.languages.values():
        parts += [canonical(words.wording), words.printer.grammar]
    parts.append(canonical({sector.id: dict(sector.name) for sector in register.sectors.values()}))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _subject(block: Block, frame: Frame, words: Words) -> str:
    """Our titles carry no numbers; an exercise says so first."""
    exercise = words.wording["frame"]["exercise_subject"]
    return f"{exercise} – {block.title.text}" if frame.mode == Mode.EXERCISE else block.title.text


def frame_values(blocks: Sequence[Block], frame: Frame, hats: Sequence[Hat] = ()) -> dict[str, Any]:
    """What the frames of e-mail and page are filled with: traced lines, and the words around them."""
    words = frame.wording.languages[blocks[0].variant.language]
    hats = tuple(hats) or hats_of(blocks)
    grouped = sections(blocks)
    shared = _shared_validity(blocks)
    head = opening(blocks, frame.wording.anatomy)
    told = {(line.slot, line.text) for line in head}
    wording = words.wording["frame"]
    return {
        "language": words.language,
        "exercise": wording["exercise_banner"] if frame.mode == Mode.EXERCISE else "",
        "title": retrace(blocks[0].title),
        "sender": frame.sender,
        "head": [retrace(line) for line in head],
        "sections": [
            {
                "hats": _for_you(section, words, frame) if len(blocks) > 1 else "",
                "paragraphs": [
                    _paragraph(paragraph, folded=bool(shared)) for paragraph in section.paragraphs
                ],
            }
            for section in grouped
        ],
        "shared": [retrace(line) for line in shared],
        "tail": [
            {"text": retrace(line), "url": line.url, "slot": line.slot}
            for line in union(block.tail for block in blocks)
            if line.slot not in _FOR_ALL and (line.slot, line.text) not in told
        ],
        "hats": _for_you(Section(hats, ()), words, frame) if len(hats) == 1 else "",
        "wording": wording,
        "reference": fill(parse(wording["reference"]), {"ref": traced("ref", frame.code)}.get),
        "page": traced("link", frame.url),
        "page_url": frame.url,
        "why": wording["why_duty" if frame.stream == "duty" else "why_directives"],
        "personal": wording["link_duty" if frame.stream == "duty" else "link_directives"],
        "personal_link": PERSONAL_LINK,
    }


def _for_you(section: Section, words: Words, frame: Frame) -> str:
    labels = words.printer.join([hat_label(hat, words, frame.register) for hat in section.hats])
    return fill(parse(words.wording["frame"]["for_you"]), {"hats": labels}.get)


def _paragraph(paragraph: Paragraph, *, folded: bool) -> dict[str, Any]:
    lines = [line for line in paragraph.lines if not (folded and line.slot in _DATES)]
    return {"what": retrace(lines[0]), "more": [retrace(line) for line in lines[1:]]}


def _shared_validity(blocks: Sequence[Block]) -> list[Line]:
    """The same sentences for all, when every paragraph of every block holds in the same place and time."""
    said = {said_validity(paragraph) for block in blocks for paragraph in block.paragraphs}
    shared = [[line for line in block.tail if line.slot in _FOR_ALL] for block in blocks]
    if (
        len(said) != 1
        or not all(shared)
        or len({tuple(line.text for line in lines) for lines in shared}) != 1
    ):
        return []
    unknown = [line for block in blocks for p in block.paragraphs for line in p.lines if line.slot in _DATES]
    everywhere = [line for lines in shared for line in lines]
    dates = (
        merged(unknown, "from"),
        *(merged(everywhere, slot) for slot in _FOR_ALL),
        merged(unknown, "until"),
    )
    return [line for line in dates if line]


def _render(jinja: Environment, name: str, values: dict[str, Any], language: str) -> str:
    if language == "fr":  # words only: a style sheet knows no no-break space
        values = _typeset(values)
    try:
        return jinja.get_template(f"messages/{name}").render(values)
    except TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise FaultyFile(f"templates/messages/{name}{line}: {error.message}") from error


def _typeset(value: Any) -> Any:
    """French typography: no line break before : ; ? ! and inside « »."""
    if isinstance(value, str):
        return _FRENCH_SPACE.sub("\u00a0", value)
    if isinstance(value, list):
        return [_typeset(item) for item in value]
    return {key: _typeset(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _html(traced_html: str, frame: Frame, *, whole: bool) -> str:
    start = "<body" if whole else ""
    html = shown(traced_html, start=start) if frame.preview else bare(traced_html)
    return _inliner().inline(html) if whole else html


@cache
def _source(jinja: Environment, name: str) -> str:
    assert jinja.loader is not None
    try:
        return jinja.loader.get_source(jinja, name)[0]
    except TemplateNotFound as error:
        raise FaultyFile(f"templates/{name} is not there; put it back") from error


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
