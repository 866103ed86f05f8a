"""address lift: use again e-mail addresses that a relay ruled out."""

from datetime import datetime
from typing import Annotated

import typer

from hub.cli.acts import RESUMERS
from hub.cli.printing import out, print_json
from hub.cli.retrying import confirm
from hub.cli.wiring import ByOption, ConfigOption, JsonOption, sign_in, with_hub
from hub.context import Hub
from hub.errors import WrongUse
from hub.flow import lift as lifting
from hub.flow.lift import Choice
from hub.now import parse_instant
from subscribers.address import AddressFault, normalise_email

commands = typer.Typer(help="Addresses that are not used.")


def add_to(app: typer.Typer) -> None:
    commands.command()(lift)
    commands.callback()(_together)
    app.add_typer(commands, name="address", no_args_is_help=True)


def _together() -> None:
    """Addresses that are not used."""  # with one command alone, its name would not be asked for


def lift(
    by: ByOption,
    address: Annotated[str | None, typer.Argument(help="One address; else all that failed so.")] = None,
    cause: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="All that were ruled out with this code, such as 5.1.1."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Only since then: a date or 2026-03-14T08:00 (Brussels)."),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", help="Go on only if it is this many.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Use again e-mail addresses that a relay ruled out, because it was the relay that was at fault.

    Who opted out stays so: only they may come back.
    """
    if (address is None) == (cause is None and since is None):
        raise WrongUse("name one address, or what is meant by --cause and --since")
    choice = Choice(_kept(address), cause, _instant(since))

    async def work(hub: Hub) -> int:
        person = await sign_in(hub, by, RESUMERS)
        confirm(await lifting.count(hub, choice), count)
        return await lifting.lift(hub, choice, by=person)

    lifted = with_hub(config, work)
    if json:
        print_json({"cause": cause, "since": choice.since and choice.since.isoformat(), "lifted": lifted})
        return
    out.print(f"{lifted} used again; `univoque retry ID` has those tried whom a message did not reach.")


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise WrongUse(f"--since: {error}") from error


def _kept(address: str | None) -> str | None:
    try:
        return None if address is None else normalise_email(address)
    except AddressFault as error:
        raise WrongUse(str(error)) from error
