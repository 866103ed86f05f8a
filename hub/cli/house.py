"""init, serve, work, demo, doctor, import, journal: the instance itself."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub import app as running
from hub import doctor as examining
from hub.cli.printing import out, print_json, table
from hub.cli.wiring import CONSOLE, ConfigOption, JsonOption, config_file, demand_files, settings, with_hub
from hub.config_sources import default_file
from hub.context import Hub
from hub.flow import enlist as enlisting
from hub.store import instance, schema
from hub.store import journal as keeping

journal = typer.Typer(help="Read the journal, and verify that nobody has altered it.")


def add_to(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(serve)
    app.command()(work)
    app.command()(demo)
    app.command()(doctor)
    app.command("import")(import_)
    app.add_typer(journal, name="journal")


def init(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Make this instance: settings where there are none, the data directory, the database. Doing it again is safe."""
    file = config_file(config) or Path("config.toml")
    written = not file.exists()
    if written:
        file.write_text(default_file().read_text(encoding="utf-8"), encoding="utf-8")
    chosen = settings(file)
    chosen.service.data_dir.mkdir(parents=True, exist_ok=True)

    async def work_(hub: Hub) -> None:
        await schema.upgrade(hub.store)
        async with hub.store.write() as tx:
            await instance.ensure(tx)

    with_hub(file, work_, make=True)
    if json:
        data_dir, mode = str(chosen.service.data_dir), chosen.service.mode
        print_json({"settings": str(file), "written": written, "data_dir": data_dir, "mode": mode})
        return
    if written:
        out.print(f"Wrote {file}: every setting with its default.")
    out.print(
        f"The instance is ready in {chosen.service.data_dir}. Mode: {chosen.service.mode}.",
    )
    out.print("Next: univoque staff add, univoque import, univoque serve.")


def serve(config: ConfigOption = None) -> None:
    """Serve the public site and send what is approved, until Ctrl-C."""
    raise typer.Exit(running.serve(config_file(config)))


def work(
    slot: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which of several senders this is; default a free one of this machine."
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Only send, without pages and webhooks: with PostgreSQL any number of these, with SQLite none beside a `serve`."""
    raise typer.Exit(running.work(config_file(config), slot))


def demo(
    data_dir: Annotated[
        Path, typer.Option(help="Where the demo keeps its data; made anew each time.")
    ] = Path("demo-data"),
    port: Annotated[
        int, typer.Option(help="The public site's port; the mailbox page takes the next one.")
    ] = 8080,
    quick: Annotated[bool, typer.Option("--quick", help="Small and without pauses; ends by itself.")] = False,
) -> None:
    """Replay history with fictitious readers: no account, no network; then stay up until Ctrl-C."""
    from hub.demo import replay  # it brings a mail server and a phone double with it

    raise typer.Exit(replay.main(data_dir=data_dir, port=port, keep=not quick, quick=quick))


def doctor(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Look for what would fail on the day it matters: settings, staff, disk, database, relay, provider, feeds.

    Exit code 1 where somebody has yet to set something up, 3 where the surroundings fail.
    """
    diagnoses = asyncio.run(examining.examine(settings(config)))
    if json:
        print_json({"diagnoses": [diagnosis._asdict() for diagnosis in diagnoses]})
    else:
        table(
            "",
            "What",
            "Finding",
            "Remedy",
            rows=[("ok" if d.fine else "!!", d.what, d.finding, d.remedy) for d in diagnoses],
        )
    raise typer.Exit(examining.exit_code(diagnoses))


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV or JSON, in any usual encoding.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")
    ] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Import people and organisations. Each refused row is told with its number and reason; the rest goes in.

    A row of headings, then one person a row: email or phone, sector and audience are enough.
    docs/import.md lists every column, what it may be called in four languages, and what its cells may say.
    """
    demand_files(file)
    data = file.read_bytes()

    async def work_(hub: Hub) -> enlisting.ImportReport:
        return await enlisting.enlist(hub, data, file.name, dry_run=dry_run, actor=CONSOLE)

    report = with_hub(config, work_)
    document = report.to_json()
    if json:
        print_json(document)
    else:
        for refused in document["refused"]:
            where = ", ".join(filter(None, [f"row {refused['row']}", refused["column"]]))
            out.print(f"{where}: {refused['reason']}; {refused['remedy']}")
        counts = ("rows", "new", "updated", "unchanged", "kept_opted_out", "merged")
        out.print(
            ("Nothing was changed. " if dry_run else "")
            + ", ".join(f"{name.replace('_', ' ')} {document[name]}" for name in counts)
            + f", refused {len(document['refused'])}.",
        )
    raise typer.Exit(1 if document["refused"] else 0)


@journal.callback(invoke_without_command=True)
def journal_(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Option(help="Only what was done to this directive or person.")
    ] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the journal: who did what when, and the hash that seals it."""
    if context.invoked_subcommand:
        return

    async def work_(hub: Hub) -> list[keeping.Entry]:
        async with hub.store.read() as tx:
            return [entry async for entry in keeping.entries(tx, subject=subject)]

    entries = with_hub(config, work_)
    if json:
        print_json({"entries": [entry.to_json() for entry in entries]})
        return
    table(
        "No",
        "When",
        "Who",
        "What",
        "To",
        "Hash",
        rows=[
            (e.id, f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.action, e.subject, e.hash[:12]) for e in entries
        ],
    )


@journal.command()
def verify(json: JsonOption = False, config: ConfigOption = None) -> None:
    """Walk the chain of hashes; exit code 1 and the first bad entry when somebody has altered it."""

    async def work_(hub: Hub) -> keeping.Verdict:
        async with hub.store.read() as tx:
            return await keeping.verify(tx)

    verdict = with_hub(config, work_)
    if json:
        print_json(
            {
                "holds": verdict.fault is None,
                "entries": verdict.entries,
                "head": verdict.head,
                "fault": verdict.fault,
            }
        )
    elif verdict.fault is None:
        out.print(f"The journal holds: {verdict.entries} entries, head {verdict.head}.")
    else:
        out.print(f"The journal does not hold: {verdict.fault}.", style="bold red")
    raise typer.Exit(0 if verdict.fault is None else 1)
