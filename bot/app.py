"""The composition root: builds every part, owns the tasks, closes everything in the right order."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import aiohttp
import discord
import yarl

from bot.db import Database, open_database
from bot.jobs.engine import Engine
from bot.jobs.ledger import Ledger
from bot.jobs.wake import Listener, Wake
from bot.media.download import DISCORD_CDN, AttachmentDownloader, is_loopback
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.media.probe import MediaLimits
from bot.pools import build_pools
from bot.production.camera import Camera, Rig
from bot.production.cut import Cutter
from bot.production.dispatcher import Dispatcher
from bot.production.film import FilmMaker
from bot.production.narrator import Narrator
from bot.production.productions import Productions
from bot.settings import DiscordEndpoints, Settings
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.analyst import Analyst
from bot.studio.conversations import Conversations
from bot.studio.director import Director
from bot.studio.minds import Mind, Minds
from bot.studio.planner import Planner
from bot.studio.projects import Projects
from bot.ui import commands
from bot.ui.card_rows import CardRows
from bot.ui.client import Greenlight
from bot.ui.delivery import Delivery
from bot.ui.desk import Desk, Offer
from bot.ui.progress import CardKeeper
from bot.ui.talk import Talk
from providers.catalogue import Catalogue
from providers.registry import Providers, open_providers
from ratelimit import KeyPool, OpenOperation

logger = logging.getLogger(__name__)

#: Seconds that orders under way get to hear their answer when we are told to stop; Docker kills after 30.
DRAIN = 20.0
#: Seconds between attempts to reach Discord: first and longest.
RECONNECT_FIRST, RECONNECT_LONGEST = 2.0, 300.0


class AnotherInstance(Exception):
    """The data directory is in use by another process."""


class DiscordRefused(Exception):
    """Discord does not let us in; the text tells the operator what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A long-lived loop: its name, and what to run with a listener to `changed`."""

    name: str
    run: Callable[[Listener], Awaitable[None]]


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT.

    Raises:
        AnotherInstance: the data directory is taken.
        DiscordRefused: the token or an intent is refused.
    """
    if settings.discord.endpoints is not None:
        _aim_at(settings.discord.endpoints)
    for note in settings.notes():
        logger.warning(note)
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_instance(settings.data_dir))
        ffmpeg = Ffmpeg(find_ffmpeg(str(settings.ffmpeg_path) if settings.ffmpeg_path else None))
        logger.info("ffmpeg", extra={"version": await ffmpeg.self_test()})
        database = await open_database(settings.database_url)
        stack.push_async_callback(database.close)
        providers = open_providers(
            {name: provider.base_url for name, provider in settings.providers.items()},
            download_hosts=_clip_hosts(settings),
        )
        stack.push_async_callback(providers.close)
        downloader = await stack.enter_async_context(AttachmentDownloader(_attachment_bases(settings)))
        files = Files(settings.data_dir)
        await files.sweep()
        house = await _build(settings, stack, ffmpeg, database, providers, downloader, files)
        await house.serve()


class House:
    """The built parts, and how they run and stop."""

    def __init__(
        self, *, client: Greenlight, token: str, engine: Engine, ledger: Ledger, dispatcher: Dispatcher, changed: Wake
    ) -> None:
        self.client = client
        self._token = token
        self._engine = engine
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._changed = changed
        self.loops: list[Loop] = []
        self.discord_loops: list[Loop] = []

    async def serve(self) -> None:
        """Run everything until told to stop, then drain."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for told in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(told, stop.set)
        await self._engine.launch()
        try:
            async with asyncio.TaskGroup() as group:
                tasks: list[asyncio.Task[NoReturn]] = [
                    group.create_task(self._supervised(each), name=each.name) for each in self.loops
                ]
                tasks += [group.create_task(self._after_ready(each), name=each.name) for each in self.discord_loops]
                tasks.append(group.create_task(self._stay_connected(), name="discord"))
                await stop.wait()
                logger.info("stopping")
                self._dispatcher.pause()
                for task in tasks:
                    task.cancel()
        finally:
            await self._engine.close()
            try:
                async with asyncio.timeout(DRAIN):
                    await self._ledger.quiet()
            except TimeoutError:
                logger.warning("orders still unanswered at the end; they will be looked at after the restart")

    async def _stay_connected(self) -> NoReturn:
        """Keep the gateway open. The library reconnects after drops; the first connection, and crashes, are ours."""
        pause = RECONNECT_FIRST
        client = self.client
        while True:
            try:
                await client.start(self._token)
            except discord.LoginFailure as error:
                raise DiscordRefused(
                    "Discord refuses the token. Copy it anew from the portal into DISCORD_TOKEN."
                ) from error
            except discord.PrivilegedIntentsRequired as error:
                raise DiscordRefused("Discord refuses our intents. Switch them on in the portal, page Bot.") from error
            except (discord.DiscordException, aiohttp.ClientError, OSError, AttributeError, TimeoutError) as error:
                # AttributeError is how discord.py 2.7.1 fails when the first connection does (Rapptz/discord.py#10520).
                logger.warning("Discord not reached", extra={"error": repr(error), "again_in": round(pause)})
            finally:
                await client.close()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  # spread, not secret
            pause = min(pause * 2, RECONNECT_LONGEST)
            client.clear()

    async def _after_ready(self, each: Loop) -> NoReturn:
        await self.client.became_ready.wait()
        await self._supervised(each)

    async def _supervised(self, each: Loop) -> NoReturn:
        """Run a loop for ever: one that fails for outside reasons starts again, more slowly each time."""
        listener = self._changed.listener()
        pause = 1.0
        while True:
            try:
                await each.run(listener)
            except Exception:
                logger.exception("loop failed; starting it again", extra={"loop": each.name})
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)


async def _build(
    settings: Settings,
    stack: AsyncExitStack,
    ffmpeg: Ffmpeg,
    database: Database,
    providers: Providers,
    downloader: AttachmentDownloader,
    files: Files,
) -> House:
    """Put the rooms together: storage below, studio and production on it, Discord on top."""
    catalogue = Catalogue.load()
    pools = build_pools(settings.providers)
    changed = Wake()
    ledger = Ledger(database)
    await _restore_room(ledger, pools)
    projects = Projects(database)
    productions = Productions(database, changed)
    engine = Engine(settings.data_dir / "engine.sqlite3")

    minds = Minds(_minds(settings, catalogue, providers, pools))
    director = Director(minds, catalogue)
    planner = Planner(
        projects=projects,
        analyst=Analyst(minds, projects),
        director=director,
        catalogue=catalogue,
        downloader=downloader,
        ffmpeg=ffmpeg,
        limits=MediaLimits(
            max_bytes=settings.uploads.max_bytes,
            max_duration=settings.uploads.max_seconds,
            max_side=settings.uploads.max_side,
            max_pixels=settings.uploads.max_pixels,
        ),
        files=files,
        changed=changed,
    )
    rigs = {name: Rig(provider=video, pool=pools[name]) for name, video in providers.video.items()}
    FilmMaker(
        engine=engine,
        ledger=ledger,
        projects=projects,
        productions=productions,
        camera=Camera(rigs, ledger, productions, ffmpeg),
        cutter=Cutter(ffmpeg, files),
        narrator=_narrator(catalogue, providers, pools, ledger, files),
        rigs=rigs,
        catalogue=catalogue,
        ffmpeg=ffmpeg,
        files=files,
    )
    dispatcher = Dispatcher(engine, productions, at_once=settings.max_films_at_once)
    offer = _offer(settings, catalogue, can_plan=bool(minds))
    desk = Desk(projects=projects, productions=productions, catalogue=catalogue, offer=offer, changed=changed)
    client = Greenlight(desk=desk, projects=projects, sync_mark=settings.data_dir / "commands.sha256")
    for add_to in commands.EVERY:
        add_to(client)
    keeper = CardKeeper(
        client=client,
        rows=CardRows(database),
        projects=projects,
        productions=productions,
        dispatcher=dispatcher,
        catalogue=catalogue,
        desk=desk,
    )
    delivery = Delivery(
        client=client,
        projects=projects,
        productions=productions,
        files=files,
        ffmpeg=ffmpeg,
        store=_object_store(settings, stack),
        changed=changed,
    )
    conversations = Conversations(projects, director, Talk(client), changed)
    house = House(
        client=client,
        token=settings.discord.token,
        engine=engine,
        ledger=ledger,
        dispatcher=dispatcher,
        changed=changed,
    )
    house.loops = [Loop(name="planner", run=planner.run), Loop(name="dispatcher", run=dispatcher.run)]
    house.discord_loops = [
        Loop(name="threads", run=client.threads.run),
        Loop(name="cards", run=keeper.run),
        Loop(name="conversations", run=conversations.run),
        Loop(name="delivery", run=delivery.run),
    ]
    return house


def _minds(settings: Settings, catalogue: Catalogue, providers: Providers, pools: dict[str, KeyPool]) -> list[Mind]:
    """Gemini first: it sees video. The operator's model names go to the provider whose catalogue entry they are."""
    minds = []
    for name, language in providers.language.items():
        known = {model.id for model in catalogue.language_models({name}, "plan")}
        plans_with = settings.plan_model if settings.plan_model in known else None
        chats_with = settings.chat_model if settings.chat_model in known else None
        minds.append(
            Mind(
                model=language,
                pool=pools[name],
                plans_with=plans_with or catalogue.language_models({name}, "plan")[0].id,
                chats_with=chats_with or catalogue.language_models({name}, "chat")[0].id,
            )
        )
    return minds


def _narrator(
    catalogue: Catalogue,
    providers: Providers,
    pools: dict[str, KeyPool],
    ledger: Ledger,
    files: Files,
) -> Narrator | None:
    for name, speech in providers.speech.items():
        model = catalogue.speech_models({name})[0]
        return Narrator(speech, pools[name], ledger, files, model=model)
    return None


def _offer(settings: Settings, catalogue: Catalogue, *, can_plan: bool) -> Offer:
    """What can be made here. A new plan takes the operator's model, else the first that needs no picture to start."""
    offered = catalogue.video_models(settings.providers.keys())
    models = offered or catalogue.video  # nothing can be rendered, but plans are still written for something
    default = next(model.id for model in models if not model.needs_start_image)
    if settings.video_model in {model.id for model in offered}:
        default = settings.video_model or default
    voice = next(iter(catalogue.speech_models(settings.providers.keys())), None)
    return Offer(video_models=offered, default_model=default, can_plan=can_plan, voice=voice)


def _object_store(settings: Settings, stack: AsyncExitStack) -> ObjectStore | None:
    if settings.object_store is None:
        return None
    store = ObjectStore(
        endpoint_url=settings.object_store.endpoint_url,
        access_key_id=settings.object_store.access_key_id,
        secret_access_key=settings.object_store.secret_access_key,
        bucket=settings.object_store.bucket,
    )
    stack.push_async_callback(store.close)
    return store


async def _restore_room(ledger: Ledger, pools: dict[str, KeyPool]) -> None:
    """Count again what was open at the providers when we last stopped."""
    calls = await ledger.open_calls()
    for name, pool in pools.items():
        pool.restore(
            OpenOperation(id=call.operation, key_id=call.key_id, model=call.model)
            for call in calls
            if call.provider == name and call.operation is not None
        )


def _attachment_bases(settings: Settings) -> Sequence[str]:
    """Where uploads may be fetched from: Discord's CDN, or the one the settings name."""
    endpoints = settings.discord.endpoints
    return DISCORD_CDN if endpoints is None else [endpoints.cdn_url]


def _clip_hosts(settings: Settings) -> frozenset[str] | None:
    """Where Runway's clips may come from: its own hosts, and loopback only where its API is there, too."""
    runway = settings.providers.get("runway")
    host = urlsplit(runway.base_url).hostname if runway is not None and runway.base_url is not None else None
    return frozenset({host}) if host is not None and is_loopback(host) else None


def _aim_at(endpoints: DiscordEndpoints) -> None:
    """Point discord.py at another Discord. It offers class attributes only, process-wide (2.7.1)."""
    discord.http.Route.BASE = endpoints.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(endpoints.gateway_url)
    discord.asset.Asset.BASE = endpoints.cdn_url


@contextmanager
def _only_instance(data_dir: Path) -> Iterator[None]:
    """Hold an exclusive lock on the data directory; it dies with the process."""
    path = data_dir / "lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AnotherInstance(f"another instance holds {path} (process {holder}); stop it first") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
