"""Settings: defaults, a file over them, the environment over both, and every fault named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hub import context
from hub.config import load
from hub.config_sources import default_file
from hub.errors import ConfigError
from hub.render import wording
from hub.store.engine import sqlite_file


def test_the_shipped_file_alone_is_enough() -> None:
    assert load(default_file(), {}).email.lanes == 32


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[email]\nhost = "relay.example"\nport = 25\n')

    config = load(file, {"UNIVOQUE__EMAIL__PORT": "465"})

    assert (config.email.host, config.email.port) == ("relay.example", 465)


def test_a_secret_may_come_from_a_file_and_does_not_show_itself(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")

    config = load(default_file(), {"UNIVOQUE__EMAIL__PASSWORD_FILE": str(secret)})

    assert config.email.password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(config)


def test_several_languages_fit_in_one_variable() -> None:
    assert load(default_file(), {"UNIVOQUE__SERVICE__LANGUAGES": "fr,de"}).service.languages == ("fr", "de")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"UNIVOQUE__EMIAL__HOST": "x"}, "did you mean email?"),
        ({"UNIVOQUE__EMAIL__HOTS": "x"}, "did you mean email.host?"),
        ({"UNIVOQUE__EMAIL__PORT": "many"}, "email.port"),
        ({"UNIVOQUE__SERVICE__MODE": "Drill"}, "service.mode"),
        ({"UNIVOQUE__EMAIL__PASSWORD_FILE": "/nowhere"}, "UNIVOQUE__EMAIL__PASSWORD_FILE"),
        (
            {
                "UNIVOQUE__EMAIL__HOST": "relay.example",
                "UNIVOQUE__EMAIL__USERNAME": "u",
                "UNIVOQUE__EMAIL__SECURITY": "none",
            },
            "unencrypted",
        ),
        ({"UNIVOQUE__SERVICE": "x"}, "UNIVOQUE__SERVICE: names a section; write UNIVOQUE__SERVICE__NAME"),
        ({"UNIVOQUE__COLOUR": "x"}, "UNIVOQUE__COLOUR: no such section"),
        ({"UNIVOQUE__SERVICE__LANGUAGES": ""}, "service.languages"),
        ({"UNIVOQUE__SERVICE__BASE_URL": ""}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "univoque.example"}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "ftp://univoque.example"}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "https://univoque.example/hub"}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "https://univoque.example?a=b"}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "https://univoque example"}, "service.base_url"),
        ({"UNIVOQUE__SERVICE__BASE_URL": "https://univoque.example:99999"}, "service.base_url"),
        ({"UNIVOQUE__EMAIL__SENDER": "nobody"}, "email.sender"),
        ({"UNIVOQUE__EMAIL__SENDER": "rédaction@univoque.example"}, "email.sender"),
        ({"UNIVOQUE__EMAIL__SENDER": "Hub <hub@univoque.example>"}, "email.sender"),
        ({"UNIVOQUE__EMAIL__RETURN_PATH": "nobody"}, "email.return_path"),
        ({"UNIVOQUE__EMAIL__RETURN_PATH": "b" * 28 + "@univoque.example"}, "email.return_path"),
        ({"UNIVOQUE__SMS__COST_PER_SEGMENT": "nan"}, "sms.cost_per_segment"),
        ({"UNIVOQUE__SMS__COST_PER_SEGMENT": "-1"}, "sms.cost_per_segment"),
        ({"UNIVOQUE__DELIVERY__LIFE": "0"}, "delivery.life"),
        ({"UNIVOQUE__DELIVERY__LIFE": "inf"}, "delivery.life"),
        ({"UNIVOQUE__DELIVERY__LIFE": "1e12"}, "delivery.life"),
        ({"UNIVOQUE__DELIVERY__FIRST_RETRY": "-1"}, "delivery.first_retry"),
        ({"UNIVOQUE__DELIVERY__FIRST_RETRY": "nan"}, "delivery.first_retry"),
        ({"UNIVOQUE__DELIVERY__DRAIN": "soon"}, "delivery.drain"),
        ({"UNIVOQUE__EMAIL__DOT_TIMEOUT": "0"}, "email.dot_timeout"),
        ({"UNIVOQUE__DATABASE__URL": "mysql://u:secret@db/univoque"}, "database.url"),
        ({"UNIVOQUE__DATABASE__URL": "nonsense"}, "database.url"),
        ({"UNIVOQUE__DATABASE__URL": "sqlite+aiosqlite://"}, "database.url"),
    ],
)
def test_a_fault_is_named_with_its_setting(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(default_file(), environ)


def test_no_fault_repeats_a_password() -> None:
    with pytest.raises(ConfigError) as told:
        load(default_file(), {"UNIVOQUE__DATABASE__URL": "mysql://u:hunter2@db/univoque"})

    assert "hunter2" not in str(told.value)


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="UNIVOQUE__EMAIL__PASSWORD_FILE"):
        load(default_file(), {"UNIVOQUE__EMAIL__PASSWORD_FILE": str(secret)})


def test_a_public_address_loses_its_last_slash() -> None:
    config = load(default_file(), {"UNIVOQUE__SERVICE__BASE_URL": "https://univoque.example:8443/"})

    assert config.service.base_url == "https://univoque.example:8443"


async def test_a_language_without_words_is_refused_when_the_instance_opens() -> None:
    config = load(default_file(), {"UNIVOQUE__SERVICE__LANGUAGES": "fr,nl"})
    known = wording.load()
    only_french = replace(known, languages={"fr": known.languages["fr"]})

    with pytest.raises(ConfigError, match=r"service\.languages: no words in nl; there are fr"):
        context.demand_words(config, only_french)


@pytest.mark.parametrize(
    "url", ["postgresql://u:pass-word@db/univoque", "postgresql+asyncpg://u:pass-word@db"]
)
def test_an_address_of_a_database_that_cannot_be_meant_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"postgresql\+asyncpg://user@host/name") as refused:
        load(default_file(), {"UNIVOQUE__DATABASE__URL": url})

    assert "pass-word" not in str(refused.value)


@pytest.mark.parametrize("text", ["[email\n", "\xff", "a = " + "9" * 5000, "a = " + "[" * 5000])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError, match=r"config\.toml"):
        load(file, {})


def test_a_relative_path_is_taken_from_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "etc", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "config.toml").write_text(
        '[service]\ndata_dir = "here"\n[database]\nurl = "sqlite+aiosqlite:///own.db"\n'
        '[email]\nca_file = "ca.pem"\n'
    )
    monkeypatch.chdir(elsewhere)

    config = load(Path("../etc/config.toml"), {})

    assert config.service.data_dir.resolve() == home / "here"
    assert (sqlite_file(config.database.url) or Path()).resolve() == home / "own.db"
    assert Path(config.email.ca_file).resolve() == home / "ca.pem"


def test_the_default_data_directory_lies_beside_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")

    config = load(tmp_path / "config.toml", {})

    assert config.service.data_dir == tmp_path / "data"
    assert config.email.ca_file == ""
    assert config.database.url == ""


def test_an_absolute_path_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")

    config = load(tmp_path / "config.toml", {"UNIVOQUE__SERVICE__DATA_DIR": "/srv/univoque"})

    assert config.service.data_dir == Path("/srv/univoque")


def test_without_a_settings_file_a_path_is_taken_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load(None, {}).service.data_dir == Path("data")
