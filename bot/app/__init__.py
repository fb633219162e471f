"""The bot as a whole: opens what it needs, builds, serves, and closes everything in the right order."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import discord
import yarl

from bot import speech
from bot.app.boot import look_at_databases, remember
from bot.app.build import build
from bot.app.data_dir import AnotherInstance, in_data_dir
from bot.app.means import attachment_bases, clip_hosts
from bot.app.pools import build_pools, heard_by
from bot.app.post import Post, ProcessRole
from bot.app.service import DiscordRefused
from bot.app.usage import PostgresUsageStore, SqliteUsageStore
from bot.db import open_database
from bot.db.faults import watching_sqlite
from bot.jobs.presence import Presence, name_of_process
from bot.jobs.shard_locks import ShardLocks, ShardsTaken
from bot.media.download import AttachmentDownloader
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.settings import DiscordEndpoints, Settings
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.limit_book import LimitBook
from bot.studio.limiter import Limiter
from bot.studio.shards import ALL_SHARDS, Shards
from providers.registry import open_providers

__all__ = ["AnotherInstance", "DiscordRefused", "ProcessRole", "run"]

logger = logging.getLogger(__name__)


async def run(settings: Settings, role: ProcessRole = ProcessRole.ALL, shards: Shards = ALL_SHARDS) -> None:
    """Run the bot, or its part in `role`, until SIGTERM or SIGINT. Only a PostgreSQL lets parts run apart.

    Raises:
        AnotherInstance: the data directory is taken, or the shards are.
        DiscordRefused: the token or an intent is refused.
        DatabaseDamaged | DatabaseLost | DatabaseReadOnly | DatabaseTooNew: see `bot.app.boot`; the first also later.
    """
    if settings.discord.endpoints is not None:
        _aim_at(settings.discord.endpoints)
    for note in settings.notes():
        logger.warning(note)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(in_data_dir(settings.data_dir, is_shared=settings.is_shared))
        ffmpeg = Ffmpeg(find_ffmpeg(str(settings.ffmpeg_path) if settings.ffmpeg_path else None))
        logger.info("ffmpeg", extra={"version": await ffmpeg.self_test()})
        damage = stack.enter_context(watching_sqlite())
        await look_at_databases(settings)
        database = await open_database(settings.database_url)
        stack.push_async_callback(database.close)
        remember(settings)
        store = PostgresUsageStore(database.engine) if database.is_shared else SqliteUsageStore(database)
        pools = build_pools(settings.providers, settings.lending, store)
        limiter = Limiter(LimitBook(database), pools, settings.providers)
        cloud = settings.providers.get("vertex")
        providers = open_providers(
            {name: provider.base_url for name, provider in settings.providers.items()},
            download_hosts=clip_hosts(settings),
            voice_id=settings.voice_id,
            vertex_project=cloud.project if cloud is not None else None,
            vertex_location=cloud.location if cloud is not None else None,
            notice=heard_by(pools, limiter),
        )
        stack.push_async_callback(providers.close)
        downloader = await stack.enter_async_context(AttachmentDownloader(attachment_bases(settings)))
        bucket = _object_store(settings, stack)
        files = Files(
            settings.data_dir,
            min_free_bytes=settings.storage.min_free_bytes,
            min_free_share=0.0,
            store=bucket if settings.shares_files else None,
        )
        post = await _take_post(settings, role, shards, stack)
        logger.info("post taken", extra={"role": role.value, "worker": post.name, "shards": str(post.shards)})
        await asyncio.to_thread(speech.prepare)
        service = await build(settings, ffmpeg, database, pools, limiter, providers, downloader, files, bucket, post)
        service.damage = damage
        await service.serve()


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


def _aim_at(endpoints: DiscordEndpoints) -> None:
    """Point discord.py at another Discord. It offers class attributes only, process-wide (2.7.1)."""
    discord.http.Route.BASE = endpoints.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(endpoints.gateway_url)
    discord.asset.Asset.BASE = endpoints.cdn_url


async def _take_post(settings: Settings, role: ProcessRole, shards: Shards, stack: AsyncExitStack) -> Post:
    """Hold our name before anything is done in it: a worker whose name is free counts as dead."""
    name = name_of_process()
    presence: Presence | None = None
    locks: ShardLocks | None = None
    if settings.is_shared and role is not ProcessRole.WORKER:
        locks = ShardLocks(settings.database_url, first=shards.first, last=shards.last, count=shards.count)
        stack.push_async_callback(locks.release)
        try:
            await locks.take()
        except ShardsTaken as error:
            raise AnotherInstance(str(error)) from error
    if settings.is_shared and role is not ProcessRole.GATEWAY:
        presence = Presence(settings.database_url, name)
        stack.push_async_callback(presence.hide)
        await presence.show()
    return Post(role=role, name=name, presence=presence, shards=shards, locks=locks)
