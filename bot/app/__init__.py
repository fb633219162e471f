"""The bot as a whole: opens what it needs, builds, serves, and closes everything in the right order."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import discord
import yarl

from bot.app.build import attachment_bases, build, clip_hosts
from bot.app.pools import build_pools, heard_by
from bot.app.service import DiscordRefused
from bot.app.usage import SqliteUsageStore
from bot.db import open_database
from bot.media.download import AttachmentDownloader
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.settings import DiscordEndpoints, Settings
from bot.storage.files import Files
from providers.registry import open_providers

__all__ = ["AnotherInstance", "DiscordRefused", "run"]

logger = logging.getLogger(__name__)


class AnotherInstance(Exception):
    """The data directory is in use by another process."""


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
        pools = build_pools(settings.providers, settings.lending, SqliteUsageStore(database))
        cloud = settings.providers.get("vertex")
        providers = open_providers(
            {name: provider.base_url for name, provider in settings.providers.items()},
            download_hosts=clip_hosts(settings),
            voice_id=settings.voice_id,
            vertex_project=cloud.project if cloud is not None else None,
            vertex_location=cloud.location if cloud is not None else None,
            notice=heard_by(pools, settings.providers),
        )
        stack.push_async_callback(providers.close)
        downloader = await stack.enter_async_context(AttachmentDownloader(attachment_bases(settings)))
        files = Files(settings.data_dir)
        await files.sweep()
        service = await build(settings, stack, ffmpeg, database, pools, providers, downloader, files)
        await service.serve()


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
