"""A list in any usual form becomes people; what cannot be taken is named with its row, its reason and its remedy."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import importer
from subscribers.importer import ImportPlan
from subscribers.model import Membership, Organisation
from subscribers.vocabulary import vocabulary

WORDS = vocabulary(
    sectors={
        "elderly.residential": ("Maisons de repos (MR, MRS)", "Altenheime", "Woonzorgcentra", "Care homes"),
        "sport": ("Sport",),
        "culture": ("Culture et éducation permanente", "Kultur", "Cultuur", "Culture"),
        "general": ("Population",),
    },
    audiences={id_: (id_,) for id_ in ("direction", "staff", "beneficiary", "family", "citizen")},
    communes={
        "92094": ("Namur", "Namen", "5000", "5100"),
        "62063": ("Liège", "Luik", "4000"),
        "62093": ("Saint-Nicolas", "4420"),
        "46021": ("Saint-Nicolas", "Sint-Niklaas", "9100"),
        "51008": ("Ath", "7800"),
        "51009": ("Belœil", "7800"),
    },
    languages={
        "fr": ("fr", "français", "french", "frans"),
        "de": ("de", "deutsch", "allemand"),
        "nl": ("nl", "nederlands", "néerlandais", "flamand"),
        "en": ("en", "english", "anglais"),
    },
    default_language="fr",
    general="general",
)
HEADINGS = "email;phone;language;sector;audience;commune"
ROW = "a@example.org;0470/12.34.56;fr;sport;staff;5000"


def plan(text: str | bytes) -> ImportPlan:
    return importer.plan(text if isinstance(text, bytes) else text.encode(), WORDS)


def refusals(text: str | bytes) -> list[tuple[int, str]]:
    """Row and column of each refused row."""
    return [(fault.row, fault.column) for fault in plan(text).refused]


def test_a_plain_list_is_read() -> None:
    found = plan(f"{HEADINGS}\n{ROW}\n")

    (person,) = found.accepted
    assert (person.email, person.phone, person.language) == ("a@example.org", "+32470123456", "fr")
    assert person.commune == "92094"
    assert person.memberships == (Membership("sport", "staff", "directives"),)
    assert (found.rows, found.merged, found.refused, found.unknown_columns) == (1, 0, (), ())


@pytest.mark.parametrize(
    "headings",
    [
        "Courriel;GSM;Langue;Secteur;Public cible;Localité",
        "E-mail-Adresse;Handynummer;Sprache;Bereich;Zielgruppe;Gemeinde",
        "e-mailadres;gsm-nummer;taal;sector;doelgroep;gemeente",
        "E-MAIL ADDRESS;Mobile Phone;LANGUAGE;Sector;Audience;Municipality",
    ],
)
def test_headings_are_understood_in_four_languages(headings: str) -> None:
    assert len(plan(f"{headings}\n{ROW}\n").accepted) == 1


@pytest.mark.parametrize(
    "row",
    [
        "a@example.org;;français;Maisons de repos (MR, MRS);Personnel;Namur",
        "a@example.org;;Deutsch;Altenheime;Mitarbeiter;Namen",
        "a@example.org;;NL-be;Woonzorgcentra;medewerkers;NAMUR",
        "a@example.org;;EN;care homes;staff;5100 Jambes",
        "a@example.org;;fr;elderly.residential;staff;92094",
        "a@example.org;;fr;elderly.residential;staff;B-5000 Namur",
    ],
)
def test_values_are_understood_by_id_and_by_name(row: str) -> None:
    (person,) = plan(f"{HEADINGS}\n{row}\n").accepted

    assert person.memberships == (Membership("elderly.residential", "staff", "directives"),)
    assert person.commune == "92094"


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADINGS}\r\n{ROW}\r\n".replace("staff", "bénéficiaire").encode("latin-1"),
        b"\xef\xbb\xbf" + f"{HEADINGS}\n{ROW}\n".replace("staff", "bénéficiaire").encode("cp1252"),
        f"\ufeffï»¿{HEADINGS}\n\n{ROW}\n;;;;;\n".replace("staff", "Bénéficiaire").encode(),
        f"sep=;\r\n{HEADINGS}\r\n{ROW}".replace("staff", "bénéficiaire").encode("utf-16"),
        f"{HEADINGS}\n{ROW}\n".replace("staff", "bénéficiaire").encode("utf-16-le"),
        f"{HEADINGS}\r{ROW}\r".replace("staff", "bénéficiaire").encode("utf-8-sig"),
    ],
)
def test_no_usual_mess_of_encodings_loses_a_row(data: bytes) -> None:
    found = plan(data)

    assert [m.audience for person in found.accepted for m in person.memberships] == ["beneficiary"]
    assert found.refused == ()


def test_a_file_pasted_together_from_two_encodings_is_read_line_by_line() -> None:
    data = (
        f"{HEADINGS}\na@example.org;;fr;sport;bénéficiaire;\n".encode()
        + "b@example.org;;fr;sport;élève;".encode("cp1252")
    )

    assert len(plan(data).accepted) == 2


def test_json_is_read_as_a_list_and_as_one_object_per_line() -> None:
    people = [
        {
            "Courriel": "a@example.org",
            "secteurs": ["sport", "culture"],
            "public": "staff",
            "code postal": 5000,
        },
        {"email": "b@example.org", "sector": "sport", "audience": "family", "remarque": {"x": 1}},
    ]

    for text in (json.dumps(people), "\n".join(json.dumps(person) for person in people)):
        found = plan(text)
        assert [len(person.memberships) for person in found.accepted] == [2, 1]
        assert found.accepted[0].commune == "92094"
        assert found.unknown_columns == ("remarque",)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("nobody;;fr;sport;staff;", "email"),
        ("a@example.org\u2028;;fr;sport;staff;", "email"),
        ("=cmd|'/C calc'!A0@example.org;;fr;sport;staff;", "email"),
        (";02 511 12 34;fr;sport;staff;", "phone"),
        (";0470123456789;fr;sport;staff;", "phone"),
        (";;fr;sport;staff;", "email"),
        ("a@example.org;;tlh;sport;staff;", "language"),
        ("a@example.org;;fr;astrology;staff;", "sector"),
        ("a@example.org;;fr;;staff;", "sector"),
        ("a@example.org;;fr;sport;everybody;", "audience"),
        ("a@example.org;;fr;sport;;", "audience"),
        ("a@example.org;;fr;sport;staff;Atlantis", "commune"),
        ("a@example.org;;fr;sport;staff;Saint-Nicolas", "commune"),
        ("a@example.org;;fr;sport;staff;7800", "commune"),
        ("a@example.org;;fr;sport", ""),
        ("a@example.org;;fr;sport;staff;5000;extra", ""),
        ("a@example.org;;fr;sport;sta\x00ff;", "audience"),
        ('a@example.org;;fr;sport;"staff\n";', "audience"),
        ('a@example.org;;fr;sport;"staff;5000', ""),
        ('a@example.org;;fr;sport;"staff"x;5000', ""),
        ("a@example.org;;fr;sport;staff;" + "5" * 200_000, ""),
    ],
)
def test_a_faulty_row_is_named_and_the_rest_goes_on(row: str, column: str) -> None:
    found = plan(
        f"{HEADINGS}\nfirst@example.org;;fr;sport;staff;\n{row}\nlast@example.org;;fr;sport;staff;\n"
    )

    assert [(fault.row, fault.column) for fault in found.refused][:1] == [(3, column)]
    assert found.refused[0].reason
    assert found.refused[0].remedy
    assert {person.email for person in found.accepted} == {"first@example.org", "last@example.org"}


def test_all_faults_of_a_row_are_told_at_once() -> None:
    (fault,) = plan(f"{HEADINGS}\nnobody;;tlh;astrology;staff;\n").refused

    assert fault.column == "email"
    assert "language" in fault.reason
    assert "sector" in fault.reason


def test_a_refusal_shows_no_whole_address() -> None:
    (fault,) = plan(f"{HEADINGS}\nsecret.name@example..org;;fr;sport;staff;\n").refused

    assert fault.hint == "s…@example..org"
    assert "secret" not in repr(fault)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"a;b;c\n1;2;3\n", "no heading"),
        (b"jean@example.org;sport\n", "no heading"),
        (b"email;mail;sector\n", "both mean email"),
        (b"email" + b";x" * 1_000_000, "1000001 columns"),
        (b"[1, 2", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\x00" * 100, ""),
    ],
)
def test_what_is_no_list_has_one_fault_that_says_so(data: bytes, reason: str) -> None:
    found = plan(data)

    assert found.accepted == ()
    assert reason in found.refused[0].reason
    assert "jean" not in repr(found)


def test_a_file_that_is_too_large_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "MAX_BYTES", 10)

    assert "larger than" in plan(f"{HEADINGS}\n{ROW}\n").refused[0].reason


def test_rows_of_one_person_become_one_with_all_their_hats() -> None:
    found = plan(
        "external_id;email;sector;audience;organisation;commune\n"
        "7;a@example.org;elderly.residential;direction;Les Tilleuls;5000\n"
        ";A@Example.org;sport;family;;4000\n"
        "7;;culture;staff|citizen;;\n"
    )

    (person,) = found.accepted
    assert found.merged == 2
    assert person.commune == "62063"
    assert person.memberships[0].organisation == Organisation("Les Tilleuls", commune="92094")
    assert [(m.sector, m.audience) for m in person.memberships] == [
        ("elderly.residential", "direction"),
        ("sport", "family"),
        ("culture", "staff"),
        ("culture", "citizen"),
    ]


def test_rows_that_disagree_keep_the_first_word_and_say_so() -> None:
    found = plan(f"{HEADINGS}\na@example.org;;fr;sport;staff;\na@example.org;;nl;sport;family;\n")

    assert found.accepted[0].language == "fr"
    assert [(note.row, note.column) for note in found.notes] == [(3, "language")]


def test_a_landline_beside_an_email_address_is_left_out_with_a_note() -> None:
    found = plan(f"{HEADINGS}\na@example.org;02 511 12 34;fr;sport;staff;\n")

    assert found.accepted[0].phone is None
    assert [(note.row, note.column) for note in found.notes] == [(2, "phone")]


def test_citizens_need_no_sector() -> None:
    (person,) = plan("email;public\na@example.org;Citoyens\n").accepted

    assert person.memberships == (Membership("general", "citizen", "directives"),)


@pytest.mark.parametrize(
    ("organisation", "audience", "fine"),
    [("Les Tilleuls", "direction", True), ("", "direction", False), ("Les Tilleuls", "family", False)],
)
def test_duty_is_for_those_at_work_in_an_organisation(organisation: str, audience: str, fine: bool) -> None:
    text = f"email;sector;audience;organisation;stream\na@example.org;sport;{audience};{organisation};duty\n"

    assert refusals(text) == ([] if fine else [(2, "stream")])


def test_line_numbers_are_those_of_the_file() -> None:
    text = f'{HEADINGS};note\n\n{ROW};"two\nlines"\n\nnobody;;fr;sport;staff;;\n{ROW};\nnobody;;fr;sport;staff;;\n'

    assert [row for row, _ in refusals(text)] == [6, 8]


def test_a_forgotten_quotation_mark_costs_its_own_row_only() -> None:
    rows = [f"p{n}@example.org;;fr;sport;staff;" for n in range(50)]
    rows[5] = 'p5@example.org;;fr;sport;"staff;'

    found = plan("\n".join([HEADINGS, *rows]))

    assert [fault.row for fault in found.refused] == [7]
    assert len(found.accepted) == 49


def is_not_utf8_by_chance(name: str) -> bool:
    """Some sequences of Windows-1252 letters are UTF-8 as well ("Ãª"); no reader can tell, and no word has them."""
    try:
        return name.encode("cp1252").decode("utf-8") == name
    except UnicodeDecodeError:
        return True


LETTERS = st.text(st.characters(codec="cp1252", categories=("L", "N")), min_size=1, max_size=12)
NAMES = LETTERS.filter(is_not_utf8_by_chance)


@given(
    names=st.lists(NAMES, min_size=1, max_size=5),
    delimiter=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_encoding_and_delimiter_round_trips(
    names: list[str], delimiter: str, encoding: str, end: str
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerow(["email", "secteur", "public", "organisation"])
    for number, name in enumerate(names):
        writer.writerow([f"p{number}@example.org", "sport", "staff", name])

    found = plan(file.getvalue().encode(encoding))

    assert found.refused == ()
    assert [person.memberships[0].organisation for person in found.accepted] == [
        Organisation(name) for name in names
    ]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_crash(data: bytes) -> None:
    for given_ in (data, f"{HEADINGS}\n".encode() + data, b"[" + data, b'{"email": "' + data):
        found = plan(given_)
        assert found.rows == len(found.accepted) + found.merged + len(found.refused)


@given(st.lists(st.text(alphabet='ab@.;,|"\n\r\0=+0123456789éœ\u2028', max_size=40), max_size=8))
def test_every_row_of_a_hostile_list_is_taken_or_refused(cells: list[str]) -> None:
    found = plan(f"{HEADINGS}\n" + "\n".join(cells))

    for person in found.accepted:
        assert person.email or person.phone
        assert person.memberships
    for fault in found.refused:
        assert fault.row > 1
        assert fault.remedy
