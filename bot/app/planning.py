"""What thinks films up: the language models, who looks at videos, and who writes plans, put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bot.app.making import Making
from bot.app.means import ears_of, minds_of
from bot.db import Database
from bot.jobs.wake import Wake
from bot.media.download import AttachmentDownloader
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits
from bot.production.chronicle import Chronicle
from bot.production.takebook import TakeBook
from bot.settings import Settings
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.answers import Answers
from bot.studio.director import Director
from bot.studio.examiner import Examiner
from bot.studio.minds import Minds
from bot.studio.planner import Claim, Planner
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from bot.ui.replies import words_for_failure
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    minds: Minds
    book: TakeBook
    director: Director
    sightings: Sightings
    examiner: Examiner
    planner: Planner


def planning_of(
    settings: Settings,
    making: Making,
    *,
    database: Database,
    changed: Wake,
    claim: Claim,
    projects: Projects,
    catalogue: Catalogue,
    providers: Providers,
    pools: dict[str, KeyPool],
    downloader: AttachmentDownloader,
    files: Files,
    ffmpeg: Ffmpeg,
) -> Planning:
    minds = Minds(minds_of(settings, catalogue, providers, pools), Answers(database, catalogue))
    book = TakeBook(database, catalogue, files)
    director = Director(
        minds,
        catalogue,
        models=partial(catalogue.video_models, settings.providers.keys()),
        voices=making.stage.voices,
        takes=book,
        chronicle=Chronicle(making.productions, place=making.dispatcher.position, words=words_for_failure),
    )
    sightings = Sightings(database)
    analyst = Analyst(minds, projects, ffmpeg, files, ears_of(catalogue, providers, pools))
    planner = Planner(
        projects=projects,
        sightings=sightings,
        analyst=analyst,
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
        claim=claim,
    )
    return Planning(
        minds=minds,
        book=book,
        director=director,
        sightings=sightings,
        examiner=Examiner(minds, projects, sightings, analyst, files),
        planner=planner,
    )
