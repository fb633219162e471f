"""What makes films: the rows of productions, the line, the camera and the cutting room, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.app.means import SoundStage, sound_stage
from bot.app.post import Post
from bot.db import Database
from bot.jobs.engine import Engine
from bot.jobs.ledger import Ledger
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.camera import Camera, Rig
from bot.production.cut import Cutter
from bot.production.dispatcher import Dispatcher
from bot.production.film import FilmMaker
from bot.production.lifecycle import Lifecycle
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.production.switches import Switches
from bot.production.write_offs import WriteOffs
from bot.settings import Settings
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.projects import Projects
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool, OpenOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    engine: Engine
    productions: Productions
    lifecycle: Lifecycle
    outbox: Outbox
    switches: Switches
    write_offs: WriteOffs
    stage: SoundStage
    rigs: Mapping[str, Rig]
    dispatcher: Dispatcher


def making_of(
    settings: Settings,
    post: Post,
    *,
    database: Database,
    changed: Wake,
    ledger: Ledger,
    projects: Projects,
    budgets: Budgets,
    catalogue: Catalogue,
    providers: Providers,
    pools: dict[str, KeyPool],
    files: Files,
    ffmpeg: Ffmpeg,
) -> Making:
    """Every process has it, as all look at films; only who works makes any."""
    productions = Productions(database)
    lifecycle = Lifecycle(database, changed, budgets=budgets)
    switches = Switches(database, changed)
    engine = Engine(
        settings.database_url if settings.is_shared else settings.data_dir / "engine.sqlite3",
        worker=post.worker or "single",
    )
    write_offs = WriteOffs(database, settings.ambiguous_retry_microusd, budgets=budgets)
    stage = sound_stage(catalogue, providers, pools, ledger, files, ffmpeg, switches, database, budgets, write_offs)
    rigs = {name: Rig(provider=video, pool=pools[name]) for name, video in providers.video.items()}
    film_maker = FilmMaker(
        engine=engine,
        ledger=ledger,
        projects=projects,
        productions=productions,
        lifecycle=lifecycle,
        camera=Camera(
            rigs,
            ledger,
            lifecycle,
            ffmpeg,
            write_offs=write_offs,
            switches=switches,
            files=files,
            until_room=files.until_room,
        ),
        cutter=Cutter(ffmpeg, files),
        sounds=stage.sounds,
        rigs=rigs,
        catalogue=catalogue,
        ffmpeg=ffmpeg,
        files=files,
        worker=post.worker,
    )
    dispatcher = Dispatcher(
        engine,
        productions,
        lifecycle,
        give_back=film_maker.give_back,
        at_once=settings.max_films_at_once if post.works else 0,
        worker=post.worker,
        switches=switches,
    )
    return Making(
        engine=engine,
        productions=productions,
        lifecycle=lifecycle,
        outbox=Outbox(database, changed, shards=post.shards),
        switches=switches,
        write_offs=write_offs,
        stage=stage,
        rigs=rigs,
        dispatcher=dispatcher,
    )


async def restore_room(ledger: Ledger, productions: Productions, pools: Mapping[str, KeyPool]) -> None:
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
