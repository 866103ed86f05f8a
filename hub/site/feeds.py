"""The public feeds: everything, and one per sector × audience; each text has an id that never moves."""

from collections.abc import Iterable, Iterator
from uuid import NAMESPACE_URL, uuid5

from channels.feed import CONTENT_TYPES, FORMATS, Category, Feed, FeedEntry
from hub.model.message import Hat
from hub.model.review import Kind, Mode
from hub.site.catalogue import Catalogue, Edition
from hub.site.views import Link, Teller
from hub.site.words import Words

NAMESPACE = uuid5(NAMESPACE_URL, "https://univoque.invalid/feed-entries")
LONGEST = 200
"""How many texts a feed holds; older ones keep their pages."""


def feeds(catalogue: Catalogue, words: Words) -> Iterator[tuple[str, bytes]]:
    """Every feed as a path below /feeds/ and its bytes."""
    teller = Teller(catalogue, words)
    everything = [
        (edition, hat)
        for edition in catalogue.editions
        for hat in edition.texts
        # Sectors that only inherit from `general` read the same rule: they find it in their own feeds.
        if hat.sector in edition.directive.sectors
    ]
    yield from _files("all", words("feeds.all"), "/", everything, teller)
    for hat in catalogue.hats():
        texts = [(edition, hat) for edition in catalogue.editions if hat in edition.texts]
        name = f"{hat.sector}/{hat.audience}"
        yield from _files(name, teller.hat(hat), f"/secteur/{name}", texts, teller)


def _files(
    name: str, title: str, page: str, texts: Iterable[tuple[Edition, Hat]], teller: Teller
) -> Iterator[tuple[str, bytes]]:
    entries = tuple(_entry(edition, hat, teller) for edition, hat in texts)
    newest_first = sorted(entries, key=lambda entry: entry.updated_at, reverse=True)[:LONGEST]
    for suffix, write in FORMATS.items():
        yield f"feeds/{name}.{suffix}", write(_feed(name, suffix, title, page, newest_first, teller))


def _feed(name: str, suffix: str, title: str, page: str, entries: list[FeedEntry], teller: Teller) -> Feed:
    catalogue, words = teller.catalogue, teller.words
    return Feed(
        id=f"urn:uuid:{uuid5(NAMESPACE, catalogue.url(f'/feeds/{name}'))}",
        title=words("feeds.name", site=catalogue.name, what=title),
        description=words("feeds.description"),
        url=catalogue.url(page),
        self_url=catalogue.url(f"/feeds/{name}.{suffix}"),
        language=words.language,
        author=catalogue.name,
        entries=entries,
        exercise=words("exercise.mark") if catalogue.mode is Mode.EXERCISE else "",
    )


def _entry(edition: Edition, hat: Hat, teller: Teller) -> FeedEntry:
    catalogue, words, directive = teller.catalogue, teller.words, edition.directive
    text = edition.texts[hat]
    return FeedEntry(
        id=entry_id(edition, hat, words.language),
        title=_title(edition, teller),
        url=catalogue.url(edition.path_of(hat)),
        published_at=edition.first_published_at,
        updated_at=edition.changed_at[hat],
        html=f'<div lang="{words.language}">{text.html}</div>',
        text=text.text,
        language=words.language,
        author=teller.name("issuers", directive.issuer),
        categories=tuple(_categories(edition, hat, teller)),
        exercise=words("exercise.mark") if edition.mode is Mode.EXERCISE else "",
    )


def _title(edition: Edition, teller: Teller) -> str:
    """A reader that lists titles alone must not show a rule that is over as if it held."""
    title = teller.title(edition.directive).text
    if edition.told is Kind.NEW:
        return title
    return teller.words("feeds.marked", mark=teller.words(f"kind.{edition.told}"), title=title)


def _categories(edition: Edition, hat: Hat, teller: Teller) -> Iterator[Category]:
    url = teller.catalogue.url
    yield Category(hat.sector, teller.name("sectors", hat.sector), url("/secteur/"))
    for topic in teller.topics(edition.directive):
        yield Category(topic, teller.name("topics", topic), url("/sujet/"))


def entry_id(edition: Edition, hat: Hat, language: str) -> str:
    """The id of one text, made of what never moves: not of the site's address, its title or its revision."""
    return f"urn:uuid:{uuid5(NAMESPACE, '/'.join((edition.mode, edition.code, *hat, language)))}"


def advertised(catalogue: Catalogue, words: Words, hats: Iterable[Hat] = ()) -> Iterator[tuple[str, Link]]:
    """What a page names in <link rel="alternate">: media type and feed, everything first."""
    teller = Teller(catalogue, words)
    for suffix in FORMATS:
        text = words("site.feed_all", format=words(f"feeds.format.{suffix}"))
        yield media_type(suffix), Link(f"/feeds/all.{suffix}", text)
    for hat in hats:
        text = words(
            "site.feed_hat",
            sector=teller.name("sectors", hat.sector),
            audience=teller.name("audiences", hat.audience),
            format=words("feeds.format.atom"),
        )
        yield media_type("atom"), Link(f"/feeds/{hat.sector}/{hat.audience}.atom", text)


def media_type(suffix: str) -> str:
    """The media type of a feed's form, without its charset."""
    return CONTENT_TYPES[suffix].partition(";")[0]
