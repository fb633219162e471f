"""Who can narrate here: the voices of the accounts, remembered for a while, and found by what they are called."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from providers.errors import ProviderError
from providers.speech import SpeechProvider, Voice
from ratelimit import KeyPool, Lease, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: Seconds that a list is believed, and that nobody asks again after a failure.
FRESH, SORE = 900.0, 60.0
#: Voices that are remembered: more than a person reads through.
MOST = 100
#: Seconds that somebody waits for the list: Discord gives three for suggestions while one types.
PATIENCE = 2.0


class Voices:
    """The voices on offer of one service."""

    def __init__(self, speech: SpeechProvider, pool: KeyPool, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._speech = speech
        self._pool = pool
        self._clock = clock
        self._known: tuple[Voice, ...] = ()
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def known(self) -> Sequence[Voice]:
        """Voices to choose from, as far as they are known just now; never waits for long, never raises."""
        if self._clock() < self._until:
            return self._known
        try:
            async with asyncio.timeout(PATIENCE), self._asking:
                if self._clock() >= self._until:
                    self._known = tuple(await self._ask(""))
                    self._until = self._clock() + FRESH
        except (ProviderError, RateLimitError, TimeoutError) as error:
            logger.warning("voices not listed", extra={"provider": self._speech.name, "error": type(error).__name__})
            self._until = self._clock() + SORE
        return self._known

    async def search(self, words: str) -> Sequence[Voice]:
        """Voices whose name or labels hold these words: of those known first, else asked for at the service."""
        words = words.strip().casefold()
        found = [voice for voice in await self.known() if words in " ".join((voice.name, *voice.labels)).casefold()]
        if found or not words:
            return found
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(words)
        except (ProviderError, RateLimitError, TimeoutError):
            return ()

    async def named(self, id_or_name: str) -> Voice | None:
        """The voice of this id or name, if there is one."""
        wanted = id_or_name.strip().casefold()
        for voice in [*await self.known(), *await self.search(wanted)]:
            if wanted in {voice.id.casefold(), voice.name.casefold()}:
                return voice
        return None

    async def _ask(self, words: str) -> Sequence[Voice]:
        async def once(lease: Lease) -> Sequence[Voice]:
            return await self._speech.voices(lease.key, search=words, limit=MOST)

        return await self._pool.call(once, user="voices", priority=Priority.MEDIUM, max_wait=PATIENCE)
