"""Nouns of the house: a sector whose words nobody wrote cannot be spoken to, whatever the sheet says."""

from collections.abc import Iterator

from hub.gate.case import Case
from hub.model.message import Hat
from hub.model.review import Finding, Level
from hub.render import Lacking
from hub.render.slots import ROLES


def nouns_present(case: Case) -> Iterator[Finding]:
    """A language has no nouns for a sector that the act speaks to, or lacks one that its sentence needs."""
    sectors = dict.fromkeys(hat.sector for hat in case.cells)
    for language in case.languages:
        nouns = case.sheet.wording.languages[language].nouns
        file = f"templates/lexicon/{language}.toml"
        for sector in sectors:
            if sector not in nouns:
                yield _finding(
                    case, sector, f"no nouns for {sector} in {file}", f'add a table ["{sector}"] there'
                )
        for sector in dict.fromkeys(
            lacking.variant.sector
            for lacking in case.rendering.lacking
            if lacks_noun(lacking)
            and lacking.variant.language == language
            and lacking.variant.sector in nouns
        ):
            yield _finding(case, sector, f"a noun of {sector} is not in {file}", "add it there")


def lacks_noun(lacking: Lacking) -> bool:
    """Whether it is the house that lacks the word, not the sheet: who acts, or a role of the lexicon."""
    return lacking.field.rpartition(".")[2] in {"actor", *ROLES}


def unspeakable(case: Case) -> frozenset[Hat]:
    """The cells that lack nothing but nouns: the act names them, so nobody forgot them."""
    variants = (lacking.variant for lacking in case.rendering.lacking if lacks_noun(lacking))
    return frozenset(Hat(variant.sector, variant.audience) for variant in variants)


def _finding(case: Case, sector: str, text: str, remedy: str) -> Finding:
    return case.finding(
        "U204", Level.BLOCKER, sector, text, f"{remedy}; `univoque words` lists the forms that it needs"
    )
