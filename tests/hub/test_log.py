"""What operators read never holds what belongs to a reader."""

import errno
import io
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from hub import log
from hub.config import Log


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def _fail(address: str) -> None:
    raise RuntimeError(f"it broke after {len(address)} letters")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_where_it_broke_and_no_local_value(
    form: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(Log(level="info", format=form))

    try:
        _fail("anne@" + "maison.example")
    except RuntimeError:
        structlog.get_logger("test").exception("a step failed")

    said = capsys.readouterr().err
    assert "it broke after 19 letters" in said
    assert "_fail" in said
    assert "anne@maison" not in said


class _Full(io.StringIO):
    """A file on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", _Full())
    log.configure(Log(level="info", format="console"))
    with pytest.raises(OSError, match="No space left"):
        print("a line", file=sys.stderr)  # noqa: T201 - what a plain print does there

    structlog.get_logger("test").error("the disk is full")
