"""The demo's fictitious readers, as its pages name them, and whom to look at first."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.register import Register

LANGUAGES = {"fr": "français", "de": "allemand", "nl": "néerlandais", "en": "anglais"}


@dataclass(frozen=True, slots=True)
class Reader:
    """One person of the demo's list: an inbox, a phone or both; `hats` are (sector, audience)."""

    number: int
    email: str
    phone: str
    language: str
    organisations: tuple[str, ...]
    communes: tuple[str, ...]
    hats: tuple[tuple[str, str], ...]

    def has(self, sector: str, audience: str = "") -> bool:
        """Whether one of the hats is of this sector and, where one is named, of this audience."""
        return any(sector in ("", hat[0]) and audience in ("", hat[1]) for hat in self.hats)


def read(file: Path) -> list[Reader]:
    """The people of an import file of the demo, in its order; the rows of one person become one reader."""
    rows: dict[str, list[Mapping[str, str]]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows.setdefault(row.get("external_id") or row["email"] or row["phone"], []).append(row)
    return [_reader(number, found) for number, found in enumerate(rows.values(), start=1)]


def _reader(number: int, rows: list[Mapping[str, str]]) -> Reader:
    return Reader(
        number=number,
        email=_first(rows, "email").lower(),
        phone=_first(rows, "phone"),
        language=_first(rows, "language") or "fr",
        organisations=_each(rows, "organisation"),
        communes=_each(rows, "organisation_commune") or _each(rows, "commune"),
        hats=tuple(dict.fromkeys((row["sector"], row["audience"]) for row in rows)),
    )


def _first(rows: Iterable[Mapping[str, str]], column: str) -> str:
    return next((row[column] for row in rows if row.get(column)), "")


def _each(rows: Iterable[Mapping[str, str]], column: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row[column] for row in rows if row.get(column)))


HOMES = "elderly.residential"
SAMPLES: tuple[tuple[str, str, Callable[[Reader], bool]], ...] = (
    ("Une direction, plusieurs casquettes", "Un seul message, qui nomme chacune.",
     lambda r: len(r.hats) >= 4),
    ("Une direction de maison de repos", "Qui décide, quoi, dès quand, base et contact.",
     lambda r: r.has(HOMES, "direction") and len(r.hats) == 1 and r.language == "fr"),
    ("Un membre du personnel", "Les gestes à faire, en peu de mots.",
     lambda r: r.has(HOMES, "staff") and len(r.hats) == 1 and r.language == "fr"),
    ("Une résidente, un résident", "Facile à lire, une idée par phrase.",
     lambda r: r.has(HOMES, "beneficiary") and r.language == "fr"),
    ("Une famille", "Ce qui change pour la visite.",
     lambda r: r.has(HOMES, "family") and r.language == "fr" and not r.phone),
    ("Un proche, par SMS", "L’essentiel en deux segments.",
     lambda r: r.has(HOMES, "family") and bool(r.phone) and not r.email),
    ("À Péruwelz, un arrêté communal", "La commune va plus loin que la décision fédérale.",
     lambda r: "57064" in r.communes and r.has(HOMES)),
    ("Un lecteur germanophone", "Le même acte, en allemand.",
     lambda r: r.has(HOMES) and r.language == "de"),
    ("Un autre secteur d’hébergement", "Le même acte, avec les mots du handicap.",
     lambda r: r.has("disability.residential", "direction") and len(r.hats) == 1 and r.language == "fr"),
)  # fmt: skip
"""Whom to look at first: where a message is most likely to go wrong."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A reader worth a look, and why."""

    title: str
    why: str
    reader: Reader


def samples(readers: list[Reader], received: Callable[[Reader], int]) -> list[Sample]:
    """For each case somebody to look at: who received most, else the first of the list."""
    found: list[Sample] = []
    for title, why, fits in SAMPLES:
        taken = {sample.reader.number for sample in found}
        candidates = [reader for reader in readers if fits(reader) and reader.number not in taken]
        if candidates:
            found.append(Sample(title, why, max(candidates, key=received)))
    return found


class Names:
    """What sectors and audiences are called on the demo's pages."""

    def __init__(self, register: Register) -> None:
        self.sectors = {id_: sector.name["fr"] for id_, sector in register.sectors.items()}
        self.audiences = {id_: audience.name["fr"] for id_, audience in register.audiences.items()}

    def hat(self, hat: tuple[str, str]) -> str:
        """ "Familles · Maisons de repos"."""
        sector, audience = hat
        return f"{self.audiences.get(audience, audience)} · {self.sectors.get(sector, sector)}"
