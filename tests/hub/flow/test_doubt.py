"""SMS whose answer never came, from the sender to the end: nobody is lost, and every repeat was a doubt before."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from hub.flow import reconcile
from hub.model.delivery import Outcome
from hub.store import deliveries, dispatches
from hub.store.tables import due
from tests.doubles.twilio import Fault, Problem
from tests.hub.sms import House, opened

QUICKLY: dict[str, Any] = {
    "sms__ask_after": 0.1,
    "sms__timeout": 0.3,
    "sms__lanes": 8,
}
PEOPLE = 60


class Row(NamedTuple):
    """One line of the fault matrix: what happens to some of 60, and what must come of it."""

    faults: tuple[Fault | Problem, ...]
    listed_after: int
    repeat: str
    twice: int
    held: int
    wait: float = 0.6
    """Seconds for which the provider may be asked; longer where it has an answer in the end."""


TAKEN = (Fault.ACCEPT_AND_CUT, Fault.ACCEPT_AND_HANG, Fault.ACCEPT_AND_FAIL, Fault.ACCEPT_AND_MUMBLE)
NEVER = 1_000_000

MATRIX = {
    "taken without a word, listed at once": Row(TAKEN * 2, 0, "urgent", 0, 0, wait=20),
    "taken without a word, listed late": Row(TAKEN * 2, 12, "urgent", 0, 0, wait=20),
    "taken without a word, never listed, repeated": Row(TAKEN * 2, NEVER, "urgent", 8, 0),
    "taken without a word, never listed, held": Row(TAKEN * 2, NEVER, "never", 0, 8),
    "cut before it was taken, repeated": Row((Fault.CUT,) * 8, 0, "urgent", 0, 0),
    "cut before it was taken, held": Row((Fault.CUT,) * 8, 0, "never", 0, 8),
    "429 and a full queue": Row((Problem(429, 20429), Problem(400, 21611)) * 4, 0, "never", 0, 0),
    "503": Row((Problem(503),) * 8, 0, "urgent", 0, 0),
}


async def ended(house: House, dispatch: int) -> None:
    """Wait until no sender has work left, and nothing may still be asked for."""
    async with asyncio.timeout(30):
        while True:
            async with house.hub.store.read() as tx:
                if not await dispatches.unfinished(tx, dispatch, at=house.hub.clock.now()):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", MATRIX)
async def test_nobody_is_lost_and_every_repeat_was_in_doubt_before(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "STEP", 0.05)
    row = MATRIX[name]
    waits: dict[str, Any] = {"sms__wait_urgent": row.wait, "sms__wait": row.wait}
    async with opened(tmp_path, sms__repeat_uncertain=row.repeat, **waits, **QUICKLY) as house:
        house.provider.listed_after = row.listed_after
        house.provider.next(*row.faults)
        dispatch = await house.plan(PEOPLE)
        async with house.sending():
            await ended(house, dispatch)

        standing = await house.standing(dispatch)
        copies = house.copies()
        async with house.hub.store.read() as tx:
            in_doubt = await deliveries.ever_uncertain(tx, dispatch)
            held = list((await tx.execute(select(due.c.held))).scalars())
    repeated = {
        number for number, times in Counter(s.to for s in house.provider.messages).items() if times > 1
    }
    assert copies[2] == row.twice
    assert set(copies) <= {1, 2}
    assert repeated <= {f"+3247000{seq:04}" for seq in in_doubt}
    assert standing.get(Outcome.UNCERTAIN, 0) == len(held) == row.held
    assert standing[Outcome.ACCEPTED] == PEOPLE - row.held
    assert set(standing) <= {Outcome.ACCEPTED, Outcome.UNCERTAIN}


async def test_where_the_provider_took_few_of_those_in_doubt_nobody_else_is_put_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "STEP", 0.05)
    async with opened(tmp_path, sms__wait_urgent=2, sms__wait=2, **QUICKLY) as house:
        house.provider.next(*[Fault.ACCEPT_AND_CUT, *[Fault.CUT] * 9] * 40)
        dispatch = await house.plan(200)
        async with house.sending():
            await asyncio.sleep(6)
            standing = await house.standing(dispatch)

    assert standing[Outcome.UNCERTAIN] < 25


async def test_a_provider_that_takes_and_never_answers_is_gone_on_with_at_its_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list says what it took; a pause for doubts, which doubles each time, would take minutes for so few."""
    monkeypatch.setattr(reconcile, "STEP", 0.05)
    async with opened(tmp_path, sms__wait_urgent=20, sms__wait=20, **QUICKLY) as house:
        house.provider.next(*[Fault.ACCEPT_AND_HANG] * PEOPLE)
        dispatch = await house.plan(PEOPLE)
        async with house.sending():
            await ended(house, dispatch)

        assert house.copies() == {1: PEOPLE}
        assert await house.standing(dispatch) == {Outcome.ACCEPTED: PEOPLE}
