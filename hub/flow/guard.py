"""An audience that is larger than usual, or that has lost a cell, is confirmed by its number once more."""

from statistics import median

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.examine import Examined, examine
from hub.model.review import ENDS, Kind
from hub.store import directives, tallies
from hub.store.engine import Tx

RECENT, ENOUGH = 10, 3
"""How many dispatches tell what is usual, and how many there must be."""

SMALL = 100
"""Of fewer people a multiple says nothing."""


async def doubts(hub: Hub, tx: Tx, examined: Examined, count: int) -> list[str]:
    """Why the number of readers should be confirmed once more. No row of a person is counted for it."""
    kind = examined.case.kind
    if kind == Kind.MINOR:
        return []
    limits, found = hub.config.approval, []
    if count > limits.confirm_above:
        found.append(f"{count} people are more than {limits.confirm_above} (approval.confirm_above)")
    recent = await tallies.recent_audiences(tx, mode=hub.config.service.mode, limit=RECENT)
    if len(recent) >= ENOUGH and count > SMALL:
        usual = median(recent)
        if usual and count > limits.confirm_times * usual:
            found.append(
                f"{count} people are {count / usual:.0f} times what the last dispatches reached ({usual:g})"
            )
    if kind not in ENDS:
        known = await tallies.of(tx, [(hat.sector, hat.audience) for hat in examined.case.cells])
        found += [
            f"{sector} × {audience} has nobody any more, and had {tally.most}"
            for (sector, audience), tally in sorted(known.items())
            if tally.people <= 0 < tally.most
        ]
    return found


async def look(hub: Hub, directive: str) -> tuple[int, list[str]]:
    """The number of readers that a submission was shown with, and why an approver would be asked for it again."""
    async with hub.store.read() as tx:
        revision = await directives.get(tx, directive)
        examined = await examine(hub, tx, revision.directive, kind=revision.kind, at=hub.clock.now())
        shown = revision.audience_count or 0
        return shown, await doubts(hub, tx, examined, shown)


def demand_confirmed(directive: str, count: int, confirmed: int | None, found: list[str]) -> None:
    """Raises Refusal where somebody should look again, and for another number than the one there is."""
    if confirmed is not None and confirmed != count:
        raise Refusal(f"{directive} would reach {count} people, not {confirmed}; nothing was approved")
    if found and confirmed is None:
        raise Refusal(
            f"{directive}: {'; '.join(found)}. Look at the last imports; if it is meant, approve it with "
            f"--count {count}"
        )
