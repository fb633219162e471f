"""Files between machines: what one has made lies in the object store, too, and whoever misses it fetches it from there.

Names are deterministic and a file never changes under its name, so that a copy that is here is never out of date.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
import uuid
from pathlib import Path

from bot.storage.errors import ObjectMissing, StorageError
from bot.storage.objects import ObjectStore

logger = logging.getLogger(__name__)

#: Where they lie in the store; below it everything is named as under DATA_DIR.
SHARED = "shared/"
#: Seconds before a store that did not answer is asked again: first, doubling, and longest.
AGAIN_FIRST, AGAIN_LONGEST = 1.0, 60.0
#: Seconds that one try to store a file may take where nobody may wait for longer.
ONE_TRY = 30.0
#: Seconds for which it is believed what lies in a folder: cards ask for their prices at each look.
TOLD_FOR = 10.0
#: Seconds for which a file is believed to be stored that was: another machine may remove it.
STORED_FOR = 600.0
_CONTENT_TYPES = {".mp4": "video/mp4", ".mp3": "audio/mpeg", ".json": "application/json", ".jpg": "image/jpeg"}


class Sharing:
    """The files under `root`, and their copies in the store."""

    def __init__(self, root: Path, store: ObjectStore) -> None:
        self._root = root
        self._store = store
        self._shared: dict[str, float] = {}  # keys that lie there, and until when that is believed
        self._told: dict[Path, tuple[float, frozenset[str]]] = {}  # folder → until when, and what is in it

    async def fetch(self, path: Path) -> bool:
        """Whether a file is here, now or from before. Raises `StorageError` where the store cannot tell."""
        if await asyncio.to_thread(path.is_file):
            return True
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
            await self._store.get(self._key(path), part)
            await asyncio.to_thread(part.replace, path)
        except ObjectMissing:
            return False
        finally:
            part.unlink(missing_ok=True)
        self._believe(self._key(path))
        logger.info("file fetched", extra={"file": path.name})
        return True

    async def wait_for(self, path: Path) -> bool:
        """As `fetch`, but waits for a store that does not answer: what is missing may have been paid for."""
        pause = AGAIN_FIRST
        while True:
            try:
                return await self.fetch(path)
            except StorageError as error:
                pause = await _rest(pause, "file not fetched yet", path, error)

    async def put(self, path: Path) -> None:
        """Have a whole file in the store. Raises `StorageError`."""
        key = self._key(path)
        if self._shared.get(key, 0.0) > time.monotonic():
            return
        if "" not in await self._store.names(key):
            content_type = _CONTENT_TYPES.get(path.suffix, "application/octet-stream")
            sha256 = await asyncio.to_thread(_sha256, path)
            await self._store.put(path, key, content_type=content_type, sha256=sha256)
        self._believe(key)

    async def has(self, path: Path) -> bool:
        """Whether the store has a file; where it does not answer, that it may."""
        try:
            return "" in await self._store.names(self._key(path))
        except StorageError as error:
            logger.warning("not known what is stored", extra={"error": type(error).__name__})
            return True

    async def put_if_it_answers(self, path: Path) -> None:
        """Try once to have a file in the store, for those who must not wait; `put_patiently` follows."""
        try:
            async with asyncio.timeout(ONE_TRY):
                await self.put(path)
        except (StorageError, TimeoutError) as error:
            logger.warning("file not stored yet", extra={"file": path.name, "error": type(error).__name__})

    async def put_patiently(self, path: Path) -> None:
        """Have a file in the store, however long that takes: what goes on elsewhere needs it there."""
        pause = AGAIN_FIRST
        while True:
            try:
                return await self.put(path)
            except StorageError as error:
                pause = await _rest(pause, "file not stored yet", path, error)

    async def remove(self, path: Path) -> None:
        """Remove a file's copy, or those of a folder, from the store. Raises `StorageError`."""
        key = self._key(path)
        await self._store.remove_all(f"{key}/" if not path.suffix else key)
        for each in [each for each in self._shared if each == key or each.startswith(f"{key}/")]:
            del self._shared[each]

    async def names_in(self, folder: Path) -> frozenset[str]:
        """What of a folder lies in the store, as of a few seconds ago; nothing where the store is away."""
        now = asyncio.get_running_loop().time()
        told = self._told.get(folder)
        if told is None or told[0] <= now:
            try:
                names = await self._store.names(f"{self._key(folder)}/")
            except StorageError as error:
                logger.warning("not known what is stored", extra={"error": type(error).__name__})
                names = frozenset()
            self._told = {each: kept for each, kept in self._told.items() if kept[0] > now}
            told = self._told[folder] = (now + TOLD_FOR, names)
        return told[1]

    def _believe(self, key: str) -> None:
        now = time.monotonic()
        self._shared = {each: until for each, until in self._shared.items() if until > now}
        self._shared[key] = now + STORED_FOR

    def _key(self, path: Path) -> str:
        return f"{SHARED}{path.absolute().relative_to(self._root)}"


async def _rest(pause: float, what: str, path: Path, error: StorageError) -> float:
    logger.warning(what, extra={"file": path.name, "error": f"{type(error).__name__} {error}", "again_in": pause})
    await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  # spread, not secret
    return min(pause * 2, AGAIN_LONGEST)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
