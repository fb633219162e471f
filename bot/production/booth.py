"""Buys recordings: paid calls whose answer is the result. Small, and a film is whole without them.

What is ordered is in the ledger first, and nothing that may have been charged is ordered again.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.jobs.ledger import CallState, Completed, Intent, Ledger, Outcome, PaidCall, Refused, Unknown
from bot.production.switches import Switches
from providers.errors import KeyFault, OutcomeUnknown, ProviderError, RequestFault, Unavailable
from ratelimit import ApiKey, Cost, KeyPool, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: How long a recording may wait for a key, in seconds, before the film goes on without it; and how long for another
#: key, after one was refused.
MAX_WAIT, WAIT_AGAIN = 60.0, 5.0
#: Orders of one recording, where each before was provably refused for a reason that another key or a moment mends.
MAX_TRIES = 3
#: An answer that has not come after this is none, in seconds; the adapters give up before.
ORDER_DEADLINE = 150.0


Record = Callable[[ApiKey], Awaitable[int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What to buy. `key` names its first order for good, "{job}/{part}/1"; `words` tells requests apart.

    `record` makes it with the key it is given, keeps it, and returns what was charged in micro-dollars, `None` where
    the provider did not tell.
    """

    key: str
    job: str
    user_id: int
    provider: str
    model: str
    words: str
    price_microusd: int
    record: Record


class NoRecording(Exception):
    """It could not be had. `reason` is the name of an error's class; `is_busy` that no key came free in time."""

    def __init__(self, reason: str, *, is_busy: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_busy = is_busy


class Booth:
    """Orders recordings of one service. Where an operator has paused it, they wait, or there is none if not `waits`."""

    def __init__(
        self,
        pool: KeyPool,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.time,
        switches: Switches | None = None,
        waits: bool = True,
    ) -> None:
        self._switches = switches
        self._waits = waits
        self._pool = pool
        self._ledger = ledger
        self._clock = clock

    async def buy(self, recording: Recording) -> PaidCall:
        """Have it recorded, once: an order that was placed before is not placed again, whatever became of it.

        Raises:
            NoRecording: it was refused, or may have been charged without an answer, now or before.
        """
        call = await self._ledger.find(recording.key)
        while call is not None and call.state is CallState.LOST:
            recording = replace(recording, key=_next_key(recording.key))
            call = await self._ledger.find(recording.key)
        tries = 0
        failure: ProviderError | None = None
        while call is None or call.state is CallState.REFUSED:
            tries += 1
            call, failure = await self._order(recording, failure)
            if failure is not None and (isinstance(failure, RequestFault) or tries == MAX_TRIES):
                break
        if call.state is not CallState.DONE:
            logger.warning("nothing recorded", extra={"call": recording.key, "detail": call.detail})
            refused = call.state is CallState.REFUSED and call.detail  # "Class what it said"
            raise NoRecording(refused.partition(" ")[0] if refused else OutcomeUnknown.__name__)
        return call

    async def _order(self, recording: Recording, before: ProviderError | None) -> tuple[PaidCall, ProviderError | None]:
        """One order, and the failure that proves it refused, if it was; `before` is that of the order before it."""
        refusals: list[ProviderError] = []
        if self._switches is not None and await self._switches.is_paused(recording.provider):
            if not self._waits:
                raise NoRecording("Paused", is_busy=True)
            await self._switches.until_on(recording.provider)
        try:
            async with self._pool.lease(
                user=str(recording.user_id),
                priority=Priority.GENERATION,
                cost=Cost(),
                model=recording.model,
                max_wait=MAX_WAIT if before is None else WAIT_AGAIN,
            ) as lease:

                async def post() -> Outcome:
                    lease.sent()
                    try:
                        price = await recording.record(lease.key)
                    except ProviderError as error:
                        lease.report(error)
                        detail = f"{type(error).__name__} {error.detail}"
                        if isinstance(error, KeyFault | RequestFault | Unavailable):
                            refusals.append(error)
                            return Refused(detail)
                        return Unknown(detail)  # unanswered or unreadable: either may have been charged
                    return Completed(price_microusd=price)

                intent = Intent(
                    key=recording.key,
                    job=recording.job,
                    provider=recording.provider,
                    model=recording.model,
                    key_id=lease.key.id,
                    request_hash=hashlib.sha256(recording.words.encode()).hexdigest(),
                    price_microusd=recording.price_microusd,
                    deadline_at=self._clock() + ORDER_DEADLINE,
                )
                call = await self._ledger.order(intent, post)
        except RateLimitError as error:
            # What no other key mends is told by what the first one met.
            raise NoRecording(type(before or error).__name__, is_busy=True) from error
        return call, refusals[0] if refusals else None


def _next_key(key: str) -> str:
    """The order that follows one which was written off."""
    part, _, number = key.rpartition("/")
    return f"{part}/{int(number) + 1}"
