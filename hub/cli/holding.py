"""go-on, adopt: what waits for a person's word, and what `status` says of all that is held back."""

import sys
from typing import Annotated, Any

import typer

from hub.cli.given import Id
from hub.cli.printing import out, print_json, table
from hub.cli.wiring import ByOption, ConfigOption, JsonOption, sign_in, with_hub
from hub.context import Hub
from hub.errors import Refusal, WrongUse
from hub.flow import adopt as adopting
from hub.flow import hold as holding
from hub.flow import life
from hub.flow.approve import Appointment
from hub.model.hold import Hold
from hub.model.staff import Role
from hub.now import BRUSSELS, parse_appointment
from hub.store import stops
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx

DECIDERS = frozenset({Role.OPERATOR, Role.APPROVER})


def add_to(app: typer.Typer) -> None:
    app.command("go-on")(go_on)
    app.command()(adopt)


def go_on(
    id: Id,
    by: ByOption,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a directive leave that missed its hour, or whose staff was not reached, or has had its pause long enough."""

    async def work(hub: Hub) -> Hold | None:
        person = await sign_in(hub, by, DECIDERS)
        return await holding.go_on(hub, id, by=person.name)

    held = with_hub(config, work)
    if json:
        print_json({"directive": id, "held": held.value if held else None})
        return
    out.print(f"{id} goes to the staff first." if held else f"{id} leaves.")


def adopt(
    by: ByOption,
    yes: Annotated[bool, typer.Option("--yes", help="Take it over without asking at the terminal.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take over a restored or copied database: from then on it is sent from here. Shows first what would be sent.

    Without --yes, and without a terminal to ask at, it only shows that; exit code 1.
    """

    async def work(hub: Hub) -> tuple[str | None, list[adopting.Open], bool]:
        person = await sign_in(hub, by, DECIDERS)
        async with hub.store.read() as tx:
            why = await life.fault(hub, tx)
            found = await adopting.would_send(hub, tx)
        if not json:
            _show(why, found)
        if why is None:
            raise Refusal("nothing is amiss: this database is sent from here, or was never sent from")
        if not yes and (json or not sys.stdin.isatty() or not typer.confirm("Send all that from here?")):
            return why, found, False
        await adopting.adopt(hub, by=person)
        return why, found, True

    why, found, adopted = with_hub(config, work)
    if json:
        print_json({"adopted": adopted, "why": why, "open": [each.to_json() for each in found]})
    elif adopted:
        out.print("Adopted: senders on this machine begin now.")
    else:
        out.print("Nothing was changed. Stop what must not leave again (`univoque stop ID`), then add --yes.")
    raise typer.Exit(0 if adopted else 1)


def _show(why: str | None, found: list[adopting.Open]) -> None:
    if why is not None:
        out.print(f"Not sent from here: {why}.", style="bold yellow")
    rows = [
        (o.directive, o.revision, "stopped" if o.stopped else "would leave", o.waiting, o.again, o.uncertain)
        if o.planned
        else (o.directive, o.revision, "is yet to be planned", "?", 0, 0)
        for o in found
    ]
    if rows:
        table("Directive", "Rev.", "Now", "Never tried", "To be repeated", "In doubt", rows=rows)
    else:
        out.print("There is nothing to send.")


def appointment(text: str | None) -> Appointment | None:
    """The hour of `approve --at`, None when it was not given. Raises WrongUse."""
    if text is None:
        return None
    try:
        return Appointment(parse_appointment(text), text)
    except ValueError as error:
        raise WrongUse(f"--at: {error}") from error


async def held_back(hub: Hub, tx: Tx) -> dict[str, Any]:
    """What keeps messages from leaving, beside what a single directive waits for."""
    now = hub.clock.now()
    nights = {name: hub.config.quiet.hours(name) for name in ("email", "sms")}
    quiet = {name: hours.end_after(now) for name, hours in nights.items() if hours is not None}
    scopes = await stops.in_force(tx)
    return {
        "all": stops.EVERYTHING in scopes,
        # Those of one dispatch are told with it.
        "channels": sorted(scope for scope in scopes - {stops.EVERYTHING} if "/" not in scope),
        "quiet": {name: until.isoformat() for name, until in quiet.items() if until is not None},
        "not_from_here": await life.fault(hub, tx),
    }


def told(held: dict[str, Any]) -> list[str]:
    """The same in sentences; none where all may leave."""
    lines = []
    if held["not_from_here"]:
        lines.append(f"Nothing is sent from here: {held['not_from_here']}. `univoque adopt` takes it over.")
    if held["all"]:
        lines.append("All sending is stopped; `univoque resume` lets it go on.")
    lines += [
        f"{name} is stopped; `univoque resume --channel {name}` lets it go on." for name in held["channels"]
    ]
    lines += [
        f"{name} is quiet until {until}; what is immediate passes." for name, until in held["quiet"].items()
    ]
    return lines


def waits(found: Dispatch) -> str | None:
    """What a directive waits for, in words; None where it waits for nothing."""
    until = found.held_until.astimezone(BRUSSELS) if found.held_until else None
    match found.held:
        case Hold.SCHEDULED:
            return f"leaves at {found.scheduled_as}" + (f" ({until:%Y-%m-%d %H:%M %z})" if until else "")
        case Hold.LATE:
            return f"missed its hour ({found.scheduled_as}): `univoque go-on {found.directive}`, or stop it"
        case Hold.CANARY if until is not None:
            return f"the staff has it; all others from {until:%H:%M:%S} on"
        case Hold.CANARY:
            return "the staff gets it first"
        case Hold.UNSEEN:
            return f"nobody of the staff was reached: `univoque go-on {found.directive}`, or stop it"
    return None
