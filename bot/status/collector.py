"""Collects a status: the pools' own views, the rows in one transaction, the disk, and what others wrote last."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.db import AWAY, Database
from bot.db.faults import DatabaseFull
from bot.status.recent import Look, Recent
from bot.status.rows import NO_ROWS, Rows, read
from bot.status.status import (
    QUEUE_PROMISE,
    BackupStatus,
    DatabaseStatus,
    DiscordStatus,
    DiskStatus,
    Ending,
    KeyStatus,
    LineStatus,
    ProcessStatus,
    ServiceStatus,
    Status,
)
from bot.storage.backups import Backups
from bot.studio.budget import Budgets
from providers.catalogue import Catalogue
from providers.standing import AccountStanding
from ratelimit import KeyPool, KeyView, PoolView, Priority, Waits

#: Seconds that a PostgreSQL may take to tell, before the status goes without its rows.
ROWS_WITHIN = 5.0
#: Seconds for which a status is handed out again: many may look at once.
FRESH = 1.0
#: People that are named of all who wait.
MOST_USERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this process stands: its name and part, its folders, and what is kept free there.

    `database_file` is `None` for a PostgreSQL. `queue_promise` is how many seconds a film may wait to begin.
    """

    name: str
    role: str
    shards: str
    data_dir: Path
    database_file: Path | None
    reserve_bytes: int
    backup_dir: Path
    backup_every: float | None
    queue_promise: float = QUEUE_PROMISE


class Collector:
    """Collects, and hands a status that is not a second old out again.

    Args:
        standings: the newest word of each service on each account, by provider and account.
        late: seconds by which the event loop comes late lately; `None` if unknown.

    Attributes:
        discord: tells our standing there; `None` where this process does not talk to it.
    """

    def __init__(
        self,
        place: Place,
        database: Database,
        pools: Mapping[str, KeyPool],
        budgets: Budgets,
        catalogue: Catalogue,
        *,
        standings: Mapping[tuple[str, str], AccountStanding] | None = None,
        late: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self.recent = Recent(pools)
        self._database = database
        self._pools = pools
        self._budgets = budgets
        self._catalogue = catalogue
        self.discord: Callable[[], DiscordStatus | None] = lambda: None
        self._standings = standings if standings is not None else {}
        self._late = late
        self._clock = clock
        self._started_at = clock()
        self._turn = asyncio.Lock()
        self._newest: Status | None = None

    async def collect(self) -> Status:
        """How it stands. Never fails because something it looks at does."""
        async with self._turn:
            if self._newest is None or not 0 <= self._clock() - self._newest.at < FRESH:
                self._newest = await self._collect()
            return self._newest

    async def collect_anew(self) -> Status:
        """As `collect`, by whoever has changed something just now."""
        self._newest = None
        return await self.collect()

    async def _collect(self) -> Status:
        now = self._clock()
        rows, error = await self._rows(now)
        disk, bytes_, backups = await asyncio.to_thread(self._look_at_disk)
        views = {name: pool.view() for name, pool in self._pools.items()}
        lately = {name: self.recent.lately(name) for name in self._pools}
        return Status(
            at=now,
            version=__version__,
            started_at=self._started_at,
            processes=(self._here(now, views.values()), *rows.others),
            discord=self.discord(),
            database=DatabaseStatus(
                kind="PostgreSQL" if self._database.is_shared else "SQLite",
                latency=rows.latency,
                bytes=rows.bytes if rows.bytes is not None else bytes_,
                waiting=self._database.waiting,
                error=error,
            ),
            waits={priority: self._wait(priority, views, lately) for priority in Priority},
            films=rows.films,
            queue_promise=self.place.queue_promise,
            services=tuple(self._service(name, view, lately[name], rows) for name, view in views.items()),
            money=rows.money,
            closed=rows.closed,
            paused=rows.paused,
            disk=disk,
            endings=self._endings(),
            backups=backups,
        )

    def _here(self, now: float, views: Iterable[PoolView]) -> ProcessStatus:
        """This process itself."""
        return ProcessStatus(
            name=self.place.name,
            role=self.place.role,
            version=__version__,
            shards=self.place.shards,
            started_at=self._started_at,
            seen_at=now,
            is_here=True,
            memory_bytes=memory(),
            loop_late=self._late(),
            waiting=sum(sum(view.waiting.values()) for view in views),
        )

    async def _rows(self, now: float) -> tuple[Rows, str | None]:
        """What stands in rows, and what is in the way where they cannot be read."""
        # On SQLite a statement that is given up keeps the file's lock for a while, and nobody but us has the file.
        within = ROWS_WITHIN if self._database.is_shared else None
        try:
            async with asyncio.timeout(within), self._database.transaction() as transaction:
                shared = self._database.is_shared
                return await read(transaction, self._budgets, now, name=self.place.name, is_shared=shared), None
        except (*AWAY, DatabaseFull, TimeoutError, OSError) as error:
            return NO_ROWS, type(error).__name__

    def _wait(self, priority: Priority, views: Mapping[str, PoolView], lately: Mapping[str, Look]) -> LineStatus:
        waits = Waits()
        for look in lately.values():
            waits = waits.and_those(look.waits[priority])
        oldest = [view.longest_wait[priority] for view in views.values() if priority in view.longest_wait]
        by_user: Counter[str] = Counter()
        for view in views.values():
            by_user.update({user: number for (of, user), number in view.by_user.items() if of is priority})
        return LineStatus(
            waiting=sum(view.waiting.get(priority, 0) for view in views.values()),
            oldest=max(oldest, default=None),
            p50=waits.within(0.5),
            p95=waits.within(0.95),
            period=self.recent.period,
            by_user=tuple(by_user.most_common(MOST_USERS)),
        )

    def _service(self, name: str, view: PoolView, look: Look, rows: Rows) -> ServiceStatus:
        return ServiceStatus(
            name=name,
            keys=tuple(self._key(name, key, look) for key in view.keys),
            waits={priority: self._wait(priority, {name: view}, {name: look}) for priority in Priority},
            paused=any(paused.name == name for paused in rows.paused),
            calls=rows.calls.get(name, {}),
            verdicts=look.by_verdict(),
        )

    def _key(self, service: str, view: KeyView, look: Look) -> KeyStatus:
        standing = self._standings.get((service, view.account))
        return KeyStatus(
            view=view,
            asked=look.asked.get(view.id, 0),
            refused=look.refused.get(view.id, 0),
            left=standing.left if standing is not None else None,
            unit=standing.unit if standing is not None else "",
            plan=standing.plan if standing is not None else "",
        )

    def _endings(self) -> tuple[Ending, ...]:
        return tuple(
            Ending(
                provider=each.provider,
                model=each.model,
                day=each.day.isoformat(),
                days_left=(each.day - self._catalogue.today()).days,
                successor=each.successor,
                is_price=each.is_price,
            )
            for each in self._catalogue.retiring()
            if each.provider in self._pools
        )

    def _look_at_disk(self) -> tuple[DiskStatus, int | None, BackupStatus]:
        """The disk, the bytes of a SQLite's files, and the newest backup."""
        disk = shutil.disk_usage(self.place.data_dir)
        file = self.place.database_file
        files = [Path(f"{file}{end}") for end in ("", "-wal")] if file is not None else []
        latest = Backups(self.place.backup_dir).latest()
        return (
            DiskStatus(free_bytes=disk.free, total_bytes=disk.total, reserve_bytes=self.place.reserve_bytes),
            sum(each.stat().st_size for each in files if each.exists()) or None,
            BackupStatus(
                made_at=latest.manifest.made_at if latest is not None else None,
                bytes=latest.manifest.size if latest is not None else None,
                has_database=latest is not None and latest.manifest.database is not None,
                every=self.place.backup_every,
            ),
        )


def memory() -> int | None:
    """Bytes of memory that this process has resident; `None` where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
