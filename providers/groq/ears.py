"""The ear: whisper writes down a recording, with the time of every word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from providers.credential import Credential
from providers.errors import InvalidRequest, UnexpectedResponse
from providers.groq.faults import PROVIDER
from providers.groq.limits import quota_notes
from providers.groq.service import GroqService
from providers.hearing import Transcript
from providers.speech import TimedWord

_LARGEST = (
    25_000_000  # bytes, of every plan; the developer plan takes 100 MB (console.groq.com/docs/speech-to-text, 2026)
)
_HEAD = 12


class _Word(BaseModel):
    word: str
    start: float
    end: float


class _Heard(BaseModel):
    text: str
    language: str | None = None
    duration: float | None = None
    words: list[_Word] | None = None


class GroqEars(GroqService):
    """A `Transcriber` over Groq's transcriptions."""

    async def transcribe(self, sound: Path, credential: Credential, *, model: str) -> Transcript:
        file = await asyncio.to_thread(_read, sound)
        with self._translated(credential, model):
            client = await self._clients.of(credential)
            answer = await client.audio.transcriptions.with_raw_response.create(
                file=file,
                model=model,
                response_format="verbose_json",
                timestamp_granularities=["word"],
            )
            content = await answer.read()
        for note in quota_notes(answer.headers, key_id=credential.id, model=model):
            self._notice(note)
        try:
            heard = _Heard.model_validate_json(content)
        except ValidationError as error:
            raise UnexpectedResponse(PROVIDER, "a transcript we cannot read") from error
        words = [TimedWord(text=word.word.strip(), start=word.start, end=word.end) for word in heard.words or ()]
        return Transcript(
            text=heard.text.strip(),
            language=heard.language or "",
            words=punctuated(heard.text, words),
            seconds=heard.duration,
        )


def punctuated(text: str, words: Sequence[TimedWord]) -> tuple[TimedWord, ...]:
    """The words with the signs that stand around them in `text`; whisper times them bare.

    A word that is not found in the text stays as it is.
    """
    told: list[TimedWord] = []
    at = 0
    for word in words:
        begin = text.find(word.text, at) if word.text else -1
        if begin < 0:
            told.append(word)
            continue
        end = begin + len(word.text)
        while begin > at and _clings(text[begin - 1]):
            begin -= 1
        while end < len(text) and _clings(text[end]):
            end += 1
        told.append(TimedWord(text=text[begin:end], start=word.start, end=word.end))
        at = end
    return tuple(told)


def _clings(sign: str) -> bool:
    return not sign.isspace() and not sign.isalnum()


def _read(sound: Path) -> tuple[str, bytes]:
    """A name that tells the kind of the recording by its content (Groq goes by the ending), and the content. Blocks.

    Raises:
        InvalidRequest: it is too large, or no sound that Groq reads.
    """
    size = sound.stat().st_size
    if size > _LARGEST:
        raise InvalidRequest(PROVIDER, f"a recording of {size} bytes, {_LARGEST} are allowed")
    content = sound.read_bytes()
    return f"sound.{_kind_of(content[:_HEAD])}", content


def _kind_of(head: bytes) -> str:
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0):
        return "mp3"
    for magic, ending in ((b"OggS", "ogg"), (b"fLaC", "flac")):
        if head.startswith(magic):
            return ending
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    raise InvalidRequest(PROVIDER, "a recording is mp3, ogg, flac or wav")
