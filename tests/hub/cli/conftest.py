"""The command line in an empty directory, with and without an instance in it."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from hub.cli import main
from tests.hub.cli.console import Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command in an empty directory; gives its exit code and standard output."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, token: str | None = None) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["univoque", *arguments])
        monkeypatch.setenv("UNIVOQUE_TOKEN", token or "")
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out if ended.value.code in (0, 1) else captured.err

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield command
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()  # `serve` sets the log up, on a standard error that ends with this test


@pytest.fixture
def instance(run: Run) -> Run:
    """The same, with an instance made."""
    assert run("init")[0] == 0
    return run
