"""Kills our sender at random moments, and counts what came of it."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.smtp import Slow
from tests.faults.house import kill, message_ids, open_house
from tests.faults.row import Row


@dataclass(frozen=True, slots=True)
class Killed:
    """The row, and the most that one life of the sender left in doubt."""

    row: Row
    most_in_doubt: int
    ids_per_recipient: int
    """At most so many Message-IDs for one recipient."""


async def killed(folder: Path, *, recipients: int, kills: int, lanes: int, seed: int) -> Killed:
    """Start a sender, kill it within 0.15 s of its first message, so many times; then let one finish."""
    dice = random.Random(seed)
    async with open_house(folder, lanes=lanes) as house:
        house.relay.on("dot", Slow(0.0045), times=None)
        dispatch = await house.plan(recipients)

        last_kill = 0.0
        for _ in range(kills):
            process = await house.start()
            await house.taken(len(house.relay.messages) + 1)
            await asyncio.sleep(dice.uniform(0, 0.15))
            await kill(process)
            last_kill = time.time()
        async with house.sending():
            await house.finished(dispatch, 300)

        what = f"{kills} SIGKILLs of the sender at random moments, {lanes} lanes"
        row = await house.row("F1", what, dispatch, fault_at=last_kill)
        by_life = Counter(epoch for _, _, epoch in await house.doubts(dispatch))
        ids = message_ids(house.relay.messages)
    return Killed(row, max(by_life.values(), default=0), max(map(len, ids.values())))
