"""The best account is found without a look at all of them: the same one that a look at all of them finds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import (
    Allowance,
    ApiKey,
    Cost,
    Exhausted,
    Limit,
    Limits,
    Rejected,
    Scope,
    Throttled,
    Unavailable,
    Verdict,
)
from ratelimit.account import Account
from ratelimit.roster import MOST_LINEUPS, Grant, Roster, Target
from ratelimit.window import midnight_after

MODELS = (None, "big", "small")
LIMITS = Limits(
    account=Allowance(rates=(Limit(4, tokens=60, period=10),), room=3),
    each_model=Allowance(rates=(Limit(3, period=5),), room=2),
)
ONE = Cost()


def make_roster(*accounts: str, limits: Limits = LIMITS) -> Roster:
    roster = Roster(limits, {}, 5.0, 60.0, 0.25, midnight_after, random.Random(1))
    for number, account in enumerate(accounts):
        roster.add(ApiKey(f"key-{number}", account, "fake-secret"))
    return roster


def standings(roster: Roster, model: str | None, now: float) -> list[tuple[bool, float, int, int]]:
    """Of all accounts, looked at one by one."""
    everybody = (account.standing(model, now) for account in roster.accounts.values())
    return sorted(standing for standing in everybody if standing is not None)


def assert_in_order(roster: Roster, model: str | None, now: float) -> None:
    lineup = roster.lineup(model, now)
    best = lineup.best()
    order = list(lineup.in_order())
    assert [account.standing(model, now) for account in order] == standings(roster, model, now)
    assert best is (order[0] if order else None)
    assert lineup.next_change() > now


class Desk:
    """Does to a roster what a pool does to it, and tells it what changed."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.out: list[Grant] = []

    def lend(self, model: str | None, cost: Cost, now: float) -> None:
        state = self.roster.choose(Target(model), cost, now, {})
        if state is not None:
            grant = self.roster.grant(state, cost, model, now)
            grant.meter.enter(model)
            self.out.append(grant)

    def stamp(self, grant: Grant, now: float) -> None:
        grant.meter.stamp(grant, now)
        self.roster.changed(grant.state.account)

    def correct(self, grant: Grant, tokens: int, now: float) -> None:
        grant.meter.correct(grant, tokens, now)
        self.roster.changed(grant.state.account)

    def end(self, grant: Grant, now: float, *, is_served: bool) -> None:
        self.out.remove(grant)
        grant.meter.stamp(grant, now)
        if is_served:
            self.roster.served(grant)
        grant.meter.leave(grant.model)
        self.roster.end(grant)

    def refuse(self, grant: Grant, verdict: Verdict, now: float) -> None:
        if isinstance(verdict, Throttled | Exhausted) and verdict.until is not None:
            verdict = replace(verdict, until=verdict.until + now)
        self.roster.refused(grant.state, grant.model, verdict, None, now, grant.epoch)


verdicts = st.sampled_from(
    [
        Throttled(),
        Throttled(until=3.0),
        Throttled(until=7.0, scope=Scope.KEY),
        Throttled(scope=Scope.MODEL),
        Throttled(until=2.0, scope=Scope.PROVIDER),
        Exhausted(until=12.0),
        Unavailable(),
        Rejected(),
    ]
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["lend", "lend", "lend", "lend", "stamp", "correct", "end", "end", "fail", "refuse"]),
        st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0, 2.0, 5.0, 5.25, 10.25]),
        st.sampled_from(MODELS),
        st.builds(Cost, st.integers(1, 2), st.sampled_from([0, 5, 30])),
        verdicts,
        st.integers(0, 100),
    ),
    max_size=50,
)


@settings(max_examples=800, deadline=None)
@given(steps, st.sampled_from(["ab", "aabbc", "abcde"]))
def test_the_order_is_that_of_a_look_at_all_whatever_happened(
    schedule: list[tuple[str, float, str | None, Cost, Verdict, int]], accounts: str
) -> None:
    desk = Desk(make_roster(*accounts))
    now = 1000.0
    for step, pause, model, cost, verdict, which in schedule:
        now += pause
        grant = desk.out[which % len(desk.out)] if desk.out else None
        if step == "lend":
            desk.lend(model, cost, now)
        elif grant is None:
            continue
        elif step == "stamp":
            desk.stamp(grant, now)
        elif step == "correct":
            desk.correct(grant, which, now)
        elif step == "refuse":
            desk.refuse(grant, verdict, now)
        else:
            desk.end(grant, now, is_served=step == "end")
        for one in MODELS:
            assert_in_order(desk.roster, one, now)


@settings(max_examples=600, deadline=None)
@given(steps, st.lists(st.sampled_from([0.1, 0.25, 1.0, 2.0]), max_size=20))
def test_nothing_changes_by_time_alone_before_the_time_foretold(
    schedule: list[tuple[str, float, str | None, Cost, Verdict, int]], pauses: list[float]
) -> None:
    desk = Desk(make_roster(*"abc"))
    now = 1000.0
    for step, pause, model, cost, verdict, which in schedule:
        now += pause
        desk.lend(model, cost, now)
        if desk.out and step in ("refuse", "end"):
            grant = desk.out[which % len(desk.out)]
            if step == "refuse":
                desk.refuse(grant, verdict, now)
            desk.end(grant, now, is_served=step == "end")
    for pause in pauses:
        before = {model: (desk.roster.lineup(model, now), standings(desk.roster, model, now)) for model in MODELS}
        foretold = {model: lineup.next_change() for model, (lineup, _) in before.items()}
        now += pause
        for model, (_, standing) in before.items():
            assert foretold[model] <= now or standings(desk.roster, model, now) == standing


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=30), st.integers(1, 3), st.integers(0, 60))
def test_a_cost_that_the_best_cannot_take_goes_to_the_best_that_can(
    asks: list[tuple[int, int]], requests: int, tokens: int
) -> None:
    desk = Desk(make_roster(*"abcd"))
    for requests_asked, tokens_asked in asks:
        desk.lend(None, Cost(requests_asked, tokens_asked), 1000.0)
        if len(desk.out) > 3:
            desk.end(desk.out[0], 1000.0, is_served=True)
    cost = Cost(requests, tokens)

    def rank(account: Account) -> tuple[bool, float, int, int]:
        standing = account.standing(None, 1000.0)
        assert standing is not None
        return standing

    able = [
        account
        for account in desk.roster.accounts.values()
        if account.standing(None, 1000.0) is not None and account.meter.fits(cost, None, 1000.0)
    ]
    chosen = desk.roster.choose(Target(), cost, 1000.0, {})
    assert (chosen and chosen.account) == min(able, key=rank, default=None)


@pytest.mark.parametrize("accounts", [2, 5, 40])
def test_equals_take_turns(accounts: int) -> None:
    desk = Desk(make_roster(*map(str, range(accounts)), limits=Limits(account=Allowance(rates=(Limit(1000),)))))
    for now in range(3 * accounts):
        desk.lend(None, ONE, float(now) * 3)
    assert [grant.state.key.id for grant in desk.out[:accounts]] == [f"key-{number}" for number in range(accounts)]
    assert [grant.state for grant in desk.out[accounts : 2 * accounts]] == [
        grant.state for grant in desk.out[2 * accounts :]
    ]


def test_a_look_at_the_first_leaves_the_others_in_their_places() -> None:
    roster = make_roster(*"abcde")
    lineup = roster.lineup(None, 0.0)
    first = next(lineup.in_order())
    assert [account.id for account in lineup.in_order()] == list("abcde")
    assert first.id == "a"


def test_many_changes_leave_nothing_behind() -> None:
    desk = Desk(make_roster(*"abc", limits=Limits(account=Allowance(rates=(Limit(10**6),)))))
    for now in range(3000):
        desk.lend(None, ONE, float(now))
        desk.end(desk.out[0], float(now), is_served=True)
    lineup = desk.roster.lineup(None, 3000.0)
    assert len(lineup._heap) < 100
    assert len(lineup._alarms) <= 3


def test_a_key_that_serves_for_the_first_time_has_its_own_account_looked_at_again_and_no_other() -> None:
    desk = Desk(make_roster(*"abcde"))
    lineup = desk.roster.lineup(None, 0.0)
    desk.lend(None, ONE, 0.0)
    desk.end(desk.out[0], 0.0, is_served=True)
    assert [account.id for account in lineup.stale] == ["a"]


def test_what_is_learned_of_a_provider_by_its_probe_concerns_all_accounts() -> None:
    desk = Desk(make_roster(*"abcde"))
    desk.lend(None, ONE, 0.0)
    desk.refuse(desk.out[0], Throttled(until=5.0, scope=Scope.PROVIDER), 0.0)
    desk.end(desk.out[0], 0.0, is_served=False)
    desk.lend(None, ONE, 6.0)
    lineup = desk.roster.lineup(None, 6.0)
    desk.end(desk.out[0], 6.0, is_served=True)
    assert {account.id for account in lineup.stale} == set("abcde")


def test_so_many_models_leave_few_lines_behind() -> None:
    roster = make_roster("a", "b")
    for number in range(1000):
        assert_in_order(roster, f"model-{number}", 0.0)
    assert len(roster._lineups) <= MOST_LINEUPS
