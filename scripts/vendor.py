"""Fetches the vendored front end anew: pinned npm packages, our changes to them, and vendor.lock.

Use: python scripts/vendor.py (needs npm; those who only run Univoque need neither npm nor this script)
"""

import hashlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TARGET = Path(__file__).parent.parent / "hub" / "web" / "static" / "vendor"
HEADER = "# Written by scripts/vendor.py; a test holds the files to it."
FONT_STACK = '"Atkinson Hyperlegible Next",arial,sans-serif'


def without_crown(css: str) -> str:
    """The sheet without what belongs to GOV.UK alone: its typeface, its crest, and the map of its sources.

    The compiled sheet has no variable for the font, so the stack is replaced where it stands.
    """
    css = re.sub(r"/\*! Copyright \(c\) 2011 by Margaret Calvert.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"@font-face\{font-family:GDS Transport;[^}]*\}", "", css)
    css = css.replace("GDS Transport,arial,sans-serif", FONT_STACK)
    crest = r"(?:background-image|-webkit-mask-image|mask-image):url\([^)]*govuk-crest\.svg\);?"
    css = re.sub(crest, "", css)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)


def as_it_is(text: str) -> str:
    return text


MIT_OF_GOVUK = """\
The MIT License (MIT)

Copyright (C) 2018 Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: which of its files we take, under which names, and what we change in its text."""

    name: str
    version: str
    licence: str
    files: Mapping[str, str]
    change: Callable[[str], str] = as_it_is
    licence_text: str = ""
    """The licence's words where the archive carries none."""

    @property
    def folder(self) -> str:
        return f"{self.name.rsplit('/', 1)[-1]}-{self.version}"


PACKAGES = (
    Package(
        "govuk-frontend",
        "6.3.0",  # the macros of govuk-frontend-jinja 4.1 are made for 6.3
        "MIT",
        {"dist/govuk/govuk-frontend.min.css": "govuk-frontend.min.css"},
        without_crown,
        MIT_OF_GOVUK,
    ),
    Package(
        "@fontsource/atkinson-hyperlegible-next",
        "5.3.0",
        "OFL-1.1",
        {
            "files/atkinson-hyperlegible-next-latin-400-normal.woff2": "latin-400-normal.woff2",
            "files/atkinson-hyperlegible-next-latin-700-normal.woff2": "latin-700-normal.woff2",
            "LICENSE": "LICENSE",
        },
    ),
)


@dataclass(slots=True)
class Lock:
    """The text of vendor.lock, as it grows."""

    lines: list[str] = field(default_factory=lambda: [HEADER])

    def add(self, package: Package, archive: bytes, files: Mapping[str, bytes]) -> None:
        self.lines += [
            "",
            "[[package]]",
            f'name = "{package.name}"',
            f'version = "{package.version}"',
            f'licence = "{package.licence}"',
            f'archive_sha256 = "{hashlib.sha256(archive).hexdigest()}"',
            "[package.files]",
            *(
                f'"{package.folder}/{name}" = "{hashlib.sha256(content).hexdigest()}"'
                for name, content in sorted(files.items())
            ),
        ]


def fetch(package: Package, into: Path) -> bytes:
    """The package's archive, as npm packs it; none of its scripts runs."""
    wanted = f"{package.name}@{package.version}"
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["npm", "pack", "--ignore-scripts", "--silent", wanted],  # noqa: S607 - npm is where the developer has it
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    return (into / done.stdout.split()[-1]).read_bytes()


def unpack(package: Package, archive: Path) -> dict[str, bytes]:
    """The files we take, changed where we change them."""
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for inside, name in package.files.items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                raise SystemExit(f"{package.name} {package.version} has no {inside}")
            content = member.read()
            files[name] = package.change(content.decode()).encode() if name.endswith(".css") else content
    if package.licence_text:
        files["LICENSE"] = package.licence_text.encode()
    return files


def main() -> None:
    lock = Lock()
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            archive = fetch(package, Path(folder))
            packed = Path(folder) / "package.tgz"
            packed.write_bytes(archive)
            files = unpack(package, packed)
        target = TARGET / package.folder
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
        lock.add(package, archive, files)
    (TARGET / "vendor.lock").write_text("\n".join(lock.lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
