"""How a film is carried to a channel: as a file that fits it, as a link, or in words only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.media.errors import CannotFit
from bot.media.ffmpeg import Ffmpeg
from bot.media.fit import fit
from bot.production.outbox import stored_film
from bot.speech import say
from bot.storage.errors import ObjectMissing, StoreMisconfigured, StoreUnavailable
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.ui import wording
from bot.ui.delivery_rules import Form
from bot.ui.ends import End, file_name
from bot.ui.replies import words_for_failure

#: How long a link to a film that was too large to post can be followed, in seconds.
LINK_LASTS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What follows the news of a message, and the file in it with its bytes."""

    words: str
    file: Path | None = None
    size: int = 0


class Carrier:
    def __init__(self, *, files: Files, ffmpeg: Ffmpeg, store: ObjectStore | None) -> None:
        self._files = files
        self._ffmpeg = ffmpeg
        self._store = store

    @asynccontextmanager
    async def carry(self, end: End, form: Form, *, limit: int, because: str = "") -> AsyncIterator[Carried]:
        """The film in this form; a file of at most `limit` bytes is there as long as the block runs.

        `because` names the error for which it is only told about. Raises `MediaError | StorageError`.
        """
        film = end.film
        if film is None:
            yield Carried(words="")
            return
        if form is Form.WORDS:
            yield Carried(words=f"\n{_told_about(because)}")
            return
        if not await self._files.here(film):
            raise ObjectMissing(film.name)
        if form is Form.LINK:
            yield Carried(words=await self._link(end, film))
            return
        with self._files.work_dir() as desk:
            rendition = await fit(self._ffmpeg, film, limit, desk / "fitted.mp4")
            words = f" · {wording.size(rendition.size)}"
            if rendition.side is not None:
                words += f" · {say('{side}p to fit this channel', side=rendition.side)}"
            yield Carried(words=words, file=rendition.path, size=rendition.size)

    async def _link(self, end: End, film: Path) -> str:
        """The way to the film in the object store; words where there is none."""
        if self._store is None:
            return f"\n{_told_about(CannotFit.__name__)}"
        key = stored_film(end.production.id, end.production.run)
        await self._store.put(film, key, content_type="video/mp4")
        bars = "||" if end.is_covered else ""
        if (public := self._store.public_address(key)) is not None:
            words = say(
                "It is too large for this channel: {bars}[download it]({address}){bars}.", address=public, bars=bars
            )
            return f"\n{words}"
        url = await self._store.address(key, expires_in=LINK_LASTS, filename=file_name(end.production))
        words = say(
            "It is too large for this channel: {bars}[download it]({address}){bars} within 7 days; after that, "
            "`/films` sends you another link.",
            address=url,
            bars=bars,
        )
        return f"\n{words}"


def _told_about(because: str) -> str:
    """Why a film is not in its message, by the name of an error's class."""
    if because == ObjectMissing.__name__:
        return words_for_failure(because)
    if because in {StoreMisconfigured.__name__, StoreUnavailable.__name__}:
        return say("It is too large for this channel. {why}", why=words_for_failure(because))
    return words_for_failure(CannotFit.__name__)
