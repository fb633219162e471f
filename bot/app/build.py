"""The composition root: puts the rooms together, storage below, studio and production on it, Discord on top."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from bot.app.limits import unknown_models
from bot.app.service import Loop, Service
from bot.db import Database
from bot.jobs.engine import Engine
from bot.jobs.ledger import Ledger
from bot.jobs.wake import Wake
from bot.media.download import DISCORD_CDN, AttachmentDownloader, is_loopback
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits
from bot.production.camera import Camera, Rig
from bot.production.cut import Cutter
from bot.production.dispatcher import Dispatcher
from bot.production.film import FilmMaker
from bot.production.narrator import Narrator
from bot.production.productions import Productions
from bot.settings import Settings
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
from providers.registry import Providers
from ratelimit import KeyPool, OpenOperation

logger = logging.getLogger(__name__)


async def build(
    settings: Settings,
    stack: AsyncExitStack,
    ffmpeg: Ffmpeg,
    database: Database,
    pools: dict[str, KeyPool],
    providers: Providers,
    downloader: AttachmentDownloader,
    files: Files,
) -> Service:
    """Put the rooms together: storage below, studio and production on it, Discord on top."""
    catalogue = Catalogue.load()
    for name, provider in settings.providers.items():
        for model in sorted(unknown_models(catalogue, provider)):
            logger.warning("limits for a model that is not offered", extra={"provider": name, "model": model})
    changed = Wake()
    ledger = Ledger(database)
    projects = Projects(database)
    productions = Productions(database, changed)
    await _restore_room(ledger, productions, pools)
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
    film_maker = FilmMaker(
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
    dispatcher = Dispatcher(engine, productions, give_back=film_maker.give_back, at_once=settings.max_films_at_once)
    offer = _offer(settings, catalogue, can_plan=bool(minds))
    desk = Desk(
        projects=projects,
        productions=productions,
        catalogue=catalogue,
        offer=offer,
        operators=settings.discord.operator_ids,
        changed=changed,
    )
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
        pools=pools,
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
    service = Service(
        client=client,
        token=settings.discord.token,
        engine=engine,
        ledger=ledger,
        dispatcher=dispatcher,
        changed=changed,
    )
    service.pool_loops = [_keeping(name, pool) for name, pool in pools.items()]
    service.loops = [Loop(name="planner", run=planner.run), Loop(name="dispatcher", run=dispatcher.run)]
    service.discord_loops = [
        Loop(name="threads", run=client.threads.run),
        Loop(name="cards", run=keeper.run),
        Loop(name="conversations", run=conversations.run),
        Loop(name="delivery", run=delivery.run),
    ]
    return service


def _keeping(name: str, pool: KeyPool) -> Loop:
    """The pool's journeys to its store."""
    return Loop(name=f"pool {name}", run=lambda _: pool.run())


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
        public_url=settings.object_store.public_url,
    )
    stack.push_async_callback(store.close)
    return store


async def _restore_room(ledger: Ledger, productions: Productions, pools: dict[str, KeyPool]) -> None:
    """Count again what films that go on had open at the providers when we last stopped."""
    active = {production.id for production in await productions.active()}
    restored: dict[str, list[OpenOperation]] = {name: [] for name in pools}
    for call in await ledger.open_calls():
        if call.job not in active:
            await ledger.give_back(call.key)
            if call.operation is not None and call.provider in pools:
                pools[call.provider].release(call.operation)  # the store may still count it
        elif call.operation is not None and call.provider in restored:
            operation = OpenOperation(id=call.operation, key_id=call.key_id, model=call.model)
            restored[call.provider].append(operation)
    for name, pool in pools.items():
        pool.restore(restored[name])


def attachment_bases(settings: Settings) -> Sequence[str]:
    """Where uploads may be fetched from: Discord's CDN, or the one the settings name."""
    endpoints = settings.discord.endpoints
    return DISCORD_CDN if endpoints is None else [endpoints.cdn_url]


def clip_hosts(settings: Settings) -> frozenset[str] | None:
    """Where Runway's clips may come from: its own hosts, and loopback only where its API is there, too."""
    runway = settings.providers.get("runway")
    host = urlsplit(runway.base_url).hostname if runway is not None and runway.base_url is not None else None
    return frozenset({host}) if host is not None and is_loopback(host) else None
