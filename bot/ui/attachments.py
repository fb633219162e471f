"""Which of the files that people attach are videos, and what to say about the others.

Names and declared types only sort them: what a file really is, its content tells when it is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.speech import counted, say
from bot.studio.model import Attachment
from bot.studio.text import shorten
from bot.ui.wording import plain

#: Endings of files that phones, cameras and editors write; Discord knows the type of few of them.
ENDINGS = (
    ".mp4",
    ".m4v",
    ".mov",
    ".qt",
    ".webm",
    ".mkv",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".mts",
    ".3gp",
    ".wmv",
    ".flv",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What is taken of the files of one message: the videos in their order; `others` are the names of the rest."""

    videos: tuple[Attachment, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def first(self) -> Attachment | None:
        return self.videos[0] if self.videos else None


def sort_files(attachments: Sequence[discord.Attachment]) -> Sorted:
    videos = [each for each in attachments if _says_video(each)]
    others = [each.filename for each in attachments if not _says_video(each)]
    return Sorted(videos=tuple(map(attachment_of, videos)), others=tuple(others))


def attachment_of(file: discord.Attachment) -> Attachment:
    return Attachment(url=file.url, name=file.filename, bytes=file.size)


def words_for_skipped(found: Sorted) -> str:
    """What of a message's files is left aside where its first video is taken; "" where that is nothing."""
    names = [*(video.name for video in found.videos[1:]), *found.others]
    if not names:
        return ""
    listed = ", ".join(plain(shorten(name, 40)) for name in names[:5])
    if found.first is None:
        return counted(
            len(names),
            "I can only use video files, so I left this one aside: {names}.",
            "I can only use video files, so I left these aside: {names}.",
            names=listed,
        )
    taken = plain(shorten(found.first.name, 40))
    return say("I took {video} and left aside: {names}.", video=taken, names=listed)


def _says_video(file: discord.Attachment) -> bool:
    return (file.content_type or "").startswith("video/") or file.filename.lower().endswith(ENDINGS)
