"""The service as a whole: one at a time, and nothing of it outlives it."""

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import app
from hub.errors import EnvironmentFailed, WrongUse
from hub.lock import Lock
from hub.store import schema
from hub.store.engine import open_store, sqlite_url
from tests.doubles.smtp import SmtpDouble
from tests.processes import children, is_there, python

SETTINGS = """
[service]
data_dir = "{folder}"
[web]
port = {port}
[delivery]
drain = 2
"""


def configure(folder: Path, port: int = 0) -> Path:
    file = folder / "config.toml"
    file.write_text(SETTINGS.format(folder=folder, port=port))
    return file


@pytest.fixture
async def settings(tmp_path: Path) -> Path:
    """The settings of an instance that is ready to serve."""
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    await store.close()
    return configure(tmp_path)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - other processes ring no bell
            await asyncio.sleep(0.05)


async def ready(settings: Path) -> asyncio.subprocess.Process:
    """A `serve` whose two processes are at work."""
    service = await python(_serving(settings))
    assert service.stdout is not None
    async with asyncio.timeout(20):
        assert await service.stdout.readline() == b"ready\n"
    return service


def _serving(settings: Path) -> str:
    return (
        "from pathlib import Path; from hub import app; "
        f"app.serve(Path({str(settings)!r}), ready=lambda: print('ready', flush=True))"
    )


def _command(name: str, settings: Path) -> str:
    """What the shell runs, with its exit code."""
    return (
        f"import sys; sys.argv = ['univoque', {name!r}, '--config', {str(settings)!r}]; "
        "from hub.cli import main; main()"
    )


async def test_a_second_serve_on_the_same_database_is_told_who_has_it(settings: Path) -> None:
    service = await ready(settings)

    with pytest.raises(EnvironmentFailed, match=rf"Process {service.pid} \(univoque serve\) is at work on"):
        await asyncio.to_thread(app.serve, settings)

    service.terminate()
    await service.wait()


async def test_beside_a_serve_no_second_sender_starts(settings: Path) -> None:
    service = await ready(settings)

    with pytest.raises(EnvironmentFailed, match=rf"Process {service.pid} \(univoque serve\) is at work"):
        await asyncio.to_thread(app.work, settings)

    service.terminate()
    await service.wait()


async def test_beside_a_lone_sender_no_serve_starts(settings: Path) -> None:
    sender = await python(_command("work", settings))
    lock = settings.with_name("univoque.db.sender.lock")
    await until(lambda: lock.exists() and lock.read_text() == str(sender.pid))

    with pytest.raises(EnvironmentFailed, match=rf"Process {sender.pid} \(univoque work\) is at work"):
        await asyncio.to_thread(app.serve, settings)

    sender.terminate()
    async with asyncio.timeout(20):
        await sender.communicate()
    assert sender.returncode == 0


async def test_asked_to_stop_it_ends_with_all_that_it_started(settings: Path) -> None:
    service = await ready(settings)
    theirs = children(service.pid)

    service.terminate()
    async with asyncio.timeout(10):
        code = await service.wait()

    assert code == 0
    assert set(theirs) == {"web", "sender"}
    assert not any(is_there(pid) for pid in theirs.values())


async def test_what_it_started_ends_even_when_it_is_killed(settings: Path) -> None:
    service = await ready(settings)
    theirs = children(service.pid)

    service.kill()
    await service.wait()

    await until(lambda: not any(is_there(pid) for pid in theirs.values()))


async def test_a_process_that_dies_is_started_again(settings: Path) -> None:
    service = await ready(settings)
    web = children(service.pid)["web"]

    os.kill(web, signal.SIGKILL)

    await until(lambda: children(service.pid).get("web", web) != web)
    service.terminate()
    await service.wait()


async def test_a_port_that_is_taken_ends_it_with_a_reason(settings: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        configure(tmp_path, port=taken.getsockname()[1])

        service = await python(_command("serve", settings))
        async with asyncio.timeout(20):
            _, said = await service.communicate()

    assert service.returncode == 3
    assert b"The web process did not start" in said
    assert b"ExceptionGroup" not in said
    assert b"Traceback" not in said


async def test_a_database_without_tables_is_not_served(tmp_path: Path) -> None:
    file = configure(tmp_path)
    (tmp_path / "univoque.db").touch()

    with pytest.raises(
        EnvironmentFailed, match=r"univoque\.db does not have the tables .* run `univoque init`"
    ):
        await asyncio.to_thread(app.serve, file)


async def test_with_sqlite_there_is_no_slot_to_name(settings: Path) -> None:
    with pytest.raises(WrongUse, match="leave it out"):
        await asyncio.to_thread(app.work, settings, "second")


@pytest.mark.parametrize("start", [app.serve, app.work])
def test_where_there_is_no_instance_none_is_made(tmp_path: Path, start: Callable[[Path], int]) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[service]\ndata_dir = "data"\n')

    with pytest.raises(EnvironmentFailed, match=r"univoque\.db is not there; run `univoque init` first"):
        start(file)

    assert list(tmp_path.iterdir()) == [file]


async def test_a_lock_is_free_again_when_it_is_released(tmp_path: Path) -> None:
    with Lock(tmp_path / "lock"), pytest.raises(EnvironmentFailed, match=f"Process {os.getpid()}"):
        Lock(tmp_path / "lock").take()

    with Lock(tmp_path / "lock"):
        pass


def _sender(settings: Path) -> str:
    """The sender alone, as `serve` starts it."""
    arguments = ["hub.app", "sender", "--config", str(settings)]
    return f"import sys; sys.argv = {arguments!r}; from hub.app import main; sys.exit(main())"


def _more(settings: Path, lines: str) -> None:
    with settings.open("a", encoding="utf-8") as file:
        file.write(lines)


async def test_a_sender_in_exercise_mode_ends_before_it_could_reach_a_live_relay(settings: Path) -> None:
    _more(settings, '[email]\nenabled = true\nhost = "relay.example.org"\n')

    sender = await python(_sender(settings))
    async with asyncio.timeout(60):
        said, why = await sender.communicate()

    assert sender.returncode == 2
    assert said == b"", "it was never at work"
    assert b"an exercise, which reaches this machine only" in why


async def test_a_sender_in_exercise_mode_ends_before_it_could_reach_a_mail_server_that_delivers(
    settings: Path,
) -> None:
    async with SmtpDouble() as relay:
        _more(settings, f'[email]\nenabled = true\nport = {relay.port}\nsecurity = "none"\n')

        sender = await python(_sender(settings))
        async with asyncio.timeout(60):
            _, why = await sender.communicate()

        assert sender.returncode == 2
        assert relay.connections == 0
    assert b"Set email.sink to true" in why


async def test_a_sender_on_a_copied_database_stays_up_and_says_why_it_sends_nothing(settings: Path) -> None:
    with sqlite3.connect(settings.with_name("univoque.db")) as copy:
        copy.execute("INSERT INTO settings VALUES ('sender/life/elsewhere', '3 abc')")
    copy.close()

    sender = await python(_sender(settings))
    assert sender.stdout is not None
    async with asyncio.timeout(60):
        said = await sender.stdout.readline()
        await asyncio.sleep(0.7)
        alive = sender.returncode is None
        sender.terminate()
        _, why = await sender.communicate()

    assert (said, alive, sender.returncode) == (b"ready\n", True, 0), "`serve` takes it for at work"
    assert b"this database is not sent from here" in why
    assert b"univoque adopt" in why
