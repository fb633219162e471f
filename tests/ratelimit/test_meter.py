from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import Allowance, Cost, DayLimit, Limit, Limits, Meter, Rate
from ratelimit.meter import FULL, Claim
from ratelimit.window import Spending

ONE = Cost()


def meter(*rates: Rate, room: int | None = None, skew: float = 0.25, models: Allowance | None = None) -> Meter:
    limits = Limits(account=Allowance(rates=rates, room=room), each_model=models or Allowance())
    return Meter(limits, skew=skew)


def takes(meter: Meter, cost: Cost, model: str | None, now: float) -> bool:
    """Whether rates and room allow it now."""
    return meter.has_room(model) and meter.fits(cost, model, now)


def send(meter: Meter, cost: Cost, model: str | None, at: float) -> Spending:
    """Spend, and send at once."""
    spending = meter.spend(cost, model)
    meter.stamp(spending, at)
    return spending


def test_a_full_window_opens_a_period_and_the_skew_after_the_first_request() -> None:
    of_two = meter(Limit(2, period=60))
    send(of_two, ONE, None, 0.0)
    send(of_two, ONE, None, 10.0)
    assert [of_two.fits(ONE, None, at) for at in (60.0, 60.24, 60.25)] == [False, False, True]


def test_it_foretells_when_a_cost_fits() -> None:
    of_five = meter(Limit(5, period=60))
    for at in (0.0, 1.0, 2.0, 3.0, 4.0):
        send(of_five, ONE, None, at)
    assert of_five.earliest(Cost(requests=3), None, 5.0) == 62.25


def test_what_never_fits_is_foretold_as_never() -> None:
    assert meter(Limit(5)).earliest(Cost(requests=6), None, 0.0) == math.inf


def test_tokens_are_counted_beside_requests() -> None:
    of_tokens = meter(Limit(None, tokens=100, period=60))
    send(of_tokens, Cost(tokens=70), None, 0.0)
    assert (of_tokens.fits(Cost(tokens=30), None, 1.0), of_tokens.fits(Cost(tokens=31), None, 1.0)) == (True, False)


def test_every_rate_holds() -> None:
    bursty = meter(Limit(2, period=1), Limit(3, period=60))
    for at in (0.0, 0.0, 2.0):
        assert bursty.fits(ONE, None, at)
        send(bursty, ONE, None, at)
    assert not bursty.fits(ONE, None, 30.0)


def test_models_have_windows_of_their_own() -> None:
    each = meter(models=Allowance(rates=(Limit(1),)))
    send(each, ONE, "big", 0.0)
    assert (each.fits(ONE, "big", 1.0), each.fits(ONE, "small", 1.0)) == (False, True)


def test_what_is_sent_later_counts_from_then() -> None:
    of_one = meter(Limit(1, period=60))
    spending = of_one.spend(ONE, None)
    of_one.stamp(spending, 3.0)
    assert of_one.earliest(ONE, None, 4.0) == 63.25


def test_what_is_unsent_does_not_expire() -> None:
    of_one = meter(Limit(1, period=60))
    of_one.spend(ONE, None)
    assert not of_one.fits(ONE, None, 1e9)


def test_what_is_sent_twice_counts_from_the_last_time() -> None:
    of_one = meter(Limit(1, period=60))
    spending = send(of_one, ONE, None, 0.0)
    of_one.stamp(spending, 50.0)
    assert [of_one.fits(ONE, None, at) for at in (60.25, 110.24, 110.25)] == [False, False, True]


def test_what_is_sent_again_after_it_left_the_window_counts_again() -> None:
    of_one = meter(Limit(1, period=60))
    spending = send(of_one, ONE, None, 0.0)
    of_one.stamp(spending, 70.0)
    assert [of_one.fits(ONE, None, at) for at in (70.0, 130.24, 130.25)] == [False, False, True]


def test_the_tokens_it_took_in_truth_count_in_place_of_those_estimated() -> None:
    of_tokens = meter(Limit(None, tokens=100, period=60))
    spending = send(of_tokens, Cost(tokens=30), None, 0.0)
    of_tokens.correct(spending, 70, 1.0)
    beside = [of_tokens.fits(Cost(tokens=tokens), None, 1.0) for tokens in (30, 31)]
    assert (beside, of_tokens.fits(Cost(tokens=100), None, 60.25)) == ([True, False], True)


def test_a_refund_leaves_nothing() -> None:
    of_one = meter(Limit(1), DayLimit(1))
    assert of_one.fits(ONE, None, 0.0)
    of_one.refund(of_one.spend(ONE, None))
    assert of_one.fits(ONE, None, 0.0)


def test_what_was_sent_before_a_restart_counts_from_then() -> None:
    of_one = meter(Limit(1, period=60))
    of_one.insert(ONE, None, 0.0, 10.0)
    assert of_one.earliest(ONE, None, 10.0) == 60.25


def test_what_others_spent_is_heard_by_the_windows_of_that_period_alone() -> None:
    both = meter(Limit(10, period=1), Limit(10, period=60))
    both.observe(60, 4, None, 50.0, None, 0.0)
    assert [usage.requests for usage in both.usage(0.0)] == [0, 6]


def test_what_is_told_of_a_limit_that_there_is_not_is_said_to_be_so() -> None:
    of_ten = meter(Limit(10, period=60))
    assert [of_ten.observe(period, 4, None, 50.0, None, 0.0) for period in (60, 3600)] == [True, False]


def test_what_others_sent_counts_as_it_was_told_last() -> None:
    account = meter(Limit(10, tokens=100, period=60), models=Allowance(rates=(Limit(10, period=60),)))
    account.replace_others([(1.0, None, Cost(9, 99))], 2.0)
    account.replace_others([(0.0, "m", Cost(3, 20)), (1.0, None, Cost(2, 10))], 2.0)
    seen = [[(usage.requests, usage.tokens) for usage in account.usage(at)] for at in (2.0, 60.25, 61.25)]
    assert seen == [[(5, 30), (3, 20)], [(2, 10), (0, 0)], [(0, 0), (0, 0)]]


def test_a_request_that_names_no_model_is_bound_by_no_models_limits() -> None:
    each = meter(Limit(9), room=9, models=Allowance(rates=(Limit(1),), room=1))
    for _ in range(3):
        send(each, ONE, None, 0.0)
        each.enter(None)
    assert (takes(each, ONE, None, 1.0), each.earliest(ONE, None, 1.0)) == (True, 1.0)
    assert takes(each, ONE, "m", 1.0)


@pytest.mark.parametrize("room", [None, 9], ids=["where there was none", "where there was another"])
def test_room_that_is_learned_binds_and_so_does_its_end(room: int | None) -> None:
    account = meter(Limit(9), room=room, models=Allowance(room=room))
    account.enter("m")
    seen = [takes(account, ONE, "m", 0.0)]
    for room in (1, 2, None):
        account.set_room(room, "m")
        seen.append(takes(account, ONE, "m", 0.0))
    assert seen == [True, False, True, True]


def test_room_is_everybody_who_entered_and_has_not_left() -> None:
    roomy = meter(room=2)
    states = []
    for change in (roomy.enter, roomy.enter, roomy.leave):
        change(None)
        states.append(roomy.has_room(None))
    assert states == [True, False, True]


def test_room_is_counted_by_model_too() -> None:
    each = meter(models=Allowance(room=1))
    each.enter("big")
    assert (each.has_room("big"), each.has_room("small"), each.has_room(None)) == (False, True, True)


def test_who_is_open_is_told_by_model() -> None:
    each = meter(models=Allowance(room=5))
    for model in ("big", "big", "small", None):
        each.enter(model)
    each.leave("small")
    assert (each.open, each.open_by_model) == (3, {"big": 2, None: 1})


@pytest.mark.parametrize(
    ("cost", "load"), [(Cost(1, 60), 0.6), (Cost(8, 10), 0.8), (Cost(1, 10), 0.25)], ids=["tokens", "requests", "room"]
)
def test_load_is_the_scarcest_fraction(cost: Cost, load: float) -> None:
    mixed = meter(Limit(10, tokens=100), Limit(100, period=3600), room=4)
    send(mixed, cost, None, 0.0)
    mixed.enter(None)
    assert mixed.load(None, 0.0) == load


def test_room_can_be_the_scarcest() -> None:
    mixed = meter(Limit(10), room=2)
    send(mixed, ONE, None, 0.0)
    mixed.enter(None)
    assert mixed.load(None, 0.0) == 0.5


@pytest.mark.parametrize("scarce", ["requests", "tokens", "room", "model"])
def test_what_can_take_nothing_more_is_full(scarce: str) -> None:
    mixed = meter(Limit(2, tokens=100), room=3, models=Allowance(rates=(Limit(1, tokens=10),)))
    costs = {"requests": [ONE, ONE], "tokens": [Cost(tokens=101)], "room": [], "model": [ONE]}
    for cost in costs[scarce]:
        send(mixed, cost, "big" if scarce == "model" else None, 0.0)
    for _ in range(3 if scarce == "room" else 0):
        mixed.enter(None)
    assert mixed.load("big", 0.0) is FULL


def test_what_takes_no_tokens_fits_where_they_are_used_up() -> None:
    of_tokens = meter(Limit(2, tokens=100))
    send(of_tokens, Cost(tokens=100), None, 0.0)
    assert (of_tokens.load(None, 0.0), of_tokens.fits(ONE, None, 0.0)) == (1.0, True)


def test_who_would_delay_a_claim_does_not_fit_beside_it() -> None:
    of_tokens = meter(Limit(None, tokens=100, period=60))
    send(of_tokens, Cost(tokens=50), None, 0.0)
    claim = Claim(of_tokens.earliest(Cost(tokens=90), None, 1.0), Cost(tokens=90), None)
    beside = [of_tokens.fits_beside(claim, Cost(tokens=tokens), None, 1.0) for tokens in (10, 11)]
    assert beside == [True, False]


def test_a_claim_keeps_its_requests_whatever_time_gives_back_before_it() -> None:
    of_five = meter(Limit(5, period=60))
    for at in (0.0, 0.0, 30.0):
        send(of_five, ONE, None, at)
    claim = Claim(of_five.earliest(Cost(requests=3), None, 40.0), Cost(requests=3), None)
    beside = [of_five.fits_beside(claim, Cost(requests=requests), None, 40.0) for requests in (1, 2)]
    assert (claim.at, beside) == (60.25, [True, False])


def test_a_claim_on_tomorrow_leaves_today_to_others() -> None:
    daily = meter(DayLimit(5, zone="UTC"))
    daily.current(None, 100.0)
    send(daily, Cost(requests=3), None, 100.0)
    wanted = Cost(requests=4)
    claim = Claim(daily.earliest(wanted, None, 101.0), wanted, None)
    beside = [daily.fits_beside(claim, Cost(requests=requests), None, 101.0) for requests in (1, 2)]
    assert beside == [True, False]


def test_what_is_claimed_of_another_models_window_delays_nobody() -> None:
    each = meter(models=Allowance(rates=(Limit(1, period=60),)))
    send(each, ONE, "big", 0.0)
    assert each.fits_beside(Claim(60.25, ONE, "big"), ONE, "small", 1.0)


def test_time_gives_back_first_what_was_sent_first() -> None:
    mixed = meter(Limit(5, period=60), Limit(5, period=10))
    expiries = [mixed.next_expiry(None, 0.0)]
    send(mixed, ONE, None, 0.0)
    expiries += [mixed.next_expiry(None, 0.0), mixed.next_expiry(None, 20.0)]
    assert expiries == [math.inf, 10.25, 60.25]


def test_usage_shows_what_counts_now() -> None:
    of_two = meter(Limit(2, tokens=10, period=60))
    send(of_two, Cost(tokens=3), None, 0.0)
    send(of_two, Cost(tokens=4), None, 30.0)
    assert [(usage.requests, usage.tokens) for usage in of_two.usage(61.0)] == [(1, 4)]


arrivals = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 3), st.integers(0, 60)), max_size=60)


@settings(max_examples=500, deadline=None)
@given(arrivals, st.integers(3, 8), st.data())
def test_no_stretch_of_a_period_ever_holds_more_than_the_limit_however_the_network_jitters(
    schedule: list[tuple[float, int, int]], limit: int, data: st.DataObject
) -> None:
    jittery = meter(Limit(limit, tokens=100, period=60), skew=0.25)
    now = 0.0
    received: list[tuple[float, Cost]] = []
    for pause, requests, tokens in schedule:
        now += pause
        cost = Cost(requests, tokens)
        if jittery.fits(cost, None, now):
            spending = jittery.spend(cost, None)
            now += data.draw(st.sampled_from([0.0, 2.0, 100.0]))
            jittery.stamp(spending, now)
            received.append((now + data.draw(st.floats(0, 0.249)), cost))
    for start, _ in received:
        stretch = [cost for at, cost in received if start <= at < start + 60]
        assert sum(cost.requests for cost in stretch) <= limit
        assert sum(cost.tokens for cost in stretch) <= 100


@settings(max_examples=500, deadline=None)
@given(arrivals, st.integers(1, 8), st.integers(0, 100))
def test_what_is_foretold_is_the_first_moment_that_fits(
    schedule: list[tuple[float, int, int]], requests: int, tokens: int
) -> None:
    honest = meter(Limit(8, tokens=100, period=60))
    now = 0.0
    for pause, *amounts in schedule:
        now += pause
        if honest.fits(Cost(*amounts), None, now):
            send(honest, Cost(*amounts), None, now)
    wanted = Cost(requests, tokens)
    at = honest.earliest(wanted, None, now)
    assert at == now or not honest.fits(wanted, None, math.nextafter(at, 0))
    assert honest.fits(wanted, None, at)


# Other limits


def test_a_lower_limit_counts_what_was_spent_and_opens_as_that_leaves() -> None:
    account = meter(Limit(4, period=60))
    for at in (0.0, 1.0, 2.0):
        send(account, ONE, None, at)

    account.set_limits(Limits(account=Allowance(rates=(Limit(2, period=60),))), 3.0)

    assert [account.fits(ONE, None, at) for at in (3.0, 61.0, 61.25)] == [False, False, True]


def test_a_higher_limit_opens_at_once_and_what_is_under_way_still_counts() -> None:
    account = meter(Limit(1, period=60))
    under_way = account.spend(ONE, None)

    account.set_limits(Limits(account=Allowance(rates=(Limit(2, period=60),))), 1.0)

    assert account.fits(ONE, None, 1.0)
    send(account, ONE, None, 3.0)
    account.stamp(under_way, 20.0)
    assert [account.fits(ONE, None, at) for at in (63.0, 63.25)] == [False, True]
    send(account, ONE, None, 63.25)
    assert [account.fits(ONE, None, at) for at in (80.0, 80.25)] == [False, True]


def test_a_limit_over_a_new_period_begins_with_what_is_known() -> None:
    account = meter(Limit(10, period=60))
    send(account, ONE, None, 0.0)
    account.spend(ONE, None)  # under way

    account.set_limits(Limits(account=Allowance(rates=(Limit(10, period=60), Limit(3, period=3600)))), 1.0)

    assert account.fits(ONE, None, 2.0)
    send(account, ONE, None, 2.0)
    assert not account.fits(ONE, None, 3.0)
    assert account.fits(ONE, None, 3600.25)


def test_a_limit_over_a_new_period_begins_with_the_tokens_that_are_known() -> None:
    account = meter(Limit(None, tokens=100, period=60))
    send(account, Cost(tokens=30), None, 0.0)
    account.spend(Cost(tokens=20), None)  # under way

    account.set_limits(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=3600),))), 1.0)

    assert [account.fits(Cost(tokens=tokens), None, 2.0) for tokens in (50, 51)] == [True, False]


def test_a_limit_over_a_new_period_begins_with_the_longest_memory_there_is() -> None:
    account = meter(Limit(5, period=1), Limit(5, period=60), DayLimit(9))
    account.current(None, 0.0)
    send(account, ONE, None, 0.0)

    account.set_limits(Limits(account=Allowance(rates=(Limit(1, period=3600),))), 30.0)

    assert not account.fits(ONE, None, 30.0)


def test_every_limit_finds_its_own_past_in_whatever_order_they_come() -> None:
    short, long, day = Limit(5, period=1), Limit(5, period=60), DayLimit(5, zone="UTC")
    account = meter(short, long, day)
    account.current(None, 100.0)
    send(account, ONE, None, 100.0)
    send(account, ONE, None, 110.0)

    account.set_limits(Limits(account=Allowance(rates=(DayLimit(6, zone="UTC"), long, short))), 170.0)

    assert [(usage.limit.period, usage.requests) for usage in account.usage(170.0)] == [
        (day.period, 2),
        (long.period, 1),
        (short.period, 0),
    ]


def test_two_limits_over_one_period_stay_two() -> None:
    account = meter(Limit(5), Limit(None, tokens=100))
    send(account, Cost(tokens=30), None, 0.0)

    account.set_limits(Limits(account=Allowance(rates=(Limit(2), Limit(None, tokens=50)))), 1.0)

    beside = [account.fits(cost, None, 2.0) for cost in (Cost(1, 20), Cost(2, 20), Cost(1, 21))]
    assert beside == [True, False, False]


def test_several_limits_may_be_new_at_once() -> None:
    account = meter(Limit(9, period=60))
    send(account, ONE, None, 0.0)

    rates = (Limit(9, period=1), Limit(2, period=3600), Limit(9, period=60))
    account.set_limits(Limits(account=Allowance(rates=rates)), 10.0)

    assert [(usage.limit, usage.requests) for usage in account.usage(10.0)] == list(zip(rates, (0, 1, 1), strict=True))


def test_the_rest_of_the_day_is_that_of_its_new_limit() -> None:
    account = meter(DayLimit(5, tokens=100, zone="UTC"))
    account.current(None, 100.0)
    send(account, Cost(3, 40), None, 100.0)

    account.set_limits(Limits(account=Allowance(rates=(DayLimit(4, tokens=60, zone="UTC"),))), 101.0)

    beside = [account.fits(cost, None, 102.0) for cost in (Cost(1, 20), Cost(2, 20), Cost(1, 21))]
    assert beside == [True, False, False]


def test_a_day_that_ends_elsewhere_begins_with_the_last_minute() -> None:
    account = meter(DayLimit(5, zone="UTC"), Limit(5, period=60))
    account.current(None, 100.0)
    send(account, ONE, None, 100.0)
    send(account, ONE, None, 200.0)

    account.set_limits(Limits(account=Allowance(rates=(DayLimit(5, zone="Asia/Tokyo"),))), 201.0)

    assert [usage.requests for usage in account.usage(202.0)] == [1]


@pytest.mark.parametrize("rate", [Limit, DayLimit], ids=["a minute", "a day"])
def test_what_is_left_is_measured_by_the_limit_of_now(rate: type[Limit | DayLimit]) -> None:
    account = meter(rate(10, tokens=100))
    account.set_limits(Limits(account=Allowance(rates=(rate(20, tokens=500),))), 100.0)

    account.observe(rate(20).period, 15, 200, 150.0, None, 101.0)

    assert [(usage.limit, usage.requests, usage.tokens) for usage in account.usage(102.0)] == [
        (rate(20, tokens=500), 5, 300)
    ]


def test_another_limit_of_a_model_keeps_what_was_spent_on_it() -> None:
    account = meter(Limit(9), models=Allowance(rates=(Limit(3),), room=3))
    send(account, ONE, "m", 0.0)
    account.enter("m")

    account.set_limits(
        Limits(account=Allowance(rates=(Limit(9),), room=9), each_model=Allowance(rates=(Limit(2),), room=1)), 1.0
    )

    assert [account.fits(Cost(requests=requests), "m", 1.0) for requests in (1, 2)] == [True, False]
    assert [account.has_room(model) for model in ("m", "other")] == [False, True]


def test_what_is_under_way_counts_in_a_limit_over_a_new_period_from_when_it_is_sent() -> None:
    account = meter(Limit(1, period=60))
    under_way = account.spend(ONE, None)

    account.set_limits(Limits(account=Allowance(rates=(Limit(1, period=30),))), 0.0)

    account.stamp(under_way, 10.0)
    assert [account.fits(ONE, None, at) for at in (30.25, 40.24, 40.25)] == [False, False, True]


def test_a_limit_of_a_model_that_had_none_begins_with_what_was_sent_for_it() -> None:
    account = meter(Limit(10, period=60))
    for model in ("film", "film", "still"):
        send(account, ONE, model, 0.0)
    under_way = account.spend(ONE, "still")

    limits = Limits(account=Allowance(rates=(Limit(10, period=60),)), each_model=Allowance(rates=(Limit(2),)))
    account.set_limits(limits, 1.0)

    assert [account.fits(ONE, model, 1.0) for model in ("film", "still", "other")] == [False, False, True]
    account.refund(under_way)
    assert account.fits(ONE, "still", 1.0)


def test_a_day_of_a_service_begins_with_the_last_minute() -> None:
    account = meter(Limit(10, period=60))
    send(account, ONE, None, 100.0)

    account.set_limits(Limits(account=Allowance(rates=(DayLimit(1, zone="UTC"),))), 101.0)

    assert not account.fits(ONE, None, 102.0)
    assert account.fits(ONE, None, 86_401.0)


def test_a_limit_that_is_gone_holds_nobody_and_a_models_own_is_its_own() -> None:
    account = meter(Limit(1, period=60))
    send(account, ONE, "m", 0.0)

    account.set_limits(Limits(models={"m": Allowance(rates=(Limit(5),), room=1)}), 1.0)

    assert [account.fits(Cost(requests=most), "m", 1.0) for most in (4, 5)] == [True, False]  # one was for it
    account.enter("m")
    assert not takes(account, ONE, "m", 1.0)
    assert takes(account, ONE, "other", 1.0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=12))
def test_after_any_change_no_stretch_holds_more_than_the_highest_limit_of_its_time(
    steps: list[tuple[int, int]],
) -> None:
    account, sent, held, now = meter(Limit(3, period=10.0), skew=0.0), list[float](), [(0.0, 3)], 0.0
    for pause, limit in steps:
        now += pause
        held.append((now, limit))
        account.set_limits(Limits(account=Allowance(rates=(Limit(limit, period=10.0),))), now)
        while account.fits(ONE, None, now):
            send(account, ONE, None, now)
            sent.append(now)
        lately = [most for at, most in held if at > now - 10.0]
        assert sum(at > now - 10.0 for at in sent) <= max(lately)
