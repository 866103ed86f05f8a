"""F9, F10: a provider that limits, fails, refuses by code, or takes a message and never says so."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.model.delivery import Outcome
from tests.doubles.twilio import Fault, Problem, TwilioDouble
from tests.faults.conftest import Judge
from tests.faults.house import Copies, House, open_house, until


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
        "sms__lanes": 4,
        "sms__timeout": 2,
        **more,
    }


def sent(provider: TwilioDouble) -> Copies:
    return [(sms.to, sms.at.timestamp()) for sms in provider.messages]


async def test_f9_each_answer_of_the_provider_ends_as_its_code_says(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each = (2_000, 20) if large else (60, 2)
    refused, failed, limited, down = (_numbers(place, each) for place in range(4))
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
        row = await house.row("F9", what, dispatch, copies=sent(provider), otherwise=otherwise)
    assert provider.asked(limited[0]) == 4
    judge(row)


async def test_f10_what_was_taken_without_an_answer_is_adopted_by_its_callback_and_not_sent_again(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each = (500, 50) if large else (30, 3)
    cut, hung = _numbers(0, each), _numbers(1, each)
    port = _free_port()
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
            row = await house.row("F10", what, dispatch, copies=sent(provider), otherwise=delivered)
    assert doubtful == {*cut, *hung}
    judge(row)


def _numbers(place: int, each: int) -> Sequence[str]:
    return [number(seq) for seq in range(place * each + 1, (place + 1) * each + 1)]


async def _settled(house: House, dispatch: int) -> None:
    """Wait until all that is left waits for somebody else: a callback, a listing, a person."""
    at_work = {Outcome.QUEUED, Outcome.ATTEMPTING, Outcome.DEFERRED}

    async def there() -> bool:
        return not set((await house.standing(dispatch)).values()) & at_work

    await until(there, 300, lambda: f"somebody is still at work: {house.log[-3000:]}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
