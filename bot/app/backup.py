"""Makes backups: of the database at one moment, and of every lasting file. The running bot does so daily by itself.

A SQLite file is read through a connection that can neither write nor checkpoint (`bot.db.snapshot`), so this is safe
beside the bot, in its process or in another. A PostgreSQL is dumped where `pg_dump` is at hand, without the engine's
schema; else the manifest says whose task that is.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import func, select

from bot import __version__
from bot.db import Database, driver_url, file_of
from bot.db.snapshot import DatabaseDamaged, schema_of, snapshot
from bot.db.tables import deletions
from bot.settings import Settings
from bot.storage.backups import MANIFEST, Backup, Backups, BackupUnderWay, Manifest, move_whole, old_by_name
from bot.storage.errors import StorageError
from bot.storage.objects import ObjectStore

logger = logging.getLogger(__name__)

#: Seconds between two looks whether a backup is due.
LOOK_EVERY = 600.0
#: What somebody asked to have deleted is in no backup any more after this many seconds (P8 promises 24 hours).
FORGET_WITHIN = 12 * 3600.0
#: Where databases lie in the object store.
STORED_BACKUPS = "backups/"
#: In a backup's folder: its database lies in the store.
STORED = "stored"
DUMP = "greenlight.dump"
DATABASE = "greenlight.db"
#: The engine's own schema in a PostgreSQL (dbos 3.4): what it had under way must not go on by itself after a restore.
ENGINE_SCHEMA = "dbos"

Claim = Callable[[str], AbstractAsyncContextManager[bool]]


class NothingToBackUp(Exception):
    """There is no database yet."""


class DumpFailed(Exception):
    """`pg_dump` or `pg_restore` failed; the text is what it said, with the password taken out."""


#: What may keep a backup from being made.
FAILURES = (
    OSError,
    sqlite3.Error,
    StorageError,
    BackupUnderWay,
    DatabaseDamaged,
    DumpFailed,
    NothingToBackUp,
    psycopg.Error,
)


async def back_up(
    settings: Settings, folder: Path | None = None, *, mark: str = "", made_at: float | None = None
) -> Backup:
    """Make one backup, into the folder of the settings where none is named. Its time is now, unless another is given.

    Raises:
        NothingToBackUp: there is no database yet.
        BackupUnderWay: another process makes one there.
        DatabaseDamaged: and so is its copy; nothing is kept.
        DumpFailed | StorageError | OSError | sqlite3.Error: it could not be written; nothing is kept.
    """
    backups = Backups(folder or settings.storage.backup_dir)
    made_at = time.time() if made_at is None else made_at
    with backups.begin(made_at, mark) as part:
        if (file := file_of(settings.database_url)) is not None:
            manifest = await asyncio.to_thread(_copy, file, part / DATABASE, made_at, settings.data_dir)
        else:
            manifest = await _dump(settings.database_url, part / DUMP, made_at)
        return await asyncio.to_thread(backups.finish, part, settings.data_dir, manifest)


def _copy(file: Path, target: Path, made_at: float, data_dir: Path) -> Manifest:
    # First on our own disk: that of the backups may be a network drive, where SQLite cannot lock what it writes.
    (data_dir / "work").mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=data_dir / "work", ignore_cleanup_errors=True) as desk:
        copy = Path(desk, DATABASE)
        try:
            snapshot(file, copy)
        except FileNotFoundError as error:
            raise NothingToBackUp(f"there is no database at {file} yet") from error
        schema = schema_of(copy) or ""
        move_whole(copy, target)
    return Manifest(
        made_at=made_at,
        version=__version__,
        schema=schema,
        database=target.name,
        engine=f"SQLite {sqlite3.sqlite_version}",
    )


async def _dump(url: str, target: Path, made_at: float) -> Manifest:
    async with await psycopg.AsyncConnection.connect(driver_url(url)) as connection:
        server = connection.info.server_version
        named = await (await connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL")).fetchone()
        if named is None or not named[0]:
            raise NothingToBackUp("the database has no tables of ours yet")
        row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    manifest = Manifest(
        made_at=made_at,
        version=__version__,
        schema=str(row[0]) if row else "",
        database=target.name,
        engine=f"PostgreSQL {server // 10000}",
    )
    program = shutil.which("pg_dump")
    if program is None:
        note = f"No database in here: pg_dump was not at hand. Keep one with pg_dump -Fc -N {ENGINE_SCHEMA}."
        return replace(manifest, database=None, note=note)
    await run_with_database([program, "-Fc", "-O", "-x", "-N", ENGINE_SCHEMA, "-f", str(target)], url)
    return manifest


async def run_with_database(command: list[str], url: str) -> None:
    """Run a program of PostgreSQL's on a database; the password goes by its environment, which others cannot read.

    Raises:
        DumpFailed: it ended with a failure.
    """
    told = conninfo_to_dict(driver_url(url))
    password = str(told.pop("password", "") or "")
    process = await asyncio.create_subprocess_exec(
        *command,
        "-d",
        make_conninfo(**{name: str(value) for name, value in told.items() if value is not None}),
        env={"PGPASSWORD": password} if password else {},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        words = said.decode(errors="replace").strip()
        raise DumpFailed(words.replace(password, "***") if password else words)


def is_due(now: float, latest: float | None, every: float | None, deleted_at: float | None) -> bool:
    """Whether to make a backup now.

    Args:
        now: the time.
        latest: when the newest was made; `None` where there is none.
        every: seconds between two; `None` where one is only made in place of those that hold what was deleted.
        deleted_at: when somebody's data went for the first time since `latest`: any later one would wait for the next.
    """
    if latest is None:
        return every is not None
    if every is not None and (now - latest >= every or latest > now + every):
        return True
    return deleted_at is not None and deleted_at > latest and now - deleted_at >= FORGET_WITHIN


class BackupKeeper:
    """Makes a backup when one is due, copies its database to the object store, removes old ones."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: ObjectStore | None,
        *,
        claim: Claim,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._claim = claim
        self._clock = clock
        self._backups = Backups(settings.storage.backup_dir)

    async def run(self) -> None:
        """Until cancelled. What goes wrong is logged as an error each time, and tried again."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            async with self._claim("backup") as is_ours:  # several processes may share the folder
                if is_ours:
                    await self.look()

    async def look(self) -> None:
        """Make a backup if one is due, copy the newest, remove what is not kept any longer.

        Those that were asked for, or made before a migration, are removed like any other: they hold as much.
        """
        facts = {"folder": str(self._backups.folder)}
        try:
            await self._make_if_due()
        except FAILURES as error:
            logger.error("NO BACKUP WAS MADE", extra={**facts, "error": type(error).__name__, "detail": str(error)})
        try:
            if self._settings.storage.backup_to_store:
                await self._copy_to_store()
            _, last = await self._deletions()
            await self._rotate(last or 0.0)
        except (StorageError, OSError) as error:
            logger.error(
                "the object store was not told of the backups",
                extra={**facts, "error": type(error).__name__, "detail": str(error)},
            )

    async def _make_if_due(self) -> None:
        latest = await asyncio.to_thread(self._backups.latest)
        made_at = latest.manifest.made_at if latest is not None else None
        first, _ = await self._deletions(since=made_at or 0.0)
        if not is_due(self._clock(), made_at, self._settings.storage.backup_every, first):
            return
        backup = await back_up(self._settings, made_at=self._clock())
        facts = {"folder": str(backup.folder), "files": len(backup.manifest.files), "bytes": backup.manifest.size}
        logger.info("backup made", extra={**facts, "note": backup.manifest.note or "none"})

    async def _copy_to_store(self) -> None:
        """Have the newest backup's database in the store, if it is not there yet."""
        newest = await asyncio.to_thread(self._backups.latest)
        if newest is None or (newest.folder / STORED).exists():
            return
        if self._store is None or self._store.is_public:
            why = "there is none" if self._store is None else "its bucket can be read by anybody"
            logger.error("the backup was not copied to the object store", extra={"why": why})
            return
        alone = await asyncio.to_thread(write_alone, newest)
        places = {alone: MANIFEST}
        if newest.manifest.database is not None:
            places = {newest.folder / newest.manifest.database: newest.manifest.database, **places}
        for file, name in places.items():  # the manifest last
            key = f"{STORED_BACKUPS}{newest.folder.name}/{name}"
            await self._store.put(file, key, content_type="application/octet-stream")
        (newest.folder / STORED).touch()

    async def _rotate(self, deleted_at: float) -> None:
        """Remove old backups, here and in the store: there by what lies in it, of machines that were lost as well."""
        keep = self._settings.storage.keep_backups
        here = {backup.folder.name for backup in await asyncio.to_thread(self._backups.all)}
        for backup in await asyncio.to_thread(self._backups.old, keep, deleted_at):
            await asyncio.to_thread(self._backups.remove, backup)
        if self._store is None:
            return
        stored = {name.partition("/")[0] for name in await self._store.names(STORED_BACKUPS)}
        for name in old_by_name(here | stored, keep, deleted_at):
            if name in stored:
                await self._store.remove_all(f"{STORED_BACKUPS}{name}/")

    async def _deletions(self, *, since: float = 0.0) -> tuple[float | None, float | None]:
        """When the first deletion after a moment was done, and the last."""
        done_at = deletions.c.done_at
        query = select(func.min(done_at), func.max(done_at)).where(done_at > since)
        async with self._database.transaction() as transaction:
            first, last = (await transaction.execute(query)).one()
        return first, last


def write_alone(backup: Backup) -> Path:
    """The manifest of a backup that consists of its database alone, as the object store gets it."""
    manifest = backup.manifest
    only = tuple(entry for entry in manifest.files if entry.path == manifest.database)
    note = "The database alone: clips and uploads lie in the whole backup of this name."
    file = backup.folder / "database-manifest.json"
    alone = replace(manifest, files=only, note=note)
    file.write_text(alone.to_json(), encoding="utf-8")
    return file
