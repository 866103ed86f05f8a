"""A stop reaches every sender of a PostgreSQL within two seconds, each in a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub.flow.stop import resume, stop
from tests import plans
from tests.doubles.smtp import Slow
from tests.doubles.twilio import TwilioDouble
from tests.faults.house import open_house
from tests.faults.test_sms_rows import settings
from tests.hub.test_stop import BOUND, PEOPLE, Wire, seconds_until_still

if TYPE_CHECKING:
    pass

SENDERS = 2


async def test_no_message_begins_two_seconds_after_a_stop_at_either_of_two_senders(
    lent: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with TwilioDouble() as provider:
        both = settings(provider, email__enabled="true")
        async with open_house(tmp_path, lanes=8, database=lent, **both) as house:
            wire = Wire(house.relay, provider)
            house.relay.on("dot", Slow(0.02), times=None)
            await plans.people(house.store, PEOPLE)
            hub = plans.hub_on(house.store, plans.config_for(tmp_path))
            now = hub.clock.now()
            await plans.plan(house.store, recipients=PEOPLE, at=now, directive="mails", chunk=100)
            await plans.plan(
                house.store, recipients=PEOPLE, at=now, directive="texts", channel="sms", chunk=100
            )

            found: dict[str, float] = {}
            async with house.sending(), house.sending():
                for scope, count in (({}, wire.all), ({"directive": "mails"}, wire.mails)):
                    await house.at_work(SENDERS, hub.clock.now())
                    await stop(hub, by="Opérations", **scope)
                    found[str(scope or "all")] = await seconds_until_still(count)
                    await resume(hub, by="Opérations", **scope)
                await house.at_work(SENDERS, hub.clock.now())

    record_property("seconds from stop to the last beginning, two senders", found)
    assert max(found.values()) <= BOUND, f"seconds from the stop to the last message that began: {found}"
