"""The benchmark of the pool measures what it says: every scenario runs, and its servers refuse when they should."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.pool.__main__ import SCENARIOS, measure
from benchmarks.pool.findings import Claim, Findings, render
from benchmarks.pool.servers import AlignedMinute, Server, SlidingWindow, TokenBucket
from benchmarks.pool.world import StoryLoop, jain, percentile, tell


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_runs_and_tells(scenario: str) -> None:
    findings = measure(scenario, quick=True)

    assert findings.claims
    assert findings.question in render(findings)


@pytest.mark.parametrize("server", [SlidingWindow(2, 60), AlignedMinute(2, 60), TokenBucket(2, 60)])
def test_a_server_refuses_the_third_of_two(server: Server) -> None:
    assert [server.admits("a", at) for at in (0, 1, 2)] == [True, True, False]


def test_only_a_sliding_window_remembers_across_the_minute() -> None:
    burst = (58, 59, 60, 61)

    sliding, aligned = SlidingWindow(2, 60), AlignedMinute(2, 60)
    assert [sliding.admits("a", at) for at in burst] == [True, True, False, False]
    assert [aligned.admits("a", at) for at in burst] == [True, True, True, True]


def test_a_bucket_fills_evenly() -> None:
    bucket = TokenBucket(2, 60)

    assert [bucket.admits("a", at) for at in (0, 0, 29, 30, 31)] == [True, True, False, True, False]


def test_accounts_are_counted_apart() -> None:
    server = SlidingWindow(1, 60, {"b": 2})

    assert [server.admits(account, 0) for account in "aabbb"] == [True, False, True, True, False]


def test_threads_take_no_time_in_a_story() -> None:
    async def story() -> tuple[int, float]:
        answer = await asyncio.to_thread(lambda: 7)
        return answer, asyncio.get_running_loop().time()

    answer, passed = tell(story())
    assert answer == 7
    assert passed < 0.001


def test_time_always_moves_in_a_story() -> None:
    async def story() -> bool:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, StoryLoop)
        began = loop.time()
        await asyncio.sleep(0)
        return loop.time() > began

    assert tell(story())


def test_figures_are_made_as_they_are_named() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert jain([1, 1, 1, 1]) == 1
    assert jain([1, 0, 0, 0]) == 0.25


def test_a_report_says_what_is_met_what_is_short_and_what_is_unknown() -> None:
    told = render(
        Findings(
            question="How?",
            head=("", "µs"),
            rows=[["the pool", "7"]],
            claims=[
                Claim(what="refusals", measured=0, aim=0),
                Claim(what="utilisation", measured=0.9, aim=0.98, at_least=True),
                Claim(what="wait", measured=float("inf"), aim=2.6, unit="s"),
                Claim(what="restart", measured=None, aim=0, note="no store"),
            ],
        )
    )

    assert "met      refusals: 0, aim ≤ 0" in told
    assert "SHORT    utilisation: 0.9, aim ≥ 0.98" in told
    assert "SHORT    wait: never s, aim ≤ 2.60 s" in told
    assert "NOT YET  restart (no store)" in told
