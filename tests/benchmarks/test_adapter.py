"""The adapter understands what an outside harness says, in many shapes, and drives the pool with it."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from benchmarks import adapter
from benchmarks.adapter import SpecFault, make
from benchmarks.pool.answers import judge, judge_result
from benchmarks.pool.crowd import weigh
from benchmarks.pool.file_store import FileStore
from benchmarks.pool.spec import read_cost, read_priority, read_spec
from benchmarks.pool.spec_rates import DAY_ZONE
from benchmarks.pool.told import Answer, what_is_left
from benchmarks.pool.upkeep import Stopped
from ratelimit import (
    Allowance,
    BadRequest,
    Cost,
    DayLimit,
    Exhausted,
    KeyHealth,
    Limit,
    Limits,
    Priority,
    Rate,
    Rejected,
    Remaining,
    Throttled,
    Unavailable,
    Verdict,
)
from tests import virtual_time

NOON = datetime(2026, 7, 1, 19, 0, tzinfo=UTC).timestamp()  # in Los Angeles; midnight is 12 hours away
MIDNIGHT = NOON + 12 * 3_600


# Keys and accounts


@pytest.mark.parametrize(
    ("spec", "accounts"),
    [
        ({"keys": ["k1", "k2"]}, {"k1": "k1", "k2": "k2"}),
        ({"keys": [("k1", "a"), ["k2", "b"]]}, {"k1": "a", "k2": "b"}),
        ({"keys": [{"key": "k1", "account": "a"}, {"id": "k2"}]}, {"k1": "a", "k2": "k2"}),
        ({"keys": [SimpleNamespace(id="k1", account="a")]}, {"k1": "a"}),
        ({"keys": {"k1": "a", "k2": {"account": "b"}}}, {"k1": "a", "k2": "b"}),
        ({"keys": ["k1", "k2"], "account": {"k1": "a", "k2": "a"}}, {"k1": "a", "k2": "a"}),
        ({"keys": ["k1", "k2"], "accounts": {"a": ["k1"], "b": ["k2"]}}, {"k1": "a", "k2": "b"}),
        ({"keys": ["k1", "k2"], "accounts": ["a", "b"]}, {"k1": "a", "k2": "b"}),
        ({"keys": ["k1", "k2"], "account": "a"}, {"k1": "a", "k2": "a"}),
        ({"accounts": {"a": ["k1", "k2"]}}, {"k1": "a", "k2": "a"}),
        (SimpleNamespace(keys=["k1"], account_of=lambda key: f"of-{key}"), {"k1": "of-k1"}),
        ({"accounts": {"a": {"keys": ["k1", {"key": "k2"}]}}}, {"k1": "a", "k2": "a"}),
        ({"accounts": [{"id": "a", "keys": ["k1"]}, SimpleNamespace(name="b", keys="k2")]}, {"k1": "a", "k2": "b"}),
        ({"keys": [{"id": "first", "key": "k1"}], "accounts": {"first": "a"}}, {"k1": "a"}),
        ({"keys": {"k1": "a"}, "accounts": {"a": {"rpm": 15}}}, {"k1": "a"}),
    ],
)
def test_keys_and_their_accounts_are_read_in_any_shape(spec: object, accounts: dict[str, str]) -> None:
    setup = read_spec(spec)

    assert {key.secret: key.account for key in setup.keys} == accounts


FIFTEEN = Limit(15, period=60.0)
A_DAY = DayLimit(500, zone=DAY_ZONE)


@dataclass
class TheirLimit:
    requests: int
    window: float
    tokens: int | None = None


class TheirPair(NamedTuple):
    requests: int
    window: float


@pytest.mark.parametrize(
    ("limits", "allowance"),
    [
        (15, Allowance(rates=(FIFTEEN,))),
        ({"requests": 15}, Allowance(rates=(FIFTEEN,))),
        ({"requests": 15, "tokens": 9_000, "period": 30}, Allowance(rates=(Limit(15, 9_000, period=30.0),))),
        ({"requests": 15, "per": "minutes"}, Allowance(rates=(FIFTEEN,))),
        ({"rpm": 15, "tpm": 9_000}, Allowance(rates=(FIFTEEN, Limit(None, 9_000, period=60.0)))),
        ({"rpm": 15, "window": 2.0}, Allowance(rates=(Limit(15, period=2.0),))),
        ({"rpm": 15, "rpd": 500}, Allowance(rates=(FIFTEEN, DayLimit(500, zone=DAY_ZONE)))),
        ({"rpd": 500, "zone": "UTC"}, Allowance(rates=(DayLimit(500, zone="UTC"),))),
        ({"rpm": 15, "max_concurrent": 4, "tpm": None}, Allowance(rates=(FIFTEEN,), room=4)),
        (
            [{"requests": 15}, {"requests": 900, "period": 86_400}],
            Allowance(rates=(FIFTEEN, Limit(900, period=86_400))),
        ),
        ({"rates": [{"requests": 15}], "room": 2}, Allowance(rates=(FIFTEEN,), room=2)),
        (TheirLimit(15, 60.0), Allowance(rates=(FIFTEEN,))),
        (TheirPair(15, 60.0), Allowance(rates=(FIFTEEN,))),
        ([TheirPair(15, 60.0)], Allowance(rates=(FIFTEEN,))),
        ((15, 60), Allowance(rates=(FIFTEEN,))),
        ([15, 60.0], Allowance(rates=(FIFTEEN,))),
        ({"k1": (10, 1)}, Allowance(rates=(Limit(10, period=1.0),))),
        ({"rates": [(15, 60), (900, 86_400)]}, Allowance(rates=(FIFTEEN, Limit(900, period=86_400)))),
        ([(15, 60), (900, 86_400)], Allowance(rates=(FIFTEEN, Limit(900, period=86_400)))),
        ({"rps": 0.25}, Allowance(rates=(Limit(1, period=4.0),))),
        ({"rps": 1.5}, Allowance(rates=(Limit(1, period=1.0),))),
        ({"rpd": 0.5}, Allowance(rates=(Limit(1, period=172_800.0),))),
        (
            {"requests": 0.5, "tokens": 99.9, "period": 10},
            Allowance(rates=(Limit(1, period=20.0), Limit(None, 99, period=10.0))),
        ),
        ({"requests": 15, "room": 2.5}, Allowance(rates=(FIFTEEN,), room=2)),
        ({"name": "tokens", "limit": 1_000, "window": 60}, Allowance(rates=(Limit(None, 1_000, period=60.0),))),
        ({"kind": "rpm", "limit": 15}, Allowance(rates=(FIFTEEN,))),
        ({"type": "token_bucket", "limit": 15, "window": 60}, Allowance(rates=(FIFTEEN,))),
        ({"type": "sliding_window", "name": "minute", "limit": 15}, Allowance(rates=(FIFTEEN,))),
        ({"dimension": "concurrency", "limit": 4}, Allowance(room=4)),
        (
            [{"name": "requests", "limit": 15, "window": 60}, {"name": "tokens", "limit": 9_000, "window": 60}],
            Allowance(rates=(FIFTEEN, Limit(None, 9_000, period=60.0))),
        ),
        (FIFTEEN, Allowance(rates=(FIFTEEN,))),
        (Limits(account=Allowance(rates=(FIFTEEN,))), Allowance(rates=(FIFTEEN,))),
        ({"a": {"requests": 15}}, Allowance(rates=(FIFTEEN,))),
        ({"k1": 15}, Allowance(rates=(FIFTEEN,))),
        ({"default": 15}, Allowance(rates=(FIFTEEN,))),
        ({"per_key": 15}, Allowance(rates=(FIFTEEN,))),
        ({"per_account": {"rpm": 15}}, Allowance(rates=(FIFTEEN,))),
        ({"default": 99, "accounts": {"a": 15}}, Allowance(rates=(FIFTEEN,))),
        ([{"account": "a", "requests": 15}], Allowance(rates=(FIFTEEN,))),
        (None, Allowance()),
        ({}, Allowance()),
        ({"rpm": None, "tpm": None, "rpd": None, "max_concurrent": None}, Allowance()),
        ({"rpm": 15, "tpm": math.inf}, Allowance(rates=(FIFTEEN,))),
        (("requests", 15, 60), Allowance(rates=(FIFTEEN,))),
        ([("requests", 15, 60), ("tpm", 9_000)], Allowance(rates=(FIFTEEN, Limit(None, 9_000, period=60.0)))),
        ((15, "minute"), Allowance(rates=(FIFTEEN,))),
        ("15/minute", Allowance(rates=(FIFTEEN,))),
        ("15 per 60 s + 9000 tokens/min", Allowance(rates=(FIFTEEN, Limit(None, 9_000, period=60.0)))),
        ({"requests": "15", "window": "1m"}, Allowance(rates=(FIFTEEN,))),
        ({"requests": 15, "period": timedelta(minutes=1)}, Allowance(rates=(FIFTEEN,))),
        (
            {"requests": {"limit": 15, "period": 60}, "tokens": (9_000, 60)},
            Allowance(rates=(FIFTEEN, Limit(None, 9_000, period=60.0))),
        ),
        ({"minute": {"requests": 15}, "day": {"requests": 500}}, Allowance(rates=(FIFTEEN, A_DAY))),
        ({"requests": {"minute": 15, "day": 500}}, Allowance(rates=(FIFTEEN, A_DAY))),
        ({"tokens": {"per_minute": 9_000}}, Allowance(rates=(Limit(None, 9_000, period=60.0),))),
        ({"dimension": "requests", "limit": 500, "period": "day"}, Allowance(rates=(A_DAY,))),
        ({"requests": 500, "period": 86_400, "zone": "UTC"}, Allowance(rates=(DayLimit(500, zone="UTC"),))),
        ({"dimension": "requests", "limit": 15, "period": 60, "scope": "account"}, Allowance(rates=(FIFTEEN,))),
        ({"requests": 15, "per": "account", "period": 60}, Allowance(rates=(FIFTEEN,))),
    ],
)
def test_limits_are_read_in_any_shape(limits: object, allowance: Allowance) -> None:
    setup = read_spec({"keys": [("k1", "a")], "limits": limits})

    assert setup.account_limits == {"a": Limits(account=allowance)}


class TheirSpec:
    """With a default in the class, which is none of its own attributes."""

    limits = 15

    def __init__(self) -> None:
        self.keys = ["k1"]


@pytest.mark.parametrize(
    "spec",
    [
        {"accounts": {"a": {"keys": ["k1"], "limits": {"rpm": 15}}}},
        {"accounts": [{"id": "a", "keys": ["k1"], "rpm": 15}]},
        {"keys": {"k1": "a"}, "accounts": {"a": {"rpm": 15}}},
        {"keys": [("k1", "a", 15)]},
        {"keys": [{"key": "k1", "id": "first"}], "limits": {"first": 15}},
        {"keys": ["k1"], "rpm": 15},
        {"keys": ["k1"], "requests": 15},
        {"keys": ["k1"], "requests": 260, "limits": 15},  # how many the scenario has
        {"keys": ["k1"], "rate_limits": 15},
        {"keys": ["k1"], "limits_per_account": {"k1": 15}},
        TheirSpec(),
    ],
)
def test_limits_are_found_where_else_they_may_stand(spec: object) -> None:
    assert [limits.account.rates for limits in read_spec(spec).account_limits.values()] == [(FIFTEEN,)]


@pytest.mark.parametrize(
    "spec",
    [
        {"keys": ["k1"], "request_quota": 15},
        {"keys": [{"key": "k1", "requests_each_minute": 15}]},
        {"accounts": {"a": {"keys": ["k1"], "ratelimit": 15}}},
    ],
)
def test_a_limit_that_nobody_reads_is_no_pool_without_limits(spec: object) -> None:
    with pytest.raises(SpecFault, match=r"^limits: there are none, and \w+ is not known"):
        read_spec(spec)


@pytest.mark.parametrize(
    ("limits", "of_second"),
    [
        ([{"rpm": 15}, {"rpm": 10}], (Limit(10, period=60.0),)),
        ([[{"rpm": 15}], [{"rpm": 10}]], (Limit(10, period=60.0),)),
        ([{"rpm": 15}, {"key": "k2", "rpm": 20}], (Limit(20, period=60.0),)),
        ([{"rpm": 15}, {"rpd": 500}], (FIFTEEN, A_DAY)),
        ({"default": {"rpm": 15, "rpd": 500}, "k2": {"rpm": 20}}, (Limit(20, period=60.0), A_DAY)),
    ],
)
def test_what_is_said_of_one_counts_in_place_of_what_is_said_of_all(limits: object, of_second: tuple[Rate]) -> None:
    setup = read_spec({"keys": ["k1", "k2"], "limits": limits})

    assert FIFTEEN in setup.account_limits["k1"].account.rates
    assert setup.account_limits["k2"].account.rates == of_second


def test_a_keys_own_limit_holds_for_its_account() -> None:
    setup = read_spec({"keys": [{"key": "k1", "account": "a", "rpm": 15}, {"key": "k2", "account": "a", "rpm": 15}]})

    assert setup.account_limits == {"a": Limits(account=Allowance(rates=(FIFTEEN,)))}


def test_a_number_for_each_key_goes_to_each_key() -> None:
    setup = read_spec({"keys": ["k1", "k2"], "limits": [15, 10]})

    assert setup.account_limits["k2"] == Limits(account=Allowance(rates=(Limit(10, period=60.0),)))


@pytest.mark.parametrize(
    ("limits", "of_first", "of_second"),
    [
        ((15, 60), FIFTEEN, FIFTEEN),
        ({"k1": 15, "k2": (10, 1)}, FIFTEEN, Limit(10, period=1.0)),
        ([(15, 60), (10, 60)], FIFTEEN, Limit(10, period=60.0)),
        ([15, 61], FIFTEEN, Limit(61, period=60.0)),
    ],
)
def test_numbers_in_pairs_are_read_as_they_are_meant(limits: object, of_first: Limit, of_second: Limit) -> None:
    setup = read_spec({"keys": ["k1", "k2"], "limits": limits})

    assert [setup.account_limits[key].account.rates for key in ("k1", "k2")] == [(of_first,), (of_second,)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"keys": ["k1", "k2"], "limits": [15, 60]}, "limits"),
        ({"keys": ["k1", "k2"], "limits": (15, 10)}, "limits"),
        ({"keys": ["k1"], "limits": (15, 9_000)}, "limits"),
        ({"keys": ["k1"], "limits": {"k1": (15, 9_000)}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": {"k1": (15, 60, 3)}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": {"k1": {"type": "images", "limit": 3}}}, "limits[k1].type"),
        ({"keys": ["k1"], "limits": {"requests": 3, "limit": 4}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": {"room": 0.5}}, "limits[k1].max_concurrent"),
        ({"keys": ["k1"], "state_dir": __file__}, "state_dir"),
        ({}, "keys"),
        ({"keys": []}, "keys"),
        ({"keys": ["k1", "k1"]}, "keys"),
        ({"keys": [None]}, "keys[0]"),
        ({"keys": ["k1"], "accounts": {"k2": "a"}}, "accounts"),
        ({"keys": ["k1"], "limits": {"requests": -1}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": {"requests": 1, "period": 0}}, "limits[k1].period"),
        ({"keys": ["k1"], "limits": {"k1": {"requests": 1, "burst": 3}}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": {"k9": 3}}, "limits"),
        ({"keys": ["k1"], "limits": {"rpd": 3, "zone": "Mars/Olympus"}}, "limits[k1].zone"),
        ({"keys": ["k1"], "cooldown": "long"}, "cooldown"),
        ({"keys": ["k1"], "max_skew": -1}, "max_skew"),
        ({"keys": ["k1"], "max_skew": 250}, "max_skew"),
        ({"keys": {"k1": "a-secret"}, "accounts": {"k1": "a"}}, "accounts"),
        ({"keys": ["k1"], "accounts": {"a": 7}}, "accounts[a]"),
        ({"keys": ["k1"], "limits": {"k1": {"rpm": {"limit": 15}}}}, "limits[k1].rpm"),
        ({"keys": ["k1"], "limits": {"requests": 15, "scope": "provider"}}, "limits[k1].scope"),
        ({"keys": ["k1"], "limits": {"period": 60}}, "limits[k1]"),
        ({"keys": ["k1"], "limits": "many"}, "limits[k1]"),
        ({"keys": ["k1"], "max_retries": "three"}, "max_retries"),
        ({"keys": ["k1"], "weights": {"ana": 0}}, "weights[ana]"),
        ({"keys": ["k1"], "state_dir": 7}, "state_dir"),
        (7, "spec"),
    ],
)
def test_nonsense_is_named_by_its_field(spec: object, field: str) -> None:
    with pytest.raises(SpecFault) as fault:
        make(spec)

    assert str(fault.value).startswith(f"{field}: ")


class Upwards(IntEnum):
    LOW = 0
    HIGH = 2


@pytest.mark.parametrize(
    ("said", "priority"),
    [
        (None, Priority.MEDIUM),
        (Priority.LOW, Priority.LOW),
        ("High", Priority.HIGH),
        ("urgent", Priority.HIGH),
        ("background", Priority.LOW),
        ("GENERATION", Priority.GENERATION),
        ("generations", Priority.GENERATION),
        ("critical", Priority.HIGH),
        ("interactive", Priority.MEDIUM),
        ("normal", Priority.MEDIUM),
        ("batch", Priority.LOW),
        (1.0, Priority.MEDIUM),
        (0, Priority.HIGH),
        ("3", Priority.LOW),
        (SimpleNamespace(value="low"), Priority.LOW),
        (Upwards.HIGH, Priority.HIGH),
        (Upwards.LOW, Priority.LOW),
    ],
)
def test_priorities_are_read_by_name_and_number(said: object, priority: Priority) -> None:
    assert read_priority(said) is priority


@pytest.mark.parametrize("said", ["soon", 4, True, 1.5, 1.5j, "nan"])
def test_a_priority_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(SpecFault, match=r"^priority: "):
        read_priority(said)


@pytest.mark.parametrize(
    ("said", "cost"),
    [
        (None, Cost()),
        (3, Cost(3)),
        ({"requests": 2, "tokens": 500}, Cost(2, 500)),
        ({"tokens": 500.4}, Cost(1, 501)),
        (SimpleNamespace(requests=1, tokens=7), Cost(1, 7)),
        (Cost(2), Cost(2)),
        ({"room": 1}, Cost()),
        ({"requests": 2, "tokens": 500, "units": 9}, Cost(2, 500)),
        ({"requests": 2, "tokens": 500, "weight": 9}, Cost(2, 500)),
        ({"units": 3}, Cost(3)),
        ({"requests": 1, "tokens": 5, "max_concurrent": 1}, Cost(1, 5)),
    ],
)
def test_costs_are_read_in_any_shape(said: object, cost: Cost) -> None:
    assert read_cost(said) == cost


@pytest.mark.parametrize("said", [True, -1, {"requests": [1]}, {"usd": 1}, {"room": 2}, "much"])
def test_a_cost_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(SpecFault, match=r"^cost"):
        read_cost(said)


# What an answer means


class Reason(Enum):
    KEY = "invalid_key"


@dataclass
class Result:
    status: object
    reason: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: object = None


PER_DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}], "retryDelay": "34.4s"}


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (None, None),
        (Result(200), None),
        ({"status": 204}, None),
        (Result(429), Throttled(None)),
        (Result(429, retry_after=7), Throttled(NOON + 7)),
        (Result(429, headers={"retry-after": "12"}), Throttled(NOON + 12)),
        (Result(429, headers={"retry-after": "Wed, 01 Jul 2026 19:00:30 GMT"}), Throttled(NOON + 30)),
        (
            Result(
                429,
                headers={"retry-after": "Wed, 01 Jul 2026 20:00:30 GMT", "date": "Wed, 01 Jul 2026 20:00:00 GMT"},
            ),
            Throttled(NOON + 30),
        ),
        (Result(429, headers={"retry-after-ms": "250"}), Throttled(NOON + 0.25)),
        (
            Result(429, '{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}'),
            Throttled(NOON + 34.4),
        ),
        (Result(429, "34.4s"), Throttled(NOON + 34.4)),
        (Result(429, "Rate limit reached. Please try again in 8.25s. Visit us"), Throttled(NOON + 8.25)),
        (Result(429, "retry after 30 seconds"), Throttled(NOON + 30)),
        (Result(429, headers={"x-ratelimit-reset-requests": "2m59.56s"}), Throttled(NOON + 179.56)),
        (
            Result(
                429,
                headers={
                    "x-ratelimit-remaining-requests": "14",
                    "x-ratelimit-reset-requests": "2m0s",
                    "x-ratelimit-remaining-tokens": "0",
                    "x-ratelimit-reset-tokens": "7.5s",
                },
            ),
            Throttled(NOON + 7.5),
        ),
        (Result(429, "quota_exceeded"), Throttled(None)),
        (Result(429, "quota_exceeded", retry_after=30), Throttled(NOON + 30)),
        (Result(403, "quota_exceeded"), Exhausted(None)),
        (Result("429"), Throttled(None)),
        (Result("200"), None),
        (Result(200.0), None),
        (Result(None), None),
        (Result(None, "ok"), None),
        (Result(None, "timeout"), Unavailable()),
        (Result("timeout"), Unavailable()),
        ({"status": None, "error": TimeoutError()}, Unavailable()),
        ({"body": "a poem"}, None),
        (Result(429, PER_DAY), Exhausted(MIDNIGHT)),
        (Result(429, "daily limit reached"), Exhausted(MIDNIGHT)),
        (Result(429, "on tokens per day (TPD), try again in 7m12s"), Exhausted(NOON + 432)),
        (Result(429, "insufficient_quota"), Exhausted(None)),
        (Result(429, "Your prepayment credits are depleted"), Exhausted(None)),
        (Result(401, {"detail": {"status": "quota_exceeded"}}), Exhausted(None)),
        (Result(400, "You do not have enough credits to run this task."), Exhausted(None)),
        (Result(402), Exhausted(None)),
        (Result(429, "system_busy"), Unavailable()),
        (Result(429, "too_many_concurrent_requests"), Throttled(NOON + 1)),
        (Result(401), Rejected()),
        (Result(403, "PERMISSION_DENIED"), Rejected()),
        (Result(400, "API_KEY_INVALID"), Rejected()),
        (Result(400, "API key not valid. Please pass a valid API key."), Rejected()),
        (Result(400, "invalid_api_key"), Rejected()),
        (Result(400, "InvalidApiKey"), Rejected()),
        (Result(400, "bad_key"), Rejected()),
        (Result(400, "key_revoked"), Rejected()),
        (Result(400, "UNAUTHENTICATED"), Rejected()),
        (Result(400, Reason.KEY), Rejected()),
        (Result(400, "invalid keyword argument"), BadRequest()),
        (Result(403, "safety"), BadRequest()),
        (Result(401, "bad_prompt"), BadRequest()),
        (Result(403, "rate limit exceeded", retry_after=7), Throttled(NOON + 7)),
        (Result(429, "rpd_exceeded"), Exhausted(MIDNIGHT)),
        (Result(403, "You do not have permission to access the File abc"), BadRequest()),
        (Result(400, "INVALID_ARGUMENT"), BadRequest()),
        (Result(404), BadRequest()),
        (Result(413), BadRequest()),
        (Result(422), BadRequest()),
        (Result(408), Unavailable()),
        (Result(500), Unavailable()),
        (Result(503, "overloaded"), Unavailable()),
    ],
)
def test_an_answer_is_judged(result: object, verdict: Verdict | None) -> None:
    judged = judge_result(result, NOON)

    assert type(judged) is type(verdict)
    if isinstance(judged, Throttled | Exhausted) and isinstance(verdict, Throttled | Exhausted):
        assert judged.scope == verdict.scope
        assert judged.until == (None if verdict.until is None else pytest.approx(verdict.until))


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (ConnectionResetError(), Unavailable()),
        (TimeoutError(), Unavailable()),
        (type("ReadTimeout", (Exception,), {})(), Unavailable()),
        (ValueError("ours"), None),
    ],
)
def test_an_exception_is_judged(failure: Exception, verdict: Verdict | None) -> None:
    assert judge(failure, NOON) == verdict


# Driving the pool


def run(story: Any) -> Any:
    return virtual_time.run(story)


def test_a_key_is_lent_under_the_name_the_harness_gave_it() -> None:
    async def story() -> tuple[str, str]:
        pool = make({"keys": [{"key": "k1", "account": "a"}], "limits": 1})
        await pool.start()
        async with pool.acquire(user="ana", priority="high", cost=1) as lease:
            lease.sent()
            lease.report(Result(200))
        await pool.stop()
        return lease.key, lease.account

    assert run(story()) == ("k1", "a")


def test_a_window_that_is_full_makes_the_next_wait() -> None:
    async def story() -> float:
        pool = make({"keys": ["k1"], "limits": {"requests": 1, "period": 10}, "max_skew": 0.5})
        for _ in range(2):
            async with pool.acquire(user="ana", priority=None, cost=None) as lease:
                lease.report({"status": 200})
        return virtual_time.now()

    assert run(story()) == pytest.approx(10.5, abs=0.01)


def test_a_reported_refusal_rests_the_key() -> None:
    async def story() -> list[str]:
        pool = make({"keys": ["k1", "k2"]})
        lent = []
        for result in (Result(429, retry_after=30), None, None, None):
            async with pool.acquire(user="ana") as lease:
                lent.append(lease.key)
                lease.report(result)
        return lent

    first, *others = run(story())
    assert first not in others


def test_a_call_goes_on_with_another_key_and_returns_the_last_result() -> None:
    asked = []

    async def send(key: str) -> Result:
        asked.append(key)
        return Result(401 if key == "k1" else 200)

    async def story() -> Result:
        return await make({"keys": ["k1", "k2"]}).call(send, user="ana", priority="medium", cost=None)

    assert run(story()).status == 200
    assert sorted(asked) == ["k1", "k2"]


def test_a_bad_request_costs_one_call_and_its_result_comes_back() -> None:
    asked = []

    async def send(key: str) -> Result:
        asked.append(key)
        return Result(400, "INVALID_ARGUMENT")

    async def story() -> Result:
        return await make({"keys": ["k1", "k2"]}).call(send, user="ana")

    assert run(story()).status == 400
    assert len(asked) == 1


def test_a_call_lends_a_key_that_is_a_lease_as_well() -> None:
    lent = []

    async def send(lease: adapter.LentKey) -> Result:
        lent.append((lease, lease.key, type(lease.key), lease.account))
        lease.sent()
        return Result(200)

    run(make({"keys": {"k1": "a"}}).call(send, user="ana"))
    assert lent == [("k1", "k1", str, "a")]


def test_what_is_reported_in_a_call_counts_in_place_of_what_is_returned() -> None:
    asked = []

    async def send(lease: adapter.LentKey) -> str:
        asked.append(lease.key)
        lease.report(Result(401 if lease.key == "k1" else 200))
        return f"the body, from {lease.key}"

    assert run(make({"keys": ["k1", "k2"]}).call(send)) == "the body, from k2"
    assert sorted(asked) == ["k1", "k2"]


def test_who_prepares_in_a_call_keeps_the_place_until_it_is_over() -> None:
    async def story() -> float:
        pool = make({"keys": ["k1"], "limits": {"requests": 1, "period": 10}, "max_skew": 0})

        async def send(key: str) -> Result:
            await asyncio.sleep(3)
            return Result(200)

        await pool.call(send)
        async with pool.acquire():
            return virtual_time.now()

    assert run(story()) == pytest.approx(13, abs=0.01)


def test_a_waiter_takes_little_more_through_the_adapter_than_without() -> None:
    waiting = 500

    async def wait(pool: adapter.AdaptedPool) -> None:
        async with pool.acquire(user="ana", priority="medium", cost=1):
            pass

    async def story() -> float:
        pool = make({"keys": ["k1"], "limits": {"requests": 1, "period": 3_600}})
        await wait(pool)
        return await weigh(lambda _: wait(pool), waiting)

    assert run(story()) <= 1_200


def test_a_lost_connection_is_tried_again() -> None:
    asked = []

    async def send(key: str) -> Result:
        asked.append(key)
        if len(asked) == 1:
            raise ConnectionResetError
        return Result(200)

    async def story() -> Result:
        return await make({"keys": ["k1"]}).call(send, user="ana")

    assert run(story()).status == 200


def test_a_user_of_twice_the_weight_gets_twice_the_share() -> None:
    served: list[str] = []

    async def one(pool: adapter.AdaptedPool, user: str) -> None:
        async with pool.acquire(user=user, priority="generation"):
            served.append(user)

    async def story() -> None:
        pool = make({"keys": ["k1"], "limits": {"max_concurrent": 1}, "weights": {"ana": 2}})
        async with pool.acquire(user="nobody"):
            tasks = [asyncio.ensure_future(one(pool, user)) for user in ["bob", "ana"] * 12]
            await asyncio.sleep(1)
        await asyncio.gather(*tasks)

    run(story())
    assert served[:12].count("ana") == 8


# When the store, the harness or the service is not as it should be


def test_a_pool_with_a_memory_starts_by_itself(tmp_path: Path) -> None:
    async def story() -> list[str]:
        pool = make({"keys": ["k1"], "limits": 2, "state_dir": tmp_path})
        async with pool.acquire() as lease:
            keys = [lease.key]
        keys.append(await pool.call(_echo))
        await pool.stop()
        return keys

    assert run(story()) == ["k1", "k1"]


@pytest.mark.parametrize("content", ["", "{", "[1]", '[0.0, [{"id": "x"}]]', '{"a": 1}'])
def test_a_broken_state_file_is_kept_aside_and_begun_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "harness.json").write_text(content)

    async def story() -> str:
        pool = make({"keys": ["k1"], "limits": 2, "state_dir": tmp_path})
        async with pool.acquire() as lease:
            key = lease.key
        await pool.stop()
        return key

    assert run(story()) == "k1"
    assert (tmp_path / "harness.broken").read_text() == content


class Broke(Exception):
    """A bug in the upkeep."""


@pytest.mark.parametrize("called", [False, True])
def test_who_waits_learns_what_ended_the_upkeep(tmp_path: Path, called: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def exchange(self: FileStore, pool: str, turn: object) -> None:
        await asyncio.sleep(1)
        raise Broke

    # No honest file makes the store fail like this: it stands for a bug that nobody knows yet.
    monkeypatch.setattr(FileStore, "exchange", exchange)

    async def story() -> None:
        pool = make({"keys": ["k1"], "limits": 2, "state_dir": tmp_path})
        if called:
            await pool.call(_echo)
        async with pool.acquire():
            pass

    with pytest.raises(Broke):
        run(story())


def test_who_waits_for_a_pool_that_is_stopped_fails(tmp_path: Path) -> None:
    async def borrow(pool: adapter.AdaptedPool) -> None:
        async with pool.acquire():
            pass

    async def story() -> tuple[object]:
        pool = make({"keys": ["k1"], "limits": 1, "state_dir": tmp_path})
        await borrow(pool)
        waiter = asyncio.ensure_future(borrow(pool))
        await asyncio.sleep(1)
        await pool.stop()
        return await asyncio.gather(waiter, return_exceptions=True)

    assert [type(outcome) for outcome in run(story())] == [Stopped]


def test_who_has_a_key_is_not_disturbed_by_the_end_of_the_upkeep(tmp_path: Path) -> None:
    async def story() -> str:
        pool = make({"keys": ["k1"], "limits": 2, "state_dir": tmp_path})

        async def send(key: str) -> Result:
            await pool.stop()
            await asyncio.sleep(1)
            return Result(200, key)

        async with pool.acquire():
            await pool.stop()
            await asyncio.sleep(1)
        return str((await pool.call(send)).reason)

    assert run(story()) == "k1"


def test_a_call_whose_upkeep_ended_does_not_wait_for_another_key(tmp_path: Path) -> None:
    async def story() -> None:
        pool = make({"keys": ["k1"], "limits": 2, "state_dir": tmp_path})

        async def send(key: str) -> Result:
            await pool.stop()
            return Result(429)

        await pool.call(send)

    with pytest.raises(Stopped):
        run(story())


async def _echo(key: str) -> str:
    return key


SERVED = {"x-ratelimit-limit-requests": "15", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30"}


@pytest.mark.parametrize("limits", [None, 15])
@pytest.mark.parametrize("called", [False, True])
def test_what_a_good_answer_says_is_left_is_heeded(limits: int | None, called: bool) -> None:
    async def story() -> float:
        pool = make({"keys": ["k1"], "limits": limits, "max_skew": 0})
        for _ in range(2):
            if called:
                await pool.call(_send_well)
            else:
                async with pool.acquire() as lease:
                    lease.report(Result(200, headers=SERVED))
        return virtual_time.now()

    assert run(story()) == pytest.approx(30, abs=0.1)


async def _send_well(key: str) -> Result:
    return Result(200, headers=SERVED)


TOKENS = {"x-ratelimit-limit-tokens": "9000", "x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "7s"}
MINUTE, HOUR = Limit(15, 9_000, period=60.0), Limit(100, period=3_600.0)


@pytest.mark.parametrize(
    ("headers", "verdicts"),
    [
        ({}, []),
        (SERVED, [Remaining(period=60.0, requests=0, until=NOON + 30)]),
        (TOKENS, [Remaining(period=60.0, tokens=100, until=NOON + 7)]),
        ({**SERVED, **TOKENS}, [Remaining(period=60.0, requests=0, tokens=100, until=NOON + 30)]),
        # As large as the limit of the hour, although that of the minute would be nearer.
        ({**SERVED, "x-ratelimit-limit-requests": "100"}, [Remaining(period=3_600.0, requests=0, until=NOON + 30)]),
        # No such limit: the shortest that could take so long.
        ({**SERVED, "x-ratelimit-limit-requests": "7"}, [Remaining(period=60.0, requests=0, until=NOON + 30)]),
        (
            {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "20m"},
            [Remaining(period=3_600.0, requests=5, until=NOON + 1_200)],
        ),
        # Longer than any: nothing is known of such a limit.
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9h"},
            [Throttled(NOON + 9 * 3_600)],
        ),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "9h"}, []),
        (
            {"ratelimit-remaining": "3", "ratelimit-reset": f"{NOON + 40:.0f}"},
            [Remaining(period=60.0, requests=3, until=NOON + 40)],
        ),
        (
            {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "9"},
            [Remaining(period=3_600.0, requests=9, until=NOON + 3_600)],
        ),
        (
            {"x-ratelimit-remaining-tokens-minute": "9", "x-ratelimit-reset-tokens-minute": "9"},
            [Remaining(period=60.0, tokens=9, until=NOON + 9)],
        ),
        ({"x-ratelimit-remaining-requests": "soon", "x-ratelimit-reset-requests": "nan"}, []),
    ],
)
def test_what_is_left_is_understood(headers: Mapping[str, str], verdicts: list[Verdict]) -> None:
    assert what_is_left(Answer(200, headers), (MINUTE, HOUR), NOON) == verdicts


def test_a_request_that_used_up_the_limit_is_no_refusal() -> None:
    async def story() -> Counter[tuple[str, str]]:
        pool = make({"keys": ["k1"], "limits": 15})
        async with pool.acquire() as lease:
            lease.report(Result(200, headers=SERVED))
        assert pool.key_pool.view().keys[0].health is KeyHealth.HEALTHY
        return pool.key_pool.counters.verdicts

    assert run(story()) == {("key-1", "Remaining"): 1}


def test_a_key_told_that_its_quota_is_gone_serves_again_after_the_cooldown() -> None:
    async def story() -> float:
        pool = make({"keys": ["k1"], "cooldown": 30})

        async def send(key: str) -> Result:
            return Result(429, "quota_exceeded") if virtual_time.now() < 30 else Result(200)

        await pool.call(send)
        return virtual_time.now()

    assert run(story()) == pytest.approx(30, abs=1)


def test_no_cooldown_at_all_does_not_spin() -> None:
    async def story() -> int:
        pool = make({"keys": ["k1"], "cooldown": 0})
        asked = 0

        async def send(key: str) -> Result:
            nonlocal asked
            asked += 1
            return Result(429) if virtual_time.now() < 5 else Result(200)

        await pool.call(send)
        return asked

    assert run(story()) < 20


def test_a_lost_answer_in_a_call_is_tried_again() -> None:
    answers = [Result(None, "timeout"), Result("503"), Result("200")]

    async def send(key: str) -> Result:
        return answers.pop(0)

    assert run(make({"keys": ["k1"]}).call(send)).status == "200"
