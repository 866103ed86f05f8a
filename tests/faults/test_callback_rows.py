"""F11: callbacks that come twice, in any order, late, all at once, or never."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from hub.model.delivery import Outcome
from tests.doubles.twilio import Sms, TwilioDouble
from tests.faults.conftest import Judge
from tests.faults.house import House, free_port, open_house, until
from tests.faults.test_sms_rows import sent, settings

AT_ONCE = 64
"""How many callbacks the provider makes side by side."""

FATES: Mapping[Outcome, Sequence[str]] = {
    Outcome.DELIVERED: ("queued", "sent", "delivered"),
    Outcome.BOUNCED: ("queued", "sent", "undelivered"),
}


async def test_f11_callbacks_end_alike_in_any_order_and_those_that_never_come_are_asked_for(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, never, silent_after = (17_000, 200, 180) if large else (150, 5, 2)
    dice, port = Random(1), free_port()
    async with TwilioDouble() as provider:
        more = {
            "web__port": port,
            "service__base_url": f"http://127.0.0.1:{port}",
            "sms__segments_per_second": 10_000,
            "sms__ask_after": min(silent_after / 2, 30),
            "sms__silent_after": silent_after,
            "sms__timeout": 30,
        }
        async with open_house(tmp_path, **settings(provider, **more)) as house:
            dispatch = await house.plan(recipients, channel="sms")
            async with house.sending("serve"):
                await house.finished(dispatch, 240)
                told, silent = provider.messages[never:], provider.messages[:never]
                for sms in silent:
                    sms.status = "delivered"
                ends = {sms.to: dice.choice(list(FATES)) for sms in told}
                calls = [
                    call
                    for fate, words in FATES.items()
                    for call in provider.scrambled(
                        dice, of=[sms for sms in told if ends[sms.to] is fate], statuses=words
                    )
                ]
                dice.shuffle(calls)
                # Of each fate one, forged before it is told and afterwards: nobody but the provider is believed.
                victims = [next(sms for sms in told if ends[sms.to] is fate) for fate in FATES]
                forged = Counter([await provider.forge(sms, "failed") for sms in [*victims, *silent[:1]]])
                statuses, took = await _call_back(provider, calls)
                forged.update([await provider.forge(sms, "failed") for sms in victims])
                await _delivered(house, dispatch, {sms.to for sms in silent})

            ends |= {sms.to: Outcome.DELIVERED for sms in silent}
            what = "each callback twice, in any order, all at once; some never, some forged"
            otherwise = {to: {end} for to, end in ends.items()}
            row = await house.row(
                "F11",
                what,
                dispatch,
                copies=sent(provider),
                otherwise=otherwise,
                no_rate="all had left before",
            )
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    remarked = (
        f"{len(took):,} callbacks, {AT_ONCE} at once, were answered when they were on disk, after {p50:.0f} ms "
        f"(median) and {p99:.0f} ms (p99); {never} that never came were asked for; {forged.total()} forged "
        "ones were answered 403 and changed nothing."
    )
    assert statuses == {204: len(calls)}
    assert forged == {403: 2 * len(FATES) + 1}
    judge(row, remarked=remarked)


async def _call_back(
    provider: TwilioDouble, calls: Sequence[tuple[Sms, str]]
) -> tuple[Counter[int], list[float]]:
    """Make all of them; the statuses of the answers, and how long each took, in order."""
    waiting, statuses, took = iter(calls), Counter[int](), list[float]()

    async def line() -> None:
        for sms, word in waiting:
            start = time.perf_counter()
            statuses[await provider.report(sms, word)] += 1
            took.append(time.perf_counter() - start)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(line())
    return statuses, sorted(took)


async def _delivered(house: House, dispatch: int, numbers: set[str]) -> None:
    async def there() -> bool:
        await asyncio.sleep(0.5)
        standing = await house.standing(dispatch)
        return all(standing[number] is Outcome.DELIVERED for number in numbers)

    await until(there, 240, lambda: f"some are not asked for: {house.log[-3000:]}")
