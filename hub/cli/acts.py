"""submit, waive, approve, stop, resume: a directive on its way."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli import given, holding, reading
from hub.cli.given import Id
from hub.cli.printing import findings_json, out, print_findings, print_json, refuse_file, summary
from hub.cli.sheets import read_all
from hub.cli.wiring import CONSOLE, ByOption, ConfigOption, JsonOption, demand_known, euros, sign_in, with_hub
from hub.context import Hub
from hub.errors import EnvironmentFailed, Refusal, WrongUse
from hub.flow import approve as approving
from hub.flow import dispatch as dispatching
from hub.flow import publish as publishing
from hub.flow import stop as stopping
from hub.flow import submit as submitting
from hub.flow import waive as waiving
from hub.flow.observe import observe
from hub.model.directive import Language
from hub.model.review import Kind
from hub.model.staff import Role
from hub.store import dispatches

SomeId = Annotated[
    str | None,
    typer.Argument(
        metavar="ID", help="One directive; all sending when missing.", callback=given.directive_id
    ),
]

ReasonIn = Annotated[str | None, typer.Option(help="The same reason in this language.")]

RESUMERS = frozenset({Role.OPERATOR, Role.APPROVER})
"""Anybody may stop; to let it go on is another decision."""


STANDS = {Kind.CANCEL: "is cancelled", Kind.ALL_CLEAR: "comes to its end"}
"""What the approval of an end says; all else is in force."""


def add_to(app: typer.Typer) -> None:
    for command in (submit, waive, approve, stop, resume):
        app.command()(command)


def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A directive file (TOML).")],
    by: ByOption,
    directive: Annotated[
        list[str] | None, typer.Option(help="Only this directive of the file; repeat for several.")
    ] = None,
    kind: Annotated[Kind, typer.Option("--as", help="What it does to what readers hold.")] = Kind.NEW,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hand in the directives of a file. What the gate stops is kept as a draft, with its reasons; exit code 1."""

    async def work(hub: Hub) -> list[submitting.Submission]:
        editor = await sign_in(hub, by, Role.EDITOR)
        found, faults = read_all(hub, [file])
        if faults:
            refuse_file(faults, f"{file} was not submitted", json=json)
        chosen = [act for act in found if not directive or act.id in directive]
        if missing := set(directive or ()) - {act.id for act in chosen}:
            raise WrongUse(
                f"--directive {', '.join(sorted(missing))}: {file} has {', '.join(act.id for act in found)}"
            )
        return [await submitting.submit(hub, act, by=editor, kind=kind) for act in chosen]

    submissions = with_hub(config, work)
    if json:
        print_json({"submissions": [_submission_json(s) for s in submissions]})
    else:
        for submission in submissions:
            _tell_submission(submission)
    raise typer.Exit(0 if all(submission.accepted for submission in submissions) else 1)


def waive(
    id: Id,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The finding's code, such as U301.")],
    cell: Annotated[str, typer.Option(help="The cell it points at, as `check` and `submit` print it.")],
    by: ByOption,
    reason: Annotated[
        str,
        typer.Option(
            help="Why this may pass, in the service's first language; kept in the journal, shown to the approver."
        ),
    ],
    reason_fr: ReasonIn = None,
    reason_de: ReasonIn = None,
    reason_nl: ReasonIn = None,
    reason_en: ReasonIn = None,
    reason_in: Annotated[
        list[str] | None,
        typer.Option(metavar="LANGUAGE=TEXT", help="The same reason in a further language of this instance."),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let one finding of the latest draft pass, by name and with a reason. Then submit it again.

    The reason of a contradiction (U801) is printed for directors and on the permanent page, without the name.
    """
    four: dict[Language, str | None] = {
        "fr": reason_fr, "de": reason_de, "nl": reason_nl, "en": reason_en,
    }  # fmt: skip
    reasons: dict[Language, str | None] = {**four, **_by_language(reason_in or [])}
    translations = {language: text for language, text in reasons.items() if text is not None}

    async def work(hub: Hub) -> None:
        signer = await sign_in(hub, by, waiving.SIGNERS)
        first = hub.config.service.languages[0]
        if first in translations:
            raise WrongUse(f"--reason-{first}: --reason is in this language already")
        for language in translations:
            demand_known("--reason-in", language, hub.register.languages)
        await waiving.waive(hub, id, code, cell=cell, by=signer, reason=reason, translations=translations)

    with_hub(config, work)
    if json:
        print_json({"directive": id, "code": code, "cell": cell, "by": by})
    else:
        out.print(f"Waived {code} {cell} for {id}, signed {by}. Submit it again.")


def _by_language(options: list[str]) -> dict[Language, str]:
    """it=TEXT → {it: TEXT}. Raises WrongUse for one that names no language."""
    found = {}
    for text in options:
        language, sign, words = text.partition("=")
        if not sign:
            raise WrongUse(f"--reason-in {text}: write LANGUAGE=TEXT")
        found[language.strip()] = words
    return found


def approve(
    id: Id,
    by: ByOption,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until everything has left.")] = False,
    digest: Annotated[str | None, typer.Option(help="Approve only what has this digest.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="T", help="Let its messages leave at this hour of Brussels (2026-03-29T08:00)."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="Confirm the number of readers, where that is asked for.")
    ] = None,
    sms_cost: Annotated[
        str | None,
        typer.Option(metavar="EUR", help="What its SMS may cost at most, instead of sms.dispatch_ceiling."),
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Sign what somebody else submitted: it is in force, public, and leaves at once, or with --at at that hour."""
    hour = holding.appointment(at)

    async def work(hub: Hub) -> dict[str, Any]:
        approver = await sign_in(hub, by, Role.APPROVER)
        chosen, number = digest, count
        if sys.stdin.isatty() and not json:
            shown = await reading.confirm(hub, id)
            if digest not in (None, shown):
                raise Refusal(f"what was shown has another digest: {shown}; nothing was approved")
            chosen = shown
            number = count if count is not None else await reading.confirm_again(hub, id)
        approved = await approving.approve(
            hub,
            id,
            by=approver,
            digest=chosen,
            count=number,
            appointment=hour,
            sms_cost=euros("--sms-cost", sms_cost),
        )
        try:
            await publishing.publish(hub)
        except EnvironmentFailed as error:
            raise EnvironmentFailed(
                f"{id} is approved, and `serve` sends it; its pages wait: {error.said}"
            ) from error
        document: dict[str, Any] = {
            "directive": id,
            "revision": approved.revision.number,
            "kind": approved.revision.kind.value,
            "approval": approved.revision.approval_digest,
            "page": f"{hub.config.service.base_url.rstrip('/')}/d/{approved.revision.code}",
            "planned": {},
            "other_language": 0,
            "without_words": 0,
            "leaves_at": hour.at.isoformat() if hour else None,
        }
        if approved.sends:
            planned = await dispatching.dispatch(hub, directive=id, number=approved.revision.number)
            document["planned"] = dict(planned.channels)
            document["other_language"] = planned.other_language
            document["without_words"] = planned.without_words
            if wait:
                await _finished(hub, planned.dispatch)
                seen = await observe(hub, [planned.dispatch])
                async with hub.store.read() as tx:
                    document["status"] = await reading.standing(hub, tx, id, seen.progress)
        return document

    document = with_hub(config, work)
    if json:
        print_json(document)
        return
    planned = (
        ", ".join(f"{count} by {channel}" for channel, count in document["planned"].items())
        or "nobody is alerted"
    )
    now = STANDS.get(Kind(document["kind"]), "is in force")
    later = f", leaving at {at}" if at else ""
    out.print(f"{id}, revision {document['revision']}, {now}: {planned}{later}. {document['page']}")
    for line in reading.unread(document):
        out.print(line, style="bold yellow")


def stop(
    id: SomeId = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="NAME",
            help="Who stops it, with their token; else it is the console's.",
            callback=given.person,
        ),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only email or sms.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Stop sending: one directive, one channel, or everything. One person is enough; `resume` lets it go on."""
    if id and channel:
        raise WrongUse("give a directive or a channel, not both")

    async def work(hub: Hub) -> bool:
        who = (await sign_in(hub, by, frozenset(Role))).name if by is not None else CONSOLE
        return await stopping.stop(hub, by=who, directive=id, channel=channel)

    changed = with_hub(config, work)
    if json:
        print_json({"directive": id, "channel": channel, "stopped": True, "changed": changed})
        return
    what = id or channel or "all sending"
    who = "the console" if by is None else by
    out.print(f"Stopped: {what}. In the journal: by {who}." if changed else f"Already stopped: {what}.")


def resume(
    by: ByOption,
    id: SomeId = None,
    channel: Annotated[str | None, typer.Option(help="Only email or sms.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let sending go on after `stop`, as an operator or approver; what has expired meanwhile is listed, not sent."""
    if id and channel:
        raise WrongUse("give a directive or a channel, not both")

    async def work(hub: Hub) -> bool:
        person = await sign_in(hub, by, RESUMERS)
        return await stopping.resume(hub, by=person.name, directive=id, channel=channel)

    changed = with_hub(config, work)
    if json:
        print_json({"directive": id, "channel": channel, "stopped": False, "changed": changed})
        return
    what = id or channel or "all sending"
    out.print(f"Going on: {what}." if changed else f"It was not stopped: {what}.")


async def _finished(hub: Hub, dispatch: int) -> None:
    """Wait until no sender has work left for it."""
    while True:
        async with hub.store.read() as tx:
            if not await dispatches.unfinished(tx, dispatch, at=hub.clock.now()):
                return
        await asyncio.sleep(0.2)


def _submission_json(submission: submitting.Submission) -> dict[str, Any]:
    revision = submission.revision
    return {
        "directive": revision.directive.id,
        "revision": revision.number,
        "stage": revision.stage.value,
        "approval": revision.approval_digest,
        "audience": revision.audience_count,
        "findings": findings_json(submission.findings),
    }


def _tell_submission(submission: submitting.Submission) -> None:
    revision = submission.revision
    print_findings(submission.findings)
    found = summary(submission.findings)
    if not submission.accepted:
        out.print(
            f"{revision.directive.id}: kept as a draft, stopped by the gate ({found}).", style="bold red"
        )
        return
    out.print(
        f"{revision.directive.id}, revision {revision.number}, waits for approval by somebody else: "
        f"{revision.audience_count} people; {found}.",
        style="bold green",
    )
    out.print(f"Digest {revision.approval_digest}", style="dim")
