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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from weakref import WeakValueDictionary

from bot.jobs.ledger import Accepted, CallState, Intent, Ledger, Outcome, PaidCall, Refused, Unknown
from bot.media.errors import MediaError, MediaRefused
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.production.lifecycle import Lifecycle
from bot.production.model import TakeState
from bot.production.sizes import clip_bytes
from bot.production.switches import Paused, Switches
from bot.production.watch import LOST_AFTER, OPERATION_DEADLINE, Watch
from bot.production.write_offs import WriteOffs
from bot.storage.files import Files
from bot.studio.casting import Casting
from providers.errors import (
    KeyFault,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    RequestFault,
    Unavailable,
)
from providers.video import (
    Failed,
    FromImage,
    FromText,
    OperationState,
    Running,
    Succeeded,
    VideoProvider,
    VideoRequest,
)
from ratelimit import ApiKey, Cost, KeyPool, Lease, NoUsableKey, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: An answer to an order that has not come after this is none, in seconds: whoever sent it has given it up.
ORDER_DEADLINE = 90.0
#: The longest that one order with its uploads, one look and one fetch may take in all, in seconds: an adapter gives up
#: on silence, but not on a service that says a byte now and then.
POST_WITHIN, LOOK_WITHIN, FETCH_WITHIN = 80.0, 90.0, 900.0
#: The first look at an operation, in seconds after its order; later ones keep the provider's own interval.
FIRST_LOOK = 0.5
#: How often an order is sent again to a service that is down before the take fails. Faults of keys are the pool's.
MAX_OUTAGES = 6
#: Attempts of one take where the provider itself failed without charging.
MAX_ATTEMPTS = 2
#: Whole clips that are no video before the take fails.
MAX_UNUSABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A video provider with the pool that lends its keys."""

    provider: VideoProvider
    pool: KeyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A take to make: for which production and owner, how, from which picture, into which file.

    `weight` is the owner's share of the keys: twice the weight, twice the share.
    `price_microusd` is what it was greenlit at, 0 where its clip was there then; nothing dearer is ordered.
    """

    production_id: str
    project_id: str
    owner_id: int
    casting: Casting
    price_microusd: int
    ratio: str
    start_image: Path | None
    destination: Path
    weight: float = 1.0


class Fetched(Enum):
    KEPT = auto()
    NOT_YET = auto()  # the network, the provider or our disk; trying again is free
    UNUSABLE = auto()  # it came whole and is no video


class _TakeFailed(Exception):
    """Ends the making of one take; `failure` is the name of an error class, or one of `ui.replies`' words."""

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
        lifecycle: Lifecycle,
        ffmpeg: Ffmpeg,
        *,
        operation_deadline: float = OPERATION_DEADLINE,
        lost_after: float = LOST_AFTER,
        post_within: float = POST_WITHIN,
        write_offs: WriteOffs | None = None,
        switches: Switches | None = None,
        files: Files | None = None,
        until_room: Callable[[int], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._until_room = until_room
        self._rigs = rigs
        self._clips: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()
        self._operation_deadline = operation_deadline
        self._lost_after = lost_after
        self._post_within = post_within
        self._ledger = ledger
        self._lifecycle = lifecycle
        self._ffmpeg = ffmpeg
        self._clock = clock
        self._write_offs = write_offs
        self._switches = switches
        self._files = files

    async def shoot(self, order: Order) -> bool:
        """Bring a take to its end, and its row with it; true where the clip is at `order.destination`.

        Cancelled while waiting it gives back what it holds; cancelled while ordering it first records the answer.
        """
        production, number = order.production_id, order.casting.number
        # Two shots of the same words are one clip: the second waits for the first and finds it there.
        alike = self._clips.setdefault(order.destination, asyncio.Lock())
        try:
            async with alike:
                if await self._is_here(order.destination):
                    await self._close_orders(order)
                else:
                    await self._make(order)
                if self._files is not None:
                    await self._files.share(order.destination)
        except _TakeFailed as failed:
            await self._lifecycle.set_take(production, number, failed.state, failure=failed.failure)
            return False
        await self._lifecycle.set_take(production, number, TakeState.MADE, progress=1.0)
        return True

    async def _is_here(self, clip: Path) -> bool:
        return await (self._files.here(clip) if self._files is not None else asyncio.to_thread(clip.exists))

    async def _close_orders(self, order: Order) -> None:
        """A process killed between keeping the clip and saying so has left its order open, and with it its room."""
        attempt = 1
        rig = self._rigs.get(order.casting.model.provider)
        while (call := await self._ledger.find(_key(order, attempt))) is not None:
            if call.open and rig is not None:
                await self._over(rig, call, CallState.DONE, None)
            attempt += 1

    async def _make(self, order: Order) -> None:
        rig = self._rigs.get(order.casting.model.provider)
        if rig is None:
            raise _TakeFailed("CannotRender")
        # A production before may have given up waiting for the very same clip: look for it before ordering another.
        earlier = await self._ledger.accepted_before(_request_hash(order), but_for=order.production_id)
        if earlier is not None:
            try:
                if await self._await_clip(order, rig, earlier) is None:
                    return
            finally:
                await self._lifecycle.balance(earlier.job)  # its film may be over and settled
        number = 0
        for attempt in range(1, MAX_ATTEMPTS + 1):
            number, call = await self._next_call(order, rig, number)
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
                    lost = call.detail == "OperationLost"
                    raise _TakeFailed("OperationLost" if lost else OutcomeUnknown.__name__, TakeState.UNKNOWN)

    async def _next_call(self, order: Order, rig: Rig, number: int) -> tuple[int, PaidCall]:
        """The next order after the `number`th that nobody wrote off; placed, if it was not yet."""
        while True:
            number += 1
            key = _key(order, number)
            call = await self._ledger.find(key)
            while call is None or call.state is CallState.REFUSED:  # perhaps somebody else's, ordered meanwhile
                call = await self._place(order, rig, key)
            if call.state is CallState.LOST or (call.state is CallState.UNKNOWN and await self._write_off(call)):
                continue
            return number, call

    async def _write_off(self, call: PaidCall) -> bool:
        """Whether the operator bears it that an order without an answer is placed again, unasked."""
        return self._write_offs is not None and await self._write_offs.cover(call)

    async def _place(self, order: Order, rig: Rig, key: str) -> PaidCall:
        """Order until accepted or unknown; a proven refusal that another key or time may mend is tried again."""
        casting = order.casting
        _check_greenlit(order)
        request = VideoRequest(
            model=casting.model.id,
            prompt=casting.prompt,
            duration=casting.duration,
            ratio=order.ratio,
            source=FromText() if order.start_image is None else FromImage(order.start_image),
            resolution=casting.resolution,
        )
        refusal: ProviderError | None = None
        outages = 0
        while outages < MAX_OUTAGES:
            await self._until_ready(order, outages if isinstance(refusal, Unavailable) else 0)
            try:
                async with rig.pool.lease(
                    user=str(order.owner_id),
                    priority=Priority.GENERATION,
                    cost=Cost(requests=1),
                    model=casting.model.id,
                    weight=order.weight,
                    name=name_of_wait(order.production_id, casting.number),
                ) as lease:
                    await self._check_on(casting.model.provider)
                    submission = _Submission(rig, request, lease, self._post_within)
                    intent = Intent(
                        key=key,
                        job=order.production_id,
                        provider=casting.model.provider,
                        model=casting.model.id,
                        key_id=lease.key.id,
                        request_hash=_request_hash(order),
                        price_microusd=casting.price_microusd,
                        deadline_at=self._clock() + ORDER_DEADLINE,
                    )
                    call = await self._ledger.order(intent, submission.post)
                    refusal = submission.refusal
            except Paused:
                continue
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
            if isinstance(refusal, Unavailable):
                outages += 1  # a key's fault makes that key rest, and the next lease waits or finds another
        raise _TakeFailed(type(refusal).__name__)

    async def _until_ready(self, order: Order, outages: int) -> None:
        """Wait for what must be before an order may get in line; after `outages` of its service, a while longer."""
        if outages:
            await asyncio.sleep(random.uniform(0.5, 1.0) * min(2.0**outages, 30.0))  # noqa: S311  # jitter
        await self._lifecycle.set_take(order.production_id, order.casting.number, TakeState.WAITING)
        await self._until_there_is_room(order.casting)  # nothing is paid for that could not be kept
        await self._until_on(order.casting.model.provider)

    async def _check_on(self, provider: str) -> None:
        """Raise `Paused` where the service was paused while this stood in line there."""
        if self._switches is not None:
            await self._switches.check_on(provider)

    async def _until_on(self, provider: str) -> None:
        """Wait while an operator has paused the service."""
        if self._switches is not None:
            await self._switches.until_on(provider)

    async def _until_there_is_room(self, casting: Casting) -> None:
        """Wait while the disk is full."""
        if self._until_room is not None:
            await self._until_room(clip_bytes(casting))

    async def _await_clip(self, order: Order, rig: Rig, call: PaidCall) -> Failed | None:
        """Look until the operation is over and its clip is here; the failure where it has none.

        What was accepted is not given up for a fault of the network or of our disk: it is looked at again, more slowly,
        until `OPERATION_DEADLINE`. Then the take is held, and the next production of this film looks for it first.
        """
        try:
            key = rig.pool.key(call.key_id)
        except NoUsableKey as error:  # taken out of the settings while its operation runs: no other key can fetch it
            raise _TakeFailed("KeyRemoved", TakeState.UNKNOWN) from error
        assert call.operation is not None, call
        watch = Watch(rig.provider.poll_interval, deadline=self._operation_deadline, lost_after=self._lost_after)
        await asyncio.sleep(FIRST_LOOK)
        while not watch.is_over:
            state = await self._look(rig, call.operation, key)
            watch.saw(state)
            match state:
                case Running():
                    await self._show(order, state)
                case Failed():
                    # Where it does not tell a charge, the estimate stands: only a proven 0 is worth another order.
                    await self._over(rig, call, CallState.FAILED, state.price_microusd, type(state.error).__name__)
                    return state
                case Succeeded():
                    if await self._collect(order, rig, call, state, key, watch):
                        return None
                case RequestFault() if watch.has_lost_it:
                    await self._over(rig, call, CallState.UNKNOWN, None, "OperationLost")
                    raise _TakeFailed("OperationLost", TakeState.UNKNOWN)
            await asyncio.sleep(watch.pause * random.uniform(1.0, 1.2))  # noqa: S311  # spread looks
        await self._ledger.give_back(call.key)
        rig.pool.release(call.operation)
        raise _TakeFailed("NotOverYet", TakeState.UNKNOWN)

    async def _collect(
        self, order: Order, rig: Rig, call: PaidCall, state: Succeeded, key: ApiKey, watch: Watch
    ) -> bool:
        """Fetch a finished clip; false where it should be tried again."""
        await self._until_there_is_room(order.casting)
        match await self._fetch(order, rig, state, key):
            case Fetched.KEPT:
                await self._over(rig, call, CallState.DONE, state.price_microusd)
                return True
            case Fetched.NOT_YET:
                watch.slow_down()
            case Fetched.UNUSABLE:
                watch.unusable += 1
                if watch.unusable == MAX_UNUSABLE:
                    await self._over(rig, call, CallState.FAILED, state.price_microusd, "UnusableClip")
                    raise _TakeFailed("UnusableClip")
        return False

    async def _look(self, rig: Rig, operation: str, key: ApiKey) -> OperationState | RequestFault | None:
        """One look; `None` where it failed for a reason that passes. Looking again is free."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await rig.provider.poll(operation, key)
        except RequestFault as error:  # unknown there: lost, or not known yet
            logger.warning("operation not found", extra={"operation": operation, "detail": error.detail})
            return error
        except ProviderError as error:
            if isinstance(error, KeyFault):
                rig.pool.report(error, key_id=key.id)
            logger.warning("look failed", extra={"operation": operation, "error": type(error).__name__})
            return None
        except TimeoutError:
            logger.warning("look took too long", extra={"operation": operation})
            return None

    async def _show(self, order: Order, state: Running) -> None:
        take_state = TakeState.ORDERED if state.waiting else TakeState.RENDERING
        await self._lifecycle.set_take(order.production_id, order.casting.number, take_state, progress=state.progress)

    async def _fetch(self, order: Order, rig: Rig, state: Succeeded, key: ApiKey) -> Fetched:
        """Fetch a finished clip and check it: what a provider sends is as foreign as an upload."""
        # By number, too: two shots of the same words and length share their destination.
        unchecked = order.destination.with_suffix(f".unchecked-{order.casting.number}.mp4")
        facts = {"production": order.production_id, "shot": order.casting.number}
        try:
            await asyncio.to_thread(unchecked.parent.mkdir, parents=True, exist_ok=True)
            async with asyncio.timeout(FETCH_WITHIN):
                await rig.provider.fetch(state.output, unchecked, key)
            await probe(self._ffmpeg, unchecked, MediaLimits(max_bytes=1 << 30))
            await asyncio.to_thread(unchecked.rename, order.destination)
        except MediaRefused as error:
            logger.warning("clip is no video", extra={**facts, "error": str(error)})
            return Fetched.UNUSABLE
        except (ProviderError, MediaError, OSError) as error:
            logger.warning("clip not fetched yet", extra={**facts, "error": repr(error)})
            return Fetched.NOT_YET
        finally:
            await asyncio.to_thread(unchecked.unlink, missing_ok=True)
        return Fetched.KEPT

    async def _over(
        self, rig: Rig, call: PaidCall, state: CallState, price_microusd: int | None, detail: str = ""
    ) -> None:
        await self._ledger.finish(call.key, state, price_microusd=price_microusd, detail=detail)
        assert call.operation is not None
        rig.pool.release(call.operation)


class _Submission:
    """One POST on a lease, its answer as an outcome; `refusal` is a failure that proves that it was not accepted.

    Tells the pool when it leaves and what came of it, at once: a cancellation must neither give the room of what was
    accepted back, nor forget what was learned of the key.
    """

    def __init__(self, rig: Rig, request: VideoRequest, lease: Lease, within: float) -> None:
        self._within = within
        self._rig = rig
        self._request = request
        self._lease = lease
        self._has_left = False
        self.refusal: ProviderError | None = None

    async def post(self) -> Outcome:
        try:
            async with asyncio.timeout(self._within):
                operation = await self._rig.provider.submit(self._request, self._lease.key, self._leaves)
        except (KeyFault, RequestFault, Unavailable) as error:
            return self._refused(error)
        except TimeoutError:
            if not self._has_left:
                return self._refused(Unavailable(self._rig.provider.name, "its files did not get there in time"))
            self._lease.report(OutcomeUnknown(self._rig.provider.name))  # else it would count as served
            return Unknown("no whole answer in time")
        except Exception as error:
            self._lease.report(error)
            if not isinstance(error, ProviderError):
                raise
            # Unanswered, or answered unreadably: either may have been accepted.
            return Unknown(f"{type(error).__name__} {error.detail}")
        self._lease.hold(operation.id)
        return Accepted(operation=operation.id, price_microusd=operation.price_microusd)

    def _leaves(self) -> None:
        """What it needs is there: it counts against the limits from here on, and may be accepted."""
        self._has_left = True
        self._lease.sent()

    def _refused(self, error: ProviderError) -> Refused:
        self.refusal = error
        self._lease.report(error)
        return Refused(f"{type(error).__name__} {error.detail}")


def name_of_wait(production_id: str, number: int) -> str:
    """How the pool knows the request of a take that waits for a key, to be asked about it."""
    return f"{production_id}/{number}"


def _check_greenlit(order: Order) -> None:
    """Nothing is ordered that was not in the price: a kept clip that is gone now, or a model that got dearer since."""
    if order.casting.price_microusd > order.price_microusd:
        raise _TakeFailed("GotDearer" if order.price_microusd else "KeptFileGone")


def _key(order: Order, attempt: int) -> str:
    return f"{order.production_id}/{order.casting.number}/{attempt}"


def _worth_another(failure: Failed) -> bool:
    """The service's own failure, at no charge: ordering once more costs what was greenlit, no more."""
    return isinstance(failure.error, OperationFailed) and failure.price_microusd == 0


def _request_hash(order: Order) -> str:
    """Names what is ordered, for this film only: nobody's clip is ever handed to somebody else."""
    return hashlib.sha256(json.dumps([order.project_id, order.casting.content]).encode()).hexdigest()
