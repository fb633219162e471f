from __future__ import annotations

import pytest

from ratelimit.health import Health


def refuse(health: Health, now: float, until: float | None = None) -> None:
    health.rest(until, "throttled", generation=health.generation, now=now)


def test_it_rests_for_the_cooldown_and_then_may_be_probed() -> None:
    health = Health(30, 600)
    refuse(health, 0.0)
    assert [health.may_serve(at) for at in (0.0, 29.9, 30.0)] == [False, False, True]


def test_refusals_in_a_row_double_the_rest_up_to_the_cap() -> None:
    health = Health(30, 100)
    rests = []
    now = 0.0
    for _ in range(4):
        refuse(health, now)
        rests.append(health.until - now)
        now = health.until
    assert rests == [30, 60, 100, 100]


def test_a_success_makes_the_next_rest_short_again() -> None:
    health = Health(30, 600)
    refuse(health, 0.0)
    refuse(health, 30.0)
    health.recover(generation=health.generation)
    refuse(health, 200.0)
    assert health.until == 230.0


def test_what_fails_together_is_one_refusal() -> None:
    health = Health(30, 600)
    together = health.generation
    for _ in range(5):
        health.rest(None, "throttled", generation=together, now=0.0)
    assert (health.refusals, health.until) == (1, 30.0)


def test_a_success_from_before_the_refusal_proves_nothing() -> None:
    health = Health(30, 600)
    before = health.generation
    refuse(health, 0.0)
    health.recover(generation=before)
    assert not health.is_healthy


def test_a_time_that_the_provider_names_is_kept_shorter_or_longer() -> None:
    short, long = Health(30, 600), Health(30, 600)
    refuse(short, 0.0, until=5.0)
    refuse(long, 0.0, until=3600.0)
    assert (short.until, long.until) == (5.0, 3600.0)


def test_a_provider_that_says_now_and_refuses_again_is_asked_ever_less_often() -> None:
    health = Health(30, 600)
    rests = []
    now = 0.0
    for _ in range(4):
        refuse(health, now, until=now)
        rests.append(health.until - now)
        now = health.until
    assert rests == [1, 2, 4, 8]


def test_a_later_word_about_a_longer_rest_is_heard() -> None:
    health = Health(30, 600)
    before = health.generation
    refuse(health, 0.0)
    health.rest(100.0, "exhausted", generation=before, now=1.0)
    assert (health.until, health.refusals) == (100.0, 1)


@pytest.mark.parametrize("now", [0.0, 1e12])
def test_what_is_out_stays_out(now: float) -> None:
    health = Health(30, 600)
    health.put_out("rejected", None)
    health.recover(generation=health.generation)
    assert not health.may_serve(now)


def test_one_probe_at_a_time() -> None:
    health = Health(30, 600)
    refuse(health, 0.0)
    health.is_probed = True
    assert not health.may_serve(31.0)
