"""The composition root: puts the rooms together, storage below, studio and production on it, Discord on top."""

from __future__ import annotations

import logging
from functools import partial

from bot.app.backup import BackupKeeper
from bot.app.drawing import drawing_of, easels_of
from bot.app.front import client_of
from bot.app.house import house_loops, house_surfaces
from bot.app.making import making_of, restore_room
from bot.app.means import caps_of, house_rules, kept_here, offer_of
from bot.app.members import surfaces_for_members
from bot.app.operating import admin_of, keyring_of
from bot.app.overview import overview_of, server_of
from bot.app.planning import planning_of
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
from bot.jobs.wake import Wake
from bot.log import Scrubber
from bot.media.download import AttachmentDownloader
from bot.media.ffmpeg import Ffmpeg
from bot.production.announcements import Announcements
from bot.production.approvals import Approvals
from bot.production.decisions import Decisions
from bot.production.deletions import Deletions
from bot.production.dms import Dms
from bot.production.drains import Drains
from bot.production.erasure import Erasure
from bot.production.forgetting import Forgetting
from bot.production.forks import Forks
from bot.production.greenlights import Greenlights
from bot.production.latecomers import Latecomers
from bot.production.lifecycle import Lifecycle
from bot.production.prospects import Prospects
from bot.production.reports import Reports
from bot.production.retention import Keep, Retention
from bot.settings import Settings
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.account_limits import unknown_models
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets
from bot.studio.conversations import Conversations
from bot.studio.departures import Departures
from bot.studio.guilds import Guilds
from bot.studio.limiter import Limiter
from bot.studio.participants import Participants
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import FilmRights
from bot.studio.softening import Softener
from bot.studio.versions import Versions
from bot.ui.admin.diagnose import Diagnose
from bot.ui.anew import Anew
from bot.ui.announcing import Announcer
from bot.ui.away import Away
from bot.ui.card_rows import CardRows
from bot.ui.carrying import Carrier
from bot.ui.channel_rows import ChannelRows
from bot.ui.comings import Comings
from bot.ui.delivery import Delivery
from bot.ui.desk import Desk
from bot.ui.direct import DirectMessages
from bot.ui.drafting import DraftSurface
from bot.ui.entrance import Entrance
from bot.ui.film_looks import FilmLooks
from bot.ui.history import History
from bot.ui.library import Library
from bot.ui.manners import Manners
from bot.ui.missed import Missed
from bot.ui.people import People
from bot.ui.postponed import Postponed
from bot.ui.previews import Previews
from bot.ui.progress import CardKeeper
from bot.ui.retakes import Retakes
from bot.ui.returns import Returns
from bot.ui.rights import Rights
from bot.ui.safer_words import SaferWords
from bot.ui.standing import standing
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu
from bot.ui.talk import Talk
from bot.ui.talk_facts import TalkReader
from bot.ui.unposting import Unposting
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool

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
    drains = Drains(database, changed)
    guilds = Guilds(database)
    blocks = Blocks(database, pseudonyms=pseudonyms)
    reports = Reports(database, changed, budgets=budgets)
    departures = Departures(database, shards=post.shards)
    rules = house_rules(settings, database, guilds, blocks)
    keyring = keyring_of(settings, database, pools, providers, changed, scrubber)
    await limiter.look()
    await keyring.look()  # before anything is counted: films may have orders open with keys that the settings lack
    making = making_of(
        settings,
        post,
        database=database,
        changed=changed,
        ledger=ledger,
        projects=projects,
        budgets=budgets,
        catalogue=catalogue,
        providers=providers,
        pools=pools,
        files=files,
        ffmpeg=ffmpeg,
    )
    productions, lifecycle, outbox = making.productions, making.lifecycle, making.outbox
    dispatcher, switches, stage = making.dispatcher, making.switches, making.stage
    if post.works:
        await restore_room(ledger, productions, pools)
    claim = post.presence.claim if post.presence is not None else claim_alone
    planning = planning_of(
        settings,
        making,
        database=database,
        changed=changed,
        claim=claim,
        projects=projects,
        catalogue=catalogue,
        providers=providers,
        pools=pools,
        downloader=downloader,
        files=files,
        ffmpeg=ffmpeg,
    )
    offer = offer_of(settings, catalogue, stage.offer, can_plan=bool(planning.minds))
    approvals = Approvals(
        database,
        productions,
        budgets,
        changed,
        operators=settings.discord.operator_ids,
        approver_roles=settings.money.approver_role_ids,
        guilds=guilds,
    )
    decisions = Decisions(database, productions, lifecycle, changed, operators=settings.discord.operator_ids)
    deletions = Deletions(database, changed, pseudonyms)
    preferences = PreferenceRows(database)
    library = Library(database, productions, outbox, deletions, kept_here(settings, store))
    desk = Desk(
        preferences=preferences,
        projects=projects,
        productions=productions,
        greenlights=Greenlights(database, changed, budgets=budgets),
        lifecycle=lifecycle,
        outbox=outbox,
        catalogue=catalogue,
        offer=offer,
        operators=settings.discord.operator_ids,
        changed=changed,
        voices=stage.voices,
        decisions=decisions,
        switches=switches,
        drains=drains,
        budgets=budgets,
        approvals=approvals,
        library=library,
        files=files,
        rights=FilmRights(database),
        require_room=files.require_room,
        guilds=guilds,
        allows_adult=settings.safety.allows_adult,
        rules=rules,
        away=Away(pools),
        has_upload=lambda asset: files.is_kept(files.upload(asset.id, asset.suffix.removeprefix("."))),
    )
    latecomers = Latecomers(database, ledger, lifecycle, making.rigs, ffmpeg, files, changed)
    watchdog = Watchdog()
    standings = Standings(providers.readers, pools, heard_by(pools, limiter))
    overview = overview_of(settings, post, database, pools, budgets, catalogue, standings, watchdog)
    rights = Rights(settings.discord.operator_ids)
    versions = Versions(projects, desk.pricing.price, changed)
    participants = Participants(database, changed)
    forks = Forks(database, files, catalogue, stage.offer, changed)
    retakes = Retakes(desk, projects, planning.book, changed)
    dms = Dms(database, changed, shards=post.shards)
    direct = DirectMessages(dms, projects, preferences)
    announcements = Announcements(database, changed, shards=post.shards)
    card_rows = CardRows(database, shards=post.shards)
    previews = Previews(files, ffmpeg)
    drawing = drawing_of(
        easels_of(catalogue, providers, pools, ledger, switches, making.write_offs),
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
        reports=reports,
        hears_all=lambda: client.hears_all,
    )
    postponed = Postponed()
    surfaces: list[Surface] = [
        *surfaces_for_members(
            database=database,
            desk=desk,
            library=library,
            productions=productions,
            dispatcher=dispatcher,
            switches=switches,
            budgets=budgets,
            catalogue=catalogue,
            pools=pools,
            preferences=preferences,
            readings=stage.readings,
            data_dir=settings.data_dir,
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
            lifecycle=lifecycle,
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
        *house_surfaces(settings, database, rules, rights, blocks, reports, postponed),
        SaferWords(
            projects,
            productions,
            Softener(planning.minds, catalogue),
            changed,
            desk.rights,
            budgets,
            drawing.storyboards,
        ),
        drawing.surface,
        DraftSurface(desk),
        FilmLooks(desk, productions, projects, previews, catalogue),
    ]
    surfaces += ways_in(database, projects, budgets, desk, changed)
    client = client_of(
        post.shards,
        database,
        desk=desk,
        projects=projects,
        sync_mark=settings.data_dir / "commands.sha256",
        takes=TakesMenu(retakes, previews),
        returns=Returns(outbox, Comings(departures)),
        surfaces=surfaces,
        entrance=Entrance(rules, postponed=postponed),
    )
    if post.talks:
        overview.collector.discord = partial(standing, client)
    keeper = CardKeeper(
        client=client,
        rows=card_rows,
        projects=projects,
        productions=productions,
        sightings=planning.sightings,
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
        lifecycle=lifecycle,
        outbox=outbox,
        channels=ChannelRows(database),
        files=files,
        carrier=Carrier(files=files, ffmpeg=ffmpeg, store=store),
        manners=Manners(client, preferences, guilds),
        dms=dms,
        real_price=drawing.extras.real_price,
        hears_all=lambda: client.hears_all,
    )
    conversations = Conversations(
        projects,
        planning.director,
        Talk(client, projects.showing),
        changed,
        versions,
        examiner=planning.examiner,
    )
    service = Service(
        client=client,
        token=settings.discord.token,
        engine=making.engine if post.works else None,
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
        *_between_processes(settings, post, database, files, pseudonyms, making.engine, lifecycle, changed),
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
            lifecycle,
            decisions,
            engine=making.engine,
            rigs=making.rigs,
            files=files,
            store=store,
            pseudonyms=pseudonyms,
            changed=changed,
            claim=claim,
        )
        service.loops += [
            Loop(name="planner", run=planning.planner.run),
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


def _between_processes(
    settings: Settings,
    post: Post,
    database: Database,
    files: Files,
    pseudonyms: Pseudonyms,
    engine: Engine,
    lifecycle: Lifecycle,
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
        loops.append(Loop(name="liveness", run=Liveness(post.presence, engine, lifecycle, changed).run))
    return loops


def _keeping(name: str, pool: KeyPool) -> Loop:
    """The pool's journeys to its store."""
    return Loop(name=f"pool {name}", run=lambda _: pool.run())
