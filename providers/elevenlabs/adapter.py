"""The adapter: speaking and making sounds are paid calls of one POST each, listing and looking are free."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import httpx

from providers.credential import Credential
from providers.elevenlabs.answers import (
    Remembered,
    charge_in,
    remembered_in,
    room_in,
    sound_in,
    standing_in,
    voice_in,
    words_in,
)
from providers.elevenlabs.clients import ElevenLabsClients
from providers.elevenlabs.faults import elevenlabs_fault
from providers.elevenlabs.limits import (
    DEFAULT_VOICE,
    MUSIC_MODEL,
    PROVIDER,
    SOUND_MODEL,
    SPEECH_MODEL,
    check_effect,
    check_music,
    check_text,
)
from providers.errors import InvalidRequest, OutcomeUnknown, ProviderError, QuotaExhausted
from providers.quota import Notice, ignore
from providers.speech import Sound, Speech, Voice
from providers.standing import AccountStanding
from providers.transport import Refusal, translated

if TYPE_CHECKING:
    from elevenlabs.client import AsyncElevenLabs
    from elevenlabs.core.http_response import AsyncHttpResponse
    from elevenlabs.core.request_options import RequestOptions

_Answer: TypeAlias = "AbstractAsyncContextManager[AsyncHttpResponse[AsyncIterator[bytes]]]"

_FORMAT = "mp3_44100_128"  # the best that every plan may have; 192 kbit/s needs Creator
_LARGEST_SOUND = 64 << 20  # bytes; ten minutes of music have ten million
_CHUNK = 1 << 16
_PAGE = 100  # voices on one page, at most
_MOST_PAGES = 20
_HISTORY_PAGE = 1000  # recordings on one page, at most
_CLOCKS_DIFFER = 5.0  # seconds that ElevenLabs' clock may be behind ours
_SHORT_LOOK = 10.0  # seconds that a spent account is asked when it is whole again


class ElevenLabs:
    """A `SpeechProvider`, a `SoundProvider`, an `AccountReader` and a `ModelLister`.

    Args:
        http: shared connections; the caller closes them.
        base_url: `None` means ElevenLabs' own.
        voice_id: who speaks where nobody is named.
        model: a speech model of the catalogue, where none is named.
        sound_model, music_model: what noises and music are made with.
        read_timeout: seconds that an answer may stay silent.
        notice: hears how many requests an account may have open.
    """

    name = PROVIDER

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        voice_id: str = DEFAULT_VOICE,
        model: str = SPEECH_MODEL,
        sound_model: str = SOUND_MODEL,
        music_model: str = MUSIC_MODEL,
        read_timeout: float = 60.0,
        notice: Notice = ignore,
    ) -> None:
        self._clients = ElevenLabsClients(http, base_url)
        self._voice_id = voice_id
        self._model = model
        self._sound_model = sound_model
        self._music_model = music_model
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)
        self._notice = notice

    async def speak(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        voice: str | None = None,
        model: str | None = None,
    ) -> Speech:
        voice, model = voice or self._voice_id, model or self._model
        if not voice.isalnum():  # it is part of a path
            raise InvalidRequest(PROVIDER, "a voice's id has letters and digits only")
        check_text(text, model)
        try:
            with self._translated(credential, paid=True):
                client = await self._clients.of(credential)
                answer = await client.text_to_speech.with_raw_response.convert_with_timestamps(
                    voice, text=text, model_id=model, output_format=_FORMAT, request_options=self._once()
                )
                sound = await asyncio.to_thread(sound_in, answer.data.audio_base_64)
                words = words_in(answer.data.alignment, answer.data.normalized_alignment)
        except QuotaExhausted as error:
            await self._tell_return(error, credential)
            raise
        self._tell_room(answer.headers, credential, model)
        await asyncio.to_thread(_keep, sound, destination)
        return Speech(
            path=destination,
            characters=charge_in(answer.headers),
            words=words,
            request=answer.headers.get("request-id"),
        )

    async def find(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        since: float,
        others: Collection[str] = (),
        voice: str | None = None,
    ) -> Speech | None:
        """Noises and music are not in the history, and cannot be found (the SDK's own words, 2.78)."""
        part = destination.with_name(destination.name + ".part")
        try:
            with self._translated(credential, is_free=True):
                client = await self._clients.of(credential)
                found = await self._remembered(client, text, voice or self._voice_id, since, others)
                if found is None:
                    return None
                async with client.history.with_raw_response.get_audio(
                    found.history_item_id, request_options=self._once()
                ) as answer:
                    await _write(answer.data, part)
            await asyncio.to_thread(part.replace, destination)
        finally:
            part.unlink(missing_ok=True)
        return Speech(path=destination, characters=found.characters, words=found.words, request=found.request_id)

    async def _remembered(
        self, client: AsyncElevenLabs, text: str, voice: str, since: float, others: Collection[str]
    ) -> Remembered | None:
        """The oldest recording of these words in the history that is of none of `others`; it is told newest first."""
        found: Remembered | None = None
        after: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.history.list(
                page_size=_HISTORY_PAGE,
                start_after_history_item_id=after,
                voice_id=voice,
                date_after_unix=math.floor(since - _CLOCKS_DIFFER),
                source="TTS",
                request_options=self._once(),
            )
            for item in map(remembered_in, page.history):
                if item is not None and item.text == text and item.request_id not in others:
                    found = item
            after = page.last_history_item_id
            if not page.has_more or not after:
                break
        return found

    async def voices(self, credential: Credential, *, search: str = "", limit: int = 25) -> tuple[Voice, ...]:
        """Voices that this account may use and that fit `search`, those with a fitting name first; at most `limit`."""
        found: dict[str, Voice] = {}
        page: str | None = None
        with self._translated(credential, is_free=True):
            client = await self._clients.of(credential)
            for _ in range(_MOST_PAGES):
                answer = await client.voices.search(
                    search=search.strip() or None,
                    page_size=max(1, min(limit - len(found), _PAGE)),
                    next_page_token=page,
                    include_total_count=False,
                    request_options=self._once(),
                )
                found |= {voice.id: voice for voice in map(voice_in, answer.voices) if voice is not None}
                page = answer.next_page_token
                if len(found) >= limit or not answer.has_more or not page:
                    break
        wanted = search.strip().casefold()
        return tuple(sorted(found.values(), key=lambda voice: wanted not in voice.name.casefold())[:limit])

    async def effect(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        check_effect(prompt, seconds)

        def ask(client: AsyncElevenLabs) -> _Answer:
            answer: _Answer = client.text_to_sound_effects.with_raw_response.convert(
                text=prompt,
                duration_seconds=seconds,
                model_id=self._sound_model,
                output_format=_FORMAT,
                request_options=self._once(),
            )
            return answer

        return await self._record(ask, self._sound_model, destination, credential)

    async def compose(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        check_music(prompt, seconds)

        def ask(client: AsyncElevenLabs) -> _Answer:
            answer: _Answer = client.music.with_raw_response.compose(
                prompt=prompt,
                music_length_ms=round(seconds * 1000),
                model_id=self._music_model,
                force_instrumental=True,
                output_format=_FORMAT,
                request_options=self._once(),
            )
            return answer

        return await self._record(ask, self._music_model, destination, credential)

    async def standing(self, credential: Credential) -> AccountStanding:
        """What is left of the month. Raises `InvalidRequest` for a key without the permission `user_read`."""
        with self._translated(credential, is_free=True):
            client = await self._clients.of(credential)
            return standing_in(await client.user.subscription.get(request_options=self._once()), credential.id)

    async def listed(self, credential: Credential) -> frozenset[str]:
        """The speech models. ElevenLabs lists no models for noises and music: those cannot be checked so."""
        with self._translated(credential, is_free=True):
            client = await self._clients.of(credential)
            return frozenset(str(model.model_id) for model in await client.models.list(request_options=self._once()))

    async def close(self) -> None:
        self._clients.forget()

    async def _record(
        self, ask: Callable[[AsyncElevenLabs], _Answer], model: str, destination: Path, credential: Credential
    ) -> Sound:
        """Stream what is made into `destination`, as it comes."""
        part = destination.with_name(destination.name + ".part")
        try:
            with self._translated(credential, paid=True, model=model):
                async with ask(await self._clients.of(credential)) as answer:
                    await _write(answer.data, part)
            await asyncio.to_thread(part.replace, destination)
        except QuotaExhausted as error:
            await self._tell_return(error, credential)
            raise
        finally:
            part.unlink(missing_ok=True)
        self._tell_room(answer.headers, credential, model)
        return Sound(path=destination, characters=charge_in(answer.headers))

    async def _tell_return(self, error: QuotaExhausted, credential: Credential) -> None:
        """Give the error the time when the month's characters return: only the subscription knows, and asking is free.

        What a plan lacks (the error then names a model) does not return by itself.
        """
        if error.model is not None:
            return
        with contextlib.suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(_SHORT_LOOK):
                error.until = (await self.standing(credential)).resets_at

    def _tell_room(self, headers: Mapping[str, str], credential: Credential, model: str) -> None:
        note = room_in(headers, key_id=credential.id, model=model)
        if note is not None:
            self._notice(note)

    def _once(self) -> RequestOptions:
        """No second try of the SDK's own (plain calls would make two), and no endless wait."""
        options = {"max_retries": 0, "timeout_in_seconds": self._timeout, "chunk_size": _CHUNK}
        return cast("RequestOptions", options)  # it says seconds, and hands httpx whatever it is given

    def _translated(
        self, credential: Credential, *, paid: bool = False, model: str | None = None, is_free: bool = False
    ) -> AbstractContextManager[None]:
        def classify(refusal: Refusal) -> ProviderError | None:
            return elevenlabs_fault(refusal, model=model, is_free=is_free)

        return translated(PROVIDER, credential, classify, paid=paid)


def _keep(sound: bytes, destination: Path) -> None:
    part = destination.with_name(destination.name + ".part")
    try:
        part.write_bytes(sound)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)


async def _write(chunks: AsyncIterator[bytes], part: Path) -> None:
    size = 0
    with part.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > _LARGEST_SOUND:
                raise OutcomeUnknown(PROVIDER, f"an answer over {_LARGEST_SOUND} bytes")
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise OutcomeUnknown(PROVIDER, "an answer without sound")
