"""What every command needs: the settings it was given, an open hub, and somebody's token."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from hub import register
from hub.cli import given
from hub.config import Config, load
from hub.context import Hub, demand_instance, demand_words, open_hub
from hub.errors import WrongUse
from hub.flow.authorise import authorise
from hub.model.staff import Role, Staff
from hub.now import for_mode, parse_instant
from hub.render import wording
from hub.store import schema
from hub.store.engine import open_store, sqlite_url

ConfigFile = Path | None
ConfigOption = Annotated[
    ConfigFile, typer.Option("--config", help="The settings file; default ./config.toml.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="T",
        help="As of which day (2020-04-17) or instant (2020-04-17T08:00); default now, for a preview the day of issue.",
    ),
]
RegisterOption = Annotated[
    Path | None, typer.Option("--register", help="A file with further territories and issuers.")
]
ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who acts; their token comes from UNIVOQUE_TOKEN or a prompt.",
        callback=given.person,
    ),
]

CONSOLE = "(console)"
"""Who acts in the journal when somebody at the shell gives no name."""

T = TypeVar("T")
_given: list[ConfigFile] = [None]


def remember(config: ConfigFile) -> None:
    """Keep what stood before the command's name: `univoque --config FILE check …`."""
    _given[0] = config


def settings(config: ConfigFile) -> Config:
    """The settings: the command's own --config before the one given first."""
    return load(config or _given[0])


def config_file(config: ConfigFile) -> ConfigFile:
    """The file that a child process must be given to read the same settings."""
    return config or _given[0]


def with_hub(config: ConfigFile, work: Callable[[Hub], Awaitable[T]], *, make: bool = False) -> T:
    """Run `work` on the open instance; only `init` may make one.

    Raises EnvironmentFailed where there is none, and where its tables are not those of this version.
    """
    chosen = settings(config)
    if not make:
        demand_instance(chosen)

    async def run() -> T:
        async with open_hub(chosen, for_mode(chosen.service.mode)) as hub:
            if not make:
                await schema.demand_current(hub.store)
            return await work(hub)

    return asyncio.run(run())


def bare_hub(config: ConfigFile, extra_register: Path | None) -> Hub:
    """A hub for commands that only read files: its store is never opened."""
    chosen = settings(config)
    if extra_register is not None:
        demand_files(extra_register)
    words = wording.load()
    demand_words(chosen, words)
    return Hub(
        config=chosen,
        store=open_store(sqlite_url(Path(":memory:"))),
        register=register.load(extra_register),
        wording=words,
        clock=for_mode(chosen.service.mode),
    )


async def sign_in(hub: Hub, name: str, role: Role | frozenset[Role]) -> Staff:
    """The person behind --by: their own token from the environment or a prompt.

    Raises WrongUse where there is neither, NotAllowed for another's token.
    """
    token = os.environ.get("UNIVOQUE_TOKEN")
    if token is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise WrongUse(f"Set UNIVOQUE_TOKEN to the token of {name}: there is no terminal to ask for it")
        token = typer.prompt(f"Token of {name}", hide_input=True, err=True)
    return await authorise(hub, name, token.strip(), role)


def instant(text: str | None) -> datetime | None:
    """The instant of --at, None when it was not given. Raises WrongUse."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise WrongUse(f"--at: {error}") from error


def euros(option: str, text: str | None) -> Decimal | None:
    """An amount in EUR, None when it was not given. Raises WrongUse."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}([.,][0-9]{1,2})?", text):
        raise WrongUse(f"{option} {text}: write an amount in EUR, such as 250 or 12.50")
    return Decimal(text.replace(",", "."))


def demand_known(option: str, value: str | None, names: Iterable[str]) -> None:
    """Raises WrongUse, with what there is, for a value that is not among `names`."""
    known = list(names)
    if value is not None and value not in known:
        raise WrongUse(f"{option} {value}: known are {', '.join(known)}")


def demand_files(*files: Path) -> None:
    """Raises WrongUse, with each, where files that a command was given are none."""
    missing = [
        f"{file}: {'a directory, not a file' if file.is_dir() else 'no such file'}"
        for file in files
        if not _is_file(file)
    ]
    if missing:
        raise WrongUse(f"{'; '.join(missing)}; name files that are there")


def _is_file(file: Path) -> bool:
    return file.exists() and not file.is_dir()
