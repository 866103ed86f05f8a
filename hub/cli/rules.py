"""conflicts, in-force, targets: what acts are to each other, what holds for a reader, and who is meant."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hub.cli.around import AgainstOption, Around, demand_readable, published, read_around
from hub.cli.printing import out, print_json, print_sides
from hub.cli.sheets import Files, read_all
from hub.cli.wiring import (
    AtOption,
    ConfigOption,
    JsonOption,
    RegisterOption,
    bare_hub,
    demand_known,
    with_hub,
)
from hub.context import Hub
from hub.errors import WrongUse
from hub.facts.scope import scope_of, speaking_measures
from hub.gate.account import Account, Teller
from hub.gate.verdict import ATTENTION, Comparison, Verdict, comparisons
from hub.in_force import AIMED, EVER, Aim, Held, Reader, Span, aim, in_force
from hub.model.directive import AUDIENCES, Audience, Directive
from hub.model.message import Hat
from hub.now import BRUSSELS, parse_period
from hub.render.measure import LackingWords
from hub.render.pattern import fill, parse
from hub.render.single import single
from subscribers.vocabulary import COMMUNITIES

PlaceOption = Annotated[str, typer.Option("--place", metavar="NIS", help="The commune, by its NIS code.")]
CommunityOption = Annotated[
    str | None,
    typer.Option("--community", help="The community that the organisation belongs to: FWB, DG, VG, COCOM …"),
]
OrganisationOption = Annotated[
    str | None,
    typer.Option("--organisation", help="Its name, where an act means named establishments alone."),
]

STYLES: dict[Verdict, str] = {
    "contradiction": "bold red",
    "divergence": "yellow",
    "stricter_allowed": "cyan",
}


def add_to(app: typer.Typer) -> None:
    app.command()(conflicts)
    app.command("in-force")(holding)
    app.command()(targets)


def conflicts(
    files: Files,
    at: AtOption = None,
    all: Annotated[
        bool, typer.Option("--all", help="Also pairs that are settled, equal, or do not meet.")
    ] = False,
    against: AgainstOption = None,
    register: RegisterOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Compare the measures of files with each other, and with what --against holds. Exit code 1 if any needs attention.

    Without --at a pair is judged over all the time in which both hold.
    """
    hub = bare_hub(config, register)
    acts, faults = read_all(hub, files)
    around = read_around(hub, against).joined(acts)
    demand_readable([*faults, *around.faults], "nothing was compared", json=json)
    rules = around.rules(hub.register)
    teller = Teller(hub.register, hub.wording.languages[hub.config.service.languages[0]])
    own = {f"{act.id}#{measure.id}" for act in acts for measure in act.measures}
    found = [
        (comparison, teller.account(comparison))
        for comparison in comparisons(rules, own, _period(at) or EVER)
        if comparison.verdict in ATTENTION or (all and comparison.verdict)
    ]
    if json:
        print_json({"verdicts": [_verdict_json(comparison, account) for comparison, account in found]})
    else:
        _show_verdicts(found)
    raise typer.Exit(1 if any(comparison.verdict in ATTENTION for comparison, _ in found) else 0)


def holding(
    sector: Annotated[str, typer.Option(help="The sector.")],
    audience: Annotated[str, typer.Option(help="The audience.")],
    place: PlaceOption,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Directive files; without any, what this instance published."),
    ] = None,
    at: AtOption = None,
    community: CommunityOption = None,
    organisation: OrganisationOption = None,
    register: RegisterOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what is in force for a sector, an audience and a place on a day or at an instant."""
    hub = bare_hub(config, register)
    demand_known("--sector", sector, hub.register.sectors)
    demand_known("--audience", audience, AUDIENCES)
    demand_known("--community", community, COMMUNITIES)
    _demand_commune(hub, place)
    now = hub.clock.now()
    during = _period(at) or Span(now, now + datetime.resolution)
    if files:
        acts, faults = read_all(hub, files)
        demand_readable(faults, "nothing was listed", json=json)
        around = Around().joined(acts)
    else:
        around = with_hub(config, lambda instance: published(instance.store))
    reader = Reader(sector, _audience(audience), place, community, organisation)
    held = in_force(around.rules(hub.register), reader, during)
    if json:
        print_json({"measures": [_held_json(hub, one, reader) for one in held]})
        return
    for one in held:
        document = _held_json(hub, one, reader)
        out.print(Text.assemble((document["id"], "bold"), "  ", _since_until(document)))
        out.print(Text(f"    {document['text']}"))
    out.print(f"{len(held)} measures in force." if len(held) != 1 else "1 measure in force.")


def targets(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A directive file (TOML).")],
    measure: Annotated[str, typer.Option(metavar="DIRECTIVE#MEASURE", help="The measure.")],
    place: PlaceOption,
    community: CommunityOption = None,
    organisation: OrganisationOption = None,
    register: RegisterOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say whether a measure means a commune, and why."""
    hub = bare_hub(config, register)
    demand_known("--community", community, COMMUNITIES)
    _demand_commune(hub, place)
    acts, faults = read_all(hub, [file])
    demand_readable(faults, "nothing can be said", json=json)
    act, territory = _measure(acts, measure)
    places = hub.register.places(territory)
    if act.establishments_only:
        places = places.only(act.establishments)
    why = aim(places, place, community=community, organisation=organisation)
    said = _why(hub, why, place, territory, act, organisation)
    if json:
        print_json({"targeted": why in AIMED, "why": said})
    else:
        out.print(said, style="bold green" if why in AIMED else "bold")


def _measure(acts: Sequence[Directive], name: str) -> tuple[Directive, tuple[str, ...]]:
    """The act of a measure and the territory it holds in; an act without its own speaks through another's."""
    id_, _, wanted = name.partition("#")
    by_id = {act.id: act for act in acts}
    for owner, measure in speaking_measures(by_id[id_], by_id) if id_ in by_id else ():
        if measure.id == wanted:
            return by_id[id_], scope_of(owner, measure).territory
    names = ", ".join(f"{act.id}#{measure.id}" for act in acts for measure in act.measures)
    raise WrongUse(f"--measure {name}: the file has {names}")


def _why(
    hub: Hub, why: Aim, place: str, territory: Iterable[str], act: Directive, organisation: str | None
) -> str:
    language = hub.config.service.languages[0]
    words = hub.wording.languages[language]
    values = {
        "place": hub.register.territory(place).name[language],
        "territory": words.printer.join([hub.register.territory(id_).name[language] for id_ in territory]),
        "establishments": words.printer.join(act.establishments),
        "organisation": organisation,
    }
    return fill(parse(words.wording["target"][why]), values.get)


def _held_json(hub: Hub, held: Held, reader: Reader) -> dict[str, Any]:
    rule = held.rule
    return {
        "id": rule.name,
        "topic": rule.measure.topic,
        "issuer": rule.owner.issuer,
        "since": _iso(held.since),
        "until": _iso(held.until),
        "text": _text(hub, held, reader),
    }


def _text(hub: Hub, held: Held, reader: Reader) -> str:
    """The rule in the reader's words; the bare facts where the sheet lacks words of the instance's language."""
    language, rule = hub.config.service.languages[0], held.rule
    try:
        lines = single(
            rule.owner,
            rule.measure,
            Hat(reader.sector, reader.audience),
            language,
            scope=held.scope,
            wording=hub.wording,
            register=hub.register,
        )
    except LackingWords:
        return Teller(hub.register, hub.wording.languages[language]).side(rule)
    return " ".join(line.text for line in lines)


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(BRUSSELS).isoformat() if instant else None


def _since_until(document: dict[str, Any]) -> str:
    return f"{document['since'] or '…'} – {document['until'] or '…'}"


def _verdict_json(comparison: Comparison, account: Account) -> dict[str, Any]:
    return {
        "left": comparison.left.name,
        "right": comparison.right.name,
        "topic": comparison.left.measure.topic,
        "verdict": comparison.verdict,
        "text": account.text,
    }


def _show_verdicts(found: Sequence[tuple[Comparison, Account]]) -> None:
    """The two acts side by side, and below them what they are to each other."""
    for comparison, account in found:
        assert comparison.verdict is not None
        style = STYLES.get(comparison.verdict, "dim")
        names = f"{comparison.left.name} × {comparison.right.name}"
        out.print(Text.assemble((comparison.verdict, style), "  ", (names, "bold")))
        print_sides(account.left, account.right, account.explanation)
        out.print()
    attention = sum(comparison.verdict in ATTENTION for comparison, _ in found)
    out.print(f"{attention} of {len(found)} pairs need attention." if found else "Nothing needs attention.")


def _period(at: str | None) -> Span | None:
    try:
        return None if at is None else Span(*parse_period(at))
    except ValueError as error:
        raise WrongUse(f"--at: {error}") from error


def _demand_commune(hub: Hub, nis: str) -> None:
    if nis not in hub.register.communes:
        raise WrongUse(
            f"--place {nis}: no commune of REFNIS {hub.register.refnis_version}; give its NIS code"
        )


def _audience(name: str) -> Audience:
    return next(audience for audience in AUDIENCES if audience == name)
