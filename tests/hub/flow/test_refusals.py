"""When refusals of what a message says stop it, and when they are each recipient's own."""

import pytest

from hub.flow.refusals import Consequence, Rows

LATER, ADDRESS, STOP = Consequence.LATER, Consequence.ADDRESS, Consequence.STOP
BODY = 7


class House:
    """Recipients 1, 2, 3 … of one body; `taken` says whether anybody's was ever accepted before."""

    def __init__(self, *, taken: bool = False, most: int = 30) -> None:
        self.rows = Rows(most)
        self.taken = taken
        self.asked = 0

    async def refuse(self, seq: int, domain: str = "", *, body: int = BODY) -> Consequence:
        return await self.rows.weigh(body, (1, seq), f"x@{domain or f'd{seq}.example'}", self.ever)

    def accept(self, seq: int = 1_000, *, body: int = BODY) -> None:
        self.rows.taken(body, (1, seq))

    async def ever(self) -> bool:
        self.asked += 1
        return self.taken


async def test_three_domains_in_a_row_stop_what_nobody_has_taken() -> None:
    house = House()

    assert [await house.refuse(seq) for seq in (1, 2, 3)] == [LATER, LATER, STOP]


async def test_one_domain_needs_a_long_row() -> None:
    house = House(most=10)

    found = [await house.refuse(seq, "school.example") for seq in range(1, 11)]

    assert found == [LATER] * 9 + [STOP]
    assert house.asked == 0


async def test_an_acceptance_ends_the_row() -> None:
    house = House()

    for seq in range(1, 200, 2):
        assert await house.refuse(seq) is LATER
        assert await house.refuse(seq + 1) is LATER
        house.accept()


async def test_what_was_taken_before_needs_a_long_row_whatever_the_domains() -> None:
    house = House(taken=True, most=10)

    found = [await house.refuse(seq) for seq in range(1, 11)]

    assert found == [LATER] * 9 + [STOP]
    assert house.asked == 1, "what was ever taken stays so"


async def test_who_is_refused_again_after_others_were_accepted_is_at_fault() -> None:
    house = House()
    await house.refuse(1)
    house.accept()

    assert await house.refuse(1) is ADDRESS
    assert await house.refuse(2) is LATER, "nobody inherits it"


@pytest.mark.parametrize(("taken", "consequence"), [(False, STOP), (True, ADDRESS)])
async def test_where_nobody_else_is_left_a_second_refusal_decides(
    taken: bool, consequence: Consequence
) -> None:
    house = House(taken=taken)
    await house.refuse(1)

    assert await house.refuse(1) is consequence


async def test_a_few_that_are_left_and_all_refused_again_are_no_accident() -> None:
    house = House(taken=True)
    for seq in (1, 2, 3):
        assert await house.refuse(seq) is LATER

    assert await house.refuse(1) is STOP


async def test_one_body_says_nothing_of_another() -> None:
    house = House()
    await house.refuse(1)
    await house.refuse(2)

    assert await house.refuse(3, body=8) is LATER
    house.accept(body=8)
    assert await house.refuse(3) is STOP


async def test_after_a_stop_it_is_judged_anew() -> None:
    house = House()
    for seq in (1, 2, 3):
        await house.refuse(seq)

    house.rows.forget(BODY)

    assert [await house.refuse(seq) for seq in (1, 2, 3)] == [LATER, LATER, STOP]


async def test_with_none_in_a_row_each_refusal_is_its_own() -> None:
    house = House(most=0)

    assert [await house.refuse(seq) for seq in (1, 2, 3)] == [ADDRESS] * 3


async def test_who_waits_is_remembered_no_longer_than_they_wait() -> None:
    house = House()
    for seq in range(1, 100):
        await house.refuse(seq)
        house.accept()
        await house.refuse(seq)
    await house.refuse(500)
    house.accept(500)

    assert not house.rows.open
