"""The book of what was spent: whatever is told late or never, nothing that was sent exceeds a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import Allowance, Ask, Book, Cost, DayLimit, Entry, Limit, Limits, Priority, Turn
from ratelimit.book import OPERATION
from ratelimit.usage import Permit, Sent, Want
from ratelimit.window import midnight_after

NOW = 1_700_000_000.0
SKEW = 0.1
A = ("a",)


def limits(*rates: Limit | DayLimit, room: int | None = None) -> Limits:
    return Limits(account=Allowance(rates=rates, room=room))


def wants(number: int, cost: Cost = Cost(), accounts: tuple[str, ...] = A) -> list[Want]:  # noqa: B008 - frozen
    return [Want(accounts, None, cost)] * number


class Shelf:
    """A book and its entries."""

    def __init__(self, *rates: Limit | DayLimit, room: int | None = None, accounts: tuple[str, ...] = A) -> None:
        self.book = Book(lambda _: limits(*rates, room=room), accounts, skew=SKEW)
        self.entries: dict[str, Entry] = {}

    def turn(self, ask: Ask, now: float) -> Turn:
        turn = self.book.turn(ask, self.entries.values(), now)
        self.entries.update({entry.id: entry for entry in turn.changed})
        for id_ in turn.removed:
            del self.entries[id_]
        return turn


def used(permits: Iterable[Permit], at: float) -> dict[str, Sent]:
    return {
        permit.id: Sent(account=permit.account, model=None, requests=1, tokens=permit.cost.tokens, at=at)
        for permit in permits
    }


# Permits


def test_no_more_permits_than_the_limit_allows() -> None:
    shelf = Shelf(Limit(10, period=60.0))

    turn = shelf.turn(Ask(holder="one", wants=wants(12)), NOW)

    assert len(turn.permits) == 10
    assert len(turn.unmet) == 2
    assert NOW + 50 < turn.again_at < NOW + 70


def test_a_slot_that_comes_free_soon_is_promised_beforehand() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    first = shelf.turn(Ask(holder="one", wants=wants(1)), NOW)
    shelf.turn(Ask(holder="one", sent=used(first.permits, NOW)), NOW + 1)

    (permit,) = shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 55).permits

    assert permit.opens_at == NOW + 60 + SKEW


def test_a_permit_that_is_not_named_any_more_is_free_again() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    shelf.turn(Ask(holder="one", wants=wants(1)), NOW)  # the answer is lost

    assert len(shelf.turn(Ask(holder="one", wants=wants(1)), NOW + 1).permits) == 1


def test_a_permit_whose_holder_died_counts_as_used_at_its_last_moment() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    (lost,) = shelf.turn(Ask(holder="dead", wants=wants(1)), NOW).permits

    turn = shelf.turn(Ask(holder="heir", wants=wants(1)), NOW + 60)

    assert turn.permits[0].opens_at == lost.closes_at + 60 + SKEW


def test_a_request_that_prepares_keeps_its_place_for_as_long_as_its_process_lives() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    (permit,) = shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits
    for second in range(2, 70, 2):
        shelf.turn(Ask(holder="one", unsent=frozenset({permit.id})), NOW + second)

    turn = shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 70)

    assert turn.permits == []


def test_a_request_told_long_after_it_was_forgotten_counts_nevertheless() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    (permit,) = shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits
    shelf.turn(Ask(holder="two"), NOW + 300)
    assert shelf.entries == {}

    turn = shelf.turn(Ask(holder="one", sent=used([permit], NOW + 280), wants=wants(1)), NOW + 300)

    assert turn.permits == []


@pytest.mark.parametrize(
    ("periods", "lifetime"),
    [((60.0,), 5.0), ((3600.0,), 5.0), ((6.0,), 0.5), ((1.0,), 0.25), ((60.0, 6.0), 0.5), ((), 5.0)],
)
def test_a_permit_lives_for_little_of_the_shortest_period(periods: tuple[float, ...], lifetime: float) -> None:
    shelf = Shelf(*(Limit(10, period=period) for period in periods), DayLimit(100))
    (permit,) = shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits
    assert (permit.opens_at, permit.closes_at) == (NOW, NOW + lifetime)


def test_what_is_told_late_shows_to_others_as_sent() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    (permit,) = shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits
    shelf.turn(Ask(holder="two"), NOW + 300)
    shelf.turn(Ask(holder="one", sent=used([permit], NOW + 280)), NOW + 300)

    (entry,) = shelf.turn(Ask(holder="two"), NOW + 301).others

    assert (entry.is_sent, entry.at) == (True, NOW + 280)


def test_what_can_never_go_holds_up_nobody() -> None:
    shelf = Shelf(Limit(10, period=60.0))

    turn = shelf.turn(Ask(holder="one", wants=[*wants(1, Cost(requests=11)), *wants(1)]), NOW)

    assert [permit.cost.requests for permit in turn.permits] == [1]


@pytest.mark.parametrize("accounts", [("a", "b"), ("b", "a"), ("gone", "a", "b")])
def test_a_promise_is_given_on_the_account_that_can_serve_first(accounts: tuple[str, ...]) -> None:
    shelf = Shelf(Limit(2, period=60.0), room=2, accounts=("a", "b"))
    shelf.turn(Ask(holder="one", wants=wants(1, accounts=("a",))), NOW)

    given = [shelf.turn(Ask(holder="two", wants=wants(number, accounts=accounts)), NOW).permits for number in (1, 3)]

    assert [[permit.account for permit in permits] for permits in given] == [["b"], ["b", "a", "b"]]


def test_a_large_request_is_promised_further_ahead_than_a_small_one_sees() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    for second in range(0, 60, 6):
        turn = shelf.turn(Ask(holder="small", wants=wants(1)), NOW + second)
        shelf.turn(Ask(holder="small", sent=used(turn.permits, NOW + second)), NOW + second)

    turn = shelf.turn(Ask(holder="large", wants=wants(1, Cost(5))), NOW + 58)

    assert [permit.cost.requests for permit in turn.permits] == [5]


def test_no_more_is_promised_for_a_new_day_than_it_holds() -> None:
    shelf, midnight = Shelf(DayLimit(5)), midnight_after("UTC", NOW)
    turn = shelf.turn(Ask(holder="one", wants=wants(5)), NOW)
    shelf.turn(Ask(holder="one", sent=used(turn.permits, NOW)), NOW)

    first = shelf.turn(Ask(holder="one", wants=wants(3)), midnight - 5)
    second = shelf.turn(Ask(holder="two", wants=wants(8)), midnight - 4)

    assert {permit.opens_at for permit in first.permits} == {midnight + SKEW}
    assert (len(first.permits), len(second.permits)) == (3, 2)


@pytest.mark.parametrize(("large", "passing"), [(10, 0), (3, 1)])
def test_smaller_ones_behind_pass_who_must_wait_only_without_delaying_them(large: int, passing: int) -> None:
    shelf = Shelf(Limit(10, period=600.0))
    turn = shelf.turn(Ask(holder="one", wants=wants(9)), NOW)
    shelf.turn(Ask(holder="one", sent=used(turn.permits, NOW)), NOW)

    turn = shelf.turn(Ask(holder="two", wants=[*wants(1, Cost(large)), *wants(5)]), NOW + 1)

    assert len(turn.permits) == passing


def test_where_another_process_went_away_with_nothing_the_next_slots_are_shared() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    turn = shelf.turn(Ask(holder="one", wants=wants(10)), NOW)
    shelf.turn(Ask(holder="one", sent=used(turn.permits, NOW)), NOW)
    empty = shelf.turn(Ask(holder="two", wants=wants(10)), NOW + 1)
    assert empty.permits == []

    greedy = shelf.turn(Ask(holder="one", wants=wants(10)), empty.again_at)
    patient = shelf.turn(Ask(holder="two", wants=wants(10)), empty.again_at + 0.5)

    assert (len(greedy.permits), len(patient.permits)) == (5, 5)


# Classes of work in several processes


def of_class(priority: Priority, number: int, cost: Cost = Cost()) -> list[Want]:  # noqa: B008 - frozen
    return [Want(A, None, cost, priority)] * number


def entry(requests: int, at: float, *, priority: int | None = None, open_until: float = 0.0) -> Entry:
    return Entry(
        id="spent",
        holder="early",
        account="a",
        model=None,
        requests=requests,
        tokens=0,
        at=at,
        is_sent=True,
        open_until=open_until,
        priority=priority,
    )


def spend(shelf: Shelf, number: int, at: float) -> None:
    turn = shelf.turn(Ask(holder="early", wants=of_class(Priority.LOW, number)), at)
    assert len(turn.permits) == number
    shelf.turn(Ask(holder="early", sent=used(turn.permits, at)), at)


def test_patient_work_gets_nothing_ahead_of_time_where_urgent_work_came_lately_in_another_process() -> None:
    def promised(urgent: bool) -> int:
        shelf = Shelf(Limit(10, period=60.0))
        spend(shelf, 10, NOW)
        shelf.turn(Ask(holder="chat", wants=of_class(Priority.MEDIUM, int(urgent))), NOW + 50)
        return len(shelf.turn(Ask(holder="film", wants=of_class(Priority.LOW, 5)), NOW + 55).permits)

    assert (promised(urgent=False), promised(urgent=True)) == (5, 0)


def test_who_waits_for_urgent_work_gets_the_next_slot_whoever_asks_first() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 9, NOW)
    spend(shelf, 1, NOW + 20)
    assert shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1, Cost(10))), NOW + 21).permits == []

    small = shelf.turn(Ask(holder="chat", wants=of_class(Priority.MEDIUM, 5)), NOW + 61)
    large = shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1, Cost(10))), NOW + 61.5)

    assert small.permits == []
    assert [permit.opens_at for permit in large.permits] == [NOW + 80 + SKEW]


def test_of_what_comes_free_soon_all_is_left_to_more_urgent_work_that_waits() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 10, NOW)
    assert shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 10)), NOW + 49).permits == []

    assert shelf.turn(Ask(holder="chat", wants=of_class(Priority.MEDIUM, 10)), NOW + 56).permits == []
    assert len(shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 10)), NOW + 57).permits) == 10


def test_who_got_what_it_waited_for_stands_in_line_no_more() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 10, NOW)
    shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1)), NOW + 49)

    shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1)), NOW + 57)

    assert len(shelf.turn(Ask(holder="chat", wants=of_class(Priority.MEDIUM, 10)), NOW + 58).permits) == 9


def test_only_the_first_of_a_process_goes_before_others_for_having_waited_long() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    sign = entry(5, NOW, priority=Priority.LOW, open_until=NOW + 600)
    shelf.entries = {"sign-film-a": replace(sign, id="sign-film-a", holder="film")}
    shelf.entries["spent"] = entry(1, NOW + 200)
    assert shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1, Cost(10))), NOW + 201).permits == []

    film = shelf.turn(Ask(holder="film", wants=of_class(Priority.LOW, 2, Cost(1))), NOW + 202)

    assert len(film.permits) == 1


def test_who_is_ahead_of_urgent_work_in_its_own_line_counts_as_urgent() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 5, NOW)
    shelf.turn(Ask(holder="chat", wants=of_class(Priority.MEDIUM, 1, Cost(10))), NOW + 1)

    overdue = [*of_class(Priority.LOW, 1), *of_class(Priority.HIGH, 1), *of_class(Priority.LOW, 1)]
    turn = shelf.turn(Ask(holder="film", wants=overdue), NOW + 2)

    assert len(turn.permits) == 2


def test_who_is_held_up_by_another_process_is_not_passed_by_those_behind_it() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 8, NOW)
    shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 1, Cost(3))), NOW + 1)

    chat = [*of_class(Priority.MEDIUM, 1, Cost(10)), *of_class(Priority.LOW, 1)]

    assert shelf.turn(Ask(holder="chat", wants=chat), NOW + 2).permits == []


def test_room_is_left_to_more_urgent_work_that_waits_for_nothing_else() -> None:
    def room_for_a_film(cost: int) -> bool:
        shelf = Shelf(Limit(10, period=60.0), room=1)
        shelf.entries["spent"] = entry(8, NOW)
        shelf.turn(Ask(holder="look", opened={"operation": ("a", None)}), NOW + 1)
        shelf.turn(Ask(holder="chat", wants=of_class(Priority.HIGH, 1, Cost(cost))), NOW + 2)
        shelf.turn(Ask(holder="look", ended=frozenset({"operation"})), NOW + 3)
        return bool(shelf.turn(Ask(holder="film", wants=of_class(Priority.LOW, 1)), NOW + 4).permits)

    assert (room_for_a_film(1), room_for_a_film(5)) == (False, True)


def test_who_is_not_urgent_does_not_hold_up_who_is() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 10, NOW)
    shelf.turn(Ask(holder="film", wants=of_class(Priority.LOW, 5)), NOW + 20)

    assert len(shelf.turn(Ask(holder="look", wants=of_class(Priority.HIGH, 10)), NOW + 55).permits) == 10


@pytest.mark.parametrize("priority", [Priority.MEDIUM, Priority.LOW])
def test_who_waited_for_two_periods_is_not_passed_any_more(priority: Priority) -> None:
    """What takes the whole window is starved by small requests else, and so is patient work by urgent."""
    shelf = Shelf(Limit(10, period=60.0))
    now, busy, waited = NOW, 0, math.inf
    served: list[Permit] = []
    while now < NOW + 600 and not served:
        busy_turn = shelf.turn(Ask(holder="busy", wants=of_class(Priority.MEDIUM, 1)), now)
        shelf.turn(Ask(holder="busy", sent=used(busy_turn.permits, now)), now)
        busy += len(busy_turn.permits)
        served += shelf.turn(Ask(holder="large", wants=of_class(priority, 1, Cost(10))), now + 1).permits
        waited = now - NOW
        now += 6.1

    assert 120 < waited < 200
    assert busy >= 20


def test_who_went_away_with_nothing_and_never_came_back_is_forgotten() -> None:
    shelf = Shelf(Limit(10, period=60.0))
    spend(shelf, 9, NOW)
    shelf.turn(Ask(holder="dead", wants=of_class(Priority.HIGH, 1, Cost(10))), NOW + 1)

    assert len(shelf.turn(Ask(holder="film", wants=of_class(Priority.LOW, 10)), NOW + 61).permits) == 10
    shelf.turn(Ask(holder="film"), NOW + 400)
    assert shelf.entries == {}


def test_a_claim_of_another_process_on_an_account_that_is_gone_here_is_no_matter() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    spend(shelf, 1, NOW)
    elsewhere = Want(("gone",), None, Cost(), Priority.HIGH)
    shelf.turn(Ask(holder="other", wants=[elsewhere]), NOW + 1)

    turn = shelf.turn(Ask(holder="film", wants=[Want(("gone", "a"), None, Cost(), Priority.LOW)]), NOW + 61)

    assert [permit.account for permit in turn.permits] == ["a"]


# Room


def test_a_lease_takes_room_until_it_ends_and_what_another_process_holds_counts() -> None:
    shelf = Shelf(room=2)
    turn = shelf.turn(Ask(holder="one", wants=wants(3)), NOW)
    assert len(turn.permits) == 2
    going_on = frozenset(permit.id for permit in turn.permits)
    for second in range(0, 300, 10):
        shelf.turn(Ask(holder="one", sent=used(turn.permits, NOW), open=going_on), NOW + second)
    assert shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 300).permits == []

    shelf.turn(Ask(holder="one", ended=going_on), NOW + 301)

    assert len(shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 302).permits) == 1


def test_the_room_of_a_dead_process_comes_back_by_itself() -> None:
    shelf = Shelf(room=1)
    turn = shelf.turn(Ask(holder="dead", wants=wants(1)), NOW)
    shelf.turn(Ask(holder="dead", sent=used(turn.permits, NOW)), NOW)

    assert len(shelf.turn(Ask(holder="heir", wants=wants(1)), NOW + 60).permits) == 1


def test_the_room_of_a_dead_process_comes_back_however_often_others_come() -> None:
    shelf = Shelf(room=1)
    shelf.turn(Ask(holder="dead", wants=wants(1)), NOW)

    given = [bool(shelf.turn(Ask(holder="heir", wants=wants(1)), NOW + second).permits) for second in range(1, 60)]

    assert (given[0], any(given)) == (False, True)


def test_an_operation_takes_room_beyond_its_process_and_ends_for_everybody() -> None:
    shelf = Shelf(room=1)
    shelf.turn(Ask(holder="one", opened={"operation": ("a", None)}), NOW)
    assert shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 600).permits == []

    ended = shelf.turn(Ask(holder="two", ended=frozenset({"operation"}), wants=wants(1)), NOW + 601)
    told = shelf.turn(Ask(holder="one", open=frozenset({"operation"})), NOW + 602)

    assert len(ended.permits) == 1
    assert told.closed == {"operation"}


def test_an_operation_lives_on_while_its_process_names_it_and_not_for_ever_after() -> None:
    shelf = Shelf(room=1)
    shelf.turn(Ask(holder="one", opened={"operation": ("a", None)}), NOW)
    shelf.turn(Ask(holder="one", open=frozenset({"operation"})), NOW + 0.9 * OPERATION)
    assert shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 1.8 * OPERATION).permits == []

    assert len(shelf.turn(Ask(holder="two", wants=wants(1)), NOW + 3 * OPERATION).permits) == 1


# What is kept


def test_old_entries_are_summed_up_and_count_the_same() -> None:
    shelf = Shelf(Limit(1000, period=60.0), DayLimit(5000))
    total = 0
    now = NOW
    for _ in range(40):
        turn = shelf.turn(Ask(holder="one", wants=wants(25)), now)
        shelf.turn(Ask(holder="one", sent=used(turn.permits, now)), now)
        total += len(turn.permits)
        now += 20.0

    assert total == 1000
    assert sum(entry.requests for entry in shelf.entries.values()) == 1000
    assert len(shelf.entries) < 200


@pytest.mark.parametrize(("hours", "is_kept"), [(24.5, True), (25.5, False)])
def test_what_was_spent_is_kept_for_the_longest_day_of_the_year(hours: float, *, is_kept: bool) -> None:
    shelf = Shelf(Limit(10, period=60.0), DayLimit(10))
    (permit,) = shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits
    shelf.turn(Ask(holder="one", sent=used([permit], NOW), ended=frozenset({permit.id})), NOW + 1)

    shelf.turn(Ask(holder="one"), NOW + hours * 3600)

    assert bool(shelf.entries) == is_kept


def test_what_was_sent_before_midnight_is_not_summed_up_into_the_new_day() -> None:
    shelf, midnight = Shelf(Limit(100, period=60.0), DayLimit(1000)), midnight_after("UTC", NOW)
    now = midnight - 600
    while now < midnight + 600:
        turn = shelf.turn(Ask(holder="one", wants=wants(10)), now)
        shelf.turn(Ask(holder="one", sent=used(turn.permits, now)), now)
        now += 60

    shelf.turn(Ask(holder="one"), midnight + 7200)

    assert sum(one.requests for one in shelf.entries.values() if one.at < midnight) == 100
    assert sum(entry.requests for entry in shelf.entries.values()) == 200
    assert len(shelf.entries) == 2


@pytest.mark.parametrize("back", [7 * 86_400.0, 0.0])
def test_of_a_day_only_so_much_is_kept_as_its_limits_need(back: float) -> None:
    """A rolling limit over a longer time needs to know when; a day that ends at midnight, how many."""
    rates: list[Limit | DayLimit] = [
        Limit(100, period=60.0),
        DayLimit(1500),
        *([Limit(10_000, period=back)] if back else []),
    ]
    shelf, now = Shelf(*rates), midnight_after("UTC", NOW)
    for minute in range(600):
        turn = shelf.turn(Ask(holder="one", wants=wants(2)), now + 60 * minute)
        shelf.turn(Ask(holder="one", sent=used(turn.permits, now + 60 * minute)), now + 60 * minute)

    shelf.turn(Ask(holder="one"), now + 40_000)

    assert sum(one.requests for one in shelf.entries.values()) == 1200
    assert len(shelf.entries) == (40 if back else 1)


@pytest.mark.parametrize(
    ("rates", "seconds", "kept"),
    [([Limit(100), DayLimit(1500)], 61, 2), ([Limit(100), DayLimit(1500)], 70, 1), ([DayLimit(1500)], 70, 1)],
)
def test_what_just_left_a_window_is_not_summed_up_with_a_whole_day(
    rates: list[Limit | DayLimit], seconds: float, kept: int
) -> None:
    """Other processes see it leave a little later, on their own clock, and would take all of it for recent."""
    shelf = Shelf(*rates)
    shelf.entries = {"old": replace(entry(900, NOW), id="old"), "spent": entry(1, NOW + 4000 - seconds)}

    shelf.turn(Ask(holder="one"), NOW + 4000)

    assert len(shelf.entries) == kept


def test_what_was_sent_right_before_midnight_takes_nothing_with_it_into_the_new_day() -> None:
    shelf, midnight = Shelf(Limit(100, period=60.0), DayLimit(100)), midnight_after("UTC", NOW)
    for at in (midnight - 300, midnight - 1, midnight - 0.5 * SKEW):
        shelf.entries[f"at {at}"] = replace(entry(20, at), id=f"at {at}")
    shelf.turn(Ask(holder="one"), midnight + 600)

    turn = [*shelf.turn(Ask(holder="one", wants=wants(100)), midnight + 700).permits]

    assert len(turn) == 80


def test_accounts_and_models_with_dashes_are_summed_up_apart() -> None:
    shelf = Shelf(Limit(50, period=60.0), accounts=("a", "a-x"))
    asked = [*([Want(("a",), "x-y", Cost())] * 6), *([Want(("a-x",), "y", Cost())] * 6)]
    turn = shelf.turn(Ask(holder="one", wants=asked), NOW)
    sent = {
        permit.id: Sent(account=permit.account, model=permit.model, requests=1, tokens=0, at=NOW)
        for permit in turn.permits
    }
    shelf.turn(Ask(holder="one", sent=sent, ended=frozenset(sent)), NOW)

    shelf.turn(Ask(holder="two"), NOW + 5)

    assert sorted(entry.requests for entry in shelf.entries.values() if entry.priority is None) == [6, 6]


def test_a_clock_that_was_set_back_shuts_a_window_for_one_period_at_most() -> None:
    shelf = Shelf(Limit(1, period=60.0))
    turn = shelf.turn(Ask(holder="one", wants=wants(1)), NOW + 7200)
    shelf.turn(Ask(holder="one", sent=used(turn.permits, NOW + 7200)), NOW + 7200)

    assert shelf.turn(Ask(holder="one", wants=wants(1)), NOW).permits == []
    assert len(shelf.turn(Ask(holder="one", wants=wants(1)), NOW + 61).permits) == 1


# Random schedules


RATES = (Limit(5, period=6.0), Limit(None, tokens=40, period=15.0))


@dataclass(slots=True)
class Process:
    """Does what a process does, and writes down when it sends."""

    name: str
    shelf: Shelf
    log: list[tuple[float, int]]
    permits: list[Permit] = field(default_factory=list)
    preparing: list[Permit] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)
    told_at: float = -math.inf

    def journey(self, number: int, now: float, *, is_lost: bool = False) -> None:
        ask = Ask(
            holder=self.name,
            spare=frozenset(permit.id for permit in self.permits),
            unsent=frozenset(permit.id for permit in self.preparing),
            sent=dict(self.sent),
            wants=wants(number, Cost(1, 3 + number)),
        )
        turn = self.shelf.turn(ask, now)
        self.told_at = now
        if not is_lost:
            self.sent.clear()
            self.permits += turn.permits

    def live(self, now: float) -> None:
        """What every process does in time, as long as it lives."""
        self.permits = [permit for permit in self.permits if permit.closes_at > now]
        if self.preparing and now - self.told_at > self.shelf.book.lifetime / 2:
            self.journey(0, now)

    def prepare(self, number: int, now: float) -> None:
        usable = [permit for permit in self.permits if permit.opens_at <= now][:number]
        self.permits = [permit for permit in self.permits if permit not in usable]
        self.preparing += usable
        self.journey(0, now)

    def send(self, now: float) -> None:
        for permit in self.preparing:
            self.log.append((now, permit.cost.tokens))
            self.sent[permit.id] = Sent(
                account="a", model=None, requests=permit.cost.requests, tokens=permit.cost.tokens, at=now
            )
        self.preparing = []

    def use(self, number: int, now: float) -> None:
        """Send at once, and tell when there is an occasion."""
        usable = [permit for permit in self.permits if permit.opens_at <= now][:number]
        self.permits = [permit for permit in self.permits if permit not in usable]
        self.preparing, still = usable, self.preparing
        self.send(now)
        self.preparing = still


steps = st.tuples(
    st.sampled_from(["ask", "ask", "ask", "lost", "nothing", "use", "use", "prepare", "send", "kill"]),
    st.integers(0, 2),  # the process
    st.integers(1, 8),  # how many
    st.sampled_from([0.0, 0.01, 0.1, 0.4, 1.0, 3.0]),  # seconds that pass first
)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, min_size=20, max_size=150))
def test_whatever_is_told_late_or_never_no_stretch_of_time_holds_more_than_the_limit(
    schedule: list[tuple[str, int, int, float]],
) -> None:
    shelf, log, names = Shelf(*RATES), list[tuple[float, int]](), count()
    processes = [Process(f"p{next(names)}", shelf, log) for _ in range(3)]
    now = NOW
    for action, who, number, pause in schedule:
        now += min(pause, 3.0)
        for process in processes:
            process.live(now)
        match action:
            case "ask" | "lost":
                processes[who].journey(number, now, is_lost=action == "lost")
            case "use":
                processes[who].use(number, now)
            case "prepare":
                processes[who].prepare(number, now)
            case "send":
                processes[who].send(now)
            case "kill":
                processes[who] = Process(f"p{next(names)}", shelf, log)
    for at, _ in log:
        assert sum(at <= other < at + 6.0 + SKEW - 1e-6 for other, _ in log) <= 5
        assert sum(tokens for other, tokens in log if at <= other < at + 15.0 + SKEW - 1e-6) <= 40
