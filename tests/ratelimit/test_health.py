"""How one thing that is refused rests and comes back. A story's epochs grow with every change, like a pool's."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from ratelimit.health import NEVER_SERVED, PROBE, Health


def no_jitter() -> float:
    return 0.0


def full_jitter() -> float:
    return math.nextafter(1.0, 0.0)


class Patient:
    """A health with the epochs that a pool would give it."""

    def __init__(self, cooldown: float = 30.0, longest: float = 600.0) -> None:
        self.health = Health(cooldown, longest)
        self.epoch = 0

    def refuse(self, now: float, until: float | None = None, *, granted_in: int | None = None) -> bool:
        is_current = granted_in is None or self.health.changed <= granted_in
        self.epoch += 1
        return self.health.rest(
            until, "throttled", now=now, epoch=self.epoch, is_current=is_current, jitter=full_jitter
        )

    def fail(self, now: float, *, is_current: bool = True) -> bool:
        self.epoch += 1
        return self.health.fail(now=now, epoch=self.epoch, is_current=is_current)

    def reject(
        self, now: float, cause: BaseException | None = None, *, is_current: bool = True, serving: int = 0
    ) -> bool:
        self.epoch += 1
        return self.health.reject(cause, now=now, epoch=self.epoch, is_current=is_current, serving=serving)

    def serve(self, *, granted_in: int | None = None) -> bool:
        is_current = granted_in is None or self.health.changed <= granted_in
        self.epoch += 1
        return self.health.recover(epoch=self.epoch, is_current=is_current)


def test_it_rests_for_the_cooldown_and_then_may_be_probed() -> None:
    patient = Patient()
    patient.refuse(0.0)
    assert [patient.health.may_serve(at) for at in (0.0, 29.9, 30.0)] == [False, False, True]


def test_refusals_in_a_row_double_the_longest_rest_up_to_the_cap() -> None:
    patient = Patient(30, 100)
    rests = []
    now = 0.0
    for _ in range(4):
        patient.refuse(now)
        rests.append(patient.health.until - now)
        now = patient.health.until
    assert rests == pytest.approx([30, 60, 100, 100])


@pytest.mark.parametrize(("jitter", "rests"), [(no_jitter, [30, 30, 30]), (full_jitter, [30, 60, 120])])
def test_later_rests_are_drawn_from_all_between_the_cooldown_and_its_growth(
    jitter: Callable[[], float], rests: list[float]
) -> None:
    health = Health(30, 600)
    drawn = []
    now = 0.0
    for epoch in range(1, 4):
        health.rest(None, "throttled", now=now, epoch=epoch, is_current=True, jitter=jitter)
        drawn.append(health.until - now)
        now = health.until
    assert drawn == pytest.approx(rests)


def test_a_success_makes_the_next_rest_short_again() -> None:
    patient = Patient()
    patient.refuse(0.0)
    patient.refuse(30.0)
    patient.serve()
    patient.refuse(200.0)
    assert patient.health.until == 230.0


def test_what_fails_together_is_one_refusal() -> None:
    patient = Patient()
    together = patient.epoch
    changes = [patient.refuse(0.0, granted_in=together) for _ in range(5)]
    assert changes == [True, False, False, False, False]
    assert (patient.health.refusals, patient.health.until) == (1, 30.0)


def test_what_was_sent_before_the_rest_and_fails_after_it_is_no_news() -> None:
    patient = Patient()
    before = patient.epoch
    patient.refuse(0.0)
    assert not patient.refuse(31.0, granted_in=before)
    assert patient.health.may_serve(31.0)


def test_a_success_from_before_the_refusal_proves_nothing() -> None:
    patient = Patient()
    before = patient.epoch
    patient.refuse(0.0)
    assert not patient.serve(granted_in=before)
    assert not patient.health.is_healthy


def test_a_time_that_the_provider_names_is_kept_shorter_or_longer() -> None:
    short, long = Patient(), Patient()
    short.refuse(0.0, until=5.0)
    long.refuse(0.0, until=3600.0)
    assert (short.health.until, long.health.until) == (5.0, 3600.0)


def test_a_provider_that_says_now_and_refuses_again_is_asked_ever_less_often() -> None:
    patient = Patient()
    rests = []
    now = 0.0
    for _ in range(4):
        patient.refuse(now, until=now)
        rests.append(patient.health.until - now)
        now = patient.health.until
    assert rests == [1, 2, 4, 8]


def test_a_later_word_about_a_longer_rest_is_heard() -> None:
    patient = Patient()
    before = patient.epoch
    patient.refuse(0.0)
    patient.refuse(1.0, until=100.0, granted_in=before)
    assert (patient.health.until, patient.health.refusals) == (100.0, 1)


def test_a_later_word_about_a_shorter_rest_is_not() -> None:
    patient = Patient()
    patient.refuse(0.0, until=100.0)
    assert not patient.refuse(1.0, until=50.0)
    assert patient.health.until == 100.0


def test_a_time_that_comes_late_makes_what_served_meanwhile_rest_again() -> None:
    patient = Patient()
    patient.refuse(0.0)
    patient.serve()
    assert patient.refuse(10.0, until=100.0, granted_in=0)
    assert (patient.health.is_healthy, patient.health.until) == (False, 100.0)


def test_what_is_used_up_is_out_for_an_hour_and_then_asked_again() -> None:
    health = Health(30, 600)
    health.use_up(None, now=0.0, epoch=1, is_current=True)
    assert [(health.is_out(now), health.may_serve(now)) for now in (3599.0, 3600.0)] == [(True, False), (False, True)]


def test_what_is_used_up_tells_why_once_and_only_by_news() -> None:
    health, cause = Health(30, 600), PermissionError("no credit")
    changes = [
        health.use_up(cause, now=0.0, epoch=1, is_current=False),
        health.use_up(cause, now=0.0, epoch=2, is_current=True),
        health.use_up(None, now=1.0, epoch=3, is_current=True),
    ]
    assert (changes, health.cause, health.refusals) == ([False, True, False], cause, 1)


def test_what_is_used_up_and_serves_again_is_well() -> None:
    health = Health(30, 600)
    health.use_up(None, now=0.0, epoch=1, is_current=True)
    assert health.recover(epoch=2, is_current=True)
    assert health.is_healthy


def test_what_is_believed_in_again_may_serve_at_once() -> None:
    patient = Patient()
    patient.refuse(0.0)
    patient.health.reset(epoch=2)
    assert (patient.health.is_healthy, patient.health.may_serve(0.0)) == (True, True)


def test_one_probe_at_a_time() -> None:
    patient = Patient()
    patient.refuse(0.0)
    patient.health.is_probed = True
    patient.health.probed_until = 31.0 + PROBE
    assert [patient.health.may_serve(now) for now in (31.0, 40.9, 41.0)] == [False, False, True]


@pytest.mark.parametrize("until", [math.nan, math.inf])
def test_a_time_that_nobody_could_mean_is_none(until: float) -> None:
    patient = Patient()
    patient.refuse(0.0, until=until)
    assert patient.health.until == 30.0


def test_no_number_of_refusals_is_too_large() -> None:
    patient = Patient(longest=40.0)
    now = 0.0
    for _ in range(1100):
        patient.refuse(now)
        now = patient.health.until
    rests = []
    for refuse in (patient.refuse, patient.fail, patient.reject):
        refuse(now)
        rests.append(patient.health.until - now)
        now = patient.health.until
    patient.refuse(now, until=now)
    assert [*rests, patient.health.until - now] == [40, 40, 240, 8]


# A service that fails


def test_a_failing_service_rests_for_a_second_and_each_time_twice_as_long_up_to_the_cap() -> None:
    patient = Patient(longest=5.0)
    rests = []
    now = 0.0
    for _ in range(5):
        patient.fail(now)
        rests.append(patient.health.until - now)
        now = patient.health.until
    assert rests == [1, 2, 4, 5, 5]


def test_failures_of_one_outage_are_one_failure() -> None:
    patient = Patient()
    changes = [patient.fail(0.0), patient.fail(0.5), patient.fail(0.9), patient.fail(1.5, is_current=False)]
    assert changes == [True, False, False, False]


# A key that is not accepted


@pytest.mark.parametrize(
    ("has_served", "serving", "factor"),
    [(False, 0, 1), (False, 1, 1), (False, 7, 7), (False, 99, NEVER_SERVED), (True, 7, 1)],
)
def test_a_rejected_key_that_never_served_is_out_for_longer_the_more_others_serve(
    has_served: bool, serving: int, factor: int
) -> None:
    patient = Patient()
    if has_served:
        patient.serve()
    patient.reject(0.0, serving=serving)
    rest = 30.0 * factor
    assert [patient.health.is_out(at) for at in (0.0, rest - 0.1, rest)] == [True, True, False]
    assert [patient.health.may_serve(at) for at in (rest - 0.1, rest)] == [False, True]


def test_a_probe_rejected_again_doubles_the_time_out_up_to_six_times_the_longest_rest() -> None:
    patient = Patient(longest=40.0)
    patient.serve()
    rests = []
    now = 0.0
    for _ in range(5):
        patient.reject(now)
        rests.append(patient.health.until - now)
        now = patient.health.until
    assert rests == [30, 60, 120, 240, 240]


def test_a_rejected_key_that_is_throttled_when_it_is_asked_again_is_waited_for() -> None:
    patient = Patient()
    patient.reject(0.0)
    now = patient.health.until
    patient.refuse(now)
    assert (patient.health.is_out(now), patient.health.may_serve(now)) == (False, False)


def test_rejections_that_come_back_together_are_one() -> None:
    patient = Patient()
    assert [patient.reject(0.0), patient.reject(1.0), patient.reject(2.0)] == [True, False, False]
    assert patient.health.refusals == 1


def test_a_rejection_from_before_somebody_mended_the_key_is_no_news() -> None:
    patient = Patient()
    patient.reject(0.0)
    patient.serve()
    assert not patient.reject(1.0, is_current=False)
    assert patient.health.is_healthy


def test_the_cause_is_kept_while_it_is_out_and_forgotten_when_it_serves() -> None:
    patient = Patient()
    cause = PermissionError("no such key")
    patient.reject(0.0, cause)
    kept = patient.health.cause
    patient.serve()
    assert (kept, patient.health.cause, patient.health.why) == (cause, None, "")
