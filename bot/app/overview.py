"""What operators see of this process: where it stands, and who is asked how it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.app.post import Post
from bot.app.service import Service
from bot.app.standings import Standings
from bot.app.watchdog import Watchdog
from bot.db import Database, file_of
from bot.ops.readiness import database_answers, holds
from bot.ops.server import OpsServer
from bot.settings import Settings
from bot.status.chart import Charts
from bot.status.collector import Collector, Place
from bot.status.sampler import Sampler
from bot.status.samples import Samples
from bot.studio.budget import Budgets
from bot.ui.standing import standing
from providers.catalogue import Catalogue
from ratelimit import KeyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What operators look at: how it stands, and how the last day went."""

    collector: Collector
    samples: Samples
    sampler: Sampler
    charts: Charts


def overview_of(
    settings: Settings,
    post: Post,
    database: Database,
    pools: Mapping[str, KeyPool],
    budgets: Budgets,
    catalogue: Catalogue,
    standings: Standings,
    watchdog: Watchdog,
) -> Overview:
    """What operators see of this process and, in rows, of all."""
    place = Place(
        name=post.name,
        role=post.role.value,
        shards=str(post.shards) if post.talks else "",
        data_dir=settings.data_dir,
        database_file=file_of(settings.database_url),
        reserve_bytes=settings.storage.min_free_bytes,
        queue_promise=settings.queue_promise,
        backup_dir=settings.storage.backup_dir,
        backup_every=settings.storage.backup_every if post.works else None,  # who works makes them, maybe elsewhere
    )
    collector = Collector(
        place,
        database,
        pools,
        budgets,
        catalogue,
        standings=standings.latest,
        late=watchdog.late,
    )
    samples = Samples(database)
    return Overview(
        collector=collector,
        samples=samples,
        sampler=Sampler(collector, samples, pools),
        charts=Charts(samples, settings.data_dir / "cache"),
    )


def server_of(
    settings: Settings,
    post: Post,
    database: Database,
    pools: Mapping[str, KeyPool],
    overview: Overview,
    service: Service,
) -> OpsServer:
    """Serves it over HTTP. Ready is who can do the part of his post."""
    questions = {"database": database_answers(database)}
    if post.talks:
        questions["discord"] = holds(lambda: standing(service.client).is_connected, "not connected")
    if post.works:
        questions["engine"] = holds(lambda: service.is_working, "not started")
    return OpsServer(settings.ops, overview.collector, overview.samples, pools, questions)
