"""Looks at the database before the bot opens it, and says what an operator has to do where one is not well.

Nothing here deletes or repairs: a damaged file may be all that is left.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bot.app.backup import FAILURES, back_up
from bot.db import DatabaseTooNew, driver_url, file_of, known_schemas
from bot.db.faults import known_faults
from bot.db.snapshot import DatabaseDamaged, quick_check, schema_of
from bot.settings import Settings
from bot.storage.backups import Backups

logger = logging.getLogger(__name__)

#: Seconds that the look through a file may take before the bot starts without its result.
CHECK_WITHIN = 20.0
#: Says that a database was here, and where. In DATA_DIR.
MARKER = "database"
ENGINE = "engine.sqlite3"
#: A table that is in a PostgreSQL for as long as a restore into it is not over.
RESTORING = "greenlight_restoring"
HALF_RESTORED = (
    "The PostgreSQL that DATABASE_URL names is half restored: a restore into it runs, or was killed before it held the "
    "films that were not over, and a bot could order them twice. Let it end; or drop this database, create it anew "
    "without tables, empty DATA_DIR, and run python -m bot restore again."
)


class DatabaseLost(Exception):
    """There was a database, and it is not there any more; the text says what to do."""


class HalfRestored(DatabaseLost):
    """A restore of the database is not over; the text says what to do."""


class DatabaseReadOnly(Exception):
    """The database may not be written; the text names it and us."""


class NotBackedUp(Exception):
    """The backup before a migration could not be made; the text says why."""


async def look_at_databases(settings: Settings) -> None:
    """Refuse to start on files that are lost, damaged, too new or not ours to write; back up what will be migrated.

    Nothing has them open yet. Of a PostgreSQL no backup is made here.

    Raises:
        HalfRestored | DatabaseLost | DatabaseReadOnly | DatabaseDamaged | DatabaseTooNew: see there.
        NotBackedUp: the backup before a migration could not be made.
    """
    file = file_of(settings.database_url)
    engine = settings.data_dir / ENGINE
    if file is None:
        if await is_half_restored(settings.database_url):
            raise HalfRestored(HALF_RESTORED)
        return
    version = (sqlite3.sqlite_version_info[0], sqlite3.sqlite_version_info[1], sqlite3.sqlite_version_info[2])
    logger.info("SQLite", extra={"version": sqlite3.sqlite_version})
    for words in known_faults(version):
        logger.warning("this version of SQLite has a known fault", extra={"fault": words})
    check_there(file, settings.data_dir / MARKER)
    for each in (file, engine):
        if each.exists():
            check_writable(each)
            if not await asyncio.to_thread(quick_check, each, within=CHECK_WITHIN):
                logger.warning("not looked through: it is too large for the time", extra={"file": str(each)})
    if file.exists():
        await _before_migration(settings, file)


async def is_half_restored(url: str) -> bool:
    """Whether a restore into this PostgreSQL was begun and is not over."""
    async with await psycopg.AsyncConnection.connect(driver_url(url)) as connection:
        row = await (await connection.execute("SELECT to_regclass(%s) IS NOT NULL", (RESTORING,))).fetchone()
    return row is not None and bool(row[0])


def check_there(file: Path, marker: Path) -> None:
    """Raises `DatabaseLost` where a database was seen before that is gone, or empty, now."""
    if not marker.exists() or marker.read_text(encoding="utf-8").strip() != str(file):
        return  # another was asked for since, or none was ever here
    if not file.exists() or file.stat().st_size == 0:
        raise DatabaseLost(
            f"{file} is {'empty' if file.exists() else 'gone'}, and there were films in it. Is the right disk mounted? "
            f"Put the file back, or restore a backup. To begin anew without your films, remove {marker}."
        )


def remember(settings: Settings) -> None:
    """Write down that there is a database now."""
    file = file_of(settings.database_url)
    marker = settings.data_dir / MARKER
    if file is not None and not (marker.exists() and marker.read_text(encoding="utf-8").strip() == str(file)):
        marker.write_text(f"{file}\n", encoding="utf-8")


def check_writable(file: Path) -> None:
    """Raises `DatabaseReadOnly`. Not os.access(): it says yes to root on a read-only disk."""
    for each in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        try:
            with each.open("r+b"):
                pass
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
                raise
            raise DatabaseReadOnly(
                f"{each} may not be written by user {os.getuid()} ({error.strerror}). Give it to that user, or mount "
                "its disk for writing."
            ) from error


async def _before_migration(settings: Settings, file: Path) -> None:
    schema, known = await asyncio.to_thread(schema_of, file), known_schemas()
    if schema is None or schema == known[0]:
        return
    if schema not in known:
        raise DatabaseTooNew(str(file), schema)
    try:
        backup = await back_up(settings, mark=f"-before-{known[0]}")
    except FAILURES as error:
        raise NotBackedUp(
            f"{file} is to be brought from schema {schema} to {known[0]}, and the backup before that could not be made "
            f"in {settings.storage.backup_dir}: {error}. Nothing was changed."
        ) from error
    logger.info("backup made before migrating", extra={"folder": str(backup.folder), "from": schema, "to": known[0]})


def remedy(damaged: DatabaseDamaged, settings: Settings) -> str:
    """What an operator does about a damaged file, in commands."""
    told = f"{damaged.file} is damaged ({damaged.detail}). Nothing was removed."
    if damaged.file.name == ENGINE:
        return (
            f"{told} All it knows can be begun again: move it away with mv {damaged.file} {damaged.file}.damaged (its "
            "-wal and -shm as well, if they are there) and start the bot. Films under way go on; nothing is ordered "
            "twice."
        )
    latest = Backups(settings.storage.backup_dir).latest()
    data = settings.data_dir
    if latest is None:
        return (
            f"{told} There is no backup in {settings.storage.backup_dir}. Keep a copy of {data}, then see what SQLite "
            f"itself can save: sqlite3 {damaged.file} .recover | sqlite3 recovered.db"
        )
    folder = latest.folder
    if folder.is_relative_to(data):
        folder = data.with_name(f"{data.name}.damaged") / folder.relative_to(data)
    made = datetime.fromtimestamp(latest.manifest.made_at, tz=UTC)
    return (
        f"{told} Bring back the backup of {made:%Y-%m-%d %H:%M} UTC:\n"
        f"  mv {data} {data}.damaged\n"
        f"  python -m bot restore {folder}\n"
        "and start the bot. Films that were not over then wait for their owners; nothing is ordered twice."
    )
