"""What operators run the bot with: the keys they change while it runs, and `/admin`."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot import log
from bot.app.overview import Overview
from bot.db import Database
from bot.jobs.wake import Wake
from bot.log import Scrubber
from bot.production.announcements import Announcements
from bot.production.dispatcher import Dispatcher
from bot.production.lifecycle import Lifecycle
from bot.production.moves import Moves
from bot.production.overseen import Overseer
from bot.production.productions import Productions
from bot.production.switches import Switches
from bot.settings import Settings
from bot.studio.audit import Audit
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets
from bot.studio.cap_book import CapBook
from bot.studio.key_book import KeyBook
from bot.studio.keyring import Keyring
from bot.studio.limiter import Limiter
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.sealing import Seal
from bot.ui.admin import Admin, Part
from bot.ui.admin.announce import Announce
from bot.ui.admin.audit import Book
from bot.ui.admin.budget import Budget
from bot.ui.admin.keys import Keys
from bot.ui.admin.limits import Limits
from bot.ui.admin.line import Queue
from bot.ui.admin.status import Status
from bot.ui.admin.switching import Switching
from bot.ui.admin.syncing import Syncing
from bot.ui.admin.user import User
from bot.ui.desk import Desk
from bot.ui.rights import Rights
from bot.ui.waits import Waits
from providers.catalogue import Catalogue
from providers.registry import Providers
from ratelimit import KeyPool


def keyring_of(
    settings: Settings,
    database: Database,
    pools: dict[str, KeyPool],
    providers: Providers,
    changed: Wake,
    scrubber: Scrubber,
) -> Keyring:
    """The keys as they are changed at run time; a new one is taken out of logs and rows from the moment it is told."""

    def learn(secret: str) -> None:
        scrubber.learn(secret)
        log.learn(secret)

    return Keyring(KeyBook(database), pools, Seal(settings.discord.token), providers.listers, changed, learn=learn)


def admin_of(
    rights: Rights,
    diagnose: Part,
    *,
    database: Database,
    changed: Wake,
    desk: Desk,
    projects: Projects,
    productions: Productions,
    lifecycle: Lifecycle,
    dispatcher: Dispatcher,
    switches: Switches,
    budgets: Budgets,
    blocks: Blocks,
    pseudonyms: Pseudonyms,
    keyring: Keyring,
    announcements: Announcements,
    overview: Overview,
    catalogue: Catalogue,
    pools: Mapping[str, KeyPool],
    limiter: Limiter,
) -> Admin:
    """`/admin`, a part a matter, in the order that Discord lists them."""
    overseer, book, audit = Overseer(database), CapBook(database, pseudonyms=pseudonyms), Audit(database)
    switching = Switching(desk, rights)
    waits = Waits(catalogue, pools, time.time)
    return Admin(
        [
            Status(overview.collector, overview.charts, switching, rights),
            Keys(keyring, rights),
            Queue(
                overseer,
                productions,
                lifecycle,
                projects,
                Moves(database, changed),
                dispatcher,
                waits,
                switches,
                rights,
            ),
            Limits(pools, limiter, catalogue, rights),
            diagnose,
            User(overseer, budgets, blocks, book, rights),
            Budget(database, budgets, book, rights),
            switching,
            Announce(announcements, rights),
            Syncing(audit, rights),
            Book(audit, rights),
        ]
    )
