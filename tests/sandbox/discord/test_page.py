"""SimCord's page around a bot of another process: the protocol its script speaks, and once, a browser."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

from sandbox.discord.reading import text_of
from sandbox.pictures import find_chromium
from tests.sandbox.discord.test_world import planned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from sandbox.discord.world import DiscordWorld
    from tests.sandbox.discord.clients import Bot

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


class Visitor:
    """Does what the page's script does, for one viewer of one channel."""

    def __init__(self, session: aiohttp.ClientSession, url: str, viewer_id: int) -> None:
        address = urlsplit(url)
        self._session, self._origin = session, f"{address.scheme}://{address.netloc}"
        self._headers = {"X-Simcord-Capability": address.fragment}
        self._viewer_id = viewer_id
        self.state: dict[str, Any] = {}

    async def open(self) -> None:
        body = {"viewer_id": str(self._viewer_id)}
        async with self._session.post(f"{self._origin}/api/pages", json=body, headers=self._headers) as answer:
            self.state = await answer.json()
        self._headers["X-Simcord-Context"] = self.state["context"]["id"]

    async def commands(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self._origin}/api/commands", headers=self._headers) as answer:
            entries: list[dict[str, Any]] = (await answer.json())["entries"]
            return entries

    async def act(
        self, kind: str, files: dict[str, tuple[str, bytes]] | None = None, **extra: object
    ) -> dict[str, Any]:
        payload = {
            "protocol_version": 3,
            "sequence": 1,
            "request_id": "one",
            "generation": self.state["context"]["generation"],
            "bot_generation": self.state["botGeneration"],
            "published_revision": self.state["publishedRevision"],
            "kind": kind,
            **extra,
        }
        form = aiohttp.FormData()
        form.add_field("payload", json.dumps(payload))
        for name, (filename, data) in (files or {}).items():
            form.add_field(f"file:{name}", data, filename=filename)
        body: dict[str, Any] = {"data": form} if files else {"json": payload}
        async with self._session.post(f"{self._origin}/api/action", headers=self._headers, **body) as answer:
            result: dict[str, Any] = await answer.json()
            return result


async def test_the_page_lists_channels_and_threads(world: DiscordWorld, bot: Bot) -> None:
    await planned(world)
    async with aiohttp.ClientSession() as session, session.get(world.page_url + "page/channels") as answer:
        listed = (await answer.json())["channels"]
    assert [channel["name"] for channel in listed] == ["films", "a koi"]


async def test_another_site_does_not_learn_a_page_s_address(world: DiscordWorld) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    url = f"{world.page_url}page/channels/{world.channel_id}"
    async with aiohttp.ClientSession() as session, session.post(url, headers=headers) as answer:
        assert answer.status == 403


async def test_a_command_with_a_file_is_run_from_the_page(world: DiscordWorld, bot: Bot) -> None:
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(session, await world.pages.url_of(world.channel_id), world.mia.id)
        await visitor.open()
        [command] = await visitor.commands()
        ran = await visitor.act(
            "run_command",
            {"video": ("clip.mp4", b"0123456789")},
            command_id=command["commandId"],
            path=command["path"],
            schema_fingerprint=command["schemaFingerprint"],
            options={"idea": "a koi", "video": {"upload": 0}},
        )
    assert (ran["settlement"], ran["acknowledgement"]) == ("settled", "deferred")
    await world.wait_for(lambda: any(text_of(m) == "read 10 bytes" for m in world.messages(world.channel_id)))


async def test_a_button_is_pressed_though_the_card_was_edited_since(world: DiscordWorld, bot: Bot) -> None:
    thread_id = await planned(world)
    plan = world.messages(thread_id)[1]
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(session, await world.pages.url_of(thread_id), world.tom.id)
        await visitor.open()
        key = _button_key(visitor.state, plan["id"])
        visitor.state["publishedRevision"] -= 1
        pressed = await visitor.act("click", control_key=key, target_id=plan["id"])
    assert pressed["acknowledgement"] == "acknowledged"
    assert [text_of(message) for message in world.ephemeral_messages(world.tom)] == ["not yours"]


async def test_a_command_is_chosen_in_the_menu_of_a_message(world: DiscordWorld, bot: Bot) -> None:
    said = await world.people.say(world.tom, world.channel_id, "a koi")
    async with aiohttp.ClientSession() as session:
        address = await world.pages.url_of(world.channel_id)
        visitor = Visitor(session, address, world.mia.id)
        await visitor.open()
        key = f"message:{said['id']}:component:menu:0"
        chosen = await visitor.act("click", control_key=key, target_id=said["id"])
        async with session.get(urljoin(address, "/messages.js")) as answer:
            script = await answer.text()
    assert chosen["acknowledgement"] == "acknowledged"
    assert [text_of(m) for m in world.ephemeral_messages(world.mia)] == ["'a koi', installed by a server"]
    assert '"Read this"' in script
    assert "message-menu-button" in script


def _button_key(value: object, message_id: str) -> str | None:
    """The control key of the first button in what the page shows."""
    if isinstance(value, dict):
        if value.get("type") == 2 and str(value.get("control_key", "")).startswith(f"message:{message_id}:"):
            return str(value["control_key"])
        value = list(value.values())
    if isinstance(value, list):
        return next((key for one in value if (key := _button_key(one, message_id))), None)
    return None


@pytest.mark.browser
async def test_a_browser_shows_the_card_in_its_thread(world: DiscordWorld, bot: Bot) -> None:
    await planned(world)
    async with looking(world) as page:
        channel = page.frame_locator("iframe")
        await channel.get_by_role("heading", name="Plan v2").wait_for(timeout=20_000)
        assert await channel.get_by_role("button", name="Greenlight", exact=True).count() == 1


@pytest.mark.browser
async def test_the_menu_of_a_message_opens_by_keyboard_and_where_nobody_can_point(
    world: DiscordWorld, bot: Bot
) -> None:
    thread_id = await planned(world)
    await world.people.say(world.mia, thread_id, "a heron")
    async with looking(world) as page:
        said = page.frame_locator("iframe").locator(".channel-message", has_text="a heron").last
        toggle = said.get_by_role("button", name="Commands for this message")
        command = said.get_by_role("button", name="Read this")
        await expect(toggle).to_be_attached(timeout=20_000)
        toolbar = said.get_by_role("toolbar")
        await expect(toolbar).to_have_css("opacity", "0")

        await toggle.focus()
        await expect(toolbar).to_have_css("opacity", "1")
        await page.keyboard.press("Enter")
        await expect(command).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(command).to_be_hidden()
        await expect(toggle).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(command).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.frame_locator("iframe").get_by_text("'a heron', installed by").last).to_be_visible()

        await page.set_viewport_size({"width": 620, "height": 700})
        plan = page.frame_locator("iframe").locator(".channel-message", has_text="Plan v2").last
        await expect(plan.get_by_role("toolbar")).to_have_css("opacity", "1")
        await plan.get_by_role("button", name="Commands for this message").click()
        await expect(plan.get_by_role("button", name="Read this")).to_be_visible()


@pytest.mark.browser
async def test_a_thread_opens_at_its_end_and_follows_what_is_said(world: DiscordWorld, bot: Bot) -> None:
    thread_id = await planned(world)
    for number in range(12):
        await world.people.say(world.mia, thread_id, f"{number}: " + "a long story " * 60)
    await world.people.say(world.mia, world.channel_id, "meanwhile, elsewhere")
    async with looking(world) as page:
        channel = page.frame_locator("iframe")
        await expect(channel.get_by_text("11: a long story").last).to_be_in_viewport(timeout=20_000)
        await world.people.say(world.mia, thread_id, "and then?")
        await expect(channel.locator(".channel-message").last).to_be_in_viewport(ratio=1, timeout=20_000)
        await expect(channel.locator(".channel-message").last).to_contain_text("and then?")
        assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0


@contextlib.asynccontextmanager
async def looking(world: DiscordWorld) -> AsyncIterator[Page]:
    """The page in a browser, its thread open."""
    chromium = find_chromium()
    if chromium is None:
        assert "GREENLIGHT_REQUIRE_BROWSER" not in os.environ, "this machine must have a Chromium"
        pytest.skip("no Chromium on this machine: the page was not looked at")
    async with async_playwright() as browsers:
        browser = await browsers.chromium.launch(executable_path=chromium, args=QUIET.split())
        page = await browser.new_page()
        await page.goto(world.page_url)
        await page.get_by_role("button", name="a koi").click()
        yield page
        await browser.close()
