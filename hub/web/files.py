"""Serves files: what was published, style sheet and fonts; with ETag, 304 and gzip, without a database."""

import asyncio
import gzip
import hashlib
import re
import stat
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ETag, web

from channels.feed import CONTENT_TYPES
from hub.site.environment import static_dir, version_of
from hub.web.pages import HUB

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".atom": CONTENT_TYPES["atom"],
    ".rss": CONTENT_TYPES["rss"],
    ".json": CONTENT_TYPES["json"],
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served, by suffix; a file of another kind is not."""

TEXTS = frozenset({".css", ".svg"})
"""What of the site's own files is worth compressing."""

FRESH = "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400"
FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "public, no-cache"

_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}\Z")
"""A name in a path: no dot first, so neither `..` nor a hidden file."""


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes as they were read, and what HTTP says of them."""

    body: bytes
    etag: str
    modified_at: datetime
    stamp: tuple[int, int, int]


def _file(body: bytes, modified_at: datetime, stamp: tuple[int, int, int]) -> File:
    return File(body, hashlib.sha256(body).hexdigest()[:32], modified_at, stamp)


class Cache:
    """Keeps the files that are asked for most in memory; a changed file is read again."""

    def __init__(self, size: int = 32 * 1024 * 1024) -> None:
        self._left = size
        self._files: OrderedDict[Path, File] = OrderedDict()

    async def get(self, path: Path) -> File | None:
        """The file as it is now, None where there is none."""
        try:
            # Much shorter than a thread's start. Not through links: none of ours is one.
            status = path.lstat()  # noqa: ASYNC240
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._files.get(path)
        if known is not None and known.stamp == stamp:
            self._files.move_to_end(path)
            return known
        try:
            body = await asyncio.to_thread(path.read_bytes)
        except OSError:
            return None
        file = _file(body, datetime.fromtimestamp(int(status.st_mtime), UTC), stamp)
        self._keep(path, file)
        return file

    async def compressed(self, path: Path, file: File) -> File:
        """The twin of a file that has none on the disk, made once."""
        twin = path.with_name(f"{path.name}.gz")
        known = self._files.get(twin)
        if known is None or known.stamp != file.stamp:
            body = await asyncio.to_thread(gzip.compress, file.body, 9, mtime=0)
            known = _file(body, file.modified_at, file.stamp)
            self._keep(twin, known)
        return known

    def _keep(self, path: Path, file: File) -> None:
        if (old := self._files.pop(path, None)) is not None:
            self._left += len(old.body)
        self._files[path] = file
        self._left -= len(file.body)
        while self._left < 0 and len(self._files) > 1:
            _, dropped = self._files.popitem(last=False)
            self._left += len(dropped.body)


CACHE: web.AppKey[Cache] = web.AppKey("cache", Cache)


async def public(request: web.Request) -> web.StreamResponse:
    """A published page or feed."""
    path = request.match_info["path"]
    if path.endswith("/") and _segments(path[:-1]):
        raise web.HTTPPermanentRedirect(f"/{path[:-1]}")
    segments = _segments(path) if path else ()
    if segments is None:
        raise web.HTTPNotFound
    directory = request.app[HUB].config.public_dir
    found = await _find(request, directory, segments)
    if found is None:
        if len(segments) >= 2 and segments[0] == "d" and segments[1] != segments[1].upper():
            # A code copied by hand from a message: letters are letters.
            raise web.HTTPFound("/".join(("", "d", segments[1].upper(), *segments[2:])))
        raise web.HTTPNotFound
    path_found, file = found
    return _answer(request, file, TYPES[path_found.suffix], FRESH, await _gzipped(request, path_found))


async def static(request: web.Request) -> web.StreamResponse:
    """A style sheet, font or image of the site's own."""
    segments = _segments(request.match_info["path"])
    path = static_dir().joinpath(*segments) if segments else None
    if path is None or path.suffix not in TYPES:
        raise web.HTTPNotFound
    file = await request.app[CACHE].get(path)
    if file is None:
        raise web.HTTPNotFound
    # Fonts carry their version in their path, the others in the query.
    named = path.suffix == ".woff2" or request.query.get("v") == version_of("/".join(segments or ()))
    zipped = None
    if path.suffix in TEXTS and _takes_gzip(request.headers.get("Accept-Encoding", "")):
        zipped = await request.app[CACHE].compressed(path, file)
    return _answer(request, file, TYPES[path.suffix], FOR_EVER if named else ANEW, zipped)


def _segments(path: str) -> tuple[str, ...] | None:
    """The names in a path, None where one of them could lead out of the directory or to a hidden file."""
    segments = tuple(path.split("/"))
    return segments if all(_SEGMENT.match(segment) for segment in segments) else None


async def _find(request: web.Request, directory: Path, segments: tuple[str, ...]) -> tuple[Path, File] | None:
    path = directory.joinpath(*segments)
    if path.suffix not in TYPES or not segments:
        path /= "index.html"
    if path.suffix not in TYPES:
        return None
    file = await request.app[CACHE].get(path)
    return (path, file) if file else None


async def _gzipped(request: web.Request, path: Path) -> File | None:
    """The compressed twin, where the reader takes it."""
    if not _takes_gzip(request.headers.get("Accept-Encoding", "")):
        return None
    return await request.app[CACHE].get(path.with_name(f"{path.name}.gz"))


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", quality)
    return False


def _answer(
    request: web.Request, file: File, content_type: str, cached: str, gzipped: File | None
) -> web.StreamResponse:
    """The file, or 304 where the reader has it."""
    sent = gzipped or file
    headers = {
        "ETag": f'"{sent.etag}"',
        "Last-Modified": file.modified_at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Cache-Control": cached,
        "Vary": "Accept-Encoding",
    }
    if _has_it(request, sent, file):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = content_type
    if gzipped is not None:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=sent.body, headers=headers)


def _has_it(request: web.Request, sent: File, file: File) -> bool:
    """RFC 9110 §13.2.2: an entity tag, where given, decides alone."""
    if request.if_none_match is not None:
        return any(_same(tag, sent.etag) for tag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and file.modified_at <= since


def _same(tag: ETag, etag: str) -> bool:
    return tag.value in ("*", etag)
