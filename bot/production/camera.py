"""Makes one take: order, wait, fetch. Every part may run again after a crash without ordering twice.

What was ordered is in the ledger, what was fetched is a file named by its content; between the two this module only
finds out what is left to do.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.jobs.ledger import Accepted, CallState, Intent, Ledger, Outcome, PaidCall, Refused, Unknown
from bot.media.errors import MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.production.model import TakeState
from bot.production.productions import Productions
from bot.studio.casting import Casting
from providers.errors import (
    KeyFault,
    KeyRejected,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    RequestFault,
    Unavailable,
)
from providers.video import Failed, OperationState, Running, Succeeded, VideoProvider, VideoRequest
from ratelimit import ApiKey, Cost, KeyPool, NoUsableKey, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: An answer to an order that has not come after this is none, in seconds; the adapters give up long before.
ORDER_DEADLINE = 90.0
#: The first look at an operation, in seconds after its order; later ones keep the provider's own interval.
FIRST_LOOK = 0.5
#: An operation that is not over after this long is given up, in seconds. Its take fails; nothing is ordered again.
OPERATION_DEADLINE = 3600.0
#: How often an order that was provably not accepted is sent again before the take fails.
MAX_REFUSALS = 6
#: Attempts of one take where the provider itself failed without charging.
MAX_ATTEMPTS = 2
#: Looks that find an operation lost, and clips that cannot be used, before the take fails.
MAX_STRIKES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A video provider with the pool that lends its keys."""

    provider: VideoProvider
    pool: KeyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A take to make: for which production and owner, how, from which picture, into which file."""

    production_id: str
    owner_id: int
    casting: Casting
    ratio: str
    start_image: Path | None
    destination: Path


class _TakeFailed(Exception):
    """Ends the making of one take; `failure` is the name of an error class, for words."""

    def __init__(self, failure: str, state: TakeState = TakeState.FAILED) -> None:
        super().__init__(failure)
        self.failure = failure
        self.state = state


class Camera:
    """Makes takes with the rigs at hand, one call of `shoot` for each."""

    def __init__(
        self,
        rigs: Mapping[str, Rig],
        ledger: Ledger,
        productions: Productions,
        ffmpeg: Ffmpeg,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rigs = rigs
        self._ledger = ledger
        self._productions = productions
        self._ffmpeg = ffmpeg
        self._clock = clock

    async def shoot(self, order: Order) -> bool:
        """Bring a take to its end, and its row with it; true where the clip is at `order.destination`.

        Cancelled while waiting it gives back what it holds; cancelled while ordering it first records the answer.
        """
        production, number = order.production_id, order.casting.number
        try:
            if await asyncio.to_thread(order.destination.exists):
                await self._close_orders(order)
            else:
                await self._make(order)
        except _TakeFailed as failed:
            await self._productions.set_take(production, number, failed.state, failure=failed.failure)
            return False
        await self._productions.set_take(production, number, TakeState.MADE, progress=1.0)
        return True

    async def _close_orders(self, order: Order) -> None:
        """A process killed between keeping the clip and saying so has left its order open, and with it its room."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            call = await self._ledger.find(_key(order, attempt))
            rig = self._rigs.get(order.casting.model.provider)
            if call is not None and call.open and rig is not None:
                await self._over(rig, call, CallState.DONE, None)

    async def _make(self, order: Order) -> None:
        rig = self._rigs.get(order.casting.model.provider)
        if rig is None:
            raise _TakeFailed("CannotRender")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            key = _key(order, attempt)
            call = await self._ledger.find(key)
            if call is None or call.state is CallState.REFUSED:
                call = await self._place(order, rig, key)
            match call.state:
                case CallState.SUBMITTED | CallState.DONE:
                    failure = await self._await_clip(order, rig, call)
                    if failure is None:
                        return
                    if attempt == MAX_ATTEMPTS or not _worth_another(failure):
                        raise _TakeFailed(type(failure.error).__name__)
                case CallState.FAILED:  # before a crash: decide as before it
                    failed = call.detail or OperationFailed.__name__
                    if attempt == MAX_ATTEMPTS or failed != OperationFailed.__name__ or call.price_microusd > 0:
                        raise _TakeFailed(failed)
                case _:
                    raise _TakeFailed(OutcomeUnknown.__name__, TakeState.UNKNOWN)

    async def _place(self, order: Order, rig: Rig, key: str) -> PaidCall:
        """Order until accepted or unknown; a proven refusal that another key or time may mend is tried again."""
        casting = order.casting
        request = VideoRequest(
            model=casting.model.id,
            prompt=casting.prompt,
            duration=casting.model.nearest_duration(casting.shot.duration),
            ratio=order.ratio,
            start_image=order.start_image,
        )
        refusal: ProviderError | None = None
        for refusals in range(MAX_REFUSALS):
            if isinstance(refusal, Unavailable):
                await asyncio.sleep(random.uniform(0.5, 1.0) * min(2.0**refusals, 30.0))  # noqa: S311  # jitter
            await self._productions.set_take(order.production_id, casting.number, TakeState.WAITING)
            try:
                async with rig.pool.lease(
                    user=str(order.owner_id),
                    priority=Priority.GENERATION,
                    cost=Cost(requests=1),
                    model=casting.model.id,
                ) as lease:
                    submission = _Submission(rig, request, lease.key)
                    intent = Intent(
                        key=key,
                        job=order.production_id,
                        provider=casting.model.provider,
                        model=casting.model.id,
                        key_id=lease.key.id,
                        request_hash=_request_hash(request, casting),
                        price_microusd=casting.price_microusd,
                        deadline_at=self._clock() + ORDER_DEADLINE,
                    )

                    async def post(submission: _Submission = submission) -> Outcome:
                        outcome = await submission.post()
                        if isinstance(outcome, Accepted):
                            lease.hold(outcome.operation)  # here: a cancellation must not give the room back
                        return outcome

                    call = await self._ledger.order(intent, post)
                    refusal = submission.refusal
                    if refusal is not None:
                        lease.report(refusal)
            except RateLimitError as error:
                raise _TakeFailed(type(error).__name__) from error
            if refusal is None:
                return call
            logger.warning(
                "order refused",
                extra={"call": key, "key_id": call.key_id, "error": type(refusal).__name__, "detail": refusal.detail},
            )
            if isinstance(refusal, RequestFault):
                break
        raise _TakeFailed(type(refusal).__name__)

    async def _await_clip(self, order: Order, rig: Rig, call: PaidCall) -> Failed | None:
        """Look until the operation is over and its clip fetched; the failure where it has none."""
        try:
            key = rig.pool.key(call.key_id)
        except NoUsableKey as error:  # taken out of the settings while its operation runs: no other key can fetch it
            raise _TakeFailed(KeyRejected.__name__) from error
        operation = call.operation
        assert operation is not None, call
        deadline = self._clock() + OPERATION_DEADLINE
        strikes = 0
        await asyncio.sleep(FIRST_LOOK)
        while self._clock() < deadline and strikes < MAX_STRIKES:
            state = await self._look(rig, operation, key)
            match state:
                case Running():
                    await self._show(order, state)
                case Failed():
                    # Where it does not tell a charge, the estimate stands: only a proven 0 is worth another order.
                    await self._over(rig, call, CallState.FAILED, state.price_microusd, type(state.error).__name__)
                    return state
                case Succeeded():
                    try:
                        fetched = await self._fetch(order, rig, state, key)
                    except RequestFault as error:
                        await self._over(rig, call, CallState.FAILED, state.price_microusd, type(error).__name__)
                        raise _TakeFailed(type(error).__name__) from error
                    if fetched:
                        await self._over(rig, call, CallState.DONE, state.price_microusd)
                        return None
                    strikes += 1
                case RequestFault():
                    strikes += 1
                case None:
                    pass
            await asyncio.sleep(rig.provider.poll_interval * random.uniform(1.0, 1.2))  # noqa: S311  # spread looks
        await self._over(rig, call, CallState.FAILED, None, OperationFailed.__name__)
        raise _TakeFailed(OperationFailed.__name__)

    async def _look(self, rig: Rig, operation: str, key: ApiKey) -> OperationState | RequestFault | None:
        """One look; `None` where it failed for a reason that passes. Looking again is free."""
        try:
            return await rig.provider.poll(operation, key)
        except RequestFault as error:  # unknown there: lost, or not known yet
            logger.warning("operation not found", extra={"operation": operation, "detail": error.detail})
            return error
        except ProviderError as error:
            logger.warning("look failed", extra={"operation": operation, "error": type(error).__name__})
            return None

    async def _show(self, order: Order, state: Running) -> None:
        take_state = TakeState.ORDERED if state.waiting else TakeState.RENDERING
        await self._productions.set_take(order.production_id, order.casting.number, take_state, progress=state.progress)

    async def _fetch(self, order: Order, rig: Rig, state: Succeeded, key: ApiKey) -> bool:
        """Fetch and check the clip; false where fetching again later may help. Raises `RequestFault`."""
        # By number, too: two shots of the same words and length share their destination.
        unchecked = order.destination.with_suffix(f".unchecked-{order.casting.number}.mp4")
        try:
            await asyncio.to_thread(unchecked.parent.mkdir, parents=True, exist_ok=True)
            await rig.provider.fetch(state.output, unchecked, key)
            # What a provider sends is as foreign as an upload.
            await probe(self._ffmpeg, unchecked, MediaLimits(max_bytes=1 << 30))
        except RequestFault:
            raise
        except (ProviderError, MediaError) as error:
            logger.warning("clip not fetched", extra={"call": order.casting.content, "error": repr(error)})
            return False
        await asyncio.to_thread(unchecked.rename, order.destination)
        return True

    async def _over(
        self, rig: Rig, call: PaidCall, state: CallState, price_microusd: int | None, detail: str = ""
    ) -> None:
        await self._ledger.finish(call.key, state, price_microusd=price_microusd, detail=detail)
        assert call.operation is not None
        rig.pool.release(call.operation)


class _Submission:
    """One POST, its answer as an outcome; `refusal` is what proved that it was not accepted."""

    def __init__(self, rig: Rig, request: VideoRequest, key: ApiKey) -> None:
        self._rig = rig
        self._request = request
        self._key = key
        self.refusal: ProviderError | None = None

    async def post(self) -> Outcome:
        try:
            operation = await self._rig.provider.submit(self._request, self._key)
        except (KeyFault, RequestFault, Unavailable) as error:
            self.refusal = error
            return Refused(f"{type(error).__name__} {error.detail}")
        except ProviderError as error:  # unanswered, or answered unreadably: either may have been accepted
            return Unknown(f"{type(error).__name__} {error.detail}")
        return Accepted(operation=operation.id, price_microusd=operation.price_microusd)


def _key(order: Order, attempt: int) -> str:
    return f"{order.production_id}/{order.casting.number}/{attempt}"


def _worth_another(failure: Failed) -> bool:
    """The service's own failure, at no charge: ordering once more costs what was greenlit, no more."""
    return isinstance(failure.error, OperationFailed) and failure.price_microusd == 0


def _request_hash(request: VideoRequest, casting: Casting) -> str:
    facts = [request.model, request.prompt, request.duration, request.ratio, casting.content]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
