"""Every public page as a path and its bytes: home, archive, sectors, directives, their texts, errors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.model.directive import AUDIENCES
from hub.model.message import Hat
from hub.model.review import Mode
from hub.site import directive as parts
from hub.site.catalogue import Catalogue, Edition
from hub.site.environment import environment
from hub.site.feeds import advertised, feeds
from hub.site.views import Link, Teller
from hub.site.words import Words

LATEST = 30
"""How many directives the home page shows; the archive has them all."""


def site(catalogue: Catalogue, words: Words) -> Iterator[tuple[str, bytes]]:
    """All public files, by their path in the public directory."""
    yield from pages(catalogue, words)
    yield from feeds(catalogue, words)


def pages(catalogue: Catalogue, words: Words) -> Iterator[tuple[str, bytes]]:
    """All public pages."""
    press = Press(catalogue, words)
    yield "index.html", press.home()
    yield "archives/index.html", press.archive()
    yield "a-propos/index.html", press.page("about.html", "/a-propos", words("about.title"))
    yield "flux/index.html", press.feed_list()
    for sector in catalogue.register.sectors:
        yield f"secteur/{sector}/index.html", press.sector(sector)
        for audience in AUDIENCES:
            yield f"secteur/{sector}/{audience}/index.html", press.sector(sector, audience)
    for edition in catalogue.editions:
        yield f"d/{edition.code}/index.html", press.directive(edition)
        for hat in edition.texts:
            yield _file(edition, hat), press.reading(edition, hat)
        for hat in edition.withdrawn:
            yield _file(edition, hat), press.withdrawn(edition, hat)


def _file(edition: Edition, hat: Hat) -> str:
    return f"{edition.path_of(hat)[1:]}/index.html"


@dataclass(frozen=True, slots=True)
class Press:
    """Prints pages of one catalogue in one language."""

    catalogue: Catalogue
    words: Words

    @property
    def teller(self) -> Teller:
        return Teller(self.catalogue, self.words)

    def page(
        self,
        template: str,
        path: str,
        title: str,
        *,
        hats: Iterable[Hat] = (),
        trail: Iterable[Link] = (),
        indexed: str = "index",
        **given: Any,
    ) -> bytes:
        """One page in the skeleton. `hats` are those whose feeds it names, `trail` the pages above it."""
        skeleton = {
            "w": self.words,
            "teller": self.teller,
            "site": self.catalogue,
            "exercise": self.catalogue.mode is Mode.EXERCISE,
            "path": path,
            "title": title,
            "feeds": list(advertised(self.catalogue, self.words, hats)),
            "trail": list(trail),
            "indexed": indexed,
        }
        text = environment().get_template(template).render(**{**skeleton, **given})
        return (text + "\n").encode()

    def home(self) -> bytes:
        teller = self.teller
        return self.page(
            "home.html",
            "/",
            self.words("home.title"),
            cards=[teller.card(edition) for edition in self.catalogue.editions[:LATEST]],
            total=len(self.catalogue.editions),
            sectors=list(self._sectors()),
        )

    def archive(self) -> bytes:
        cards = [self.teller.card(edition) for edition in self.catalogue.editions]
        return self.page("archive.html", "/archives", self.words("archive.title"), cards=cards)

    def feed_list(self) -> bytes:
        sectors = [(id_, self.teller.name("sectors", id_)) for id_ in self.catalogue.register.sectors]
        audiences = [(id_, self.teller.name("audiences", id_)) for id_ in AUDIENCES]
        title = self.words("feeds.title")
        return self.page("feeds.html", "/flux", title, sectors=sectors, audiences=audiences)

    def sector(self, sector: str, audience: str | None = None) -> bytes:
        teller = self.teller
        name = teller.name("sectors", sector)
        hat = next((hat for hat in self.catalogue.hats() if hat == (sector, audience)), None)
        hats = [hat] if hat else [hat for hat in self.catalogue.hats() if hat.sector == sector]
        path = f"/secteur/{sector}" + (f"/{audience}" if audience else "")
        tabs = [Link(f"/secteur/{sector}", self.words("sector.everyone"), current=audience is None)]
        for id_ in AUDIENCES:
            tabs.append(
                Link(f"/secteur/{sector}/{id_}", teller.name("audiences", id_), current=id_ == audience)
            )
        return self.page(
            "sector.html",
            path,
            teller.hat(hat) if hat else name,
            hats=hats,
            trail=[Link(f"/secteur/{sector}", name)] if hat else [],
            name=name,
            audience=teller.name("audiences", audience) if audience else "",
            tabs=tabs,
            cards=[teller.card(edition, hat) for edition in self.catalogue.read_by(sector, audience)],
            sectors=list(self._sectors(sector)),
            follow=hats,
        )

    def directive(self, edition: Edition) -> bytes:
        teller = self.teller
        title = teller.title(edition.directive)
        choices = list(parts.choices(edition, teller))
        return self.page(
            "directive.html",
            edition.path,
            title.text,
            hats=[hat for hat in edition.texts if hat.sector in edition.directive.sectors],
            exercise=self._exercise(edition),
            edition=edition,
            directive=edition.directive,
            card=teller.card(edition),
            choices=choices,
            readers=parts.readers(edition, teller),
            facts=list(parts.facts(edition, teller)),
            rules=list(parts.rules(edition, teller)),
            steps=list(parts.history(edition, teller)),
            bonds=list(parts.bonds(edition, teller)),
            explained=list(parts.explained(edition, teller)),
        )

    def reading(self, edition: Edition, hat: Hat) -> bytes:
        teller = self.teller
        above = Link(edition.path, teller.title(edition.directive).text)
        return self.page(
            "reading.html",
            edition.path_of(hat),
            f"{above.text} ({teller.hat(hat)})",
            hats=[hat],
            trail=[above],
            exercise=self._exercise(edition),
            edition=edition,
            directive=edition.directive,
            card=teller.card(edition),
            text=edition.texts[hat],
            hat=hat,
            sector=teller.name("sectors", hat.sector),
            audience=teller.name("audiences", hat.audience),
            choices=list(parts.choices(edition, teller, hat)),
        )

    def withdrawn(self, edition: Edition, hat: Hat) -> bytes:
        """The page of readers whom the present revision no longer addresses."""
        teller = self.teller
        return self.page(
            "withdrawn.html",
            edition.path_of(hat),
            self.words("directive.withdrawn"),
            trail=[Link(edition.path, teller.title(edition.directive).text)],
            indexed="noindex",
            exercise=self._exercise(edition),
            edition=edition,
            reader=teller.hat(hat),
        )

    def error(self, kind: str) -> bytes:
        """A page that says what went wrong and where to go; `kind` names its words."""
        words = self.words
        text = words(f"error.{kind}_text")
        return self.page("error.html", "", words(f"error.{kind}"), indexed="noindex", text=text)

    def _exercise(self, edition: Edition) -> bool:
        return Mode.EXERCISE in (edition.mode, self.catalogue.mode)

    def _sectors(self, current: str = "") -> Iterator[Link]:
        for sector in self.catalogue.register.sectors:
            count = len(self.catalogue.read_by(sector))
            note = self.words.count("home.count", count) if count else ""
            name = self.teller.name("sectors", sector)
            yield Link(f"/secteur/{sector}", name, current=sector == current, note=note)
