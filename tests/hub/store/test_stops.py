"""Stops of one channel of one dispatch: with their cause, and lifted with it; on both engines."""

import pytest

from hub.context import Hub
from hub.model.delivery import Outcome
from hub.store import deliveries, stops
from hub.store.deliveries import Told, Try
from tests import plans
from tests.plans import NOON

pytestmark = pytest.mark.usefixtures("database")

CODE = "552 5.3.4"


async def planned(hub: Hub) -> tuple[int, int]:
    """Dispatches of the directives d1 and d2."""
    await plans.people(hub.store, 3)
    return (
        await plans.plan(hub.store, recipients=3),
        await plans.plan(hub.store, recipients=3, directive="d2"),
    )


async def test_a_stop_keeps_its_cause_and_its_age(hub: Hub) -> None:
    one, two = await planned(hub)
    async with hub.store.write() as tx:
        first = await stops.put(tx, stops.of_dispatch("email", one), at=NOON, cause=CODE)
        second = await stops.put(tx, stops.of_dispatch("email", one), at=NOON, cause="another")
        await stops.put(tx, stops.of_dispatch("sms", two), at=NOON)

    async with hub.store.read() as tx:
        causes, since = await stops.causes(tx), await stops.since(tx, of=[one])

    assert (first, second) == (True, False)
    assert causes == {f"email/{one}": CODE}
    assert since == {f"email/{one}": NOON}


async def test_only_what_was_refused_of_that_directive_is_lifted(hub: Hub) -> None:
    one, two = await planned(hub)
    async with hub.store.write() as tx:
        await stops.put(tx, f"email/{one}", at=NOON, cause=CODE)
        await stops.put(tx, f"sms/{one}", at=NOON)  # a ceiling's
        await stops.put(tx, f"email/{two}", at=NOON, cause=CODE)
        await stops.put(tx, "email", at=NOON)

    async with hub.store.write() as tx:
        lifted = await stops.lift_refused(tx, "d1")
        again = await stops.lift_refused(tx, "d1")
        left = await stops.in_force(tx)

    assert (lifted, again) == (1, 0)
    assert left == {"email", f"sms/{one}", f"email/{two}"}


async def test_a_cancelled_directive_leaves_no_stop_of_its_own(hub: Hub) -> None:
    one, two = await planned(hub)
    async with hub.store.write() as tx:
        for scope in (f"email/{one}", f"sms/{one}", f"email/{two}"):
            await stops.put(tx, scope, at=NOON)

        await stops.cancel_directive(tx, "d1", at=NOON)

        assert await stops.in_force(tx) == {f"email/{two}"}


async def test_a_body_is_taken_when_anybody_has_it(hub: Hub) -> None:
    one, two = await planned(hub)

    async def told(outcome: Outcome) -> list[bool]:
        async with hub.store.write() as tx:
            await deliveries.append_reports(tx, [Told(Try(one, 2, 1), outcome, "", "")], at=NOON)
            return [
                await deliveries.was_taken(tx, one, body=1),
                await deliveries.was_taken(tx, one, body=2),
                await deliveries.was_taken(tx, two, body=2),
                await deliveries.was_delivered(tx, one),
            ]

    assert await told(Outcome.DEFERRED) == [False] * 4
    assert await told(Outcome.ACCEPTED) == [True, False, False, False]
    assert await told(Outcome.DELIVERED) == [True, False, False, True]
