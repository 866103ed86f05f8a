"""retry: try again those whom a directive did not reach, and only those."""

import sys
from typing import Annotated

import typer

from hub.cli.acts import RESUMERS
from hub.cli.given import Id
from hub.cli.printing import out, print_json
from hub.cli.wiring import ByOption, ConfigOption, JsonOption, sign_in, with_hub
from hub.context import Hub
from hub.errors import Refusal
from hub.flow import retry as retrying
from hub.flow.retry import Choice, Found

ASKED = 20
"""More than so many are counted and asked about first."""


def add_to(app: typer.Typer) -> None:
    app.command()(retry)


def retry(
    id: Id,
    by: ByOption,
    channel: Annotated[str | None, typer.Option(help="Only email or sms.")] = None,
    cause: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Only what failed with this code, such as 450 or 30003."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", help="Go on only if it is this many; asks for nothing then.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Try again whom the latest message of a directive did not reach, or may not have: nobody else gets it twice.

    Left out are who got it, who opted out, whose address is known to fail, and what has expired.
    """
    choice = Choice(id, channel, cause)

    async def work(hub: Hub) -> tuple[Found, int]:
        person = await sign_in(hub, by, RESUMERS)
        found = await retrying.count(hub, choice)
        confirm(found.again, count, ask=sys.stdin.isatty() and not json)
        return found, await retrying.retry(hub, choice, by=person)

    found, again = with_hub(config, work)
    if json:
        given = {"directive": id, "channel": channel, "cause": cause}
        counts = {"counted": found.again, "again": again, "left_out": found.left_out}
        print_json({**given, **counts})
        return
    if again:
        out.print(f"{again} of {id} are tried again; `univoque status {id} --watch` shows how they fare.")
    else:
        out.print(f"Nobody of {id} has to be tried again.")
    if found.left_out:
        out.print(
            f"Left out: {found.left_out}, whose address fails or is not to be used; `univoque status {id} --failed "
            f"--by {by}` lists them, to be told by another way."
        )


def confirm(number: int, given: int | None, *, ask: bool = False) -> None:
    """Raises Refusal where it is not the number that was meant, or nobody can be asked for one that is large."""
    if given is not None:
        if given != number:
            raise Refusal(f"it would be {number}, not {given}; nothing was changed")
        return
    if number <= ASKED:
        return
    if not ask:
        raise Refusal(f"it would be {number}; confirm with --count {number}")
    if typer.prompt(f"Type how many are to be tried again ({number})").strip() != str(number):
        raise Refusal("that is not the number; nothing was changed")
