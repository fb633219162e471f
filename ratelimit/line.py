"""Those who wait for a key, and the decisions who is next: plain functions, called on every event."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from ratelimit.account import Account, KeyState
from ratelimit.counters import Counters
from ratelimit.errors import LeaseTimeout, NoUsableKey
from ratelimit.fair_queue import PATIENT, FairQueue, Priority
from ratelimit.lease import Lease
from ratelimit.limits import Cost
from ratelimit.meter import KEPT, Claim
from ratelimit.outlook import Waiter
from ratelimit.pacing import Pacer
from ratelimit.rations import Rations
from ratelimit.roster import Grant, Roster, Target
from ratelimit.usage import Want

ONE = Cost()

LOOKAHEAD = 32
"""How many are looked at behind somebody who needs more than is free now, for one who needs less and delays nobody."""

HAIR = 0.01
"""Seconds by which the timer of an event loop may ring early."""

MOST_CHARGES = 1_000
"""That are remembered: many requests cost the same, and those with token counts of their own are forgotten again."""

NO_CLAIMS: Mapping[Account, Claim] = MappingProxyType({})


class Line:
    """The waiters of one pool, who share its roster fairly. While somebody waits there is one timer, and none else.

    Args:
        provider: for errors.
        patience: seconds; see `FairQueue`.
        clock: see `KeyPool`.

    Attributes:
        rations: permits from a store, where there is one.
    """

    def __init__(
        self,
        provider: str,
        roster: Roster,
        *,
        patience: float,
        clock: Callable[[], float] | None,
        counters: Counters,
    ) -> None:
        self.clock = clock or _loop_time
        self.queue = FairQueue[Lease](patience=patience)
        self.pacer = Pacer()
        self.rations: Rations | None = None
        self._is_bound = clock is not None
        self._provider = provider
        self._roster = roster
        self._counters = counters
        self._waits = counters.waits
        self._charges: dict[tuple[Target, Cost], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._gathered: list[Lease] = []  # came since the loop's last turn, and will be decided on together

    # Coming and going

    def grant_at_once(self, lease: Lease) -> bool:
        """The usual case: nobody waits, and a key is free."""
        if not self._is_bound:  # from here on there is one loop, and asking it directly is quicker
            self.clock = asyncio.get_running_loop().time
            self._is_bound = True
        now = lease.asked_at = self.clock()
        priority = lease.priority
        self.pacer.arrived_at[priority] = now
        if self.queue.entries:
            return False
        if priority >= PATIENT and (self._roster.in_flight or self.pacer.opens_at(priority, lease.target) > now):
            return False
        state = self._roster.choose(lease.target, lease.cost, now, NO_CLAIMS)
        if state is None:
            return False
        self._grant(lease, state, now)
        return True

    def line_up(self, lease: Lease) -> asyncio.Future[None]:
        """Stand in line; what is returned is done when it is this lease's turn. Raises `NoUsableKey`."""
        reason = self._roster.impossibility(lease.target, lease.cost, lease.asked_at)
        if reason is not None:
            raise self._no_usable_key(*reason)
        loop = asyncio.get_running_loop()
        answer = lease.answer = loop.create_future()
        self.queue.push(
            lease,
            user=lease.user,
            priority=lease.priority,
            cost=self._charge(lease),
            weight=lease.weight,
            lane=lease.target,
            now=lease.asked_at,
        )
        if lease.priority >= PATIENT:
            if not self._gathered:
                loop.call_soon(self._decide_together)
            self._gathered.append(lease)
        else:
            self.decide()
            self._call_for(lease)
        if lease.max_wait is not None and not answer.done():
            expiry = loop.call_later(lease.max_wait, self._expire, lease)
            answer.add_done_callback(lambda _: expiry.cancel())
        return answer

    def _decide_together(self) -> None:
        """Patient work that comes in one turn of the loop is looked at as one: how far a flood is spaced depends on
        its size, and the first of it would be gone before that is known.
        """
        gathered, self._gathered = self._gathered, []
        self.decide()
        for lease in gathered:
            self._call_for(lease)

    def _call_for(self, lease: Lease) -> None:
        """Tell the store's permits of somebody new, unless the turn came at once."""
        if self.rations is not None and lease.answer is not None and not lease.answer.done():
            self.rations.call_for(self._want(lease, lease.asked_at))

    def _charge(self, lease: Lease) -> float:
        """What a request weighs against others: the share it takes of the most generous account it may be given."""
        asked = (lease.target, lease.cost)
        charge = self._charges.get(asked)
        if charge is None:
            if len(self._charges) > MOST_CHARGES:
                self._charges.clear()
            accounts = (self._roster.accounts[id_] for id_ in self._roster.accounts_of(lease.target))
            charge = min(account.meter.limits.charge(lease.cost, lease.target.model) for account in accounts)
            self._charges[asked] = charge
        return charge

    def forget_charges(self) -> None:
        """After a change of which accounts there are, or of what they may do."""
        self._charges.clear()

    def _expire(self, lease: Lease) -> None:
        if lease.answer is not None and not lease.answer.done():
            self.queue.remove(lease)
            assert lease.max_wait is not None
            self._counters.timed_out(lease.priority)
            lease.answer.set_exception(LeaseTimeout(self._provider, lease.max_wait))
            self.decide()  # what it claimed is free for others

    # Deciding

    def decide(self, now: float | None = None) -> None:
        """Give every waiter who can be served now a key, in order, and set the timer for when time changes things.

        Called whenever somebody arrives, returns a key, gives up, reports, or the timer fires.
        """
        queue = self.queue
        if not queue:
            if self._timer is not None:
                self._wake_at(math.inf)
            return
        if now is None:
            now = self.clock()
        at = math.inf
        while queue:
            lease, state, at = self._next(now)
            if lease is None:
                break
            queue.remove(lease) if state is None else self._serve(lease, state, now)
        self._wake_at(at if queue else math.inf)
        if queue and self.rations is not None:
            heads = queue.heads(now)
            self.rations.call(
                [(self._roster.accounts_of(head.target), head.target.model, head.priority) for head in heads]
            )

    def _next(self, now: float) -> tuple[Lease | None, KeyState | None, float]:
        """The first waiter who can be served, and the key for it; without a key, one who was cancelled and may go.

        Where nobody can be served: when time may change that.
        """
        at = math.inf
        blocked: list[Lease] = []
        claims: dict[Account, Claim] = {}
        most_urgent = self.queue.most_urgent()
        for first in self.queue.heads(now):
            if first.answer is None or first.answer.done():  # cancelled, and about to withdraw itself
                return first, None, now
            lineup = self._roster.lineup(first.target.model, now)
            at = min(at, lineup.next_change())
            if first.priority >= PATIENT:
                opens_at = self.pacer.opens_at(first.priority, first.target)
                if opens_at > now:
                    at = min(at, opens_at)
                    continue
            if lineup.best() is not None:
                # Those further ahead who must wait for time keep what it will bring them.
                for earlier in blocked:
                    before = math.inf if earlier.priority == most_urgent else now + KEPT
                    self._roster.claim(earlier.target, earlier.cost, now, claims, before=before)
                blocked.clear()
                chosen = self._first_that_fits(first, now, claims)
                if chosen is not None:
                    return *chosen, now
            blocked.append(first)
        return None, None, at

    def _first_that_fits(self, first: Lease, now: float, claims: dict[Account, Claim]) -> tuple[Lease, KeyState] | None:
        """The first of a lane, or somebody behind it who takes less and does not delay it."""
        state = self._roster.choose(first.target, first.cost, now, claims)
        if state is not None:
            return first, state
        if first.cost == ONE:
            return None
        self._roster.claim(first.target, first.cost, now, beside := dict(claims))
        refused = first.cost
        for other in islice(self.queue.behind(first), LOOKAHEAD):
            if other.cost.requests >= refused.requests and other.cost.tokens >= refused.tokens:
                continue
            if other.answer is not None and not other.answer.done():
                state = self._roster.choose(other.target, other.cost, now, beside)
                if state is not None:
                    return other, state
                refused = other.cost
        return None

    def _serve(self, lease: Lease, state: KeyState, now: float) -> None:
        self.queue.take(lease, now)
        self._grant(lease, state, now)
        assert lease.answer is not None
        lease.answer.set_result(None)

    def _grant(self, lease: Lease, state: KeyState, now: float) -> None:
        model = lease.target.model
        grant = lease.grant = self._roster.grant(state, lease.cost, model, now)
        grant.asked_at, grant.priority = lease.asked_at, lease.priority
        if self.rations is not None:
            grant.permit = self.rations.take(state.account.id, lease.cost, model, now)
        grant.meter.enter(model)
        if lease.priority >= PATIENT:
            self._space(lease, grant, now)
        self._waits[lease.priority].add(now - lease.asked_at)

    def _space(self, lease: Lease, grant: Grant, now: float) -> None:
        """Leave a gap behind patient work, where that is worth it."""
        backlog = self.queue.cost_waiting(lease.priority)
        if backlog or self.pacer.expects(lease.priority, now):
            self.pacer.went(
                lease.priority,
                lease.target,
                now,
                cost=lease.cost,
                windows=grant.windows,
                shared=grant.meter.windows(None),
                accounts=self._roster.able(lease.target, lease.cost, now) or [grant.state.account],
                backlog=backlog,
            )

    def _wake_at(self, at: float) -> None:
        """Have one timer, at this time and no other."""
        timer = self._timer
        if timer is not None:
            if self._timer_at == at:
                return
            timer.cancel()
            self._timer = None
        self._timer_at = at
        if at < math.inf:
            self._timer = asyncio.get_running_loop().call_later(at - self.clock(), self._ring)

    def _ring(self) -> None:
        self._timer = None
        # It may ring a hair early; that would be for nothing. Much too early, it is another clock's time, and not ours.
        self.decide(min(max(self.clock(), self._timer_at), self.clock() + HAIR))

    def fail_hopeless(self) -> None:
        """After a key went out: tell those whom nobody is left to serve."""
        now = self.clock()
        reasons: dict[tuple[Target, Cost], tuple[str, BaseException | None] | None] = {}
        for lease in list(self.queue.in_order(now)):
            asked = (lease.target, lease.cost)
            if asked not in reasons:
                reasons[asked] = self._roster.impossibility(*asked, now)
            reason = reasons[asked]
            if reason is not None:
                self.queue.remove(lease)
                if lease.answer is not None and not lease.answer.done():
                    lease.answer.set_exception(self._no_usable_key(*reason))

    def waiters(self, leases: Iterable[Lease], now: float) -> list[Waiter]:
        """For a forecast."""
        known: dict[tuple[Priority, Target, Cost], Waiter] = {}
        waiters = []
        for lease in leases:
            asked = (lease.priority, lease.target, lease.cost)
            if asked not in known:
                known[asked] = Waiter(*asked, *self._spacing(lease, now))
            waiters.append(known[asked])
        return waiters

    def _spacing(self, lease: Lease, now: float) -> tuple[float, float]:
        """Until when spacing holds it back, and the gap behind it."""
        accounts = self._roster.able(lease.target, lease.cost, now) if lease.priority >= PATIENT else []
        if not accounts:
            return -math.inf, 0.0
        windows = accounts[0].meter.current(lease.target.model, now)
        backlog = self.queue.cost_waiting(lease.priority)
        gap = self.pacer.gap(lease.priority, lease.cost, windows, len(accounts), backlog, now)
        return self.pacer.opens_at(lease.priority, lease.target), gap

    def wants(self, limit: int) -> list[Want]:
        """What is wanted from the store: by those who wait, first to last, beyond the permits at hand."""
        now = self.clock()
        assert self.rations is not None
        spare = [
            permit
            for ration in self.rations.of.values()
            for permit in ration.permits.values()
            if permit.closes_at > now
        ]
        wants: list[Want] = []

        def turns_soon(priority: Priority, lane: Hashable) -> float:
            assert isinstance(lane, Target)
            return self.pacer.turns_soon(priority, lane, now)

        for lease in self.queue.in_order(now, turns_soon):
            if len(wants) == limit:
                break
            accounts, model, cost = self._roster.accounts_of(lease.target), lease.target.model, lease.cost
            covered = next(
                (permit for permit in spare if permit.covers(cost, model) and permit.account in accounts), None
            )
            if covered is not None:
                spare.remove(covered)
            else:
                wants.append(self._want(lease, now))
        return wants

    def _want(self, lease: Lease, now: float) -> Want:
        """What the store is asked for: of the accounts that are well, if any are."""
        accounts, model = self._roster.accounts_of(lease.target), lease.target.model
        able = tuple(id_ for id_ in accounts if self._roster.is_able(id_, model, now))
        return Want(able or accounts, model, lease.cost, lease.priority)

    def _no_usable_key(self, reason: str, cause: BaseException | None) -> NoUsableKey:
        failure = NoUsableKey(self._provider, reason)
        failure.__cause__ = cause
        return failure


def _loop_time() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # a look from outside the loop; asyncio's own clock is this one
        return time.monotonic()
