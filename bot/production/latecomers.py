"""Looks for a day at what was accepted and not seen to end: a clip that comes late is kept, and its film goes on.

A production is over or held when its camera stops looking. The clip is paid for all the same, so it is fetched to the
name of its content: a held film that then lacks nothing is resumed, any other finds it at the next greenlight.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from bot.db import Database
from bot.db.tables import paid_calls, productions, takes
from bot.jobs.ledger import CallState, Ledger
from bot.jobs.wake import Listener, Wake, keep_looking
from bot.media.errors import MediaError, MediaRefused
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.production.camera import FETCH_WITHIN, LOOK_WITHIN, Rig
from bot.production.lifecycle import Lifecycle
from bot.production.model import RESTORED, ProductionState, TakeState
from bot.production.reports import is_shown_production
from bot.production.sizes import CLIP_SECOND
from bot.storage.errors import StorageError
from bot.storage.files import Files
from providers.errors import KeyFault, ProviderError
from providers.video import Failed, Succeeded
from ratelimit import ApiKey, NoUsableKey

logger = logging.getLogger(__name__)

#: Seconds between two looks at one operation, and from its order to the last.
LOOK_AGAIN, PATIENCE = 300.0, 24 * 3600.0
#: Seconds between two looks at the rows.
LOOK_EVERY = 30.0
#: States whose cameras look no more.
_UNWATCHED = (ProductionState.HELD, ProductionState.FAILED, ProductionState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """An order nobody saw end. `content` names its clip."""

    key: str
    production_id: str
    project_id: str
    shot: int
    content: str
    provider: str
    key_id: str
    operation: str


class Latecomers:
    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        lifecycle: Lifecycle,
        rigs: Mapping[str, Rig],
        ffmpeg: Ffmpeg,
        files: Files,
        changed: Wake,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._lifecycle = lifecycle
        self._rigs = rigs
        self._ffmpeg = ffmpeg
        self._files = files
        self._changed = changed
        self._clock = clock

    async def run(self, listener: Listener) -> None:
        await keep_looking(self.look, listener, every=LOOK_EVERY)

    async def look(self) -> None:
        """Look once at each operation whose turn it is."""
        for late in await self._due():
            rig = self._rigs.get(late.provider)
            try:
                if rig is not None:
                    await self._look_at(late, rig, rig.pool.key(late.key_id))
            except NoUsableKey:
                logger.warning("late order has no key", extra={"call": late.key})

    async def _due(self) -> list[_Late]:
        """Those not looked at lately; they count as looked at from here on, whatever comes of it."""
        now = self._clock()
        is_due = or_(paid_calls.c.looked_at.is_(None), paid_calls.c.looked_at <= now - LOOK_AGAIN)
        query = (
            select(paid_calls, productions.c.project_id, takes.c.shot, takes.c.content)
            .join(productions, productions.c.id == paid_calls.c.job)
            .join(takes, takes.c.production_id == productions.c.id)
            .where(
                paid_calls.c.state == CallState.SUBMITTED,
                paid_calls.c.operation.is_not(None),
                paid_calls.c.created_at > now - PATIENCE,
                is_due,
                productions.c.state.in_(_UNWATCHED),
                takes.c.state.not_in((TakeState.MADE, TakeState.LEFT_OUT)),
            )
            .order_by(paid_calls.c.created_at)
        )
        async with self._database.transaction() as transaction:
            rows = [row for row in await transaction.execute(query) if row.key.split("/")[1] == str(row.shot)]
            # Asked again by the update: another worker may have found the same rows, and only one is to look.
            claimed = await transaction.execute(
                update(paid_calls)
                .where(paid_calls.c.key.in_([row.key for row in rows]), is_due)
                .values(looked_at=now)
                .returning(paid_calls.c.key)
            )
            ours = {row.key for row in claimed}
        return [
            _Late(
                key=row.key,
                production_id=row.job,
                project_id=row.project_id,
                shot=row.shot,
                content=row.content,
                provider=row.provider,
                key_id=row.key_id,
                operation=row.operation,
            )
            for row in rows
            if row.key in ours
        ]

    async def _look_at(self, late: _Late, rig: Rig, key: ApiKey) -> None:
        facts = {"call": late.key, "operation": late.operation}
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                state = await rig.provider.poll(late.operation, key)
            match state:
                case Succeeded():
                    await self._fetch(late, rig, state, key)
                    await self._made(late, state.price_microusd)
                    logger.info("late clip kept", extra=facts)
                case Failed():
                    failure = type(state.error).__name__
                    await self._failed(late, failure, state.price_microusd)
        except MediaRefused:
            logger.warning("late clip is no video", extra=facts)
            await self._failed(late, "UnusableClip", None)
        except (ProviderError, MediaError, StorageError, OSError) as error:
            if isinstance(error, KeyFault):
                rig.pool.report(error, key_id=key.id)
            logger.warning("late order not seen", extra={**facts, "error": type(error).__name__})

    async def _fetch(self, late: _Late, rig: Rig, state: Succeeded, key: ApiKey) -> None:
        destination = self._files.artefact(late.project_id, f"{late.content}.mp4")
        unchecked = destination.with_suffix(f".late-{late.shot}.mp4")
        await asyncio.to_thread(self._files.require_room, CLIP_SECOND * 10)
        await asyncio.to_thread(unchecked.parent.mkdir, parents=True, exist_ok=True)
        async with asyncio.timeout(FETCH_WITHIN):
            await rig.provider.fetch(state.output, unchecked, key)
        await probe(self._ffmpeg, unchecked, MediaLimits(max_bytes=1 << 30))
        await asyncio.to_thread(Path.replace, unchecked, destination)
        await self._files.share(destination)

    async def _made(self, late: _Late, price_microusd: int | None) -> None:
        """The take is made and paid; a held film that nothing else holds goes on with what is left to do."""
        async with self._database.transaction() as transaction:
            # One that was hidden meanwhile orders nothing more by itself: its owner can only stop it. Asked first, for
            # it locks the film, as whoever hides it does before anything else.
            is_shown = await is_shown_production(transaction, late.production_id)
            await self._ledger.finish_within(transaction, late.key, CallState.DONE, price_microusd=price_microusd)
            await self._lifecycle.balance_within(transaction, late.production_id)
            await transaction.execute(
                update(takes)
                .where(_of(late))
                .values(state=TakeState.MADE, progress=1.0, failure=None, updated_at=self._clock())
            )
            holding = select(func.count()).where(
                takes.c.production_id == late.production_id,
                takes.c.state.in_((TakeState.UNKNOWN, TakeState.FAILED)),
            )
            restored = select(productions.c.failure == RESTORED).where(productions.c.id == late.production_id)
            is_restored = (await transaction.execute(restored)).scalar()  # what else was done for it, nobody knows
            if is_shown and not is_restored and not (await transaction.execute(holding)).scalar():
                await self._lifecycle.resume_within(transaction, late.production_id, [ProductionState.HELD])
        self._changed()

    async def _failed(self, late: _Late, failure: str, price_microusd: int | None) -> None:
        async with self._database.transaction() as transaction:
            await self._ledger.finish_within(
                transaction, late.key, CallState.FAILED, price_microusd=price_microusd, detail=failure
            )
            await self._lifecycle.balance_within(transaction, late.production_id)
            await transaction.execute(
                update(takes)
                .where(_of(late))
                .values(state=TakeState.FAILED, progress=None, failure=failure, updated_at=self._clock())
            )
        self._changed()


def _of(late: _Late) -> ColumnElement[bool]:
    """Its take, unless its owner has decided meanwhile to finish the film without it."""
    return and_(
        takes.c.production_id == late.production_id,
        takes.c.shot == late.shot,
        takes.c.state != TakeState.LEFT_OUT,
    )
