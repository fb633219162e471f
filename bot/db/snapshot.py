"""Looks at and copies a SQLite file that others may be writing to, without ever writing or checkpointing it.

SQLite up to 3.51.2 can damage a WAL when two connections write or checkpoint at once (sqlite.org/wal.html#walresetbug,
checked 2026-11). A connection opened with `mode=ro` does neither, not even as the last to close: it cannot take the
lock for it (measured with 3.40.1: file and WAL stay byte for byte as they were).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

#: SQLite's steps between two looks at the clock.
_STEPS = 1_000
#: Seconds that a look waits for a writer who holds the file for himself.
_BUSY = 10.0

#: What Python says of a text that is no UTF-8, with the text behind it; what we write always is.
_UNREADABLE = "Could not decode to UTF-8"


class DatabaseDamaged(Exception):
    """A SQLite file cannot be read as what it should be. `file` is its path."""

    def __init__(self, file: Path, detail: str) -> None:
        super().__init__(f"{file}: {detail}")
        self.file = file
        self.detail = detail


@contextmanager
def read_only(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads. Raises `FileNotFoundError`; `DatabaseDamaged` where what is read shows damage."""
    if not file.is_file():
        raise FileNotFoundError(file)
    address = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY, check_same_thread=False)) as connection:
        connection.isolation_level = None
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise DatabaseDamaged(file, what_is_wrong(error)) from error
            raise


def is_damage(error: BaseException | None) -> bool:
    """Whether SQLite says that a file is damaged, or no database at all, or a text in it is none."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return True
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_UNREADABLE)


def what_is_wrong(error: BaseException) -> str:
    """Of a damage, in words without anything that a row holds."""
    return "a text in it cannot be read" if str(error).startswith(_UNREADABLE) else str(error)


def snapshot(source: Path, target: Path) -> None:
    """Copy all that is committed at one moment into a new file, whole and synced, without what was deleted before.

    Raises:
        FileNotFoundError: there is no source.
        DatabaseDamaged: the source, or the copy of it.
        sqlite3.Error | OSError: no room, or no right to write.
    """
    with read_only(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    quick_check(target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def quick_check(file: Path, *, within: float = float("inf")) -> bool:
    """Whether a file was looked through in `within` seconds; larger ones are given up, with nothing known against them.

    Raises:
        DatabaseDamaged: with the first thing that is wrong.
    """
    until = time.monotonic() + within
    with read_only(file) as connection:
        # Before 3.42 SQLite does not look at the clock while it walks a tree, but it can be interrupted there.
        alarm = threading.Timer(min(max(within, 0.0), threading.TIMEOUT_MAX), connection.interrupt)
        alarm.daemon = True
        alarm.start()
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return False
            raise
        finally:
            alarm.cancel()
            alarm.join()
    if found != "ok":
        raise DatabaseDamaged(file, str(found).splitlines()[-1])
    return True


def schema_of(file: Path) -> str | None:
    """The number of the last migration; `None` where there was none. Raises `DatabaseDamaged`."""
    with read_only(file) as connection:
        named = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if named else None
    return str(row[0]) if row else None
