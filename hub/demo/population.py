"""Fictitious subscribers as an import file: every sector, audience and language, nobody real and nothing reachable.

Addresses lie in domains that are reserved for examples (RFC 2606). Belgium reserves no numbers for fiction, so the
numbers count up from +32 470 00 00 01, valid in form and plainly made up; the demo is an exercise, and an exercise
has no transport that could reach them. Organisations bear invented names.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hub import register as registers
from hub.model.directive import AUDIENCES, Audience, Language
from hub.register import Register
from hub.register.entries import GENERAL

COLUMNS = (
    "external_id", "email", "phone", "language", "preferred_channel", "urgent_channel", "organisation",
    "organisation_id", "organisation_commune", "commune", "community", "sector", "audience", "stream",
    "consent_basis", "consent_source",
)  # fmt: skip

KINDS = {
    "health.hospital": "Clinique", "health.mental": "Service de santé mentale", "elderly.residential": "Résidence",
    "home.care": "Aide à domicile", "fragile.shelter": "Maison d'accueil", "disability.residential": "Foyer",
    "disability.day": "Centre de jour", "youth.care": "Maison des jeunes", "childhood.nursery": "Crèche",
    "work.eta": "Ateliers", "work.isp": "Centre de formation", "culture": "Centre culturel", "sport": "Club",
    "education.basic": "École fondamentale", "education.secondary": "Institut", "social.cpas": "Action sociale",
    "mutuality": "Mutualité", GENERAL: "Maison des associations",
}  # fmt: skip
GERMAN = {
    "elderly.residential": "Seniorenheim",
    "education.basic": "Grundschule",
    "childhood.nursery": "Krippe",
}
DUTCH = {
    "elderly.residential": "Woonzorgcentrum",
    "education.basic": "Basisschool",
    "childhood.nursery": "Crèche",
}
FIRST_HALVES = (
    "Valm",
    "Oriel",
    "Brisel",
    "Aubecl",
    "Mirebr",
    "Fleurond",
    "Solv",
    "Quellind",
    "Rosal",
    "Tourn",
    "Estr",
)
SECOND_HALVES = (
    "orin",
    "iane",
    "ande",
    "air",
    "ombe",
    "ine",
    "eraie",
    "aval",
    "elle",
    "ivar",
    "oisie",
    "amont",
    "ure",
)
"""Halves of names that no place and no organisation bears."""

OFTEN = {"elderly.residential": 6, "disability.residential": 2, "education.basic": 2, "home.care": 2}
"""Sectors with more organisations than one in each round: the demo's acts begin with care homes."""

HOMES = ("elderly.residential", "elderly.residential", "elderly.residential")
"""The first organisations: care homes, of which the demo's acts speak first."""

TOWNS = (
    "92094",
    "62063",
    "52011",
    "53053",
    "57064",
    "57081",
    "63079",
    "82039",
    "25112",
    "91034",
    "81001",
    "84077",
)
"""Walloon communes, among them Péruwelz, whose own act the demo replays."""
BORDERS = ("63049", "63080", "57096", "51067")
"""Communes with facilities for another language."""
BRUSSELS = ("21004", "21009", "21015")


def write(path: Path, *, people: int = 2_400, seed: int = 2020) -> None:
    """Write about `people` subscribers to a CSV file; the same seed writes the same file."""
    write_csv(path, registers.load(), size=people, seed=seed)


def write_csv(
    path: Path, register: Register, size: int = 2_400, seed: int = 2020, *, faulty: bool = False
) -> None:
    """Write about `size` subscribers, one row per quality; `faulty` adds rows that an import has to refuse."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for person in _Population(register, Random(seed)).people(size):  # noqa: S311 - fiction needs no secrets
            writer.writerows(person)
        if faulty:
            writer.writerows(FAULTY)


Row = dict[str, str]

ONLY_A_PHONE: Row = {
    "email": "",
    "phone": "+32470999999",
    "language": "fr",
    "preferred_channel": "sms",
    "urgent_channel": "sms",
}
"""Laid over a person: reached by SMS and by nothing else."""

_PLAIN = {"sector": "sport", "audience": "family", "language": "fr"}
FAULTY: tuple[Row, ...] = (
    {**_PLAIN, "external_id": "X1", "email": "no address at all"},
    {**_PLAIN, "external_id": "X2", "phone": "02 511 12 34"},
    {**_PLAIN, "external_id": "X3", "email": "x3@example.org", "sector": "astrology"},
    {**_PLAIN, "external_id": "X4", "email": "x4@example.org\u2028Bcc: all@example.org"},
    {**_PLAIN, "external_id": "X5", "email": "x5@example.org", "stream": "duty"},
)


@dataclass(frozen=True, slots=True)
class _House:
    """An invented organisation."""

    id: str
    name: str
    sector: str
    commune: str
    community: str
    language: Language

    @property
    def domain(self) -> str:
        return f"organisation-{self.id[1:]}.example"


@dataclass(slots=True)
class _Population:
    """Makes people up, one after the other."""

    register: Register
    random: Random
    _number: int = 0
    _houses: list[_House] = field(default_factory=list)

    def people(self, size: int) -> Iterator[list[Row]]:
        """About `size` people: each a list of rows, one per quality."""
        self._found(max(len(self.register.sectors) + len(HOMES), size // 14))
        for house in self._houses:
            yield [self._duty(house)]
        yield from ([self._inside(house, audience)] for house, audience in self._each_quality())
        for sector in self.register.sectors:
            yield [self._citizen(sector)]
        yield [self._inside(self._houses[0], "family") | ONLY_A_PHONE]
        yield self._with_four_hats()
        while self._number < size:
            yield self._anybody()

    def _found(self, number: int) -> None:
        """Organisations over all sectors, most in Walloon towns, some at its language borders and in Brussels."""
        rounds = [sector for sector in self.register.sectors for _ in range(OFTEN.get(sector, 1))]
        german = sorted(self.register.places(["DG"]).nis)
        communes = [*TOWNS * 5, *german, *BORDERS, *BRUSSELS]
        first = [*HOMES, *self.register.sectors]
        sectors = [*first, *(self.random.choice(rounds) for _ in range(number - len(first)))]
        for n, sector in enumerate(sectors, 1):
            self._house(n, sector, communes, german)

    def _house(self, number: int, sector: str, communes: Sequence[str], german: Sequence[str]) -> None:
        home = sector == "elderly.residential"
        # The first homes stand where the demo looks first: in Péruwelz and Eupen.
        known = (
            {1: "57064", 2: "63023"}.get(sum(house.sector == sector for house in self._houses) + 1)
            if home
            else None
        )
        commune = known or (
            TOWNS[number % len(TOWNS)] if number <= len(KINDS) else self.random.choice(communes)
        )
        language: Language = "fr"
        kinds = KINDS
        community = "FWB"
        if commune in german:
            language, kinds, community = "de", {**KINDS, **GERMAN}, "DG"
        elif commune in (*BORDERS[2:], *BRUSSELS) and self.random.random() < 0.4:
            language, kinds, community = "nl", {**KINDS, **DUTCH}, "VG"
        name = self.random.choice(FIRST_HALVES) + self.random.choice(SECOND_HALVES)
        house = _House(f"O{number:04}", f"{kinds[sector]} {name}", sector, commune, community, language)
        self._houses.append(house)

    def _each_quality(self) -> Iterator[tuple[_House, Audience]]:
        """Every audience of every organisation inside it, so that no sector lacks one."""
        for house in self._houses:
            for audience in AUDIENCES[1:4]:
                yield house, audience

    def _anybody(self) -> list[Row]:
        chance = self.random.random()
        if chance < 0.12:
            sector = self.random.choice([GENERAL, GENERAL, *self.register.sectors])
            return [self._citizen(sector)]
        house = self.random.choice(self._houses)
        audience: Audience = self.random.choices(AUDIENCES[:4], weights=(1, 9, 4, 7))[0]
        first = self._inside(house, audience)
        if chance > 0.92:  # somebody of one place has a relative in another
            relative = self._hat(_own(first), self.random.choice(self._houses), "family")
            return [first, relative]
        return [first]

    def _duty(self, house: _House) -> Row:
        """The official address of an organisation: mandatory notices go there."""
        row = self._person(house.language, f"direction@{house.domain}", "legal obligation")
        return self._hat(row, house, "direction") | {"stream": "duty"}

    def _inside(self, house: _House, audience: Audience) -> Row:
        at_work = audience in ("direction", "staff")
        number = self._number + 1
        domain = house.domain if at_work else f"example.{self.random.choice(('org', 'com', 'net'))}"
        language = self._language(house.language)
        row = self._person(
            language, f"{audience}.{number:04}@{domain}", "public task" if at_work else "consent"
        )
        return self._hat(row, house, audience)

    def _citizen(self, sector: str) -> Row:
        german = sorted(self.register.places(["DG"]).nis)
        commune = self.random.choice([*TOWNS * 5, *BORDERS, *BRUSSELS, *german])
        language = self._language("de" if commune in german else "nl" if commune in BORDERS[2:] else "fr")
        row = self._person(language, f"citizen.{self._number + 1:04}@example.org", "consent")
        return row | {"sector": sector, "audience": "citizen", "commune": commune, "stream": "directives"}

    def _with_four_hats(self) -> list[Row]:
        """Who leads one home, works in a second place, has a relative in a third, and is a citizen as well."""
        mine = [
            house
            for house in self._houses
            if house.sector == "elderly.residential" and house.commune in TOWNS
        ]
        work = next(house for house in self._houses if house.sector == "disability.residential")
        row = self._person("fr", "four.hats@example.org", "public task") | {"preferred_channel": "email"}
        lead, visited = mine[0], mine[-1]
        return [
            self._hat(row, lead, "direction"),
            self._hat(row, work, "staff"),
            self._hat(row, visited, "family"),
            row
            | {"sector": GENERAL, "audience": "citizen", "commune": visited.commune, "stream": "directives"},
        ]

    def _hat(self, row: Row, house: _House, audience: Audience) -> Row:
        """A quality of somebody. Whoever lives in a place or visits it gives its commune, not its name."""
        hat = {"sector": house.sector, "audience": audience, "stream": "directives"}
        if audience in ("direction", "staff"):
            place = {
                "organisation": house.name,
                "organisation_id": house.id,
                "organisation_commune": house.commune,
            }
            return row | hat | place | {"community": house.community}
        at_home = {} if row.get("commune") else {"commune": house.commune, "community": house.community}
        return row | hat | at_home

    def _language(self, usual: Language) -> Language:
        others: tuple[Language, ...] = ("en", "nl", "de", "fr")
        return usual if self.random.random() < 0.93 else self.random.choice(others)

    def _person(self, language: Language, email: str, basis: str) -> Row:
        """An address or two, and which of them is preferred."""
        self._number += 1
        official = email.startswith("direction@")
        chance = self.random.random()
        has_phone = chance < 0.55
        only_phone = chance < 0.1 and basis == "consent"
        prefers = "sms" if only_phone or (chance < 0.22 and not official) else "email"
        urgent = "sms" if prefers == "sms" or (has_phone and chance < 0.4) else "email"
        return {
            "external_id": f"P{self._number:05}",
            "email": "" if only_phone else email,
            "phone": f"+3247{self._number:07}" if has_phone else "",
            "language": language,
            "preferred_channel": prefers,
            "urgent_channel": urgent,
            "consent_basis": basis,
            "consent_source": "demo",
        }


def _own(row: Row) -> Row:
    """A row without the organisation in it."""
    return {**row, "organisation": "", "organisation_id": "", "organisation_commune": ""}
