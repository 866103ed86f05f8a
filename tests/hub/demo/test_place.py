"""The demo starts clean, in a directory of its own, with settings that reach this machine only."""

import socket
from pathlib import Path

import pytest

from hub.demo import place
from hub.errors import EnvironmentFailed, WrongUse


def test_a_second_demo_starts_clean(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    place.fresh(directory).release()
    (directory / "univoque.db").write_text("old", encoding="utf-8")

    place.fresh(directory).release()

    assert [file.name for file in directory.iterdir()] == [place.MARK]


def test_a_running_demo_is_not_swept_away(tmp_path: Path) -> None:
    running = place.fresh(tmp_path / "demo")

    with pytest.raises(EnvironmentFailed, match="stop it first"):
        place.fresh(tmp_path / "demo")

    running.release()


def test_a_directory_that_the_demo_did_not_make_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years", encoding="utf-8")

    with pytest.raises(WrongUse, match="name another directory"):
        place.fresh(tmp_path)

    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "three years"


def test_a_busy_port_gives_way_to_a_free_one() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]

        port = place.free_port(taken)

    assert port != taken


def test_the_settings_of_whoever_starts_the_demo_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNIVOQUE__SERVICE__MODE", "Actual")
    monkeypatch.setenv("UNIVOQUE__EMAIL__HOST", "relay.live.example")
    here = place.prepare(tmp_path / "demo", 0)
    here.held.release()

    config = here.write_settings(mailbox=2525, phones="http://127.0.0.1:9999")

    assert config.service.mode == "Exercise"
    assert (config.email.host, config.email.port) == ("127.0.0.1", 2525)
    assert config.sms.auth_token.get_secret_value() == here.token


def test_the_demo_says_of_its_own_mailbox_and_phones_that_they_deliver_nothing(tmp_path: Path) -> None:
    here = place.prepare(tmp_path / "demo", 0)
    here.held.release()

    config = here.write_settings(mailbox=2525, phones="http://127.0.0.1:9999")

    assert config.email.sink
    assert config.sms.sink
