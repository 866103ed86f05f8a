"""What templates are given: facts put into words for people, one small value per thing on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.facts.scope import speaking_measures
from hub.model.directive import Directive, Measure
from hub.model.message import Hat
from hub.model.review import Mode
from hub.site.catalogue import Catalogue, Edition, Said, said
from hub.site.state import State, StateName, state
from hub.site.words import Words

TONES: dict[StateName, str] = {
    "coming": "coming", "in_force": "on", "extended": "on", "announced": "weak", "reported": "weak",
    "suspended": "off", "ending": "clear", "replaced": "off", "repealed": "off", "annulled": "off", "expired": "off",
    "cancelled": "stop", "all_clear": "clear",
}  # fmt: skip
"""The look of a state's tag; its words say the same."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant for machines and for people."""

    iso: str
    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go, and what is there."""

    href: str
    text: str
    language: str = ""
    current: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class StateView:
    """The tag of a state, the sentence that explains it, and the act behind it."""

    tag: str
    tone: str
    text: str
    ended: bool
    by: Link | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One directive in a list."""

    title: Said
    href: str
    code: str
    state: StateView
    exercise: bool
    issuer: str
    level: str
    act_type: str
    published: Moment
    updated: Moment | None
    summary: Said | None
    validity: str
    territory: str
    sectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts what a catalogue holds into one language's words."""

    catalogue: Catalogue
    words: Words

    def card(self, edition: Edition, hat: Hat | None = None) -> Card:
        """The edition for a list; for one kind of reader it leads to their own text."""
        directive = edition.directive
        moved = edition.published_at != edition.first_published_at
        return Card(
            title=self.title(directive),
            href=edition.path_of(hat) if hat else edition.path,
            code=edition.code,
            state=self.state(edition),
            exercise=edition.mode is Mode.EXERCISE,
            issuer=self.name("issuers", directive.issuer),
            level=self.words(f"level.{self.catalogue.issuer(edition).level}"),
            act_type=self.name("act_types", directive.act_type),
            published=self.moment(edition.first_published_at),
            updated=self.moment(edition.published_at) if moved else None,
            summary=said(directive.summary, self.words.language),
            validity=self.words.validity(directive),
            territory=self.territory(directive.territory),
            sectors=tuple(self.name("sectors", sector) for sector in directive.sectors),
        )

    def state(self, edition: Edition) -> StateView:
        found = state(edition, self.catalogue)
        by = Link(found.by.path, self.title(found.by.directive).text) if found.by else None
        return StateView(
            self.words(f"state.{found.name}"),
            TONES[found.name],
            self._state_text(found, edition.directive),
            found.ended,
            by,
        )

    def _state_text(self, found: State, directive: Directive) -> str:
        words = self.words
        if found.name == "in_force":
            return ""
        if found.name == "extended":
            return words("state_text.extended", until=words.until(found.at, unknown=found.at_unknown))
        if found.name == "coming":
            return words("state_text.coming", validity=words.validity(directive))
        if found.name in ("announced", "reported"):
            return words(f"state_text.{found.name}")
        if found.at is None:
            return words(f"state_text.{found.name}_undated")
        if found.name in ("expired", "ending"):
            return words(f"state_text.{found.name}", until=words.until(found.at))
        return words(f"state_text.{found.name}", date=words.on(found.at))

    def title(self, directive: Directive) -> Said:
        return said(directive.title, self.words.language) or Said(directive.id, self.words.language)

    def name(self, kind: str, id_: str) -> str:
        """The register's name of an entry; the id itself where the register no longer has it."""
        entry = getattr(self.catalogue.register, kind).get(id_)
        return str(entry.name.get(self.words.language, id_)) if entry else id_

    def measures(self, directive: Directive) -> tuple[Measure, ...]:
        """The measures through which the act speaks: its own, or those of the act it extends or corrects."""
        spoken = speaking_measures(directive, self.catalogue.directives)
        return tuple(measure for _, measure in spoken)

    def topics(self, directive: Directive) -> tuple[str, ...]:
        """The ids of what it is about."""
        return tuple(dict.fromkeys(measure.topic for measure in self.measures(directive)))

    def territory(self, territory: Sequence[str]) -> str:
        register, language = self.catalogue.register, self.words.language
        names = (
            register.territory(id_).name.get(language, id_) if register.knows_territory(id_) else id_
            for id_ in territory
        )
        return ", ".join(names)

    def hat(self, hat: Hat) -> str:
        """A kind of reader in words."""
        sector, audience = self.name("sectors", hat.sector), self.name("audiences", hat.audience)
        return self.words("feeds.audience_in_sector", audience=audience, sector=sector)

    def moment(self, instant: datetime) -> Moment:
        return Moment(instant.isoformat(timespec="seconds"), self.words.printer.deadline(instant))
