"""Draws storyboards: every still is a paid call whose answer is the picture. Restartable at any point.

What is drawn lies under a name of its content, what was ordered is in the ledger; between the two this only finds out
what is left to do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.db import AWAY
from bot.jobs.ledger import CallState, Ledger
from bot.jobs.presence import claim_alone
from bot.jobs.wake import Listener
from bot.media.errors import MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.pictures import as_jpeg
from bot.production.booth import Booth, Kept, NoRecording, Recording
from bot.production.storyboards import Still, StillState, Storyboard, Storyboards
from bot.production.switches import ALL, Switches
from bot.storage.files import Files
from bot.studio.storyboard import still_name
from providers.errors import OutcomeUnknown
from providers.stills import StillProvider, StillRequest
from ratelimit import ApiKey

logger = logging.getLogger(__name__)

Claim = Callable[[str], AbstractAsyncContextManager[bool]]

LOOK_EVERY = 5.0
#: Storyboards drawn at once, and stills of one.
AT_ONCE, STILLS_AT_ONCE = 4, 4
#: What a picture of 1K takes (LiteLLM, 2026-11), beside its words.
PICTURE_TOKENS = 1_120


@dataclass(frozen=True, slots=True, kw_only=True)
class Easel:
    """A service that draws, and who orders there."""

    provider: StillProvider
    booth: Booth


class Illustrator:
    def __init__(
        self,
        *,
        storyboards: Storyboards,
        easels: Mapping[str, Easel],
        ledger: Ledger,
        ffmpeg: Ffmpeg,
        files: Files,
        claim: Claim = claim_alone,
        switches: Switches | None = None,
    ) -> None:
        self._switches = switches
        self._storyboards = storyboards
        self._easels = easels
        self._ledger = ledger
        self._ffmpeg = ffmpeg
        self._files = files
        self._claim = claim
        self._busy: set[str] = set()

    async def run(self, listener: Listener) -> None:
        """Draw until cancelled. What is to be drawn is in the rows, so a restart goes on where this stopped."""
        async with asyncio.TaskGroup() as group:
            while True:
                for storyboard in await self._to_draw():
                    if storyboard.id not in self._busy and len(self._busy) < AT_ONCE:
                        self._busy.add(storyboard.id)
                        group.create_task(self._work_on(storyboard))
                await listener.wait(LOOK_EVERY)

    async def _to_draw(self) -> list[Storyboard]:
        """None begins while an operator has paused everything; those asked for meanwhile come after it."""
        if self._switches is not None and await self._switches.is_paused(ALL):
            return []
        return await self._storyboards.being_drawn()

    async def _work_on(self, storyboard: Storyboard) -> None:
        try:
            async with self._claim(f"storyboard {storyboard.id}") as is_ours:
                if is_ours:
                    await self.draw(storyboard)
        except AWAY as error:
            logger.warning("drawn later", extra={"storyboard": storyboard.id, "error": type(error).__name__})
        finally:
            self._busy.discard(storyboard.id)

    async def draw(self, storyboard: Storyboard) -> None:
        """Draw what is left to draw of one, and bring it to its end."""
        waiting = [s for s in await self._storyboards.stills_of(storyboard.id) if s.state is StillState.WAITING]
        first = {still.content: still for still in reversed(waiting)}  # shots of the same words share a picture
        at_once = asyncio.Semaphore(STILLS_AT_ONCE)
        work = [self._draw_in_turn(at_once, storyboard, still) for still in first.values()]
        # One that fails must not leave the others ordering behind the end.
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        await self._storyboards.end(storyboard.id)
        logger.info("storyboard drawn", extra={"storyboard": storyboard.id, "stills": len(first)})

    async def _draw_in_turn(self, at_once: asyncio.Semaphore, storyboard: Storyboard, still: Still) -> None:
        async with at_once:
            state, failure = StillState.FAILED, "Bug"
            try:
                if self._switches is not None:
                    await self._switches.until_on(ALL)  # a drain waits for what is under way, not for the next still
                await self._have(storyboard, still)
                state, failure = StillState.DRAWN, ""
            except NoRecording as missing:
                failure = missing.reason
                if failure == OutcomeUnknown.__name__:
                    state = StillState.UNKNOWN
            except AWAY:
                raise  # it begins again
            except Exception:
                logger.exception("still failed by a fault of ours", extra={"storyboard": storyboard.id})
            await self._storyboards.set_stills(storyboard.id, still.content, state, failure=failure or None)

    async def _have(self, storyboard: Storyboard, still: Still) -> None:
        """See to it that the picture lies there. Raises `NoRecording`."""
        path = self._files.artefact(storyboard.project_id, still_name(still.content))
        key = f"{storyboard.id}/still-{still.shot}/1"
        if await self._files.here(path):
            await self._close_order(key)
            return
        easel = self._easels.get(storyboard.provider)
        if easel is None or not await self._storyboards.is_wanted(storyboard):
            raise NoRecording("CannotRender" if easel is None else "Cancelled")
        provider = easel.provider

        async def record(api_key: ApiKey) -> Kept:
            request = StillRequest(model=storyboard.model, prompt=still.prompt, ratio=storyboard.ratio)
            with self._files.work_dir() as desk:
                drawn = await provider.draw(request, desk / "drawn", api_key)
                try:
                    await as_jpeg(self._ffmpeg, drawn.path, desk / "still.jpg")
                except MediaError as error:  # paid, and of no use
                    raise OutcomeUnknown(provider.name, f"no picture: {error}") from error
                await asyncio.to_thread(self._files.keep, desk / "still.jpg", path)
            if self._files.sharing is not None:  # before its order is closed: none would be placed for it again
                await self._files.sharing.put_if_it_answers(path)
            # It tells tokens, not money: the catalogue's price of a picture stands.
            return Kept(tokens=drawn.usage.tokens if drawn.usage is not None else None)

        await easel.booth.buy(
            Recording(
                key=key,
                job=storyboard.id,
                user_id=storyboard.owner_id,
                provider=storyboard.provider,
                model=storyboard.model,
                words=json.dumps([storyboard.project_id, still.content]),
                price_microusd=still.price_microusd,
                record=record,
                weight=storyboard.weight,
                tokens=len(still.prompt.encode()) // 3 + PICTURE_TOKENS,
            )
        )
        if not await self._files.here(path):  # ordered and drawn once, and gone since
            raise NoRecording(OutcomeUnknown.__name__)
        await self._files.share(path)

    async def _close_order(self, key: str) -> None:
        """A process killed between keeping the picture and saying so has left its order open: it is paid for."""
        call = await self._ledger.find(key)
        if call is not None and call.state is CallState.UNKNOWN:
            await self._ledger.finish(key, CallState.FOUND)
