"""F9, F10: a provider that limits, fails, refuses by code, or takes a message and never says so."""

import asyncio
from collections.abc import Collection, Sequence
from math import inf
from pathlib import Path
from typing import Any

import pytest

from hub.model.delivery import Outcome
from tests.doubles.twilio import Fault, Problem, TwilioDouble
from tests.faults.conftest import Judge
from tests.faults.house import Copies, House, free_port, open_house, until

LANES = 4
APART = 7
"""Of so many one after the other, each is of another group, or of none."""

AT_WORK = {Outcome.QUEUED, Outcome.ATTEMPTING, Outcome.DEFERRED}


def number(seq: int) -> str:
    return f"+3247000{seq:04}"


def settings(provider: TwilioDouble, **more: object) -> dict[str, Any]:
    return {
        "email__enabled": "false",
        "sms__enabled": "true",
        "sms__base_url": provider.url,
        "sms__account_sid": provider.account_sid,
        "sms__auth_token": provider.token,
        "sms__sender": "+32470000000",
        "sms__lanes": LANES,
        "sms__timeout": 2,
        **more,
    }


def sent(provider: TwilioDouble) -> Copies:
    return [(sms.to, sms.at.timestamp()) for sms in provider.messages]


async def test_f9_each_answer_of_the_provider_ends_as_its_code_says(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each = (6_000, 20) if large else (60, 2)
    refused, failed, limited, down = (_numbers(recipients // 4, place, each) for place in range(4))
    async with TwilioDouble() as provider, open_house(tmp_path, **settings(provider)) as house:
        for to in refused:
            provider.on(to, Problem(400, 21211))
        for to in failed:
            provider.on(to, Fault.ACCEPT_AND_FAIL)
        for to in limited:
            provider.on(to, Problem(429, 20429, {"Retry-After": "1"}), times=3)
        for to in down:
            provider.on(to, Problem(503))
        dispatch = await house.plan(recipients, channel="sms")

        async with house.sending():
            await _settled(house, dispatch)

        what = "Twilio 400 by code, 429 three times, 500 after accepting, 503"
        may_be = {to: {Outcome.UNCERTAIN, Outcome.ACCEPTED} for to in (*failed, *down)}
        otherwise = {to: {Outcome.REFUSED} for to in refused} | may_be
        fault_at = _last_first(provider)
        row = await house.row(
            "F9", what, dispatch, copies=sent(provider), otherwise=otherwise, fault_at=fault_at
        )
    assert provider.asked(limited[0]) == 4
    judge(row)


@pytest.mark.parametrize(
    "hint",
    [
        pytest.param({"Retry-After": "1"}, id="with a hint"),
        pytest.param({}, id="without one", marks=pytest.mark.prove),
    ],
)
async def test_f9_a_limit_on_everything_is_asked_seldom_whether_it_is_over(
    tmp_path: Path, judge: Judge, large: bool, hint: dict[str, str]
) -> None:
    recipients, seconds = (3_000, 20.0) if large else (100, 2.0)
    async with (
        TwilioDouble(limit=Problem(429, 20429, hint)) as provider,
        open_house(tmp_path, **settings(provider, delivery__attempts=2)) as house,
    ):
        dispatch = await house.plan(recipients, channel="sms")

        async with house.sending():
            await until(lambda: _has_taken(provider, recipients // 3), 60, lambda: house.log[-3000:])
            provider.burst, before = 0, provider.requests
            await asyncio.sleep(seconds)
            called = provider.requests - before
            provider.burst = None
            await house.finished(dispatch, 240)

        what = f"429 to everything for {seconds:.0f} s, {'with a hint of 1 s' if hint else 'without a hint'}"
        fault_at = provider.misbehaved[0][1]
        row = await house.row("F9", what, dispatch, copies=sent(provider), fault_at=fault_at)
    assert called <= LANES * (seconds + 2), "it was asked more than once a second and lane"
    judge(row, remarked=f"{called / seconds:.1f} calls a second while it lasted.")


async def _has_taken(provider: TwilioDouble, number: int) -> bool:
    return len(provider.messages) >= number


async def test_f10_what_was_taken_without_an_answer_is_adopted_by_its_callback_and_not_sent_again(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each = (500, 50) if large else (30, 3)
    cut, hung = (_numbers(recipients // 4, place, each) for place in range(2))
    port = free_port()
    async with TwilioDouble() as provider:
        address = {"web__port": port, "service__base_url": f"http://127.0.0.1:{port}"}
        async with open_house(tmp_path, **settings(provider, **address)) as house:
            for to in cut:
                provider.on(to, Fault.ACCEPT_AND_CUT)
            for to in hung:
                provider.on(to, Fault.ACCEPT_AND_HANG)
            dispatch = await house.plan(recipients, channel="sms")

            async with house.sending("serve"):
                await _settled(house, dispatch)
                doubtful = {to for to, _, _ in await house.doubts(dispatch)}
                for sms in provider.messages:
                    assert await provider.report(sms, "delivered") < 300
                await house.finished(dispatch)

            what = "taken by Twilio, then reset or silent; called back"
            delivered = {to: {Outcome.DELIVERED} for to in await house.standing(dispatch)}
            fault_at = _last_first(provider)
            row = await house.row(
                "F10", what, dispatch, copies=sent(provider), otherwise=delivered, fault_at=fault_at
            )
    assert doubtful == {*cut, *hung}
    judge(row)


async def test_f10_what_the_provider_lists_in_time_is_adopted_and_only_what_it_never_lists_is_repeated(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each, wait = (500, 25, 120.0) if large else (60, 3, 2.0)
    # Small, all of it happens sixty times as fast.
    pace = wait / 120
    delays = {delay: _numbers(recipients // 4, place, each) for place, delay in enumerate((0, 5, 60, inf))}
    waits = {
        "sms__ask_after": 30 * pace,
        "sms__wait_urgent": wait,
        "sms__repeat_uncertain": "urgent",
        "delivery__first_retry": 0.2,
    }
    async with TwilioDouble() as provider, open_house(tmp_path, **settings(provider, **waits)) as house:
        for delay, numbers in delays.items():
            for to in numbers:
                provider.on(to, Fault.ACCEPT_AND_CUT)
                provider.list_delay[to] = delay * pace
        dispatch = await house.plan(recipients, channel="sms")

        async with house.sending():
            await _settled(house, dispatch, AT_WORK | {Outcome.UNCERTAIN})

        fault_at = _last_first(provider)
        for delay, numbers in delays.items():
            listed = f"listed after {delay} s" if delay < inf else "never listed, repeated after 120 s"
            row = await house.row(
                "F10",
                f"taken by Twilio, then reset; not called back, {listed}",
                dispatch,
                copies=sent(provider),
                among=set(numbers),
                fault_at=fault_at,
            )
            assert row.uncertain == each
            assert row.repeats == (each if delay == inf else 0)
            judge(row, repeats=each)


def _last_first(provider: TwilioDouble) -> float:
    """When the last of those who met a fault met their first one: some meet it again when nobody else is left."""
    return max({to: at for to, at in reversed(provider.misbehaved)}.values())


def _numbers(first: int, place: int, each: int) -> Sequence[str]:
    """So many of the `place`-th group beyond the `first` ones, each among others: a row would pause the channel."""
    return [number(first + APART * at + place + 1) for at in range(each)]


async def _settled(house: House, dispatch: int, at_work: Collection[Outcome] = AT_WORK) -> None:
    """Wait until all that is left waits for somebody else: a callback, a listing, a person."""

    async def there() -> bool:
        return not any(outcome in at_work for outcome in (await house.standing(dispatch)).values())

    await until(there, 300, lambda: f"somebody is still at work: {house.log[-3000:]}")
