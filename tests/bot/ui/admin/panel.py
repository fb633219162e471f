"""All of `/admin` over real rows and pools, and somebody who presses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
from discord import app_commands, ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.announcements import Announcements
from bot.production.drains import Drains
from bot.production.moves import Moves
from bot.production.overseen import Overseer
from bot.production.switches import Switches
from bot.status.chart import Chart, ChartFailed
from bot.studio.audit import Audit
from bot.studio.blocks import Blocks
from bot.studio.budget import Budgets, Caps
from bot.studio.cap_book import CapBook
from bot.studio.limit_book import LimitBook
from bot.studio.limiter import Limiter
from bot.ui.admin import Admin
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
from bot.ui.custom_ids import CustomId
from bot.ui.desk import Desk
from bot.ui.rights import Asker, Rights
from bot.ui.waits import Waits
from tests.bot.app.test_pools import settings
from tests.bot.production.test_prospects import House
from tests.bot.status.bench import Bench as StatusBench
from tests.bot.studio.samples import CATALOGUE
from tests.bot.studio.test_keyring import Bench as KeyBench
from tests.bot.ui.test_cards import buttons
from tests.bot.ui.test_desk import OPERATOR, RUNWAY

#: The server where people ask, and another.
HERE, THERE = 5, 6
OF_ALL = Asker(user_id=OPERATOR, guild_id=HERE, is_operator=True)
OF_HERE = Asker(user_id=77, guild_id=HERE, manages=True)
MEMBER = Asker(user_id=78, guild_id=HERE)


class Charts:
    """Draws nothing, but hands a picture out."""

    def __init__(self) -> None:
        self.fails = False

    async def last_day(self) -> Chart:
        if self.fails:
            raise ChartFailed("no library")
        return Chart(png=b"\x89PNG", words="Quiet.", at=0.0)


class Panel(House):
    """Every part, and the group they make."""

    def __init__(self, database: Database, folder: Path, operators: frozenset[int] = frozenset({OPERATOR})) -> None:
        super().__init__(database)
        self.rights = Rights(operators)
        self.bench, self.keyring = StatusBench(database, folder), KeyBench(database)
        self.switches = Switches(database, Wake())
        self.book, self.audit, self.blocks = CapBook(database), Audit(database), Blocks(database)
        self.budgets = Budgets(database, Caps(user_day_microusd=25_000_000))
        self.announcements = Announcements(database, Wake(), clock=lambda: self.now)
        desk = Desk(
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=CATALOGUE,
            offer=RUNWAY,
            changed=Wake(),
            operators=operators,
            switches=self.switches,
            drains=Drains(database, Wake()),
        )
        overseer = Overseer(database)
        self.charts = Charts()
        self.switching = Switching(desk, self.rights)
        self.status = Status(self.bench.collector, self.charts, self.switching, self.rights)
        self.queue = Queue(
            overseer,
            self.productions,
            self.lifecycle,
            self.projects,
            Moves(database, Wake(), clock=lambda: self.now),
            self.dispatcher,
            Waits(CATALOGUE, {}, lambda: self.now),
            self.switches,
            self.rights,
        )
        self.user = User(overseer, self.budgets, self.blocks, self.book, self.rights)
        self.budget = Budget(database, self.budgets, self.book, self.rights)
        self.announce = Announce(self.announcements, self.rights)
        self.syncing = Syncing(self.audit, self.rights, clock=lambda: self.now)
        self.pages = Book(self.audit, self.rights)
        self.limiter = Limiter(
            LimitBook(database, clock=lambda: self.now), self.bench.pools, {"runway": settings("runway")}
        )
        self.limits = Limits(self.bench.pools, self.limiter, CATALOGUE, self.rights)
        self.surface = Admin(
            [
                self.status,
                Keys(self.keyring.ring, self.rights),
                self.queue,
                self.limits,
                self.user,
                self.budget,
                self.switching,
                self.announce,
                self.syncing,
                self.pages,
            ]
        )

    def group(self) -> app_commands.Group:
        tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
        self.surface.add_to(tree)
        [group] = tree.get_commands()
        assert isinstance(group, app_commands.Group)
        return group


class Use:
    """A command, press or form, as the library hands it on; what is answered is kept."""

    def __init__(
        self,
        asker: Asker,
        custom_id: CustomId | None = None,
        kind: discord.InteractionType = discord.InteractionType.component,
    ) -> None:
        self.id, self.type = 5, kind
        self.data = {"custom_id": str(custom_id)}
        self.user = discord.Object(asker.user_id)
        self.guild_id = asker.guild_id
        self.permissions = discord.Permissions(manage_guild=asker.manages)
        self.response = self
        self.followup = SimpleNamespace(send=self.send_message)
        self.client = SimpleNamespace(tree=app_commands.CommandTree(discord.Client(intents=discord.Intents.none())))
        self.words: list[str] = []
        self.views: list[ui.LayoutView] = []
        self.modals: list[ui.Modal] = []
        self.files: list[discord.File] = []

    async def defer(self, **_: object) -> None: ...

    async def send_message(self, content: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.words.append(content)

    async def send_modal(self, modal: ui.Modal) -> None:
        self.modals.append(modal)

    async def edit_original_response(
        self, *, view: ui.LayoutView | None = None, content: str | None = None, attachments: Any = ()
    ) -> None:
        self.views += [view] if view is not None else []
        self.words += [content] if content is not None else []
        self.files += attachments


def labels(card: ui.LayoutView) -> list[str]:
    """Of the buttons that can be pressed, in reading order."""
    return [str(label) for label, _, is_disabled in buttons(card) if not is_disabled]
