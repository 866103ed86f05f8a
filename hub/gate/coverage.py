"""No sector forgotten: every cell that a reader would expect has a message, or a signed "not concerned"."""

from collections.abc import Iterator, Sequence

from hub.facts.scope import judged_on, scope_of
from hub.gate.case import Case, cell_name
from hub.gate.nouns import unspeakable
from hub.model.coverage import UNDETERMINED, Cell, State
from hub.model.directive import AUDIENCES
from hub.model.message import Hat
from hub.model.review import Finding, Level, Waiver
from hub.register.entries import GENERAL
from hub.render.sheet import decisions, named_sectors


def matrix(case: Case, waived: Sequence[Waiver] = ()) -> tuple[Cell, ...]:
    """How every sector × audience of the register stands, in the register's order; `waived` are signed waivers."""
    decided = decisions(case.directive, case.register)
    spoken_to, wordless = _spoken_to(case), unspeakable(case)
    named = _named_cells(case)
    passed = {waiver.cell: waiver for waiver in waived if waiver.code in ("U301", "U302")}
    found = []
    for sector in case.register.sectors:
        for audience in AUDIENCES:
            hat = Hat(sector, audience)
            if hat in spoken_to:
                cell = Cell(hat, State.MESSAGE if hat in named else State.INHERITED)
            elif decision := decided.get(hat):
                cell = Cell(hat, State.NOT_CONCERNED, dict(decision.reason.items()), decision.by)
            elif waiver := passed.get(sector) or passed.get(cell_name(hat)):
                cell = Cell(hat, State.WAIVED, {UNDETERMINED: waiver.reason}, waiver.by)
            else:
                cell = Cell(hat, State.NO_NOUNS if hat in wordless else State.NOT_ADDRESSED)
            found.append(cell)
    return tuple(found)


def every_cell(case: Case) -> Iterator[Finding]:
    """Decision 4: blockers for named sectors, their siblings and those covered before; one note for all others."""
    for hat in sorted(_spoken_to(case) & decisions(case.directive, case.register).keys()):
        yield case.finding(
            "U304",
            Level.BLOCKER,
            cell_name(hat),
            "the act speaks to this cell, and a decision says that it is not concerned",
            "take the cell out of [[directive.coverage]], or out of sectors and audiences",
            waivable=True,
        )
    open_cells = [cell.hat for cell in matrix(case) if cell.state == State.NOT_ADDRESSED]
    expected = expected_sectors(case)
    for sector, why in expected.items():
        missing = [hat for hat in open_cells if hat.sector == sector]
        if len(missing) == len(AUDIENCES):
            yield case.finding(
                "U301",
                Level.BLOCKER,
                sector,
                f"no message and no decision: {why}",
                f"name {sector} in sectors, or decide in [[directive.coverage]] that it is not concerned, and why",
                waivable=True,
            )
            continue
        for hat in missing:
            yield case.finding(
                "U302",
                Level.BLOCKER,
                cell_name(hat),
                f"no message and no decision for this audience: {why}",
                f"add {hat.audience} to audiences, or decide in [[directive.coverage]] that it is not concerned",
                waivable=True,
            )
    others = sorted({hat.sector for hat in open_cells} - set(expected))
    if others:
        yield case.finding(
            "U303",
            Level.NOTE,
            ", ".join(others),
            "not addressed",
            'decide with [[directive.coverage]] sectors = "others" if that should be said',
        )


def expected_sectors(case: Case) -> dict[str, str]:
    """The sectors a reader would expect, each with the reason, in the register's order."""
    named = named_sectors(case.directive)
    groups = {case.register.sectors[sector].group for sector in named}
    before = covered_before(case)
    expected = {}
    for sector in case.register.sectors.values():
        if sector.id in named:
            expected[sector.id] = "the act names this sector"
        elif sector.id in before:
            expected[sector.id] = f"the same issuer covered it in {before[sector.id]}"
        elif sector.group in groups:
            expected[sector.id] = (
                f"it belongs to the same group ({sector.group}) as a sector that the act names"
            )
    return expected


def covered_before(case: Case) -> dict[str, str]:
    """Sectors that an earlier act of the same issuer covered on one of the topics, with that act's id."""
    topics = {measure.topic for _, measure in case.sheet.speaking()}
    day = judged_on(case.directive)
    found: dict[str, str] = {}
    for act in case.sheet.others.values():
        earlier = judged_on(act)
        if (
            act.id == case.directive.id
            or act.issuer != case.directive.issuer
            or not day
            or not earlier
            or earlier > day
        ):
            continue
        for measure in act.measures:
            if measure.topic in topics:
                for sector in scope_of(act, measure).sectors:
                    if sector != GENERAL:
                        found.setdefault(sector, act.id)
    return found


def _spoken_to(case: Case) -> frozenset[Hat]:
    return frozenset(Hat(variant.sector, variant.audience) for variant in case.rendering.blocks)


def _named_cells(case: Case) -> frozenset[Hat]:
    """The cells that a rule of the act names itself, not by way of `general`."""
    scopes = [scope_of(case.directive, measure) for _, measure in case.sheet.speaking()]
    return frozenset(Hat(s, a) for scope in scopes for s in scope.sectors for a in scope.audiences)
