"""The registers: complete, consistent, and their territories expanded to the right communes."""

import shutil
from pathlib import Path

import pytest

from hub import register
from hub.errors import FaultyFile, NotFound
from hub.model.directive import LANGUAGES
from hub.register import Places
from hub.register.load import DATA
from tests import a

EUPEN, NAMUR, BRUSSELS, BASTOGNE, ANTWERP = "63023", "92094", "21004", "82039", "11002"


def test_every_entry_has_a_name_in_every_language() -> None:
    entries = [
        entry
        for table in (a.REGISTER.sectors, a.REGISTER.issuers, a.REGISTER.topics, a.REGISTER.act_types)
        for entry in table.values()
    ]

    assert [entry.id for entry in entries if set(entry.name) != set(LANGUAGES)] == []


def test_the_short_name_of_an_issuer_fits_an_sms() -> None:
    from channels import gsm

    shorts = [short for issuer in a.REGISTER.issuers.values() for short in issuer.short.values()]

    assert [short for short in shorts if len(short) > 12 or gsm.encoding(short) != "GSM-7"] == []


def test_every_sector_has_its_nouns() -> None:
    assert set(a.WORDING.languages["fr"].nouns) == set(a.REGISTER.sectors)


@pytest.mark.parametrize(
    ("territory", "nis", "community", "meant"),
    [
        ("BE", ANTWERP, None, True),
        ("03000", EUPEN, None, True),
        ("03000", BRUSSELS, None, False),
        ("WAL-FR", EUPEN, None, False),
        ("WAL-FR", NAMUR, None, True),
        ("60000", EUPEN, None, True),
        ("90000", NAMUR, None, True),
        ("FWB", NAMUR, None, True),
        ("FWB", EUPEN, None, False),
        ("FWB", BRUSSELS, None, False),
        ("FWB", BRUSSELS, "FWB", True),
        ("FWB", BRUSSELS, "VG", False),
        ("DG", EUPEN, None, True),
        ("82039", BASTOGNE, None, True),
        ("82039", NAMUR, None, False),
    ],
)
def test_a_territory_means_these_communes(
    territory: str, nis: str, community: str | None, meant: bool
) -> None:
    assert a.REGISTER.places([territory]).includes(nis, community) is meant


def test_walloon_communes_are_all_there() -> None:
    assert len(a.REGISTER.communes) == 565
    assert len(a.REGISTER.places(["03000"]).nis) == 261
    assert len(a.REGISTER.places(["03000"]).nis - a.REGISTER.places(["WAL-FR"]).nis) == 9


def test_an_unknown_territory_is_not_found() -> None:
    with pytest.raises(NotFound, match="99999"):
        a.REGISTER.places(["99999"])


def test_places_of_different_communities_do_not_meet_in_brussels() -> None:
    french = Places(frozenset(), {"FWB": frozenset({BRUSSELS})})
    flemish = Places(frozenset(), {"VG": frozenset({BRUSSELS})})

    assert not french.meets(flemish)
    assert french.meets(Places(frozenset({BRUSSELS})))
    assert french.meets(french)


def test_where_only_named_establishments_are_meant_their_neighbours_are_not() -> None:
    places = a.REGISTER.places(["90000"]).only(["Les Tilleuls"])

    assert places.includes(NAMUR, organisation="les tilleuls")
    assert not places.includes(NAMUR, organisation="Les Érables")
    assert not places.includes(NAMUR)
    assert not places.includes(EUPEN, organisation="Les Tilleuls")
    assert (Places() | places).establishments == places.establishments
    assert (places | a.REGISTER.places(["60000"])).establishments is None


def test_the_law_asks_for_german_first_in_the_german_language_region() -> None:
    assert set(a.REGISTER.languages_for(a.REGISTER.places(["DG"]))) == {"de", "fr"}
    assert a.REGISTER.languages_for(a.REGISTER.places(["90000"])) == ("fr",)
    assert set(a.REGISTER.languages_for(a.REGISTER.places(["04000"]))) == {"fr", "nl"}


def test_a_commune_named_le_is_au_in_french() -> None:
    assert a.REGISTER.territory("55035").in_["fr"] == "au Roeulx"
    assert a.REGISTER.territory(NAMUR).in_["fr"] == "à Namur"


def test_a_file_may_add_territories_and_issuers(tmp_path: Path) -> None:
    extra = tmp_path / "more.toml"
    extra.write_text(
        """schema_version = 1
[[territory]]
id = "VALLEE"
kind = "set"
fr = "Vallée"
de = "Tal"
nl = "Vallei"
en = "Valley"
members = ["92094", "63023"]
in = { fr = "dans la vallée", de = "im Tal", nl = "in de vallei", en = "in the valley" }
short = { fr = "vallée", de = "Tal", nl = "vallei", en = "valley" }
"""
    )

    added = register.load(extra)

    assert added.places(["VALLEE"]).nis == {"92094", "63023"}


def test_a_faulty_addition_names_its_keys(tmp_path: Path) -> None:
    extra = tmp_path / "more.toml"
    extra.write_text('schema_version = 1\n[[issuer]]\nid = "x"\nlevle = "region"\n')

    with pytest.raises(FaultyFile, match=r"issuer x\.levle"):
        register.load(extra)


VALLEY = """schema_version = 1
[[territory]]
id = "VALLEE"
kind = "set"
fr = "Vallée"
de = "Tal"
nl = "Vallei"
en = "Valley"
members = ["92094"]
in = { fr = "dans la vallée" }
short = { fr = "vallée" }
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('members = ["92094"]', 'rule = "BE times DG"', "cannot read the rule 'BE times DG'"),
        ('members = ["92094"]', 'rule = "VALLEE plus DG"', "refers to itself"),
        ('members = ["92094"]', 'rule = "BE minus NOWHERE"', "NOWHERE"),
        ('members = ["92094"]', 'members = ["92094", "99999"]', "99999 is no commune"),
        ('members = ["92094"]\n', "", "means no commune"),
        ('members = ["92094"]', 'rule = "DG minus BE"', "means no commune"),
        ('in = { fr = "dans la vallée" }', 'in = { de = "im Tal" }', "in: has no fr"),
        ('short = { fr = "vallée" }', 'short = { de = "Tal" }', "short: has no fr"),
        ('fr = "Vallée"', 'fr = "Val\\u001blée"', "U+001B"),
        ('short = { fr = "vallée" }', 'short = { fr = "\\ue000" }', "U+E000"),
        ('id = "VALLEE"', 'id = "VAL LEE"', "id"),
    ],
)
def test_a_territory_that_cannot_serve_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    extra = tmp_path / "more.toml"
    extra.write_text(VALLEY.replace(old, new, 1))

    with pytest.raises(FaultyFile) as told:
        register.load(extra)

    assert said in str(told.value)
    assert "territory VAL" in str(told.value)


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000, "\x00"])
def test_an_addition_that_is_no_toml_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    extra = tmp_path / "more.toml"
    extra.write_text(text)

    with pytest.raises(FaultyFile, match="TOML"):
        register.load(extra)


@pytest.mark.parametrize(
    ("topic", "sector", "levels", "in_dg"),
    [
        ("telework", "culture", ("federal",), ()),
        ("visits", "elderly.residential", ("region",), ("community",)),
        ("visits", "youth.care", ("community",), ()),
        ("isolation", "elderly.residential", (), ()),
        ("masks", "general", ("federal", "province", "commune"), ()),
    ],
)
def test_the_first_row_that_fits_says_who_is_competent(
    topic: str, sector: str, levels: tuple[str, ...], in_dg: tuple[str, ...]
) -> None:
    row = a.REGISTER.competence(topic, sector)

    assert row is not None
    assert (row.levels, row.in_dg) == (levels, in_dg)


def test_every_topic_in_every_sector_has_its_row() -> None:
    missing = [
        (topic, sector)
        for topic in a.REGISTER.topics
        for sector in a.REGISTER.sectors
        if a.REGISTER.competence(topic, sector) is None
    ]

    assert missing == []


def test_places_in_common_are_those_that_both_mean() -> None:
    french, namur = a.REGISTER.places(["FWB"]), a.REGISTER.places(["90000"])
    brussels = Places(frozenset({BRUSSELS}))

    assert (french & namur).nis == namur.nis
    assert (french & brussels).nis == frozenset()
    assert (french & brussels).includes(BRUSSELS, "FWB")
    assert namur.only(["Ici", "Là"]) & namur.only(["Là"]) == namur.only(["Là"]) & namur
    assert namur <= french
    assert not french <= namur
    assert french & brussels <= brussels
    assert not brussels <= french
    assert namur.only(["Ici"]) <= namur
    assert not namur <= namur.only(["Ici"])


@pytest.mark.parametrize(
    ("file", "added", "said"),
    [
        (
            "sectors.toml",
            '[[sector]]\nid = "prison"\nfr = "Prisons"',
            "sector prison.group: is missing; add group = …",
        ),
        ("topics.toml", '[[topic]]\nid = "pets"\nfr = "Animaux"', "topic pets.de: is missing; add de = …"),
        (
            "topics.toml",
            '[[topic]]\nid = "pets"\nfr = "A"\nde = "T"\nnl = "D"\nen = "P"\nvalue = "number"',
            "topic pets.value: is not what may stand here; it is one of modality, count",
        ),
        ("issuers.toml", "[[issuer", "at line"),
    ],
)
def test_an_unfinished_entry_of_the_hub_s_own_files_is_named(
    tmp_path: Path, file: str, added: str, said: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(str(DATA), data)
    with (data / file).open("a", encoding="utf-8") as entries:
        entries.write(f"\n{added}\n")

    with pytest.raises(FaultyFile) as refused:
        register.load(data=data)

    assert said in str(refused.value)
    assert str(data / file) in str(refused.value)
