"""What is published, as plain values: each directive as it stands, its past, and the words of each reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from hub.in_force import Life, consolidate, lives, taken_back
from hub.model.directive import AUDIENCES, Directive, Language, Relation, Text
from hub.model.message import Hat, Message
from hub.model.review import Explanation, Kind, Mode, Stage
from hub.register import Issuer, Register


@dataclass(frozen=True, slots=True)
class Past:
    """One published revision: its number, what it did, when, and what it ruled."""

    number: int
    kind: Kind
    at: datetime
    directive: Directive


@dataclass(frozen=True, slots=True)
class Edition:
    """A directive as it is published now. `past` has every published revision, oldest first, this one last.

    `texts` holds the approved web text of each kind of reader in the catalogue's language, in reading order;
    `changed_at` when the words of each of them last changed. `withdrawn` are readers of an earlier revision
    whom this one no longer addresses: their page stays, and says so.
    """

    directive: Directive
    code: str
    stage: Stage
    mode: Mode
    texts: Mapping[Hat, Message]
    changed_at: Mapping[Hat, datetime]
    past: tuple[Past, ...]
    withdrawn: tuple[Hat, ...] = ()
    explained: tuple[Explanation, ...] = ()
    """Why contradictions with other acts stand, as it was signed for this revision."""

    @property
    def kind(self) -> Kind:
        return self.past[-1].kind

    @property
    def told(self) -> Kind:
        """As what its words speak: one that only mended words speaks as the one before."""
        return next((past.kind for past in reversed(self.past) if past.kind is not Kind.MINOR), Kind.NEW)

    @property
    def number(self) -> int:
        return self.past[-1].number

    @property
    def first_published_at(self) -> datetime:
        return self.past[0].at

    @property
    def published_at(self) -> datetime:
        """When the present revision was published."""
        return self.past[-1].at

    @property
    def path(self) -> str:
        """Its permanent page."""
        return f"/d/{self.code}"

    def path_of(self, hat: Hat) -> str:
        """The page of the text for one kind of reader."""
        return f"{self.path}/{hat.sector}/{hat.audience}"


@dataclass(frozen=True)
class Catalogue:
    """All editions, newest first, with what is needed to speak of them in one language at one instant."""

    editions: tuple[Edition, ...]
    register: Register
    base_url: str
    name: str
    mode: Mode
    language: Language
    now: datetime

    @cached_property
    def by_id(self) -> Mapping[str, Edition]:
        return {edition.directive.id: edition for edition in self.editions}

    @cached_property
    def incoming(self) -> Mapping[str, tuple[tuple[Edition, Relation], ...]]:
        """For each directive id, the published acts that do something to it, oldest first."""
        found: dict[str, list[tuple[Edition, Relation]]] = {}
        for edition in reversed(self.editions):
            for relation in edition.directive.relations:
                if relation.target:
                    found.setdefault(relation.target, []).append((edition, relation))
        return {id_: tuple(acts) for id_, acts in found.items()}

    @cached_property
    def directives(self) -> Mapping[str, Directive]:
        """Every sheet, for acts that speak through another one's measures."""
        return {id_: edition.directive for id_, edition in self.by_id.items()}

    @cached_property
    def lives(self) -> Mapping[str, Life]:
        """When each act holds after all that the others did to it."""
        withdrawn = {}
        for edition in self.editions:
            kind = Kind.CANCEL if edition.stage is Stage.CANCELLED else edition.kind
            if taken := taken_back(edition.directive, kind, edition.published_at):
                withdrawn[edition.directive.id] = taken
        return lives(consolidate(self.directives, self.register, withdrawn))

    def issuer(self, edition: Edition) -> Issuer:
        return self.register.issuers[edition.directive.issuer]

    def url(self, path: str) -> str:
        """The absolute address of a path of the site."""
        return f"{self.base_url.rstrip('/')}{path}"

    def hats(self) -> Iterator[Hat]:
        """Every kind of reader there is: the register's sectors × the audiences."""
        for sector in self.register.sectors:
            for audience in AUDIENCES:
                yield Hat(sector, audience)

    def read_by(self, sector: str, audience: str | None = None) -> tuple[Edition, ...]:
        """The editions that have words for this sector (and this audience), newest first."""
        return tuple(
            edition
            for edition in self.editions
            if any(hat.sector == sector and audience in (None, hat.audience) for hat in edition.texts)
        )


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and the language they are in."""

    text: str
    language: str


def said(text: Text, language: Language) -> Said | None:
    """The words in `language`, else in the first language that has them; None where there are none."""
    if language in text:
        return Said(text[language], language)
    for other, words in text.items():
        return Said(words, other)
    return None
