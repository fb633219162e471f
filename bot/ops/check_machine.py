"""Is this machine fit for it? Disk, ffmpeg, database, object store, and the port for operators."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import psycopg

from bot.db import driver_url, file_of, known_schemas
from bot.db.snapshot import DatabaseDamaged, quick_check, schema_of
from bot.media.errors import FfmpegUnusable
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.ops.alive import address, is_alive
from bot.ops.deployment import Answer, Question, fail, note, ok, warn
from bot.settings import ObjectStoreSettings, OpsSettings, Settings
from bot.speech import gibibytes
from bot.storage.errors import StorageError, StoreMisconfigured
from bot.storage.objects import ObjectStore

#: Where in the bucket something is put and taken away again.
CHECKED = "check/"
#: Seconds that a look through the database may take.
_LOOK_WITHIN = 15.0


def questions(settings: Settings) -> list[Question]:
    found = [
        Question(about="disk", ask=partial(_disk, settings), remedy="is DATA_DIR on a network drive that is away?"),
        Question(about="ffmpeg", ask=partial(_ffmpeg, settings), remedy="set FFMPEG_PATH to another one"),
        Question(about="database", ask=partial(_database, settings), remedy="is it up, and the network open to it?"),
        Question(about="port", ask=partial(_port, settings.ops), remedy="give the bot another OPS_PORT"),
    ]
    if settings.object_store is not None:
        ask = partial(_bucket, settings.object_store)
        found.append(Question(about="bucket", ask=ask, remedy="is the network open to the object store?"))
    return found


async def _disk(settings: Settings) -> AsyncIterator[Answer]:
    disk = await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
    free, reserve = disk.free, settings.storage.min_free_bytes
    told = f"{gibibytes(free)} free for {settings.data_dir}"
    if free < reserve:
        yield fail(
            "disk", f"{told}, less than the reserve of {gibibytes(reserve)}", "make room, or lower MIN_FREE_DISK_MIB"
        )
    elif free < 2 * reserve:
        yield warn("disk", f"{told}; at {gibibytes(reserve)} nothing new is begun", "make room")
    else:
        yield ok("disk", told)
    folder = settings.storage.backup_dir
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if settings.storage.backup_every is not None and not os.access(there, os.W_OK | os.X_OK):
        yield fail("backups", f"{there} may not be written", "let the bot's user write there, or set BACKUP_DIR")


async def _ffmpeg(settings: Settings) -> AsyncIterator[Answer]:
    try:
        found = find_ffmpeg(str(settings.ffmpeg_path) if settings.ffmpeg_path else None)
        yield ok("ffmpeg", f"version {await Ffmpeg(found).self_test()} encodes")
    except FfmpegUnusable as error:
        yield fail("ffmpeg", str(error), "set FFMPEG_PATH to one that works")


async def _database(settings: Settings) -> AsyncIterator[Answer]:
    file = file_of(settings.database_url)
    if file is None:
        async for answer in _postgres(settings.database_url):
            yield answer
        return
    if not await asyncio.to_thread(file.exists):
        yield note("database", f"{file} is not there yet", "the bot makes it when it starts")
        return
    try:
        whole = await asyncio.to_thread(quick_check, file, within=_LOOK_WITHIN)
        schema = await asyncio.to_thread(schema_of, file)
    except DatabaseDamaged as error:
        yield fail("database", str(error), "see docs/storage.md; the bot tells at its start which backup to restore")
        return
    yield ok("database", f"{file} is {'whole' if whole else 'readable; it is too large to be looked through here'}")
    yield _schema(schema)


async def _postgres(url: str) -> AsyncIterator[Answer]:
    try:
        async with await psycopg.AsyncConnection.connect(driver_url(url)) as connection:
            began = time.perf_counter()
            named = await (await connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL")).fetchone()
            took = time.perf_counter() - began
            version = connection.info.server_version // 10_000
            schema = None
            if named is not None and named[0]:
                row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
                schema = str(row[0]) if row is not None else None
    except (psycopg.Error, OSError) as error:
        # What it says may hold the address and the user, never the password.
        yield fail("database", f"not reached: {type(error).__name__}", "is it up? Is DATABASE_URL right?")
        return
    if took > 0.1:
        yield warn(
            "database", f"PostgreSQL {version} takes {took * 1000:.0f} ms to answer", "bring it nearer to the bot"
        )
    else:
        yield ok("database", f"PostgreSQL {version} answers in {took * 1000:.0f} ms")
    yield _schema(schema)


def _schema(schema: str | None) -> Answer:
    known = known_schemas()
    if schema is None:
        return note("database", "it has no tables yet", "the bot makes them when it starts")
    if schema not in known:
        text = f"it was written by a newer version (schema {schema})"
        return fail("database", text, "run that version, or a newer one")
    if schema != known[0]:
        return note("database", f"schema {schema} becomes {known[0]}", "the bot does it when it starts, after a backup")
    return ok("database", f"schema {schema} is the newest")


async def _bucket(settings: ObjectStoreSettings) -> AsyncIterator[Answer]:
    store = ObjectStore(
        endpoint_url=settings.endpoint_url,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        bucket=settings.bucket,
        public_url=settings.public_url,
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            await _put_and_take(store, Path(folder))
    except StoreMisconfigured as error:
        yield fail("bucket", str(error), "check the CLOUDFLARE_R2_… settings: the bucket, the key and what it may do")
    except (StorageError, OSError) as error:
        yield fail("bucket", f"{type(error).__name__}: {error}", "is the network open to the object store?")
    else:
        yield ok("bucket", f"{settings.bucket} takes, gives and removes")
    finally:
        await store.close()


async def _put_and_take(store: ObjectStore, folder: Path) -> None:
    sent, got, key = folder / "sent.txt", folder / "got.txt", f"{CHECKED}{uuid.uuid4().hex}.txt"
    await asyncio.to_thread(sent.write_text, key)
    await store.put(sent, key, content_type="text/plain")
    try:
        await store.get(key, got)
        if await asyncio.to_thread(got.read_text) != key:
            raise StoreMisconfigured("another object came back")
    finally:
        await store.remove(key)


async def _port(ops: OpsSettings) -> AsyncIterator[Answer]:
    if not ops.port:
        yield note("port", "OPS_PORT is 0: no health, metrics or page")
        return
    where = f"{ops.host} port {ops.port}"
    if await asyncio.to_thread(is_alive, address(ops)):
        yield ok("port", f"a bot answers at {where}")
        return
    family = socket.AF_INET6 if ":" in ops.host else socket.AF_INET
    with socket.socket(family) as knocking:
        knocking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            knocking.bind((ops.host, ops.port))
        except OSError as error:
            yield fail("port", f"{where}: {error.strerror}", "give the bot another OPS_PORT, or 0")
        else:
            yield ok("port", f"{where} is free")
