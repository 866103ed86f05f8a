"""Where settings come from: the defaults that ship, a file laid over them, the environment over both."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from hub.errors import ConfigError
from hub.faults import no_toml

ENVIRONMENT_PREFIX = "UNIVOQUE__"


def default_file() -> Path:
    """The config.toml that ships with the code: beside the packages in a checkout, inside them in a wheel."""
    beside = Path(__file__).resolve().parent.parent / "config.toml"
    if beside.is_file():
        return beside
    return Path(str(resources.files("hub") / "_config.default.toml"))


def read(file: Path) -> dict[str, Any]:
    """The tables of a file. Raises ConfigError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{file} is not there; `univoque init` writes one") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{file} is a directory; {_file_in(file)}") from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}; let this user read it, or name another") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: {'; '.join(no_toml(error))}") from error


def _file_in(directory: Path) -> str:
    inside = directory / "config.toml"
    if inside.is_file():
        return f"name its file: --config {inside}"
    return f"`univoque init --config {inside}` writes a settings file in it"


def merge(values: dict[str, Any], over: dict[str, Any]) -> None:
    """Lay settings over others, one by one."""
    for section, table in over.items():
        if isinstance(table, dict) and isinstance(values.get(section), dict):
            values[section] = {**values[section], **table}
        else:
            values[section] = table


def from_environment(environ: Mapping[str, str], known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """UNIVOQUE__EMAIL__PASSWORD=…, or UNIVOQUE__EMAIL__PASSWORD_FILE=/run/credentials/…; `known` by section.

    Raises ConfigError.
    """
    found: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.upper().startswith(ENVIRONMENT_PREFIX):
            continue
        section, _, key = name[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
        if not key:
            raise ConfigError(_no_setting(name, section, known))
        if key.endswith("_file") and key != "ca_file":
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{name}: {error.strerror}: {value}") from error
            except UnicodeDecodeError as error:
                raise ConfigError(f"{name}: {value} is no text in UTF-8") from error
            key = key.removesuffix("_file")
        found.setdefault(section, {})[key] = (
            [part.strip() for part in value.split(",")]
            if (section, key) == ("service", "languages")
            else value
        )
    return found


def _no_setting(name: str, section: str, known: Mapping[str, Sequence[str]]) -> str:
    if section not in known:
        return f"{name}: no such section; there are {', '.join(known)}"
    first = known[section][0].upper()
    return (
        f"{name}: names a section; write {name.upper().removesuffix('__')}__{first}=… for one setting of it"
    )
