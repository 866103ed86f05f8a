"""A lock that one process holds as long as it lives: the system lets go of it even after a SIGKILL."""

import asyncio
import fcntl
import os
from pathlib import Path

from hub.errors import EnvironmentFailed, refused_by_system


class Lock:
    """An exclusive lock on a file, with the holder's process number in it, and what it is where `holder` says so."""

    def __init__(self, file: Path, holder: str = "") -> None:
        self._file = file
        self._holder = f"{os.getpid()} ({holder})" if holder else str(os.getpid())
        self._handle: int | None = None

    def take(self) -> None:
        """Raises EnvironmentFailed, which names the process that holds it, or why the file cannot be."""
        try:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise refused_by_system(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 60).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise EnvironmentFailed(
                f"Process {holder} is at work on this database already (it holds {self._file}); stop it first"
            ) from error
        try:
            os.ftruncate(handle, 0)
            os.write(handle, self._holder.encode())
        except OSError as error:
            os.close(handle)
            error.filename = str(self._file)
            raise refused_by_system(error) from error
        self._handle = handle

    async def take_within(self, seconds: float) -> None:
        """The same, but wait a while for the holder to end."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            try:
                return self.take()
            except EnvironmentFailed:
                if loop.time() >= deadline:
                    raise
            await asyncio.sleep(0.2)

    def release(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "Lock":
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
