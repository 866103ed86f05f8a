"""Writes what is published as Atom, RSS 2.0 and JSON Feed: values in, the same bytes out every time.

Nothing here tells the time or names a generator, so that an unchanged feed keeps its ETag.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
CONTENT_TYPES: Mapping[str, str] = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
NOTHING_YET = datetime(2020, 1, 1, tzinfo=UTC)
"""The last change of an empty feed: Atom asks for an instant, and the clock's would never stand still."""


@dataclass(frozen=True, slots=True)
class Category:
    """What an entry is about: a term within a scheme (an absolute URL), and its name for readers."""

    term: str
    label: str
    scheme: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One text for one kind of reader. `id` never moves; a correction keeps it and has a later `updated_at`.

    `exercise` is the word that marks an exercise in the entry's language, empty for a real text.
    """

    id: str
    title: str
    url: str
    published_at: datetime
    updated_at: datetime
    html: str
    text: str
    language: str
    author: str
    categories: tuple[Category, ...] = ()
    exercise: str = ""

    @property
    def shown_title(self) -> str:
        """The title, marked when this is an exercise and it does not say so yet."""
        return marked(self.title, self.exercise)


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of entries, newest first, and where it stands: `url` is the page, `self_url` the feed itself."""

    id: str
    title: str
    description: str
    url: str
    self_url: str
    language: str
    author: str
    entries: Sequence[FeedEntry]
    exercise: str = ""

    @property
    def updated_at(self) -> datetime:
        """When the youngest change happened."""
        return max((entry.updated_at for entry in self.entries), default=NOTHING_YET)


def marked(title: str, mark: str) -> str:
    """The title behind the word that marks an exercise, once."""
    return title if not mark or mark.casefold() in title.casefold() else f"{mark} – {title}"


def atom(feed: Feed) -> bytes:
    """The feed as Atom (RFC 4287). Raises ValueError for what no reader could take (see `check`)."""
    check(feed)
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    root.set(XML_LANG, feed.language)
    _add(root, "id", feed.id)
    _add(root, "title", marked(feed.title, feed.exercise))
    _add(root, "subtitle", feed.description)
    _add(root, "updated", _rfc3339(feed.updated_at))
    _add(_add(root, "author"), "name", feed.author)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.self_url)
    _add(root, "link", rel="alternate", type="text/html", href=feed.url)
    for entry in feed.entries:
        node = _add(root, "entry")
        node.set(XML_LANG, entry.language)
        _add(node, "id", entry.id)
        _add(node, "title", entry.shown_title)
        _add(node, "link", rel="alternate", type="text/html", href=entry.url)
        _add(node, "published", _rfc3339(entry.published_at))
        _add(node, "updated", _rfc3339(entry.updated_at))
        _add(_add(node, "author"), "name", entry.author)
        for category in entry.categories:
            _add(node, "category", term=category.term, scheme=category.scheme, label=category.label)
        _add(node, "content", entry.html, type="html")
    return _serialised(root)


def rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0 with its own address in an Atom link. Raises ValueError as `check` does."""
    check(feed)
    root = etree.Element("rss", version="2.0", nsmap={"atom": ATOM, "dc": DC})
    channel = etree.SubElement(root, "channel")
    for name, text in (
        ("title", marked(feed.title, feed.exercise)),
        ("link", feed.url),
        ("description", feed.description),
        ("language", feed.language),
        ("lastBuildDate", _rfc822(feed.updated_at)),
    ):
        etree.SubElement(channel, name).text = text
    # After <link>: some readers take the last link they see.
    _add(channel, "link", rel="self", type="application/rss+xml", href=feed.self_url)
    for entry in feed.entries:
        item = etree.SubElement(channel, "item")
        etree.SubElement(item, "title").text = entry.shown_title
        etree.SubElement(item, "link").text = entry.url
        etree.SubElement(item, "guid", isPermaLink="false").text = entry.id
        etree.SubElement(item, "pubDate").text = _rfc822(entry.published_at)
        _add(item, "updated", _rfc3339(entry.updated_at))
        etree.SubElement(item, f"{{{DC}}}creator").text = entry.author
        for category in entry.categories:
            etree.SubElement(item, "category", domain=category.scheme).text = category.label
        etree.SubElement(item, "description").text = entry.html
    return _serialised(root)


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed 1.1. Raises ValueError as `check` does."""
    check(feed)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": marked(feed.title, feed.exercise),
        "home_page_url": feed.url,
        "feed_url": feed.self_url,
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.author}],
        "items": [_item(entry) for entry in feed.entries],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


FORMATS = {"atom": atom, "rss": rss, "json": json_feed}
"""Every form of a feed, by the suffix of its address."""


def check(feed: Feed) -> None:
    """Refuse what no reader could take: control characters, addresses that are not absolute, an id twice.

    Raises ValueError, which names the entry and the field.
    """
    if not feed.language or not feed.author:
        raise ValueError(f"feed {feed.id}: language and author must be given")
    _check_texts(feed.id, (feed.id, feed.title, feed.description, feed.author, feed.exercise))
    _check_links(feed.id, (feed.url, feed.self_url))
    seen: set[str] = set()
    for entry in feed.entries:
        if entry.id in seen:
            raise ValueError(f"entry {entry.id} stands twice in feed {feed.id}")
        seen.add(entry.id)
        _check_entry(entry)


def _check_entry(entry: FeedEntry) -> None:
    if not entry.title.strip():
        raise ValueError(f"entry {entry.id}: no title")
    if entry.published_at.tzinfo is None or entry.updated_at.tzinfo is None:
        raise ValueError(f"entry {entry.id}: an instant without an offset")
    if entry.updated_at < entry.published_at:
        raise ValueError(f"entry {entry.id}: updated before it was published")
    labels = [text for category in entry.categories for text in (category.term, category.label)]
    words = (entry.title, entry.author, entry.exercise, entry.html, entry.text)
    _check_texts(entry.id, (entry.id, *words, *labels))
    links = [category.scheme for category in entry.categories]
    _check_links(entry.id, (entry.url, *links))
    if _RELATIVE.search(entry.html):
        raise ValueError(f"entry {entry.id}: a link in its text is not absolute")


def _check_texts(where: str, texts: Sequence[str]) -> None:
    for text in texts:
        for character in text:
            # XML 1.0 §2.2 has no place for most of them, and none belongs in a text for people.
            if character not in "\t\n" and unicodedata.category(character) in ("Cc", "Cs"):
                raise ValueError(f"{where!r}: control character U+{ord(character):04X} in {text[:40]!r}")
            if character in "\ufffe\uffff":
                raise ValueError(f"{where!r}: U+{ord(character):04X} is no character, in {text[:40]!r}")


_ABSOLUTE = re.compile(r"https?://[^\s/]+(/\S*)?\Z")
_RELATIVE = re.compile(r"""<[^>]*\s(?:href|src)\s*=\s*["']?(?!["']?(?:https?|mailto|tel):)""", re.IGNORECASE)


def _check_links(where: str, links: Sequence[str]) -> None:
    for link in links:
        if not _ABSOLUTE.match(link):
            raise ValueError(f"{where!r}: {link!r} is not an absolute address")


def _item(entry: FeedEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.shown_title,
        "content_html": entry.html,
        "content_text": entry.text,
        "date_published": _rfc3339(entry.published_at),
        "date_modified": _rfc3339(entry.updated_at),
        "authors": [{"name": entry.author}],
        "tags": [category.label for category in entry.categories],
        "language": entry.language,
    }


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    """A child in Atom's namespace."""
    node = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    node.text = text
    return node


def _serialised(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rfc822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0), usegmt=True)
