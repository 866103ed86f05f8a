"""Nouns that nobody wrote: the lexicon is named, and neither the sheet nor its sectors are blamed."""

from dataclasses import replace

from hub import gate
from hub.gate.coverage import matrix
from hub.model.coverage import State
from hub.model.directive import Directive, Language
from hub.model.message import Hat
from hub.model.review import Finding, Level
from hub.render import Sheet
from tests import a

BOTH: tuple[Language, ...] = ("fr", "de")


def lexicon(language: Language, **changed: object) -> Sheet:
    """The words of the house with these nouns for care homes in one language; none at all where none is given."""
    words = a.WORDING.languages[language]
    homes = {**words.nouns["elderly.residential"], **changed}
    nouns = {sector: entry for sector, entry in words.nouns.items() if sector != "elderly.residential"}
    if changed:
        nouns["elderly.residential"] = homes  # type: ignore[assignment]
    languages = {**a.WORDING.languages, language: replace(words, nouns=nouns)}
    return Sheet(act(), a.REGISTER, replace(a.WORDING, languages=languages), {})


def act() -> Directive:
    """An act on care homes whose rule no pattern fits, so that the neutral sentence names who acts."""
    rule = a.measure(actor="staff", modality="recommended", verb={"fr": "admettre", "de": "aufnehmen"})
    return a.covered(a.directive(measures=(replace(rule, object={"fr": "des visites", "de": "Besuche"}),)))


def found(sheet: Sheet, languages: tuple[Language, ...]) -> list[Finding]:
    case = gate.open_case(sheet, a.frame(), languages=languages, at=None)
    return [f for f in gate.examine(case) if f.code in ("U202", "U204", "U301", "U302")]


def test_the_shipped_words_lack_no_noun() -> None:
    sheet = a.sheet(act())

    assert [f for f in found(sheet, ("fr",)) if f.code in ("U204", "U301", "U302")] == []


def test_a_sector_without_nouns_blocks_and_names_the_file() -> None:
    (finding,) = found(lexicon("fr"), ("fr",))

    assert (finding.code, finding.level, finding.where) == ("U204", Level.BLOCKER, "elderly.residential")
    assert finding.text == "no nouns for elderly.residential in templates/lexicon/fr.toml"


def test_a_cell_that_lacks_nouns_alone_is_shown_as_that() -> None:
    case = gate.open_case(lexicon("fr"), a.frame(), languages=("fr",), at=None)

    states = {cell.hat: cell.state for cell in matrix(case)}

    assert states[Hat("elderly.residential", "staff")] == State.NO_NOUNS
    assert State.NOT_ADDRESSED not in states.values(), "all other cells are decided"


def test_a_cell_that_is_told_in_another_language_is_told() -> None:
    case = gate.open_case(lexicon("de"), a.frame(), languages=BOTH, at=None)

    states = {cell.hat: cell.state for cell in matrix(case)}

    assert states[Hat("elderly.residential", "staff")] == State.MESSAGE


def test_each_language_without_the_nouns_is_named() -> None:
    findings = found(lexicon("de"), BOTH)

    assert [f.text for f in findings if f.code == "U204"] == [
        "no nouns for elderly.residential in templates/lexicon/de.toml"
    ]
    assert not [f for f in findings if f.where.startswith("m1.actor")]


def test_one_noun_that_a_sentence_needs_is_named_too() -> None:
    (finding,) = found(lexicon("fr", staff={}), ("fr",))

    assert finding.text == "a noun of elderly.residential is not in templates/lexicon/fr.toml"
