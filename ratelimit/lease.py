"""A key on loan: asked for, waited for, lent, and given back."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ratelimit.fair_queue import Priority
from ratelimit.keys import ApiKey
from ratelimit.limits import Cost
from ratelimit.roster import Grant, Target
from ratelimit.verdicts import Verdict

if TYPE_CHECKING:
    from ratelimit.lender import Lender


class Lease:
    """From `KeyPool.lease`, to be entered once: `async with pool.lease(user="ana") as lease`.

    Entering waits for a turn. An exception that leaves the block is judged, and a block that ends well counts as
    served, unless it called `report` itself. Cancelling gives everything back, at whatever moment.

    Attributes:
        name: what it is for, to ask `KeyPool.outlook` about it.
        verdict: what was learned on this lease; `None` if it served, or if nothing was learned.
        is_reported: whether an outcome was reported, so that leaving the block reports none.
    """

    __slots__ = (
        "_lender",
        "answer",
        "asked_at",
        "cost",
        "grant",
        "is_reported",
        "max_wait",
        "name",
        "priority",
        "target",
        "user",
        "verdict",
        "weight",
    )

    def __init__(
        self,
        lender: Lender,
        user: str,
        priority: Priority,
        cost: Cost,
        target: Target,
        weight: float,
        max_wait: float | None,
        name: str | None,
    ) -> None:
        self._lender = lender
        self.user = user
        self.priority = priority
        self.cost = cost
        self.target = target
        self.weight = weight
        self.max_wait = max_wait
        self.name = name
        self.asked_at = 0.0
        self.answer: asyncio.Future[None] | None = None
        self.grant: Grant | None = None
        self.verdict: Verdict | None = None
        self.is_reported = False

    async def __aenter__(self) -> Self:
        if self.grant is not None or self.answer is not None:
            raise RuntimeError("a lease is entered once")
        if not self._lender.line.grant_at_once(self):
            try:
                await self._lender.line.line_up(self)
            except asyncio.CancelledError:
                self._lender.withdraw(self)
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if failure is None and not self.is_reported:
            self._lender.take_back_served(self)
            return
        try:
            if not self.is_reported and isinstance(failure, Exception):
                self.report(failure)
        finally:
            self._lender.take_back(self)

    @property
    def key(self) -> ApiKey:
        """The key lent; only inside the block, and after it to know which it was."""
        assert self.grant is not None, "a lease has a key once it is entered"
        return self.grant.state.key

    def sent(self) -> None:
        """Say that the request leaves now; the last time counts.

        Until then, the pool must believe that it has not left yet, and its place in the windows does not expire. Where
        nobody says so, the report or the end of the block counts, which is safe, and for a request that took long it
        wastes as much of the limit.
        """
        self._lender.stamp(self)

    def spent(self, tokens: int) -> None:
        """Say how many tokens it took in truth, in place of those estimated."""
        self._lender.correct(self, tokens)

    def report(self, outcome: object) -> None:
        """Say how it went: an exception or an answer for the pool's judge, a verdict, or `None` for well.

        Leaving the block does it where nobody did.
        """
        self.is_reported = True
        self.verdict = self._lender.learn_from(self, outcome)

    def hold(self, operation_id: str) -> None:
        """Keep the room after the block, for an operation that goes on, until `KeyPool.release(operation_id)`."""
        self._lender.hold(self, operation_id)

    def __repr__(self) -> str:
        state = f"of {self.key.id}" if self.grant is not None else "not granted"
        return f"<Lease {state} for {self.user}>"
