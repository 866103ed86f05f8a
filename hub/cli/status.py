"""status: where directives stand, how fast they leave, what fails and why, and whom they did not reach."""

import asyncio
import csv
import io
import re
import sys
from typing import Annotated, Any

import typer
from rich.live import Live

from hub import causes
from hub.cli import given, holding, progressing, reading
from hub.cli.acts import RESUMERS
from hub.cli.printing import out, print_json, table
from hub.cli.wiring import ConfigOption, JsonOption, sign_in, with_hub
from hub.context import Hub
from hub.errors import WrongUse
from hub.flow import retry as retrying
from hub.flow.alarms import Alarm, raised
from hub.flow.observe import LOST, Seen, observe
from hub.flow.retry import Choice
from hub.gate.silence import Silence, told
from hub.model.delivery import Outcome
from hub.store import directives, dispatches
from hub.store.unreached import Unreached

EVERY = 1.0
"""Seconds between two looks of --watch."""

COLUMNS = ("organisation", "external_id", "channel", "address", "outcome", "cause", "code", "at")

_NUMBER = re.compile(r"\+\d+")


def add_to(app: typer.Typer) -> None:
    app.command()(status)


def status(
    id: Annotated[
        str | None,
        typer.Argument(metavar="ID", callback=given.directive_id, help="One directive; all when missing."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every second until everything has left.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Print as CSV who did not get ID, with addresses; needs --by.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", callback=given.person, help="Who asks for addresses, with their token."
        ),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="With --failed: only email or sms.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show where directives stand: how fast they leave, what fails and why, what is stopped, and what to look at.

    `--watch` ends with 0 when everything has left and arrived, with 1 when somebody did not get it.
    """
    if watch and (json or failed):
        raise WrongUse("--watch goes on; leave --json and --failed for one look")
    if failed:
        if id is None or by is None:
            raise WrongUse("--failed prints addresses: name a directive, and who asks with --by NAME")
        _failed(id, by, channel, json=json, config=config)
        return
    if channel is not None or by is not None:
        raise WrongUse("--channel and --by belong to --failed")
    if watch:
        raise typer.Exit(1 if with_hub(config, lambda hub: _watch(hub, id)) else 0)
    _once(id, json=json, config=config)


def _once(id_: str | None, *, json: bool, config: Any) -> None:
    async def work(
        hub: Hub,
    ) -> tuple[list[dict[str, Any]], tuple[Silence, ...], dict[str, Any], Seen, list[Alarm]]:
        async with hub.store.read() as tx:
            known = await _known(tx, id_)
            latest = {each.directive: each.id for each in await dispatches.of_directive(tx, id_)}
        seen = await observe(hub, beside=latest.values())  # once: all that is printed is of one instant
        under_way = seen.of(seen.under_way)
        found = raised(under_way, hub.config.alarms)  # one may be about another directive
        async with hub.store.read() as tx:
            silent = await reading.silent(hub, tx)
            held = await holding.held_back(hub, tx)
            standings = [await reading.standing(hub, tx, each, seen.progress) for each in known]
        return standings, silent, held, under_way if id_ is None else seen.of(latest.values()), found

    standings, silent, held, seen, found = with_hub(config, work)
    if json:
        print_json(
            {
                "directives": standings,
                "silent": [each.to_json() for each in silent],
                "held_back": held,
                "alarms": progressing.alarms_json(found),
                "stops": {scope: since.isoformat() for scope, since in seen.stops.items()},
                "current": seen.current,
            }
        )
        return
    for line in holding.told(held):
        out.print(line, style="bold yellow")
    rows = [(each["id"], each["revision"], each["stage"], _messages(each)) for each in standings]
    table("Directive", "Rev.", "Stage", "Messages", rows=rows)
    if seen.progress:
        out.print(progressing.shown(seen, found))
    else:
        for alarm in found:
            out.print(f"! {alarm.finding}: {alarm.remedy}.", style="yellow")
    if silent:
        out.print(f"Silent although a crisis is open: {told(silent)}.", style="yellow")


async def _known(tx: Any, id_: str | None) -> list[str]:
    if id_ is not None:
        return [id_]
    found = (*await directives.published(tx), *await directives.unapproved(tx))
    return sorted({revision.directive.id for revision in found})


def _messages(standing: dict[str, Any]) -> str:
    channels = "; ".join(
        f"{channel}: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        for channel, outcomes in standing["channels"].items()
    )
    if refused := standing["refused"]:
        channels = (
            f"stopped: approved for {refused['approved']} people, would reach {refused['found']}; "
            "submit it again as an update"
        )
    elif standing["stopped"]:
        channels = f"stopped; {channels}"
    return "; ".join([*filter(None, [channels, standing["waits"]]), *reading.unread(standing)]) or "-"


async def _watch(hub: Hub, id_: str | None) -> bool:
    """Look until nothing is under way; whether somebody did not get it."""
    among: list[int] | None = None
    if id_ is not None:
        async with hub.store.read() as tx:
            revision = await directives.get(tx, id_)
            among = [each.id for each in await dispatches.of_directive(tx, id_)][-1:]
        if not among:
            out.print(
                f"Nothing of {id_} is on its way; {reading.next_step(revision) or revision.stage.value}."
            )
            return False
    touched: set[int] = set()
    with Live(console=out, auto_refresh=False) if out.is_terminal else _Plain() as screen:
        while True:
            seen = await observe(hub, among, beside=touched)  # what has ended meanwhile stays in view
            touched |= {each.dispatch.id for each in seen.progress}
            found = raised(seen.of(seen.under_way), hub.config.alarms)
            screen.update(progressing.shown(seen, found), refresh=True)
            if not seen.unplanned and all(each.finished for each in seen.progress):
                return any(each.count(*LOST, Outcome.UNCERTAIN) for each in seen.progress)
            await asyncio.sleep(EVERY)


class _Plain:
    """Prints what is new, where there is no terminal to paint on."""

    def __init__(self) -> None:
        self._said = ""

    def __enter__(self) -> "_Plain":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, renderable: Any, *, refresh: bool) -> None:
        with out.capture() as capture:
            out.print(renderable)
        if refresh and capture.get() != self._said:
            self._said = capture.get()
            out.print(self._said, end="")


def _failed(id_: str, by: str, channel: str | None, *, json: bool, config: Any) -> None:
    async def work(hub: Hub) -> list[Unreached]:
        person = await sign_in(hub, by, RESUMERS)
        return await retrying.listed(hub, Choice(id_, channel), by=person)

    rows = [_row(each) for each in with_hub(config, work)]
    if json:
        print_json({"directive": id_, "unreached": [dict(zip(COLUMNS, row, strict=True)) for row in rows]})
        return
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    sys.stdout.write(text.getvalue())


def _row(each: Unreached) -> tuple[str, ...]:
    return (
        "; ".join(each.organisations),
        each.external_id or "",
        each.channel,
        each.address,
        "held" if each.held else each.outcome.value,
        causes.words(each.outcome, each.code),
        each.code,
        each.at.isoformat(timespec="seconds"),
    )


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; a number in E.164 may begin with its plus."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell and not _NUMBER.fullmatch(cell) else cell
