"""Puts public files on disk, each whole or not at all, with a gzipped twin beside it; takes nothing away."""

import gzip
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hub.errors import EnvironmentFailed

COMPRESSED = (".html", ".atom", ".rss", ".json")
UNFINISHED = ".tmp"


def put(directory: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write what differs from what lies there and return how many files that were.

    Each file is written beside its place, synced and renamed; the directories are synced at the end. Raises
    EnvironmentFailed where the disk refuses; what was there before then still is.
    """
    written = 0
    touched: set[Path] = set()
    try:
        for path, content in files:
            target = directory / path
            if _put_file(target, content, touched):
                written += 1
            if target.suffix in COMPRESSED:
                # The twin is compared by its own bytes too: a crash may have come between the two.
                _put_file(target.with_name(f"{target.name}.gz"), gzip.compress(content, 6, mtime=0), touched)
        for folder in touched:
            _sync_directory(folder)
    except OSError as error:
        raise EnvironmentFailed(
            f"{directory}: {error.strerror}. The pages that lie there are still served; "
            "make room or give the right to write, and they are brought up to date by themselves"
        ) from error
    return written


def sweep(directory: Path) -> None:
    """Remove what an interrupted `put` left half written. Only for whoever holds the publishing lock."""
    for leftover in directory.rglob(f".*{UNFINISHED}"):
        with suppress(OSError):
            leftover.unlink()


def _put_file(target: Path, content: bytes, touched: set[Path]) -> bool:
    with suppress(FileNotFoundError):
        if target.read_bytes() == content:
            return False
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        touched.add(target.parent.parent)
    beside = target.with_name(f".{target.name}{UNFINISHED}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)
    touched.add(target.parent)
    return True


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
