"""The composition root: puts the rooms together, storage below, studio and production on it, Discord on top."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bot.app.backup import BackupKeeper
from bot.app.drawing import drawing_of, easels_of
from bot.app.house import house_loops, house_surfaces
from bot.app.means import caps_of, ears_of, house_rules, kept_here, minds_of, offer_of, sound_stage
from bot.app.members import surfaces_for_members
from bot.app.operating import admin_of, keyring_of
from bot.app.overview import overview_of, server_of
from bot.app.pools import heard_by
from bot.app.post import Post
from bot.app.service import Loop, Service
from bot.app.standings import Standings
from bot.app.upkeep import keep_store_tidy, warn_of_endings
from bot.app.watchdog import Watchdog
from bot.app.ways_in import ways_in
from bot.db import Database
from bot.jobs.engine import Engine
from bot.jobs.ledger import Ledger
from bot.jobs.liveness import Liveness
from bot.jobs.presence import claim_alone
from bot.jobs.relay import Relay
from bot.jobs.spacing import Spacing
from bot.jobs.wake import Wake
from bot.log import Scrubber
from bot.media.download import AttachmentDownloader
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits
from bot.production.announcements import Announcements
from bot.production.approvals import Approvals
from bot.production.camera import Camera, Rig
from bot.production.chronicle import Chronicle
from bot.production.cut import Cutter
from bot.production.decisions import Decisions
from bot.production.deletions import Deletions
from bot.production.dispatcher import Dispatcher
from bot.production.dms import Dms
from bot.production.drains import Drains
from bot.production.erasure import Erasure
from bot.production.film import FilmMaker
from bot.production.forgetting import Forgetting
from bot.production.forks import Forks
from bot.production.latecomers import Latecomers
from bot.production.productions import Productions
from bot.production.prospects import Prospects
from bot.production.reports import Reports
from bot.production.retention import Keep, Retention
from bot.production.switches import Switches
from bot.production.takebook import TakeBook
from bot.production.write_offs import WriteOffs
from bot.settings import Settings
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.account_limits import unknown_models
from bot.studio.analyst import Analyst
from bot.studio.answers import Answers
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets
from bot.studio.conversations import Conversations
from bot.studio.departures import Departures
from bot.studio.director import Director
from bot.studio.examiner import Examiner
from bot.studio.guilds import Guilds
from bot.studio.limiter import Limiter
from bot.studio.minds import Minds
from bot.studio.participants import Participants
from bot.studio.planner import Planner
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import FilmRights
from bot.studio.shards import Shards
from bot.studio.sightings import Sightings
from bot.studio.softening import Softener
from bot.studio.tongues import Tongues
from bot.studio.versions import Versions
from bot.ui import commands
from bot.ui.admin.diagnose import Diagnose
from bot.ui.anew import Anew
from bot.ui.announcing import Announcer
from bot.ui.card_rows import CardRows
from bot.ui.carrying import Carrier
from bot.ui.channel_rows import ChannelRows
from bot.ui.client import Greenlight
from bot.ui.comings import Comings
from bot.ui.delivery import Delivery
from bot.ui.desk import Desk
from bot.ui.direct import DirectMessages
from bot.ui.doors import Doors
from bot.ui.drafting import DraftSurface
from bot.ui.entrance import Entrance
from bot.ui.film_looks import FilmLooks
from bot.ui.history import History
from bot.ui.library import Library
from bot.ui.manners import Manners
from bot.ui.missed import Missed
from bot.ui.people import People
from bot.ui.previews import Previews
from bot.ui.progress import CardKeeper
from bot.ui.replies import words_for_failure
from bot.ui.retakes import Retakes
from bot.ui.returns import Returns
from bot.ui.rights import Rights
from bot.ui.safer_words import SaferWords
from bot.ui.sharded import IDENTIFY_EVERY, ShardedGreenlight
from bot.ui.standing import standing
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu
from bot.ui.talk import Talk
from bot.ui.talk_facts import TalkReader
from bot.ui.unposting import Unposting
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool, OpenOperation

logger = logging.getLogger(__name__)


async def build(
    settings: Settings,
    ffmpeg: Ffmpeg,
    database: Database,
    pools: dict[str, KeyPool],
    limiter: Limiter,
    providers: Providers,
    downloader: AttachmentDownloader,
    files: Files,
    store: ObjectStore | None,
    post: Post,
) -> Service:
    """Put the rooms together: storage below, studio and production on it, Discord on top."""
    catalogue = Catalogue.load()
    for name, provider in settings.providers.items():
        for model in sorted(unknown_models(catalogue, provider)):
            logger.warning("limits for a model that is not offered", extra={"provider": name, "model": model})
    changed = Wake()
    scrubber = Scrubber(settings.secrets())
    ledger = Ledger(database, scrub=scrubber.scrub, is_shared=settings.is_shared)
    projects = Projects(database, shards=post.shards)
    pseudonyms = Pseudonyms(settings.discord.token)
    budgets = Budgets(database, caps_of(settings), pseudonyms=pseudonyms)
    productions = Productions(database, changed, budgets=budgets, shards=post.shards)
    switches, drains = Switches(database, changed), Drains(database, changed)
    guilds = Guilds(database)
    blocks = Blocks(database, pseudonyms=pseudonyms)
    reports = Reports(database, changed)
    departures = Departures(database, shards=post.shards)
    rules = house_rules(settings, database, guilds, blocks)
    keyring = keyring_of(settings, database, pools, providers, changed, scrubber)
    await limiter.look()
    await keyring.look()  # before anything is counted: films may have orders open with keys that the settings lack
    if post.works:
        await _restore_room(ledger, productions, pools)
    engine = Engine(
        settings.database_url if settings.is_shared else settings.data_dir / "engine.sqlite3",
        worker=post.worker or "single",
    )

    claim = post.presence.claim if post.presence is not None else claim_alone
    minds = Minds(minds_of(settings, catalogue, providers, pools), Answers(database, catalogue))
    write_offs = WriteOffs(database, settings.ambiguous_retry_microusd, budgets=budgets)
    stage = sound_stage(catalogue, providers, pools, ledger, files, ffmpeg, switches, database, budgets, write_offs)
    offered = partial(catalogue.video_models, settings.providers.keys())
    book = TakeBook(database, catalogue, files)
    chronicle = Chronicle(
        productions,
        place=lambda production_id: dispatcher.position(production_id),  # noqa: PLW0108  # built further down
        words=words_for_failure,
    )
    director = Director(minds, catalogue, models=offered, voices=stage.voices, takes=book, chronicle=chronicle)
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
    rigs = {name: Rig(provider=video, pool=pools[name]) for name, video in providers.video.items()}
    film_maker = FilmMaker(
        engine=engine,
        ledger=ledger,
        projects=projects,
        productions=productions,
        camera=Camera(
            rigs,
            ledger,
            productions,
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
        give_back=film_maker.give_back,
        at_once=settings.max_films_at_once if post.works else 0,
        worker=post.worker,
        switches=switches,
    )
    offer = offer_of(settings, catalogue, stage.offer, can_plan=bool(minds))
    approvals = Approvals(
        database,
        productions,
        budgets,
        changed,
        operators=settings.discord.operator_ids,
        approver_roles=settings.money.approver_role_ids,
        guilds=guilds,
    )
    decisions = Decisions(database, productions, changed, operators=settings.discord.operator_ids)
    deletions = Deletions(database, changed, pseudonyms)
    preferences = PreferenceRows(database)
    desk = Desk(
        preferences=preferences,
        projects=projects,
        productions=productions,
        catalogue=catalogue,
        offer=offer,
        operators=settings.discord.operator_ids,
        changed=changed,
        voices=stage.voices,
        readings=stage.readings,
        decisions=decisions,
        switches=switches,
        drains=drains,
        budgets=budgets,
        approvals=approvals,
        library=Library(database, productions, deletions, kept_here(settings, store)),
        files=files,
        rights=FilmRights(database),
        require_room=files.require_room,
        guilds=guilds,
        allows_adult=settings.safety.allows_adult,
        rules=rules,
        has_upload=lambda asset: files.is_kept(files.upload(asset.id, asset.suffix.removeprefix("."))),
    )
    latecomers = Latecomers(database, ledger, productions, rigs, ffmpeg, files, changed)
    watchdog = Watchdog()
    standings = Standings(providers.readers, pools, heard_by(pools, limiter))
    overview = overview_of(settings, post, database, pools, budgets, catalogue, standings, watchdog)
    rights = Rights(settings.discord.operator_ids)
    versions = Versions(projects, desk.price, changed)
    participants = Participants(database, changed)
    forks = Forks(database, files, catalogue, stage.offer, changed)
    retakes = Retakes(desk, projects, book, changed)
    dms = Dms(database, changed, shards=post.shards)
    direct = DirectMessages(dms, projects, preferences)
    announcements = Announcements(database, changed, shards=post.shards)
    card_rows = CardRows(database, shards=post.shards)
    previews = Previews(files, ffmpeg)
    drawing = drawing_of(
        easels_of(catalogue, providers, pools, ledger, switches, write_offs),
        database=database,
        budgets=budgets,
        ledger=ledger,
        changed=changed,
        claim=claim,
        desk=desk,
        projects=projects,
        productions=productions,
        catalogue=catalogue,
        rows=card_rows,
        files=files,
        ffmpeg=ffmpeg,
        switches=switches,
    )
    surfaces: list[Surface] = [
        *surfaces_for_members(
            database, desk, productions, dispatcher, switches, catalogue, pools, preferences, settings.data_dir
        ),
        direct,
        Anew(desk, projects, retakes),
        History(desk, projects, versions, forks),
        People(desk, projects, participants),
        admin_of(
            rights,
            Diagnose(rights, rules, blocks, budgets, productions, overview.collector, offer),
            database=database,
            changed=changed,
            desk=desk,
            projects=projects,
            productions=productions,
            dispatcher=dispatcher,
            switches=switches,
            budgets=budgets,
            blocks=blocks,
            pseudonyms=pseudonyms,
            keyring=keyring,
            announcements=announcements,
            overview=overview,
            catalogue=catalogue,
            pools=pools,
            limiter=limiter,
        ),
        *house_surfaces(settings, database, rules, rights, blocks, reports),
        SaferWords(projects, productions, Softener(minds, catalogue), changed, desk.rights, budgets),
        drawing.surface,
        DraftSurface(desk),
        FilmLooks(desk, productions, projects, previews, catalogue),
    ]
    surfaces += ways_in(database, projects, budgets, desk, changed)
    client = _client(
        post.shards,
        database,
        desk=desk,
        projects=projects,
        sync_mark=settings.data_dir / "commands.sha256",
        takes=TakesMenu(retakes, previews),
        returns=Returns(productions.outbox, Comings(departures)),
        surfaces=surfaces,
        entrance=Entrance(rules),
    )
    for add_to in commands.EVERY:
        add_to(client)
    if post.talks:
        overview.collector.discord = partial(standing, client)
    keeper = CardKeeper(
        client=client,
        rows=card_rows,
        projects=projects,
        productions=productions,
        sightings=sightings,
        dispatcher=dispatcher,
        catalogue=catalogue,
        desk=desk,
        pools=pools,
        prospects=Prospects(database, dispatcher, switches),
        talk=TalkReader(participants, versions, lambda: client.hears_all),
        extras=drawing.extras,
    )
    delivery = Delivery(
        client=client,
        projects=projects,
        productions=productions,
        channels=ChannelRows(database),
        files=files,
        carrier=Carrier(files=files, ffmpeg=ffmpeg, store=store),
        manners=Manners(client, preferences, guilds),
        dms=dms,
        real_price=drawing.extras.real_price,
    )
    conversations = Conversations(
        projects,
        director,
        Talk(client, projects.showing),
        changed,
        versions,
        examiner=Examiner(minds, projects, sightings, analyst, files),
    )
    service = Service(
        client=client,
        token=settings.discord.token,
        engine=engine if post.works else None,
        ledger=ledger,
        dispatcher=dispatcher,
        changed=changed,
    )
    service.pool_loops = [
        Loop(name="watchdog", run=lambda _: watchdog.run()),
        *(_keeping(name, pool) for name, pool in pools.items()),
        Loop(name="standings", run=lambda _: standings.run()),
        Loop(name="samples", run=lambda _: overview.sampler.run()),
        Loop(name="endings", run=lambda _: warn_of_endings(catalogue, settings.providers.keys())),
        Loop(name="store", run=lambda _: keep_store_tidy(store, settings.storage.keep_stored_films)),
    ]
    service.loops = [
        Loop(name="dispatcher", run=dispatcher.run),
        Loop(name="keyring", run=keyring.run),
        Loop(name="limiter", run=limiter.run),
        *_between_processes(settings, post, database, files, pseudonyms, engine, productions, changed),
    ]
    if settings.ops.port:
        server = server_of(settings, post, database, pools, overview, service)
        service.pool_loops.append(Loop(name="ops", run=lambda _: server.run()))
    if post.works or files.sharing is not None:  # whoever has files of its own
        keep = Keep(
            uploads=settings.storage.keep_uploads, clips=settings.storage.keep_clips, films=settings.storage.keep_films
        )
        retention = Retention(database, files, keep)
        service.pool_loops.append(Loop(name="retention", run=lambda _: retention.run()))
    if post.works:
        backups = BackupKeeper(settings, database, store, claim=claim)
        service.pool_loops.append(Loop(name="backups", run=lambda _: backups.run()))
        erasure = Erasure(
            database,
            deletions,
            productions,
            decisions,
            engine=engine,
            rigs=rigs,
            files=files,
            store=store,
            pseudonyms=pseudonyms,
            changed=changed,
            claim=claim,
        )
        service.loops += [
            Loop(name="planner", run=planner.run),
            Loop(name="illustrator", run=drawing.illustrator.run),
            Loop(name="latecomers", run=latecomers.run),
            Loop(name="approvals", run=approvals.run),
            Loop(name="departures", run=lambda _: departures.run()),
            Loop(name="erasure", run=erasure.run),
        ]
    if not post.talks:
        service.token = None
        return service
    service.discord_loops = [
        Loop(name="threads", run=client.threads.run),
        Loop(name="cards", run=keeper.run),
        Loop(name="missed", run=Missed(client, projects).run),
        Loop(name="conversations", run=conversations.run),
        Loop(name="delivery", run=delivery.run),
        Loop(name="direct messages", run=lambda listener: direct.run(client, listener)),
        *house_loops(settings, database, client, rules, budgets, reports, drains, overview, claim),
        Loop(name="announcements", run=Announcer(client, announcements).run),
        Loop(name="unposting", run=Unposting(client, database, deletions).run),
    ]
    return service


def _client(
    shards: Shards,
    database: Database,
    *,
    desk: Desk,
    projects: Projects,
    sync_mark: Path,
    takes: TakesMenu,
    returns: Returns,
    surfaces: Sequence[Surface],
    entrance: Entrance,
) -> Greenlight:
    tongues = Tongues(database, PreferenceRows(database), Guilds(database))
    doors = Doors(lambda: database.waiting, entrance, tongues)
    if shards.count == 1:
        return Greenlight(
            desk=desk,
            projects=projects,
            sync_mark=sync_mark,
            takes=takes,
            returns=returns,
            doors=doors,
            surfaces=surfaces,
        )
    return ShardedGreenlight(
        desk=desk,
        projects=projects,
        sync_mark=sync_mark,
        takes=takes,
        returns=returns,
        doors=doors,
        surfaces=surfaces,
        shards=shards,
        identifying=Spacing(database, IDENTIFY_EVERY),
    )


def _between_processes(
    settings: Settings,
    post: Post,
    database: Database,
    files: Files,
    pseudonyms: Pseudonyms,
    engine: Engine,
    productions: Productions,
    changed: Wake,
) -> list[Loop]:
    """What processes that share a database do for each other."""
    loops = []
    if files.sharing is not None:
        loops.append(Loop(name="forgetting", run=lambda _: Forgetting(database, files, pseudonyms).run()))
    if settings.is_shared:
        loops.append(Loop(name="relay", run=Relay(settings.database_url, post.name, changed).run))
    if post.locks is not None:
        loops.append(Loop(name="shards", run=post.locks.run))
    if post.presence is not None:
        loops.append(Loop(name="liveness", run=Liveness(post.presence, engine, productions, changed).run))
    return loops


def _keeping(name: str, pool: KeyPool) -> Loop:
    """The pool's journeys to its store."""
    return Loop(name=f"pool {name}", run=lambda _: pool.run())


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
