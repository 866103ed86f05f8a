"""A message that nobody receives is a hole too: cells with words and without a reader."""

from collections.abc import Iterator

from hub.gate.case import Case, cell_name
from hub.gate.coverage import matrix
from hub.model.coverage import State
from hub.model.review import Finding, Kind, Level
from hub.render.sheet import named_sectors

UNREAD = "U306"

TOLD = frozenset({State.MESSAGE, State.INHERITED})


def reachable(case: Case) -> Iterator[Finding]:
    """A warning for each such cell of a sector that the act names; one note for all that inherit a rule.

    Without a store nobody was counted, and a minor change alerts nobody: then there is nothing to find.
    """
    if case.reach is None or case.kind == Kind.MINOR:
        return
    empty = [cell.hat for cell in matrix(case) if cell.state in TOLD and not case.reach.get(cell.hat)]
    named = named_sectors(case.directive)
    for hat in empty:
        if hat.sector in named:
            yield case.finding(
                UNREAD,
                Level.WARNING,
                cell_name(hat),
                "nobody would receive this message: no subscriber with an address that works",
                "import a subscriber, ask a federation to forward it, or rely on the page and the feed",
            )
    inherited = [cell_name(hat) for hat in empty if hat.sector not in named]
    if inherited:
        yield case.finding(
            UNREAD,
            Level.NOTE,
            ", ".join(inherited),
            "a rule for everybody speaks to these cells, and nobody there would receive it",
            "import subscribers, or rely on the page and the feed",
        )
