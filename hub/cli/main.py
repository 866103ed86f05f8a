"""Puts the commands together and turns every error into one clear line and its exit code."""

import sys
from typing import Annotated

import typer

from hub.cli import acts, house, people, rules, sheets, words
from hub.cli.printing import complain
from hub.cli.wiring import ConfigFile, remember
from hub.errors import UnivoqueError, refused_by_system

app = typer.Typer(
    name="univoque",
    help="Univoque: one sheet of facts, every reader, one meaning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

for module in (house, sheets, rules, acts, people, words):
    module.add_to(app)


@app.callback()
def root(
    config: Annotated[ConfigFile, typer.Option(help="The settings file; default ./config.toml.")] = None,
) -> None:
    """Univoque: one sheet of facts, every reader, one meaning."""
    remember(config)


def main() -> None:
    """The `univoque` command."""
    try:
        app(standalone_mode=True)
    except UnivoqueError as error:
        complain(error)
        sys.exit(error.exit_code)
    except OSError as error:
        failed = refused_by_system(error)
        complain(failed)
        sys.exit(failed.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
