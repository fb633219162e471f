"""A film as a file, as a link of its own run, or in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.production.model import ProductionState
from bot.storage.errors import ObjectMissing, StoreUnavailable
from bot.storage.files import Files
from bot.ui.carrying import Carrier
from bot.ui.delivery_rules import Form
from bot.ui.ends import End, film_end
from tests.bot.studio.samples import plan
from tests.bot.ui.test_cards import production


class Store:
    """An object store that remembers what was put where."""

    def __init__(self, public: str | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.public = public

    async def put(self, file: Path, key: str, *, content_type: str) -> None:
        self.objects[key] = file.read_bytes() + content_type.encode()

    def public_address(self, key: str) -> str | None:
        return None if self.public is None else f"{self.public}/{key}"

    async def address(self, key: str, *, expires_in: int, filename: str) -> str:
        return f"https://store/{key}?for={expires_in}&as={filename}"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    return path


def end_of(film: Path, run: int = 1) -> End:
    done = replace(production(ProductionState.DONE), run=run, finished_at=200.0)
    return film_end(done, plan(), film=film, told="")


async def words(store: Store | None, end: End, tmp_path: Path, form: Form = Form.LINK, because: str = "") -> str:
    anything: Any = store
    carrier = Carrier(files=Files(tmp_path / "data"), ffmpeg=anything, store=anything)
    async with carrier.carry(end, form, limit=1, because=because) as carried:
        assert carried.file is None
        return carried.words


async def test_the_film_of_another_run_takes_no_other_place_in_the_store(film: Path, tmp_path: Path) -> None:
    store = Store()
    first, second = [await words(store, end_of(film, run), tmp_path) for run in (1, 2)]

    assert len(store.objects) == 2
    assert first != second
    assert "within 7 days" in first
    assert "/films" in first


async def test_a_public_link_says_nothing_of_an_end(film: Path, tmp_path: Path) -> None:
    told = await words(Store("https://films.example"), end_of(film), tmp_path)

    assert "https://films.example/films/" in told
    assert "7 days" not in told


async def test_without_a_store_or_with_a_broken_one_the_words_say_what_becomes_of_it(
    film: Path, tmp_path: Path
) -> None:
    end = end_of(film)
    told = [
        await words(None, end, tmp_path),
        await words(Store(), end, tmp_path, Form.WORDS, StoreUnavailable.__name__),
        await words(Store(), end, tmp_path, Form.WORDS, ObjectMissing.__name__),
        await words(Store(), end, tmp_path, Form.WORDS, "NotAllowed"),
    ]

    assert ["too large" in each for each in told] == [True, True, False, True]
    assert "file store is unreachable" in told[1]
    assert "Make it again" in told[2]


@pytest.mark.parametrize("form", [Form.FILE, Form.LINK])
async def test_a_film_that_is_not_there_any_more_is_missed_before_anything_is_sent(tmp_path: Path, form: Form) -> None:
    with pytest.raises(ObjectMissing):
        await words(Store(), end_of(tmp_path / "gone.mp4"), tmp_path, form)
