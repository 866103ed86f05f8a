"""Child processes that end with their parent, whatever ends it, and start again when they fail."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from hub.errors import EnvironmentFailed

log = structlog.get_logger(__name__)

READY = b"ready\n"
"""What a child says on its standard output once it is at work."""

_BACKOFF = (0.5, 30.0)
_STEADY = 60.0
"""A child that lived so many seconds has recovered: its next failure counts as the first."""


@dataclass(slots=True)
class Child:
    """One role, started again and again until told to stop.

    The child's standard input is a pipe that nobody writes to: when this process ends, in whatever way, the
    system closes it, and the child sees the end of the file.
    """

    role: str
    command: Sequence[str]
    environ: Mapping[str, str] | None = None
    stderr: int | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _process: asyncio.subprocess.Process | None = None
    _stopping: bool = False

    async def keep(self) -> None:
        """Run the child until `stop`. Raises EnvironmentFailed when it never got to work at all."""
        wait = _BACKOFF[0]
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            code = await self._live()
            if self._stopping:
                return
            if not self.ready.is_set():
                raise EnvironmentFailed(f"The {self.role} process did not start; what it says stands above")
            wait = _BACKOFF[0] if loop.time() - started > _STEADY else wait
            log.error("a process ended and is started again", role=self.role, code=code, seconds=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _BACKOFF[1])

    async def _live(self) -> int:
        self._process = process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.stderr,
            env=self.environ,
            start_new_session=True,  # a Ctrl-C in the terminal reaches this process only, which then tells it
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                if line == READY:
                    self.ready.set()
            return await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def stop(self) -> None:
        """Ask it to finish what is in hand; a second time, to end at once."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)


def command(role: str, *arguments: str) -> list[str]:
    """How this program starts itself in a role."""
    return [sys.executable, "-m", "hub.app", role, *arguments]
