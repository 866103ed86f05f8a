"""Two relays: the second takes over while the first takes no connection, and gives back when it does."""

import pytest

from channels import smtp_relays
from channels.contract import Receipt, Unavailable, WrongSettings
from channels.smtp import EmailChannel
from channels.smtp_relays import Relay
from tests.channels.settings import NOW, WORDS, Email, Hidden, outgoing
from tests.doubles.smtp import Fault, SmtpDouble


def channel(first: SmtpDouble, second: SmtpDouble, **settings: object) -> EmailChannel:
    ours = Email(port=first.port, **settings)  # type: ignore[arg-type]
    return EmailChannel(ours, standby=Email(port=second.port), mode="Exercise", now=lambda: NOW)


async def send(mail: EmailChannel, times: int = 1) -> Receipt:
    prepared = mail.prepare(WORDS, stream="directives", headers={})
    async with mail.lane() as lane:
        for _ in range(times):
            receipt = await lane.send(outgoing(prepared))
    return receipt


async def test_the_first_relay_takes_everything_while_it_works() -> None:
    async with SmtpDouble() as first, SmtpDouble() as second:
        await send(channel(first, second), times=2)

    assert (len(first.messages), second.connections) == (2, 0)


@pytest.mark.parametrize("fault", [Fault.CUT, "554 5.3.2 Not today", "421 4.3.2 Too busy"])
async def test_the_second_takes_over_where_the_first_takes_no_connection(fault: Fault | str) -> None:
    async with SmtpDouble() as first, SmtpDouble() as second:
        first.on("connect", fault, times=None)
        await send(channel(first, second), times=3)

    assert (len(first.messages), len(second.messages)) == (0, 3)
    assert first.connections == 1, "a relay that failed is left alone for a while"


async def test_a_wrong_password_at_the_first_leaves_the_second() -> None:
    async with SmtpDouble(login=("hub", "right")) as first, SmtpDouble() as second:
        await send(channel(first, second, username="hub", password=Hidden("wrong")))

    assert len(second.messages) == 1


async def test_the_first_gets_its_lanes_back_when_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_relays, "_REST", (0.0, 0.0))
    async with SmtpDouble() as first, SmtpDouble() as second:
        first.on("connect", Fault.CUT, times=2)
        mail = channel(first, second)
        await send(mail, times=4)

    assert (len(second.messages), len(first.messages)) == (2, 2)
    assert second.commands[-1] == "QUIT"


async def test_many_lanes_that_meet_the_same_fault_let_a_relay_rest_once() -> None:
    relay = Relay(Email(), None)
    for _ in range(32):
        relay.fail(Unavailable("connect", "no connection", counts=False), 100.0)
    first = relay.rests_until
    relay.fail(Unavailable("connect", "no connection", counts=False), first)

    assert first - 100.0 == pytest.approx(1.0, abs=0.2)
    assert relay.rests_until - first == pytest.approx(2.0, abs=0.4)


async def test_where_both_fail_the_first_is_blamed_and_nothing_counts() -> None:
    async with SmtpDouble() as first, SmtpDouble() as second:
        first.on("connect", "421 4.3.2 First is busy", times=None)
        second.on("connect", "421 4.3.2 Second is busy", times=None)
        mail = channel(first, second)
        with pytest.raises(Unavailable, match="First is busy") as at_once:
            await send(mail)
        with pytest.raises(Unavailable, match="First is busy"):
            await send(mail)

    assert not at_once.value.counts
    assert (first.connections, second.connections) == (1, 1)


def test_an_exercise_has_no_live_standby() -> None:
    with pytest.raises(WrongSettings, match=r"email_standby\.host"):
        EmailChannel(Email(), standby=Email(host="relay.example"), mode="Exercise", now=lambda: NOW)


async def test_a_fault_that_nobody_foresaw_while_connecting_leaves_nobody_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the library has a bug")

    monkeypatch.setattr(smtp_relays, "connect", fail)
    async with SmtpDouble() as first, SmtpDouble() as second:
        with pytest.raises(Unavailable) as unavailable:
            await send(channel(first, second))

    assert (unavailable.value.code, unavailable.value.counts) == ("internal", False)
