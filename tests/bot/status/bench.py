"""A collector over a real database and real pools, with what the tests put there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.app.pools import build_pools
from bot.db import Database
from bot.settings import LendingSettings
from bot.status.collector import Collector, Place
from bot.studio.budget import Budgets, Caps
from providers.catalogue import Catalogue
from providers.standing import AccountStanding
from tests.bot.app.test_pools import settings

NOON = 1_790_000_000.0


class Bench:
    def __init__(self, database: Database, folder: Path) -> None:
        self.now = NOON
        self.database = database
        self.pools = build_pools({"runway": settings("runway")}, LendingSettings(skew=0.25, patience=60.0))
        self.budgets = Budgets(database, Caps(bot_day_microusd=1_000), clock=lambda: self.now)
        self.standings: dict[tuple[str, str], AccountStanding] = {}
        self.place = Place(
            name="here",
            role="all",
            shards="0-0/1",
            data_dir=folder,
            database_file=folder / "greenlight.sqlite3",
            reserve_bytes=1 << 20,
            backup_dir=folder / "backups",
            backup_every=86_400.0,
        )
        self.collector = Collector(
            self.place,
            database,
            self.pools,
            self.budgets,
            Catalogue.load(today=lambda: date(2026, 11, 29)),
            standings=self.standings,
            clock=lambda: self.now,
        )
