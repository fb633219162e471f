"""A store in a file, for pools that an outside harness drives: it needs no thread, and so bears virtual time.

One JSON document for each pool, under a lock, replaced as a whole. Killed at any moment, the file is the one before or
the one after; what only a failing machine could lose is not guarded against (no fsync).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from ratelimit import Entry, StoreAway, Turn


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
        began_at, items = json.loads(file.read_text()) if file.exists() else (time.time() - ours, [])
        entries = {item["id"]: Entry(**item) for item in items}
        done = turn(entries.values(), began_at + ours)
        for id_ in done.removed:
            entries.pop(id_, None)
        entries.update({entry.id: entry for entry in done.changed})
        beside = file.with_suffix(".part")
        beside.write_text(json.dumps([began_at, [asdict(entry) for entry in entries.values()]]))
        beside.replace(file)
        return done
