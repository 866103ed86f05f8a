"""Fan out: from the approval of a directive to the last acceptance at a mail server, through the real path.

Every mail is personal (To, Message-ID, unsubscribe link, personal link), in text and HTML: `octets_each`.
Without --smtp a small mail server is started on this machine. `--json` prints one JSON document.
A mail server that does not answer, or takes nothing more for --patience seconds, ends it with exit code 3.

`--prepare FOLDER` only brings the recipients in and submits, and `--prepared FOLDER` begins there: then the memory
of approving and planning is measured without that of the import. `--receipts chunk` sends with nothing kept but
which chunks are done (bench/unreceipted.py). `bench/compare.py` puts it all beside its peers.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import exists, func, select  # noqa: E402 - the path comes first

from channels import email, probe  # noqa: E402
from channels.contract import ChannelError, Outgoing, Words  # noqa: E402
from channels.settings import EmailSettings  # noqa: E402
from hub import config as settings  # noqa: E402
from hub.context import Hub, open_hub  # noqa: E402
from hub.errors import EnvironmentFailed, UnivoqueError  # noqa: E402
from hub.flow import guard  # noqa: E402
from hub.flow.approve import approve  # noqa: E402
from hub.flow.dispatch import dispatch  # noqa: E402
from hub.flow.enlist import enlist  # noqa: E402
from hub.flow.submit import submit  # noqa: E402
from hub.model.directive import AUDIENCES, Contact, Directive, Measure, Text  # noqa: E402
from hub.model.staff import Role, Staff  # noqa: E402
from hub.store import dispatches, schema  # noqa: E402
from hub.store.tables import attempts, bodies, chunks  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--smtp", metavar="HOST:PORT", type=_address, help="the mail server; default: one of our own"
    )
    parser.add_argument("--recipients", type=int, default=5_000, metavar="N")
    parser.add_argument("--lanes", type=int, default=32, help="connections to the mail server")
    parser.add_argument(
        "--patience", type=float, default=60.0, metavar="SECONDS", help="without a new acceptance"
    )
    parser.add_argument("--prepare", metavar="FOLDER", type=Path, help="bring the recipients in, and end")
    parser.add_argument("--prepared", metavar="FOLDER", type=Path, help="begin with what --prepare left")
    parser.add_argument("--receipts", choices=("message", "chunk"), default="message", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    if chosen.prepare is not None:
        chosen.prepare.mkdir(parents=True)
        asyncio.run(_prepare(_settings_file(chosen.prepare, "127.0.0.1", 0, 1), chosen.recipients))
        return
    try:
        with (
            tempfile.TemporaryDirectory(prefix="univoque-bench-") as folder,
            _server(chosen.smtp) as (host, port),
        ):
            if chosen.prepared is not None:
                shutil.copytree(chosen.prepared, folder, dirs_exist_ok=True)
            file = _settings_file(Path(folder), host, port, chosen.lanes)
            if chosen.prepared is None:
                asyncio.run(_prepare(file, chosen.recipients))
            before = _octets(Path(folder))
            measured = asyncio.run(_measure(file, chosen.recipients, chosen.patience, chosen.receipts))
            measured |= {"octets_before": before, "octets_after": _octets(Path(folder))}
    except UnivoqueError as error:
        if chosen.json:
            print(json.dumps({"error": {"kind": error.kind, "text": str(error)}}))
        parser.exit(error.exit_code, f"{error}\n")
    found = {"messages_per_second": round(chosen.recipients / measured["seconds"], 1), **measured}
    print(
        json.dumps(found)
        if chosen.json
        else "\n".join(f"{key:20} {value:>12,}" for key, value in found.items())
    )


def _octets(folder: Path) -> int:
    """What the database takes on the disk, its log included."""
    return sum(file.stat().st_size for file in folder.glob("univoque.db*"))


_LOOK = 1.0
"""Seconds between two looks whether all is done: they take from the sender's cores, and no figure comes from them."""

SETTINGS = """
[service]
data_dir = "{folder}"
mode = "Actual"
[email]
enabled = true
host = "{host}"
port = {port}
security = "none"
lanes = {lanes}
[log]
level = "error"
"""


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no HOST:PORT")
    return host, int(port)


@contextlib.contextmanager
def _server(given: tuple[str, int] | None) -> Iterator[tuple[str, int]]:
    if given is not None:
        yield given
        return
    command = [sys.executable, "-m", "tests.doubles.sink"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield "127.0.0.1", int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _settings_file(folder: Path, host: str, port: int, lanes: int) -> Path:
    file = folder / "config.toml"
    file.write_text(SETTINGS.format(folder=folder, host=host, port=port, lanes=lanes))
    return file


async def _prepare(file: Path, recipients: int) -> None:
    """Bring the recipients in and submit the directive."""
    async with open_hub(settings.load(file, environ={})) as hub:
        await schema.upgrade(hub.store)
        rows = "".join(f"lecteur-{n}@example.org;fr;5000;general;citizen\n" for n in range(recipients))
        people = "email;langue;commune;secteur;audience\n" + rows
        await enlist(hub, people.encode(), "lecteurs.csv", dry_run=False, actor="bench")
        submission = await submit(hub, _directive(), by=_staff("Editor", Role.EDITOR))
        if not submission.accepted:
            raise EnvironmentFailed(f"the gate stops the bench's directive: {submission.findings}")


async def _measure(file: Path, recipients: int, patience: float, receipts: str) -> dict[str, Any]:
    """Approve, plan and send; seconds are from the approval to the last acceptance."""
    role = {"message": ["-m", "hub.app", "sender"], "chunk": [str(ROOT / "bench" / "unreceipted.py")]}
    async with open_hub(settings.load(file, environ={})) as hub:
        await _demand_answer(hub.config.email)
        command = [sys.executable, *role[receipts], "--config", str(file)]
        sender = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        assert sender.stdout is not None
        try:
            if not await sender.stdout.readline():
                raise EnvironmentFailed("the sender did not start; what it says stands above")
            await guard.look(hub, "bench")  # as `univoque approve` does before it asks
            approved = await approve(hub, "bench", by=_staff("Approver", Role.APPROVER), count=recipients)
            since = approved.revision.approved_at
            assert since is not None
            planned = await dispatch(hub, directive="bench", number=1)
            if planned.recipients != recipients:
                raise EnvironmentFailed(
                    f"{planned.recipients} recipients were planned instead of {recipients}"
                )
            planned_after = (hub.clock.now() - since).total_seconds()
            own_memory = _memory(resource.RUSAGE_SELF)
            octets = await _octets_each(hub)
            if receipts == "chunk":
                seconds = await _until_ticked_off(hub, planned.dispatch, since, patience)
                paces = {}
            else:
                seconds = await _until_accepted(hub, planned.dispatch, recipients, since, patience)
                paces = await _paces(hub, planned.dispatch, recipients, since)
        finally:
            with contextlib.suppress(ProcessLookupError):
                sender.terminate()
            await sender.wait()
    return {
        "seconds": round(seconds, 3),
        "peak_rss_mb": _memory(resource.RUSAGE_CHILDREN),  # of the sender
        "recipients": recipients,
        "octets_each": octets,
        "planned_after_s": round(planned_after, 3),
        "planner_rss_mb": own_memory,
        **paces,
    }


async def _octets_each(hub: Hub) -> int:
    """How long a reader's mail is as it leaves, from its first header to the dot."""
    c = bodies.c
    async with hub.store.read() as tx:
        query = select(c.subject, c.text, c.html, c.language, c.stream).limit(1)
        *words, stream = (await tx.execute(query)).one()
    prepared = email.prepare(Words(*words), hub.config.email, stream=stream, headers={}, now=hub.clock.now())
    page = f"{hub.config.service.base_url}/u/{'x' * 32}"
    key = "00000000-0000-0000-0000-000000000000"
    reader = Outgoing(
        prepared, "lecteur-10000@example.org", key, "", hub.clock.now(), page, f"{page}/one-click"
    )
    return len(prepared.wire(reader, form=prepared.whole))


def _memory(who: int) -> float:
    return round(resource.getrusage(who).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2), 1)


async def _paces(hub: Hub, number: int, recipients: int, since: datetime) -> dict[str, float]:
    """When the first message was accepted, and how long the first and the last tenth of them took."""
    accepted = (attempts.c.dispatch == number) & (attempts.c.outcome == "accepted")
    tenth = max(1, recipients // 10)
    instants = []
    async with hub.store.read() as tx:
        for nth in (0, tenth - 1, recipients - tenth, recipients - 1):
            query = select(attempts.c.at).where(accepted).order_by(attempts.c.id).offset(nth).limit(1)
            instants.append((await tx.execute(query)).scalar_one())
    first, first_tenth, last_tenth, last = instants
    return {
        "first_after_s": round((first - since).total_seconds(), 3),
        "first_tenth_s": round((first_tenth - first).total_seconds(), 3),
        "last_tenth_s": round((last - last_tenth).total_seconds(), 3),
    }


async def _until_ticked_off(hub: Hub, number: int, since: datetime, patience: float) -> float:
    """Wait until every chunk is done; the figure is from the last one's own instant."""
    async with asyncio.timeout(patience * 10):
        while True:
            await asyncio.sleep(_LOOK)
            async with hub.store.read() as tx:
                if not await dispatches.unfinished(tx, number):
                    break
    async with hub.store.read() as tx:
        last = (
            await tx.execute(select(func.max(chunks.c.done_at)).where(chunks.c.dispatch == number))
        ).scalar_one()
    return float((last - since).total_seconds())


async def _demand_answer(email: EmailSettings) -> None:
    """Raises EnvironmentFailed where nothing that speaks SMTP answers within ten seconds."""
    try:
        async with asyncio.timeout(10):
            await probe.relay(email, mode="Actual")
    except (ChannelError, TimeoutError) as error:
        where = f"{email.host}:{email.port}"
        raise EnvironmentFailed(f"No mail server answers at {where} ({error or 'no greeting'})") from error


async def _until_accepted(hub: Hub, number: int, recipients: int, since: datetime, patience: float) -> float:
    """Wait for the end; the figure is from the ledger's own instants.

    Raises EnvironmentFailed where nothing more was accepted for `patience` seconds, or something never will be.
    """
    accepted = (attempts.c.dispatch == number) & (attempts.c.outcome == "accepted")
    loop = asyncio.get_running_loop()
    furthest, moved_at = 0, loop.time()
    while True:
        await asyncio.sleep(_LOOK)
        async with hub.store.read() as tx:
            if not await dispatches.unfinished(tx, number):
                break
            # By their ids alone, up to the first: two cores are shared, and what this reads the sender waits for.
            new = (attempts.c.id > furthest) & (attempts.c.outcome == "accepted")
            moved = (await tx.execute(select(exists().where(new)))).scalar_one()
            furthest = (await tx.execute(select(func.max(attempts.c.id)))).scalar() or 0
        if moved:
            moved_at = loop.time()
        if loop.time() - moved_at > patience:
            raise EnvironmentFailed(f"The mail server has taken nothing for {patience:g} s; see what it says")
    async with hub.store.read() as tx:
        query = select(func.count(), func.max(attempts.c.at)).where(accepted)
        count, last = (await tx.execute(query)).one()
    if count != recipients:
        raise EnvironmentFailed(f"{count} of {recipients} were accepted; see what the mail server says")
    return float((last - since).total_seconds())


def _staff(name: str, role: Role) -> Staff:
    return Staff(name, frozenset({role}), datetime.now(UTC))


def _text(words: str) -> Text:
    return {"fr": words, "de": words, "nl": words, "en": words}


def _directive() -> Directive:
    """One rule for everybody, as an act would say it."""
    now = datetime.now(UTC).replace(microsecond=0, second=0)
    return Directive(
        id="bench",
        issuer="wal-min-sante",
        act_type="circulaire",
        title=_text("Interdiction des visites"),
        urgency="Immediate",
        territory=("90000",),
        sectors=("general",),
        audiences=AUDIENCES,
        measures=(
            Measure(
                id="m1",
                topic="visits",
                modality="forbidden",
                actor="citizen",
                verb=_text("rendre visite"),
                object=_text("les visites aux personnes qui vivent en institution"),
            ),
        ),
        issued=now.date(),
        effective_from=now,
        effective_to=now + timedelta(days=21),
        contacts=(Contact("appel", _text("Centre d'appel"), phone="0800 14 689"),),
    )


if __name__ == "__main__":
    main()
