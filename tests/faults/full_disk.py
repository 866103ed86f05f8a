"""F13, on a disk of its own: `python -m tests.faults.full_disk FOLDER RECIPIENTS` in a mount namespace.

Mounts a small disk in memory on FOLDER, fills it in mid-sending, makes room again, and prints the row as JSON.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import aiohttp

from tests.doubles.smtp import Slow
from tests.faults.house import House, free_port, open_house, until

DISK = 128 * 1024 * 1024


async def main(folder: Path, recipients: int) -> None:
    port = free_port()
    async with open_house(folder, web__port=port, service__base_url=f"http://127.0.0.1:{port}") as house:
        house.relay.on("dot", Slow(0.01), times=None)
        async with house.sending("serve"):
            await until(partial(_is_up, port), 30, lambda: "the public page is not there")
            dispatch = await house.plan(recipients)
            await house.taken(recipients // 4)
            full_at = time.time()
            _fill(folder / "filler")
            seen = await _while_full(house, port)
            (folder / "filler").unlink()
            room_at = time.time()
            await house.finished(dispatch, 120)
        row = await house.row("F13", "the disk is full, then has room again", dispatch, fault_at=full_at)
    first_after = min(mail.at for mail in house.relay.messages if mail.at > room_at)
    print(json.dumps({"row": asdict(row), "resumed_after": first_after - room_at, **seen}))  # noqa: T201


def _fill(file: Path) -> None:
    """Take every block at once, though others are taking some meanwhile: the sender must not see it come.

    Where it did it would make room by its reserve, and that would be taken too.
    """
    with file.open("wb", buffering=0) as filler:
        taken = 0
        while room := shutil.disk_usage(file.parent).free:
            with contextlib.suppress(OSError):  # somebody took some since
                os.posix_fallocate(filler.fileno(), taken, room)
                taken += room


async def _while_full(house: House, port: int) -> dict[str, int]:
    """How many messages still left, when it had noticed, and what the public page answered."""
    await asyncio.sleep(2)
    before = len(house.relay.messages)
    await asyncio.sleep(1)
    page = await _page(port)
    attempting = sum(1 for state in (await house.standing(1)).values() if state == "attempting")
    return {"left_while_full": len(house.relay.messages) - before, "page": page, "attempting": attempting}


async def _is_up(port: int) -> bool:
    return await _page(port) == 200


async def _page(port: int) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
        return answer.status


if __name__ == "__main__":
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", sys.argv[1]], check=True)
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
