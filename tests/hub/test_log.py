"""What operators read never holds what belongs to a reader."""

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
