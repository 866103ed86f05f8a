"""The demo: everything on this machine, spring 2020 replayed act by act, and then it stays up to be looked at."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from hub.context import Hub, open_hub
from hub.demo import acts, clock, place, population, readers
from hub.demo.acts import Act
from hub.demo.child import serving
from hub.demo.mailbox import open_mailbox
from hub.demo.phones import Phones
from hub.demo.place import Place
from hub.demo.provider import open_phones
from hub.demo.screen import NAMES, Screen, doubts, finished
from hub.demo.viewer import Desk, open_viewer
from hub.errors import EnvironmentFailed
from hub.flow.approve import approve
from hub.flow.authorise import authorise
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.flow.waive import waive
from hub.gate import blockers
from hub.model.delivery import Outcome
from hub.model.staff import Role, Staff
from hub.now import follow
from hub.store import deliveries, schema, staff

EDITOR, APPROVER, OPERATOR = "Rédaction", "Direction de crise", "Opérations"
CREW = {EDITOR: Role.EDITOR, APPROVER: Role.APPROVER, OPERATOR: Role.OPERATOR}
"""Functions of a fictitious authority, no persons."""

MANY, FEW = 2_400, 240
"""Subscribers, and those of a quick demo."""

PATIENCE = 300.0
"""Seconds within which one act must have left."""

Counts = Mapping[str, Mapping[Outcome, int]]


@dataclass(frozen=True, slots=True)
class Stage:
    """What the replay plays on."""

    hub: Hub
    place: Place
    screen: Screen
    crew: Mapping[str, Staff]


def main(*, data_dir: Path | None = None, port: int = 8080, keep: bool = True, quick: bool = False) -> int:
    """Play the demo in `data_dir` (./demo-data). `keep` stays up until Ctrl-C; `quick` takes few subscribers."""
    return asyncio.run(run(data_dir or Path("demo-data"), port=port, keep=keep, quick=quick))


async def run(directory: Path, *, port: int, keep: bool, quick: bool, console: Console | None = None) -> int:
    """Play until the end or a signal; both end everything that was started, and are a success."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    screen = Screen(console or Console())
    playing = asyncio.create_task(_play(directory, screen, port=port, keep=keep, quick=quick))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        screen.say("\nEnding what the demo started …")
        playing.cancel()
    stopped.cancel()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
    try:
        await playing
    except asyncio.CancelledError:
        screen.say("Ended.")
    return 0


async def _play(directory: Path, screen: Screen, *, port: int, keep: bool, quick: bool) -> None:
    here = place.prepare(directory, port)
    async with AsyncExitStack() as stack:
        stack.callback(here.held.release)
        hub, desk = await _furnish(stack, here, screen, quick=quick)
        page = await stack.enter_async_context(open_viewer(desk, port=place.free_port(here.port + 1)))
        await publish(hub)
        screen.say("Starting the public site and the sender …")
        await stack.enter_async_context(serving(here))
        screen.say(f"Up already: {page} (mailboxes and phones), {here.site} (public site)")
        stage = Stage(hub, here, screen, await _crew(hub))
        await _replay(stage)
        if not keep:
            screen.say("\nThe quick demo ends here; the full one stays up to be looked at.")
            return
        screen.farewell(
            {
                "every mailbox and phone": page,
                "public site": here.site,
                "feeds": f"{here.site}/feeds/all.atom",
                "what the service logs": str(here.log),
            },
            "Ctrl-C ends it all",
        )
        await asyncio.Event().wait()


async def _furnish(stack: AsyncExitStack, here: Place, screen: Screen, *, quick: bool) -> tuple[Hub, Desk]:
    """Mailbox, phones, database and subscribers."""
    time = follow(here.clock)
    clock.turn(here.clock, acts.FIRST - timedelta(days=1))
    phones = Phones(place.ACCOUNT, here.token, time, inbound_url=f"{here.site}/hooks/twilio/inbound")
    mailbox = await stack.enter_async_context(open_mailbox(here.directory / "mailbox", time))
    await stack.enter_async_context(open_phones(phones))
    settings = here.write_settings(mailbox=mailbox.port, phones=phones.base_url)
    hub = await stack.enter_async_context(open_hub(settings, time))
    await schema.upgrade(hub.store)
    population.write(here.people, people=FEW if quick else MANY)
    report = await enlist(hub, here.people.read_bytes(), here.people.name, dry_run=False, actor=OPERATOR)
    screen.say(f"{report.new:,} fictitious subscribers imported, {len(report.plan.refused)} rows refused.")
    desk = Desk(mailbox, phones, readers.read(here.people), readers.Names(hub.register), f"{here.site}/")
    return hub, desk


async def _crew(hub: Hub) -> dict[str, Staff]:
    """Register the demo's staff, and let each show their own token, as everybody must."""
    async with hub.store.write() as tx:
        tokens = {
            name: await staff.add(tx, name, frozenset({role}), at=hub.clock.now())
            for name, role in CREW.items()
        }
    return {name: await authorise(hub, name, tokens[name], role) for name, role in CREW.items()}


async def _replay(stage: Stage) -> None:
    history = acts.load(stage.hub.register)
    sent: list[tuple[Act, Counts]] = []
    for number, act in enumerate(history, start=1):
        clock.turn(stage.place.clock, act.at)
        stage.screen.act(act, stage.hub.register, number, len(history))
        if number == 1:
            await _refused_first(stage, act)
        await _submit(stage, act)
        sent.append((act, await _send(stage, act)))
    stage.screen.sent(sent)


async def _refused_first(stage: Stage, act: Act) -> None:
    """Hand the first act in without its coverage decisions, to show what the gate says."""
    bare = replace(act.directive, coverage=())
    refused = await submit(stage.hub, bare, by=stage.crew[EDITOR])
    stage.screen.say(f"{EDITOR} submits it, but nobody decided on some sectors and audiences:")
    stage.screen.refused(blockers(refused.findings))
    stage.screen.say("They sign what is missing (coverage decisions, with reasons) and hand it in again.")


async def _submit(stage: Stage, act: Act) -> None:
    """Hand an act in; where the gate stops it, sign the waivers that the demo has for it."""
    submission = await submit(stage.hub, act.directive, by=stage.crew[EDITOR])
    if not submission.accepted and act.waivers:
        stage.screen.refused(blockers(submission.findings))
        for excused in act.waivers:
            await waive(
                stage.hub, act.directive.id, excused.code,
                cell=excused.cell, by=stage.crew[APPROVER], reason=excused.reason,
                translations=excused.translations,
            )  # fmt: skip
            stage.screen.say(f"{APPROVER} waives {excused.code} for {excused.cell}: “{excused.reason}”")
        submission = await submit(stage.hub, act.directive, by=stage.crew[EDITOR])
    if not submission.accepted:
        stage.screen.refused(blockers(submission.findings))
        raise EnvironmentFailed(f"the gate stops {act.directive.id}; see the reasons above")
    revision = submission.revision
    digest = str(revision.approval_digest)[:12]
    stage.screen.say(f"{EDITOR} submits it: {revision.audience_count:,} people, digest {digest}…")


async def _send(stage: Stage, act: Act) -> Counts:
    """Let the second person approve it, and watch the ledger until all of it has left."""
    approved = await approve(stage.hub, act.directive.id, by=stage.crew[APPROVER])
    stage.screen.say(
        f"{APPROVER} approves that digest; it is public as {approved.revision.code} and leaves now:"
    )
    await publish(stage.hub)
    planned = await dispatch(stage.hub, directive=act.directive.id, number=approved.revision.number)
    with stage.screen.bars() as bars:
        rows = {
            channel: bars.add_task(NAMES.get(channel, channel), total=number, said="")
            for channel, number in planned.channels.items()
        }
        async with asyncio.timeout(PATIENCE):
            while True:
                async with stage.hub.store.read() as tx:
                    counts = await deliveries.counts(tx, planned.dispatch)
                for channel, row in rows.items():
                    states = counts.get(channel, {})
                    bars.update(row, completed=finished(states), said=doubts(states))
                if all(finished(states) == sum(states.values()) for states in counts.values()):
                    return counts
                await asyncio.sleep(0.15)
