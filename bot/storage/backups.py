"""Backups as folders: a copy of the database, every lasting file, and a manifest that is written last.

    greenlight-20261129T101500Z/
        manifest.json       what is in here, of which versions, with sizes and sha256
        greenlight.db       the database (greenlight.dump of a PostgreSQL, where pg_dump is at hand)
        films/ uploads/     as under DATA_DIR

Lasting files are never changed, only replaced, so a backup on the same disk links to them and one elsewhere to those of
the backup before: it costs what is new. Each is whole by itself. The engine's file is not in it: all it knows can be
begun again from the rows, and what it had under way must not go on by itself.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.storage.errors import DiskFull
from bot.storage.files import lasting_files

MANIFEST = "manifest.json"
FORMAT = 1
_NAME = re.compile(r"greenlight-([0-9]{8}T[0-9]{6})Z[a-z0-9-]*")
#: Bytes that stay free where a backup is written.
_RESERVE = 64 << 20


class BackupUnderWay(Exception):
    """Another process makes a backup in the same folder."""


class NotABackup(Exception):
    """A folder holds no whole backup, or one that was changed since; the text says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a backup, by its path in there. `modified_ns` is that of the file it was taken from."""

    path: str
    bytes: int
    sha256: str
    modified_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    Args:
        made_at: the moment whose rows it holds, in Unix seconds.
        version: Greenlight's.
        schema: the number of the database's last migration.
        database: the database's file in the backup; `None` where it was left to whoever runs the PostgreSQL.
        engine: of the database, with its version.
        note: what to know before it is restored.
    """

    made_at: float
    version: str
    schema: str
    database: str | None
    engine: str
    files: tuple[Entry, ...] = ()
    note: str = ""

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises `NotABackup`."""
        try:
            kept = json.loads(text)
            number = kept.pop("format")
            if number != FORMAT:
                raise NotABackup(f"its manifest has format {number}, which this version of Greenlight does not know")
            return cls(**{**kept, "files": tuple(Entry(**entry) for entry in kept["files"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotABackup("its manifest cannot be read") from error

    @property
    def size(self) -> int:
        return sum(entry.bytes for entry in self.files)


@dataclass(frozen=True, slots=True)
class Backup:
    folder: Path
    manifest: Manifest


class Backups:
    """The backups in one folder. Everything here blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Backup]:
        """Every whole backup, oldest first."""
        found = []
        for folder in self.folder.glob("greenlight-*"):
            if _NAME.fullmatch(folder.name):
                with suppress(NotABackup):
                    found.append(Backup(folder, read_manifest(folder)))
        return sorted(found, key=lambda backup: backup.manifest.made_at)

    def latest(self) -> Backup | None:
        found = self.all()
        return found[-1] if found else None

    @contextmanager
    def begin(self, made_at: float, mark: str = "") -> Iterator[Path]:
        """An unfinished backup's folder: `finish` it in the block, or it goes with all it holds.

        Raises:
            BackupUnderWay: one at a time.
        """
        name = f"greenlight-{datetime.fromtimestamp(made_at, tz=UTC):%Y%m%dT%H%M%SZ}{mark}"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BackupUnderWay(f"another backup is being made in {self.folder}") from error
            for left in self.folder.glob("greenlight-*.part"):  # of one that was killed
                shutil.rmtree(left, ignore_errors=True)
            part = self.folder / f"{name}.part"
            part.mkdir(mode=0o700)
            try:
                yield part
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def finish(self, part: Path, data_dir: Path, manifest: Manifest) -> Backup:
        """Add the lasting files and the manifest, and give the backup its name.

        Raises:
            DiskFull: it does not fit.
        """
        before = self.latest()
        known = {entry.path: entry for entry in before.manifest.files} if before is not None else {}
        files = [_entry(part, part / manifest.database)] if manifest.database is not None else []
        for source in lasting_files(data_dir):
            path = source.relative_to(data_dir).as_posix()
            earlier = (before.folder, known[path]) if before is not None and path in known else None
            if (entry := _take(source, path, part, earlier)) is not None:
                files.append(entry)
        whole = replace(manifest, files=tuple(files))
        _write_synced(part / MANIFEST, whole.to_json())
        folder = part.with_suffix("")
        part.rename(folder)
        _sync_folder(self.folder)
        return Backup(folder, whole)

    def old(self, keep: int, none_before: float = 0.0) -> list[Backup]:
        """All but the newest `keep`, and those made before a moment, the newest excepted."""
        found = self.all()
        return [
            backup
            for place, backup in enumerate(reversed(found))
            if place >= keep or (place > 0 and backup.manifest.made_at < none_before)
        ]

    def remove(self, backup: Backup) -> None:
        # The manifest first: what is half removed is no backup.
        (backup.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(backup.folder, ignore_errors=True)


def old_by_name(names: Iterable[str], keep: int, none_before: float = 0.0) -> list[str]:
    """As `Backups.old`, of backups of which only the names are at hand; other names are nobody's backups."""
    found = sorted(((at, name) for name in names if (at := _named_after(name)) is not None), reverse=True)
    return [name for place, (at, name) in enumerate(found) if place >= keep or (place > 0 and at < none_before)]


def _named_after(name: str) -> float | None:
    """The moment in a backup's name, in Unix seconds without their fraction."""
    if (found := _NAME.fullmatch(name)) is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:  # there is no such day
        return None


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself. Raises `NotABackup`."""
    try:
        return Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise NotABackup(f"{folder} has no {MANIFEST} that can be read") from error


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest. Raises `NotABackup` with the first that differs."""
    for entry in manifest.files:
        path = Path(entry.path)
        if path.is_absolute() or ".." in path.parts:
            raise NotABackup(f"its manifest names {entry.path!r}, which is no file of a backup")
        file = folder / path
        if not file.is_file() or file.is_symlink():
            raise NotABackup(f"{entry.path} is not there")
        if (file.stat().st_size, sha256_of(file)) != (entry.bytes, entry.sha256):
            raise NotABackup(f"{entry.path} was changed since the backup was made, or is damaged")


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _take(source: Path, path: str, part: Path, earlier: tuple[Path, Entry] | None) -> Entry | None:
    """Put one file into a backup; `earlier` is the one before and its entry. `None` where it is gone."""
    target = part / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        found = source.stat()
        same = _same(earlier, found)
        if not _link(source, target) and not (same is not None and _link(same, target)):
            _copy(source, target, found.st_size)
    except FileNotFoundError:
        return None
    return Entry(
        path=path,
        bytes=found.st_size,
        sha256=earlier[1].sha256 if earlier is not None and same is not None else sha256_of(target),
        modified_ns=found.st_mtime_ns,
    )


def _same(earlier: tuple[Path, Entry] | None, found: os.stat_result) -> Path | None:
    """The file of the backup before, where that is still the same."""
    if earlier is None:
        return None
    folder, entry = earlier
    is_same = (entry.bytes, entry.modified_ns) == (found.st_size, found.st_mtime_ns)
    return folder / entry.path if is_same and (folder / entry.path).is_file() else None


def _link(source: Path, target: Path) -> bool:
    """Whether the file could be linked: it lies on the same disk, and the disk knows links."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def move_whole(source: Path, target: Path) -> None:
    """Move a file, to another disk as well; its room there is looked for first. Raises `DiskFull`."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target, source.stat().st_size)


def _copy(source: Path, target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free - size < _RESERVE:
        raise DiskFull(free=free, asked=size, reserve=_RESERVE)
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _entry(part: Path, file: Path) -> Entry:
    return Entry(path=file.relative_to(part).as_posix(), bytes=file.stat().st_size, sha256=sha256_of(file))


def _write_synced(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
