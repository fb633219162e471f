"""A store in a file, for pools that an outside harness drives: it needs no thread, and so bears virtual time.

One JSON document for each pool, under a lock, replaced as a whole. Killed at any moment, the file is the one before or
the one after; what only a failing machine could lose is not guarded against (no fsync). A file that somebody broke is
kept beside as `.broken`, and a new one begun.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from ratelimit import Entry, StoreAway, Turn

logger = logging.getLogger(__name__)


class FileStore:
    """In a folder that may be there already. Its time runs with the event loop's, from where the first one began."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def exchange(self, pool: str, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        """See `UsageStore`. Raises `StoreAway` where the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{pool}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                return self._turn(self._folder / f"{pool}.json", turn)
        except OSError as error:
            raise StoreAway(f"{self._folder}: {error}") from error

    def _turn(self, file: Path, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        ours = asyncio.get_running_loop().time()
        began_at, entries = _read(file) or (time.time() - ours, {})
        done = turn(entries.values(), began_at + ours)
        for id_ in done.removed:
            entries.pop(id_, None)
        entries.update({entry.id: entry for entry in done.changed})
        beside = file.with_suffix(".part")
        beside.write_text(json.dumps([began_at, [asdict(entry) for entry in entries.values()]]))
        beside.replace(file)
        return done


def _read(file: Path) -> tuple[float, dict[str, Entry]] | None:
    """When time began, and the entries; `None` where there are none that could be read."""
    try:
        began_at, items = json.loads(file.read_text())
        return float(began_at), {item["id"]: Entry(**item) for item in items}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as fault:
        logger.warning("state file was unreadable", extra={"file": str(file), "fault": repr(fault)})
        file.replace(file.with_suffix(".broken"))
        return None
