"""The acts around those of the command line: in files, in another instance's database, or published here."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.printing import refuse_file
from hub.cli.wiring import demand_files
from hub.context import DATABASE, Hub
from hub.errors import EnvironmentFailed, WrongUse
from hub.flow.examine import withdrawals
from hub.in_force import Rules, consolidate
from hub.intake import file
from hub.model.directive import Directive
from hub.model.review import Finding, Withdrawal
from hub.register import Register
from hub.store import directives, schema
from hub.store.engine import Store, is_database, open_to_read

AgainstOption = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="FILE_OR_DB",
        help="What is in force besides: a directive file, or an instance's SQLite database.",
    ),
]


@dataclass(frozen=True, slots=True)
class Around:
    """Acts by id, those that were taken back, and the faults of a file."""

    acts: Mapping[str, Directive] = field(default_factory=dict)
    withdrawn: Mapping[str, Withdrawal] = field(default_factory=dict)
    faults: Sequence[Finding] = ()

    def joined(self, own: Iterable[Directive]) -> "Around":
        """With the acts that were given: where an id is in both, the given sheet takes the other's place."""
        sheets = {act.id: act for act in own}
        withdrawn = {id_: taken for id_, taken in self.withdrawn.items() if id_ not in sheets}
        return Around({**self.acts, **sheets}, withdrawn, self.faults)

    def rules(self, register: Register) -> Rules:
        """All of them, consolidated."""
        return consolidate(self.acts, register, self.withdrawn)


def read_around(hub: Hub, against: Path | None) -> Around:
    """What --against names.

    Raises WrongUse where it is not there, EnvironmentFailed for a database of another version.
    """
    if against is None:
        return Around()
    if against.is_dir():
        raise WrongUse(f"--against {against} is a directory; {_remedy(against)}")
    demand_files(against)
    if is_database(against):
        return asyncio.run(_of_database(against))
    reading = file.read(against, hub.register)
    return Around({act.id: act for act in reading.directives}, faults=reading.faults)


def _remedy(directory: Path) -> str:
    """The instance's database where it stands in a directory, or in the data directory below it."""
    for database in (directory / DATABASE, *sorted(directory.glob(f"*/{DATABASE}"))):
        if database.is_file():
            return f"name its database: --against {database}"
    return f"name a directive file, or an instance's {DATABASE}"


async def published(store: Store) -> Around:
    """What an instance has published."""
    async with store.read() as tx:
        revisions = await directives.published(tx)
    return Around({r.directive.id: r.directive for r in revisions}, withdrawals(revisions))


def demand_readable(faults: Iterable[Finding], what: str, *, json: bool) -> None:
    """Tells the faults of files and ends with 1, where there are any."""
    found = list(faults)
    if found:
        refuse_file(found, what, json=json)


async def _of_database(database: Path) -> Around:
    store = open_to_read(database)
    try:
        await schema.demand_current(store)
        return await published(store)
    except EnvironmentFailed as error:
        raise EnvironmentFailed(
            f"--against {database} is not the database of an instance of this version; name another ({error.said})"
        ) from error
    finally:
        await store.close()
