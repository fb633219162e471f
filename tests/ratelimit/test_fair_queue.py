from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratelimit import FairQueue, Priority
from tests.ratelimit.provider import jain


def push(queue: FairQueue[str], *items: str, priority: Priority = Priority.GENERATION, **more: float) -> None:
    """Items are named for their user: "ana1" is ana's."""
    for item in items:
        queue.push(item, user=item.rstrip("0123456789"), priority=priority, now=more.get("now", 0.0), **_without(more))


def _without(more: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in more.items() if name != "now"}


def drain(queue: FairQueue[str], now: float = 0.0) -> list[str]:
    return [queue.pop(now) for _ in range(len(queue))]


def test_a_higher_class_goes_first() -> None:
    queue = FairQueue[str]()
    push(queue, "low1", priority=Priority.LOW)
    push(queue, "film1", priority=Priority.GENERATION)
    push(queue, "chat1", priority=Priority.MEDIUM)
    push(queue, "look1", priority=Priority.HIGH)
    assert drain(queue) == ["look1", "chat1", "film1", "low1"]


def test_one_user_is_served_in_order_of_arrival() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", "ana3")
    assert drain(queue) == ["ana1", "ana2", "ana3"]


def test_users_take_turns_however_many_items_one_of_them_has() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", "ana3", "ben1")
    assert drain(queue) == ["ana1", "ben1", "ana2", "ana3"]


def test_a_newcomer_is_not_behind_the_flood_that_came_before() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(100)))
    for _ in range(10):
        queue.pop(0.0)
    push(queue, "ben1")
    assert queue.position("ben1", 0.0) == 1


def test_a_flood_that_has_waited_long_still_shares_with_a_newcomer() -> None:
    queue = FairQueue[str](patience=60)
    push(queue, *(f"ana{n}" for n in range(100)), now=0.0)
    queue.pop(1000.0)
    push(queue, "ben1", now=1000.0)
    assert queue.position("ben1", 1000.0) <= 2


def test_nobody_saves_up_turns_by_being_away() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", *(f"ben{n}" for n in range(1, 20)))
    for _ in range(11):
        queue.pop(0.0)
    push(queue, "ana2", "ana3", "ana4")
    assert [queue.pop(0.0) for _ in range(4)] == ["ana2", "ben11", "ana3", "ben12"]


def test_twice_the_weight_is_twice_the_share() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(60)), weight=2.0)
    push(queue, *(f"ben{n}" for n in range(60)))
    served = Counter(queue.pop(0.0).rstrip("0123456789") for _ in range(60))
    assert served == {"ana": 40, "ben": 20}


def test_share_is_counted_in_cost_not_in_items() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(60)), cost=3.0)
    push(queue, *(f"ben{n}" for n in range(60)))
    served = Counter(queue.pop(0.0).rstrip("0123456789") for _ in range(40))
    assert served == {"ana": 10, "ben": 30}


def test_a_huge_cost_waits_one_turn_like_anybody_else() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(50)))
    push(queue, "ben1", cost=1000.0)
    assert queue.position("ben1", 0.0) == 2


def test_a_class_without_a_turn_for_so_long_gets_the_next_one_and_only_that() -> None:
    queue = FairQueue[str](patience=60)
    push(queue, "low1", "low2", priority=Priority.LOW, now=0.0)
    push(queue, "look1", "look2", priority=Priority.HIGH, now=50.0)
    assert [queue.pop(60.0) for _ in range(4)] == ["low1", "look1", "look2", "low2"]


def test_removing_costs_the_user_nothing() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", "ben1")
    assert queue.remove("ana1")
    assert drain(queue) == ["ana2", "ben1"]


def test_removing_what_does_not_wait_says_so() -> None:
    assert not FairQueue[str]().remove("ana1")


def test_taking_from_behind_leaves_the_others_in_their_places() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ben1", "cem1", "ana2")
    queue.take("cem1", 0.0)
    assert list(queue.in_order(0.0)) == ["ana1", "ben1", "ana2"]


def test_position_counts_from_one() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", "ben1")
    assert [queue.position(item, 0.0) for item in ("ana1", "ben1", "ana2")] == [1, 2, 3]


def test_position_of_a_stranger_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        FairQueue[str]().position("ana1", 0.0)


def test_the_same_item_cannot_wait_twice() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1")
    with pytest.raises(ValueError, match="waits already"):
        push(queue, "ana1")


@pytest.mark.parametrize(("cost", "weight"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_cost_and_weight_are_positive(cost: float, weight: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        push(FairQueue[str](), "ana1", cost=cost, weight=weight)


def test_popping_an_empty_queue_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        FairQueue[str]().pop(0.0)


def test_the_repr_says_who_waits() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2")
    push(queue, "ben1", priority=Priority.LOW)
    assert repr(queue) == "<FairQueue: 2 generation, 1 low>"


def test_a_hundred_to_one_flood_shares_evenly() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(1000)))
    push(queue, *(f"ben{n}" for n in range(10)), *(f"cem{n}" for n in range(10)))
    served = Counter(queue.pop(0.0).rstrip("0123456789") for _ in range(30))
    assert jain(served.values()) == 1.0


def test_users_who_come_and_go_leave_nothing_behind() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2")
    for n in range(5000):
        name = "b" * (n % 50 + 1)
        push(queue, f"{name}1")
        queue.take(f"{name}1", 0.0)
    line = queue._classes[Priority.GENERATION]
    assert len(line._heap) < 300
    assert len(line._users) < 300


steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.sampled_from("abcd"), st.sampled_from(Priority), st.integers(1, 20)),
        st.tuples(st.just("pop"), st.just(""), st.just(Priority.LOW), st.integers(0, 30)),
        st.tuples(st.sampled_from(["remove", "take"]), st.just(""), st.just(Priority.LOW), st.integers(0, 50)),
    ),
    max_size=80,
)


@given(steps)
def test_every_item_leaves_exactly_once_and_each_user_first_in_first_out(
    schedule: list[tuple[str, str, Priority, int]],
) -> None:
    queue = FairQueue[int](patience=10)
    waiting: dict[int, tuple[str, Priority]] = {}
    now = 0.0
    for number, (step, user, priority, amount) in enumerate(schedule):
        order = list(queue.in_order(now))
        assert sorted(order) == sorted(waiting)
        if step == "push":
            queue.push(number, user=user, priority=priority, cost=amount, now=now)
            waiting[number] = (user, priority)
        elif step == "pop" and waiting:
            now += amount
            item = queue.pop(now)
            same_line = [other for other, owner in waiting.items() if owner == waiting[item]]
            assert item == min(same_line)
            del waiting[item]
        elif waiting:
            item = sorted(waiting)[amount % len(waiting)]
            if step == "remove":
                queue.remove(item)
            else:
                queue.take(item, now)
            del waiting[item]
    assert len(queue) == len(waiting)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), min_size=1, max_size=60))
def test_the_order_foretold_within_a_class_is_the_order_served(items: list[tuple[str, int]]) -> None:
    queue = FairQueue[int]()
    for number, (user, cost) in enumerate(items):
        queue.push(number, user=user, priority=Priority.MEDIUM, cost=cost, now=0.0)
    foretold = list(queue.in_order(0.0))
    assert foretold == [queue.pop(0.0) for _ in foretold]


@given(st.lists(st.integers(1, 20), min_size=30, max_size=30), st.lists(st.integers(1, 20), min_size=30, max_size=30))
def test_two_who_both_wait_never_differ_by_more_than_their_largest_costs(ana: list[int], ben: list[int]) -> None:
    queue = FairQueue[tuple[str, int]]()
    for user, costs in (("ana", ana), ("ben", ben)):
        for number, cost in enumerate(costs):
            queue.push((user, number), user=user, priority=Priority.MEDIUM, cost=cost, now=0.0)
    spent = Counter[str]()
    left = {"ana": 30, "ben": 30}
    while all(left.values()):
        user, number = queue.pop(0.0)
        spent[user] += (ana if user == "ana" else ben)[number]
        left[user] -= 1
        assert abs(spent["ana"] - spent["ben"]) <= max(ana) + max(ben)
