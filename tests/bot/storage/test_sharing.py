"""Files between machines, each with a folder of its own, through a real S3."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.errors import StoreUnavailable
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.storage.sharing import STORED_FOR, Sharing
from tests.bot.storage.test_objects import endpoint, open_store

__all__ = ["endpoint"]


@pytest.fixture
async def store(endpoint: str) -> AsyncIterator[ObjectStore]:
    opened = open_store(endpoint)
    await opened.remove_all("shared/")
    yield opened
    await opened.close()


class Machine:
    """One with a folder of its own, and the store."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.files = Files(folder, store=store)
        sharing = self.files.sharing
        assert sharing is not None
        self.sharing: Sharing = sharing

    @property
    def clip(self) -> Path:
        return self.files.artefact("film-1", "clip.mp4")


@pytest.fixture
def ana(tmp_path: Path, store: ObjectStore) -> Machine:
    return Machine(tmp_path / "ana", store)


@pytest.fixture
def ben(tmp_path: Path, store: ObjectStore) -> Machine:
    return Machine(tmp_path / "ben", store)


async def test_what_one_machine_made_another_finds(ana: Machine, ben: Machine) -> None:
    assert not await ben.files.here(ben.clip)
    ana.clip.write_bytes(b"a clip")
    await ana.files.share(ana.clip)
    assert await ben.files.here(ben.clip)
    assert ben.clip.read_bytes() == b"a clip"
    assert [path.name for path in ben.clip.parent.iterdir()] == ["clip.mp4"]  # nothing half is left


async def test_what_is_kept_elsewhere_counts_as_kept(ana: Machine, ben: Machine) -> None:
    ana.clip.write_bytes(b"a clip")
    await ana.files.share(ana.clip)
    assert await ben.files.kept("film-1", ["clip.mp4", "other.mp4"]) == {"clip.mp4"}
    assert await ben.files.kept("film-2", ["clip.mp4"]) == set()


async def test_a_recording_that_is_thrown_away_is_gone_everywhere(ana: Machine, ben: Machine) -> None:
    ana.clip.write_bytes(b"a clip")
    await ana.files.share(ana.clip)
    await ana.files.discard(ana.clip)
    assert not await ana.files.here(ana.clip)
    assert not await ben.files.here(ben.clip)


async def test_an_upload_is_found_too(ana: Machine, ben: Machine) -> None:
    mine, theirs = (machine.files.upload("a" * 64, "mp4") for machine in (ana, ben))
    mine.write_bytes(b"a pond")
    await ana.files.share(mine)
    assert await ben.files.here(theirs)


async def test_what_comes_as_something_else_is_not_taken(ana: Machine, ben: Machine, store: ObjectStore) -> None:
    ana.clip.write_bytes(b"a clip")
    await store.put(ana.clip, "shared/films/film-1/clip.mp4", sha256="0" * 64)
    with pytest.raises(StoreUnavailable, match="another"):
        await ben.sharing.fetch(ben.clip)
    assert list(ben.clip.parent.iterdir()) == []


async def test_what_lies_on_one_machine_only_is_shared_when_it_is_counted_as_kept(ana: Machine, ben: Machine) -> None:
    ana.clip.write_bytes(b"from before files were shared")
    assert await ben.files.kept("film-1", ["clip.mp4"]) == set()
    assert not await ben.files.is_kept(ben.clip)

    assert await ana.files.kept("film-1", ["clip.mp4"]) == {"clip.mp4"}

    assert await ben.files.is_kept(ben.clip)
    assert await ben.files.here(ben.clip)


async def test_what_another_machine_removed_is_stored_again_after_a_while(
    ana: Machine, ben: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.clip.write_bytes(b"a clip")
    await ana.files.share(ana.clip)
    await ben.sharing.remove(ben.clip)
    await ana.files.share(ana.clip)
    assert not await ben.files.here(ben.clip)

    now = time.monotonic()
    monkeypatch.setattr("bot.storage.sharing.time.monotonic", lambda: now + STORED_FOR + 1.0)
    await ana.files.share(ana.clip)
    assert await ben.files.here(ben.clip)


class Away(ObjectStore):
    """A store that does not answer at first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.put_keys: list[str] = []

    async def get(self, key: str, file: Path) -> None:
        self._fail()
        await asyncio.to_thread(file.write_bytes, key.encode())

    async def put(self, file: Path, key: str, *, content_type: str = "video/mp4", sha256: str | None = None) -> None:
        self._fail()
        self.put_keys.append(key)

    async def names(self, prefix: str) -> frozenset[str]:
        self._fail()
        return frozenset()

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("down")


async def test_a_store_that_is_away_is_waited_for_and_asked_no_more_than_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.sharing.AGAIN_FIRST", 0.0)
    store = Away(failures=3)
    machine = Machine(tmp_path, store)
    machine.clip.write_bytes(b"a clip")
    await machine.sharing.put_if_it_answers(machine.clip)
    assert store.put_keys == []
    await machine.files.share(machine.clip)
    await machine.files.share(machine.clip)
    assert store.put_keys == ["shared/films/film-1/clip.mp4"]

    store.failures = 2
    other = machine.files.artefact("film-1", "other.mp4")
    assert await machine.files.here(other)


async def test_without_a_store_a_file_is_where_it_is(tmp_path: Path) -> None:
    files = Files(tmp_path)
    clip = files.artefact("film-1", "clip.mp4")
    await files.share(clip)
    assert not await files.here(clip)
    clip.write_bytes(b"a clip")
    assert await files.here(clip)
