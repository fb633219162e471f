"""Pictures of the page, taken with a Chromium that is on the machine; none is ever downloaded."""

from __future__ import annotations

import re
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from playwright.async_api import Browser, Error, async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

#: Without these a headless Chromium asks its maker's hosts for updates at every start.
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TO_THE_END = """() => {
  for (const e of document.querySelectorAll("*"))
    if (e.scrollHeight > e.clientHeight + 40 && getComputedStyle(e).overflowY !== "visible")
      e.scrollTop = e.scrollHeight;
}"""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Seconds a film may take to begin, and the part of it that is played before a picture is taken.
BEGINS_WITHIN = 60.0
PLAYED = 1.5


class NothingPlays(Exception):
    """The page shows no film, or one that does not play; the text says what is there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A film as the browser played it. Times are seconds; `sought` is where it stood after a jump towards its end."""

    ready_state: int
    position: float
    duration: float
    width: int
    height: int
    sought: float


def find_chromium() -> Path | None:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return Path(found) if found is not None else None


class Pictures:
    """Takes pictures while its `async with` block lasts."""

    def __init__(self, chromium: Path) -> None:
        self._chromium = chromium
        self._exits = AsyncExitStack()
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        playwright = await self._exits.enter_async_context(async_playwright())
        self._browser = await playwright.chromium.launch(executable_path=self._chromium, args=list(_QUIET))
        self._exits.push_async_callback(self._browser.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    async def take(self, url: str, target: Path) -> None:
        """A picture of the page at `url`, scrolled to its end."""
        async with self._page(url) as page:
            await page.screenshot(path=target)

    async def play(self, url: str, target: Path) -> Played:
        """Play the page's last film and take a picture in the middle of it.

        Raises:
            NothingPlays: after `BEGINS_WITHIN` seconds; there is a picture of that as well.
        """
        async with self._page(url) as page:
            try:
                return await _played(page, target)
            except Error as error:
                await page.screenshot(path=target)
                shown = " ".join(await page.locator(".media-unavailable, .media-player-status").all_inner_texts())
                raise NothingPlays(
                    f"no film plays in the page ({shown or 'it shows none'}): {error.message}"
                ) from error

    @asynccontextmanager
    async def _page(self, url: str) -> AsyncIterator[Page]:
        assert self._browser is not None
        page = await self._browser.new_page(viewport={"width": 1100, "height": 1300})
        try:
            await page.goto(url, wait_until="load")
            await page.wait_for_timeout(1500)  # fonts, pictures and the live connection
            await page.evaluate(_TO_THE_END)
            yield page
        finally:
            await page.close()


async def _played(page: Page, target: Path) -> Played:
    page.set_default_timeout(BEGINS_WITHIN * 1000)
    film = page.locator("video").last
    await film.wait_for()
    element = await film.element_handle()
    assert element is not None
    await page.wait_for_function("film => film.readyState >= 2 || film.error", arg=element)
    await page.evaluate(_TO_THE_END)
    await page.get_by_role("button", name=re.compile(r"^Play ")).last.click()
    await page.wait_for_function(f"film => film.currentTime > {PLAYED}", arg=element)
    await page.evaluate(_TO_THE_END)
    await page.screenshot(path=target)
    seen = await element.evaluate(
        "film => [film.readyState, film.currentTime, film.duration, film.videoWidth, film.videoHeight]"
    )
    await element.evaluate("film => { film.currentTime = film.duration * 0.8; }")
    await page.wait_for_function("film => !film.seeking && film.readyState >= 2", arg=element)
    sought = await element.evaluate("film => film.currentTime")
    return Played(ready_state=seen[0], position=seen[1], duration=seen[2], width=seen[3], height=seen[4], sought=sought)
