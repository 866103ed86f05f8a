"""check and preview: a directive file before the gate, and in the words of its readers. No store is needed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import sms
from hub.cli.around import AgainstOption, read_around
from hub.cli.matrix import matrix_json, print_legend, print_matrix
from hub.cli.printing import findings_json, once, out, print_findings, print_json, refuse_file, summary
from hub.cli.wiring import (
    AtOption,
    ConfigOption,
    JsonOption,
    RegisterOption,
    bare_hub,
    demand_files,
    demand_known,
    instant,
)
from hub.context import Hub, fault_of
from hub.errors import WrongUse
from hub.facts.scope import judged_on
from hub.flow.examine import judge, sheet_of
from hub.intake import file
from hub.model.directive import AUDIENCES, Directive
from hub.model.message import CHANNELS, Message, Variant
from hub.model.review import Finding, Level
from hub.now import BRUSSELS
from hub.render import Sheet, render
from hub.render.frame import compose, frame_of

EASY = "draft in easy-to-read style, not validated"
"""Said to editors alone: only people who need such texts can validate one, and readers never see a label."""

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Directive files (TOML).")]


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(preview)


def check(
    files: Files,
    at: AtOption = None,
    against: AgainstOption = None,
    register: RegisterOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold directive files against the gate. All faults and findings are told at once; exit code 1 if any stands."""
    hub = bare_hub(config, register)
    directives, found = read_all(hub, files)
    read = _read(directives, found)
    around = read_around(hub, against).joined(directives)
    found += around.faults
    when = instant(at) or hub.clock.now()
    rules, coverage = around.rules(hub.register), {}
    for directive in directives:
        sheet = sheet_of(hub, directive, others=around.acts, withdrawn=around.withdrawn)
        judged = judge(hub, sheet, at=when, known=rules)
        coverage[directive.id] = judged.coverage
        found += judged.findings
    if json:
        cells = [cell for id_, matrix in coverage.items() for cell in matrix_json(id_, matrix)]
        print_json({"findings": findings_json(found), "coverage": cells})
    else:
        for id_, matrix in coverage.items():
            print_matrix(id_, matrix, hub.config.service.languages)
            out.print()
        if coverage:
            print_legend()
            out.print()
        told = once(found)
        print_findings(told)
        out.print(f"{read}: {summary(told)}.")
    raise typer.Exit(1 if any(finding.level != Level.NOTE for finding in found) else 0)


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A directive file (TOML).")],
    directive: Annotated[str | None, typer.Option(help="Only this directive of the file.")] = None,
    sector: Annotated[str | None, typer.Option(help="Only this sector.")] = None,
    audience: Annotated[str | None, typer.Option(help="Only this audience.")] = None,
    channel: Annotated[str | None, typer.Option(help="email, sms or web.")] = None,
    language: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    at: AtOption = None,
    register: RegisterOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the messages of a directive file, exactly as they would be sent as of its day of issue, or as of --at.

    With --at, acts of the file that are issued later are not known yet; nothing else in the words depends on it.
    """
    hub = bare_hub(config, register)
    when = instant(at)
    demand_known("--sector", sector, hub.register.sectors)
    demand_known("--audience", audience, AUDIENCES)
    demand_known("--channel", channel, CHANNELS)
    if language and (fault := fault_of(language, hub.wording)):
        raise WrongUse(f"--language {language}: {fault}")
    directives, faults = read_all(hub, [file])
    if faults:
        refuse_file(faults, str(file), json=json)
    chosen = [d for d in directives if directive in (None, d.id)]
    if not chosen:
        raise WrongUse(f"--directive {directive}: {file} has {', '.join(d.id for d in directives)}")
    wanted = (sector, audience, channel, language)
    messages = [
        (variant, message)
        for d in chosen
        for variant, message in _messages(hub, d, _known_by(when, directives), language)
        if all(want in (None, have) for want, have in zip(wanted, variant, strict=True))
    ]
    if json:
        print_json({"messages": [_json(hub, variant, message) for variant, message in messages]})
    else:
        for variant, message in messages:
            _show(hub, variant, message)
        if not messages:
            out.print("No message: the act does not speak to them; `univoque check` shows to whom it does.")


def read_all(hub: Hub, files: list[Path]) -> tuple[list[Directive], list[Finding]]:
    """Every directive of the files, and every fault. Raises WrongUse where a file is not there."""
    demand_files(*files)
    reading = file.read_together(files, hub.register)
    return list(reading.directives), list(reading.faults)


def _read(directives: list[Directive], faults: list[Finding]) -> str:
    """ "3 directives read, 1 faulty": one that cannot be used was read all the same."""
    faulty = len({fault.directive for fault in faults if fault.directive} - {act.id for act in directives})
    count = len(directives) + faulty
    read = f"{count} directive{'' if count == 1 else 's'} read"
    return f"{read}, {faulty} faulty" if faulty else read


def _messages(
    hub: Hub, directive: Directive, others: list[Directive], language: str | None
) -> list[tuple[Variant, Message]]:
    around = {other.id: other for other in others if other.id != directive.id}
    sheet = Sheet(directive, hub.register, hub.wording, around)
    frame = frame_of(directive, hub.config, hub.wording, hub.register, preview=True)
    languages = (language,) if language else hub.config.service.languages
    return [(v, compose([block], frame)) for v, block in render(sheet, languages).blocks.items()]


def _known_by(when: datetime | None, acts: list[Directive]) -> list[Directive]:
    """The acts that were issued by then; without an instant all: a file may name an act before its day."""
    if when is None:
        return acts
    day = when.astimezone(BRUSSELS).date()
    return [act for act in acts if (judged_on(act) or day) <= day]


def _json(hub: Hub, variant: Variant, message: Message) -> dict[str, object]:
    document: dict[str, object] = {
        "directive": message.directive,
        **variant._asdict(),
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "stated": sorted(message.stated),
    }
    if variant.channel == "sms":
        document["sms"] = sms.report(message, hub.config.sms.cost_per_segment).to_json()
    elif hub.wording.anatomy[variant.audience].style == "easy":
        document["style"] = EASY
    return document


def _show(hub: Hub, variant: Variant, message: Message) -> None:
    out.rule(f"{message.directive} · {' · '.join(variant)}", align="left")
    if message.subject:
        out.print(message.subject, style="bold")
    out.print(message.text)
    if variant.channel == "sms":
        for line in sms.report(message, hub.config.sms.cost_per_segment).lines():
            out.print(line, style="dim")
    elif hub.wording.anatomy[variant.audience].style == "easy":
        out.print(f"({EASY})", style="dim")
