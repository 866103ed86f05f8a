"""A file that is given back when the disk is full, so that what is under way can still be written down."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub.store.engine import sqlite_file

SIZE = 16 * 1024 * 1024
"""Octets: the outcomes of all lanes, and the pages of the database around them, many times over."""

LEAST = 16 * 1024 * 1024
"""With less free room than this nothing new is begun."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Lies beside the database. On a full disk even DELETE fails in SQLite: only another file can make room."""

    file: Path

    @property
    def is_there(self) -> bool:
        return self.file.is_file()

    def free(self) -> int:
        """Octets that may be written on this disk, the reserve not among them. Raises OSError."""
        disk = os.statvfs(self.file.parent)
        return disk.f_bavail * disk.f_frsize

    def keep(self) -> bool:
        """Whether there is room to begin anything. Gives the reserve back where not, and takes it again later.

        It goes on only with the reserve in hand again and twice the least room beside it, so that it does not
        stop and start by turns. Raises OSError where the disk cannot be looked at.
        """
        if self.is_there:
            if self.free() >= LEAST:
                return True
            with suppress(OSError):  # there is no room all the same
                self.file.unlink(missing_ok=True)
            return False
        return self.free() >= SIZE + 2 * LEAST and self._take()

    def _take(self) -> bool:
        try:
            handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError:
            return False  # whatever refuses this file would refuse the next page of the database too
        try:
            os.posix_fallocate(handle, 0, SIZE)
        except OSError:
            self.file.unlink(missing_ok=True)
            return False
        finally:
            os.close(handle)
        return True


def beside(url: str) -> Reserve | None:
    """The reserve of the database at `url`; None where its disk is another machine's concern."""
    file = sqlite_file(url)
    return None if file is None else Reserve(file.with_name(f"{file.name}.reserve"))
