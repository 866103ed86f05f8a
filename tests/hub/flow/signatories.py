"""Who submits, who approves, and an act for them."""

from datetime import UTC, datetime

from hub.context import Hub
from hub.flow.enlist import enlist
from hub.model.directive import Directive
from hub.model.staff import Role
from tests import a

EDITOR = a.staff("Rédaction", Role.EDITOR)
APPROVER = a.staff("Direction de crise", Role.APPROVER)
EVERYTHING = a.staff("Cheffe", *Role)
WHEN = datetime(2020, 3, 10, 18, tzinfo=UTC)


def act(**given: object) -> Directive:
    return a.covered(a.directive(**given))


async def families(hub: Hub, number: int) -> None:
    rows = [f"famille{i}@example.org;fr;5000;elderly.residential;family" for i in range(number)]
    table = "\n".join(["email;langue;commune;secteur;audience", *rows])
    await enlist(hub, table.encode(), "familles.csv", dry_run=False, actor="Opérations")
