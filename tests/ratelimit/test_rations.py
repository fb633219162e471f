"""What a process may spend before it asks again, and what it tells the store, journey by journey."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest

from ratelimit import Allowance, Cost, Entry, Limit, Limits, StoreAway, Turn
from ratelimit.book import Book
from ratelimit.rations import DRIFT, Offset, Ration, Rations
from ratelimit.usage import Ask, Permit, Want
from tests import virtual_time

# Permits


def permit(id_: str = "p", cost: Cost = Cost(), model: str | None = None) -> Permit:  # noqa: B008 - it is frozen
    return Permit(id=id_, account="a", model=model, cost=cost, opens_at=10.0, closes_at=15.0)


def ration(*permits: Permit) -> Ration:
    return Ration({one.id: one for one in permits})


def test_a_permit_serves_from_when_it_opens_until_before_it_closes() -> None:
    of_one = ration(permit())
    times = (9.9, 10.0, 14.9, 15.0)
    assert [of_one.find(Cost(), None, at) is not None for at in times] == [False, True, True, False]
    assert [of_one.is_open(None, at) for at in times] == [False, True, True, False]


def test_a_permit_serves_its_model_alone() -> None:
    of_one = ration(permit(model="m"))
    assert [of_one.find(Cost(), model, 10.0) is not None for model in ("m", "n", None)] == [True, False, False]
    assert [of_one.is_open(model, 10.0) for model in ("m", "n", None)] == [True, False, False]


@pytest.mark.parametrize(
    ("cost", "found"),
    [(Cost(1, 5), "small"), (Cost(1, 10), "small"), (Cost(1, 11), "large"), (Cost(2, 0), "large"), (Cost(3, 0), None)],
)
def test_the_smallest_permit_is_taken_that_covers_the_cost(cost: Cost, found: str | None) -> None:
    of_two = ration(permit("large", Cost(2, 50)), permit("small", Cost(1, 10)))
    taken = of_two.find(cost, None, 10.0)
    assert (taken and taken.id) == found


def test_permits_change_when_they_open_and_when_they_close() -> None:
    of_one = ration(permit())
    assert [of_one.next_change(at) for at in (9.0, 10.0, 14.0, 15.0)] == [10.0, 15.0, 15.0, math.inf]


# The store's clock


def test_every_journey_narrows_what_is_known_of_the_stores_clock() -> None:
    offset = Offset()
    offset.measured(0.0, 100.0, 1.0)
    seen = [offset.least, offset.most]
    for begun_at, store, ended_at in ((1.0, 101.5, 1.6), (2.0, 102.5, 4.0)):
        offset.measured(begun_at, store, ended_at)
        seen += [offset.least, offset.most]
    assert seen == pytest.approx([99.0, 100.0, 99.9, 100.0, 99.9, 100.0], abs=0.002)


def test_what_is_known_of_the_stores_clock_widens_as_clocks_drift() -> None:
    offset = Offset()
    offset.measured(0.0, 100.0, 0.0)
    offset.measured(990.0, 1095.0, 1000.0)
    assert (offset.least, offset.most) == (100 - 1000 * DRIFT, 100 + 1000 * DRIFT)


def test_a_clock_that_was_set_is_measured_anew() -> None:
    offset = Offset()
    offset.measured(0.0, 100.0, 0.1)
    offset.measured(1.0, 51.0, 1.1)
    assert [offset.least, offset.most] == pytest.approx([49.9, 50.0])


# Journeys

LIMITS = Limits(account=Allowance(rates=(Limit(60, period=60.0),), room=2))


class OpenBook(Book):
    """Notes what is asked."""

    def __init__(self) -> None:
        super().__init__(lambda _: LIMITS, ["a"], skew=0.25)
        self.asks: list[Ask] = []

    def turn(self, ask: Ask, entries: Iterable[Entry], now: float) -> Turn:
        self.asks.append(ask)
        return super().turn(ask, entries, now)


class Shelf:
    """A store without a way to it."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.is_away = False

    async def exchange(self, pool: str, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        if self.is_away:
            raise StoreAway
        done = turn(self.entries.values(), 1000.0 + virtual_time.now())
        self.entries.update({entry.id: entry for entry in done.changed})
        for id_ in done.removed:
            del self.entries[id_]
        return done


class Desk:
    """Rations of one account whose journeys begin when they are told to."""

    def __init__(self) -> None:
        self.book = OpenBook()
        self.store = Shelf()
        self.wants: list[Want] = []
        self.rations = Rations(
            "studio",
            ["a"],
            self.store,
            self.book,
            clock=virtual_time.now,
            wants=lambda limit: self.wants[:limit],
            arrived=lambda _: None,
            dice=random.Random(1),
        )

    async def go(self, *costs: Cost) -> Ask:
        """One journey that asks for these; what it told."""
        await self.rations._go([Want(("a",), None, cost) for cost in costs])
        return self.book.asks[-1]

    async def take(self) -> Permit:
        await self.go(Cost())
        return self.rations.take("a", Cost(), None, virtual_time.now())


def test_a_permit_that_was_taken_and_never_sent_is_told_as_spare() -> None:
    async def story() -> tuple[bool, Ask]:
        desk = Desk()
        taken = await desk.take()
        desk.rations.never_sent(taken)
        ask = await desk.go()
        return ask.spare == {taken.id}, ask

    is_spare, ask = virtual_time.run(story())
    assert is_spare
    assert (ask.unsent, ask.sent, ask.open, ask.ended) == (frozenset(), {}, frozenset(), frozenset())


def test_what_becomes_of_a_permit_is_told_step_by_step_and_each_step_once() -> None:
    async def story() -> list[tuple[int, int, int, int]]:
        desk = Desk()
        taken = await desk.take()
        asks = [await desk.go()]
        desk.rations.sent(taken, virtual_time.now(), 7)
        asks += [await desk.go(), await desk.go()]
        desk.rations.ended(taken)
        asks += [await desk.go(), await desk.go()]
        return [(len(ask.unsent), len(ask.sent), len(ask.open), len(ask.ended)) for ask in asks]

    assert virtual_time.run(story()) == [(1, 0, 1, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0)]


def test_an_operation_is_told_open_until_it_ends_and_takes_the_room_of_its_lease() -> None:
    async def story() -> list[tuple[list[str], bool, bool]]:
        desk = Desk()
        taken = await desk.take()
        desk.rations.sent(taken, virtual_time.now(), 0)
        desk.rations.held(taken, "operation")
        desk.rations.ended(taken)
        asks = [await desk.go(), await desk.go()]
        desk.rations.closed("operation")
        asks += [await desk.go(), await desk.go()]
        return [(list(ask.opened), "operation" in ask.open, "operation" in ask.ended) for ask in asks]

    told = virtual_time.run(story())
    assert told == [(["operation"], False, False), ([], True, False), ([], False, True), ([], False, False)]


def test_an_operation_that_ended_before_it_was_told_is_open_nowhere() -> None:
    async def story() -> tuple[bool, list[Entry]]:
        desk = Desk()
        desk.rations.opened("operation", "a", None)
        desk.rations.closed("operation")
        await desk.go()
        ask = await desk.go()
        return "operation" in ask.open, list(desk.store.entries.values())

    assert virtual_time.run(story()) == (False, [])


def test_while_the_store_is_away_everything_is_kept_to_be_told() -> None:
    async def story() -> tuple[list[bool], Ask]:
        desk = Desk()
        taken = await desk.take()
        desk.store.is_away = True
        desk.rations.sent(taken, virtual_time.now(), 7)
        desk.rations.held(taken, "operation")
        seen = [desk.rations.is_away]
        await desk.go()
        seen.append(desk.rations.is_away)
        desk.store.is_away = False
        ask = await desk.go()
        return [*seen, desk.rations.is_away], ask

    seen, ask = virtual_time.run(story())
    assert seen == [False, True, False]
    assert ([sent.tokens for sent in ask.sent.values()], list(ask.opened), len(ask.ended)) == ([7], ["operation"], 1)


def test_a_store_that_is_away_is_asked_less_and_less_often() -> None:
    async def story() -> list[float]:
        desk = Desk()
        desk.store.is_away = True
        times: list[float] = []

        def wants(limit: int) -> list[Want]:
            times.append(virtual_time.now())
            desk.rations._called.set()
            return [Want(("a",), None, Cost())]

        desk.rations._wants = wants
        desk.rations._called.set()
        running = asyncio.create_task(desk.rations.run())
        await asyncio.sleep(300.0)
        running.cancel()
        return times

    times = virtual_time.run(story())
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(0.05 <= pause <= 15.0 for pause in pauses)
    assert max(pauses[:3]) <= 0.4
    assert max(pauses) > 5.0


def test_the_smallest_that_the_store_had_nothing_for_is_remembered() -> None:
    async def story() -> list[bool]:
        desk = Desk()
        await desk.go(*[Cost()] * 2, Cost(1, 30), Cost(2, 10))
        return [desk.rations._is_hopeless(Want(("a",), None, cost)) for cost in (Cost(1, 9), Cost(1, 10), Cost(3, 40))]

    assert virtual_time.run(story()) == [False, True, True]


def test_who_needs_less_of_either_than_the_store_had_nothing_for_may_be_served() -> None:
    async def story() -> list[bool]:
        desk = Desk()
        await desk.go(*[Cost()] * 2, Cost(2, 10))
        return [desk.rations._is_hopeless(Want(("a",), None, cost)) for cost in (Cost(2, 10), Cost(1, 10), Cost(2, 9))]

    assert virtual_time.run(story()) == [True, False, False]
