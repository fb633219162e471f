"""Pictures of the page, taken with a Chromium that is on the machine; none is ever downloaded."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import Browser, async_playwright

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

    async def take(self, url: str, target: Path, *, width: int = 1100, height: int = 1300) -> None:
        """A picture of the page at `url`, scrolled to its end, its films playing."""
        assert self._browser is not None
        page = await self._browser.new_page(viewport={"width": width, "height": height})
        try:
            await page.goto(url, wait_until="load")
            await page.wait_for_timeout(1500)  # fonts, pictures and the live connection
            await page.evaluate(_TO_THE_END)
            for button in await page.get_by_role("button", name="Play", exact=True).all():
                await button.click()
            if await page.locator("video").count():
                await page.wait_for_timeout(2500)  # a moment into the film, where it shows something
            await page.evaluate(_TO_THE_END)
            await page.screenshot(path=target)
        finally:
            await page.close()
