"""Everything at once: callers who break every rule, operators who change everything beneath them, services that say
anything. Somebody else counts along, from outside."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from ratelimit import (
    DAY,
    Allowance,
    ApiKey,
    BadRequest,
    Cost,
    DayLimit,
    Exhausted,
    KeyHealth,
    KeyPool,
    Lease,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
    OpenOperation,
    Priority,
    Rejected,
    Remaining,
    Scope,
    Throttled,
    Unavailable,
    Verdict,
)
from ratelimit.account import KeyState
from ratelimit.fair_queue import PATIENT
from tests import virtual_time
from tests.ratelimit.provider import EPOCH, Refusal, judge, unix_now

LASTS = 150.0
MODELS = (None, "big", "small")
HOMES = {"key-1": "a", "key-2": "b", "key-3": "c", "key-4": "a"}


class Ill(Exception):
    """What the judge itself fails at."""


def ill_judge(outcome: object, now: float) -> Verdict | None:
    if isinstance(outcome, Ill):
        raise outcome
    return judge(outcome, now)


def some_allowance(dice: random.Random, likely: float) -> Allowance:
    rates: list[Limit | DayLimit] = []
    if dice.random() < likely:
        requests, tokens = dice.choice([None, 2, 4, 6]), dice.choice([None, 20, 50])
        rates.append(Limit(requests, tokens=tokens, period=dice.choice([10.0, 20.0])))
    if dice.random() < likely / 4:
        rates.append(Limit(dice.choice([8, 12]), period=40.0))
    if dice.random() < likely / 4:
        rates.append(DayLimit(dice.choice([10, 30, None]), zone=dice.choice(["UTC", "America/Los_Angeles"])))
    return Allowance(rates=tuple(rates), room=dice.choice([None, None, 1, 2, 3]))


def some_limits(dice: random.Random) -> Limits:
    models = {"small": some_allowance(dice, 0.4)} if dice.random() < 0.4 else {}
    return Limits(account=some_allowance(dice, 0.8), each_model=some_allowance(dice, 0.3), models=models)


def some_verdict(dice: random.Random) -> Verdict | None:
    now = unix_now()
    return dice.choice(
        [
            Throttled(until=dice.choice([None, now - 5, now + 3, now * 1000, math.nan, math.inf])),
            Throttled(until=dice.choice([None, now + 7]), scope=dice.choice(list(Scope))),
            Exhausted(until=dice.choice([None, now + 9]), scope=dice.choice(list(Scope))),
            Rejected(),
            Unavailable(),
            BadRequest(),
            None,
            Remaining(
                period=dice.choice([10.0, 20.0, DAY]),
                requests=dice.choice([None, 0, 1, 5]),
                tokens=dice.choice([None, 0, 10]),
                until=now + dice.choice([-1.0, 2.0, 15.0]),
            ),
        ]
    )


@dataclass(eq=False)
class Sent:
    """One request as a provider would note it; `at` is `None` until it is sent."""

    account: str
    model: str | None
    requests: int
    tokens: int
    at: float | None = None


class Ledger:
    """Counts on its own what was sent, what is open and who has a key, and compares at every grant."""

    def __init__(self) -> None:
        self.sent: dict[Lease, Sent] = {}
        self.open: Counter[tuple[str, str | None]] = Counter()
        self.lent: Counter[str] = Counter()
        self.known_since: dict[tuple[str, str | None, float | str], float] = {}

    def limits_change(self, limits: Limits, account_limits: dict[str, Limits]) -> None:
        """A limit over a new period can know as far back as the longest before it did, and no further."""
        now, before = virtual_time.now(), self.known_since
        self.known_since = {}
        for account in "abcd":
            for model in MODELS:
                ours = account_limits.get(account, limits)
                spans = [
                    min(period, now - since)
                    for (other, of, period), since in before.items()
                    if other == account and of in (None, model) and isinstance(period, float)
                ]
                for rate in (ours.account if model is None else ours.for_model(model)).rates:
                    key = (account, model, rate.period if isinstance(rate, Limit) else rate.zone)
                    self.known_since[key] = before.get(key, now - max(spans, default=0.0))

    def granted(self, lease: Lease, limits: Limits) -> None:
        account, model = lease.key.account, lease.target.model
        self.sent[lease] = Sent(account, model, lease.cost.requests, lease.cost.tokens)
        self.open[account, model] += 1
        self.lent[lease.key.id] += 1
        for scope in dict.fromkeys((None, model)):
            allowance = limits.account if scope is None else limits.for_model(scope)
            mine = [one for one in self.sent.values() if one.account == account and scope in (None, one.model)]
            for rate in allowance.rates:
                counted = [one for one in mine if one.at is None or one.at > self._counts_from(account, scope, rate)]
                assert rate.requests is None or sum(one.requests for one in counted) <= rate.requests, (rate, counted)
                if lease.cost.tokens:
                    assert rate.tokens is None or sum(one.tokens for one in counted) <= rate.tokens, (rate, counted)
            if allowance.room is not None:
                is_open = sum(number for at, number in self.open.items() if at[0] == account and scope in (None, at[1]))
                assert is_open <= allowance.room

    def _counts_from(self, account: str, model: str | None, rate: Limit | DayLimit) -> float:
        if isinstance(rate, Limit):
            start, period = virtual_time.now() - rate.period, float(rate.period)
            return max(start, self.known_since.get((account, model, period), -math.inf))
        today = datetime.fromtimestamp(unix_now(), ZoneInfo(rate.zone)).date()
        start = datetime.combine(today, time(), ZoneInfo(rate.zone)).timestamp() - EPOCH
        return max(start - 1e-9, self.known_since.get((account, model, rate.zone), -math.inf))


class Storm:
    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.ledger = Ledger()
        self.ends: Counter[str] = Counter()
        self.operations: dict[str, tuple[str, str | None]] = {}
        self.failures: list[AssertionError] = []
        self.number = 0
        limits, account_limits = self._some_limits()
        self.pool = KeyPool(
            "studio",
            [ApiKey(id_, HOMES[id_], f"fake-secret-{id_}") for id_ in list(HOMES)[: dice.choice([1, 2, 3, 4])]],
            limits=limits,
            account_limits=account_limits,
            judge=ill_judge,
            cooldown=dice.choice([2.0, 5.0]),
            longest_cooldown=20.0,
            patience=dice.choice([5.0, 60.0]),
            clock=virtual_time.now,
            wall_clock=unix_now,
            dice=random.Random(seed),
        )
        self._listen()

    def _some_limits(self) -> tuple[Limits, dict[str, Limits]]:
        limits = some_limits(self.dice)
        account_limits = {"b": some_limits(self.dice)} if self.dice.random() < 0.3 else {}
        self.ledger.limits_change(limits, account_limits)
        return limits, account_limits

    def _listen(self) -> None:
        """Hear of grants when they are made, and of those that are taken back before anybody woke."""
        line, lender = self.pool._line, self.pool._lender
        grant, withdraw = line._grant, lender.withdraw

        def granting(lease: Lease, state: KeyState, now: float) -> None:
            grant(lease, state, now)
            assert not state.is_withheld
            self.ledger.granted(lease, state.account.meter.limits)

        def withdrawing(lease: Lease) -> None:
            sent = self.ledger.sent.pop(lease, None)
            if sent is not None:
                self.ledger.open[sent.account, sent.model] -= 1
                self.ledger.lent[lease.key.id] -= 1
            withdraw(lease)

        line._grant, lender.withdraw = granting, withdrawing  # type: ignore[method-assign]  # to hear, not to change

    # Callers

    async def call(self, number: int) -> None:
        dice = random.Random(self.dice.random())
        await asyncio.sleep(dice.choice([0.0, 0.0, 0.25, 1.0, 5.0, 10.0, dice.uniform(0.0, LASTS)]))
        lease = self.pool.lease(
            user=dice.choice("xyz"),
            priority=dice.choice(list(Priority)),
            cost=Cost(dice.choice([1, 1, 1, 2, 4, 6]), dice.choice([0, 0, 5, 10, 30, 50])),
            model=dice.choice(MODELS),
            account=dice.choice("abc") if dice.random() < 0.25 else None,
            key_id=dice.choice(list(HOMES)) if dice.random() < 0.15 else None,
            weight=dice.choice([0.1, 1.0, 2.0, 100.0]),
            max_wait=dice.choice([None, None, None, 0.0, 0.25, 5.0, 20.0]),
            name=f"call-{number}",
        )
        self.ends["asked"] += 1
        try:
            async with lease:
                self.ends["granted"] += 1
                await self._work(lease, number, dice)
            self._meddle(lease, number, dice)
        except NoUsableKey:
            self.ends["out"] += 1
        except LeaseTimeout:
            self.ends["timed out"] += 1
        except (Refusal, Ill, ZeroDivisionError):
            pass
        except asyncio.CancelledError:
            self.ends["cancelled"] += lease.grant is None or lease not in self.ledger.sent
            raise

    async def _work(self, lease: Lease, number: int, dice: random.Random) -> None:
        sent = self.ledger.sent[lease]
        held = 0
        try:
            for _ in range(dice.choice([0, 1, 2, 4])):
                await asyncio.sleep(dice.choice([0.0, 0.0, 0.5, 3.0, 12.0]))
                step = dice.choice(["send", "send", "spend", "report", "hold", "enter"])
                if step == "send":
                    sent.at = virtual_time.now()
                    lease.sent()
                elif step == "spend":
                    sent.tokens = dice.choice([0, 5, 40, 80])
                    lease.spent(sent.tokens)
                elif step == "report":
                    sent.at = virtual_time.now() if sent.at is None else sent.at
                    lease.report(dice.choice([some_verdict(dice), Refusal(some_verdict(dice))]))
                elif step == "hold":
                    held += self._hold(lease, f"operation-{number}-{dice.randrange(2)}", dice, takes_over=not held)
                else:
                    with pytest.raises(RuntimeError):
                        await lease.__aenter__()
            if dice.random() < 0.4:
                raise dice.choice(
                    [Refusal(some_verdict(dice)), Refusal(some_verdict(dice)), Ill(), ZeroDivisionError()]
                )
        finally:
            self.ledger.lent[lease.key.id] -= 1
            sent.at = virtual_time.now() if sent.at is None else sent.at
            if not held:
                self.ledger.open[sent.account, sent.model] -= 1

    def _hold(self, lease: Lease, name: str, dice: random.Random, *, takes_over: bool) -> bool:
        is_new = name not in self.operations
        if is_new:
            self.operations[name] = lease.key.account, lease.target.model
            if not takes_over:
                self.ledger.open[self.operations[name]] += 1
            asyncio.get_running_loop().call_later(dice.choice([0.0, 1.0, 8.0, 60.0]), self.release, name)
        lease.hold(name)
        if dice.random() < 0.3:
            self.pool.restore([OpenOperation(name, lease.key.id, lease.target.model)] * 2)
        return is_new

    def _meddle(self, lease: Lease, number: int, dice: random.Random) -> None:
        """What nobody should do after the block, and somebody will."""
        sent = self.ledger.sent[lease]
        step = dice.choice(["send", "spend", "report", "hold", "", "", "", ""])
        if step == "send":
            sent.at = virtual_time.now()
            lease.sent()
        elif step == "spend":
            sent.tokens = 7
            lease.spent(7)
        elif step == "report":
            lease.report(some_verdict(dice))
        elif step == "hold":
            self._hold(lease, f"late-{number}", dice, takes_over=False)

    def release(self, name: str) -> None:
        if name in self.operations:
            self.ledger.open[self.operations.pop(name)] -= 1
        for _ in range(self.dice.choice([1, 1, 2])):
            self.pool.release(name)

    # Operators

    def operate(self, calls: list[asyncio.Task[None]]) -> None:
        dice, pool = self.dice, self.pool
        ids = list(pool._roster.keys)
        key_id, model = dice.choice(ids), dice.choice(MODELS)
        acts: list[Callable[[], object]] = [
            lambda: pool.pause(key_id),
            lambda: pool.resume(key_id),
            lambda: self._retire(key_id),
            self._add,
            lambda: pool.set_limits(*self._some_limits()),
            lambda: pool.set_room(dice.choice([None, 0, 1, 2, 4]), key_id=key_id, model=model),
            lambda: pool.reinstate(key_id),
            lambda: pool.report(some_verdict(dice), key_id=key_id, model=model),
            lambda: self._restore(dice.choice([*ids, *pool._gone, "nobody"])),
            self._look_as_people_do,
        ]
        dice.choice(acts)()
        for task in dice.sample(calls, 2):
            task.cancel()

    def _retire(self, key_id: str) -> None:
        if sum(not state.is_withheld for state in self.pool._roster.keys.values()) > 1:
            self.pool.retire(key_id)

    def _add(self) -> None:
        self.number += 1
        name = self.dice.choice([*HOMES, f"new-{self.number}"])
        if name not in self.pool._roster.keys or self.pool._roster.keys[name].is_retired:
            self.pool.add(ApiKey(name, HOMES.get(name) or "abcd"[self.number % 4], f"fake-secret-{name}"))

    def _restore(self, key_id: str) -> None:
        name = f"old-{self.dice.randrange(5)}"
        is_known = name in self.pool._lender.operations
        model = self.dice.choice(MODELS)
        if not is_known and key_id != "nobody":
            self.operations[name] = self.pool.key(key_id).account, model
            self.ledger.open[self.operations[name]] += 1
            asyncio.get_running_loop().call_later(self.dice.choice([1.0, 20.0]), self.release, name)
        self.pool.restore([OpenOperation(name, key_id, model)])

    def _look_as_people_do(self) -> None:
        now = virtual_time.now()
        for place, lease in enumerate(list(self.pool._line.queue.in_order(now))[:5], start=1):
            outlook = self.pool.outlook(lease.name or "")
            assert outlook is not None
            assert outlook.position == place
            if outlook.soonest is not None and outlook.latest is not None:
                assert unix_now() - 1e-6 <= outlook.soonest <= outlook.latest
        texts = (self.pool, self.pool.view(), self.pool._roster, self.pool._lender.operations)
        assert "secret" not in "".join(map(repr, (*texts, *self.ledger.sent)))

    # What must hold

    def watch(self) -> None:
        if not asyncio.get_running_loop()._ready:  # type: ignore[attr-defined]  # else somebody is about to act
            try:
                self._see_that_all_is_counted()
                self._see_that_nobody_waits_in_vain(virtual_time.now())
            except AssertionError as failure:
                self.failures.append(failure)

    def _see_that_all_is_counted(self) -> None:
        roster = self.pool._roster
        for state in roster.keys.values():
            assert state.in_flight == self.ledger.lent[state.key.id]
        for account in (*roster.accounts.values(), *roster.former.values()):
            assert account.in_flight == sum(state.in_flight for state in account.keys)
            is_open = {model: n for (name, model), n in self.ledger.open.items() if name == account.id and n}
            assert account.meter.open_by_model == is_open
            assert account.meter.open == sum(is_open.values())
            if not account.in_flight:
                healths = (account.health, *account.models.values(), *(state.health for state in account.keys))
                assert not any(health.is_probed for health in healths)

    def _see_that_nobody_waits_in_vain(self, now: float) -> None:
        """Who fits waits for somebody else's sake alone; and who only waits for time is woken when it comes."""
        line, heads = self.pool._line, list(self.pool._line.queue.heads(now))
        rivals = [(lease, state) for lease in heads for state in self._able(lease, now) if not self._is_spaced(lease)]
        for lease, state in rivals:
            meter = state.account.meter
            if meter.fits(lease.cost, lease.target.model, now):
                others = [other for other, its in rivals if other is not lease and its.account is state.account]
                assert others, f"{state.key.id} could serve {lease}"
            else:
                at = meter.earliest(lease.cost, lease.target.model, now)
                assert line._timer is not None or at == math.inf or meter._unsent
                assert line._timer_at <= at or meter._unsent

    def _able(self, lease: Lease, now: float) -> Iterator[KeyState]:
        model = lease.target.model
        for state in self.pool._roster.targets(lease.target):
            if state.account.may_serve(state, model, now) and state.account.meter.has_room(model):
                yield state

    def _is_spaced(self, lease: Lease) -> bool:
        opens_at = self.pool._line.pacer.opens_at(lease.priority, lease.target)
        return lease.priority >= PATIENT and opens_at > virtual_time.now()

    async def rage(self) -> None:
        virtual_time.watch(self.watch)
        calls = [asyncio.create_task(self.call(number)) for number in range(40)]
        while virtual_time.now() < LASTS:
            await asyncio.sleep(self.dice.choice([0.0, 0.25, 1.0, 3.0, 5.0]))
            self.operate(calls)
        await self._calm(calls)

    async def _calm(self, calls: list[asyncio.Task[None]]) -> None:
        """Everything works again: whoever waits is served, and nothing is left."""
        pool, roster = self.pool, self.pool._roster
        calm = Limits(account=Allowance(rates=(Limit(30, tokens=300, period=10.0),)))
        self.ledger.limits_change(calm, {})
        pool.set_limits(calm)
        for key in pool.view().keys:
            pool.resume(key.id)
            pool.reinstate(key.id)
        pool.add(ApiKey("key-last", "d", "fake-secret"))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert not [each for each in results if each and not isinstance(each, asyncio.CancelledError)]
        await asyncio.sleep(3 * DAY)

        if self.failures:
            raise self.failures[0]
        assert self.ends["asked"] == self.ends.total() - self.ends["asked"]
        assert pool.counters.timeouts.total() >= self.ends["timed out"]
        assert not sum(pool.waiting().values())
        assert pool._line._timer is None
        assert not pool._lender.operations
        assert not any(key.health is KeyHealth.RETIRED for key in pool.view().keys)
        for account in (*roster.accounts.values(), *roster.former.values()):
            assert (account.in_flight, account.meter.open, dict(account.meter._unsent)) == (0, 0, {})
            for model in MODELS:
                for window in account.meter.current(model, virtual_time.now()):
                    assert (window.requests, window.tokens) == (0, 0)


@pytest.mark.parametrize("seeds", [range(start, start + 20) for start in range(0, 120, 20)], ids=str)
def test_in_every_storm_limits_hold_and_nothing_is_lost(seeds: range) -> None:
    for seed in seeds:

        async def story(seed: int = seed) -> None:
            await Storm(seed).rage()

        virtual_time.run(story())
