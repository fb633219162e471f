"""Brings a film from what was asked to its first plan: fetch the video, look at it, write. Restartable at any point.

An analysis goes the same way and ends where its video was looked at: what was seen is the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from bot.db import AWAY
from bot.jobs.presence import claim_alone
from bot.jobs.wake import Listener, Wake
from bot.media.download import AttachmentDownloader
from bot.media.errors import MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.media.rewrap import rewrap
from bot.speech import speak
from bot.storage.errors import StorageError
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.casting import cast
from bot.studio.director import Director
from bot.studio.errors import NoSuchFilm, StudioError, VideoMissing
from bot.studio.model import Analysis, Asset, Attachment, Project, ProjectKind
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from bot.studio.stills import measured
from providers.catalogue import Catalogue
from providers.errors import ProviderError
from ratelimit import RateLimitError

logger = logging.getLogger(__name__)

Claim = Callable[[str], AbstractAsyncContextManager[bool]]

LOOK_EVERY = 5.0
#: Films planned at once; what they wait for is mostly the pool.
AT_ONCE = 8


class Planner:
    """Plans every film that was asked for and has no plan yet."""

    def __init__(
        self,
        *,
        projects: Projects,
        sightings: Sightings,
        analyst: Analyst,
        director: Director,
        catalogue: Catalogue,
        downloader: AttachmentDownloader,
        ffmpeg: Ffmpeg,
        limits: MediaLimits,
        files: Files,
        changed: Wake,
        claim: Claim = claim_alone,
    ) -> None:
        self._projects = projects
        self._sightings = sightings
        self._analyst = analyst
        self._director = director
        self._catalogue = catalogue
        self._downloader = downloader
        self._ffmpeg = ffmpeg
        self._limits = limits
        self._files = files
        self._changed = changed
        self._claim = claim
        self._busy: set[str] = set()

    async def run(self, listener: Listener) -> None:
        """Plan until cancelled. Which films wait is in the rows, so a restart goes on where this stopped."""
        async with asyncio.TaskGroup() as group:
            while True:
                for project in await self._projects.unfinished():
                    if project.id not in self._busy and len(self._busy) < AT_ONCE:
                        self._busy.add(project.id)
                        group.create_task(self._plan_one(project))
                await listener.wait(LOOK_EVERY)

    async def _plan_one(self, project: Project) -> None:
        speak(project.language)
        try:
            async with self._claim(f"plan {project.id}") as is_ours:
                if not is_ours or not (await self._projects.get(project.id)).is_unfinished:
                    return  # another worker has it, or has just had it
                await self._plan_claimed(project)
            self._changed()
        except NoSuchFilm:
            logger.info("deleted before it was planned", extra={"project": project.id})
        except AWAY as error:
            logger.warning("planned later", extra={"project": project.id, "error": type(error).__name__})
        finally:
            self._busy.discard(project.id)

    async def _plan_claimed(self, project: Project) -> None:
        try:
            await self.plan(project)
        except AWAY:
            raise
        except (StudioError, MediaError, StorageError, ProviderError, RateLimitError) as error:
            logger.warning(
                "no plan", extra={"project": project.id, "error": type(error).__name__, "detail": str(error)}
            )
            await self._projects.fail(project.id, failure_of(error))
        except Exception:
            # One film must not end the planning of the others.
            logger.exception("planning failed by a fault of ours", extra={"project": project.id})
            await self._projects.fail(project.id, "Bug")

    async def plan(self, project: Project) -> None:
        """Do what is left to do for one film, and keep its plan. Raises what the rooms below raise."""
        asset = await self._asset(project)
        if project.kind is ProjectKind.ANALYSIS:
            await self._report(project, asset)
            return
        analysis = await self._seen(project, asset) if asset is not None else None
        if asset is not None:
            project = await self._projects.get(project.id)
            self._changed()
        plan = await self._projects.plan(project.id)
        if plan is None:
            plan = await self._director.draft(project, analysis)
            cast(plan, self._catalogue, asset_id=project.asset_id)  # a plan that nobody can make is no plan
            await self._projects.keep_plan(project.id, plan)
        else:
            # The video came later, into a film that was planned: the next words about it will know it.
            await self._projects.reopen(project.id)

    async def _report(self, project: Project, asset: Asset | None) -> None:
        """Answer what was asked about a video."""
        if asset is None:
            raise VideoMissing
        analysis = await self._analyse(project, asset)
        await self._sightings.keep(project.id, await self._with_cuts(analysis, asset), is_answer=True)

    async def _with_cuts(self, analysis: Analysis, asset: Asset) -> Analysis:
        """With the cuts measured here, which a model only guesses; without where that fails."""
        if analysis.cuts is not None:
            return analysis
        try:
            found = await measured(self._ffmpeg, self._kept(asset))
        except (MediaError, OSError) as error:  # it may have been swept meanwhile, and what was seen is there
            logger.warning("cuts not measured", extra={"asset": asset.id, "error": type(error).__name__})
            return analysis
        return replace(analysis, cuts=tuple(found.cuts))

    async def _seen(self, project: Project, asset: Asset) -> Analysis:
        """What a film's video shows: what was seen of it before where it follows an analysis, else looked at now."""
        if project.attachment is None and (known := await self._sightings.of(project.id)) is not None:
            return known
        analysis = await self._analyse(project, asset)
        await self._sightings.keep(project.id, analysis)
        return analysis

    async def _asset(self, project: Project) -> Asset | None:
        if project.attachment is not None:
            return await self._fetch(project, project.attachment)
        return await self._projects.asset(project.asset_id) if project.asset_id is not None else None

    async def _fetch(self, project: Project, attachment: Attachment) -> Asset:
        self._files.require_room(attachment.bytes)
        with self._files.work_dir() as desk:
            unchecked = desk / "upload"
            fetched = await self._downloader.fetch(attachment.url, unchecked, max_bytes=self._limits.max_bytes)
            if await rewrap(self._ffmpeg, unchecked, desk / "rewrapped.mp4", self._limits):
                unchecked = desk / "rewrapped.mp4"
            found = await probe(self._ffmpeg, unchecked, self._limits)
            asset = Asset(
                id=fetched.sha256,
                suffix=f".{found.kind}",
                bytes=found.size,
                duration=found.duration,
                width=found.width,
                height=found.height,
                fps=found.fps,
                has_audio=found.has_audio,
            )
            kept = self._files.upload(asset.id, found.kind)
            await asyncio.to_thread(self._files.keep, unchecked, kept)
        await self._files.share(kept)
        await self._projects.keep_asset(project.id, asset, attachment)
        self._changed()
        return asset

    async def _analyse(self, project: Project, asset: Asset) -> Analysis:
        path = self._kept(asset)
        await self._files.here(path)
        return await self._analyst.analyse(asset, path, project.idea, user=str(project.owner_id))

    def _kept(self, asset: Asset) -> Path:
        return self._files.upload(asset.id, asset.suffix.removeprefix("."))


def failure_of(error: Exception) -> str:
    """What a row keeps of a failure: its class, and the reason where a class has several. Words are made by the UI."""
    reason = getattr(error, "reason", None)
    limit = getattr(error, "limit", None)
    parts = [type(error).__name__, "" if reason is None else str(reason), "" if limit is None else f"{limit:g}"]
    return ":".join(parts).rstrip(":")
