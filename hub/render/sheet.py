"""A directive with what is needed to speak for it, and whom it speaks to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from hub.facts.scope import scope_of, speaking_measures
from hub.model.directive import Audience, Coverage, Directive, Language, Measure
from hub.model.message import Hat
from hub.model.review import ENDS, Explanation, Kind, Withdrawal
from hub.register import Places, Register
from hub.register.entries import GENERAL
from hub.render.wording import Wording


@dataclass(frozen=True)
class Sheet:
    """A directive with what is needed to speak for it: the other acts it may refer to, registers and words.

    `earlier` are the revisions that were published before it, the first one first; `withdrawn` are those of the
    others that were taken back, `explained` the signed words on contradictions.
    """

    directive: Directive
    register: Register
    wording: Wording
    others: Mapping[str, Directive]
    kind: Kind = Kind.NEW
    earlier: tuple[Directive, ...] = ()
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)
    explained: tuple[Explanation, ...] = ()

    @property
    def before(self) -> Directive | None:
        """The revision before this one."""
        return self.earlier[-1] if self.earlier else None

    @property
    def ends(self) -> bool:
        """Whether it rules nothing more, and only says that it is over."""
        return self.kind in ENDS

    def past(self) -> "Iterator[Sheet]":
        """The sheets of the earlier revisions, each as if it were new, the first one first."""
        for directive in self.earlier:
            yield replace(self, directive=directive, kind=Kind.NEW, earlier=())

    def speaking(self) -> tuple[tuple[Directive, Measure], ...]:
        """The measures through which the act speaks, each with its owner, as this act announces it."""
        return self._speaking

    @cached_property
    def _speaking(self) -> tuple[tuple[Directive, Measure], ...]:
        # Asked for every text, and a chain of extensions is long to follow.
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
    """The cells with a signed "not concerned": a rule for everybody spares them."""
    return frozenset(decisions(sheet.directive, sheet.register))


def decisions(directive: Directive, register: Register) -> dict[Hat, Coverage]:
    """The signed "not concerned" of each cell that has one. "others" are all sectors not named."""
    named = named_sectors(directive)
    decided: dict[Hat, Coverage] = {}
    for decision in directive.coverage:
        others = (sector for sector in register.sectors if sector not in named)
        sectors = tuple(others) if decision.sectors == "others" else decision.sectors
        for sector in sectors:
            for audience in decision.audiences:
                decided.setdefault(Hat(sector, audience), decision)
    return decided


def named_sectors(directive: Directive) -> frozenset[str]:
    """The sectors that the act or one of its measures names."""
    return frozenset(directive.sectors).union(*(measure.sectors for measure in directive.measures))
