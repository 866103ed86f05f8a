"""F4: a relay that puts people off, or asks for less."""

from collections import Counter
from pathlib import Path

import pytest

from tests.doubles.script import Script
from tests.doubles.smtp import Answer, Phase, Received, Slow
from tests.faults.conftest import Judge
from tests.faults.house import House, open_house, rates


async def test_f4_greylisted_people_are_tried_again_and_never_before_the_hint(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, answer = (5_000, 0.005) if large else (200, 0.02)
    async with open_house(tmp_path) as house:
        house.relay.on("dot", Slow(answer), times=None)
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.taken(recipients // 4)
            hint = "450 4.2.0 Greylisted, try again in 1 seconds"
            house.relay.on("rcpt", hint, per="recipient")
            await house.finished(dispatch, 120)

        what = "every recipient beyond a quarter greylisted once"
        row = await house.row("F4", what, dispatch, fault_at=house.relay.misbehaved[0])
    refused_at = dict(house.relay.turned_away)
    again = [mail for mail in house.relay.messages if mail.recipient in refused_at]
    assert len(refused_at) == len(house.relay.turned_away) >= recipients // 2
    assert min(mail.at - refused_at[mail.recipient] for mail in again) >= 1
    judge(row, remarked=_tries(house, again))


class _EverySecond(Script):
    """Its answers to RCPT are for every second recipient alone; the others meet the usual."""

    def answer(self, phase: Phase, *, recipient: str | None, connection: int) -> Answer | None:
        if phase == "rcpt" and recipient is not None and not _is_second(recipient):
            return None
        return super().answer(phase, recipient=recipient, connection=connection)


def _is_second(recipient: str) -> bool:
    return int(recipient.partition("@")[0].rpartition("-")[2]) % 2 == 0


@pytest.mark.parametrize("reply", ["450 4.2.0 Greylisted", "451 4.7.1 Greylisted"])
async def test_f4_where_every_second_is_greylisted_the_others_go_on_as_before(
    tmp_path: Path, judge: Judge, large: bool, reply: str
) -> None:
    recipients, answer = (5_000, 0.005) if large else (400, 0.02)
    async with open_house(tmp_path) as house:
        house.relay.script = _EverySecond()
        house.relay.on("dot", Slow(answer), times=None)
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.taken(recipients // 4)
            house.relay.on("rcpt", f"{reply}, try again in 1 seconds", per="recipient")
            await house.finished(dispatch, 120)

        greylisted_at = house.relay.misbehaved[0]
        others = [mail.at for mail in house.relay.messages if not _is_second(mail.recipient)]
        what = f"every second recipient beyond a quarter greylisted once with {reply[:9]}"
        row = await house.row("F4", what, dispatch, fault_at=greylisted_at, paced_by=others)
    before, after = rates(others, greylisted_at)
    refused = {to for to, _ in house.relay.turned_away}
    again = [mail for mail in house.relay.messages if mail.recipient in refused]
    assert len(refused) >= recipients // 4
    assert after > 0.5 * before, f"the others went from {before:.0f} to {after:.0f} a second"
    judge(
        row,
        remarked=f"{_tries(house, again)} The others went on at {after / before:.1f} times their rate before.",
    )


def _tries(house: House, again: list[Received]) -> str:
    """How often those were tried who were turned away and taken in the end."""
    tried = Counter(to for to, _ in house.relay.turned_away)
    counts = [tried[mail.recipient] + 1 for mail in again]
    each = sum(counts) / len(counts)
    return f"{len(counts):,} were turned away and took {each:.1f} tries each, {max(counts)} at most."


async def test_f4_a_rate_limit_costs_time_and_no_attempt(tmp_path: Path, judge: Judge, large: bool) -> None:
    recipients, limit = (5_000, 20) if large else (200, 3)
    async with open_house(tmp_path, delivery__attempts=2) as house:
        house.relay.on("rcpt", "450 4.7.1 Error: too much mail", after=50, times=limit)
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.finished(dispatch, 300)

        limited_at = house.relay.turned_away[0][1]
        row = await house.row("F4", "450 4.7.1 after 50 messages", dispatch, fault_at=limited_at)
    assert len(house.relay.turned_away) == limit
    again = [mail for mail in house.relay.messages if mail.recipient in dict(house.relay.turned_away)]
    judge(row, remarked=_tries(house, again))
