"""A directive with what is needed to speak for it, and whom it speaks to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.facts.scope import scope_of, speaking_measures
from hub.model.directive import Audience, Directive, Language, Measure
from hub.model.message import Hat
from hub.model.review import Explanation, Kind, Withdrawal
from hub.register import Places, Register
from hub.register.entries import GENERAL
from hub.render.wording import Wording


@dataclass(frozen=True, slots=True)
class Sheet:
    """A directive with what is needed to speak for it: the other acts it may refer to, registers and words.

    `withdrawn` are those of the others that were taken back, `explained` the signed words on contradictions.
    """

    directive: Directive
    register: Register
    wording: Wording
    others: Mapping[str, Directive]
    kind: Kind = Kind.NEW
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)
    explained: tuple[Explanation, ...] = ()

    def speaking(self) -> tuple[tuple[Directive, Measure], ...]:
        """The measures through which the act speaks, each with its owner, as this act announces it."""
        return speaking_measures(self.directive, self.others)

    def explained_in(self, explanation: Explanation, language: Language) -> str:
        """The signed words in a language; where there are none in it, where they stand."""
        signed = explanation.words.get(language)
        return signed.rstrip(".") if signed else self.wording.languages[language].tail("explained_elsewhere")

    def measures_for(self, sector: str, audience: Audience) -> tuple[tuple[Directive, Measure], ...]:
        """Those that concern a sector × audience; one for `general` concerns every sector."""
        found = []
        for owner, measure in self.speaking():
            scope = scope_of(self.directive, measure)
            if audience in scope.audiences and (sector in scope.sectors or GENERAL in scope.sectors):
                found.append((owner, measure))
        return tuple(found)


def cells(sheet: Sheet) -> dict[Hat, Places]:
    """Which sector × audience a directive reaches, and where: the union over its measures, in reading order."""
    found: dict[Hat, Places] = {}
    register = sheet.register
    spared = decided_cells(sheet)
    for _, measure in sheet.speaking():
        scope = scope_of(sheet.directive, measure)
        sectors = register.sectors if GENERAL in scope.sectors else scope.sectors
        places = register.places(scope.territory)
        if sheet.directive.establishments_only:
            places = places.only(sheet.directive.establishments)
        for sector in sectors:
            for audience in scope.audiences:
                hat = Hat(sector, audience)
                if sector in scope.sectors or hat not in spared:
                    found[hat] = found.get(hat, Places()) | places
    return dict(sorted(found.items(), key=lambda cell: register.hat_order(*cell[0])))


def decided_cells(sheet: Sheet) -> frozenset[Hat]:
    """The cells with a signed "not concerned": a rule for everybody spares them. "others" are all sectors not named."""
    named = named_sectors(sheet.directive)
    decided: set[Hat] = set()
    for decision in sheet.directive.coverage:
        others = (sector for sector in sheet.register.sectors if sector not in named)
        sectors = tuple(others) if decision.sectors == "others" else decision.sectors
        decided.update(Hat(sector, audience) for sector in sectors for audience in decision.audiences)
    return frozenset(decided)


def named_sectors(directive: Directive) -> frozenset[str]:
    """The sectors that the act or one of its measures names."""
    return frozenset(directive.sectors).union(*(measure.sectors for measure in directive.measures))
