"""What SQLite tells while the bot runs: that the disk is full, which passes, or that a file is damaged, which does not.

Both are noticed in the one place every statement goes through: SQLAlchemy's `handle_error`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

from bot.db.snapshot import DatabaseDamaged, is_damage, what_is_wrong

#: Faults of SQLite that concern us: first and last version, the later ones that are mended all the same, what it is.
_FAULTS = (
    (
        (3, 7, 0),
        (3, 51, 2),
        {(3, 44, 6), (3, 50, 7)},
        "the WAL-reset fault (sqlite.org/wal.html#walresetbug): two connections that write or checkpoint at the same "
        "moment may damage the file. Greenlight writes its database through one connection and reads it for backups "
        "through one that cannot write; the engine's file has several, and can be lost without harm",
    ),
)


class DatabaseFull(OperationalError):
    """The disk is full: nothing of the transaction was kept. It works again by itself once there is room."""


def known_faults(version: tuple[int, int, int]) -> list[str]:
    """Faults of a version of SQLite, in words for its operator."""
    return [words for first, last, mended, words in _FAULTS if first <= version <= last and version not in mended]


def name_full_disk(context: ExceptionContext) -> BaseException | None:
    """A full disk as what it is, for `handle_error`.

    HACK: dbos 3.4 waits for its SQLite file, for as long as it takes, where the text says that it is locked; by any
    other word its workflow would end without an end. May go once it knows SQLITE_FULL.
    """
    fault = context.original_exception
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_FULL:
        return None
    told = sqlite3.OperationalError(f"{fault}: to all who write, the database is locked until there is room")
    return DatabaseFull(context.statement, None, told, hide_parameters=True)


class Damage:
    """Waits for the first damage that any SQLite file of this process shows."""

    def __init__(self) -> None:
        self._found: asyncio.Future[DatabaseDamaged] = asyncio.get_running_loop().create_future()

    def found(self, damage: DatabaseDamaged) -> None:
        """From any thread."""
        self._found.get_loop().call_soon_threadsafe(self._settle, damage)

    def _settle(self, damage: DatabaseDamaged) -> None:
        if not self._found.done():
            self._found.set_result(damage)

    async def raise_when_found(self) -> None:
        raise await asyncio.shield(self._found)


@contextmanager
def watching_sqlite() -> Iterator[Damage]:
    """For the block, every statement of the process is watched, those of the engine in its threads, too."""
    damage = Damage()

    def look(context: ExceptionContext) -> None:
        if is_damage(context.original_exception) and context.engine is not None:
            file = Path(context.engine.url.database or "")
            damage.found(DatabaseDamaged(file, what_is_wrong(context.original_exception)))

    event.listen(Engine, "handle_error", look)
    event.listen(Engine, "handle_error", name_full_disk, retval=True)
    try:
        yield damage
    finally:
        event.remove(Engine, "handle_error", name_full_disk)
        event.remove(Engine, "handle_error", look)
