"""What a generateContent request says and shows: texts apart, files and pictures looked at, tokens counted.

Token counts are those of Gemini 3 and 4: ai.google.dev, media resolution, 2026-11; sound takes the same at every one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field

from sandbox.providers import eyes, google
from sandbox.providers.answers import Refused
from sandbox.providers.brief import Brief, brief_of
from sandbox.providers.documents import as_mapping, as_number, as_text, either, mappings
from sandbox.providers.eyes import Look
from sandbox.providers.files import GeminiFiles
from sandbox.providers.service import Stage

CHARACTERS_PER_TOKEN = 4
SOUND_TOKENS = 32
#: Of one frame, and of one picture; the default is the first of frames, the last of pictures.
FRAME_TOKENS = {"LOW": 70, "MEDIUM": 70, "HIGH": 280}
PICTURE_TOKENS = {"LOW": 280, "MEDIUM": 560, "HIGH": 1120}
_PLAIN = str.maketrans("-_", "+/")
#: Frames of a second that are looked at where nobody says otherwise, and the most that are.
FPS, MOST_FPS = 1.0, 24.0


@dataclass(slots=True)
class Tokens:
    """Tokens by modality, under the names that Google gives them."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, modality: str, count: float) -> None:
        self.counts[modality] = self.counts.get(modality, 0) + round(count)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def told(self) -> list[dict[str, object]]:
        return [{"modality": name, "tokenCount": count} for name, count in self.counts.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A request as a model takes it in. `pictures` are those inside it, as they came."""

    brief: Brief
    tokens: Tokens
    pictures: tuple[bytes, ...] = ()


def text_tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


class Reader:
    """Reads requests for one service."""

    def __init__(self, stage: Stage, files: GeminiFiles) -> None:
        self._stage = stage
        self._files = files

    async def read(self, account: str, body: dict[str, object]) -> Read:
        """Refuses what Google refuses: files of others, files that are not ready, offsets that make no clip."""
        config = as_mapping(either(body, "generationConfig", "generation_config"))
        resolution = as_text(either(config, "mediaResolution", "media_resolution"))
        reading = _Reading(account, resolution, self._stage, self._files)
        system = as_mapping(either(body, "systemInstruction", "system_instruction"))
        for part in mappings(system.get("parts")):
            reading.tokens.add("TEXT", text_tokens(as_text(part.get("text"))))
        for content in mappings(body.get("contents")):
            await reading.take(content)
        return Read(
            brief=brief_of(reading.turns, reading.seen()), tokens=reading.tokens, pictures=tuple(reading.pictures)
        )


class _Reading:
    def __init__(self, account: str, resolution: str, stage: Stage, files: GeminiFiles) -> None:
        self._account = account
        self._resolution = resolution
        self._stage = stage
        self._files = files
        self.tokens = Tokens()
        self.turns: list[tuple[str, list[str]]] = []
        self.pictures: list[bytes] = []
        self._films: list[Look] = []
        self._stills: list[tuple[float | None, Look]] = []

    def seen(self) -> list[Look]:
        """Films, then pictures; those that say when they were taken are one film seen by stills."""
        if any(at is not None for at, _ in self._stills):
            return [*self._films, eyes.album([(at or 0.0, look) for at, look in self._stills])]
        return [*self._films, *(look for _, look in self._stills)]

    async def take(self, content: dict[str, object]) -> None:
        texts: list[str] = []
        for part in mappings(content.get("parts")):
            file = as_mapping(either(part, "fileData", "file_data"))
            blob = as_mapping(either(part, "inlineData", "inline_data"))
            if file:
                await self._file(file, part)
            elif blob:
                taken_at = eyes.time_in(texts[-1]) if texts else None
                await self._blob(blob, part, taken_at)
                if taken_at is not None:
                    texts.pop()  # it was the picture's caption
            elif "text" in part:
                texts.append(as_text(part["text"]))
                self.tokens.add("TEXT", text_tokens(texts[-1]))
        self.turns.append((as_text(content.get("role")) or "user", texts))

    async def _file(self, file: dict[str, object], part: dict[str, object]) -> None:
        stored = self._files.find(self._account, as_text(either(file, "fileUri", "file_uri")))
        if stored.state(self._stage.clock()) != "ACTIVE":
            words = f"The File {stored.id} is not in an ACTIVE state and usage is not allowed."
            raise Refused(google.refusal(400, words, status="FAILED_PRECONDITION"))
        path = stored.path if stored.clip is None else await self._stage.films.file(stored.clip)
        look = await eyes.look_at(path, stored.mime_type) if path is not None else None
        self._look(look, part, None)

    async def _blob(self, blob: dict[str, object], part: dict[str, object], taken_at: float | None) -> None:
        mime_type = as_text(either(blob, "mimeType", "mime_type"))
        try:
            # Google's SDK writes the alphabet for URLs; protobuf's JSON takes both.
            content = base64.b64decode(as_text(blob.get("data")).translate(_PLAIN), validate=True)
        except binascii.Error:
            raise Refused(google.refusal(400, "Invalid value at 'contents': Base64 decoding failed")) from None
        path = self._stage.directory / f"inline-{secrets.token_hex(6)}"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            look = await eyes.look_at(path, mime_type)
        finally:
            path.unlink()
        if mime_type.startswith("image/"):
            if look is None:
                raise Refused(
                    google.refusal(400, "Unable to process input image. Please retry or report in the forum.")
                )
            self.pictures.append(content)
        self._look(look, part, taken_at)

    def _look(self, look: Look | None, part: dict[str, object], taken_at: float | None) -> None:
        if look is None:
            return
        own = as_text(as_mapping(either(part, "mediaResolution", "media_resolution")).get("level"))
        level = (own or self._resolution).removeprefix("MEDIA_RESOLUTION_")
        if not look.duration:
            self.tokens.add("IMAGE", PICTURE_TOKENS.get(level, PICTURE_TOKENS["HIGH"]))
            self._stills.append((taken_at, look))
            return
        video = as_mapping(either(part, "videoMetadata", "video_metadata"))
        look = _clipped(look, video)
        fps = as_number(video.get("fps")) or FPS
        if not 0 < fps <= MOST_FPS:
            raise Refused(google.refusal(400, "fps must be in the range (0.0, 24.0]."))
        self.tokens.add("VIDEO", max(1, round(look.duration * fps)) * FRAME_TOKENS.get(level, FRAME_TOKENS["LOW"]))
        if look.has_sound:
            self.tokens.add("AUDIO", look.duration * SOUND_TOKENS)
        self._films.append(look)


def _clipped(look: Look, video: dict[str, object]) -> Look:
    start = _seconds(either(video, "startOffset", "start_offset"), 0.0)
    end = _seconds(either(video, "endOffset", "end_offset"), look.duration)
    if not 0 <= start < min(end, look.duration):
        raise Refused(google.refusal(400, "The start offset must be before the end offset and inside the video."))
    return look.between(start, min(end, look.duration))


def _seconds(offset: object, default: float) -> float:
    """Seconds of a protobuf Duration such as "3.5s"."""
    if offset is None:
        return default
    match = re.fullmatch(r"(\d+(?:\.\d{1,9})?)s", as_text(offset))
    if match is None:
        raise Refused(google.refusal(400, f"Invalid value at 'video_metadata': illegal duration format {offset!r}"))
    return float(match[1])
