"""Shows takes in Discord: the clips themselves as far as they fit into one message, else a frame of each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import discord

from bot.media.errors import MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.pictures import frame_at
from bot.speech import say
from bot.storage.files import Files

logger = logging.getLogger(__name__)

#: Files in one message, and bytes of them all together: what Discord takes anywhere (docs, 2026-08).
MOST_FILES, MOST_BYTES = 10, 10 << 20
#: The second of a take that stands for it.
FRAME_AT = 1.0
#: Seconds that a clip which another machine made may take to come.
FETCH_WITHIN = 20.0


class Previews:
    def __init__(self, files: Files, ffmpeg: Ffmpeg) -> None:
        self._files = files
        self._ffmpeg = ffmpeg

    async def of(self, project_id: str, shot: int, takes: Mapping[int, str]) -> dict[int, discord.File]:
        """A file to send for each take, the newest ten; `takes` has the clips' contents. The caller closes them."""
        newest = sorted(takes)[-MOST_FILES:]
        shown: dict[int, discord.File] = {}
        for take in newest:
            path = await self._path(project_id, takes[take], MOST_BYTES // len(newest))
            if path is not None:
                name = f"shot-{shot}-take-{take}{path.suffix}"
                alt = say("shot {shot}, take {take}", shot=shot, take=take)
                shown[take] = await asyncio.to_thread(discord.File, path, name, description=alt)
        return shown

    async def of_shots(self, project_id: str, clips: Mapping[int, str]) -> dict[int, discord.File]:
        """A file to send for each of at most ten shots; `clips` has their contents. The caller closes them."""
        assert len(clips) <= MOST_FILES
        shown: dict[int, discord.File] = {}
        for shot in sorted(clips):
            path = await self._path(project_id, clips[shot], MOST_BYTES // len(clips))
            if path is not None:
                name, alt = f"shot-{shot}{path.suffix}", say("shot {shot}", shot=shot)
                shown[shot] = await asyncio.to_thread(discord.File, path, name, description=alt)
        return shown

    async def _path(self, project_id: str, content: str, most_bytes: int) -> Path | None:
        """The clip, where it is small enough; else one of its frames, which is kept beside it."""
        clip = self._files.artefact(project_id, f"{content}.mp4")
        try:
            async with asyncio.timeout(FETCH_WITHIN):
                await self._files.here(clip)
            if (await asyncio.to_thread(clip.stat)).st_size <= most_bytes:
                return clip
            frame = self._files.artefact(project_id, f"frame-{content[:40]}.jpg")
            if not await asyncio.to_thread(frame.exists):
                await frame_at(self._ffmpeg, clip, FRAME_AT, frame, max_bytes=most_bytes)
        except (MediaError, OSError) as error:  # a take that cannot be shown can still be used
            logger.warning("take not shown", extra={"clip": clip.name, "error": type(error).__name__})
            return None
        return frame
