"""staff: who works here, and with which rights."""

from datetime import datetime
from typing import Annotated

import typer

from hub.cli import given
from hub.cli.printing import out, print_json, table
from hub.cli.wiring import CONSOLE, ConfigOption, JsonOption, with_hub
from hub.context import Hub
from hub.errors import WrongUse
from hub.model.staff import Role, Staff
from hub.plain import clean, shown
from hub.store import journal, staff

people = typer.Typer(help="Register those who work here.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(people, name="staff")


@people.command()
def add(
    name: Annotated[
        str, typer.Argument(help="A name as it will stand in the journal.", callback=given.new_person)
    ],
    role: Annotated[list[Role], typer.Option(help="What they may do; repeat for several.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Register somebody with their roles; their token is shown once."""

    plain = _name(name)

    async def work(hub: Hub) -> str:
        at = hub.clock.now()
        async with hub.store.write() as tx:
            token = await staff.add(tx, plain, frozenset(role), at=at)
            await journal.append(
                tx, at=at, actor=CONSOLE, action="staff add", subject=plain, detail={"roles": sorted(role)}
            )
        return token

    _tell(plain, with_hub(config, work), json=json)


@people.command()
def token(
    name: Annotated[str, typer.Argument(help="Who gets a new token.", callback=given.person)],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give somebody a new token; the old one ends."""

    async def work(hub: Hub) -> str:
        async with hub.store.write() as tx:
            fresh = await staff.renew(tx, name)
            await journal.append(tx, at=hub.clock.now(), actor=CONSOLE, action="staff token", subject=name)
        return fresh

    _tell(name, with_hub(config, work), json=json)


@people.command()
def disable(
    name: Annotated[str, typer.Argument(help="Whose rights end.", callback=given.person)],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """End somebody's rights; what they did stays in the journal."""

    async def work(hub: Hub) -> datetime:
        at = hub.clock.now()
        async with hub.store.write() as tx:
            await staff.disable(tx, name, at=at)
            await journal.append(tx, at=at, actor=CONSOLE, action="staff disable", subject=name)
        return at

    at = with_hub(config, work)
    if json:
        print_json({"name": name, "disabled_at": at.isoformat()})
        return
    out.print(f"{name} has no rights any more.")


@people.command("list")
def list_(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List everybody with their roles."""

    async def work(hub: Hub) -> list[Staff]:
        async with hub.store.read() as tx:
            return await staff.everybody(tx)

    everybody = with_hub(config, work)
    if json:
        print_json({"staff": [_json(person) for person in everybody]})
        return
    table(
        "Name",
        "Roles",
        "Since",
        "Ended",
        rows=[
            (
                p.name,
                ", ".join(sorted(p.roles)),
                f"{p.added_at:%Y-%m-%d}",
                f"{p.disabled_at:%Y-%m-%d}" if p.disabled_at else "",
            )
            for p in everybody
        ],
    )


def _name(text: str) -> str:
    """A name as it may stand in the journal; in parentheses stands who is no person. Raises WrongUse."""
    try:
        name = clean(text)
    except ValueError as error:
        raise WrongUse(f"the name {shown(text)!r} {error}") from error
    if name.startswith("("):
        raise WrongUse(f"the name {name!r} begins with a parenthesis, as what is no person does")
    return name


def _tell(name: str, fresh: str, *, json: bool) -> None:
    if json:
        print_json({"name": name, "token": fresh})
    else:
        out.print(f"Token of {name}, shown only now: {fresh}")
        out.print("They act with --by, and give it at the prompt or in UNIVOQUE_TOKEN.")


def _json(person: Staff) -> dict[str, object]:
    return {
        "name": person.name,
        "roles": sorted(person.roles),
        "added_at": person.added_at.isoformat(),
        "disabled_at": person.disabled_at.isoformat() if person.disabled_at else None,
    }
