"""What names a directive or a person on a command line is never empty."""

from typing import Annotated

import typer

from hub.errors import WrongUse


def directive_id(given: str | None) -> str | None:
    """The id as it was given. Raises WrongUse for an empty one."""
    if given is not None and not given.strip():
        raise WrongUse("the directive's id is empty; `univoque status` lists what there is")
    return given


def person(given: str | None) -> str | None:
    """The name as it was given. Raises WrongUse for an empty one."""
    if given is not None and not given.strip():
        raise WrongUse("the person's name is empty; `univoque staff list` says who is registered")
    return given


def new_person(given: str | None) -> str | None:
    """The same for somebody who is yet to be registered. Raises WrongUse."""
    if given is not None and not given.strip():
        raise WrongUse("the new person's name is empty; `univoque staff add NAME --role ROLE` registers one")
    return given


Id = Annotated[str, typer.Argument(metavar="ID", help="The directive's id.", callback=directive_id)]
"""The directive that a command is about."""
