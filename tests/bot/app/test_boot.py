"""What a bot finds out about its files before it opens them, in exact words, and what it never does: delete."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.backup import back_up
from bot.app.boot import (
    DatabaseLost,
    DatabaseReadOnly,
    NotBackedUp,
    check_writable,
    look_at_databases,
    remedy,
    remember,
)
from bot.db import DatabaseTooNew, known_schemas
from bot.db.snapshot import DatabaseDamaged
from bot.settings import Settings
from bot.storage.backups import Backups
from tests.bot.app.test_backup import running, settings_in


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """Of a bot that has run here."""
    made = settings_in(tmp_path)
    async with running(made):
        remember(made)
    with closing(sqlite3.connect(made.data_dir / "engine.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE workflows (id TEXT)")
    return made


def database_of(settings: Settings) -> Path:
    return settings.data_dir / "greenlight.db"


def harm(file: Path) -> None:
    with file.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * 4096 * 4)


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def test_a_first_start_and_a_second_are_fine(tmp_path: Path, settings: Settings) -> None:
    await look_at_databases(settings_in(tmp_path / "first"))
    await look_at_databases(settings)


@pytest.mark.parametrize("how", ["gone", "empty"])
async def test_a_lost_database_is_not_replaced_by_an_empty_one(settings: Settings, how: str) -> None:
    database_of(settings).unlink()
    if how == "empty":
        database_of(settings).touch()
    with pytest.raises(DatabaseLost, match=f"{database_of(settings)} is {how}, and there were films in it"):
        await look_at_databases(settings)


async def test_another_database_than_before_is_the_operators_wish(tmp_path: Path, settings: Settings) -> None:
    database_of(settings).unlink()
    await look_at_databases(settings_in(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}"))


@pytest.mark.parametrize("name", ["greenlight.db", "engine.sqlite3"])
@pytest.mark.parametrize("how", ["damaged", "no database"])
async def test_a_damaged_file_stops_the_start_and_stays_as_it_is(settings: Settings, name: str, how: str) -> None:
    file = settings.data_dir / name
    if how == "damaged" and name == "greenlight.db":
        harm(file)
    else:
        file.write_text("this is no database " * 500)
    before = listing(settings.data_dir)
    with pytest.raises(DatabaseDamaged) as damaged:
        await look_at_databases(settings)
    assert damaged.value.file == file
    after = listing(settings.data_dir)
    assert {each: after[each] for each in before} == before


async def test_the_remedy_names_the_newest_backup_where_it_will_be(settings: Settings) -> None:
    damaged = DatabaseDamaged(database_of(settings), "malformed")
    assert "There is no backup in" in remedy(damaged, settings)
    backup = await back_up(settings)
    words = remedy(damaged, settings)
    assert f"mv {settings.data_dir} {settings.data_dir}.damaged" in words
    assert f"python -m bot restore {settings.data_dir}.damaged/backups/{backup.folder.name}" in words
    assert "Nothing was removed" in words


def test_a_damaged_engine_file_is_only_moved_away(settings: Settings) -> None:
    words = remedy(DatabaseDamaged(settings.data_dir / "engine.sqlite3", "malformed"), settings)
    assert "move it away" in words
    assert "restore" not in words


async def test_what_may_not_be_written_is_named_with_our_user(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def read_only(path: Path, mode: str = "r", **options: object) -> object:
        if "+" in mode and path.name.endswith("-wal"):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, mode, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", read_only)
    monkeypatch.setattr("os.getuid", lambda: 10001)
    with pytest.raises(DatabaseReadOnly, match=r"greenlight\.db-wal may not be written by user 10001 \(Read-only"):
        check_writable(database_of(settings))


async def test_a_newer_schema_is_refused(settings: Settings) -> None:
    _set_schema(database_of(settings), "9999")
    with pytest.raises(DatabaseTooNew, match="has schema 9999"):
        await look_at_databases(settings)
    assert not Backups(settings.storage.backup_dir).all()


async def test_an_older_schema_is_backed_up_before_it_is_migrated(settings: Settings) -> None:
    newest, before, *_ = known_schemas()
    _set_schema(database_of(settings), before)
    await look_at_databases(settings)
    (backup,) = Backups(settings.storage.backup_dir).all()
    assert backup.manifest.schema == before
    assert backup.folder.name.endswith(f"-before-{newest}")


async def test_without_that_backup_nothing_is_migrated(tmp_path: Path, settings: Settings) -> None:
    _set_schema(database_of(settings), known_schemas()[1])
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(NotBackedUp, match="Nothing was changed"):
        await look_at_databases(settings_in(tmp_path, BACKUP_DIR=str(tmp_path / "taken")))


async def test_the_fault_of_this_sqlite_is_named_once(
    settings: Settings, caplog: pytest.LogCaptureFixture, old_sqlite: None
) -> None:
    await look_at_databases(settings)
    assert caplog.text.count("this version of SQLite has a known fault") == 1


@pytest.fixture
def old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))


def _set_schema(file: Path, number: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (number,))
