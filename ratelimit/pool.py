"""The key pool: lends the keys of one provider, each when its limits allow, to whoever's turn it is."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from ratelimit.account import KeyState
from ratelimit.book import Book
from ratelimit.counters import Counters
from ratelimit.errors import LeaseTimeout, NoUsableKey
from ratelimit.fair_queue import Priority
from ratelimit.keys import ApiKey, OpenOperation
from ratelimit.lease import Lease
from ratelimit.lender import Lender
from ratelimit.limits import Cost, Limits
from ratelimit.line import ONE, Line
from ratelimit.outlook import LOOK_AT, Forecast, Outlook, Prospect, foresee, overtaken
from ratelimit.rations import Rations
from ratelimit.roster import Roster, Target
from ratelimit.usage import Turn, UsageStore
from ratelimit.verdicts import BadRequest, Judge, Remaining, Unavailable, Verdict
from ratelimit.views import PoolView, view_key
from ratelimit.window import midnight_after

Result = TypeVar("Result")

ANY = Target()


class KeyPool:
    """The keys of one provider.

        pool = KeyPool("runway", keys, limits=DEFAULTS["runway"].limits, judge=judge)

        async with pool.lease(user="ana", priority=Priority.GENERATION, model="gen4.5") as lease:
            operation = await runway.submit(request, lease.key)
            lease.hold(operation.id)

    Lives on one event loop. It owns no task: while somebody waits it has one timer, and none otherwise.

    Args:
        provider: its name, for errors and views.
        keys: with ids that are unique.
        limits: of each account; `account_limits` names accounts that have others.
        judge: tells what an exception (or an answer that was reported) means for the key that met it.
        cooldown: seconds to rest after a refusal without a time; grows up to `longest_cooldown` while it goes on.
        skew: seconds by which requests may come closer together on their way to the provider.
        patience: seconds after which a class of work that got no turn is given one; see `FairQueue`.
        max_retries: how often `call` repeats a request that met an unavailable service.
        backoff: seconds, the first step of `call` while the provider is unavailable; doubles, with full jitter.
        store: remembers what was spent over restarts, and shares it between processes; `run` must run then.
        clock: seconds that never run backwards, by default the event loop's; limits are measured on it, so that a
            corrected wall clock can neither open a window early nor close it for an hour.
        wall_clock: Unix seconds; translates the times in verdicts and views, and says when days end.
        dice: where jitter comes from.
    """

    def __init__(
        self,
        provider: str,
        keys: Iterable[ApiKey],
        *,
        limits: Limits,
        judge: Judge,
        account_limits: Mapping[str, Limits] | None = None,
        cooldown: float = 30.0,
        longest_cooldown: float = 600.0,
        skew: float = 0.25,
        patience: float = 60.0,
        max_retries: int = 3,
        backoff: float = 1.0,
        store: UsageStore | None = None,
        clock: Callable[[], float] | None = None,
        wall_clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
    ) -> None:
        self.provider = provider
        self._max_retries = max_retries
        self._backoff = backoff
        self._wall_clock = wall_clock
        self._dice = dice or random.Random()  # noqa: S311 - jitter needs no secrecy

        self.counters = Counters()
        self._roster = Roster(
            limits, account_limits or {}, cooldown, longest_cooldown, skew, self._midnight, self._dice
        )
        self._line = Line(provider, self._roster, patience=patience, clock=clock, counters=self.counters)
        self._lender = Lender(provider, self._roster, self._line, judge, wall_clock=wall_clock, counters=self.counters)
        for key in keys:
            self._roster.add(key)
        self._skew = skew
        self._gone: dict[str, ApiKey] = {}
        self._roster.left = self._left
        if store is not None:
            self._line.rations = self._open_rations(store)

    # Keys that come and go

    def add(self, key: ApiKey) -> None:
        """Lend this key from now on, too. Raises `ValueError` if its id is taken.

        Its account has the limits that were given for it, else those of every account. A key that was retired comes
        back as it was, and so does an account all of whose keys were: what it spent is not forgotten.
        """
        self._roster.add(key)
        self._gone.pop(key.id, None)
        self._accounts_changed()
        self._line.decide()

    def pause(self, key_id: str) -> None:
        """Lend it no more until `resume`. Whoever waits for it waits on, and what it has begun goes on.

        Raises `KeyError` for an unknown id.
        """
        self._roster.pause(key_id)
        self._line.decide()

    def resume(self, key_id: str) -> None:
        """Lend it again. Raises `KeyError` for an unknown id."""
        self._roster.resume(key_id)
        self._line.decide()

    def retire(self, key_id: str) -> None:
        """Never lend it again. Raises `KeyError` for an unknown id.

        Its leases and operations go on, keep their room, and are polled with it; with the last of them it goes. Those
        who wait and whom no other key can serve are told so.
        """
        self._roster.retire(key_id)
        self._line.forget_charges()
        self._line.fail_hopeless()
        self._line.decide()

    def _left(self, state: KeyState) -> None:
        self._gone[state.key.id] = state.key
        self._accounts_changed()

    def _accounts_changed(self) -> None:
        self._line.forget_charges()
        rations = self._line.rations
        if rations is not None:
            rations.serve(self._roster.accounts, self._book())
            for account in self._roster.accounts.values():
                account.ration = rations.of[account.id]

    # Lending

    def lease(
        self,
        *,
        user: str,
        priority: Priority = Priority.GENERATION,
        cost: Cost = ONE,
        model: str | None = None,
        account: str | None = None,
        key_id: str | None = None,
        weight: float = 1.0,
        max_wait: float | None = None,
        name: str | None = None,
    ) -> Lease:
        """Borrow a key for one request: enter what is returned, which waits for a turn.

        The rate is spent when the key is granted, and the request counts as sent when `lease.sent` says so, else when
        the block ends. Room is given back after the block, unless `lease.hold` keeps it.

        Args:
            user: who shares fairly with the others.
            priority: the class of work; between classes there is no fairness, only `patience`.
            cost: of the request, as far as known beforehand.
            model: what is asked of the provider, where limits or room are counted by model.
            account: the only account that will do: an uploaded file lives on one.
            key_id: the only key that will do.
            weight: twice the weight, twice the share.
            max_wait: seconds to wait for a turn; `None` for as long as it takes.
            name: what it is for, so that `outlook` can be asked about it.

        Raises (when entered):
            LeaseTimeout: no key came free within `max_wait`.
            NoUsableKey: none is expected to.
        """
        if weight <= 0:
            raise ValueError(f"a weight is positive: {weight}")
        target = ANY if model is None and account is None and key_id is None else Target(model, account, key_id)
        return Lease(self._lender, user, priority, cost, target, weight, max_wait, name)

    async def call(
        self,
        function: Callable[[Lease], Awaitable[Result]],
        *,
        user: str,
        priority: Priority = Priority.GENERATION,
        cost: Cost = ONE,
        model: str | None = None,
        account: str | None = None,
        key_id: str | None = None,
        weight: float = 1.0,
        max_wait: float | None = None,
        name: str | None = None,
        prepares: bool = False,
    ) -> Result:
        """Borrow a key for `function(lease)`, and repeat it where that helps. Never for paid calls.

        A key's fault is answered by another key, a fault of time by waiting for it, an unavailable service by another
        key where one was blamed, and then by backing off: `max_retries` times in all. Everything else, the request's
        own fault among it, is raised as it came. The other arguments are those of `lease`; `max_wait` is for all
        attempts together, with the time that they take: none begins later, and a pause that would go beyond it raises
        the failure instead. The request
        counts as sent when `function` is called, unless it `prepares` for longer than a blink and says `lease.sent()`
        itself. What it took in truth, `function` tells by `lease.spent`.

        Raises:
            LeaseTimeout: as in `lease`; its cause is the last failure, if there was one.
            NoUsableKey: likewise.
        """
        deadline = math.inf if max_wait is None else self._line.clock() + max_wait
        failures = 0
        pause = 0.0
        last: Exception | None = None
        while True:
            remaining = None if max_wait is None else max(0.0, deadline - self._line.clock())
            lending = self.lease(
                user=user,
                priority=priority,
                cost=cost,
                model=model,
                account=account,
                key_id=key_id,
                weight=weight,
                max_wait=remaining,
                name=name,
            )
            try:
                async with lending as lease:
                    if not prepares:
                        lease.sent()
                    try:
                        return await function(lease)
                    except Exception as failure:
                        lease.report(failure)
                        if lease.verdict == Unavailable():
                            failures += 1
                            pause = self._pause(failures, lease.key.id)
                        is_late = self._line.clock() + pause >= deadline
                        if is_late or not self._is_worth_repeating(lease.verdict, failures):
                            raise
                        last = failure
            except LeaseTimeout as timeout:
                raise timeout from last
            if pause:
                await asyncio.sleep(pause)
                pause = 0.0

    async def run(self) -> None:
        """Go to the store and back for as long as the pool is used; returns at once if there is no store.

        Cancelled, it tells the store what was spent and gives back what was not.
        """
        if self._line.rations is not None:
            await self._line.rations.run()

    def report(self, outcome: object, *, key_id: str, model: str | None = None) -> None:
        """Say what was learned without a lease, by a poll or a check. Raises `KeyError` for an unknown key."""
        verdict = self._lender.verdict(outcome)
        if verdict is not None and key_id not in self._gone:
            self._lender.learn(self._roster.keys[key_id], model, verdict, outcome, None)

    def set_limits(self, limits: Limits, account_limits: Mapping[str, Limits] | None = None) -> None:
        """Let other limits hold from now on, in the place of those the pool was built with and of room learned since.

        What was spent stays spent: a lower limit may be passed already, and lets nothing through until it is not. What
        was begun goes on. Whoever waits for what can never be had any more is told so. Others that share a store must
        be told the same; permits at hand hold for the few seconds that they are valid.
        """
        self._roster.set_limits(limits, account_limits or {}, self._line.clock())
        self._accounts_changed()
        self._line.pacer.forget()
        self._line.fail_hopeless()
        self._line.decide()

    def set_room(self, room: int | None, *, key_id: str, model: str | None = None) -> None:
        """The service tells how many operations the account behind a key may have open at once, of a model or in all.

        It counts in this process: others that share a store learn it for themselves. Whoever waits where there is no
        room at all is told so. Raises `KeyError` for an unknown key.
        """
        if key_id in self._gone:
            return
        account = self._roster.keys[key_id].account
        account.meter.set_room(room, model)
        self._roster.changed(account)
        self._line.forget_charges()
        self._line.fail_hopeless()
        self._line.decide()

    # Operations that outlive their lease

    def release(self, operation_id: str) -> None:
        """The operation is over: its room is free. Quiet when it is not known."""
        if self._line.rations is not None:
            self._line.rations.closed(operation_id)  # perhaps another process began it
        if self._lender.close(operation_id):
            self._line.decide()

    def restore(self, open_operations: Iterable[OpenOperation]) -> None:
        """Count operations that were open before this process began; those of keys that nobody knows hold no room."""
        for operation in open_operations:
            gone = self._gone.pop(operation.key_id, None)
            if gone is not None:  # retired before it was known what is open with it
                self._roster.add(gone)
                self._lender.open(operation.id, self._roster.keys[gone.id], operation.model)
                self._roster.retire(gone.id)
                self._accounts_changed()
            state = self._roster.keys.get(operation.key_id)
            if state is not None:
                self._lender.open(operation.id, state, operation.model)
                if self._line.rations is not None:
                    self._line.rations.opened(operation.id, state.account.id, operation.model)
        self._line.decide()

    def key(self, key_id: str) -> ApiKey:
        """The key by its id, to poll what it started: that takes no turn.

        One that was retired is told as long as the pool lives, for what is looked for late. Raises `NoUsableKey` for
        one that nobody knows.
        """
        state = self._roster.keys.get(key_id)
        if state is not None:
            return state.key
        if key_id in self._gone:
            return self._gone[key_id]
        raise NoUsableKey(self.provider, f"key {key_id} is not configured any more")

    def knows(self, key_id: str) -> bool:
        """Whether `key` has it."""
        return key_id in self._roster.keys or key_id in self._gone

    def reinstate(self, key_id: str) -> None:
        """Believe in this key and its account again, whatever they did. Raises `KeyError` for an unknown id."""
        self._roster.reinstate(key_id)
        self._line.decide()

    # Looking at it

    def view(self, now: float | None = None) -> PoolView:
        """Everything an operator may know; `now` in Unix seconds, by default the wall clock's."""
        ours = self._line.clock()
        offset = (self._wall_clock() if now is None else now) - ours
        views = tuple(view_key(state, ours, offset) for state in self._roster.keys.values())
        queue = self._line.queue
        return PoolView(
            provider=self.provider,
            keys=views,
            waiting=queue.waiting(),
            longest_wait={priority: ours - lease.asked_at for priority, lease in queue.longest_waiting().items()},
            by_user=queue.by_user(),
        )

    def outlook(self, name: str) -> Outlook | None:
        """How it stands with the request that waits under this name; `None` where none does.

        Takes time in proportion to the place in line.
        """
        now = self._line.clock()
        line = []
        for lease in self._line.queue.in_order(now):
            if lease.name == name:
                break
            line.append(lease)
        else:
            return None
        alike = sum(other.target.model == lease.target.model for other in line)
        forecast = self._foresee(lease, line, alike, now)
        offset = self._wall_clock() - now
        return Outlook(
            position=len(line) + 1,
            ahead=alike,
            soonest=forecast.soonest + offset if forecast.soonest < math.inf else None,
            latest=forecast.latest + offset if forecast.latest < math.inf else None,
            reason=forecast.reason,
        )

    def _foresee(self, lease: Lease, line: Sequence[Lease], alike: int, now: float) -> Forecast:
        if self._line.rations is not None and self._line.rations.is_away:
            return Forecast(math.inf, math.inf, "the record of what was spent cannot be reached, so nothing is spent")
        is_open: dict[str, list[tuple[str | None, float]]] = {}
        for operation in self._lender.operations.values():
            is_open.setdefault(operation.state.account.id, []).append((operation.model, operation.since))
        waiter, *ahead = self._line.waiters([lease, *line[:LOOK_AT]], now)
        first = self._line.queue.longest_waiting()[lease.priority]
        prospect = Prospect(
            now=now,
            waiter=waiter,
            ahead=ahead,
            stretch=len(line) / len(ahead) if ahead else 1.0,
            alike=alike,
            overdue_at=self._line.queue.overdue_at(lease.priority),
            overtaken=overtaken(self._roster, waiter, first.asked_at, now),
            open=is_open,
        )
        return foresee(self._roster, prospect, self._lender.durations)

    def waiting(self) -> dict[Priority, int]:
        """How many wait, by class."""
        return self._line.queue.waiting()

    def __repr__(self) -> str:
        view = self.view()
        in_flight = sum(key.in_flight for key in view.keys)
        return (
            f"<KeyPool {self.provider}: {view.healthy} of {len(view.keys)} keys healthy, "
            f"{in_flight} in flight, {len(self._lender.operations)} operations open, {len(self._line.queue)} waiting>"
        )

    # The store, if there is one

    def _book(self) -> Book:
        held = {**self._roster.former, **self._roster.accounts}  # what was spent stays spent, whoever goes
        return Book(lambda account: held[account].meter.limits, held, skew=self._skew)

    def _open_rations(self, store: UsageStore) -> Rations:
        accounts = self._roster.accounts
        rations = Rations(
            self.provider,
            accounts,
            store,
            self._book(),
            clock=lambda: self._line.clock(),  # noqa: PLW0108 - it is bound to a loop later
            wants=self._line.wants,
            arrived=self._arrived,
            dice=self._dice,
        )
        for account in accounts.values():
            account.ration = rations.of[account.id]
        return rations

    def _arrived(self, turn: Turn) -> None:
        """A journey brought permits, and news of what others spent."""
        now = self._line.clock()
        others: dict[str, list[tuple[float, str | None, Cost]]] = {account: [] for account in self._roster.accounts}
        for entry in turn.others:
            # Their permits do not count here: ours were given in full knowledge of them.
            if entry.is_sent and entry.requests and entry.account in others:
                at = min(entry.at - turn.now, 0.0) + now
                others[entry.account].append((at, entry.model, Cost(entry.requests, entry.tokens)))
        self._line.pacer.heard(
            [
                (sign.priority, sign.at - turn.now + now)
                for sign in turn.signs
                if sign.priority is not None and not sign.requests
            ]
        )
        for account, spent in others.items():
            self._roster.accounts[account].meter.replace_others(spent, now)
        for operation_id in turn.closed:
            self._lender.close(operation_id)
        self._roster.changed_all()
        self._line.decide()

    def _pause(self, failures: int, key_id: str) -> float:
        """Seconds until the service is asked again, after it failed so often in a row.

        Another key is asked at once where one key was blamed; the second failure says that it is not the key.
        """
        if failures == 1 and not self._roster.keys[key_id].health.is_healthy:
            return 0.0
        return self._dice.uniform(0, self._backoff * 2 ** (failures - 1))

    def _is_worth_repeating(self, verdict: Verdict | None, failures: int) -> bool:
        match verdict:
            case None | BadRequest() | Remaining():
                return False
            case Unavailable():
                return failures <= self._max_retries
            case _:
                return True

    def _midnight(self, zone: str, now: float) -> float:
        offset = self._wall_clock() - self._line.clock()
        return midnight_after(zone, now + offset) - offset
