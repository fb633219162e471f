from __future__ import annotations

from zoneinfo import ZoneInfoNotFoundError

import pytest

from ratelimit import DAY, DEFAULTS, Allowance, ApiKey, Cost, DayLimit, Limit, Limits


@pytest.mark.parametrize(("requests", "tokens"), [(0, 0), (1, -1)])
def test_a_cost_below_one_request_or_zero_tokens_is_refused(requests: int, tokens: int) -> None:
    with pytest.raises(ValueError, match="at least one request"):
        Cost(requests, tokens)


@pytest.mark.parametrize("limit", [Limit(0), Limit(None, tokens=0), DayLimit(0, tokens=0)], ids=str)
def test_a_limit_may_be_nothing_at_all_and_allows_nothing(limit: Limit | DayLimit) -> None:
    assert not Limits(account=Allowance(rates=(limit,))).allow(Cost(tokens=1), None)


@pytest.mark.parametrize("kind", [Limit, DayLimit], ids=["a minute", "a day"])
@pytest.mark.parametrize(("requests", "tokens"), [(-1, None), (None, -1)])
def test_a_limit_below_nothing_is_refused(
    kind: type[Limit | DayLimit], requests: int | None, tokens: int | None
) -> None:
    with pytest.raises(ValueError, match=f"not negative: {requests} requests, {tokens} tokens"):
        kind(requests, tokens)


def test_a_limit_needs_a_period() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        Limit(5, period=0)


def test_an_unknown_zone_is_found_at_once() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        DayLimit(5, zone="America/Nowhere")


@pytest.mark.parametrize("make", [Limit, DayLimit])
@pytest.mark.parametrize(("requests", "tokens"), [(-1, None), (None, -1)])
def test_a_limit_is_not_negative(make: type[Limit | DayLimit], requests: int | None, tokens: int | None) -> None:
    with pytest.raises(ValueError, match="not negative"):
        make(requests, tokens)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit(15), "15 requests per minute"),
        (Limit(10, period=90), "10 requests per 90 s"),
        (Limit(None, tokens=1_000_000, period=7200), "1,000,000 tokens per 2 hours"),
        (Limit(100, tokens=500, period=DAY), "100 requests and 500 tokens per day"),
        (Limit(None), "anything per minute"),
        (DayLimit(1500, zone="America/Los_Angeles"), "1,500 requests per day (America/Los_Angeles)"),
    ],
    ids=str,
)
def test_a_limit_reads_like_a_sentence(limit: Limit | DayLimit, words: str) -> None:
    assert str(limit) == words


@pytest.mark.parametrize("limit", [Limit(10, tokens=1000), DayLimit(10, tokens=1000)], ids=str)
@pytest.mark.parametrize(
    ("cost", "is_allowed"),
    [(Cost(10, 1000), True), (Cost(11, 0), False), (Cost(1, 1001), False)],
    ids=str,
)
def test_a_cost_is_allowed_up_to_the_whole_limit(limit: Limit | DayLimit, cost: Cost, is_allowed: bool) -> None:
    assert Limits(account=Allowance(rates=(limit,))).allow(cost, None) is is_allowed


def test_a_named_model_has_its_own_allowance_in_place_of_the_common_one() -> None:
    limits = Limits(each_model=Allowance(room=2), models={"big": Allowance(room=1)})
    assert (limits.for_model("big").room, limits.for_model("small").room) == (1, 2)


@pytest.mark.parametrize(
    ("cost", "charge"),
    [(Cost(), 0.25), (Cost(tokens=800), 0.8), (Cost(requests=5), 0.5)],
    ids=["room", "tokens", "rpm"],
)
def test_a_request_is_charged_by_the_scarcest_thing_it_takes(cost: Cost, charge: float) -> None:
    limits = Limits(account=Allowance(rates=(Limit(10, tokens=1000),), room=4))
    assert limits.charge(cost, None) == charge


@pytest.mark.parametrize("rates", [(), (Limit(None),)], ids=["none", "one without numbers"])
def test_without_limits_a_request_is_charged_as_one(rates: tuple[Limit, ...]) -> None:
    assert Limits(account=Allowance(rates=rates)).charge(Cost(requests=2), "any") == 2.0


def test_a_cost_beyond_a_limit_is_never_allowed() -> None:
    assert not Limits(account=Allowance(rates=(Limit(10, tokens=1000),))).allow(Cost(tokens=1001), None)


def test_without_room_nothing_is_ever_allowed() -> None:
    assert not Limits(each_model=Allowance(room=0)).allow(Cost(), "big")


def test_limits_of_models_say_nothing_of_a_request_that_names_none() -> None:
    assert Limits(each_model=Allowance(room=0)).allow(Cost(), None)


def test_every_default_allows_a_plain_request() -> None:
    assert all(defaults.limits.allow(Cost(), "any") for defaults in DEFAULTS.values())


def test_a_secret_is_in_no_repr() -> None:
    assert "fake-secret" not in repr(ApiKey("key-1", "a", "fake-secret"))
