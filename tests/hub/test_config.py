"""Settings: defaults, a file over them, the environment over both, and every fault named."""

from pathlib import Path

import pytest

from hub.config import default_file, load
from hub.errors import ConfigError


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
    ],
)
def test_a_fault_is_named_with_its_setting(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?").replace(".", r"\.")):
        load(default_file(), environ)


@pytest.mark.parametrize("text", ["[email\n", "\xff"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError, match=r"config\.toml"):
        load(file, {})
