"""Backups are whole or not there, cost what is new, and say when they were changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bot.storage import backups as module
from bot.storage.backups import (
    MANIFEST,
    Backup,
    Backups,
    BackupUnderWay,
    Manifest,
    NotABackup,
    old_by_name,
    read_manifest,
    verify,
)
from bot.storage.errors import DiskFull
from bot.storage.files import Files, lasting_files

SHA = "a" * 64
BARE = Manifest(made_at=1_700_000_000.0, version="0", schema="0004", database="greenlight.db", engine="SQLite")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    files = Files(tmp_path / "data")
    files.artefact("p1", "clip.mp4").write_bytes(b"clip")
    files.upload(SHA, "mp4").write_bytes(b"upload")
    for unfinished in ("clip.mp4.part", "clip.unchecked-1.mp4", "clip.late-1.mp4", "voice-1-new.mp3"):
        (files.root / "films" / "p1" / unfinished).write_bytes(b"half")
    (files.root / "films" / "p1" / "join-x").mkdir()
    (files.root / "films" / "p1" / "join-x" / "clip.mp4").write_bytes(b"half")
    return files.root


def make(folder: Path, data: Path, *, at: float = BARE.made_at, rows: bytes = b"rows") -> Backup:
    backups = Backups(folder)
    with backups.begin(at) as part:
        (part / "greenlight.db").write_bytes(rows)
        return backups.finish(part, data, replace(BARE, made_at=at))


def test_a_backup_holds_the_database_and_every_lasting_file_and_nothing_else(tmp_path: Path, data: Path) -> None:
    backup = make(tmp_path / "backups", data)
    verify(backup.folder, read_manifest(backup.folder))
    held = sorted(path.relative_to(backup.folder).as_posix() for path in backup.folder.rglob("*") if path.is_file())
    assert held == ["films/p1/clip.mp4", "greenlight.db", MANIFEST, f"uploads/{SHA}.mp4"]
    assert read_manifest(backup.folder) == backup.manifest


def test_on_the_same_disk_files_are_linked_and_a_later_film_of_the_same_name_changes_nothing(
    tmp_path: Path, data: Path
) -> None:
    clip = data / "films" / "p1" / "clip.mp4"
    backup = make(tmp_path / "backups", data)
    assert (backup.folder / "films/p1/clip.mp4").samefile(clip)

    (tmp_path / "new").write_bytes(b"another")
    (tmp_path / "new").replace(clip)  # as everything here is replaced

    verify(backup.folder, backup.manifest)
    assert make(tmp_path / "backups", data, at=BARE.made_at + 1).manifest.files != backup.manifest.files


def test_on_another_disk_what_is_known_is_linked_to_the_backup_before(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = module._link

    def within_one_disk(source: Path, target: Path) -> bool:
        return not source.is_relative_to(data) and link(source, target)

    monkeypatch.setattr(module, "_link", within_one_disk)
    first = make(tmp_path / "backups", data)
    (data / "films" / "p1" / "new.mp4").write_bytes(b"new")
    second = make(tmp_path / "backups", data, at=BARE.made_at + 1)

    clip = "films/p1/clip.mp4"
    assert not (first.folder / clip).samefile(data / clip)
    assert (second.folder / clip).samefile(first.folder / clip)
    assert (second.folder / "films/p1/new.mp4").read_bytes() == b"new"
    shutil.rmtree(first.folder)
    verify(second.folder, second.manifest)  # whole by itself


def test_what_does_not_fit_is_not_begun_and_nothing_is_left(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_link", lambda source, target: False)
    monkeypatch.setattr(module, "_RESERVE", 1 << 60)
    with pytest.raises(DiskFull):
        make(tmp_path / "backups", data)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["lock"]


def test_a_backup_that_was_killed_is_none_and_the_next_removes_it(tmp_path: Path, data: Path) -> None:
    left = tmp_path / "backups" / "greenlight-20200101T000000Z.part"
    left.mkdir(parents=True)
    assert Backups(tmp_path / "backups").latest() is None
    backup = make(tmp_path / "backups", data)
    assert not left.exists()
    assert Backups(tmp_path / "backups").all() == [backup]


def test_one_at_a_time(tmp_path: Path, data: Path) -> None:
    with Backups(tmp_path / "backups").begin(1.0) as part:
        with pytest.raises(BackupUnderWay):
            make(tmp_path / "backups", data)
        assert part.is_dir()


@pytest.mark.parametrize("harm", ["changed", "missing", "linked", "manifest", "none", "format"])
def test_what_was_changed_since_is_refused(tmp_path: Path, data: Path, harm: str) -> None:
    folder = make(tmp_path / "backups", data).folder
    clip = folder / "films/p1/clip.mp4"
    match harm:
        case "changed":
            clip.unlink()
            clip.write_bytes(b"clap")
        case "missing":
            clip.unlink()
        case "linked":
            clip.unlink()
            clip.symlink_to(data / "films/p1/clip.mp4")
        case "manifest":
            (folder / MANIFEST).write_text('{"format": 1, "files": 7}')
        case "none":
            (folder / MANIFEST).unlink()
        case "format":
            (folder / MANIFEST).write_text('{"format": 99}')
    with pytest.raises(NotABackup):
        verify(folder, read_manifest(folder))


@pytest.mark.parametrize("path", ["../outside", "/etc/hosts"])
def test_a_manifest_names_no_file_outside(tmp_path: Path, data: Path, path: str) -> None:
    backup = make(tmp_path / "backups", data)
    entry = replace(backup.manifest.files[0], path=path)
    with pytest.raises(NotABackup, match="no file of a backup"):
        verify(backup.folder, replace(backup.manifest, files=(entry,)))


def test_the_newest_are_kept_and_none_from_before_a_deletion(tmp_path: Path, data: Path) -> None:
    folder = tmp_path / "backups"
    made = [make(folder, data, at=BARE.made_at + number) for number in range(5)]
    kept = Backups(folder)
    assert kept.old(3) == made[1::-1]
    assert kept.old(3, BARE.made_at + 3.5) == made[3::-1]
    assert kept.old(1, BARE.made_at + 99) == made[3::-1]
    kept.remove(made[0])
    assert kept.all() == made[1:]
    assert not made[0].folder.exists()


def test_a_name_tells_how_old_a_backup_is() -> None:
    first, second, third = (
        f"greenlight-2026112{day}T101500Z{mark}" for day, mark in ((7, "-before-0004"), (8, ""), (9, ""))
    )
    names = [third, first, second, "greenlight-20261399T101500Z", "greenlight.txt", "notes"]
    at_third = 1_795_947_300.0  # 2026-11-29 10:15 UTC
    assert old_by_name(names, 3) == []
    assert old_by_name(names, 2) == [first]
    assert old_by_name(names, 9, at_third) == [second, first]
    assert old_by_name(names, 9, at_third + 1) == [second, first]  # the newest stays, whatever it holds
    assert old_by_name(names, 9, at_third - 86_400.0) == [first]


def test_lasting_files_are_no_links(data: Path) -> None:
    (data / "films" / "p1" / "link.mp4").symlink_to("/etc/hosts")
    assert "link.mp4" not in {path.name for path in lasting_files(data)}
