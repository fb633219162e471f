"""Posts how a film ended, once: a new message that mentions its owner, with the film in it.

Its thread first; where that is gone, locked or closed to us, the channel it was asked for in; where that is, too, its
owner's DMs. What goes wrong is judged by `delivery_rules`; what must outlive this process is in `production.outbox` and
`channel_rows`. A try that follows another looks for the message before it posts again; the nonce covers what Discord
does not show yet.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

import discord
from discord import ui

from bot.jobs.wake import Listener
from bot.production.dms import Dms
from bot.production.lifecycle import Lifecycle
from bot.production.model import RESTORED, Production, ProductionState
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.speech import speak
from bot.storage.files import Files
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.ui.carrying import Carrier
from bot.ui.channel_rows import ChannelRows
from bot.ui.delivery_rules import (
    AgainHere,
    Carry,
    Form,
    Keep,
    NextPlace,
    OpenThread,
    Plainer,
    Smaller,
    Tried,
    decide,
    smaller_than,
    why,
)
from bot.ui.draft_end import draft_end
from bot.ui.ends import End, film_end, is_told, unfinished_end
from bot.ui.held import held_view, held_words
from bot.ui.job_buttons import failed_view
from bot.ui.manners import Manners
from bot.ui.places import DEFAULT_UPLOAD_LIMIT, Place, PlaceFinder
from bot.ui.receipts import receipt
from bot.ui.replies import words_for_failure
from bot.ui.sending import UPLOAD_DEADLINE, DiscordFailed, nonce, once
from bot.ui.talk_facts import hears_there
from bot.ui.threads import unarchive

logger = logging.getLogger(__name__)

LOOK_EVERY = 2.0
#: Ends posted at once: each may hold a rendition on the disk and an upload on the line.
AT_ONCE = 8
#: Seconds by which our clock may be ahead of Discord's, of which message ids are made.
_SKEW = 60.0
#: Messages that a look for an unanswered try reads at most.
_LOOK_BACK = 1000


#: What the film of a plan costs at most; `None` where it cannot be greenlit just now.
RealPrice = Callable[[Project, Plan], Awaitable[int | None]]


@dataclass(slots=True)
class Attempt:
    """What is tried in one place."""

    place: Place
    channel_id: int | None = None
    was_entered: bool = False
    limit: int = DEFAULT_UPLOAD_LIMIT
    form: Form = Form.FILE
    because: str = ""  # for which error the film is not in the message
    is_plain: bool = False
    was_opened: bool = False
    size: int = 0  # bytes of the file just sent


@dataclass(frozen=True, slots=True)
class Posted:
    message_id: int


class Delivery:
    """Posts every end that was not posted."""

    def __init__(
        self,
        *,
        client: discord.Client,
        projects: Projects,
        productions: Productions,
        lifecycle: Lifecycle,
        outbox: Outbox,
        channels: ChannelRows,
        files: Files,
        carrier: Carrier,
        manners: Manners | None = None,
        dms: Dms | None = None,
        real_price: RealPrice | None = None,
        hears_all: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._projects = projects
        self._productions = productions
        self._outbox = outbox
        self._lifecycle = lifecycle
        self._channels = channels
        self._places = PlaceFinder(client, channels)
        self._files = files
        self._carrier = carrier
        self._manners = manners
        self._dms = dms
        self._real_price = real_price
        self._hears_all = hears_all
        self._clock = clock
        self._busy: set[str] = set()
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._paused_until = 0.0  # Discord refuses everything we send

    async def run(self, listener: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self.look(group)
                await listener.wait(LOOK_EVERY)

    async def look(self, group: asyncio.TaskGroup) -> None:
        """Start a task for every end whose turn it is."""
        if self._clock() < self._paused_until:
            return
        for production_id in await self._outbox.due():
            if production_id not in self._busy:
                self._busy.add(production_id)
                group.create_task(self._deliver(production_id))

    async def _deliver(self, production_id: str) -> None:
        """Post one end, somewhere. Nothing that goes wrong here touches another film's."""
        try:
            async with self._at_once:
                if self._clock() >= self._paused_until:
                    await self._try(await self._productions.get(production_id))
        except NoSuchFilm:
            logger.info("end of a film that was deleted meanwhile", extra={"production": production_id})
        except Exception as error:
            logger.exception("end not posted by a fault of ours", extra={"production": production_id})
            await self._put_off(await self._productions.get(production_id), error)
        finally:
            self._busy.discard(production_id)

    async def _try(self, before: Production) -> None:
        if not is_told(before):
            await self._outbox.posted(before, None)
            return
        if not await self._outbox.begin_try(before.id, after=before.delivery_tries):
            return
        production = await self._productions.get(before.id)
        if production.run != before.run:  # taken up again this moment: it has another end to come
            return
        project = await self._projects.get(production.project_id)
        speak(project.language)
        end = await self._end(production, project)
        places = await self._places.places(production, project, barred=await self._outbox.barred(production.id))
        refused, opens_at = list(places.closed_because), places.opens_at
        looks_in = before.delivery_channel_id if before.delivering_at is not None else None
        for place in places.open:
            match await self._post_in(place, await self._in_its_manner(end, place), looks_in=looks_in):
                case Posted(message_id):
                    await self._outbox.posted(production, message_id)
                    return
                case AgainHere() as again, error:
                    await self._rest(production, why(error), again)
                    return
                case Keep(), error:  # what became of it is not known, so it is posted nowhere else
                    refused, opens_at = [why(error)], None
                    break
                case NextPlace(), error:
                    logger.warning("not here", extra={"channel": place.channel_id, "error": str(error)})
                    refused.append(why(error))
        if opens_at is not None and not self._tried(production).is_enough:
            await self._rest(production, refused[0], AgainHere(opens_at - self._clock()))
            return
        logger.error("end kept, for it cannot be posted", extra={"production": production.id, "why": refused[0]})
        await self._outbox.keep(production, refused[0])

    async def _in_its_manner(self, end: End, place: Place) -> End:
        """The end as its owner and the server want it told there; a DM they want, too, is noted before it is told."""
        if self._manners is None:
            return end
        manner = await self._manners.of(end.production.owner_id, place)
        if manner.dms and self._dms is not None:
            await self._dms.expect(end.production.id)
        return replace(end, mentions=manner.mentions, is_covered=manner.is_covered)

    async def _put_off(self, production: Production, error: Exception) -> None:
        """After a fault that is of no place."""
        match decide(error, self._tried(production)):
            case AgainHere() as again:
                await self._rest(production, why(error), again)
            case _:
                await self._outbox.keep(production, why(error))

    async def _rest(self, production: Production, reason: str, again: AgainHere) -> None:
        logger.warning(
            "end not posted yet", extra={"production": production.id, "why": reason, "again_in": round(again.seconds)}
        )
        if again.for_all:
            self._paused_until = self._clock() + again.seconds
        await self._outbox.rest(production, reason, seconds=again.seconds)

    # --- what

    async def _end(self, production: Production, project: Project) -> End:
        plan = await self._projects.plan(project.id, production.version)
        assert plan is not None, production
        told = receipt(await self._productions.bill(production.id), production.price_microusd)
        if production.state is ProductionState.DONE:
            film = self._files.artefact(project.id, f"film-{production.id}.mp4")
            if production.draft:
                price = await self._real_price(project, plan) if self._real_price is not None else None
                hears_all = hears_there(project, shows_all=self._hears_all())
                return draft_end(production, plan, film=film, told=told, price_microusd=price, hears_all=hears_all)
            return film_end(production, plan, film=film, told=told)
        if production.state is not ProductionState.HELD:
            words = words_for_failure(production.failure or "")
            view = await self._ways_on(production, project, plan)
            return unfinished_end(production, plan, words=words, told=told, view=view)
        takes = await self._productions.takes_of(production.id)
        at_risk = await self._productions.at_risk(production.id)
        view = held_view(production, takes, at_risk)
        return unfinished_end(production, plan, words=held_words(takes, at_risk), told=told, view=view)

    async def _ways_on(self, production: Production, project: Project, plan: Plan) -> ui.View | None:
        """What can be done about a film that was not finished."""
        if production.state is not ProductionState.FAILED:
            return None
        price = None
        if self._real_price is not None and not production.draft:
            price = await self._real_price(project, plan)
        return failed_view(production, await self._productions.takes_of(production.id), price)

    # --- one place

    async def _post_in(
        self, place: Place, end: End, *, looks_in: int | None
    ) -> Posted | tuple[AgainHere | NextPlace | Keep, Exception]:
        """Post an end in a place, in whatever form it takes it; else what to do next and why."""
        production, attempt = end.production, Attempt(place)
        while True:
            try:
                if not attempt.was_entered and (found := await self._enter(attempt, end, looks_in)) is not None:
                    return Posted(found)
                return Posted(await self._send(attempt, end))
            except Exception as error:  # noqa: BLE001  # the rules know every kind, and what to do about a fault of ours
                match decide(error, self._tried(production, attempt)):
                    case AgainHere() | Keep() as step:
                        return step, error
                    case NextPlace(closed_for) as step:
                        if closed_for and attempt.channel_id is not None:
                            await self._channels.close(attempt.channel_id, seconds=closed_for, because=why(error))
                        return step, error
                    case step:
                        await self._adapt(attempt, step, error)

    async def _enter(self, attempt: Attempt, end: End, looks_in: int | None) -> int | None:
        """Begin in a place: find what was posted there before, else keep that it is posted there now."""
        production, place = end.production, attempt.place
        attempt.channel_id = channel_id = await self._places.enter(place, production.owner_id)
        if channel_id == looks_in and (found := await self._find(place, channel_id, end)) is not None:
            return found
        if production.failure == RESTORED and (found := await self._film_of_before(place, channel_id, production)):
            await self._outbox.aim(production, channel_id=channel_id, guild_id=place.guild_id)
            await self._lifecycle.found_done(production.id)
            return found
        attempt.limit = await self._places.upload_limit(place, channel_id)
        await self._outbox.aim(production, channel_id=channel_id, guild_id=place.guild_id)
        attempt.was_entered = True
        return None

    async def _adapt(self, attempt: Attempt, step: Smaller | Carry | Plainer | OpenThread, error: Exception) -> None:
        """Do what makes the next try in the same place another one."""
        match step:
            case Smaller():
                attempt.limit = smaller_than(min(attempt.limit, attempt.size))
                if attempt.channel_id is not None:
                    await self._channels.learn_limit(attempt.channel_id, attempt.limit)
            case Carry(form):
                attempt.form, attempt.because = form, type(error).__name__
            case Plainer():
                attempt.is_plain = True
            case OpenThread():
                attempt.was_opened = True
                await self._open_thread(attempt.channel_id)
            case _:
                assert_never(step)

    async def _send(self, attempt: Attempt, end: End) -> int:
        assert attempt.channel_id is not None
        channel = self._client.get_partial_messageable(attempt.channel_id, guild_id=attempt.place.guild_id)
        production = end.production
        pinged = [discord.Object(production.owner_id)] if end.mentions else []
        mentions = discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=pinged)
        # Of this run and this asking: what was posted before, and is posted again, is another message.
        one = nonce(production.id, f"end {production.run}", production.delivering_at)

        async def send() -> discord.Message:
            if carried.file is None and end.view is not None:
                return await channel.send(words, allowed_mentions=mentions, nonce=one, view=end.view)
            if carried.file is None:
                return await channel.send(words, allowed_mentions=mentions, nonce=one)
            alt = None if attempt.is_plain else end.alt
            file = discord.File(carried.file, filename=end.file_name, description=alt)
            with file.fp:
                if end.view is not None:
                    return await channel.send(words, file=file, allowed_mentions=mentions, nonce=one, view=end.view)
                return await channel.send(words, file=file, allowed_mentions=mentions, nonce=one)

        async with self._carrier.carry(end, attempt.form, limit=attempt.limit, because=attempt.because) as carried:
            attempt.size = carried.size
            words = end.words(carried.words, is_plain=attempt.is_plain)
            # One call a try: what became of an unanswered one is looked for before the next.
            return (await once(send, deadline=UPLOAD_DEADLINE)).id

    async def _find(self, place: Place, channel_id: int, end: End) -> int | None:
        """The message of a try that was cut off, if it was posted."""
        production = end.production
        assert production.delivering_at is not None
        began = discord.utils.time_snowflake(datetime.fromtimestamp(production.delivering_at - _SKEW, tz=UTC))
        # What stood before it was asked for again is not what is looked for.
        since = discord.Object(max(began, production.delivered_message_id or 0))
        channel = self._client.get_partial_messageable(channel_id, guild_id=place.guild_id)

        async def look() -> int | None:
            async for message in channel.history(after=since, limit=_LOOK_BACK):
                if self._client.user is None or message.author.id != self._client.user.id:
                    continue
                if end.is_in(message.content, [file.filename for file in message.attachments]):
                    return message.id
            return None

        return await once(look)

    async def _film_of_before(self, place: Place, channel_id: int, production: Production) -> int | None:
        """The film's message, where it was posted after the backup was made that its rows come from."""
        assert production.delivering_at is not None
        since = discord.Object(discord.utils.time_snowflake(datetime.fromtimestamp(production.delivering_at, tz=UTC)))
        channel = self._client.get_partial_messageable(channel_id, guild_id=place.guild_id)

        async def look() -> int | None:
            async for message in channel.history(after=since, limit=None):
                is_ours = self._client.user is not None and message.author.id == self._client.user.id
                if is_ours and any(f"greenlight-{production.id}" in file.filename for file in message.attachments):
                    return message.id
            return None

        return await once(look)

    async def _open_thread(self, channel_id: int | None) -> None:
        """Take it out of the archive; where that fails, the next answer is the same and another place is tried."""
        if channel_id is not None:
            try:
                await unarchive(self._client, channel_id)
            except DiscordFailed as error:
                logger.warning("thread not opened", extra={"channel": channel_id, "error": str(error)})

    def _tried(self, production: Production, attempt: Attempt | None = None) -> Tried:
        age = self._clock() - (production.delivering_at or self._clock())
        if attempt is None:
            return Tried(tries=production.delivery_tries, age=age)
        return Tried(
            tries=production.delivery_tries,
            age=age,
            form=attempt.form if production.state is ProductionState.DONE else Form.WORDS,
            is_plain=attempt.is_plain,
            was_opened=attempt.was_opened,
        )
