"""The whole demo, small: it starts, is refused once, sends, shows, and leaves nothing behind. The slowest test here."""

import asyncio
import re
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import feedparser
from aiohttp import ClientSession

ROOT = Path(__file__).resolve().parents[3]
PLAY = "import sys, pathlib; from hub.demo import replay; " \
    "sys.exit(replay.main(data_dir=pathlib.Path(sys.argv[1]), port=0, keep=True, quick=True))"  # fmt: skip


@asynccontextmanager
async def _demo(directory: Path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PLAY,
        str(directory),
        cwd=ROOT,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read_until(process: Process, last: str) -> str:
    assert process.stdout is not None
    said = ""
    while last not in said:
        line = await process.stdout.readline()
        assert line, f"the demo ended early:\n{said}"
        said += line.decode()
    return said


async def _get(address: str) -> str:
    async with ClientSession() as http, http.get(address) as response:
        assert response.status == 200
        return await response.text()


async def test_the_demo_refuses_once_then_sends_shows_and_ends_cleanly(tmp_path: Path) -> None:
    directory = tmp_path / "demo"

    async with asyncio.timeout(100), _demo(directory) as process:
        said = await _read_until(process, "Ctrl-C")
        page, site = re.findall(r"http://127\.0\.0\.1:\d+", said[said.index("Now look") :])[:2]
        shown, public = await _get(page), await _get(site)
        feed = feedparser.parse(await _get(f"{site}/feeds/all.atom"))
        process.send_signal(signal.SIGINT)
        code = await process.wait()

    assert code == 0
    assert "youth.care" in said[said.index("Refused at the gate") :]
    assert "four.hats@example.org" in shown
    assert "Reprise encadrée des visites" in public
    assert len({entry.link.split("/d/")[1].split("/")[0] for entry in feed.entries}) == 6
    with closing(sqlite3.connect(directory / "univoque.db")) as database:
        deliveries = database.execute("SELECT channel, count(*) FROM deliveries GROUP BY channel").fetchall()
        accepted = database.execute("SELECT count(*) FROM attempts WHERE outcome = 'accepted'").fetchone()[0]
        actions = [row[0] for row in database.execute("SELECT action FROM journal ORDER BY id")]
    sent = dict(deliveries)
    mail = (directory / "mailbox").read_bytes()
    assert accepted == sum(sent.values())
    assert mail.count(b"\r\nMessage-ID: ") == sent["email"]
    assert actions.index("draft") < actions.index("submit") < actions.index("approve")
    assert actions.count("approve") == 6
    assert actions.count("waive") == 5
    assert _still_running(directory) == []


def _still_running(directory: Path) -> list[str]:
    """Command lines of processes that name the demo's directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes()
        except OSError:
            continue
        if str(directory).encode() in line:
            found.append(line.decode())
    return found
