"""The language models at hand, in the order they are asked; each with the pool that lends its keys."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from pydantic import BaseModel

from bot.studio.errors import CannotPlan
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyFault,
    ProviderError,
    Unavailable,
    UnexpectedResponse,
)
from providers.language import Answer, LanguageModel, Prompt, Usage
from ratelimit import Cost, KeyPool, Lease, Priority, RateLimitError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

#: How long an answer may wait for a key before the next mind is asked, in seconds; and how long for another key, after
#: one was refused.
MAX_WAIT, WAIT_AGAIN = 90.0, 5.0
#: How often the service may be down under a stream before the next mind is asked.
MAX_OUTAGES = 2
#: How long one answer may take in all, in seconds; the adapters give up on silence, but not on a byte now and then.
ANSWER_WITHIN = 300.0
#: Tokens: what a second of video takes at low resolution (70 a frame at 1 frame a second, and 32 of sound; Google's
#: documentation of Gemini 3, 2026), what a picture takes (Groq's of vision, 2026-08), and what our schemas and a usual
#: answer take beside the question.
VIDEO_SECOND = 102
PICTURE = 2_048
SCHEMA_AND_ANSWER = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """A language model with its keys and the model names it is asked as: thorough for plans, quick for chat.

    `looks_with` is who looks at single pictures, `None` where nobody there can.
    """

    model: LanguageModel
    pool: KeyPool
    plans_with: str
    chats_with: str
    looks_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one answer took: who asked for it, on which key, in which class of work."""

    user: str
    purpose: str
    provider: str
    model: str
    key_id: str
    usage: Usage


class KeepsUsage(Protocol):
    async def keep(self, spent: Spent) -> None: ...


class Minds:
    """Asks the first mind that can answer. What the request itself is refused for is not tried elsewhere.

    Args:
        minds: in the order they are asked.
        book: keeps what answers took; `None` for nowhere.
    """

    def __init__(self, minds: Sequence[Mind], book: KeepsUsage | None = None) -> None:
        self._minds = tuple(minds)
        self._book = book

    def __bool__(self) -> bool:
        return bool(self._minds)

    def that_see_video(self) -> list[Mind]:
        return [mind for mind in self._minds if mind.model.sees_video]

    def that_see_pictures(self) -> list[Mind]:
        return [mind for mind in self._minds if mind.looks_with is not None]

    async def answer(
        self,
        prompt: Prompt,
        schema: type[Answer],
        *,
        user: str,
        priority: Priority,
        elsewhere_if_refused: bool = False,
    ) -> Answer:
        """Answer as `schema`; an answer that does not fit is asked for once more before the next mind is tried.

        `elsewhere_if_refused`: what one's policy refuses is asked of the next, too.

        Raises:
            CannotPlan: no language model is configured.
            ContentRejected: refused by policy.
            ProviderError | RateLimitError: the last mind's failure.
        """

        async def ask(mind: Mind) -> Answer:
            return await self.ask(mind, replace(prompt, model=mind.plans_with), schema, user=user, priority=priority)

        return await self._first(ask, elsewhere_if_refused=elsewhere_if_refused)

    async def ask(
        self,
        mind: Mind,
        prompt: Prompt,
        schema: type[Answer],
        *,
        user: str,
        priority: Priority,
        cost: Cost | None = None,
    ) -> Answer:
        """Ask one mind with the model that the prompt names, once more where the answer does not fit `schema`."""

        async def once(lease: Lease) -> Answer:
            await mind.model.ready(lease.key)
            lease.sent()
            return await self.take(lease, mind, prompt, schema, user=user, purpose=priority.name.lower())

        async def call() -> Answer:
            expected = cost or estimate(prompt)
            return await mind.pool.call(
                once, user=user, priority=priority, cost=expected, model=prompt.model, max_wait=MAX_WAIT, prepares=True
            )

        try:
            return await call()
        except UnexpectedResponse as error:
            logger.warning("answer did not fit; asking once more", extra={"provider": mind.model.name})
            logger.debug("unfit answer: %s", error)
            return await call()

    async def take(
        self, lease: Lease, mind: Mind, prompt: Prompt, schema: type[Answer], *, user: str, purpose: str
    ) -> Answer:
        """Ask on a lease that is held already, and note what the answer took."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reply = await mind.model.answer(prompt, schema, lease.key)
        except TimeoutError as error:
            raise Unavailable(mind.model.name, "no whole answer in time") from error
        await self._note(lease, mind, prompt.model, reply.usage, user, purpose)
        return reply.value

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], *, user: str, priority: Priority
    ) -> AsyncGenerator[str, None]:
        """Stream the JSON text of an answer. Another key or mind is tried only while nothing has been passed on."""
        failure: Exception | None = None
        for mind in self._minds:
            asked = replace(prompt, model=mind.chats_with)
            tries = _Tries(is_last=mind is self._minds[-1])
            while tries.go_on:
                begun = False
                try:
                    async with mind.pool.lease(
                        user=user, priority=priority, cost=estimate(asked), model=asked.model, max_wait=tries.max_wait()
                    ) as lease:
                        await mind.model.ready(lease.key)
                        lease.sent()
                        # Whoever stops listening stops the model, and only then gives the key back.
                        async with aclosing(_in_time(mind, mind.model.stream(asked, schema, lease.key))) as pieces:
                            async for piece in pieces:
                                if isinstance(piece, Usage):
                                    await self._note(lease, mind, asked.model, piece, user, priority.name.lower())
                                else:
                                    begun = True
                                    yield piece
                    return
                except (ContentRejected, InvalidRequest):
                    raise
                except (ProviderError, RateLimitError) as error:
                    if begun:
                        raise
                    logger.warning("mind failed", extra={"provider": mind.model.name, "error": type(error).__name__})
                    failure = error
                    tries.failed(error)
        raise failure or CannotPlan

    async def _note(self, lease: Lease, mind: Mind, model: str, usage: Usage | None, user: str, purpose: str) -> None:
        if usage is None:
            return
        lease.spent(usage.tokens)
        if self._book is not None:
            await self._book.keep(
                Spent(
                    user=user,
                    purpose=purpose,
                    provider=mind.model.name,
                    model=model,
                    key_id=lease.key.id,
                    usage=usage,
                )
            )

    async def _first(self, ask: Callable[[Mind], Awaitable[Result]], *, elsewhere_if_refused: bool = False) -> Result:
        failure: Exception | None = None
        for mind in self._minds:
            try:
                return await ask(mind)
            except (ProviderError, RateLimitError) as error:
                is_elsewhere = elsewhere_if_refused and isinstance(error, ContentRejected)
                if isinstance(error, ContentRejected | InvalidRequest) and not is_elsewhere:
                    raise
                logger.warning("mind failed", extra={"provider": mind.model.name, "error": type(error).__name__})
                failure = error
        raise failure or CannotPlan


class _Tries:
    """Whether one mind is asked again for a stream, as `KeyPool.call` decides for an answer.

    Another key does what one key's fault was, and what failed once may have been that key's; both within `MAX_WAIT`.
    The next mind is there at once, so a key is waited for in full only at first, and of the last mind.
    """

    def __init__(self, *, is_last: bool) -> None:
        self._clock = asyncio.get_running_loop().time
        self._ends_at = self._clock() + MAX_WAIT
        self._is_last = is_last
        self._failures = self._outages = 0
        self.go_on = True

    def max_wait(self) -> float:
        left = max(0.0, self._ends_at - self._clock())
        return left if self._is_last or not self._failures else min(left, WAIT_AGAIN)

    def failed(self, error: Exception) -> None:
        self._failures += 1
        self._outages += isinstance(error, Unavailable)
        may_help = isinstance(error, KeyFault | Unavailable) and self._outages < MAX_OUTAGES
        self.go_on = may_help and self._clock() < self._ends_at


async def _in_time(mind: Mind, pieces: AsyncGenerator[str | Usage, None]) -> AsyncGenerator[str | Usage, None]:
    """The pieces of a whole answer. Raises `Unavailable` where it takes too long, however steadily it trickles."""
    ends_at = asyncio.get_running_loop().time() + ANSWER_WITHIN
    async with aclosing(pieces):
        while True:
            try:
                async with asyncio.timeout_at(ends_at):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise Unavailable(mind.model.name, "no whole answer in time") from error
            yield piece


def estimate(prompt: Prompt, *, video: float = 0.0) -> Cost:
    """What a question will cost, answer included; `video` is the length of what is to be looked at, in seconds.

    Three bytes to a token is what most scripts need; English text needs a quarter less.
    """
    texts = [prompt.system, *(text for turn in prompt.turns for text in turn.parts)]
    words = sum(len(text.encode()) for text in texts) // 3
    shown = round(video * VIDEO_SECOND) + PICTURE * len(prompt.pictures)
    return Cost(tokens=words + shown + SCHEMA_AND_ANSWER)
