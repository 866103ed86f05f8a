"""The demo's people: all sectors, audiences and languages, the same every time, and nobody who could be reached."""

from collections import Counter
from pathlib import Path

import pytest

from hub import register as registers
from hub.demo import population
from hub.flow.enlist import vocabulary_of
from hub.model.directive import AUDIENCES, LANGUAGES
from hub.render import wording
from subscribers import importer
from subscribers.importer import ImportPlan

REGISTER = registers.load()
RESERVED = (".example", "example.org", "example.com", "example.net")


def read(file: Path) -> ImportPlan:
    return importer.plan(file.read_bytes(), vocabulary_of(REGISTER, wording.load()))


@pytest.mark.parametrize("size", [240, 2_400])
def test_everybody_can_be_imported_and_every_cell_has_somebody(tmp_path: Path, size: int) -> None:
    population.write_csv(tmp_path / "people.csv", REGISTER, size)

    found = read(tmp_path / "people.csv")

    assert (found.refused, found.notes, found.unknown_columns) == ((), (), ())
    assert len(found.accepted) == size
    cells = {(m.sector, m.audience) for person in found.accepted for m in person.memberships}
    assert cells == {(sector, audience) for sector in REGISTER.sectors for audience in AUDIENCES}
    assert {person.language for person in found.accepted} == set(LANGUAGES)


def test_the_same_seed_writes_the_same_people(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        population.write_csv(tmp_path / name, REGISTER, 240, seed)

    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other


def test_nobody_could_be_reached(tmp_path: Path) -> None:
    population.write(tmp_path / "people.csv", people=2_400)

    for person in read(tmp_path / "people.csv").accepted:
        assert person.email is None or person.email.endswith(RESERVED)
        assert person.phone is None or person.phone.startswith("+32470")


def test_they_are_mixed_as_a_real_list_is(tmp_path: Path) -> None:
    population.write(tmp_path / "people.csv", people=2_400)
    people = read(tmp_path / "people.csv").accepted

    languages = Counter(person.language for person in people)
    assert languages["fr"] > 0.7 * len(people)
    assert sum(person.preferred == "sms" for person in people) > 300
    assert sum(len(person.memberships) > 1 for person in people) > 100
    assert max(len(person.memberships) for person in people) == 4
    duty = [m for person in people for m in person.memberships if m.stream == "duty"]
    assert {m.audience for m in duty} == {"direction"}
    assert all(m.organisation for m in duty)


def test_german_communes_are_served_in_german_first(tmp_path: Path) -> None:
    population.write(tmp_path / "people.csv", people=2_400)
    german = REGISTER.places(["DG"]).nis

    there = [p for p in read(tmp_path / "people.csv").accepted if p.commune in german]

    assert sum(person.language == "de" for person in there) > 0.8 * len(there)


def test_faulty_rows_are_there_when_asked_for(tmp_path: Path) -> None:
    population.write_csv(tmp_path / "people.csv", REGISTER, 240, faulty=True)

    assert len(read(tmp_path / "people.csv").refused) == len(population.FAULTY)
