"""Puts the commands together and turns every error into one clear line, or document, and its exit code."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from hub.cli import acts, addresses, holding, house, people, retrying, rules, sheets, spending, status, words
from hub.cli.printing import complain, print_error
from hub.cli.wiring import ConfigFile, remember
from hub.errors import UnivoqueError, WrongUse, refused_by_system


class Commands(TyperGroup):
    """The commands; what a command line lacks is also told as a document, where a script asks for one."""

    def make_context(self, *args: Any, **given: Any) -> Any:
        with _told():
            return super().make_context(*args, **given)

    def invoke(self, *args: Any, **given: Any) -> Any:
        with _told():
            return super().invoke(*args, **given)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except TyperException as error:
        print_error(WrongUse.kind, error.format_message())
        raise


app = typer.Typer(
    name="univoque",
    cls=Commands,
    help="Univoque: one sheet of facts, every reader, one meaning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

for module in (house, sheets, rules, acts, status, holding, retrying, people, addresses, words, spending):
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
