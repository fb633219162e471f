from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import FairQueue, Priority
from tests.ratelimit.provider import jain


def push(
    queue: FairQueue[str],
    *items: str,
    priority: Priority = Priority.GENERATION,
    cost: float = 1.0,
    weight: float = 1.0,
    lane: str | None = None,
    now: float = 0.0,
) -> None:
    """Items are named for their user: "ana1" is ana's."""
    for item in items:
        user = item.rstrip("0123456789")
        queue.push(item, user=user, priority=priority, cost=cost, weight=weight, lane=lane, now=now)


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


def test_of_classes_without_a_turn_for_so_long_the_one_that_waited_longest_goes_first() -> None:
    queue = FairQueue[str](patience=10)
    queue.push("low", user="ana", priority=Priority.LOW, now=0.0)
    queue.push("high1", user="ben", priority=Priority.HIGH, now=5.0)
    queue.push("high2", user="ben", priority=Priority.HIGH, now=5.0)
    assert [queue.pop(20.0) for _ in range(3)] == ["low", "high1", "high2"]


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
    of_class = queue._classes[Priority.GENERATION]
    (lane,) = of_class._lanes.values()
    assert len(lane.heap) < 300
    assert lane.rows == 1
    assert len(of_class._users) < 300


# Lanes


def test_the_first_of_every_lane_is_seen_without_those_behind() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ben1", lane="sea")
    push(queue, "cem1", "ana2", lane="sky")
    assert list(queue.heads(0.0)) == ["ana1", "cem1"]


def test_the_order_is_one_over_all_lanes() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", lane="sea")
    push(queue, "ana3", "ben1", lane="sky")
    assert drain(queue) == ["ana1", "ben1", "ana2", "ana3"]


def test_a_user_pays_in_every_lane_for_what_was_served_in_one() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", lane="sea")
    push(queue, "ana3", "ben1", lane="sky")
    queue.take("ana1", 0.0)
    assert list(queue.heads(0.0)) == ["ben1", "ana2"]


def served(queue: FairQueue[str], lane: str, turns: int) -> str:
    """Who is served, by the first letter of the user, where nobody but this lane can be."""
    order = ""
    for _ in range(turns):
        first = next(item for item in queue.heads(0.0) if queue.entries[item].row.lane.name == lane)
        queue.take(first, 0.0)
        order += first[0]
    return order


def test_nobody_saves_up_turns_by_being_held_up() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", lane="rests")
    push(queue, *(f"ben{n}" for n in range(200)), lane="goes")
    served(queue, "goes", 100)
    push(queue, *(f"ana{n}" for n in range(2, 50)), lane="goes")
    assert served(queue, "goes", 8) in ("abababab", "babababa")


def test_a_lane_that_goes_on_after_a_long_time_goes_first_once() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(50)), lane="rests")
    push(queue, *(f"ben{n}" for n in range(200)), lane="goes")
    served(queue, "goes", 100)
    assert "".join(queue.pop(0.0)[0] for _ in range(9)) == "aabababab"


def test_a_newcomer_to_a_slow_lane_is_not_behind_by_all_that_was_served_in_a_quick_one() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(50)), *(f"ben{n}" for n in range(50)), lane="slow")
    push(queue, *(f"cem{n}" for n in range(200)), lane="quick")
    for _ in range(10):
        served(queue, "quick", 10)
        served(queue, "slow", 1)
    push(queue, "dan1", lane="slow")
    assert "d" in served(queue, "slow", 3)


def test_who_takes_much_in_a_quick_lane_has_their_turn_in_a_slow_one_too() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(50)), *(f"ben{n}" for n in range(50)), lane="slow")
    push(queue, *(f"cem{n}" for n in range(200)), lane="quick")
    served(queue, "quick", 10)
    push(queue, "cem201", lane="slow")
    order = ""
    for _ in range(3):
        served(queue, "quick", 10)
        order += served(queue, "slow", 1)
    assert "c" in order


def test_a_slow_lane_is_shared_by_weight_whatever_goes_on_in_a_quick_one() -> None:
    queue = FairQueue[str]()
    push(queue, *(f"ana{n}" for n in range(50)), weight=2.0, lane="slow")
    push(queue, *(f"ben{n}" for n in range(50)), lane="slow")
    push(queue, *(f"cem{n}" for n in range(500)), lane="quick")
    order = ""
    for _ in range(30):
        served(queue, "quick", 10)
        order += served(queue, "slow", 1)
    assert Counter(order) == {"a": 20, "b": 10}


def test_a_rush_of_users_who_come_for_one_thing_each_is_not_looked_through_for_every_one_of_them() -> None:
    queue = FairQueue[int]()
    for number in range(2_000):
        queue.push(number, user=f"user-{number}", priority=Priority.MEDIUM, now=0.0)
    of_class, looks = queue._classes[Priority.MEDIUM], 0
    for _ in range(1_999):
        before = of_class._users
        queue.pop(0.0)
        looks += of_class._users is not before

    assert 0 < looks < 5


def test_behind_somebody_stand_the_firsts_of_the_other_users_of_that_lane() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", "ben1", "ben2", "cem1", lane="sea")
    push(queue, "dan1", lane="sky")
    assert list(queue.behind("ana1")) == ["ben1", "cem1"]


def test_a_look_behind_that_stops_early_leaves_all_in_their_places() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ben1", "cem1", "dan1")
    behind = queue.behind("ana1")
    next(behind)
    del behind
    assert drain(queue) == ["ana1", "ben1", "cem1", "dan1"]


def test_what_a_class_waits_for_is_summed() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", cost=2.5)
    push(queue, "ben1", priority=Priority.LOW)
    queue.remove("ana1")
    assert [queue.cost_waiting(priority) for priority in (Priority.GENERATION, Priority.LOW)] == [2.5, 1.0]


def test_who_waits_is_counted_by_class_and_user() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", "ana2", lane="sea")
    push(queue, "ana3", "ben1", priority=Priority.LOW, lane="sky")
    assert queue.by_user() == {
        (Priority.GENERATION, "ana"): 2,
        (Priority.LOW, "ana"): 1,
        (Priority.LOW, "ben"): 1,
    }


@dataclass(frozen=True)
class Waiting:
    number: int
    user: str
    lane: str
    charge: float


@dataclass
class Line:
    """One class by the letter: start-time fair queueing by lanes, and a walk over everybody for every question."""

    waiting: list[Waiting] = field(default_factory=list)
    tags: dict[tuple[str, str], float] = field(default_factory=dict)  # of users in lanes, on the lane's clock
    paid: dict[str, float] = field(default_factory=dict)
    clocks: dict[str, float] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)
    virtual_time: float = 0.0

    def push(self, one: Waiting) -> None:
        self.clocks.setdefault(one.lane, 0.0)
        self.offsets.setdefault(one.lane, self.virtual_time)
        key = one.user, one.lane
        if all((other.user, other.lane) != key for other in self.waiting):
            start = self.clocks[one.lane]
            if not self.lags(one.lane):
                start = max(self.virtual_time, self.paid.get(one.user, 0.0)) - self.offsets[one.lane]
            self.tags[key] = max(self.tags.get(key, 0.0), start)
        self.waiting.append(one)

    def lags(self, lane: str) -> bool:
        return self.stands_at(lane) < self.virtual_time

    def stands_at(self, lane: str) -> float:
        """Where the next of a lane starts, or what it served last if that was later."""
        tags = [self.tags[one.user, lane] for one in self.waiting if one.lane == lane]
        return max(self.clocks[lane], min(tags, default=0.0)) + self.offsets[lane]

    def take(self, number: int) -> None:
        (one,) = [one for one in self.waiting if one.number == number]
        tag = self.tags[one.user, one.lane]
        self.virtual_time = max(self.virtual_time, tag + self.offsets[one.lane])
        self.clocks[one.lane] = max(self.clocks[one.lane], tag)
        self.tags[one.user, one.lane] = tag + one.charge
        self.waiting.remove(one)
        if self.lags(one.lane):
            self.offsets[one.lane] = self.virtual_time - self.clocks[one.lane]
        self.paid[one.user] = tag + one.charge + self.offsets[one.lane]
        for lane in sorted({other.lane for other in self.waiting if other.user == one.user} - {one.lane}):
            if not self.lags(lane):
                self.tags[one.user, lane] += one.charge
        self.forget()

    def remove(self, number: int) -> None:
        self.waiting = [one for one in self.waiting if one.number != number]
        self.forget()

    def forget(self) -> None:
        """Lanes are forgotten when they are empty, and everything is when all are."""
        if not self.waiting:
            self.paid, self.virtual_time = {}, 0.0
        lanes = {one.lane for one in self.waiting}
        self.tags = {key: tag for key, tag in self.tags.items() if key[1] in lanes}
        self.clocks = {lane: clock for lane, clock in self.clocks.items() if lane in lanes}
        self.offsets = {lane: offset for lane, offset in self.offsets.items() if lane in lanes}

    def firsts(self) -> list[Waiting]:
        """The first of every user in every lane, in order."""
        firsts: dict[tuple[str, str], Waiting] = {}
        for one in self.waiting:
            firsts.setdefault((one.user, one.lane), one)
        return sorted(
            firsts.values(), key=lambda one: (self.tags[one.user, one.lane] + self.offsets[one.lane], one.number)
        )

    def heads(self) -> list[int]:
        heads: dict[str, int] = {}
        for one in self.firsts():
            heads.setdefault(one.lane, one.number)
        return list(heads.values())

    def behind(self, number: int) -> list[int]:
        (lane,) = [one.lane for one in self.waiting if one.number == number]
        return [one.number for one in self.firsts() if one.lane == lane and one.number != number]

    def in_order(self, narrow: str = "") -> list[int]:
        ahead = copy.deepcopy(self)
        order = []
        while ahead.waiting:
            first = ahead.firsts()[0]
            order.append(first.number)
            ahead.take(first.number)
            if first.lane == narrow:
                ahead.waiting = [one for one in ahead.waiting if one.lane != narrow]
        return order


def test_a_class_ages_from_when_its_first_came_however_many_come_after() -> None:
    queue = FairQueue[str](patience=60)
    push(queue, "low1", priority=Priority.LOW, now=1000.0)
    push(queue, "high1", priority=Priority.HIGH, now=1001.0)
    push(queue, "low2", priority=Priority.LOW, now=1050.0)
    assert [next(queue.heads(now)) for now in (1000.0, 1059.9, 1060.0)] == ["high1", "high1", "low1"]


def test_who_was_passed_over_and_goes_late_gives_newcomers_no_head_start() -> None:
    queue = FairQueue[str]()
    push(queue, "ben1", lane="full")
    push(queue, "ana1", "ana2", "ana3", "ana4", lane="free")
    for _ in range(3):
        queue.take(next(item for item in queue.heads(0.0) if item.startswith("ana")), 0.0)
    queue.take("ben1", 0.0)
    push(queue, "cem1", "cem2", "cem3", lane="free")
    assert drain(queue)[:3] == ["cem1", "ana4", "cem2"]


def test_users_who_were_served_are_forgotten_while_others_wait_and_these_keep_their_place() -> None:
    queue = FairQueue[str]()
    push(queue, "ana1", cost=5000.0)
    push(queue, "ana2", "ben1")
    queue.take("ana1", 0.0)
    for number in range(1000):
        for turn in (1, 2):
            queue.push(f"guest{number}-{turn}", user=f"guest{number}", priority=Priority.GENERATION, now=0.0)
            queue.take(f"guest{number}-{turn}", 0.0)
    push(queue, "ana3", "ben2")
    (of_class,) = [each for each in queue._classes.values() if each.length]
    assert len(of_class._users) < 100
    assert drain(queue) == ["ben1", "ben2", "ana2", "ana3"]


lane_steps = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "push", "pop", "take", "remove"]),
        st.sampled_from("abcd"),
        st.sampled_from(["sea", "sky", "sun"]),
        st.sampled_from([1.0, 2.0, 5.0, 16.0]),
        st.sampled_from([0.5, 1.0, 2.0]),
        st.integers(0, 100),
    ),
    max_size=60,
)


@settings(max_examples=1000, deadline=None)
@given(lane_steps)
def test_lanes_are_a_quicker_way_to_what_a_walk_over_everybody_finds(
    schedule: list[tuple[str, str, str, float, float, int]],
) -> None:
    queue = FairQueue[int]()
    line = Line()
    for number, (step, user, lane, cost, weight, which) in enumerate(schedule):
        if step == "push":
            queue.push(
                number, user=user, priority=Priority.MEDIUM, cost=cost, weight=weight, lane=lane, now=float(number)
            )
            line.push(Waiting(number, user, lane, cost / weight))
        elif not line.waiting:
            continue
        elif step == "pop":
            first = line.in_order()[0]
            assert queue.pop(float(number)) == first
            line.take(first)
        else:
            one = line.waiting[which % len(line.waiting)].number
            if step == "take":
                queue.take(one, float(number))
                line.take(one)
            else:
                queue.remove(one)
                line.remove(one)
        assert list(queue.heads(0.0)) == line.heads()
        assert list(queue.in_order(0.0)) == line.in_order()
        assert list(queue.in_order(0.0, lambda _, lane: 1 if lane == "sea" else 100)) == line.in_order(narrow="sea")
        for waiting in line.waiting:
            assert list(queue.behind(waiting.number)) == line.behind(waiting.number)


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


def test_who_came_first_is_known_by_class() -> None:
    queue = FairQueue[str]()
    for name, priority in (("a", Priority.LOW), ("b", Priority.HIGH), ("c", Priority.LOW), ("d", Priority.HIGH)):
        queue.push(name, user=name, priority=priority, now=0.0)
    assert queue.longest_waiting() == {Priority.LOW: "a", Priority.HIGH: "b"}
    queue.remove("a")
    assert queue.longest_waiting() == {Priority.LOW: "c", Priority.HIGH: "b"}
