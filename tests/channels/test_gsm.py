"""What an SMS costs, by hand-computed cases, and what may stand in for what."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import gsm
from channels.gsm import Offender, Replacement
from channels.substitutes import SUBSTITUTES

KEPT = "éèàùìòÇÉÄÖÜäöüßñÑåÅæÆøØ§£¥€@"
TEXTS = st.text(st.sampled_from("abc é€{œç’…« »😀\u00a0n°\n") | st.characters(), max_size=400)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a", "GSM-7", 1, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        # The nine extension signs and form feed cost two.
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 159 + "€", "GSM-7", 161, 2),
        # 152 septets, then an escape pair that must not be cut: it opens the second part.
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("é" * 160, "GSM-7", 160, 1),
        ("ç" * 70, "UCS-2", 70, 1),
        ("ç" * 71, "UCS-2", 71, 2),
        ("ç" * 134, "UCS-2", 134, 2),
        ("ç" * 135, "UCS-2", 135, 3),
        # In UCS-2 an extension sign costs one again.
        ("ç" + "€" * 69, "UCS-2", 70, 1),
        # Beyond the BMP two code units, never cut: 66 + 2 does not fit into 67.
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("ç" * 66 + "😀" + "ç" * 66, "UCS-2", 134, 3),
    ],
)
def test_length_and_segments_are_those_computed_by_hand(
    text: str, encoding: str, units: int, segments: int
) -> None:
    length = gsm.measure(text)

    assert (length.encoding, length.units, length.segments) == (encoding, units, segments)


# 3GPP TS 23.038 §6.2.1, column by column as the table stands there; 0x1B is the escape to the extension table.
DEFAULT_ALPHABET = (
    ("@", "£", "$", "¥", "è", "é", "ù", "ì", "ò", "Ç", "\n", "Ø", "ø", "\r", "Å", "å"),
    ("Δ", "_", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ", "ESC", "Æ", "æ", "ß", "É"),
    (" ", "!", '"', "#", "¤", "%", "&", "'", "(", ")", "*", "+", ",", "-", ".", "/"),
    ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", ";", "<", "=", ">", "?"),
    ("¡", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O"),
    ("P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "Ä", "Ö", "Ñ", "Ü", "§"),
    ("¿", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"),
    ("p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "ä", "ö", "ñ", "ü", "à"),
)
# §6.2.1.1: the code after the escape, and what it stands for.
EXTENSION_TABLE = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


def test_the_alphabet_is_that_of_the_standard() -> None:
    alphabet = [character for column in DEFAULT_ALPHABET for character in column if character != "ESC"]

    assert len(alphabet) == len(set(alphabet)) == 127
    assert frozenset(alphabet) == gsm.BASIC
    assert frozenset(EXTENSION_TABLE.values()) == gsm.EXTENSION


@pytest.mark.parametrize(("character", "alone", "part"), [("a", 160, 153), ("ç", 70, 67)])
@pytest.mark.parametrize("parts", range(2, 8))
def test_each_further_part_holds_what_the_header_leaves(
    character: str, alone: int, part: int, parts: int
) -> None:
    full = character * (part * parts)

    assert [gsm.measure(character * n).segments for n in (alone, alone + 1)] == [1, 2]
    assert gsm.measure(full).segments == parts
    assert gsm.measure(full + character).segments == parts + 1


@pytest.mark.parametrize(
    ("before", "after", "segments"),
    [
        (158, 0, 1),  # 158 + 2: the last two septets of a message alone
        (159, 0, 2),  # 159 + 2: one too many
        (151, 153, 2),  # ends exactly with the first part
        (152, 151, 2),  # would be cut in two, so it opens the second part: 152 and 2 + 151
        (152, 152, 3),
        (304, 153, 3),  # the same at the end of the second part
        (305, 151, 3),
        (305, 152, 4),
    ],
)
def test_a_euro_sign_is_never_cut_in_two(before: int, after: int, segments: int) -> None:
    text = "a" * before + "€" + "a" * after

    parts = gsm.segments(text)

    assert gsm.measure(text).segments == len(parts) == segments
    assert sum("€" in part for part in parts) == 1


@pytest.mark.parametrize("character", KEPT)
def test_these_are_in_gsm_7_and_are_kept(character: str) -> None:
    assert gsm.encoding(character) == "GSM-7"
    assert gsm.substitute(character).text == character


@pytest.mark.parametrize("character", "çêâîôûëïœÀÈÊ’«»–—…“”\u00a0\u202f")
def test_one_of_these_turns_a_whole_message_into_ucs_2_and_has_a_substitute(character: str) -> None:
    text = "a" * 100 + character

    before, after = gsm.measure(text), gsm.measure(gsm.substitute(text).text)

    assert (before.encoding, before.segments) == ("UCS-2", 2)
    assert (after.encoding, after.segments) == ("GSM-7", 1)


@pytest.mark.parametrize("character", "{}[]\\^~|€")
def test_extension_signs_cost_two_in_gsm_7_and_one_in_ucs_2(character: str) -> None:
    assert gsm.measure(character).units == 2
    assert gsm.measure(character + "ç").units == 2


def test_offending_characters_are_named_with_their_places() -> None:
    assert gsm.offenders("ça ’ ça") == (
        Offender("ç", "LATIN SMALL LETTER C WITH CEDILLA", (0, 5)),
        Offender("’", "RIGHT SINGLE QUOTATION MARK", (3,)),
    )
    assert gsm.offenders("Été à 5 €") == ()


def test_the_cost_is_that_of_the_segments() -> None:
    assert gsm.measure("a" * 161).cost(0.055) == pytest.approx(0.11)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("L’accès à l’œuvre « Être »…", "L'accès à l'oeuvre \"Etre\"..."),
        ("«\u00a0oui\u00a0»", '"oui"'),
        ("de 8 h 30 – 18 h", "de 8 h 30 - 18 h"),
        ("n°\u00a05, N° 6", "no 5, No 6"),
        ("10\u202f000 m²", "10 000 m2"),
        ("≥ 12 ans", ">= 12 ans"),
        ("Sint-Pieters‑Leeuw, één, vóór", "Sint-Pieters-Leeuw, één, voor"),
        ("„Straße“ – Übung", '"Straße" - Übung'),
        ("ÀÂÇÈÊËÎÏÔÙÛŒ", "AAÇEEEIIOUUOE"),
        ("cle\u0301", "clé"),
        ("fo\u0302ret", "foret"),
        ("co\u00adopération", "coopération"),
    ],
)
def test_substitutes_keep_the_meaning(text: str, plain: str) -> None:
    assert gsm.substitute(text).text == plain


def test_what_has_no_substitute_stays_and_is_named() -> None:
    done = gsm.substitute("Привет 😀 38°")

    assert done.text == "Привет 😀 38°"
    assert done.replacements == ()
    assert "DEGREE SIGN" in {offender.name for offender in gsm.offenders(done.text)}


def test_no_replacement_is_silent_and_spans_move_along() -> None:
    text = "Dès le « 17 avril » n° 5"
    spans = [(9, 17, "start"), (20, 24, "number")]

    done = gsm.substitute(text)

    assert done.text == 'Dès le "17 avril" no 5'
    assert done.replacements == (
        Replacement(7, "« ", '"'),
        Replacement(17, " »", '"'),
        Replacement(20, "n°", "no"),
    )
    assert [(done.text[start:end], fact) for start, end, fact in done.moved_spans(spans)] == [
        ("17 avril", "start"),
        ("no 5", "number"),
    ]


def test_every_substitute_is_in_gsm_7_and_stands_for_something_that_is_not() -> None:
    for old, new in SUBSTITUTES.items():
        assert all(map(gsm.fits, new)), old
        assert not all(map(gsm.fits, old)), old
        assert "?" not in new, old


@given(TEXTS)
def test_segments_join_to_the_text_and_each_fits(text: str) -> None:
    parts = gsm.segments(text)

    coded = gsm.encoding(text)
    room = gsm.CAPACITY[coded][0 if len(parts) == 1 else 1]
    assert "".join(parts) == text
    for part in parts:
        assert sum(2 if c in gsm.EXTENSION else 1 for c in part) <= room or coded == "UCS-2"
        assert len(part.encode("utf-16-le", "surrogatepass")) // 2 <= room or coded == "GSM-7"


@given(TEXTS)
def test_undoing_all_replacements_gives_the_original(text: str) -> None:
    done = gsm.substitute(text)

    rebuilt, end = "", 0
    for replacement in done.replacements:
        rebuilt += text[end : replacement.start] + replacement.new
        end = replacement.start + len(replacement.old)
        assert text[replacement.start : end] == replacement.old
        assert replacement.old != replacement.new
    assert rebuilt + text[end:] == done.text
    assert done.moved(len(text)) == len(done.text)
    assert [done.moved(i) for i in range(len(text))] == sorted(done.moved(i) for i in range(len(text)))


@given(TEXTS)
def test_substituting_adds_no_character_outside_gsm_7(text: str) -> None:
    before = {offender.character for offender in gsm.offenders(text)}

    after = {offender.character for offender in gsm.offenders(gsm.substitute(text).text)}

    assert after <= before | {unicodedata.normalize("NFC", character) for character in before}
