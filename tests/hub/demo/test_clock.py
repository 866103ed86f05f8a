"""The demo's clock is one for all processes that follow its file, and none of a live instance does."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from hub.demo import clock
from hub.now import CLOCK_FILE, Clock, follow, for_mode, parse_instant


def test_all_who_follow_the_file_move_together(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.turn(file, parse_instant("2020-03-10"))
    one, other = follow(file), follow(file)
    first = one.now()

    clock.turn(file, parse_instant("2020-04-28"))

    assert first - parse_instant("2020-03-10") < timedelta(minutes=1)
    assert one.now() - parse_instant("2020-04-28") < timedelta(minutes=1)
    assert abs(one.now() - other.now()) < timedelta(seconds=1)


def test_a_live_instance_never_follows_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.turn(file, parse_instant("2020-03-10"))
    environ = {CLOCK_FILE: str(file)}

    live, exercise = for_mode("Actual", environ), for_mode("Exercise", environ)

    assert live.now() - Clock().now() < timedelta(seconds=1)
    assert exercise.now().year == 2020


def test_no_command_of_a_live_instance_loads_the_demo() -> None:
    program = "import sys, hub.cli, hub.app; print(*(n for n in sys.modules if n.startswith('hub.demo')))"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == ""
