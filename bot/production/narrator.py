"""Records the voice of a film: paid calls like any other, but small, and a film is whole without them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from bot.jobs.ledger import CallState, Completed, Intent, Ledger, Outcome, Refused, Unknown
from bot.production.model import Production
from bot.storage.files import Files
from bot.studio.model import Project, Shot
from providers.catalogue import SpeechModel
from providers.errors import KeyFault, OutcomeUnknown, ProviderError, RequestFault, Unavailable
from providers.speech import SpeechProvider
from ratelimit import Cost, KeyPool, Priority, RateLimitError

logger = logging.getLogger(__name__)

#: How long a line of narration may wait for a key, in seconds, before the film goes on without it.
MAX_WAIT = 300.0


class Narrator:
    """Speaks narration through one provider, with one model of the catalogue."""

    def __init__(
        self,
        speech: SpeechProvider,
        pool: KeyPool,
        ledger: Ledger,
        files: Files,
        *,
        model: SpeechModel,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._speech = speech
        self._pool = pool
        self._ledger = ledger
        self._files = files
        self._model = model
        self._clock = clock

    async def speak(self, production: Production, project: Project, number: int, shot: Shot) -> bool:
        """Record one shot's narration unless it was recorded before. What fails is logged and left silent.

        False where no key came free in time: then the other lines need not wait for one.
        """
        path = voice_path(self._files, project.id, shot)
        key = f"{production.id}/voice-{number}/1"
        call = await self._ledger.find(key)
        if await asyncio.to_thread(path.exists) or (call is not None and call.state is not CallState.REFUSED):
            return True
        try:
            async with self._pool.lease(
                user=str(production.owner_id),
                priority=Priority.GENERATION,
                cost=Cost(requests=1),
                model=self._model.id,
                max_wait=MAX_WAIT,
            ) as lease:

                async def post() -> Outcome:
                    lease.sent()
                    try:
                        speech = await self._speech.speak(shot.narration, path, lease.key)
                    except (KeyFault, RequestFault, Unavailable) as error:
                        lease.report(error)
                        return Refused(f"{type(error).__name__} {error.detail}")
                    except OutcomeUnknown as error:
                        lease.report(error)
                        return Unknown(error.detail)
                    except ProviderError as error:
                        lease.report(error)
                        return Unknown(f"{type(error).__name__} {error.detail}")
                    price = None if speech.characters is None else self._model.price_microusd(speech.characters)
                    return Completed(price_microusd=price)

                intent = Intent(
                    key=key,
                    job=production.id,
                    provider=self._speech.name,
                    model=self._model.id,
                    key_id=lease.key.id,
                    request_hash=hashlib.sha256(shot.narration.encode()).hexdigest(),
                    price_microusd=self._model.price_microusd(len(shot.narration)),
                    deadline_at=self._clock() + 90.0,
                )
                call = await self._ledger.order(intent, post)
        except RateLimitError as error:
            logger.warning("narration left out", extra={"call": key, "error": str(error)})
            return False
        if call.state is not CallState.DONE:
            logger.warning("narration left out", extra={"call": key, "detail": call.detail})
        return True


def voice_path(files: Files, project_id: str, shot: Shot) -> Path:
    """Where a shot's voice lies: named by its words, so that the same words are spoken once."""
    name = hashlib.sha256(shot.narration.encode()).hexdigest()[:32]
    return files.artefact(project_id, f"voice-{name}.mp3")
