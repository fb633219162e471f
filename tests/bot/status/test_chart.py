"""A picture that is one, of a size to be read; nothing of what drew it stays; and the same in words."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.db import Database
from bot.status import chart
from bot.status.chart import ChartFailed, Charts, described, draw
from bot.status.drawing import BACKGROUND, with_gaps
from bot.status.samples import Samples
from tests.bot.status.bench import NOON
from tests.bot.status.test_samples import SAMPLE, process
from tests.bot.waiting import until

DAY_OF_SAMPLES = [
    replace(SAMPLE, at=NOON - 86_400 + 1800 * number, requests={f"k{key}": number for key in range(9)})
    for number in range(1, 49)
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")  # what is known of fonts is found out once


async def test_the_chart_is_a_picture_on_discords_background(cache: Path) -> None:
    picture = Image.open(io.BytesIO(await draw(DAY_OF_SAMPLES, NOON, cache)))

    assert picture.format == "PNG"
    assert 800 <= picture.width <= 1600
    assert picture.convert("RGB").getpixel((2, 2)) == tuple(bytes.fromhex(BACKGROUND[1:]))


async def test_a_chart_of_nothing_is_drawn_too(cache: Path) -> None:
    assert (await draw([], NOON, cache)).startswith(b"\x89PNG")


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing that never comes to an end."""
    script = tmp_path / "endless.py"
    script.write_text("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n")
    monkeypatch.setattr(chart, "_DRAWING", script)


@pytest.mark.usefixtures("endless")
async def test_a_cancelled_drawing_leaves_no_process(cache: Path) -> None:
    (cache / "begun").unlink(missing_ok=True)
    drawing = asyncio.create_task(draw(DAY_OF_SAMPLES, NOON, cache))

    async def is_under_way() -> bool:
        return (cache / "begun").exists()

    await until(is_under_way)
    drawing.cancel()
    done, _ = await asyncio.wait([drawing], timeout=20)

    assert done == {drawing}
    assert drawing.cancelled()
    assert drawings(cache) == []


@pytest.mark.usefixtures("endless")
async def test_a_drawing_that_takes_too_long_is_given_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "WITHIN", 0.05)
    async with asyncio.timeout(20):
        with pytest.raises(ChartFailed, match="more than"):
            await draw(DAY_OF_SAMPLES, NOON, cache)

    assert drawings(cache) == []


async def test_a_drawing_that_fails_tells_why(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "_DRAWING", Path("/nowhere.py"))
    with pytest.raises(ChartFailed, match="No such file"):
        await draw([], NOON, cache)


async def test_many_who_ask_at_once_get_one_chart(database: Database, cache: Path) -> None:
    samples = Samples(database, clock=lambda: NOON + 60)
    await samples.write(SAMPLE, process("a"))
    charts = Charts(samples, cache, clock=lambda: NOON + 60)

    first, second = await asyncio.gather(charts.last_day(), charts.last_day())

    assert first is second
    assert "3 requests" in first.words


def test_the_words_tell_what_the_picture_shows() -> None:
    busy = replace(SAMPLE, films=20, oldest=300.0, requests={"k1": 4, "k2": 1})

    assert described([SAMPLE, busy, SAMPLE]) == (
        "The last 24 hours. 11 requests to services. The busiest of 2 keys, k1, had 10. At most 2 requests and 20 "
        "films waited, at 14:13 UTC; the longest wait was 300 s. Errors of services: 3; answers of 429: 6. Spent so "
        "far today (UTC): $0.00."
    )
    assert described([]) == "Nothing was measured in the last 24 hours yet."


def test_a_line_breaks_where_nothing_was_measured() -> None:
    assert [found is None for _, found in with_gaps([{"at": 0.0}, {"at": 1800.0}, {"at": 9000.0}])] == [
        False,
        False,
        True,
        False,
    ]


def test_the_bot_itself_never_loads_the_plotting_library() -> None:
    bot = Path(chart.__file__).parents[1]
    loads = re.compile(r"^\s*(?:from|import) (?:matplotlib|bot\.status\.drawing)\b", re.MULTILINE)

    assert [each.name for each in bot.rglob("*.py") if loads.search(each.read_text())] == ["drawing.py"]


def drawings(cache: Path) -> list[str]:
    """Processes that run in the folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "cwd").readlink() == cache:
                found.append(each.name)
        except OSError:
            continue
    return found
