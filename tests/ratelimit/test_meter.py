from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ratelimit import Allowance, Cost, Limit, Limits, Meter
from ratelimit.meter import Claim

ONE = Cost()


def meter(*rates: Limit, room: int | None = None, skew: float = 0.25, models: Allowance | None = None) -> Meter:
    limits = Limits(account=Allowance(rates=rates, room=room), each_model=models or Allowance())
    return Meter(limits, skew=skew)


def test_a_full_window_opens_a_period_and_the_skew_after_the_first_request() -> None:
    of_two = meter(Limit(2, period=60))
    of_two.spend(ONE, None, 0.0)
    of_two.spend(ONE, None, 10.0)
    assert [of_two.fits(ONE, None, at) for at in (60.0, 60.24, 60.25)] == [False, False, True]


def test_it_foretells_when_a_cost_fits() -> None:
    of_five = meter(Limit(5, period=60))
    for at in (0.0, 1.0, 2.0, 3.0, 4.0):
        of_five.spend(ONE, None, at)
    assert of_five.earliest(Cost(requests=3), None, 5.0) == 62.25


def test_what_never_fits_is_foretold_as_never() -> None:
    assert meter(Limit(5)).earliest(Cost(requests=6), None, 0.0) == math.inf


def test_tokens_are_counted_beside_requests() -> None:
    of_tokens = meter(Limit(None, tokens=100, period=60))
    of_tokens.spend(Cost(tokens=70), None, 0.0)
    assert (of_tokens.fits(Cost(tokens=30), None, 1.0), of_tokens.fits(Cost(tokens=31), None, 1.0)) == (True, False)


def test_every_rate_holds() -> None:
    bursty = meter(Limit(2, period=1), Limit(3, period=60))
    for at in (0.0, 0.0, 2.0):
        assert bursty.fits(ONE, None, at)
        bursty.spend(ONE, None, at)
    assert not bursty.fits(ONE, None, 30.0)


def test_models_have_windows_of_their_own() -> None:
    each = meter(models=Allowance(rates=(Limit(1),)))
    each.spend(ONE, "big", 0.0)
    assert (each.fits(ONE, "big", 1.0), each.fits(ONE, "small", 1.0)) == (False, True)


def test_what_is_sent_later_counts_from_then() -> None:
    of_one = meter(Limit(1, period=60))
    spending = of_one.spend(ONE, None, 0.0)
    of_one.restamp(spending, 3.0)
    assert of_one.earliest(ONE, None, 4.0) == 63.25


def test_a_refund_leaves_nothing() -> None:
    of_one = meter(Limit(1))
    of_one.refund(of_one.spend(ONE, None, 0.0))
    assert of_one.fits(ONE, None, 0.0)


def test_room_counts_each_holder_once() -> None:
    each = meter(models=Allowance(room=2))
    each.occupy("operation-1", "big")
    each.occupy("operation-1", "big")
    assert each.has_room("big")


def test_room_is_counted_by_model_too() -> None:
    each = meter(models=Allowance(room=1))
    each.occupy("operation-1", "big")
    assert (each.has_room("big"), each.has_room("small")) == (False, True)


def test_vacating_what_is_not_there_is_quiet() -> None:
    roomy = meter(room=1)
    roomy.vacate("operation-1")
    roomy.occupy("operation-2", None)
    assert not roomy.has_room(None)


def test_load_is_the_scarcest_fraction() -> None:
    mixed = meter(Limit(10, tokens=100), room=4)
    mixed.spend(Cost(tokens=60), None, 0.0)
    mixed.occupy("operation-1", None)
    assert mixed.load(None, 0.0) == 0.6


def test_who_would_delay_a_claim_does_not_fit_beside_it() -> None:
    of_tokens = meter(Limit(None, tokens=100, period=60))
    of_tokens.spend(Cost(tokens=50), None, 0.0)
    claim = Claim(of_tokens.earliest(Cost(tokens=90), None, 1.0), Cost(tokens=90), None)
    beside = [of_tokens.fits_beside(claim, Cost(tokens=tokens), None, 1.0) for tokens in (10, 11)]
    assert beside == [True, False]


def test_usage_shows_what_counts_now() -> None:
    of_two = meter(Limit(2, tokens=10, period=60))
    of_two.spend(Cost(tokens=3), None, 0.0)
    of_two.spend(Cost(tokens=4), None, 30.0)
    assert [(usage.requests, usage.tokens) for usage in of_two.usage(61.0)] == [(1, 4)]


arrivals = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 3), st.integers(0, 60)), max_size=60)


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
            spending = jittery.spend(cost, None, now)
            prepared = data.draw(st.sampled_from([0.0, 2.0]))
            now += prepared
            jittery.restamp(spending, now)
            received.append((now + data.draw(st.floats(0, 0.249)), cost))
    for start, _ in received:
        stretch = [cost for at, cost in received if start <= at < start + 60]
        assert sum(cost.requests for cost in stretch) <= limit
        assert sum(cost.tokens for cost in stretch) <= 100


@given(arrivals, st.integers(1, 8), st.integers(0, 100))
def test_what_is_foretold_is_the_first_moment_that_fits(
    schedule: list[tuple[float, int, int]], requests: int, tokens: int
) -> None:
    honest = meter(Limit(8, tokens=100, period=60))
    now = 0.0
    for pause, *amounts in schedule:
        now += pause
        if honest.fits(Cost(*amounts), None, now):
            honest.spend(Cost(*amounts), None, now)
    wanted = Cost(requests, tokens)
    at = honest.earliest(wanted, None, now)
    assert at == now or not honest.fits(wanted, None, math.nextafter(at, 0))
    assert honest.fits(wanted, None, at)
