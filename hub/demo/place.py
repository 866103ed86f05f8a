"""Where the demo lives: a directory of its own, free ports, and the settings that keep it on this machine."""

import json
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from hub import config
from hub.config import Config
from hub.errors import WrongUse
from hub.lock import Lock

MARK = ".univoque-demo"
"""Lies in a directory that the demo made; it deletes no other."""

SENDER = "+32460000000"
ACCOUNT = "AC" + "0" * 32
HOST = "127.0.0.1"


def fresh(directory: Path) -> Lock:
    """Make the directory anew, and hold it: what an earlier demo left is deleted.

    Raises WrongUse for a directory that is not the demo's, EnvironmentFailed while another demo runs in it.
    """
    mark = directory / MARK
    if mark.is_file():
        with Lock(mark):
            shutil.rmtree(directory)
    elif directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise WrongUse(f"{directory} was not made by the demo and is not empty; name another directory")
    directory.mkdir(parents=True, exist_ok=True)
    held = Lock(mark)
    held.take()
    return held


def free_port(preferred: int) -> int:
    """The preferred port where nobody listens on it, else a free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise WrongUse("No port is free on this machine")


@dataclass(frozen=True, slots=True)
class Place:
    """One demo: its directory, its public address, and the secret that its phones share with it."""

    directory: Path
    port: int
    token: str
    held: Lock

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def settings(self) -> Path:
        return self.directory / "config.toml"

    @property
    def clock(self) -> Path:
        return self.directory / "clock"

    @property
    def people(self) -> Path:
        return self.directory / "subscribers.csv"

    @property
    def log(self) -> Path:
        return self.directory / "serve.log"

    def write_settings(self, *, mailbox: int, phones: str) -> Config:
        """Write the demo's config.toml and read it back; whoever starts the demo lends it no setting."""
        sections: dict[str, dict[str, object]] = {
            "service": {"data_dir": str(self.directory), "base_url": self.site, "mode": "Exercise"},
            "web": {"host": HOST, "port": self.port},
            "email": {"enabled": True, "host": HOST, "port": mailbox, "sink": True, "security": "none"},
            "sms": {"enabled": True, "base_url": phones, "sink": True, "account_sid": ACCOUNT, "auth_token": self.token,
                    "sender": SENDER},
            "delivery": {"drain": 3},
            "log": {"level": "info", "format": "json"},
        }  # fmt: skip
        lines = ["# The demo's settings: the rest is as in the config.toml that ships."]
        for name, values in sections.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        self.settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return config.load(self.settings, environ={})


def prepare(directory: Path, port: int) -> Place:
    """A clean place for a demo that is about to start."""
    directory = directory.resolve()
    held = fresh(directory)
    return Place(directory, free_port(port), secrets.token_hex(16), held)
