"""sms cost, sms lift, sms compare: what SMS cost, what they may cost, and whether the provider agrees."""

from datetime import timedelta
from typing import Annotated, Any

import aiohttp
import typer

from channels.contract import Answering, ChannelError, WrongSettings
from channels.sms import SmsChannel
from hub.cli import given
from hub.cli.printing import out, print_json, table
from hub.cli.wiring import ByOption, ConfigOption, JsonOption, euros, instant, sign_in, with_hub
from hub.context import Hub
from hub.errors import ConfigError, EnvironmentFailed, WrongUse
from hub.flow import compare as comparing
from hub.flow import spend
from hub.flow.compare import Compared
from hub.model.staff import Role
from hub.now import BRUSSELS
from hub.store import dispatches, inquiries, spending
from hub.store.engine import Tx
from hub.store.spending import Spent

LIFTERS = frozenset({Role.OPERATOR, Role.APPROVER})
"""Anybody may stop; to let more money go is another decision."""

commands = typer.Typer(help="What SMS cost, what they may cost, and whether the provider agrees.")


def add_to(app: typer.Typer) -> None:
    for command in (cost, lift, compare):
        commands.command()(command)
    app.add_typer(commands, name="sms", no_args_is_help=True)


def cost(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what SMS cost today and per directive, their ceilings, and how many the provider is still asked about."""

    async def work(hub: Hub) -> list[dict[str, Any]]:
        rates = spend.tariff(hub)
        async with hub.store.read() as tx:
            day = await spending.get(tx, spending.of_day(spend.today(hub)))
            rows = [_row("today", day, rates, rates.day)]
            for found in await dispatches.of_directive(tx):
                rows += await _of_dispatch(tx, found, rates)
        return rows

    rows = with_hub(config, work)
    if json:
        print_json({"sms": rows})
        return
    heads = ("Of", "Segments", "EUR", "Ceiling", "In doubt", "Silent")
    table(
        *heads,
        rows=[
            (
                row["of"],
                row["segments"],
                f"{row['cost']:.2f}",
                "-" if row["ceiling"] is None else f"{row['ceiling']:.2f}" + " reached" * row["reached"],
                row["in_doubt"],
                row["silent"],
            )
            for row in rows
        ],
    )


def lift(
    by: ByOption,
    to: Annotated[str, typer.Option(metavar="EUR", help="What they may cost at most, all told.")],
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="One directive; all SMS of this day when missing.", callback=given.directive_id
        ),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Move the ceiling of a directive's SMS, or of today's, as an operator or approver; what waited goes on."""

    async def work(hub: Hub) -> bool:
        person = await sign_in(hub, by, LIFTERS)
        amount = euros("--to", to)
        assert amount is not None
        return await spend.lift(hub, by=person.name, euros=amount, directive=id)

    changed = with_hub(config, work)
    if json:
        print_json({"directive": id, "to": to, "changed": changed})
        return
    whose = f"The SMS of {id}" if id else "All SMS of today"
    out.print(f"{whose} may cost {to} EUR." if changed else f"{whose} may cost {to} EUR already.")


def compare(
    day: Annotated[
        str | None, typer.Argument(metavar="DAY", help="A day in UTC, such as 2020-04-17; default yesterday.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold a day of ours against the provider's: SMS by SID, segments, price. Exit code 1 where they differ."""

    async def work(hub: Hub) -> Compared:
        asked = instant(day)
        when = asked.astimezone(BRUSSELS) if asked else hub.clock.now() - timedelta(days=1)
        if not hub.config.sms.enabled:
            raise WrongUse("sms.enabled is false: there is no provider to ask")
        async with aiohttp.ClientSession(trust_env=False) as http:
            return await comparing.compare(hub, _channel(hub, http), when.date())

    try:
        found = with_hub(config, work)
    except ChannelError as error:
        raise EnvironmentFailed(f"the provider does not answer: {error}; look into [sms]") from error
    if json:
        print_json(
            {
                "day": found.day.isoformat(),
                "sent": found.sent,
                "segments": found.segments,
                "price": str(found.price),
                "unpriced": found.unpriced,
                "strangers": list(found.strangers),
                "missing": list(found.missing),
            }
        )
    else:
        out.print(
            f"{found.day}: the provider sent {found.sent} SMS of {found.segments} segments for {found.price} "
            f"({found.unpriced} have no price yet)."
        )
        for sid in found.strangers:
            out.print(f"{sid}: sent, and never recorded here", style="bold yellow")
        for sid in found.missing:
            out.print(f"{sid}: recorded here, and unknown to the provider", style="bold yellow")
    raise typer.Exit(0 if found.agrees else 1)


def _channel(hub: Hub, http: aiohttp.ClientSession) -> Answering:
    try:
        return SmsChannel(
            hub.config.sms,
            mode=hub.config.service.mode,
            now=hub.clock.now,
            site_url=hub.config.service.base_url,
            session=http,
        )
    except WrongSettings as error:
        raise ConfigError(str(error)) from error


async def _of_dispatch(tx: Tx, found: dispatches.Dispatch, rates: spend.Tariff) -> list[dict[str, Any]]:
    spent = await spending.get(tx, spending.of_dispatch(found.id))
    questions = await inquiries.count(tx, found.id)
    if not spent.segments and not any(questions.values()):
        return []
    return [_row(found.directive, spent, rates, rates.dispatch) | questions]


def _row(of: str, spent: Spent, rates: spend.Tariff, cents: int) -> dict[str, Any]:
    ceiling = spent.ceiling if spent.ceiling is not None else cents or None
    return {
        "of": of,
        "segments": spent.segments,
        "cost": float(rates.cost(spent.segments)),
        "ceiling": None if ceiling is None else ceiling / 100,
        "reached": spent.reached_at is not None,
        "in_doubt": 0,
        "silent": 0,
    }
