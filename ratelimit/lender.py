"""What becomes of a key once it is lent: sent, reported on, held on to, given back; and what is learned by it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ratelimit.account import KeyState
from ratelimit.counters import Counters
from ratelimit.lease import Lease
from ratelimit.limits import DAY
from ratelimit.line import Line
from ratelimit.outlook import Durations
from ratelimit.roster import Grant, Roster
from ratelimit.verdicts import Exhausted, Judge, Rejected, Remaining, Throttled, Verdict
from ratelimit.window import UNSENT

logger = logging.getLogger(__name__)

FURTHEST = 32 * DAY
"""Seconds. Quotas are whole again after a month at most; a time further off is in another unit, or none at all."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One that outlives its lease: whose room it takes, and since when."""

    state: KeyState
    model: str | None
    since: float


class Lender:
    """The other half of every lease of one pool.

    Attributes:
        line: where those stand who wait.
        operations: that outlive their leases, by id.
        durations: how long such took.
    """

    def __init__(
        self,
        provider: str,
        roster: Roster,
        line: Line,
        judge: Judge,
        *,
        wall_clock: Callable[[], float],
        counters: Counters,
    ) -> None:
        self.line = line
        self.operations: dict[str, Operation] = {}
        self.durations = Durations()
        self._provider = provider
        self._roster = roster
        self._judge = judge
        self._wall_clock = wall_clock
        self._counters = counters

    def withdraw(self, lease: Lease) -> None:
        """Whoever waited was cancelled: perhaps after it was given a key, and before it could wake to take it."""
        self.line.queue.remove(lease)
        self._counters.cancelled(lease.priority)
        if lease.grant is not None:
            grant = lease.grant
            grant.meter.refund(grant)
            if grant.permit is not None and self.line.rations is not None:
                self.line.rations.never_sent(grant.permit)
            self._give_back(grant)
        self.line.decide()

    def take_back_served(self, lease: Lease) -> None:
        """The usual end: it served, and nobody said otherwise. Without a store that is quick."""
        grant = lease.grant
        assert grant is not None
        if grant.permit is not None:
            self.take_back(lease, served=True)
            return
        if grant.at == UNSENT:
            grant.meter.stamp(grant, self.line.clock())
        self._roster.served(grant)
        if not grant.passed_on:
            grant.passed_on = True
            grant.meter.leave(grant.model)
            if grant.meter.has_rooms:
                self.durations.add(grant.model, self.line.clock() - grant.since)
        self._roster.end(grant)
        if self.line.queue.entries:
            self.line.decide()

    def take_back(self, lease: Lease, *, served: bool = False) -> None:
        grant = lease.grant
        assert grant is not None
        if grant.at == UNSENT:
            self._stamp_grant(grant)
        if served:
            self._roster.served(grant)
            if grant.meter.has_rooms and not grant.passed_on:
                self.durations.add(grant.model, self.line.clock() - grant.since)
        self._give_back(grant)
        if self.line.queue:
            self.line.decide()

    def _give_back(self, grant: Grant) -> None:
        if not grant.passed_on:
            grant.passed_on = True
            grant.meter.leave(grant.model)
            if grant.permit is not None and self.line.rations is not None:
                self.line.rations.ended(grant.permit)
        self._roster.end(grant)

    def _stamp_grant(self, grant: Grant) -> None:
        now = self.line.clock()
        grant.meter.stamp(grant, now)
        if grant.permit is not None and self.line.rations is not None:
            self.line.rations.sent(grant.permit, now, grant.tokens)

    def stamp(self, lease: Lease) -> None:
        grant = lease.grant
        assert grant is not None, "only what was lent can be sent"
        self._stamp_grant(grant)
        self._roster.changed(grant.state.account)
        self.line.decide()  # it begins to expire, which may be when the next one can go

    def correct(self, lease: Lease, tokens: int) -> None:
        grant = lease.grant
        assert grant is not None, "only what was lent can be spent"
        grant.meter.correct(grant, tokens, self.line.clock())
        if grant.at != UNSENT and grant.permit is not None and self.line.rations is not None:
            self.line.rations.sent(grant.permit, grant.at, tokens)
        self._roster.changed(grant.state.account)
        self.line.decide()

    def hold(self, lease: Lease, operation_id: str) -> None:
        grant = lease.grant
        assert grant is not None, "only what was lent can be held"
        self.open(operation_id, grant.state, grant.model)
        if grant.permit is not None and self.line.rations is not None:
            self.line.rations.held(grant.permit, operation_id)
        if not grant.passed_on:
            grant.passed_on = True
            grant.meter.leave(grant.model)

    def open(self, operation_id: str, state: KeyState, model: str | None) -> None:
        if operation_id not in self.operations:
            self.operations[operation_id] = Operation(state, model, self.line.clock())
            state.open += 1
            state.account.meter.enter(model)
            self._roster.changed(state.account)

    # Operations

    def close(self, operation_id: str) -> bool:
        operation = self.operations.pop(operation_id, None)
        if operation is not None:
            operation.state.open -= 1
            operation.state.account.meter.leave(operation.model)
            self.durations.add(operation.model, self.line.clock() - operation.since)
            self._roster.changed(operation.state.account)
            self._roster.settle(operation.state)
        return operation is not None

    # Learning

    def learn_from(self, lease: Lease, outcome: object) -> Verdict | None:
        grant = lease.grant
        assert grant is not None, "only what was lent can be reported on"
        if grant.at == UNSENT:
            self.stamp(lease)
        verdict = self.verdict(outcome)
        if not isinstance(outcome, BaseException) and (verdict is None or isinstance(verdict, Remaining)):
            self._roster.served(grant)
            self.line.decide()  # perhaps it was the probe that all were waiting for
        if verdict is not None:
            self.learn(grant.state, grant.model, verdict, outcome, grant.epoch)
        return verdict

    def learn(self, state: KeyState, model: str | None, verdict: Verdict, outcome: object, epoch: int | None) -> None:
        now = self.line.clock()
        cause = outcome if isinstance(outcome, BaseException) else None
        self._counters.learned(state.key.id, verdict)
        if self._roster.refused(state, model, self._on_our_clock(verdict), cause, now, epoch):
            facts = {"provider": self._provider, "key_id": state.key.id, "model": model, "verdict": str(verdict)}
            logger.warning("key was refused", extra=facts)
        if self.line.queue:
            if isinstance(verdict, Rejected | Exhausted):
                self.line.fail_hopeless()
            self.line.decide()

    def verdict(self, outcome: object) -> Verdict | None:
        if outcome is None or isinstance(outcome, Verdict):
            return outcome
        return self._judge(outcome, self._wall_clock())

    def _on_our_clock(self, verdict: Verdict) -> Verdict:
        if not isinstance(verdict, Throttled | Exhausted | Remaining) or verdict.until is None:
            return verdict
        now, ahead = self.line.clock(), verdict.until - self._wall_clock()
        if ahead < FURTHEST:
            return replace(verdict, until=now + ahead)
        if isinstance(verdict, Remaining):
            return replace(verdict, until=now + verdict.period)
        return replace(verdict, until=None)
