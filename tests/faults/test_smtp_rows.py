"""F5 to F8: what a relay answers, where it breaks off, how it drags, and how it is secured."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from hub.flow import stop
from hub.model.delivery import Outcome
from hub.store import stops
from tests import plans
from tests.doubles.smtp import (
    ONE_BY_ONE,
    PIPELINING,
    TLS_KEYS,
    Answer,
    Drip,
    Fault,
    Phase,
    Slow,
    copies,
)
from tests.faults.conftest import Judge
from tests.faults.house import House, address, message_ids, open_house, rates, until

CA = str(TLS_KEYS / "ca.pem")

either_way = pytest.mark.parametrize(
    ("large", "offered"),
    [
        pytest.param(False, PIPELINING, id="small"),
        pytest.param(False, ONE_BY_ONE, id="small, one by one"),
        pytest.param(True, PIPELINING, id="large", marks=pytest.mark.prove),
    ],
)
"""What is answered to a command meets an envelope that was announced, and one that was not."""


@either_way
async def test_f5_a_refusal_for_good_is_held_against_whom_it_concerns(
    tmp_path: Path, judge: Judge, large: bool, offered: tuple[str, ...]
) -> None:
    recipients, each = (5_000, 100) if large else (100, 5)
    refusals = {"rcpt": "550 5.1.1 No such user", "data": "554 5.7.1 No", "dot": "554 5.7.1 Content rejected"}
    otherwise, apart = {}, recipients // each // 2
    async with open_house(tmp_path, email__username="hub", email__password="secret") as house:
        house.relay.extensions = offered
        house.relay.login = ("hub", "secret")
        house.relay.on("auth", "535 5.7.8 Error: authentication failed")
        for number, (phase, reply) in enumerate(refusals.items()):
            # From a quarter on: there is a rate to come back to.
            for seq in range(recipients // 4 + number * apart // 3, recipients * 3 // 4, apart):
                house.relay.on(phase, reply, to=address(seq), times=None)  # type: ignore[arg-type]
                otherwise[address(seq)] = {Outcome.REFUSED}
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.finished(dispatch, 120)

        what = "5xx on AUTH, then on RCPT, DATA and after the dot"
        # Of each the first time: what is put off is refused again at the end, when nobody else is left.
        fault_at = max({to: at for to, at in reversed(house.relay.turned_away)}.values())
        row = await house.row("F5", what, dispatch, otherwise=otherwise, fault_at=fault_at)
    assert len(otherwise) >= len(refusals) * (each - 1)
    assert house.log.count("the channel is paused") >= 1
    assert "email.username" in house.log
    judge(row)


async def test_f5_a_refusal_of_what_a_message_says_stops_it_and_fails_nobody(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, lanes = (5_000, 32) if large else (200, 4)
    async with open_house(tmp_path, lanes=lanes) as house:
        house.relay.on("dot", "554 5.7.1 Content rejected", times=None)
        dispatch = await house.plan(recipients, domain="d{}.example")

        async with house.sending():
            await until(lambda: _is_stopped(house), 30, lambda: f"it is not stopped: {house.log[-3000:]}")
            await asyncio.sleep(2)  # whoever has not heard of it would go on
            meanwhile = Counter((await house.standing(dispatch)).values())
            tried = len(house.relay.turned_away)
            house.relay.script.lines.clear()
            hub = plans.hub_on(house.store, plans.config_for(tmp_path))
            assert await stop.resume(hub, by="Olga", directive="d1")
            await house.finished(dispatch, 120)

        what = "554 after the dot from everybody, mended, resumed"
        row = await house.row("F5", what, dispatch, no_rate="nothing was taken before")
    print(f"{tried} of {recipients} were tried before it was stopped")  # noqa: T201
    assert set(meanwhile) == {Outcome.DEFERRED, Outcome.QUEUED}
    assert tried <= 3 + lanes
    assert house.log.count("a message is refused for what it says") == 1
    judge(row)


async def _is_stopped(house: House) -> bool:
    async with house.store.read() as tx:
        return bool(await stops.causes(tx))


@either_way
async def test_f6_only_a_cut_after_the_dot_is_repeated_and_each_is_listed_before(
    tmp_path: Path, judge: Judge, large: bool, offered: tuple[str, ...]
) -> None:
    recipients, each = (5_000, 20) if large else (200, 5)
    kinds: tuple[Phase, ...] = ("rcpt", "data", "body", "dot")
    # Apart from each other: what is next to a cut begins on a new connection, where nothing was announced.
    first, apart = recipients // 4, recipients // 2 // (each * len(kinds))
    hit = {
        phase: {address(first + apart * (len(kinds) * turn + number)) for turn in range(each)}
        for number, phase in enumerate(kinds, 1)
    }
    async with open_house(tmp_path) as house:
        house.relay.extensions = offered
        for phase, addresses in hit.items():
            answer = "421 4.3.2 Going down, back in 1 seconds" if phase == "data" else Fault.CUT
            for to in addresses:
                house.relay.on(phase, answer, to=to)
        house.relay.on("dot", Slow(0.005), times=None)
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.finished(dispatch, 120)

        what = "cut at RCPT, 421 at DATA, cut before the dot and after it"
        row = await house.row("F6", what, dispatch, fault_at=house.relay.misbehaved[-1])
        doubted = {to for to, _, _ in await house.doubts(dispatch)}
    assert {to for to, number in copies(house.relay.messages).items() if number == 2} == hit["dot"]
    assert hit["dot"] <= doubted <= hit["dot"] | hit["body"]
    assert all(len(ids) == 1 for ids in message_ids(house.relay.messages).values())
    cut = {phase: len(doubted & addresses) for phase, addresses in hit.items()}
    remarked = (
        f"uncertain are the {cut['dot']} that were cut after the dot and the {cut['body']} that were cut before it "
        "when all of it had left: whether the relay saw the dot only the relay knows. None of the others is."
    )
    judge(row, repeats=each, remarked=remarked)


async def test_f7_a_connection_that_hangs_or_drags_holds_up_itself_alone(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, hang = (20_000, 60) if large else (400, 5)
    lanes = 8
    async with open_house(tmp_path, lanes=lanes, email__command_timeout=hang) as house:
        house.relay.on("dot", Slow(0.01), times=None)
        house.relay.on("rcpt", Fault.HANG, connection=1, after=recipients // lanes // 4)
        house.relay.on("mail", Drip(1), connection=2, after=recipients // lanes // 4, times=None)
        dispatch = await house.plan(recipients)

        async with house.sending():
            await house.finished(dispatch, 240)

        fault_at = house.relay.misbehaved[0]
        others = [mail.at for mail in house.relay.messages if mail.connection not in (1, 2)]
        what = "one connection hangs, one gives an octet a second"
        row = await house.row("F7", what, dispatch, fault_at=fault_at, paced_by=others)
    all_but_two = house.relay.messages[recipients - 3].at - fault_at
    before, after = rates([at for at in others if at <= fault_at + all_but_two], fault_at)
    assert all_but_two < hang, "the others waited for the one that hung"
    assert after > 0.5 * before, f"the others went from {before:.0f} to {after:.0f} a second"
    remarked = (
        f"all but those two had theirs {all_but_two:.1f} s after the first hung, which lasted {hang} s; the other "
        f"{lanes - 2} went on at {after / before:.1f} times their rate before."
    )
    judge(row, remarked=remarked)


async def test_f7_a_relay_that_limits_connections_and_what_each_may_bring_gets_no_more(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, each = (20_000, 50) if large else (400, 50)
    async with open_house(tmp_path, lanes=8) as house:
        house.relay.most_connections = 7
        too_many = "421 4.7.0 Too many messages, try again in 1 seconds"
        house.relay.on("mail", too_many, after=each, per="connection")
        dispatch = await house.plan(recipients)

        started_at = time.time()
        async with house.sending():
            await house.finished(dispatch, 480)

        what = f"one connection too many, {each} messages each"
        row = await house.row("F7", what, dispatch, no_rate="the limit lasts")
    rate = recipients / (house.relay.messages[-1].at - started_at)
    by_connection = Counter(mail.connection for mail in house.relay.messages)
    assert max(by_connection.values()) == each
    assert house.relay.connections < 2 * recipients / each + 60
    judge(
        row,
        remarked=f"{rate:.0f} messages a second through {house.relay.connections} connections, one after another.",
    )


Wrong = tuple[str, str | None, Answer | None]
"""What is wrong, the relay's certificate, and what it answers to STARTTLS where that is not the usual."""

ALL_WRONG: tuple[Wrong, ...] = (
    ("expired", "expired.pem", None),
    ("not offered", None, None),
    ("another name", "other.pem", None),
    ("refused", "server.pem", "454 4.7.0 TLS not available"),
    ("cut off", "server.pem", Fault.CUT),
)


async def test_f8_nothing_leaves_in_clear_whatever_is_wrong_with_tls(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 2_000 if large else 50
    async with open_house(tmp_path, email__security="starttls", email__ca_file=CA) as house:
        dispatch = await house.plan(recipients)
        async with house.sending():
            for _, certificate, reply in ALL_WRONG if large else ALL_WRONG[:1]:
                house.relay.certificate = TLS_KEYS / certificate if certificate else None
                if reply:
                    house.relay.on("starttls", reply, times=None)
                await _met(house)
                house.relay.script.lines.clear()
            before = len(house.relay.messages)
            standing = set((await house.standing(dispatch)).values())
            house.relay.certificate = TLS_KEYS / "server.pem"
            await house.finished(dispatch, 180)

        what = "TLS expired, not offered, of another name, refused, cut off"
        row = await house.row("F8", what, dispatch, no_rate="nothing was taken before")
    assert before == 0
    assert standing <= {Outcome.QUEUED, Outcome.DEFERRED, Outcome.ATTEMPTING}
    assert {line.split()[0] for line in house.relay.heard_in_clear} <= {b"EHLO", b"STARTTLS", b"QUIT"}
    assert all(mail.secure for mail in house.relay.messages)
    judge(row)


async def _met(house: House) -> None:
    """Wait until the sender has tried once more, and was disappointed."""
    known = house.relay.connections
    async with asyncio.timeout(90):
        while house.relay.connections == known:  # noqa: ASYNC110 - the relay rings no bell
            await asyncio.sleep(0.03)
    await asyncio.sleep(0.3)
