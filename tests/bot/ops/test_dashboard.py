"""The page in a browser: what it shows, that it moves, that it asks for the token, and that it fits a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from bot.db import Database
from bot.ops.readiness import holds
from bot.status.samples import Samples
from bot.status.status import Status
from ratelimit import KeyHealth, Limit, Usage
from sandbox.pictures import find_chromium
from tests.bot.ops.desk import TOKEN, serving, settings
from tests.bot.status.bench import NOON, Bench
from tests.bot.status.test_samples import SAMPLE, process
from tests.bot.status.well import WELL, key, service

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="NO CHROMIUM: the dashboard was not looked at"),
]
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
UNWELL = replace(
    WELL,
    services=(
        service(
            key("runway-1a2b3c4d", asked=30, usage=(Usage(Limit(requests=60, period=60.0), 51, 0),)),
            key("runway-9f8e7d6c", asked=10, refused=4, health=KeyHealth.COOLING, until=NOON + 90, why="throttled"),
        ),
        service(key("gemini-0a1b2c3d", health=KeyHealth.OUT, why="rejected"), name="gemini"),
    ),
)


class Told(Bench):
    """A bench whose status is what the test says."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, folder)
        self.status: Status = WELL
        self.collector.collect = self._tell  # type: ignore[method-assign]

    async def _tell(self) -> Status:
        return self.status


@pytest.fixture
async def bench(database: Database, tmp_path: Path) -> Told:
    told = Told(database, tmp_path)
    samples = Samples(database, clock=lambda: NOON)
    for number in range(1, 60):
        await samples.write(replace(SAMPLE, at=NOON - 900 * number, films=number % 9), process("a"))
    return told


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page that fails the test where a script of it does, or the browser is asked for anything from elsewhere."""
    faults: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = await browser.new_page(viewport=DESKTOP, color_scheme="dark")
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if _is_foreign(asked.url) else None)
        yield page
        await browser.close()
    assert faults == []


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "data:"))


async def test_it_shows_what_is_the_matter_and_moves_with_it(bench: Told, page: Page, tmp_path: Path) -> None:
    async with serving(bench) as url:
        await page.goto(url)
        await expect(page.locator("#verdict")).to_have_text("All is well")
        await expect(page.locator("#day .tile")).to_have_count(5)
        bench.status = UNWELL
        await expect(page.locator("#verdict")).to_have_text("People are let down now")
        await expect(page.locator("#findings li.critical")).to_contain_text("No key of Google Gemini works")
        await expect(page.locator("[data-key='runway-9f8e7d6c']")).to_contain_text("◷ cooling: throttled")
        await expect(page.locator("[data-key='runway-9f8e7d6c']")).to_contain_text("25 % of its service; errors 40 %")
        await expect(page.locator("[data-key='runway-1a2b3c4d']")).to_contain_text("51 of 60")
        await _pictures(page, tmp_path)
    await expect(page.locator("#verdict")).to_contain_text("trying again")


async def test_it_asks_for_the_token_and_keeps_it_for_the_tab(bench: Told, page: Page) -> None:
    async with serving(bench, settings(token=TOKEN)) as url:
        await page.goto(url)
        await page.get_by_label("Token").fill("wrong")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("alert")).to_have_text("That is not the token.")
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button").click()
        await expect(page.locator("#verdict")).to_have_text("All is well")
        await expect(page.locator("#ask")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#verdict")).to_have_text("All is well")


async def test_a_link_with_the_token_opens_it_and_leaves_nothing_in_the_address(bench: Told, page: Page) -> None:
    async with serving(bench, settings(token=TOKEN)) as url:
        await page.goto(f"{url}/#token={TOKEN}")
        await expect(page.locator("#verdict")).to_have_text("All is well")
        assert TOKEN not in page.url


async def test_it_fits_a_phone_and_tells_everything_in_words(bench: Told, page: Page) -> None:
    bench.status = UNWELL
    await page.set_viewport_size(PHONE)
    async with serving(bench, questions={"x": holds(lambda: True, "")}) as url:
        await page.goto(url)
        await expect(page.locator("#keys .key")).to_have_count(3)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        assert await page.locator("#verdict").get_attribute("aria-live") == "polite"
        for picture in await page.locator("#day svg").all():
            assert await picture.get_attribute("aria-label")


async def test_what_others_wrote_is_shown_as_text(bench: Told, page: Page) -> None:
    bench.status = replace(WELL, services=(service(key("<img src=x onerror=alert(1)>")),))
    async with serving(bench) as url:
        await page.goto(url)
        await expect(page.locator("#keys h4")).to_have_text("<img src=x onerror=alert(1)>")


async def _pictures(page: Page, folder: Path) -> None:
    """Both widths, both schemes; kept where somebody asks for them with --basetemp."""
    for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme="dark")
        await page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
        await page.emulate_media(color_scheme="light")
        await page.screenshot(path=folder / f"{name}-light.png", full_page=True)
