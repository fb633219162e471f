"""A backup is put in place where nothing is, whole and of a schema we know, and nowhere else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from bot.app.backup import DumpFailed, back_up, write_alone
from bot.app.boot import HalfRestored, look_at_databases
from bot.app.restore import CannotRestore, restore
from bot.db.tables import switches
from bot.production.model import ProductionState
from bot.settings import Settings
from bot.storage.backups import MANIFEST, Backup, NotABackup
from bot.storage.files import Files
from tests.bot.app.test_backup import driver_style, pause, running, settings_in
from tests.bot.production.test_productions import Office


async def a_backup(settings: Settings, folder: Path) -> tuple[Backup, str]:
    """Of a bot with a film in the line; its production."""
    Files(settings.data_dir).artefact("p1", "clip.mp4").write_bytes(b"clip")
    async with running(settings) as database:
        office = Office(database)
        production = await office.accept((await office.film()).id)
        await pause(database, "all")
        return await back_up(settings, folder), production.id


async def test_a_fresh_machine_has_everything_and_nothing_goes_on_by_itself(tmp_path: Path) -> None:
    backup, film = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    fresh = settings_in(tmp_path / "fresh")

    restored = await restore(fresh, backup.folder)

    assert restored.held == [film]
    assert (fresh.data_dir / "films/p1/clip.mp4").read_bytes() == b"clip"
    assert sorted(path.name for path in fresh.data_dir.iterdir()) == [
        "films",
        "greenlight.db",
        "lock",
        "uploads",
        "work",
    ]
    async with running(fresh) as database:
        assert (await Office(database).productions.get(film)).state is ProductionState.HELD
        async with database.transaction() as transaction:
            assert (await transaction.execute(select(switches.c.name))).scalars().all() == ["all"]


async def test_a_postgres_is_brought_back_into_an_empty_one(tmp_path: Path, postgres_database: str) -> None:
    settings = settings_in(tmp_path, DATABASE_URL=driver_style(postgres_database))
    backup, film = await a_backup(settings, tmp_path / "backups")
    with pytest.raises(CannotRestore, match="has tables already"):
        await restore(settings_in(tmp_path / "same", DATABASE_URL=driver_style(postgres_database)), backup.folder)

    empty = await _another(postgres_database)
    fresh = settings_in(tmp_path / "fresh", DATABASE_URL=driver_style(empty))
    restored = await restore(fresh, backup.folder)

    assert restored.held == [film]
    async with running(fresh) as database:
        assert (await Office(database).productions.get(film)).state is ProductionState.HELD
    with pytest.raises(CannotRestore, match="another kind of database"):
        await restore(settings_in(tmp_path / "file"), backup.folder)


async def test_no_bot_runs_on_a_postgres_that_is_half_restored(
    tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, film = await a_backup(
        settings_in(tmp_path, DATABASE_URL=driver_style(postgres_database)), tmp_path / "backups"
    )
    empty = driver_style(await _another(postgres_database))
    fresh = settings_in(tmp_path / "fresh", DATABASE_URL=empty)

    class Killed(BaseException):
        pass

    async def killed(*_: object) -> list[str]:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("bot.app.restore._hold", killed)
        with pytest.raises(Killed):
            await restore(fresh, backup.folder)

    for machine in (fresh, settings_in(tmp_path / "another", DATABASE_URL=empty)):
        with pytest.raises(HalfRestored, match=r"is half restored: .* drop this database, create it anew"):
            await look_at_databases(machine)
    with pytest.raises(CannotRestore, match="is half restored"):
        await restore(settings_in(tmp_path / "again", DATABASE_URL=empty), backup.folder)

    async with await psycopg.AsyncConnection.connect(driver_style(postgres_database), autocommit=True) as connection:
        name = empty.rsplit("/", 1)[1]
        await connection.execute(f"DROP DATABASE {name}".encode())
    await _another(postgres_database)
    anew = settings_in(tmp_path / "anew", DATABASE_URL=empty)
    assert (await restore(anew, backup.folder)).held == [film]
    await look_at_databases(anew)


async def test_after_a_pg_restore_that_failed_only_another_restore_goes_on(
    tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, film = await a_backup(
        settings_in(tmp_path, DATABASE_URL=driver_style(postgres_database)), tmp_path / "backups"
    )
    empty = driver_style(await _another(postgres_database))

    async def failing(*_: object) -> None:
        raise DumpFailed("connection lost")

    with monkeypatch.context() as patched:
        patched.setattr("bot.app.restore.run_with_database", failing)
        with pytest.raises(DumpFailed):
            await restore(settings_in(tmp_path / "fresh", DATABASE_URL=empty), backup.folder)
    with pytest.raises(HalfRestored):
        await look_at_databases(settings_in(tmp_path / "fresh", DATABASE_URL=empty))
    again = settings_in(tmp_path / "again", DATABASE_URL=empty)
    assert (await restore(again, backup.folder)).held == [film]
    await look_at_databases(again)


async def _another(url: str) -> str:
    name = f"{url.rsplit('/', 1)[1]}_empty"
    async with await psycopg.AsyncConnection.connect(driver_style(url), autocommit=True) as connection:
        await connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{url}_empty"


@pytest.mark.parametrize("there", ["greenlight.db", "films", "backups"])
async def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    backup, _ = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    fresh = settings_in(tmp_path / "fresh")
    (fresh.data_dir / there).mkdir()
    with pytest.raises(CannotRestore, match=f"not empty: there is {there}"):
        await restore(fresh, backup.folder)
    assert [path.name for path in fresh.data_dir.iterdir()] == [there]


async def test_a_database_elsewhere_is_not_written_over_either(tmp_path: Path) -> None:
    backup, _ = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    (tmp_path / "other.db").touch()
    fresh = settings_in(tmp_path / "fresh", DATABASE_URL=f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(CannotRestore, match="is there already"):
        await restore(fresh, backup.folder)


async def test_a_newer_schema_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    backup, _ = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    manifest = json.loads((backup.folder / MANIFEST).read_text())
    (backup.folder / MANIFEST).write_text(json.dumps({**manifest, "schema": "9999"}))
    fresh = settings_in(tmp_path / "fresh")
    with pytest.raises(CannotRestore, match="schema 9999"):
        await restore(fresh, backup.folder)
    assert not list(fresh.data_dir.iterdir())


async def test_a_damaged_backup_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    backup, _ = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    with (backup.folder / "greenlight.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")
    fresh = settings_in(tmp_path / "fresh")
    with pytest.raises(NotABackup, match=r"greenlight\.db was changed"):
        await restore(fresh, backup.folder)
    assert [path.name for path in fresh.data_dir.iterdir()] == ["lock"]


async def test_a_restore_that_was_killed_leaves_no_database_and_is_refused_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, _ = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    fresh = settings_in(tmp_path / "fresh")

    class Killed(BaseException):
        pass

    async def killed(*_: object) -> list[str]:
        raise Killed

    monkeypatch.setattr("bot.app.restore._hold", killed)
    with pytest.raises(Killed):
        await restore(fresh, backup.folder)
    monkeypatch.undo()
    assert not (fresh.data_dir / "greenlight.db").exists()
    with pytest.raises(CannotRestore, match="not empty"):
        await restore(fresh, backup.folder)
    shutil.rmtree(fresh.data_dir)
    assert (await restore(settings_in(tmp_path / "fresh"), backup.folder)).held


async def test_the_database_alone_as_the_object_store_has_it_can_be_restored(tmp_path: Path) -> None:
    backup, film = await a_backup(settings_in(tmp_path), tmp_path / "backups")
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(write_alone(backup), alone / MANIFEST)
    shutil.copy(backup.folder / "greenlight.db", alone)
    assert (await restore(settings_in(tmp_path / "fresh"), alone)).held == [film]
