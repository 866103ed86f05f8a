"""The hub's errors. The docstring is the first half of the message; the argument names the place and the remedy."""


class UnivoqueError(Exception):
    """Something went wrong."""

    exit_code = 3

    def __str__(self) -> str:
        said = super().__str__()
        return f"{type(self).__doc__} {said}".strip() if said else str(type(self).__doc__)


class WrongUse(UnivoqueError):
    """The command was used wrongly."""

    exit_code = 2


class Refusal(UnivoqueError):
    """A rule of the house says no."""

    exit_code = 1


class NotFound(Refusal):
    """There is no such thing here."""


class NotAllowed(Refusal):
    """This person may not do that."""


class ConfigError(UnivoqueError):
    """The settings cannot be used."""

    exit_code = 2


class FaultyFile(UnivoqueError):
    """The file cannot be read as it stands."""

    exit_code = 1


class EnvironmentFailed(UnivoqueError):
    """The surroundings failed (disk, network, another process)."""

    exit_code = 3
