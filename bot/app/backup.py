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
from bot.storage.backups import MANIFEST, Backup, Backups, Manifest
from bot.storage.errors import StorageError
from bot.storage.objects import ObjectStore

logger = logging.getLogger(__name__)

#: Seconds between two looks whether a backup is due.
LOOK_EVERY = 900.0
#: What somebody asked to have deleted is in no backup any more after this many seconds (P8 promises 24 hours).
FORGET_WITHIN = 12 * 3600.0
#: Where databases lie in the object store.
STORED_BACKUPS = "backups/"
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
FAILURES = (OSError, sqlite3.Error, StorageError, DatabaseDamaged, DumpFailed, psycopg.Error)


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
            manifest = await asyncio.to_thread(_copy, file, part / DATABASE, made_at)
        else:
            manifest = await _dump(settings.database_url, part / DUMP, made_at)
        return await asyncio.to_thread(backups.finish, part, settings.data_dir, manifest)


def _copy(file: Path, target: Path, made_at: float) -> Manifest:
    try:
        snapshot(file, target)
    except FileNotFoundError as error:
        raise NothingToBackUp(f"there is no database at {file} yet") from error
    return Manifest(
        made_at=made_at,
        version=__version__,
        schema=schema_of(target) or "",
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


def is_due(now: float, latest: float | None, every: float, deleted_at: float | None) -> bool:
    """Whether to make a backup now. `latest`: when the newest was made; `deleted_at`: when somebody's data went."""
    if latest is None or now - latest >= every or latest > now + every:
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
        while self._settings.storage.backup_every is not None:
            try:
                await self.look()
            except FAILURES as error:
                logger.error(
                    "NO BACKUP WAS MADE",
                    extra={"folder": str(self._backups.folder), "error": type(error).__name__, "detail": str(error)},
                )
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> bool:
        """Make a backup if one is due; whether one was made."""
        storage = self._settings.storage
        assert storage.backup_every is not None
        async with self._claim("backup") as is_ours:  # several processes may share the folder
            if not is_ours:
                return False
            deleted_at = await self._last_deletion()
            latest = await asyncio.to_thread(self._backups.latest)
            before = latest.manifest.made_at if latest is not None else None
            if not is_due(self._clock(), before, storage.backup_every, deleted_at):
                return False
            backup = await back_up(self._settings, made_at=self._clock())
            logger.info(
                "backup made",
                extra={
                    "folder": str(backup.folder),
                    "files": len(backup.manifest.files),
                    "bytes": backup.manifest.size,
                    "note": backup.manifest.note or "none",
                },
            )
            removed = await asyncio.to_thread(self._backups.rotate, storage.keep_backups, none_before=deleted_at or 0.0)
            if storage.backup_to_store:
                await self._copy_to_store(backup, removed)
        return True

    async def _copy_to_store(self, backup: Backup, removed: list[str]) -> None:
        if self._store is None or self._store.is_public:
            logger.error(
                "the backup was not copied to the object store",
                extra={"why": "there is none" if self._store is None else "its bucket can be read by anybody"},
            )
            return
        for name in removed:
            for each in (DATABASE, DUMP, MANIFEST):
                await self._store.remove(f"{STORED_BACKUPS}{name}/{each}")
        alone = await asyncio.to_thread(write_alone, backup)
        places = {alone: MANIFEST}
        if backup.manifest.database is not None:
            places = {backup.folder / backup.manifest.database: backup.manifest.database, **places}
        for file, name in places.items():  # the manifest last
            key = f"{STORED_BACKUPS}{backup.folder.name}/{name}"
            await self._store.put(file, key, content_type="application/octet-stream")

    async def _last_deletion(self) -> float | None:
        async with self._database.transaction() as transaction:
            at = (await transaction.execute(select(func.max(deletions.c.done_at)))).scalar()
        return float(at) if at is not None else None


def write_alone(backup: Backup) -> Path:
    """The manifest of a backup that consists of its database alone, as the object store gets it."""
    manifest = backup.manifest
    only = tuple(entry for entry in manifest.files if entry.path == manifest.database)
    note = "The database alone: clips and uploads lie in the whole backup of this name."
    file = backup.folder / "database-manifest.json"
    alone = replace(manifest, files=only, note=note)
    file.write_text(alone.to_json(), encoding="utf-8")
    return file
