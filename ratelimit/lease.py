"""A key on loan, and somebody who waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ratelimit.keys import ApiKey
from ratelimit.roster import Grant, Request
from ratelimit.verdicts import Verdict


class Lease:
    """A key on loan, from `KeyPool.lease`. After its block only `key` and `verdict` are of use.

    Attributes:
        verdict: what was learned on this lease; `None` if it served, or if nothing was learned.
        is_reported: whether an outcome was reported, so that leaving the block reports none.
    """

    __slots__ = ("_hold", "_learn", "_send", "grant", "is_reported", "verdict")

    def __init__(
        self,
        grant: Grant,
        *,
        send: Callable[[Grant], None],
        learn: Callable[[Grant, BaseException | Verdict | None], Verdict | None],
        hold: Callable[[Grant, str], None],
    ) -> None:
        self.grant = grant
        self.verdict: Verdict | None = None
        self.is_reported = False
        self._send = send
        self._learn = learn
        self._hold = hold

    @property
    def key(self) -> ApiKey:
        return self.grant.state.key

    def sent(self) -> None:
        """Say that the request leaves now.

        Without it the moment of the grant counts. Whoever prepares for longer than a blink between grant and sending
        calls this right before the request, at the latest one period of the limits after the grant.
        """
        self._send(self.grant)

    def report(self, outcome: BaseException | Verdict | None) -> None:
        """Say how it went; `None` for well. Leaving the block does it where nobody did."""
        self.is_reported = True
        self.verdict = self._learn(self.grant, outcome)

    def hold(self, operation_id: str) -> None:
        """Keep the room after the block, for an operation that goes on, until `KeyPool.release(operation_id)`."""
        self._hold(self.grant, operation_id)

    def __repr__(self) -> str:
        return f"<Lease of {self.key.id}>"


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who asked and has no answer yet."""

    request: Request
    answer: asyncio.Future[Grant]
