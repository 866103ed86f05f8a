"""Runs each fault small in `make test`, and large in `make prove`, which writes the page."""

import pytest

from tests.faults.row import Row, note, remark


@pytest.fixture(params=["small", pytest.param("large", marks=pytest.mark.prove)])
def large(request: pytest.FixtureRequest) -> bool:
    return str(request.param) == "large"


@pytest.fixture
def judge(large: bool) -> "Judge":
    return Judge(large)


class Judge:
    """Holds every row against the promise, and writes down those of the large runs."""

    def __init__(self, large: bool) -> None:
        self._large = large

    def __call__(self, row: Row, *, repeats: int = 0, remarked: str = "") -> None:
        """Nobody is lost, nobody stands wrong, and no more than `repeats` copies too many were made.

        What is `remarked` stands below the table.
        """
        if self._large:
            note(row)
            if remarked:
                remark(row, remarked)
            assert row.to_full_rate is not None, f"it never came back to four fifths of its rate: {row}"
        assert row.lost == 0, row
        assert row.wrong_state == 0, row
        assert row.repeats <= repeats, row
        assert row.repeats <= row.uncertain, row
