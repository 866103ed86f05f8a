"""The entries of the registers, and the Register that holds them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hub.errors import NotFound
from hub.model.directive import AUDIENCES, LANGUAGES, Audience, Language, Quantity, Text
from hub.register.places import Places, expand

GENERAL = "general"
"""The sector of everybody: it meets every other one (decision 5)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Anything with an id and a name per language."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Sector(Entry):
    """A field of activity; the sectors of one group are siblings."""

    group: str
    competence: str = ""
    federations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuer(Entry):
    """Who may sign an act; `binding` is what the body can impose by itself, `short` its name in an SMS."""

    level: str
    binding: str
    short: Text
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Topic(Entry):
    """What a measure is about, how its values are compared, and which direction is stricter.

    `per` is for each of whom a number of people counts: a beneficiary, or a group.
    """

    value: str
    stricter: Literal["lower", "higher", "wider"] | None = None
    per: str | None = None

    def per_whom(self, quantity: Quantity | None) -> str | None:
        """For each of whom `quantity` counts; None where it is no number of people, or counts them all together."""
        return self.per if quantity is not None and quantity.unit == "personne" else None


@dataclass(frozen=True, slots=True)
class Territory(Entry):
    """A place: a NIS code or an alias. `in_` is the name with its preposition, `short` for SMS."""

    kind: str
    in_: Text
    short: Text
    parent: str | None = None
    members: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Commune:
    """A municipality of REFNIS; German names only where German is a language of the commune."""

    nis: str
    name: Text
    province: str | None
    region: str
    postal_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LanguageRule:
    """The languages a public notice needs in these communes, first the first."""

    communes: frozenset[str]
    languages: tuple[Language, ...]


@dataclass(frozen=True, slots=True)
class Competence:
    """Which levels may bind on some topics in some sectors; `levels` is empty where that is not clear.

    `in_dg` are the levels that take the place of the Region in the German-language region.
    """

    topics: tuple[str, ...]
    groups: tuple[str, ...]
    sectors: tuple[str, ...]
    levels: tuple[str, ...]
    in_dg: tuple[str, ...] = ()

    def fits(self, topic: str, sector: Sector) -> bool:
        """Whether this row speaks of the topic in the sector; "*" stands for all."""
        if topic not in self.topics and "*" not in self.topics:
            return False
        return sector.id in self.sectors or sector.group in self.groups or "*" in self.groups


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A name that an entry lacks in a language, and in whose place its French one stands."""

    language: Language
    file: str
    key: str


@dataclass(frozen=True, slots=True)
class Register:
    """All reference data of one version. Mappings keep the register's order; `general` is the last sector.

    Each name is there in each of `languages`. `commune_in` puts a commune's name behind its preposition.
    """

    refnis_version: str
    sectors: Mapping[str, Sector]
    groups: Mapping[str, Entry]
    audiences: Mapping[str, Entry]
    issuers: Mapping[str, Issuer]
    act_types: Mapping[str, Entry]
    topics: Mapping[str, Topic]
    territories: Mapping[str, Territory]
    communes: Mapping[str, Commune]
    language_rules: tuple[LanguageRule, ...]
    competences: tuple[Competence, ...] = ()
    languages: tuple[Language, ...] = LANGUAGES
    commune_in: Text = field(default_factory=dict)
    unnamed: tuple[Unnamed, ...] = ()

    def competence(self, topic: str, sector: str) -> Competence | None:
        """Who is competent for a topic in a sector: the first row that fits; None where none does."""
        entry = self.sectors[sector]
        return next((row for row in self.competences if row.fits(topic, entry)), None)

    def places(self, territory: Sequence[str]) -> Places:
        """The communes that a list of territories means. Raises NotFound for an unknown id."""
        places = Places()
        for id_ in territory:
            places |= expand(id_, self.territories, self.communes)
        return places

    def territory(self, id_: str) -> Territory:
        """The entry of a territory; for a commune without one, an entry made of its name."""
        if found := self.territories.get(id_):
            return found
        if commune := self.communes.get(id_):
            return _of_commune(commune, self.commune_in, self.languages)
        raise NotFound(f"territory {id_!r}")

    def knows_territory(self, id_: str) -> bool:
        """Whether the id is a territory or a commune."""
        return id_ in self.territories or id_ in self.communes

    def languages_for(self, places: Places) -> tuple[Language, ...]:
        """The languages that the coordinated laws of 1966 demand of a notice for these places, in our order."""
        needed: set[Language] = set()
        regions = {self.communes[nis].region for nis in places.nis}
        rule_bound = {nis for rule in self.language_rules for nis in rule.communes}
        for rule in self.language_rules:
            if places.nis & rule.communes:
                needed.update(rule.languages)
        plain = places.nis - rule_bound
        if any(self.communes[nis].region == "03000" for nis in plain) or places.nis_if_community:
            needed.add("fr")
        if "04000" in regions:
            needed.update(("fr", "nl"))
        if any(self.communes[nis].region == "02000" for nis in plain):
            needed.add("nl")
        return tuple(language for language in LANGUAGES if language in needed)

    def hat_order(self, sector: str, audience: str) -> tuple[int, int]:
        """Reading order of hats: audience first, then the register's order of sectors (decision 13)."""
        return (AUDIENCES.index(_audience(audience)), list(self.sectors).index(sector))


def _audience(audience: str) -> Audience:
    for known in AUDIENCES:
        if known == audience:
            return known
    raise NotFound(f"audience {audience!r}")


def _of_commune(commune: Commune, commune_in: Text, languages: Sequence[Language]) -> Territory:
    """French joins à with the article of names such as Le Rœulx: au Rœulx."""
    french = commune.name["fr"]
    name = {**dict.fromkeys(languages, french), **commune.name}
    if french.startswith("Le "):
        inside = f"au {french[3:]}"
    elif french.startswith("Les "):
        inside = f"aux {french[4:]}"
    else:
        inside = f"à {french}"
    others = {
        language: form.replace("{name}", name.get(language, french)) for language, form in commune_in.items()
    }
    return Territory(
        id=commune.nis,
        name=name,
        kind="municipality",
        in_={**dict.fromkeys(languages, inside), **others, "fr": inside},
        short=name,
        parent=commune.province or commune.region,
    )
