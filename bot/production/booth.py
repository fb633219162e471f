"""Buys recordings: paid calls whose answer is the result. Small, and a film is whole without them.

What is ordered is in the ledger first, and nothing that may have been charged is ordered again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from bot.jobs.ledger import CallState, Completed, Intent, Ledger, Outcome, PaidCall, Refused, Unknown
from bot.production.switches import Paused, Switches
from bot.production.write_offs import WriteOffs
from providers.errors import KeyFault, OutcomeUnknown, ProviderError, RequestFault, Unavailable
from ratelimit import ApiKey, Cost, KeyPool, Lease, NoUsableKey, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: How long a recording may wait for a key, in seconds, before the film goes on without it; and how long for another
#: key, after one was refused.
MAX_WAIT, WAIT_AGAIN = 60.0, 5.0
#: Orders of one recording, where each before was provably refused for a reason that another key or a moment mends.
MAX_TRIES = 3
#: Orders without an answer after which one recording is placed anew: where it was provably not made, or where the
#: operator bears it. A second silence stands.
MAX_SILENCES = 1
#: The longest that one order may take in all, in seconds: silence is given up long before, but not a byte now and then.
POST_WITHIN = 300.0
#: An answer that has not come after this is none, in seconds: whoever sent it has given it up.
ORDER_DEADLINE = POST_WITHIN + 30.0

#: A recording that its service has not listed so long after its answer was missed, in seconds, was never made; looked
#: for again every so many. What its history's delay really is, no page of ElevenLabs' tells (2026-08).
SETTLED_AFTER, LOOK_EVERY = 60.0, 5.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that lies here now: what it cost, what its service calls the request, and the tokens it took; as far
    as it told.
    """

    price_microusd: int | None = None
    request: str | None = None
    tokens: int | None = None


Record = Callable[[ApiKey], Awaitable[Kept]]
Find = Callable[[ApiKey, float, Collection[str]], Awaitable[Kept | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What to buy. `key` names its first order for good, "{job}/{part}/1"; `words` tells requests apart.

    `weight` is its buyer's share of the keys: twice the weight, twice the share. `tokens` are what it will probably
    take, where its service counts in them.
    `record` makes it with the key it is given and keeps it. `find` looks for what was made since a moment (Unix
    seconds) by none of the requests that are known to be others', and keeps it; `None` where the service cannot look.
    """

    key: str
    job: str
    user_id: int
    provider: str
    model: str
    words: str
    price_microusd: int
    record: Record
    find: Find | None = None
    weight: float = 1.0
    tokens: int = 0


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
        write_offs: WriteOffs | None = None,
        settled_after: float = SETTLED_AFTER,
    ) -> None:
        self._settled_after = settled_after
        self._switches = switches
        self._waits = waits
        self._write_offs = write_offs
        self._pool = pool
        self._ledger = ledger
        self._clock = clock

    async def buy(self, recording: Recording) -> PaidCall:
        """Have it recorded, once: an order placed before is not placed again unless it provably came to nothing.

        Raises:
            NoRecording: it was refused, or may have been charged without an answer, now or before.
        """
        recording, known = await self._current(recording)
        silences = 0
        while (call := await self._recorded(recording, known)).state is CallState.UNKNOWN:
            silences += 1
            if silences > MAX_SILENCES:
                break
            recording, known = await self._current(recording)
            if known is not None and known.state is CallState.UNKNOWN:
                if self._write_offs is None or not await self._write_offs.cover(known):
                    break
                recording, known = await self._current(recording)
        if call.state not in {CallState.DONE, CallState.FOUND}:
            logger.warning("nothing recorded", extra={"call": recording.key, "detail": call.detail})
            refused = call.state is CallState.REFUSED and call.detail  # "Class what it said"
            raise NoRecording(refused.partition(" ")[0] if refused else OutcomeUnknown.__name__)
        return call

    async def _current(self, recording: Recording) -> tuple[Recording, PaidCall | None]:
        """The order that counts now, after those that were written off or are provably absent at the service."""
        while True:
            call = await self._ledger.find(recording.key)
            if call is not None and call.state is CallState.UNKNOWN and recording.find is not None:
                call = await self._look_up(call, recording.find)
            if call is None or call.state is not CallState.LOST:
                return recording, call
            recording = replace(recording, key=_next_key(recording.key))

    async def _look_up(self, call: PaidCall, find: Find) -> PaidCall | None:
        """What became of an order whose answer was lost; as unknown as before where its service cannot be asked."""
        others: set[str] = set()  # requests that other orders have made
        while True:
            is_settled = self._clock() >= call.updated_at + self._settled_after  # before the look, not after it
            try:
                rivals = await self._ledger.rivals(call)
                if rivals.is_open:  # what is there may be its
                    await asyncio.sleep(LOOK_EVERY)
                    continue
                found = await find(self._pool.key(call.key_id), call.created_at, others | rivals.made)
            except (ProviderError, NoUsableKey) as error:
                logger.warning("lost recording not looked up", extra={"call": call.key, "error": type(error).__name__})
                return call
            if found is not None:
                if not await self._ledger.claim(call, operation=found.request, price_microusd=found.price_microusd):
                    others.add(str(found.request))
                    continue
                logger.info("lost recording found", extra={"call": call.key})
                return await self._ledger.find(call.key)
            if is_settled:
                await self._ledger.finish(call.key, CallState.LOST, price_microusd=0, detail="not made there")
                return await self._ledger.find(call.key)
            await asyncio.sleep(LOOK_EVERY)

    async def _recorded(self, recording: Recording, call: PaidCall | None) -> PaidCall:
        """Order it, if that is not done; again where it was refused for what another try mends."""
        tries = 0
        failure: ProviderError | None = None
        while call is None or call.state is CallState.REFUSED:
            try:
                call, failure = await self._order(recording, failure)
            except Paused:
                continue
            tries += 1
            if failure is not None and (isinstance(failure, RequestFault) or tries == MAX_TRIES):
                break
        return call

    async def _order(self, recording: Recording, before: ProviderError | None) -> tuple[PaidCall, ProviderError | None]:
        """One order, and the failure that proves it refused, if it was; `before` is that of the order before it.

        Raises `Paused` where its service was paused while it stood in line there.
        """
        if self._switches is not None and await self._switches.is_paused(recording.provider):
            if not self._waits:
                raise NoRecording("Paused", is_busy=True)
            await self._switches.until_on(recording.provider)
        try:
            async with self._pool.lease(
                user=str(recording.user_id),
                priority=Priority.GENERATION,
                cost=Cost(tokens=recording.tokens),
                model=recording.model,
                weight=recording.weight,
                max_wait=MAX_WAIT if before is None else WAIT_AGAIN,
            ) as lease:
                if self._switches is not None:
                    await self._switches.check_on(recording.provider)
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
                session = _Session(recording, lease)
                call = await self._ledger.order(intent, session.post)
        except RateLimitError as error:
            # What no other key mends is told by what the first one met.
            raise NoRecording(type(before or error).__name__, is_busy=True) from error
        return call, session.refusal


class _Session:
    """One order on a lease, its answer as an outcome; `refusal` is a failure that proves that it was not accepted."""

    def __init__(self, recording: Recording, lease: Lease) -> None:
        self._recording = recording
        self._lease = lease
        self.refusal: ProviderError | None = None

    async def post(self) -> Outcome:
        self._lease.sent()
        try:
            async with asyncio.timeout(POST_WITHIN):
                kept = await self._recording.record(self._lease.key)
        except TimeoutError:
            self._lease.report(OutcomeUnknown(self._recording.provider))  # else it would count as served
            return Unknown("no whole answer in time")
        except Exception as error:
            self._lease.report(error)
            if not isinstance(error, ProviderError):
                raise
            detail = f"{type(error).__name__} {error.detail}"
            if isinstance(error, KeyFault | RequestFault | Unavailable):
                self.refusal = error
                return Refused(detail)
            return Unknown(detail)  # unanswered or unreadable: either may have been charged
        if kept.tokens is not None:
            self._lease.spent(kept.tokens)
        return Completed(price_microusd=kept.price_microusd, operation=kept.request)


def _next_key(key: str) -> str:
    """The order that follows one which was written off."""
    part, _, number = key.rpartition("/")
    return f"{part}/{int(number) + 1}"
