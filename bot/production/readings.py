"""Has a text spoken apart from any film."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bot.db import Database
from bot.production.bill import settle_by_bill
from bot.production.booth import Booth, Kept, NoRecording, Recording
from bot.production.sound import kept
from bot.storage.files import Files
from bot.studio.budget import Budgets, Kind
from bot.studio.errors import NothingToSay
from bot.studio.guilds import EVEN, Share
from bot.studio.text import clean
from providers.catalogue import SpeechModel
from providers.speech import SpeechProvider, Voice
from ratelimit import ApiKey

#: Characters of one reading: some three minutes of speech, and about twenty cents.
MAX_READING = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text that was spoken. `voice` is the speaker's name, "" for the house's own; the price is what it cost now."""

    path: Path
    text: str
    voice: str
    price_microusd: int


class Readings:
    """Speaks for one person at a time; the same words by the same voice are spoken once for each."""

    def __init__(
        self,
        speech: SpeechProvider,
        booth: Booth,
        files: Files,
        database: Database,
        budgets: Budgets,
        *,
        model: SpeechModel,
    ) -> None:
        self._speech = speech
        self._booth = booth
        self._files = files
        self._database = database
        self._budgets = budgets
        self._model = model

    async def read(
        self,
        *,
        request_id: str,
        user_id: int,
        text: str,
        voice: Voice | None,
        guild_id: int | None = None,
        share: Share = EVEN,
    ) -> Reading:
        """Speak a text; one request is one order, however often it comes.

        `share` is what its server gives this person.

        Raises:
            NothingToSay: there is nothing in it to say.
            OverBudget: its price would pass a cap; nothing is ordered.
            NoRecording: it could not be had; `reason` is the name of an error's class.
        """
        words = clean(text)[:MAX_READING]
        if not words:
            raise NothingToSay
        voice_id = voice.id if voice is not None else ""
        name = hashlib.sha256(json.dumps([voice_id, words]).encode()).hexdigest()[:32]
        path = self._files.artefact(f"voice-{user_id}", f"voice-{name}.mp3")
        price = 0
        if not await asyncio.to_thread(path.exists):

            async def record(key: ApiKey) -> Kept:
                speech = await self._speech.speak(words, path, key, voice=voice_id or None, model=self._model.id)
                return kept(speech, self._model)

            async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
                speech = await self._speech.find(words, path, key, since=since, others=others, voice=voice_id or None)
                return None if speech is None else kept(speech, self._model)

            job = f"voice-{request_id}"
            most = self._model.price_microusd(len(words))
            async with self._database.transaction() as transaction:
                await self._budgets.reserve(
                    transaction,
                    id=job,
                    kind=Kind.READING,
                    owner_id=user_id,
                    guild_id=guild_id,
                    amount_microusd=most,
                    member_day_microusd=share.day_microusd,
                )
            try:
                call = await self._booth.buy(
                    Recording(
                        key=f"{job}/line/1",
                        job=job,
                        user_id=user_id,
                        provider=self._speech.name,
                        model=self._model.id,
                        words=f"{voice_id} {words}",
                        price_microusd=most,
                        record=record,
                        find=find,
                        weight=share.weight,
                    )
                )
            finally:
                async with self._database.transaction() as transaction:
                    await settle_by_bill(transaction, self._budgets, job)
            price = call.price_microusd
            if not await asyncio.to_thread(path.exists):  # ordered and kept once, and gone since
                raise NoRecording("OutcomeUnknown")
        return Reading(path=path, text=words, voice=voice.name if voice is not None else "", price_microusd=price)
