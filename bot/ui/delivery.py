"""Posts how a film ended, once: a new message that mentions its owner, with the film in it.

Before posting, the try is committed (`production.outbox`); one that finds another before it looks for the message in
the channel before it posts again. The nonce covers the minutes in between.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import discord
from discord import ui

from bot.jobs.wake import Listener, Wake
from bot.media.errors import CannotFit, MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.fit import fit
from bot.production.model import RESTORED, Production, ProductionState
from bot.production.outbox import pause_after
from bot.production.productions import Productions
from bot.storage.errors import StorageError
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.studio.text import shorten
from bot.ui import wording
from bot.ui.held import held_view, held_words
from bot.ui.receipts import receipt
from bot.ui.remarks import remarks_on
from bot.ui.replies import words_for, words_for_failure
from bot.ui.sending import (
    UPLOAD_DEADLINE,
    Busy,
    DiscordFailed,
    Malformed,
    NotAllowed,
    TooLarge,
    Vanished,
    nonce,
    persistently,
)

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0
#: What Discord lets a bot upload where nobody boosts (Discord docs, 2026-08).
DEFAULT_UPLOAD_LIMIT = 10 << 20
#: How long a link to a film that was too large to post can be followed, in seconds.
LINK_LASTS = 7 * 24 * 3600
#: Where such films lie in the object store.
STORED_FILMS = "films/"


class Delivery:
    """Posts every end that was not posted."""

    def __init__(
        self,
        *,
        client: discord.Client,
        projects: Projects,
        productions: Productions,
        files: Files,
        ffmpeg: Ffmpeg,
        store: ObjectStore | None,
        changed: Wake,
    ) -> None:
        self._client = client
        self._projects = projects
        self._productions = productions
        self._files = files
        self._ffmpeg = ffmpeg
        self._store = store
        self._changed = changed
        self._learned: dict[int, int] = {}  # channel → bytes that Discord really takes there
        self._busy: set[str] = set()
        self._outbox = productions.outbox

    async def run(self, listener: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for production_id in await self._outbox.due():
                    if production_id not in self._busy:
                        self._busy.add(production_id)
                        group.create_task(self._deliver(production_id))
                await listener.wait(LOOK_EVERY)

    async def _deliver(self, production_id: str) -> None:
        """Post one end, somewhere. Nothing that goes wrong here touches another film's."""
        try:
            before = await self._productions.get(production_id)
            await self._outbox.begin_try(production_id)
            message_id = await self._post(await self._productions.get(production_id), looks=bool(before.delivery_tries))
        except NoSuchFilm:
            logger.info("deleted before it was posted", extra={"production": production_id})
        except (Busy, StorageError, OSError) as error:
            await self._rest(production_id, error)
        except (DiscordFailed, MediaError) as error:
            # Its card says so and offers to send it again; the film is kept.
            logger.error("end cannot be posted", extra={"production": production_id, "error": str(error)})
            await self._outbox.keep(production_id, _why(error))
        except Exception as error:
            logger.exception("end not posted by a fault of ours", extra={"production": production_id})
            await self._rest(production_id, error)
        else:
            await self._outbox.delivered(production_id, message_id)
        finally:
            self._busy.discard(production_id)
        self._changed()

    async def _rest(self, production_id: str, error: Exception) -> None:
        """Wait before the next try, longer each time."""
        pause = pause_after((await self._productions.get(production_id)).delivery_tries)
        logger.warning(
            "end not posted yet", extra={"production": production_id, "error": str(error), "again_in": pause}
        )
        await self._outbox.rest(production_id, _why(error), seconds=pause)

    async def _post(self, production: Production, *, looks: bool) -> int | None:
        """The id of the message that tells the end, posted now or before; `None` where nothing needs to be told."""
        if production.state is ProductionState.CANCELLED and not production.failure:
            return None  # its owner pressed the button and its card says so
        project = await self._projects.get(production.project_id)
        plan = await self._projects.plan(project.id, production.version)
        assert plan is not None, production
        refusal: DiscordFailed | None = None
        # Where it was aimed at, or the film's thread first; where that is gone, locked or closed to us, the channel it
        # was asked for in.
        places = (production.delivery_channel_id, project.thread_id, project.channel_id)
        for channel_id in dict.fromkeys(place for place in places if place is not None):
            await self._outbox.aim(production.id, channel_id=channel_id, guild_id=project.guild_id)
            channel = self._client.get_partial_messageable(channel_id, guild_id=project.guild_id)
            try:
                if production.failure == RESTORED and (found := await self._film_of_before(channel, production)):
                    await self._productions.found_done(production.id)
                    return found
                words, view = await self._bad_news(production, plan)
                if looks and (found := await self._find(channel, production, words)):
                    return found
                if production.state is ProductionState.DONE:
                    return await self._post_film(channel, production, project, plan)
                return await self._send(channel, production, words, None, plan, view)
            except (NotAllowed, Vanished, Malformed) as error:
                logger.warning("not here", extra={"channel": channel_id, "error": str(error)})
                refusal = error
        assert refusal is not None
        raise refusal

    async def _post_film(
        self, channel: discord.PartialMessageable, production: Production, project: Project, plan: Plan
    ) -> int:
        film = self._files.artefact(project.id, f"film-{production.id}.mp4")
        if not await self._files.here(film):
            raise MediaError("the film is not kept any more")
        length = wording.seconds(round(production.film_duration or plan.duration, 1))
        head = f"<@{production.owner_id}> **{wording.plain(plan.title)}** is ready · {length}"
        spent = wording.money(production.cost_microusd or 0)
        foot = f"-# plan v{plan.version} · {len(plan.shots)} shots · {_took(production)} · cost {spent}"
        told = receipt(await self._productions.bill(production.id), production.price_microusd)
        foot = "\n".join(filter(None, [*remarks_on(production.notes), foot, told]))
        limit = self._upload_limit(channel)
        while True:
            with self._files.work_dir() as desk:
                try:
                    rendition = await fit(self._ffmpeg, film, limit, desk / "fitted.mp4")
                except CannotFit as error:
                    text = f"{head}\n{await self._link(film, error)}\n{foot}"
                    return await self._send(channel, production, text, None, plan)
                scaled = f" · {rendition.side}p to fit this channel" if rendition.side is not None else ""
                text = f"{head} · {wording.size(rendition.size)}{scaled}\n{foot}"
                try:
                    return await self._send(channel, production, text, rendition.path, plan)
                except TooLarge:
                    limit = int(min(limit, rendition.size) * 0.8)
                    self._learned[channel.id] = limit
                    logger.info("upload limit learned", extra={"channel": channel.id, "bytes": limit})

    async def _send(
        self,
        channel: discord.PartialMessageable,
        production: Production,
        text: str,
        film: Path | None,
        plan: Plan,
        view: ui.View | None = None,
    ) -> int:
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, replied_user=False, users=[discord.Object(production.owner_id)]
        )

        async def send() -> discord.Message:
            # A File is used up by one send, so each try opens its own.
            once = nonce(production.id, f"end {production.run}", production.delivering_at)
            if film is None and view is not None:
                return await channel.send(text, allowed_mentions=mentions, nonce=once, view=view)
            if film is None:
                return await channel.send(text, allowed_mentions=mentions, nonce=once)
            file = discord.File(film, filename=file_name(production), description=_alt_text(plan))
            with file.fp:
                return await channel.send(text, file=file, allowed_mentions=mentions, nonce=once)

        return (await persistently(send, deadline=UPLOAD_DEADLINE)).id

    async def _bad_news(self, production: Production, plan: Plan) -> tuple[str, ui.View | None]:
        """How a film ended that was not finished, with what can be chosen where it is held."""
        if production.state is not ProductionState.HELD:
            return _bad_news(production, plan, words_for_failure(production.failure or "")), None
        takes = await self._productions.takes_of(production.id)
        at_risk = await self._productions.at_risk(production.id)
        return _bad_news(production, plan, held_words(takes, at_risk)), held_view(production.id, takes, at_risk)

    async def _find(self, channel: discord.PartialMessageable, production: Production, words: str) -> int | None:
        """The message of a delivery that was cut off, if it was posted: a film by its file, a text by its words."""
        assert production.delivering_at is not None
        began = discord.utils.time_snowflake(_utc(production.delivering_at - 60.0))
        since = discord.Object(max(began, production.delivered_message_id or 0))  # not the one that is sent again

        async def look() -> int | None:
            async for message in channel.history(after=since, limit=100):
                if self._client.user is None or message.author.id != self._client.user.id:
                    continue
                if any(file.filename == file_name(production) for file in message.attachments):
                    return message.id
                if production.state is not ProductionState.DONE and message.content == words:
                    return message.id
            return None

        return await persistently(look)

    async def _film_of_before(self, channel: discord.PartialMessageable, production: Production) -> int | None:
        """The film's message, where it was posted after the backup was made that its rows come from."""
        assert production.delivering_at is not None
        since = discord.Object(discord.utils.time_snowflake(_utc(production.delivering_at)))

        async def look() -> int | None:
            async for message in channel.history(after=since, limit=None):
                is_ours = self._client.user is not None and message.author.id == self._client.user.id
                if is_ours and any(f"greenlight-{production.id}" in file.filename for file in message.attachments):
                    return message.id
            return None

        return await persistently(look)

    async def _link(self, film: Path, error: CannotFit) -> str:
        if self._store is None:
            return words_for(error)
        key = f"{STORED_FILMS}{film.name}"
        try:
            await self._store.put(film, key, content_type="video/mp4")
            if (public := self._store.public_address(key)) is not None:
                return f"It is too large for this channel: [download it]({public})."
            url = await self._store.address(key, expires_in=LINK_LASTS, filename=film.name)
        except StorageError as failed:
            return words_for(failed)
        return f"It is too large for this channel: [download it]({url}) within 7 days."

    def _upload_limit(self, channel: discord.PartialMessageable) -> int:
        guild = self._client.get_guild(channel.guild_id) if channel.guild_id is not None else None
        allowed = guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT
        return min(allowed, self._learned.get(channel.id, allowed))


def _why(error: Exception) -> str:
    return f"{type(error).__name__}:{error.code}" if isinstance(error, DiscordFailed) else type(error).__name__


def _bad_news(production: Production, plan: Plan, words: str) -> str:
    """How a film ended that was not finished; says which, so that the next one's end is told apart."""
    run = f"-{production.run}" if production.run > 1 else ""
    mark = f"-# plan v{plan.version} · {production.id[:6]}{run}"
    return f"<@{production.owner_id}> **{wording.plain(plan.title)}** is not finished: {words}\n{mark}"


def file_name(production: Production) -> str:
    """Names the film for good, in letters that Discord keeps as they are; a restart finds its delivery by it."""
    again = f"-{production.run}" if production.run > 1 else ""
    return f"greenlight-{production.id}{again}.mp4"


def _alt_text(plan: Plan) -> str:
    return shorten(f"{plan.title}: {plan.logline}", 1000)


def _took(production: Production) -> str:
    assert production.finished_at is not None
    return f"took {wording.seconds(max(1, round(production.finished_at - production.accepted_at)))}"


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, tz=UTC)
