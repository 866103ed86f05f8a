"""Our own way as the benches that compare it start it: each run a process of `bench/fanout.py`, and the setting."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

LANES = 32
"""Connections, where nothing else is said."""


def prepared(folder: Path, size: int) -> Path:
    """A folder within `folder` where so many recipients are and the directive is submitted; made once."""
    found = folder / f"prepared-{size}"
    if not found.exists():
        fanout("--prepare", str(found), "--recipients", str(size))
    return found


def run(port: int, size: int, begun: Path, *more: str, lanes: int = LANES) -> dict[str, Any]:
    """What `bench/fanout.py` found of one run from a `prepared` folder on."""
    where = ["--smtp", f"127.0.0.1:{port}", "--prepared", str(begun), "--lanes", str(lanes)]
    found: dict[str, Any] = json.loads(fanout(*where, "--recipients", str(size), "--json", *more))
    return found


def fanout(*words: str) -> str:
    """What `bench/fanout.py` prints, asked with these words."""
    command = [sys.executable, str(ROOT / "bench" / "fanout.py"), *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def setting() -> str:
    """The machine, for whoever reads a figure."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"{machine}, SQLite on {_disk(Path(tempfile.gettempdir()))}, loopback"


def _disk(folder: Path) -> str:
    """The file system of a folder; of ext4 whether it has a journal, as nearly all have."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "disk"
    listed = [line.split()[:3] for line in mounts.read_text().splitlines()]
    above = [mount for mount in listed if folder.resolve().is_relative_to(mount[1])]
    device, _, kind = max(above, key=lambda mount: len(mount[1]))
    if kind != "ext4":
        return kind
    journalled = any(Path("/proc/fs/jbd2").glob(f"{Path(device).resolve().name}-*"))
    return f"ext4 {'with' if journalled else 'without'} a journal"
