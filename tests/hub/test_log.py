"""What operators read never holds what belongs to a reader."""

import errno
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog
from structlog.testing import capture_logs

from hub import log
from hub.config import Log


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
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


PRIVATE = [
    "anne@" + "maison.example",
    "<anne.dupont+x@" + "sub.maison.example>",
    "+32470" + "123456",
    "+32 470 " + "12 34 56",
    "0032470" + "123456",
    "%2B32470" + "123456",
    "https://univoque.example/u/" + "Kj3_secret-token",
]


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("secret", PRIVATE)
def test_what_slips_in_is_taken_out(
    form: Literal["console", "json"], secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(Log(level="info", format=form))

    structlog.get_logger("test").warning("refused", reason=f"550 {secret} unknown", to=[secret])
    try:
        raise RuntimeError(f"cannot write to {secret}")
    except RuntimeError:
        structlog.get_logger("test").exception("a step failed")

    said = capsys.readouterr().err
    assert said.count("a step failed") == 1
    assert secret.strip("<>").removeprefix("https://univoque.example/u/") not in said


def test_what_is_nobody_s_stays(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(level="info", format="json"))

    structlog.get_logger("test").info(
        "sent", at="2026-03-14T12:00:00+01:00", sid="SM0123456789abcdef", number=32470123456
    )

    line = json.loads(capsys.readouterr().err)
    assert (line["at"], line["sid"], line["number"]) == (
        "2026-03-14T12:00:00+01:00", "SM0123456789abcdef", 32470123456,
    )  # fmt: skip


def test_what_a_library_says_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Log(level="info", format="json"))

    logging.getLogger("a.library").warning("no such user %s", "anne@" + "maison.example")

    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "no such user [address]"
    assert (line["logger"], line["level"]) == ("a.library", "warning")


def test_a_logger_made_once_writes_where_the_log_is_set_up_anew(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module's logger is made when it is imported, and must follow: a watcher of the log sees every line."""
    logger = structlog.get_logger("test")
    monkeypatch.setattr("sys.stderr", _Full())
    log.configure(Log(level="info", format="console"))
    logger.info("the first line")
    monkeypatch.undo()
    log.configure(Log(level="info", format="json"))

    logger.info("the second line")
    with capture_logs() as lines:
        logger.info("the third line")

    assert json.loads(capsys.readouterr().err)["event"] == "the second line"
    assert [line["event"] for line in lines] == ["the third line"]
