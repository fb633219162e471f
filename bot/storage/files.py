"""Where files lie under DATA_DIR. Names come from ids of ours and from content, never from people.

films/<film>/<content>.mp4       clips, voices and films, under deterministic names: a run again finds what it made
uploads/<sha256>.mp4             what people brought, once per content
work/<random>/                   for one piece of work; swept at start
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.storage.errors import DiskFull
from bot.storage.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.storage.objects import ObjectStore

logger = logging.getLogger(__name__)

#: Seconds between two looks for room on a full disk.
ROOM_EVERY = 15.0
#: Folders whose files last, and what in them does not: work that is under way, or was when a process was killed.
LASTING = ("films", "uploads")
_UNFINISHED = re.compile(r"\.part$|\.unchecked-|\.late-|-new\.mp3$|^join-")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\.(mp4|mov|webm|jpg|png|mp3|wav|ogg|srt|vtt|json)")
_FILM_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPLOAD_KINDS = frozenset({"mp4", "mov", "webm", "jpg", "png"})


class Files:
    """The data directory.

    Args:
        data_dir: made if absent, readable by us alone.
        min_free_bytes: and
        min_free_share: of the disk, 0 to 1: whichever is more stays free; new work is refused before it is touched.
        store: where files are shared with other machines; `None` where all of them see this directory.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        min_free_bytes: int = 2 << 30,
        min_free_share: float = 0.10,
        store: ObjectStore | None = None,
    ) -> None:
        self.root = data_dir.absolute()
        self.sharing = Sharing(self.root, store) if store is not None else None
        self._min_free_bytes = min_free_bytes
        self._min_free_share = min_free_share
        for name in ("films", "uploads", "work"):
            (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def artefact(self, film_id: str, name: str) -> Path:
        """Path of something made for a film (`film-….mp4`). The folder is there, the file perhaps not."""
        folder = self._film_folder(film_id)
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of an artefact")
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    async def kept(self, film_id: str, names: Iterable[str]) -> set[str]:
        """Those of these artefacts that lie there, or where they are shared. Where the store is away, those here."""
        folder = self._film_folder(film_id)
        asked = {name for name in names if _NAME.fullmatch(name)}
        found = await asyncio.to_thread(_there, folder, asked)
        if self.sharing is None:
            return found
        shared = await self.sharing.names_in(folder)
        for name in sorted(found - shared):  # only here, as before files were shared: others could not work with it
            await self.sharing.put_if_it_answers(folder / name)
        return found | asked & shared

    async def lend(self, from_film: str, to_film: str, names: Iterable[str]) -> None:
        """Have those of one film's artefacts that are kept for another film, too; deleting either leaves the other's.

        Waits for a store that is away, where files are shared.
        """
        for name in sorted(await self.kept(from_film, names)):
            source, target = self.artefact(from_film, name), self.artefact(to_film, name)
            if await self.here(source):
                await asyncio.to_thread(self._link, source, target)
                await self.share(target)

    def _link(self, source: Path, target: Path) -> None:
        """The same content under a second name, without a copy where the disk can do that. Files never change."""
        if target.exists():
            return
        part = target.with_name(f"{target.name}.part")
        part.unlink(missing_ok=True)
        try:
            part.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, part)
        self.keep(part, target)

    async def is_kept(self, path: Path) -> bool:
        """Whether a lasting file is here, or where it is shared; a store that is away leaves that open, and so yes."""
        if await asyncio.to_thread(path.is_file):
            return True
        return self.sharing is not None and await self.sharing.has(path)

    def upload(self, sha256: str, kind: str) -> Path:
        """Path of an upload by its content; `kind` is what the content was found to be."""
        if not _SHA256.fullmatch(sha256) or kind not in _UPLOAD_KINDS:
            raise ValueError("not the name of an upload")
        return self.root / "uploads" / f"{sha256}.{kind}"

    async def remove_film(self, film_id: str) -> None:
        """Remove everything that was made for a film, here and where it is shared; nothing is fine.

        Raises:
            StorageError: the store did not answer, so that copies may be left there.
        """
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(shutil.rmtree, self._film_folder(film_id))
        if self.sharing is not None:
            await self.sharing.remove(self._film_folder(film_id))

    async def remove_upload(self, sha256: str, kind: str) -> None:
        """Remove an upload, here and where it is shared; none is fine. Raises `StorageError` as `remove_film` does."""
        await self.discard(self.upload(sha256, kind))

    async def discard(self, path: Path) -> None:
        """Remove one file, here and where it is shared; none is fine. Raises `StorageError` as `remove_film` does."""
        await asyncio.to_thread(path.unlink, missing_ok=True)
        if self.sharing is not None:
            await self.sharing.remove(path)

    async def here(self, path: Path) -> bool:
        """Whether a lasting file is here; fetched, where another machine made it. Waits for a store that is away."""
        if self.sharing is not None:
            return await self.sharing.wait_for(path)
        return await asyncio.to_thread(path.is_file)

    async def share(self, path: Path) -> None:
        """Let other machines have a lasting file, before anybody is told of it. Waits for a store that is away."""
        if self.sharing is not None:
            await self.sharing.put_patiently(path)

    def keep(self, source: Path, destination: Path) -> None:
        """Move a whole file to its lasting name, atomically; blocks on the disk. Both are under the data directory."""
        if not destination.absolute().is_relative_to(self.root):
            raise ValueError("outside the data directory")
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(destination)

    @contextmanager
    def work_dir(self) -> Iterator[Path]:
        """An empty folder for one piece of work, removed with all it holds."""
        folder = Path(tempfile.mkdtemp(dir=self.root / "work"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def sweep(self) -> int:
        """Remove what a killed process left: work folders and unfinished files. Call once, before work begins.

        Returns how many were removed.
        """
        return await asyncio.to_thread(self.remove_left, float("inf"))

    def require_room(self, asked: int = 0) -> None:
        """Raise `DiskFull` unless `asked` bytes can be written and the reserve stays free."""
        disk = shutil.disk_usage(self.root)
        reserve = max(self._min_free_bytes, int(disk.total * self._min_free_share))
        if disk.free - asked < reserve:
            raise DiskFull(free=disk.free, asked=asked, reserve=reserve)

    async def until_room(self, asked: int = 0) -> None:
        """Wait until `asked` bytes can be written and the reserve stays free. The operator is told, once."""
        is_told = False
        while True:
            try:
                await asyncio.to_thread(self.require_room, asked)
            except DiskFull as full:
                if not is_told:
                    facts = {"free": full.free, "asked": full.asked, "reserve": full.reserve}
                    logger.error("THE DISK IS FULL: films wait for room", extra=facts)
                is_told = True
                await asyncio.sleep(ROOM_EVERY)
            else:
                if is_told:
                    logger.info("there is room again")
                return

    def _film_folder(self, film_id: str) -> Path:
        if not _ID.fullmatch(film_id):
            raise ValueError("not the id of a film")
        return self.root / "films" / film_id

    def remove_left(self, before: float) -> int:
        """Remove unfinished work that nobody has touched since a moment (Unix seconds); how many pieces. Blocks."""
        removed = 0
        for left in [*(self.root / "work").iterdir(), *self._unfinished()]:
            if _touched_at(left) < before:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
                removed += 1
        return removed

    def films_untouched_since(self, before: float) -> list[str]:
        """Films to whose folder nothing was added since a moment (Unix seconds). Blocks."""
        found = []
        for folder in sorted((self.root / "films").iterdir()):
            with suppress(FileNotFoundError):  # a film that is deleted at this moment
                # The folder's own time: a file that was lent has that of the film it comes from.
                if _FILM_ID.fullmatch(folder.name) and folder.stat().st_mtime < before:
                    found.append(folder.name)
        return found

    def _unfinished(self) -> list[Path]:
        found = []
        for name in LASTING:
            for folder, below, files in os.walk(self.root / name):
                found += [Path(folder, each) for each in (*below, *files) if _UNFINISHED.search(each)]
                below[:] = [each for each in below if not _UNFINISHED.search(each)]
        return found


def lasting_files(data_dir: Path) -> Iterator[Path]:
    """Every file under a data directory that is whole and meant to last. Blocks on the disk."""
    for name in LASTING:
        for folder, below, files in os.walk(data_dir / name):
            below[:] = [each for each in sorted(below) if not _UNFINISHED.search(each)]
            for file in sorted(files):
                path = Path(folder, file)
                if not _UNFINISHED.search(file) and not path.is_symlink():
                    yield path


def _touched_at(path: Path) -> float:
    """When anything of it was written last."""
    times = [0.0]
    for each in (path, *path.rglob("*")):
        with suppress(FileNotFoundError):
            times.append(each.lstat().st_mtime)
    return max(times)


def _there(folder: Path, names: Iterable[str]) -> set[str]:
    return {name for name in names if (folder / name).exists()}
