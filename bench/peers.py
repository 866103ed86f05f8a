"""What others make of the same job: Postfix's own load generator, and Django's loop over one connection."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

OWN_OCTETS = 138
"""What smtp-source adds to the length that it is asked for: its header, where the host's name is short, and the dot."""

_PLACES = "/usr/sbin:/usr/local/sbin"


def tool(name: str) -> str | None:
    """Where a tool of Debian's postfix package is, None where it is not installed."""
    return shutil.which(name) or shutil.which(name, path=_PLACES)


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's sink on a free loopback port: it takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sink = tool("smtp-sink")
    assert sink is not None
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([sink, *user, f"127.0.0.1:{port}", "1000"])
    try:
        _until_open(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def smtp_source(port: int, messages: int, sessions: int, *more: str, octets: int) -> float:
    """Seconds that smtp-source takes for so many messages, of so many octets each, over lasting connections (-d).

    They go to one recipient; with `-N` among `more` each has its own.
    """
    source = tool("smtp-source")
    assert source is not None
    command = [source, "-d", "-s", str(sessions), "-m", str(messages), "-l", str(octets - OWN_OCTETS), *more]
    addresses = ["-f", "bench@example.org", "-t", "reader@example.org"]
    start = time.perf_counter()
    subprocess.run([*command, *addresses, f"127.0.0.1:{port}"], check=True)
    return time.perf_counter() - start


def django(port: int, messages: int) -> float:
    """Seconds that Django takes for so many personal mails over one connection; in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("django_loop.py")), str(port), str(messages)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing listens on port {port}")
        time.sleep(0.05)
