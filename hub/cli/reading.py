"""What an approver and an operator read before they decide: the size of it, samples, findings, outcomes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import typer

from channels import gsm
from hub.cli import differences, holding, progressing, sms
from hub.cli.printing import out, print_findings, table
from hub.context import Hub
from hub.errors import Refusal
from hub.flow import guard, spend
from hub.flow.dispatch import unread_counts
from hub.flow.examine import Examined, examine, sheet_digest, withdrawals
from hub.flow.observe import Progress
from hub.flow.plan import REFUSED
from hub.flow.submit import audience_counts
from hub.gate.silence import Silence, silent_sectors
from hub.in_force import consolidate
from hub.model.delivery import Outcome
from hub.model.message import Blocks, Message, Variant
from hub.model.review import Stage, Waiver
from hub.model.revision import Revision
from hub.render.frame import compose, digest
from hub.store import directives, dispatches, journal, waivers
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx

SAMPLES = 3


async def confirm(hub: Hub, directive: str) -> str | None:
    """Show a submission and ask for the number of its readers, so that nobody signs unread.

    Returns the digest of what was shown, which is all that may be signed now. Raises Refusal.
    """
    async with hub.store.read() as tx:
        revision = await directives.get(tx, directive)
        examined = await examine(hub, tx, revision.directive, kind=revision.kind, at=hub.clock.now())
        signed = await waivers.of_sheet(tx, directive, sheet_digest(revision.directive))
        held = [past for past in await directives.history(tx, directive) if past.number < revision.number]
        before = await directives.blocks(tx, directive, held[-1].number) if held else {}
        counted = await audience_counts(hub, tx, examined)
    messages = examined.case.messages
    out.rule(f"{directive}, revision {revision.number}, {revision.mode.value}", align="left")
    out.print(
        f"Submitted by {revision.submitted_by}; readers: {revision.audience_count}; until {revision.expires_at}.",
    )
    table(
        "Channel", "Texts", rows=[(c, sum(v.channel == c for v in messages)) for c in ("email", "sms", "web")]
    )
    if held:
        _show_differences(held[-1].number, before, examined)
    for waiver in signed:
        _show_waiver(waiver)
    print_findings(examined.findings)
    for variant, message in _by_risk(messages):
        out.rule(" · ".join(variant), align="left")
        out.print(message.text)
        if variant.channel == "sms":
            for line in sms.report(message, hub.config.sms.cost_per_segment).lines():
                out.print(line, style="dim")
    segments = spend.estimate(counted, messages)
    out.print(
        f"Longest SMS: {_longest(messages)} segments; to {counted.channels.get('sms', 0)} people by SMS, at most "
        f"about {segments} segments, {spend.tariff(hub).cost(segments):.2f} EUR.",
        style="dim",
    )
    answer = typer.prompt(f"Type the number of readers ({revision.audience_count}) to approve")
    if answer.strip() != str(revision.audience_count):
        raise Refusal("that is not the number; nothing was approved")
    return revision.approval_digest


async def confirm_again(hub: Hub, directive: str) -> int | None:
    """Say why this audience is unusual, and ask for its number once more; None where it is as usual. Raises Refusal."""
    shown, found = await guard.look(hub, directive)
    if not found:
        return None
    for reason in found:
        out.print(f"Unusual: {reason}.", style="bold red")
    answer = typer.prompt("Type the number of readers once more, if it is meant")
    if answer.strip() != str(shown):
        raise Refusal("that is not the number; nothing was approved")
    return shown


def _show_differences(number: int, held: Blocks, examined: Examined) -> None:
    """What readers hold, and what they would hold: which texts differ, and the words of a few."""
    case = examined.case
    before, after = _without_status(held), _without_status(case.rendering.blocks)
    found = differences.between(
        {variant: digest(block) for variant, block in before.items()},
        {variant: digest(block) for variant, block in after.items()},
    )
    samples = _by_risk({variant: case.messages[variant] for variant in found.changed})

    def text(blocks: Blocks, variant: Variant) -> str:
        return compose([blocks[variant]], case.frame).text

    differences.show(found, number, [(v, text(before, v), text(after, v)) for v, _ in samples])


def _without_status(blocks: Blocks) -> Blocks:
    """The blocks without the line that says which kind of revision this is: it differs in every text."""
    return {
        variant: replace(block, head=tuple(line for line in block.head if line.slot != "status"))
        for variant, block in blocks.items()
    }


def _show_waiver(waiver: Waiver) -> None:
    out.print(
        f"{waiver.code} {waiver.cell}: waived by {waiver.by}, {waiver.at:%Y-%m-%d %H:%M} UTC", style="bold"
    )
    out.print(f"    {waiver.reason}")


async def standing(hub: Hub, tx: Tx, directive: str, seen: Iterable[Progress] = ()) -> dict[str, Any]:
    """Where a directive stands, with how its latest dispatch stands per channel, from what was `seen` of it."""
    revision = await directives.get(tx, directive)
    document = _revision_json(hub, revision)
    found = await dispatches.of_directive(tx, directive)
    if found:
        last = found[-1]
        own = [each for each in seen if each.dispatch.id == last.id]
        document["channels"] = {
            each.channel: {outcome.value: number for outcome, number in sorted(each.outcomes.items())}
            for each in own
        }
        document["sending"] = [progressing.to_json(each, hub.clock.now()) for each in own]
        document["finished"] = not await dispatches.unfinished(tx, last.id, at=hub.clock.now())
        document["stopped"] = last.stopped_at is not None
        document["held"] = last.held
        document["held_until"] = last.held_until.isoformat() if last.held and last.held_until else None
        document["waits"] = holding.waits(last) or document["waits"]
        document |= await unread_counts(tx, last)
        document["refused"] = await _refused(tx, last)
        document["uncertain"] = sum(each.count(Outcome.UNCERTAIN) for each in own)
    return document


async def silent(hub: Hub, tx: Tx) -> tuple[Silence, ...]:
    """The sectors that have heard nothing for as long as the settings say, although a crisis is open now."""
    revisions = await directives.published(tx)
    acts = {revision.directive.id: revision.directive for revision in revisions}
    rules = consolidate(acts, hub.register, withdrawals(revisions))
    return silent_sectors(rules, at=hub.clock.now(), silence=hub.config.gate.silence)


def next_step(revision: Revision) -> str | None:
    """What has to be done so that a revision leaves, in words; None where it was approved."""
    match revision.stage:
        case Stage.DRAFT:
            return "the gate stops it: mend what `univoque check` finds in its sheet, and submit it again"
        case Stage.SUBMITTED:
            return f"waits for approval: `univoque approve {revision.directive.id} --by NAME`"
    return None


def unread(document: dict[str, Any]) -> list[str]:
    """Whom the words miss, in words; nothing where everybody reads their own language."""
    found = []
    if number := document["without_words"]:
        found.append(f"{number} get nothing: there are no words for them in any language")
    if number := document["other_language"]:
        found.append(f"{number} read another language than theirs")
    return found


async def _refused(tx: Tx, found: Dispatch) -> dict[str, Any] | None:
    """Why nothing of it was planned, where its audience had moved since it was approved."""
    if found.planned_at is not None or found.stopped_at is None:
        return None
    entry = await journal.latest(tx, subject=found.directive, action=REFUSED)
    return dict(entry.detail) if entry and entry.detail["revision"] == found.revision else None


def _revision_json(hub: Hub, revision: Revision) -> dict[str, Any]:
    return {
        "id": revision.directive.id,
        "revision": revision.number,
        "stage": revision.stage.value,
        "mode": revision.mode.value,
        "audience": revision.audience_count,
        "submitted_by": revision.submitted_by,
        "approved_by": revision.approved_by,
        "approved_at": revision.approved_at.isoformat() if revision.approved_at else None,
        "expires_at": revision.expires_at.isoformat() if revision.expires_at else None,
        "page": f"{hub.config.service.base_url.rstrip('/')}/d/{revision.code}",
        "channels": {},
        "sending": [],
        "finished": False,
        "stopped": False,
        "held": None,
        "held_until": None,
        "waits": next_step(revision),
        "refused": None,
        "other_language": 0,
        "without_words": 0,
        "uncertain": 0,
    }


def _by_risk(messages: dict[Variant, Message] | Any) -> list[tuple[Variant, Message]]:
    """The longest SMS and the longest e-mails: where most is said, most can be wrong."""
    ranked = sorted(messages.items(), key=lambda item: -len(item[1].text))
    sms = [item for item in ranked if item[0].channel == "sms"][:1]
    return [*sms, *[item for item in ranked if item[0].channel == "email"][: SAMPLES - 1]]


def _longest(messages: Any) -> int:
    return max((gsm.measure(m.text).segments for v, m in messages.items() if v.channel == "sms"), default=0)
