"""What one limit has seen, against a naive memory that forgets nothing.

Random times lie on a grid of quarters of a second, which floats hold exactly, so that edges are hit and not missed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import DAY, Allowance, Cost, DayLimit, Limit, Limits, Meter
from ratelimit.window import DayWindow, RollingWindow, Spending, Window, midnight_after

ONE = Cost()
SKEW = 0.25
PERIOD = 20.0
PACIFIC = "America/Los_Angeles"


def unix(year: int, month: int, day: int, hour: int = 0, minute: int = 0, *, zone: str = PACIFIC) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()


def meter(*rates: Limit | DayLimit, skew: float = SKEW) -> Meter:
    return Meter(Limits(account=Allowance(rates=rates)), skew=skew)


def send(meter: Meter, at: float, cost: Cost = ONE) -> Spending:
    """Spend, and send at once."""
    meter.fits(cost, None, at)
    spending = meter.spend(cost, None)
    meter.stamp(spending, at)
    return spending


def openings(window: Window, cost: Cost, now: float, number: int) -> list[float]:
    """When so many could go, one after the other."""
    course = window.course(now)
    times: list[float] = []
    for _ in range(number):
        times.append(course.earliest(cost, times[-1] if times else now))
        course.take(cost, times[-1])
    return times


def used(meter: Meter, at: float) -> int:
    (usage,) = meter.usage(at)
    return usage.requests


# A limit over a period: an exact log


@dataclass
class Sent:
    """One spending as the naive memory knows it."""

    requests: int
    tokens: int
    at: float | None = None


@dataclass
class Memory:
    """Remembers everything, and counts it anew whenever it is asked."""

    kept: float
    sent: list[Sent] = field(default_factory=list)

    def counted(self, now: float) -> list[Sent]:
        return [one for one in self.sent if one.at is None or one.at + self.kept > now]

    def requests(self, now: float) -> int:
        return sum(one.requests for one in self.counted(now))

    def tokens(self, now: float) -> int:
        return sum(one.tokens for one in self.counted(now))

    def fits(self, limit: Limit, cost: Cost, now: float) -> bool:
        return (limit.requests is None or self.requests(now) + cost.requests <= limit.requests) and (
            limit.tokens is None or self.tokens(now) + cost.tokens <= limit.tokens
        )

    def leaves_at(self, now: float) -> list[float]:
        """When each thing that counts will leave; what is unsent at best is sent now."""
        return sorted((now if one.at is None else one.at) + self.kept for one in self.counted(now))

    def earliest(self, limit: Limit, cost: Cost, now: float) -> float:
        later = Memory(
            self.kept, [Sent(one.requests, one.tokens, now if one.at is None else one.at) for one in self.sent]
        )
        return next((at for at in (now, *self.leaves_at(now)) if later.fits(limit, cost, at)), math.inf)


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["spend", "spend", "spend", "send", "send", "send", "resend", "correct", "refund", "insert", "observe"]
        ),
        st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0, 3.0, 7.25, PERIOD, PERIOD + SKEW]),
        st.integers(1, 3),
        st.integers(0, 40),
        st.integers(0, 1000),
    ),
    max_size=40,
)
costs = st.builds(Cost, st.integers(1, 9), st.integers(0, 120))


class Twins:
    """A meter and a naive memory to which the same things happen."""

    def __init__(self, limit: Limit | DayLimit) -> None:
        self.meter = meter(limit)
        self.memory = Memory(PERIOD + SKEW)
        self.spendings: list[tuple[Spending, Sent]] = []
        self._unseen: Sent | None = None

    def step(self, step: str, now: float, requests: int, tokens: int, which: int) -> None:
        if step == "spend":
            sent = Sent(requests, tokens)
            self.spendings.append((self.meter.spend(Cost(requests, tokens), None), sent))
            self.memory.sent.append(sent)
        elif step == "insert":
            at = now - which / 4
            self.meter.insert(Cost(requests, tokens), None, at, now)
            self.memory.sent.append(Sent(requests, tokens, at))
        elif step == "observe":
            self._observe(now, requests, tokens, now + which % 82 / 4)
        elif self.spendings:
            self._change(step, now, tokens, *self.spendings[which % len(self.spendings)])

    def _change(self, step: str, now: float, tokens: int, spending: Spending, sent: Sent) -> None:
        if step == "correct":
            self.meter.correct(spending, tokens, now)
            sent.tokens = tokens
        elif step == "resend" or (step == "send" and sent.at is None):
            self.meter.stamp(spending, now)
            sent.at = now
        elif step == "refund" and sent.at is None:
            self.meter.refund(spending)
            self.spendings.remove((spending, sent))
            self.memory.sent = [other for other in self.memory.sent if other is not sent]

    def _observe(self, now: float, requests: int, tokens: int, until: float) -> None:
        memory = self.memory
        memory.sent = [other for other in memory.sent if other is not self._unseen]
        self.meter.observe(PERIOD, requests, tokens, until, None, now)
        others = max(0, 8 - requests - memory.requests(now)), max(0, 100 - tokens - memory.tokens(now))
        self._unseen = Sent(*others, until - memory.kept) if any(others) else None
        memory.sent += [] if self._unseen is None else [self._unseen]


@settings(max_examples=1500, deadline=None)
@given(steps, costs)
def test_the_log_is_exact_whatever_happens_to_what_was_spent(
    schedule: list[tuple[str, float, int, int, int]], wanted: Cost
) -> None:
    limit = Limit(8, tokens=100, period=PERIOD)
    twins = Twins(limit)
    memory = twins.memory
    (window,) = twins.meter.windows(None)
    now = 1000.0
    for step, pause, requests, tokens, which in schedule:
        now += pause
        twins.step(step, now, requests, tokens, which)
        (usage,) = twins.meter.usage(now)
        assert (usage.requests, usage.tokens) == (memory.requests(now), memory.tokens(now))
        assert twins.meter.fits(wanted, None, now) == memory.fits(limit, wanted, now)
        assert twins.meter.earliest(wanted, None, now) == memory.earliest(limit, wanted, now)
        first = min((one.at + memory.kept for one in memory.counted(now) if one.at is not None), default=math.inf)
        assert now < window.next_expiry() <= first
        for at in (now, now + 5.0, now + PERIOD):
            gone = [one for one in memory.counted(now) if one.at is not None and one.at + memory.kept <= at]
            assert window.expired_by(at) == (sum(one.requests for one in gone), sum(one.tokens for one in gone))


@settings(max_examples=500, deadline=None)
@given(steps, st.builds(Cost, st.integers(1, 5), st.integers(0, 60)))
def test_the_course_of_a_window_is_when_one_after_the_other_would_fit(
    schedule: list[tuple[str, float, int, int, int]], cost: Cost
) -> None:
    limit = Limit(8, tokens=100, period=PERIOD)
    exact = meter(limit)
    (window,) = exact.windows(None)
    memory = Memory(PERIOD + SKEW)
    now = 1000.0
    for step, pause, requests, tokens, _ in schedule:
        now += pause
        if step == "spend":
            exact.spend(Cost(requests, tokens), None)
            memory.sent.append(Sent(requests, tokens))
        else:
            send(exact, now, Cost(requests, tokens))
            memory.sent.append(Sent(requests, tokens, now))
    memory.sent = [Sent(one.requests, one.tokens, now if one.at is None else one.at) for one in memory.sent]
    window.forget(now)
    at = now
    for opening in openings(window, cost, now, 12):
        at = memory.earliest(limit, cost, at)
        assert opening == at
        memory.sent.append(Sent(cost.requests, cost.tokens, at))


@pytest.mark.parametrize("rate", [Limit(3, tokens=30), DayLimit(3, tokens=30)], ids=["a minute", "a day"])
@pytest.mark.parametrize("cost", [Cost(requests=4), Cost(tokens=31)], ids=["requests", "tokens"])
def test_what_could_never_go_has_no_openings(rate: Limit | DayLimit, cost: Cost) -> None:
    (window,) = meter(rate).current(None, 0.0)
    assert window.course(0.0).earliest(cost, 0.0) == math.inf


@pytest.mark.parametrize("cost", [Cost(requests=3), Cost(tokens=30)], ids=["requests", "tokens"])
def test_what_takes_all_there_is_goes_once_a_period(cost: Cost) -> None:
    window = RollingWindow(Limit(3, tokens=30, period=60), SKEW)
    assert openings(window, cost, 0.0, 3) == [0.0, 60.25, 120.5]


def test_openings_never_go_back_in_time_whatever_a_service_says_of_its_reset() -> None:
    of_ten = meter(Limit(10, period=60))
    of_ten.observe(60, 1, None, 1000.0, None, 0.0)
    (window,) = of_ten.windows(None)
    times = openings(window, ONE, 0.0, 20)
    assert times == sorted(times)


def test_what_leaves_a_window_is_told_as_a_share_of_its_scarcer_dimension() -> None:
    both = meter(Limit(10, tokens=100, period=60))
    send(both, 0.0, Cost(requests=1, tokens=50))
    send(both, 1.0, Cost(requests=3, tokens=20))
    (window,) = both.windows(None)
    assert isinstance(window, RollingWindow)
    assert window.expiries() == [(60.25, 0.5), (61.25, 0.3)]


def test_what_others_spent_counts_until_the_service_says_the_limit_is_whole() -> None:
    of_ten = meter(Limit(10, period=60))
    of_ten.observe(60, 2, None, 30.0, None, 0.0)
    assert [used(of_ten, at) for at in (0.0, 29.9, 30.0)] == [8, 8, 0]


def test_what_is_ours_is_not_counted_as_others_too() -> None:
    of_ten = meter(Limit(10, period=60))
    for _ in range(3):
        send(of_ten, 0.0)
    of_ten.observe(60, 7, None, 60.0, None, 1.0)
    assert used(of_ten, 1.0) == 3


def test_the_last_word_of_the_service_replaces_the_one_before() -> None:
    of_ten = meter(Limit(10, period=60))
    of_ten.observe(60, 2, None, 60.0, None, 0.0)
    of_ten.observe(60, 7, None, 60.0, None, 1.0)
    assert used(of_ten, 1.0) == 3


def test_a_service_that_says_nothing_of_requests_changes_nothing() -> None:
    of_ten = meter(Limit(10, tokens=100, period=60))
    of_ten.observe(60, None, 40, 60.0, None, 0.0)
    assert [(usage.requests, usage.tokens) for usage in of_ten.usage(0.0)] == [(0, 60)]


def test_what_a_service_says_of_tokens_leaves_what_it_said_of_requests() -> None:
    of_ten = meter(Limit(10, tokens=100, period=60))
    of_ten.observe(60, 4, None, 60.0, None, 0.0)
    of_ten.observe(60, None, 40, 60.0, None, 1.0)
    assert [(usage.requests, usage.tokens) for usage in of_ten.usage(2.0)] == [(6, 60)]


def test_what_others_spent_is_unsaid_once() -> None:
    of_ten = meter(Limit(10, period=60))
    for left in (2, 10, 10, 7):
        of_ten.observe(60, left, None, 60.0, None, 0.0)
    assert used(of_ten, 0.0) == 3


@pytest.mark.parametrize("rate", [Limit(None, tokens=100), DayLimit(None, tokens=100)], ids=["a minute", "a day"])
def test_what_is_left_of_a_limit_that_we_do_not_have_is_no_concern(rate: Limit | DayLimit) -> None:
    of_tokens = meter(rate)
    of_tokens.observe(rate.period, 3, None, 60.0, None, 0.0)
    assert [(usage.requests, usage.tokens) for usage in of_tokens.usage(0.0)] == [(0, 0)]


def test_a_reset_further_off_than_the_period_keeps_the_log_in_order() -> None:
    of_ten = meter(Limit(10, period=60))
    send(of_ten, 0.0)
    of_ten.observe(60, 8, None, 1000.0, None, 0.0)
    send(of_ten, 1.0)
    assert [used(of_ten, at) for at in (60.0, 60.25, 61.25, 1000.0)] == [3, 2, 1, 0]


def test_what_is_sent_again_long_after_it_left_counts_once() -> None:
    of_ten = meter(Limit(10, period=60))
    spending = send(of_ten, 0.0)
    of_ten.stamp(spending, 70.0)
    assert used(of_ten, 71.0) == 1


# A limit over a day: counters


@pytest.mark.parametrize(
    ("at", "midnight"),
    [
        (unix(2026, 7, 1, 12), unix(2026, 7, 2)),
        (unix(2026, 7, 2) - 0.5, unix(2026, 7, 2)),
        (unix(2026, 7, 2), unix(2026, 7, 3)),
        (unix(2026, 3, 8, 1), unix(2026, 3, 8, 1) + 22 * 3600),
        (unix(2026, 11, 1, 0), unix(2026, 11, 1, 0) + 25 * 3600),
    ],
    ids=["at noon", "just before", "at midnight", "a day of 23 hours", "a day of 25 hours"],
)
def test_midnight_is_that_of_the_zone(at: float, midnight: float) -> None:
    assert midnight_after(PACIFIC, at) == midnight


@pytest.mark.parametrize("day", [(2026, 7, 1), (2026, 3, 8), (2026, 11, 1)], ids=["24 h", "23 h", "25 h"])
def test_a_days_limit_is_whole_again_at_midnight_and_the_skew(day: tuple[int, int, int]) -> None:
    year, month, date = day
    midnight = unix(year, month, date + 1)
    daily = meter(DayLimit(2, zone=PACIFIC))
    for at in (unix(year, month, date), midnight - 3600):
        send(daily, at)
    assert daily.earliest(ONE, None, midnight - 3600) == midnight + SKEW
    assert [used(daily, at) for at in (midnight, midnight + SKEW)] == [2, 0]


def test_the_day_is_that_of_its_zone_and_not_of_greenwich() -> None:
    daily = meter(DayLimit(5, zone=PACIFIC))
    send(daily, unix(2026, 7, 1, 23, zone="UTC"))
    assert used(daily, unix(2026, 7, 2, 1, zone="UTC")) == 1


@pytest.mark.parametrize("seconds", [-SKEW, -0.1, 0.0, 0.1])
def test_what_is_sent_around_midnight_counts_on_both_days(seconds: float) -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(5, zone=PACIFIC))
    send(daily, midnight + seconds)
    assert [used(daily, midnight + at) for at in (0.2, SKEW, 7200.0, 24 * 3600 + SKEW)] == [1, 1, 1, 0]


@pytest.mark.parametrize("seconds", [-SKEW, -0.1, 0.0, 0.1])
def test_what_others_sent_around_midnight_counts_on_both_days_but_once_however_often_it_is_told(seconds: float) -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(5, zone=PACIFIC))
    told = [(midnight + seconds, None, ONE)]
    for at in (0.15, 0.2):
        daily.replace_others(told, midnight + at)
    seen = [used(daily, midnight + 0.2)]
    for at in (SKEW, 10.0):
        seen.append(used(daily, midnight + at))
        daily.replace_others(told, midnight + at)
    assert [*seen, used(daily, midnight + 20.0), used(daily, midnight + DAY + SKEW)] == [1, 1, 1, 1, 0]


def test_what_others_sent_and_is_unsaid_at_midnight_counts_on_no_day() -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(5, zone=PACIFIC))
    daily.replace_others([(midnight, None, ONE)], midnight + 0.1)
    daily.replace_others([], midnight + 0.2)
    assert [used(daily, midnight + 0.2), used(daily, midnight + SKEW)] == [0, 0]


def test_what_was_sent_at_the_edge_of_the_day_is_corrected_on_both() -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(None, tokens=100, zone=PACIFIC))
    spending = send(daily, midnight - SKEW, Cost(tokens=10))
    daily.fits(ONE, None, midnight + SKEW)
    daily.correct(spending, 70, midnight + 1.0)
    (usage,) = daily.usage(midnight + 2.0)
    assert usage.tokens == 70


def test_what_was_prepared_for_days_and_is_sent_right_before_midnight_counts_on_both_days() -> None:
    midnight = unix(2026, 7, 4)
    daily = meter(DayLimit(5, zone=PACIFIC))
    daily.fits(ONE, None, unix(2026, 7, 1, 12))
    daily.stamp(daily.spend(ONE, None), midnight - 0.1)
    assert [used(daily, midnight), used(daily, midnight + 3600)] == [1, 1]


def test_what_is_sent_earlier_counts_on_its_day_alone() -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(5, zone=PACIFIC))
    send(daily, midnight - SKEW - 0.01)
    assert used(daily, midnight + SKEW) == 0


def test_what_is_unsent_at_midnight_is_carried_over_for_as_long_as_it_is_unsent() -> None:
    daily = meter(DayLimit(5, zone=PACIFIC))
    daily.fits(ONE, None, unix(2026, 7, 1, 23))
    spending = daily.spend(ONE, None)
    seen = [used(daily, unix(2026, 7, day, 1)) for day in (2, 3, 4)]
    daily.stamp(spending, unix(2026, 7, 4, 2))
    assert (seen, used(daily, unix(2026, 7, 4, 3)), used(daily, unix(2026, 7, 5, 1))) == ([1, 1, 1], 1, 0)


@pytest.mark.parametrize("day", [(2026, 7, 1), (2026, 3, 8), (2026, 11, 1)], ids=["24 h", "23 h", "25 h"])
@pytest.mark.parametrize("hours", [0.25, 12.0], ids=["in its first hour", "at noon"])
def test_what_was_sent_on_this_day_is_remembered_and_corrected(day: tuple[int, int, int], hours: float) -> None:
    daily = meter(DayLimit(None, tokens=100, zone=PACIFIC))
    begin = unix(*day)
    spending = send(daily, begin + hours * 3600, Cost(tokens=10))
    daily.correct(spending, 70, begin + 22 * 3600)
    daily.insert(Cost(tokens=20), None, begin + hours * 3600, begin + 22 * 3600)
    (usage,) = daily.usage(begin + 22.5 * 3600)
    assert (usage.requests, usage.tokens) == (2, 90)


@pytest.mark.parametrize("day", [(2026, 7, 2), (2026, 3, 9), (2026, 11, 2)], ids=["24 h", "23 h", "25 h"])
def test_what_was_sent_on_the_day_before_is_not(day: tuple[int, int, int]) -> None:
    daily = meter(DayLimit(None, tokens=100, zone=PACIFIC))
    begin = unix(*day)
    spending = send(daily, begin - 1800, Cost(tokens=10))
    daily.correct(spending, 70, begin + 3600)
    daily.insert(Cost(tokens=20), None, begin - 1800, begin + 3600)
    (usage,) = daily.usage(begin + 3600)
    assert (usage.requests, usage.tokens) == (0, 0)


def test_what_is_sent_again_on_the_next_day_counts_there_too() -> None:
    daily = meter(DayLimit(5, zone=PACIFIC))
    spending = send(daily, unix(2026, 3, 8, 23, 30))
    daily.stamp(spending, unix(2026, 3, 9, 1))
    assert used(daily, unix(2026, 3, 9, 2)) == 1


def test_what_is_sent_again_on_the_same_day_counts_once() -> None:
    daily = meter(DayLimit(5, zone=PACIFIC))
    spending = send(daily, unix(2026, 11, 1, 0, 30))
    daily.stamp(spending, unix(2026, 11, 1, 20))
    assert used(daily, unix(2026, 11, 1, 21)) == 1


def test_what_others_spent_of_the_day_is_forgotten_at_midnight() -> None:
    daily = meter(DayLimit(100, zone=PACIFIC))
    daily.observe(DAY, 40, None, unix(2026, 7, 2), None, unix(2026, 7, 1, 12))
    daily.observe(DAY, 30, None, unix(2026, 7, 2), None, unix(2026, 7, 1, 13))
    assert [used(daily, unix(2026, 7, 1, 14)), used(daily, unix(2026, 7, 2, 0, 1))] == [70, 0]


def test_tokens_that_others_spent_of_the_day_count_too() -> None:
    daily = meter(DayLimit(100, tokens=1000, zone=PACIFIC))
    noon, midnight = unix(2026, 7, 1, 12), unix(2026, 7, 2)
    send(daily, noon, Cost(tokens=100))
    daily.observe(DAY, None, 400, midnight, None, noon)
    (usage,) = daily.usage(noon)
    assert (usage.requests, usage.tokens) == (1, 600)


def test_a_day_that_only_others_spent_of_gives_it_back_at_midnight() -> None:
    daily = meter(DayLimit(None, tokens=1000, zone=PACIFIC))
    noon, midnight = unix(2026, 7, 1, 12), unix(2026, 7, 2)
    expiries = [daily.next_expiry(None, noon)]
    daily.observe(DAY, None, 400, midnight, None, noon)
    expiries.append(daily.next_expiry(None, noon))
    assert expiries == [math.inf, midnight + SKEW]


@pytest.mark.parametrize(
    ("cost", "when"),
    [
        (Cost(2, 60), "now"),
        (Cost(3, 0), "tomorrow"),
        (Cost(1, 61), "tomorrow"),
        (Cost(5, 100), "tomorrow"),
        (Cost(6, 0), "never"),
        (Cost(1, 101), "never"),
    ],
    ids=["all that is left", "a request more", "a token more", "a whole day", "requests of two", "tokens of two"],
)
def test_what_the_day_has_no_more_fits_at_midnight_or_never(cost: Cost, when: str) -> None:
    noon, midnight = unix(2026, 7, 1, 12), unix(2026, 7, 2)
    daily = meter(DayLimit(5, tokens=100, zone=PACIFIC))
    send(daily, noon, Cost(3, 40))
    expected = {"now": noon, "tomorrow": midnight + SKEW, "never": math.inf}[when]
    assert daily.earliest(cost, None, noon) == expected
    assert daily.fits(cost, None, noon) == (when == "now")


def test_a_day_gives_back_all_of_it_at_midnight_and_nothing_before() -> None:
    midnight = unix(2026, 7, 2)
    daily = meter(DayLimit(5, tokens=100, zone=PACIFIC))
    send(daily, midnight - 3600, Cost(3, 40))
    (window,) = daily.windows(None)
    gone = [window.expired_by(midnight + at) for at in (0.0, SKEW, 3600.0)]
    assert gone == [(0, 0), (3, 40), (3, 40)]


def test_a_clock_set_back_at_midnight_begins_no_second_day() -> None:
    """The wall clock and the pool's are read one after the other, so midnight on the latter is never twice the same."""
    offsets = iter([0.0, 0.0, -1e-6, 1e-6, 1e-6, 1e-6])

    def midnight(zone: str, now: float) -> float:
        offset = next(offsets)
        return midnight_after(zone, now + offset) - offset

    window = DayWindow(DayLimit(5, zone=PACIFIC), SKEW, midnight)
    at = unix(2026, 7, 2) - 0.1
    window.forget(at)
    spending = Spending(1, 0)
    window.add(spending)
    spending.at = at
    window.stamp(spending)
    seen = []
    for later in (SKEW, 1.0, 3600.0):
        window.forget(unix(2026, 7, 2) + later)
        seen.append(window.requests)
    assert seen == [1, 1, 1]


def test_a_clock_set_back_by_an_hour_ends_no_day_early() -> None:
    back = 0.0

    def midnight(zone: str, now: float) -> float:
        return midnight_after(zone, now - back) + back

    window = DayWindow(DayLimit(5, zone=PACIFIC), SKEW, midnight)
    window.forget(unix(2026, 7, 1, 12))
    window.insert(Spending(1, 0, at=unix(2026, 7, 1, 12)))
    back = 3600.0
    seen = []
    for hours in (0.5, 1.5):
        window.forget(unix(2026, 7, 2) + hours * 3600)
        seen.append(window.requests)
    assert seen == [1, 0]


def test_a_day_that_is_full_opens_by_the_day() -> None:
    daily = meter(DayLimit(2, zone="UTC"))
    begin = unix(2026, 7, 1, zone="UTC")
    now = begin + 3600
    send(daily, now)
    (window,) = daily.windows(None)
    assert openings(window, ONE, now, 5) == [now, *[begin + DAY + SKEW] * 2, *[begin + 2 * DAY + SKEW] * 2]


@pytest.mark.parametrize("cost", [Cost(requests=4), Cost(tokens=100)], ids=["requests", "tokens"])
def test_what_takes_a_whole_day_goes_once_a_day(cost: Cost) -> None:
    noon, midnight = unix(2026, 7, 1, 12, zone="UTC"), unix(2026, 7, 2, zone="UTC")
    (window,) = meter(DayLimit(4, tokens=100, zone="UTC")).current(None, noon)
    assert openings(window, cost, noon, 3) == [noon, midnight + SKEW, midnight + DAY + SKEW]


def test_half_a_days_tokens_go_twice_a_day() -> None:
    noon, midnight = unix(2026, 7, 1, 12, zone="UTC"), unix(2026, 7, 2, zone="UTC")
    (window,) = meter(DayLimit(None, tokens=100, zone="UTC")).current(None, noon)
    times = openings(window, Cost(tokens=50), noon, 4)
    assert times == [noon, noon, midnight + SKEW, midnight + SKEW]


day_steps = st.lists(
    st.tuples(
        st.sampled_from(["spend", "send", "send", "resend", "correct", "refund", "insert"]),
        st.sampled_from([0.0, 0.25, 0.5, 60.0, 3600.0, 5 * 3600.0, "midnight", "midnight", "reset", "early"]),
        st.integers(1, 3),
        st.integers(0, 40),
        st.integers(0, 100),
    ),
    max_size=30,
)


@settings(max_examples=1500, deadline=None)
@given(day_steps, st.sampled_from([(2026, 7, 1), (2026, 3, 7), (2026, 10, 31)]))
def test_a_day_counts_all_that_the_provider_may_count_on_it(
    schedule: list[tuple[str, float | str, int, int, int]], begin: tuple[int, int, int]
) -> None:
    twins = Twins(DayLimit(1000, tokens=10_000, zone=PACIFIC))
    now = unix(*begin, 12)
    for step, pause, requests, tokens, which in schedule:
        midnight = midnight_after(PACIFIC, now)
        edges = {"midnight": midnight, "reset": midnight + SKEW, "early": midnight - SKEW}
        now = edges[pause] if isinstance(pause, str) else now + pause
        twins.meter.fits(ONE, None, now)
        twins.step(step, now, requests, tokens, which * 3600)
        began_at = midnight_after(PACIFIC, midnight_after(PACIFIC, now - SKEW) - 30 * 3600)
        counted = [one for one in twins.memory.sent if one.at is None or one.at >= began_at - SKEW]
        (usage,) = twins.meter.usage(now)
        assert usage.requests == sum(one.requests for one in counted)
        assert usage.tokens == sum(one.tokens for one in counted)
