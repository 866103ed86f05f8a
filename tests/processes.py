"""Processes that tests start: our own code in another interpreter, and who belongs to whom."""

import asyncio
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


async def python(code: str) -> asyncio.subprocess.Process:
    """Run code in a new interpreter at the root of the project."""
    pipe = subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT
    )


def children(pid: int) -> dict[str, int]:
    """The processes that `serve` started, by role."""
    command = ["ps", "-o", "pid=,stat=,args=", "--ppid", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (line.split() for line in found.stdout.splitlines())
    return {words[words.index("hub.app") + 1]: int(words[0]) for words in lines if "hub.app" in words}


def is_there(pid: int) -> bool:
    """Whether a process lives; one that ended and that nobody waited for does not."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")
