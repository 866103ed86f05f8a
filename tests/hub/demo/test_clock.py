"""The demo's clock is one for all processes that follow its file, and none of a live instance does."""

from datetime import timedelta
from pathlib import Path

from hub.demo import clock
from hub.now import Clock, parse_instant


def test_all_who_follow_the_file_move_together(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.turn(file, parse_instant("2020-03-10"))
    one, other = clock.follow(file), clock.follow(file)
    first = one.now()

    clock.turn(file, parse_instant("2020-04-28"))

    assert first - parse_instant("2020-03-10") < timedelta(minutes=1)
    assert one.now() - parse_instant("2020-04-28") < timedelta(minutes=1)
    assert abs(one.now() - other.now()) < timedelta(seconds=1)


def test_a_live_instance_never_follows_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.turn(file, parse_instant("2020-03-10"))
    environ = {clock.VARIABLE: str(file)}

    live, exercise = clock.for_mode("Actual", environ), clock.for_mode("Exercise", environ)

    assert live.now() - Clock().now() < timedelta(seconds=1)
    assert exercise.now().year == 2020
