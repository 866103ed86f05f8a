"""The hub's errors. The docstring is the first half of the message; the argument names the place and the remedy."""

import errno


class UnivoqueError(Exception):
    """Something went wrong."""

    exit_code = 3
    kind = "failed"
    """What scripts read it by (docs/commands.md)."""

    def __str__(self) -> str:
        said = self.said
        return f"{type(self).__doc__} {said}".strip() if said else str(type(self).__doc__)

    @property
    def said(self) -> str:
        """The place and the remedy alone."""
        return super().__str__()


class WrongUse(UnivoqueError):
    """The command was used wrongly."""

    exit_code = 2
    kind = "wrong_use"


class Refusal(UnivoqueError):
    """A rule of the house says no."""

    exit_code = 1
    kind = "refused"


class NotFound(Refusal):
    """There is no such thing here."""

    kind = "not_found"


class NotAllowed(Refusal):
    """This person may not do that."""

    kind = "not_allowed"


class ConfigError(UnivoqueError):
    """The settings cannot be used."""

    exit_code = 2
    kind = "settings"


class FaultyFile(UnivoqueError):
    """The file cannot be read as it stands."""

    exit_code = 1
    kind = "faulty_file"


class EnvironmentFailed(UnivoqueError):
    """The surroundings failed (disk, network, another process)."""

    exit_code = 3
    kind = "surroundings"


_REMEDIES = {
    errno.ENOSPC: "make room on the disk; what was acknowledged is safe",
    errno.EDQUOT: "make room on the disk; what was acknowledged is safe",
    errno.EACCES: "give this user the right to it, or name another place in the settings",
    errno.EPERM: "give this user the right to it, or name another place in the settings",
    errno.EROFS: "the disk takes no writing; name another place in the settings",
    errno.ENOENT: "make its directory first, or name another place",
    errno.ENOTDIR: "something else stands in that place; move it, or name another place",
    errno.EEXIST: "something else stands in that place; move it, or name another place",
    errno.EISDIR: "something else stands in that place; move it, or name another place",
}


def refused_by_system(error: OSError) -> EnvironmentFailed:
    """What the operating system would not do, as an error of ours: which file, why, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    why = error.strerror or str(error) or type(error).__name__
    return EnvironmentFailed(f"{where}{why}; {_REMEDIES.get(error.errno or 0, 'mend that, and try again')}")
