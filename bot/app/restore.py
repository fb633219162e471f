"""`python -m bot restore FROM`: puts a backup in place on a machine that has nothing yet.

The database takes its name last, after every film that was open was held: a restore that is killed half-way leaves a
folder that the next one refuses, and no bot that orders. A PostgreSQL has its name from the beginning: until then a
table in it says that it is half restored, and every bot that is started on it refuses, on whichever machine.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from bot.app.backup import DumpFailed, run_with_database
from bot.app.boot import HALF_RESTORED, RESTORING, is_half_restored
from bot.app.data_dir import only_instance
from bot.db import Database, driver_url, file_of, known_schemas, open_database
from bot.jobs.wake import Wake
from bot.production.lifecycle import Lifecycle
from bot.production.restoration import Restoration
from bot.settings import Settings
from bot.storage.backups import Manifest, read_manifest, verify
from bot.storage.files import Files
from bot.studio.soundtrack import SoundOffer
from providers.catalogue import Catalogue

#: What may lie in a folder that nothing was ever kept in.
_NOTHING = {"lock", "lost+found"}


class CannotRestore(Exception):
    """Nothing was restored; the text tells the operator why, and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place; `held` are the productions that wait for their owners."""

    manifest: Manifest
    held: list[str]


async def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup in place.

    Raises:
        CannotRestore: something is there already, or a newer version of Greenlight wrote it.
        NotABackup: it is none, or was changed since.
        AnotherInstance: a bot runs here.
        DumpFailed | OSError: it could not be written; empty the folder before the next try.
    """
    data_dir = settings.data_dir
    file = file_of(settings.database_url)
    _check_empty(data_dir, file)
    manifest = read_manifest(source)
    if manifest.schema not in known_schemas():
        raise CannotRestore(
            f"{source} has schema {manifest.schema}, which this version of Greenlight does not know. Restore it with "
            f"{manifest.version}, which wrote it, or a newer one."
        )
    if manifest.database is None and file is not None:
        raise CannotRestore(f"{source} holds no database. {manifest.note}")
    if (manifest.database is not None) and manifest.engine.startswith("SQLite") != (file is not None):
        raise CannotRestore(f"{source} is of a {manifest.engine}, and DATABASE_URL names another kind of database.")
    with only_instance(data_dir):
        await asyncio.to_thread(verify, source, manifest)
        await asyncio.to_thread(_copy, source, manifest, data_dir)
        if file is None:
            held = await _restore_postgres(settings, source, manifest)
        else:
            assert manifest.database is not None
            unfinished = file.with_name(f"{file.name}.restoring")
            await asyncio.to_thread(shutil.copyfile, source / manifest.database, unfinished)
            database = await open_database(f"sqlite+aiosqlite:///{unfinished}")
            try:
                held = await _hold(settings, database, manifest, source.name)
            finally:
                await database.close()  # the last to close: all of it is in the one file
            await asyncio.to_thread(_give_name, unfinished, file)
    return Restored(manifest, held)


async def _restore_postgres(settings: Settings, source: Path, manifest: Manifest) -> list[str]:
    url = settings.database_url
    has_tables = await _has_tables(url)
    if has_tables and await is_half_restored(url):
        raise CannotRestore(HALF_RESTORED)
    program = shutil.which("pg_restore")
    if manifest.database is None and not has_tables:
        raise CannotRestore(f"{manifest.note} Bring yours into the empty database first, with pg_restore.")
    if manifest.database is not None and has_tables:
        raise CannotRestore("The PostgreSQL that DATABASE_URL names has tables already. Name an empty database.")
    if manifest.database is not None and program is None:
        raise CannotRestore("pg_restore is not at hand. Install the client programs of your PostgreSQL's version.")
    # It stays where pg_restore fails: what became of a commit whose answer was lost is not known.
    await _execute(url, f"CREATE TABLE IF NOT EXISTS {RESTORING} ()")
    if manifest.database is not None:
        assert program is not None
        await run_with_database([program, "-O", "-x", "-1", str(source / manifest.database)], url)
    database = await open_database(url)
    try:
        held = await _hold(settings, database, manifest, source.name)
    finally:
        await database.close()
    await _execute(url, f"DROP TABLE {RESTORING}")
    return held


async def _has_tables(url: str) -> bool:
    async with await psycopg.AsyncConnection.connect(driver_url(url)) as connection:
        row = await (await connection.execute("SELECT to_regclass('productions') IS NOT NULL")).fetchone()
    return row is not None and bool(row[0])


async def _execute(url: str, statement: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(driver_url(url)) as connection:
        await connection.execute(statement)


async def _hold(settings: Settings, database: Database, manifest: Manifest, ref: str) -> list[str]:
    catalogue = Catalogue.load()
    offer = _sound_offer(catalogue, settings.providers.keys())
    restoration = Restoration(database, Lifecycle(database, Wake()), catalogue, Files(settings.data_dir), offer)
    return await restoration.hold(manifest.made_at, ref)


def _sound_offer(catalogue: Catalogue, providers: Collection[str]) -> SoundOffer:
    """What could have made sound: every service of it that has a key here."""
    priced = (model for model in catalogue.sound_models(providers) if model.price_microusd(1.0) is not None)
    return SoundOffer(
        voice=next(iter(catalogue.speech_models(providers)), None),
        music=next(iter(catalogue.music_models(providers)), None),
        effects=next(priced, None),
    )


def _check_empty(data_dir: Path, file: Path | None) -> None:
    there = sorted(path.name for path in data_dir.iterdir() if path.name not in _NOTHING)
    if there:
        raise CannotRestore(
            f"DATA_DIR ({data_dir}) is not empty: there is {there[0]}. Nothing is ever written over. Move it away with "
            f"mv {data_dir} {data_dir}.old and restore again; a backup in there is then found below {data_dir}.old."
        )
    if file is not None and file.exists():
        raise CannotRestore(f"{file} is there already. Nothing is ever written over. Move it away, and restore again.")


def _copy(source: Path, manifest: Manifest, data_dir: Path) -> None:
    for entry in manifest.files:
        if entry.path == manifest.database:
            continue
        target = data_dir / entry.path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source / entry.path, target)
        if entry.modified_ns:
            os.utime(target, ns=(entry.modified_ns, entry.modified_ns))


def _give_name(unfinished: Path, file: Path) -> None:
    with unfinished.open("rb") as opened:
        os.fsync(opened.fileno())
    unfinished.replace(file)
    for left in ("-wal", "-shm"):
        unfinished.with_name(unfinished.name + left).unlink(missing_ok=True)


__all__ = ["CannotRestore", "DumpFailed", "Restored", "restore"]
