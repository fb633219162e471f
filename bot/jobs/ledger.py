"""The ledger of paid calls: what makes "never bought twice" true under any crash, retry or re-run.

    intent ──► submitted ──► done          (straight to done where the answer is the result)
      │            │
      │            └──────► failed     ended at the provider without a result
      ├──► refused                     provably not accepted; a new attempt may follow
      └──► unknown                     nobody knows whether it was accepted; nothing repeats it by guessing
              ├──► found       looked up at the provider: done, and paid once
              └──► lost        provably absent there, or written off by a person's or the operator's decision;
                               a new attempt may follow

The intent is committed before the POST and the operation id right after it. A row that is still `intent` when its
order runs again was interrupted in between: it becomes `unknown`; where other processes order, too, not before the
order's deadline, for one that was taken for dead may still be in its POST.
Without it, killing a durable engine every few seconds paid for most jobs twice (measured with dbos 3.4, 2026-11).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Row, select, true, update

from bot.db import (
    AGAIN_AFTER,
    AWAY,
    Database,
    Transaction,
    insert_or_ignore,
    lock,
    patiently,
    room,
    uninterrupted,
)
from bot.db.faults import DatabaseFull
from bot.db.tables import paid_calls

logger = logging.getLogger(__name__)

#: Seconds between two looks at an order that another process may be placing.
LOOK_EVERY = 1.0
#: How often an outcome is written before giving up, and the pause after the first failure in seconds; it doubles,
#: so that a database that is busy or full for half a minute loses no operation id.
RECORD_TRIES = 12
RECORD_PAUSE = 0.01


class CallState(StrEnum):
    INTENT = "intent"
    SUBMITTED = "submitted"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FOUND = "found"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCall:
    """One order at a provider. `open` says that the operation takes room there."""

    key: str
    job: str
    provider: str
    model: str
    key_id: str
    state: CallState
    operation: str | None
    open: bool
    price_microusd: int
    detail: str | None
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Rivals:
    """Orders that a service cannot tell from another by what was asked for.

    Attributes:
        made: what the service calls those whose answer came.
        is_open: whether the answer to one of them may be on its way.
    """

    made: frozenset[str]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be ordered. `key` names the order for good: "{job}/{part}/{attempt}"."""

    key: str
    job: str
    provider: str
    model: str
    key_id: str
    request_hash: str
    price_microusd: int
    deadline_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the order. `price_microusd` is its own estimate, if it gave one."""

    operation: str
    price_microusd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The provider took the order and its answer was the result: nothing goes on there, so no room is taken.

    `price_microusd` is what was charged and `operation` what it calls the request; `None` where it did not tell.
    """

    price_microusd: int | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider provably did not take the order."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The order may have been taken."""

    detail: str


#: States in which an order's answer may still come.
_UNANSWERED = (CallState.INTENT, CallState.UNKNOWN)

Outcome = Accepted | Completed | Refused | Unknown


class _OrderedAlready(Exception):
    """The key of an order stands in the ledger, and was not refused."""


class Ledger:
    """Reads and writes `paid_calls`.

    `scrub` takes secrets out of what services say: some repeat the key they refuse. `is_shared` says that other
    processes place orders, too.
    """

    def __init__(
        self,
        database: Database,
        *,
        scrub: Callable[[str], str] = str,
        is_shared: bool = False,
        clock: Callable[[], float] = time.time,
        pauses: Sequence[float] = AGAIN_AFTER,
    ) -> None:
        self._scrub = scrub
        self._is_shared = is_shared
        self._database = database
        self._pauses = pauses
        self._clock = clock
        self._under_way: dict[str, asyncio.Event] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closed = False

    async def close(self) -> None:
        """Begin no further order, and wait until none is between its intent and its answer."""
        self._closed = True
        await self._quiet.wait()

    async def find(self, key: str) -> PaidCall | None:
        """Look an order up. One that was interrupted between intent and answer is `UNKNOWN` from here on.

        Where this process is in the middle of it, or another may be until the order's deadline, this waits for its
        answer.
        """
        while True:
            if (answered := self._under_way.get(key)) is not None:
                await answered.wait()
            now = self._clock()
            is_cut_off = (paid_calls.c.deadline_at <= now) if self._is_shared else true()
            async with self._database.transaction() as transaction:
                await transaction.execute(
                    update(paid_calls)
                    .where(paid_calls.c.key == key, paid_calls.c.state == CallState.INTENT, is_cut_off)
                    .values(state=CallState.UNKNOWN, detail="interrupted while ordering", updated_at=now)
                )
                row = (await transaction.execute(select(paid_calls).where(paid_calls.c.key == key))).one_or_none()
            if row is None or row.state != CallState.INTENT:
                return _call(row) if row is not None else None
            await asyncio.sleep(LOOK_EVERY)

    async def order(self, intent: Intent, post: Callable[[], Awaitable[Outcome]]) -> PaidCall:
        """Send one paid order and record what became of it; not interrupted even when cancelled meanwhile.

        `post` sends exactly one request and tells its outcome without raising. The caller has made sure by `find`
        that no call of this key exists, or that it was refused: then this attempt replaces it. Where somebody else
        has ordered it since, nothing is sent, and theirs is returned. After `close` it waits to be cancelled, with
        nothing sent and nothing written.
        """
        if self._closed:
            await asyncio.Event().wait()
        if intent.key not in self._under_way:
            answered = self._under_way[intent.key] = asyncio.Event()
            self._quiet.clear()
            try:
                return await uninterrupted(lambda: self._order(intent, post))
            except _OrderedAlready:
                pass
            finally:
                del self._under_way[intent.key]
                answered.set()
                if not self._under_way:
                    self._quiet.set()
        logger.warning("ordered by somebody else meanwhile", extra={"call": intent.key})
        theirs = await self.find(intent.key)
        assert theirs is not None, intent.key
        return theirs

    async def finish(self, key: str, state: CallState, *, price_microusd: int | None = None, detail: str = "") -> None:
        """Record how a submitted operation ended, and that it takes no room any more."""
        await uninterrupted(lambda: self._record(key, self._ended(state, price_microusd, detail)))

    async def finish_within(
        self, transaction: Transaction, key: str, state: CallState, *, price_microusd: int | None, detail: str = ""
    ) -> None:
        """As `finish`, in a transaction that changes more."""
        values = self._ended(state, price_microusd, detail)
        await transaction.execute(update(paid_calls).where(paid_calls.c.key == key).values(values))

    async def give_back(self, key: str) -> None:
        """Record that an operation takes no room here any more, whatever becomes of it at the provider."""
        await uninterrupted(lambda: self._record(key, {"open": 0, "updated_at": self._clock()}))

    async def accepted_before(self, request_hash: str, *, but_for: str) -> PaidCall | None:
        """An order of the same request that was accepted, and whose operation nobody saw end; not one of job `but_for`.

        Looking at it again may bring what was paid for already.
        """
        query = (
            select(paid_calls)
            .where(
                paid_calls.c.request_hash == request_hash,
                paid_calls.c.job != but_for,
                paid_calls.c.state == CallState.SUBMITTED,
            )
            .order_by(paid_calls.c.created_at.desc())
            .limit(1)
        )
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(query)).one_or_none()
        return _call(row) if row is not None else None

    async def rivals(self, call: PaidCall) -> Rivals:
        """Other orders of the same words, any of which may have made what is found at the service: two keys may be of
        one account.
        """
        same = select(paid_calls.c.request_hash).where(paid_calls.c.key == call.key).scalar_subquery()
        query = select(paid_calls.c.state, paid_calls.c.operation, paid_calls.c.deadline_at).where(
            paid_calls.c.request_hash == same,
            paid_calls.c.provider == call.provider,
            paid_calls.c.key != call.key,
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        now = self._clock()
        return Rivals(
            made=frozenset(row.operation for row in rows if row.operation is not None),
            is_open=any(row.state == CallState.INTENT and row.deadline_at > now for row in rows),
        )

    async def claim(self, call: PaidCall, *, operation: str | None, price_microusd: int | None) -> bool:
        """An order without an answer is found: the service made it as `operation`. False where that is another's."""
        values = self._ended(CallState.FOUND, price_microusd, "") | {"operation": operation}
        taken = select(paid_calls.c.key).where(
            paid_calls.c.provider == call.provider,
            paid_calls.c.operation == operation,
            paid_calls.c.key != call.key,
        )
        async with self._database.transaction() as transaction:
            await lock(transaction, f"operation {call.provider} {operation}")
            if operation is not None and (await transaction.execute(taken)).first() is not None:
                return False
            await transaction.execute(update(paid_calls).where(paid_calls.c.key == call.key).values(values))
        return True

    async def open_calls(self) -> list[PaidCall]:
        """Every operation that takes room at a provider, for counting it again at start-up."""
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(select(paid_calls).where(paid_calls.c.open == 1))
            return [_call(row) for row in rows]

    async def calls_of(self, job: str) -> list[PaidCall]:
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(select(paid_calls).where(paid_calls.c.job == job).order_by("created_at"))
            return [_call(row) for row in rows]

    async def _order(self, intent: Intent, post: Callable[[], Awaitable[Outcome]]) -> PaidCall:
        await self._intend(intent)
        try:
            outcome = await post()
        except Exception as error:
            # It should tell, not raise: a fault of ours, after which nobody knows whether the request left.
            logger.exception("order failed by a fault of ours", extra={"call": intent.key})
            outcome = Unknown(repr(error))
        match outcome:
            case Accepted(operation=operation, price_microusd=price):
                # The log holds the id even if the database should refuse the next write.
                logger.info("operation accepted", extra={"call": intent.key, "operation": operation})
                values: dict[str, object] = {"state": CallState.SUBMITTED, "operation": operation, "open": 1}
                if price is not None:
                    values["price_microusd"] = price
            case Completed(price_microusd=price, operation=operation):
                values = {"state": CallState.DONE, "operation": operation}
                if price is not None:
                    values["price_microusd"] = price
            case Refused(detail=detail):
                values = {"state": CallState.REFUSED, "detail": self._scrub(detail)[:500], "price_microusd": 0}
            case Unknown(detail=detail):
                logger.warning("order without an answer", extra={"call": intent.key, "provider": intent.provider})
                values = {"state": CallState.UNKNOWN, "detail": self._scrub(detail)[:500]}
        await self._record(intent.key, {**values, "updated_at": self._clock()}, within=_UNANSWERED)
        async with self._database.transaction() as transaction:
            return _call((await transaction.execute(select(paid_calls).where(paid_calls.c.key == intent.key))).one())

    async def _intend(self, intent: Intent) -> None:
        """Write the intent. Where the answer to its commit was lost it may stand already: nothing was sent yet."""
        now = self._clock()
        tries = 0

        async def once() -> None:
            nonlocal tries
            tries += 1
            async with self._database.transaction() as transaction:
                if tries > 1:
                    ours = await transaction.execute(
                        select(paid_calls.c.key).where(
                            paid_calls.c.key == intent.key,
                            paid_calls.c.state == CallState.INTENT,
                            paid_calls.c.updated_at == now,
                        )
                    )
                    if ours.one_or_none() is not None:
                        return
                await self._write_intent(transaction, intent, now)

        await patiently(once, self._pauses)

    async def _write_intent(self, transaction: Transaction, intent: Intent, now: float) -> None:
        values = {
            "job": intent.job,
            "provider": intent.provider,
            "model": intent.model,
            "key_id": intent.key_id,
            "request_hash": intent.request_hash,
            "state": CallState.INTENT,
            "operation": None,
            "open": 0,
            "price_microusd": intent.price_microusd,
            "detail": None,
            "deadline_at": intent.deadline_at,
            "updated_at": now,
        }
        replaced = await transaction.execute(
            update(paid_calls)
            .where(paid_calls.c.key == intent.key, paid_calls.c.state == CallState.REFUSED)
            .values(values)
        )
        if not replaced.rowcount:
            # Where the key stands in any other state: an order is never placed over another.
            placed = await transaction.execute(
                insert_or_ignore(transaction, paid_calls)
                .values(key=intent.key, created_at=now, **values)
                .on_conflict_do_nothing()
                .returning(paid_calls.c.key)
            )
            if placed.one_or_none() is None:
                raise _OrderedAlready

    def _ended(self, state: CallState, price_microusd: int | None, detail: str) -> dict[str, object]:
        values: dict[str, object] = {"state": state, "open": 0, "updated_at": self._clock()}
        if price_microusd is not None:
            values["price_microusd"] = price_microusd
        if detail:
            values["detail"] = self._scrub(detail)[:500]
        return values

    async def _record(
        self, key: str, values: dict[str, object], *, within: Collection[CallState] = tuple(CallState)
    ) -> None:
        """Write what became of an order in one of these states, again while the database does not answer."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._update(key, values, within)
            except DatabaseFull:
                attempt = 0
                await room()
            except AWAY as error:
                if attempt == RECORD_TRIES:
                    raise
                logger.warning("outcome not recorded yet", extra={"call": key, "error": type(error).__name__})
                await asyncio.sleep(RECORD_PAUSE * 2.0**attempt)

    async def _update(self, key: str, values: dict[str, object], within: Collection[CallState]) -> None:
        async with self._database.transaction() as transaction:
            changed = await transaction.execute(
                update(paid_calls).where(paid_calls.c.key == key, paid_calls.c.state.in_(within)).values(values)
            )
        if not changed.rowcount:  # it was written off meanwhile, and perhaps ordered again: the bot bears it
            logger.error("answer to an order came too late to count", extra={"call": key, "state": values.get("state")})


def _call(row: Row[tuple[object, ...]]) -> PaidCall:
    return PaidCall(
        key=row.key,
        job=row.job,
        provider=row.provider,
        model=row.model,
        key_id=row.key_id,
        state=CallState(row.state),
        operation=row.operation,
        open=bool(row.open),
        price_microusd=row.price_microusd,
        detail=row.detail,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
