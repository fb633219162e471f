"""Backups of a whole bot: of both kinds of database, under writes; when they are due, and who gets a copy."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import insert

from bot.app.backup import FORGET_WITHIN, BackupKeeper, DumpFailed, NothingToBackUp, back_up, is_due, run_with_database
from bot.db import Database, driver_url, known_schemas, open_database
from bot.db.tables import deletions, switches
from bot.jobs.presence import claim_alone
from bot.settings import Settings
from bot.storage.backups import Backups, verify
from bot.storage.errors import StoreUnavailable
from bot.storage.files import Files
from bot.storage.objects import _check_key
from tests.bot.waiting import until

TOKEN = "fake-id.fake-time.fake-signature"


def settings_in(folder: Path, **environ: str) -> Settings:
    return Settings.from_environ({"DISCORD_TOKEN": TOKEN, "DATA_DIR": str(folder / "data"), **environ})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Database]:
    database = await open_database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


async def pause(database: Database, name: str) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(insert(switches).values(name=name, by=1, at=0.0))


async def test_a_backup_is_made_beside_a_bot_that_writes(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    Files(settings.data_dir).artefact("p1", "clip.mp4").write_bytes(b"clip")
    async with running(settings) as database:

        async def write() -> None:
            for number in range(200):
                await pause(database, str(number))

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            made = [await back_up(settings, mark=f"-{number}") for number in range(3)]
    for backup in made:
        verify(backup.folder, backup.manifest)
        with closing(sqlite3.connect(backup.folder / "greenlight.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            names = [
                int(name) for (name,) in connection.execute("SELECT name FROM switches ORDER BY CAST(name AS int)")
            ]
            assert names == list(range(len(names)))  # all that was committed before, and nothing after
    assert made[0].manifest.schema == known_schemas()[0]
    assert made[0].manifest.engine == f"SQLite {sqlite3.sqlite_version}"
    assert [entry.path for entry in made[0].manifest.files] == ["greenlight.db", "films/p1/clip.mp4"]


async def test_where_there_is_no_database_nothing_is_backed_up(tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp):
        await back_up(settings_in(tmp_path))
    assert not list((tmp_path / "data" / "backups").glob("greenlight*"))


async def test_a_postgres_is_dumped_without_the_engines_rows(tmp_path: Path, postgres_database: str) -> None:
    settings = settings_in(tmp_path, DATABASE_URL=driver_style(postgres_database))
    async with running(settings) as database:
        await pause(database, "all")
        async with await psycopg.AsyncConnection.connect(driver_url(postgres_database)) as connection:
            await connection.execute("CREATE SCHEMA dbos CREATE TABLE workflow_status (id int)")
        backup = await back_up(settings)
    verify(backup.folder, backup.manifest)
    assert backup.manifest.engine.startswith("PostgreSQL")
    dump = (backup.folder / "greenlight.dump").read_bytes()
    assert b"switches" in dump
    assert b"workflow_status" not in dump


async def test_without_pg_dump_the_manifest_says_whose_task_it_is(
    tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = settings_in(tmp_path, DATABASE_URL=driver_style(postgres_database))
    async with running(settings):
        backup = await back_up(settings)
    assert backup.manifest.database is None
    assert "pg_dump -Fc -N dbos" in backup.manifest.note


async def test_a_password_is_in_no_argument_and_no_failure(tmp_path: Path) -> None:
    program = tmp_path / "dump"
    program.write_text('#!/bin/sh\necho "$@" >&2\necho "$PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(DumpFailed) as failed:
        await run_with_database([str(program)], "postgresql+psycopg://me:hush-hush@127.0.0.1:1/films")
    assert "hush-hush" not in str(failed.value)
    assert "***" in str(failed.value)  # it had it, by its environment


@pytest.mark.parametrize(
    ("latest", "deleted_at", "due"),
    [
        (None, None, True),
        (1000.0, None, False),
        (1000.0 - 3600.0, None, True),
        (1000.0 + 4000.0, None, True),  # the clock was wrong then
        (1000.0, 999.0, False),
        (1000.0 - 100.0, 950.0, False),  # not yet
    ],
)
def test_a_backup_is_due(latest: float | None, deleted_at: float | None, due: bool) -> None:
    assert is_due(1000.0, latest, 3600.0, deleted_at) is due


def test_what_was_deleted_is_soon_in_no_backup() -> None:
    day = 24 * 3600.0
    assert not is_due(FORGET_WITHIN - 1, -2.0, 30 * day, 0.0)
    assert is_due(FORGET_WITHIN, -2.0, 30 * day, 0.0)


def test_where_no_backup_is_wanted_one_only_takes_the_place_of_what_holds_too_much() -> None:
    assert not is_due(FORGET_WITHIN, None, None, 0.0)
    assert not is_due(FORGET_WITHIN, -2.0, None, None)
    assert not is_due(FORGET_WITHIN - 1, -2.0, None, 0.0)
    assert is_due(FORGET_WITHIN, -2.0, None, 0.0)


class Shelf:
    """An object store that notes what it gets."""

    def __init__(self, *, is_public: bool = False) -> None:
        self.is_public = is_public
        self.is_down = False
        self.keys: list[str] = []

    async def put(self, file: Path, key: str, *, content_type: str) -> None:
        _check_key(key)
        if self.is_down:
            raise StoreUnavailable("down")
        self.keys.append(key)

    async def names(self, prefix: str) -> frozenset[str]:
        _check_key(prefix)
        if self.is_down:
            raise StoreUnavailable("down")
        return frozenset(key.removeprefix(prefix) for key in self.keys if key.startswith(prefix))

    async def remove_all(self, prefix: str) -> None:
        _check_key(prefix)
        if self.is_down:
            raise StoreUnavailable("down")
        self.keys = [key for key in self.keys if not key.startswith(prefix)]


DAY = 24 * 3600.0


class Bench:
    """A keeper, its clock and its store."""

    def __init__(self, settings: Settings, database: Database, shelf: Shelf | None = None) -> None:
        self.now = time.time()
        self.shelf = shelf or Shelf()
        self.database = database
        self._folder = settings.storage.backup_dir
        store = cast("Any", self.shelf)
        self.keeper = BackupKeeper(settings, database, store, claim=claim_alone, clock=lambda: self.now)

    def kept(self) -> list[str]:
        return [backup.folder.name for backup in Backups(self._folder).all()]

    async def delete_something(self) -> None:
        async with self.database.transaction() as transaction:
            await transaction.execute(insert(deletions).values(owner_id=1, asked_at=self.now, done_at=self.now))


def stored(names: list[str]) -> list[str]:
    return [f"backups/{name}/{file}" for name in names for file in ("greenlight.db", "manifest.json")]


async def test_the_bot_makes_one_a_day_keeps_so_many_and_copies_the_database(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, KEEP_BACKUPS="2", BACKUP_TO_STORE="yes")
    async with running(settings) as database:
        bench = Bench(settings, database)
        counts = []
        for _ in range(6):  # twice a day
            await bench.keeper.look()
            counts.append(len(bench.kept()))
            bench.now += DAY / 2
    assert counts == [1, 1, 2, 2, 2, 2]
    assert bench.shelf.keys == stored(bench.kept())


async def test_a_deletion_takes_the_backups_of_before_with_it_here_and_in_the_store(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, BACKUP_TO_STORE="yes")
    async with running(settings) as database:
        bench = Bench(settings, database)
        await bench.keeper.look()
        (before,) = bench.kept()
        bench.now += 1
        await bench.delete_something()
        bench.now += FORGET_WITHIN
        bench.shelf.is_down = True
        await bench.keeper.look()
        assert bench.shelf.keys == stored([before])
        bench.shelf.is_down = False
        await bench.keeper.look()
    (left,) = bench.kept()
    assert left != before
    assert bench.shelf.keys == stored([left])


async def test_what_a_lost_machine_had_stored_is_removed_like_our_own(tmp_path: Path) -> None:
    lost = settings_in(tmp_path / "lost", BACKUP_TO_STORE="yes", KEEP_BACKUPS="2")
    shelf = Shelf()
    async with running(lost) as database:
        bench = Bench(lost, database, shelf)
        for _ in range(2):
            bench.now += DAY
            await bench.keeper.look()
        first, second = bench.kept()
    shelf.keys += ["backups/notes.txt", "films/f/1.mp4"]
    theirs = shelf.keys[-2:]

    ours = settings_in(tmp_path / "ours", BACKUP_TO_STORE="yes", KEEP_BACKUPS="2")
    async with running(ours) as database:
        now = bench.now
        bench = Bench(ours, database, shelf)
        bench.now = now + DAY
        await bench.keeper.look()
        (third,) = bench.kept()
        assert set(shelf.keys) == {*stored([second, third]), *theirs}
        assert first not in str(shelf.keys)
        bench.now += 60.0
        await bench.delete_something()
        await bench.keeper.look()
    assert set(shelf.keys) == {*stored([third]), *theirs}


async def test_deletions_that_never_cease_put_off_no_forgetting(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, BACKUP_EVERY_HOURS="720")
    async with running(settings) as database:
        bench = Bench(settings, database)
        await bench.keeper.look()
        (before,) = bench.kept()
        for _ in range(14):
            bench.now += 3600.0
            await bench.delete_something()
            await bench.keeper.look()
    assert before not in bench.kept()
    assert len(bench.kept()) == 1


async def test_what_is_deleted_goes_from_backups_that_were_asked_for_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bot makes none by itself."""
    settings = settings_in(tmp_path, BACKUP_EVERY_HOURS="0", KEEP_BACKUPS="2")
    monkeypatch.setattr("bot.app.backup.LOOK_EVERY", 0.01)
    async with running(settings) as database:
        bench = Bench(settings, database)
        await bench.keeper.look()
        assert not bench.kept()
        for mark in ("", "-before-0004"):
            bench.now += 60.0
            await back_up(settings, mark=mark, made_at=bench.now)
        asked_for = bench.kept()
        await bench.keeper.look()
        assert bench.kept() == asked_for
        bench.now += 60.0
        await bench.delete_something()
        bench.now += FORGET_WITHIN
        keeping = asyncio.create_task(bench.keeper.run())

        async def is_forgotten() -> bool:
            return not set(bench.kept()) & set(asked_for)

        await until(is_forgotten)
        keeping.cancel()
        assert len(bench.kept()) == 1


async def test_nothing_goes_to_a_public_bucket_and_somebody_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, BACKUP_TO_STORE="yes")
    async with running(settings) as database:
        bench = Bench(settings, database, Shelf(is_public=True))
        await bench.keeper.look()
    assert len(bench.kept()) == 1
    assert not bench.shelf.keys
    assert "was not copied to the object store" in caplog.text


async def test_a_backup_that_failed_is_told_loudly_and_made_once_it_can_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    settings = settings_in(tmp_path, BACKUP_DIR=str(tmp_path / "taken"))
    async with running(settings) as database:
        bench = Bench(settings, database)
        await bench.keeper.look()
        assert [each.levelname for each in caplog.records if each.message == "NO BACKUP WAS MADE"] == ["ERROR"]
        (tmp_path / "taken").unlink()
        await bench.keeper.look()
    assert len(bench.kept()) == 1


async def test_a_backup_on_another_disk_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    rename = Path.rename

    def within_one_disk(source: Path, target: Path) -> Path:
        if source.parent.name.startswith("snapshot-"):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(source, target)

    async with running(settings):
        monkeypatch.setattr(Path, "rename", within_one_disk)
        backup = await back_up(settings)
    verify(backup.folder, backup.manifest)
    assert not list((settings.data_dir / "work").iterdir())


def driver_style(url: str) -> str:
    return url.replace("+psycopg", "")
