"""The vendored front end is what vendor.lock says, and holds nothing that belongs to GOV.UK alone."""

import hashlib
import re
import tomllib
from pathlib import Path

from hub.site.environment import static_dir

VENDOR = static_dir() / "vendor"


def lock() -> list[dict[str, object]]:
    found = tomllib.loads((VENDOR / "vendor.lock").read_text(encoding="utf-8"))["package"]
    assert isinstance(found, list)
    return found


def test_each_file_is_the_one_that_was_vendored() -> None:
    named: dict[str, str] = {}
    for package in lock():
        files = package["files"]
        assert isinstance(files, dict)
        named |= files

    there = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "vendor.lock"
    }
    assert there == named


def test_each_package_has_its_licence_beside_it() -> None:
    for package in lock():
        assert package["licence"] in ("MIT", "OFL-1.1")
        files = package["files"]
        assert isinstance(files, dict)
        assert any(name.endswith("/LICENSE") for name in files)


def test_what_is_not_for_others_is_not_there() -> None:
    for sheet in static_dir().rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        for name in ("GDS Transport", "govuk-crest", "sourceMappingURL"):
            assert name not in text, sheet


def test_style_sheets_load_only_what_is_there() -> None:
    for sheet in static_dir().rglob("*.css"):
        for address in re.findall(r"""url\(\s*["']?([^"')]+)""", sheet.read_text(encoding="utf-8")):
            if address.startswith("data:"):
                continue
            assert (sheet.parent / address).is_file(), f"{sheet.name}: {address}"


def test_the_skeleton_names_style_sheets_that_are_there() -> None:
    skeleton = (Path(__file__).parents[3] / "templates" / "site" / "skeleton.html").read_text(
        encoding="utf-8"
    )

    for name in re.findall(r'asset\("([^"]+)"\)', skeleton):
        assert (static_dir() / name).is_file(), name
