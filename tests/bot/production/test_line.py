"""The line in memory: equal to the rows, in fair order, and cheap to keep so."""

from __future__ import annotations

import asyncio

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.line import SWEEP_EVERY, TELL_EVERY, Ahead, Line
from bot.production.model import Production, Waiting
from bot.production.moves import Moves, Where
from bot.production.productions import Productions
from bot.studio.guilds import EVEN, Share
from tests.bot.production.test_productions import STRANGER, Office
from tests.bot.studio.samples import OWNER


class Counting(Productions):
    """Notes how many rows were read for the line."""

    read = 0

    async def waiting(self, *, since: float = 0.0) -> list[Waiting]:
        found = await super().waiting(since=since)
        self.read += len(found)
        return found


class House(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.counting = Counting(database)
        self.line = Line(self.counting, clock=lambda: self.now)

    async def enter(self, name: str, owner_id: int = OWNER, share: Share = EVEN) -> Production:
        self.now += 1.0
        project = await self.film(name, owner_id=owner_id)
        return await self.accept(project.id, press=name, user_id=owner_id, share=share)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_those_who_come_later_are_found_without_reading_the_others_again(house: House) -> None:
    for name in "abcd":
        await house.enter(name)
    await house.line.catch_up()
    house.counting.read = 0

    late = await house.enter("late")
    await house.line.catch_up()

    assert house.counting.read <= 2  # the newest of before shares its second with whoever came in it
    house.now += TELL_EVERY
    assert house.line.position(late.id) == 5


async def test_one_who_left_the_rows_leaves_the_line_and_the_others_move_up(house: House) -> None:
    a, b = await house.enter("a"), await house.enter("b")
    await house.line.catch_up()

    await house.lifecycle.stop(a.id, OWNER)
    await house.line.catch_up()

    assert (house.line.position(a.id), house.line.position(b.id)) == (None, 1)


async def test_one_who_came_while_the_clock_was_set_back_is_found_by_the_sweep(house: House) -> None:
    await house.enter("a")
    await house.line.catch_up()
    house.now -= 50.0
    late = await house.enter("late")
    house.now += 50.0 + SWEEP_EVERY

    await house.line.catch_up()

    assert house.line.position(late.id) == 2


async def test_one_who_was_taken_out_but_not_begun_stands_in_line_again(house: House) -> None:
    a = await house.enter("a")
    await house.line.catch_up()
    assert house.line.pop() == a.id

    await house.line.catch_up()

    assert house.line.position(a.id) == 1


async def test_places_are_not_told_anew_for_each_who_comes(house: House) -> None:
    first = await house.enter("first")
    await house.line.catch_up()
    assert house.line.position(first.id) == 1
    house.now -= 1.0  # the same moment

    late = await house.enter("late")
    await house.line.catch_up()
    assert house.line.position(late.id) is None
    house.now += TELL_EVERY

    assert house.line.position(late.id) == 2


async def test_members_of_a_role_with_more_weight_get_more_turns(house: House) -> None:
    for number in range(6):
        await house.enter(f"plain {number}", owner_id=1)
        await house.enter(f"weighty {number}", owner_id=2, share=Share(weight=2.0))
    await house.line.catch_up()

    served = [await house.productions.get(house.line.pop() or "") for _ in range(6)]

    assert [production.owner_id for production in served].count(2) == 4


async def test_who_goes_before_is_told_by_whose_it_is(house: House) -> None:
    mine = [await house.enter(name) for name in "ab"]
    others = [await house.enter(name, owner_id=STRANGER) for name in "cd"]
    await house.line.catch_up()

    # In turn: mine, theirs, mine, theirs.
    assert [house.line.ahead(each.id) for each in mine] == [Ahead(), Ahead(own=1, others=1)]
    assert [house.line.ahead(each.id) for each in others] == [Ahead(others=1), Ahead(own=1, others=2)]
    house.line.pop()
    house.line.leave(mine[1].id)
    assert house.line.ahead(others[0].id) == Ahead()
    assert house.line.ahead("nobody") == Ahead()


async def test_who_goes_before_for_their_roles_is_counted(house: House) -> None:
    for name in "abc":
        await house.enter(name, owner_id=STRANGER, share=Share(weight=4.0))
    mine = await house.enter("mine")
    late = await house.enter("late")
    await house.line.catch_up()

    assert house.line.ahead(mine.id).favoured == house.line.ahead(mine.id).others
    assert house.line.ahead(late.id) == Ahead(own=1, others=3, favoured=3)


# Moved by an operator


async def order(house: House) -> list[str]:
    await house.line.catch_up()
    return list(house.line.in_order())


def moves(house: House) -> Moves:
    house.now += 1.0
    return Moves(house.database, Wake(), clock=lambda: house.now)


async def test_what_is_moved_to_the_front_goes_first_and_the_latest_of_them_before_the_others(house: House) -> None:
    a, b, c = [await house.enter(name) for name in "abc"]
    await order(house)
    await moves(house).move(b.id, Where.FRONT, by=9)
    await moves(house).move(c.id, Where.FRONT, by=9)

    assert await order(house) == [c.id, b.id, a.id]
    assert [house.line.position(each.id) for each in (a, b, c)] == [3, 2, 1]
    assert [house.line.pop() for _ in range(4)] == [c.id, b.id, a.id, None]


async def test_what_is_moved_back_waits_for_all_others_even_for_those_who_come_later(house: House) -> None:
    a, b = await house.enter("a"), await house.enter("b")
    await order(house)
    await moves(house).move(a.id, Where.BACK, by=9)
    late = await house.enter("late")

    assert await order(house) == [b.id, late.id, a.id]


async def test_a_move_outlives_a_restart_and_can_be_taken_back(house: House) -> None:
    a, b = await house.enter("a"), await house.enter("b")
    await moves(house).move(b.id, Where.FRONT, by=9)
    again = Line(house.counting, clock=lambda: house.now)
    await again.catch_up()

    assert list(again.in_order()) == [b.id, a.id]
    await moves(house).move(b.id, Where.FAIR, by=9)
    await again.catch_up()
    assert list(again.in_order()) == [a.id, b.id]


async def test_going_first_counts_as_a_turn(house: House) -> None:
    """Two of one owner, and two of another's: whoever was let in front has had their turn."""
    other = OWNER + 1
    a, b = await house.enter("a"), await house.enter("b")
    x, y = await house.enter("x", other), await house.enter("y", other)
    await order(house)
    await moves(house).move(y.id, Where.FRONT, by=9)
    await order(house)

    assert [house.line.pop() for _ in range(4)] == [y.id, a.id, b.id, x.id]


async def test_only_what_waits_is_moved_and_a_film_that_begins_forgets_it(house: House) -> None:
    a = await house.enter("a")
    assert await moves(house).move(a.id, Where.BACK, by=9)
    await house.lifecycle.begin(a.id)

    assert not await moves(house).move(a.id, Where.FRONT, by=9)
    assert await order(house) == []


async def test_two_looks_at_once_lose_nobody(house: House) -> None:
    """One sweeps on a reading from before somebody came, whom the other has let in meanwhile."""
    first = await house.enter("first")
    read, letting = asyncio.Event(), asyncio.Event()
    waiting = house.counting.waiting

    async def slowly(*, since: float = 0.0) -> list[Waiting]:
        found = await waiting(since=since)
        if not read.is_set():
            read.set()
            await letting.wait()
        return found

    house.counting.waiting = slowly  # type: ignore[method-assign]  # a database that takes its time
    async with asyncio.TaskGroup() as group:
        group.create_task(house.line.catch_up())
        await read.wait()
        late = await house.enter("late")
        group.create_task(house.line.catch_up())
        await asyncio.sleep(0.05)
        letting.set()

    assert list(house.line.in_order()) == [first.id, late.id]
