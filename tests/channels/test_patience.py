"""How long what fails is left alone."""

import pytest

from channels.patience import rest


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1.0), (2, 2.0), (6, 32.0), (7, 60.0), (30, 60.0), (1_000_000, 60.0)]
)
def test_it_doubles_up_to_the_longest_however_often_it_fails(failures: int, seconds: float) -> None:
    assert rest(failures, 1.0, 60.0) == seconds
