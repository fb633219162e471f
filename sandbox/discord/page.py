"""The page a person plays with: a list of channels and threads of ours around SimCord's own pages, one per channel."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.discord.playback import PlayableAsItIs
from sandbox.discord.simulation import Preview, PreviewServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.discord.changes import Changes
    from sandbox.discord.simulation import Simulation

REPUBLISH_PERIOD = 0.2
"""Seconds between two redraws of an open page, at least."""


class Pages:
    """Opens a page when somebody looks at its channel, and redraws the open ones after changes."""

    def __init__(
        self, simulation: Simulation, *, origin: str, viewers: Callable[[], list[int]], changes: Changes
    ) -> None:
        self._simulation = simulation
        self._origin = origin
        self._viewers = viewers
        self._open: dict[int, LivePreview] = {}
        self._opening = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        changes.listen(self._schedule)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/page/channels", self._channels),
            web.post(r"/page/channels/{channel:\d+}", self._show),
        ]

    async def url_of(self, channel_id: int) -> str:
        """SimCord's page over this channel, opened if need be. Whoever holds the address can act in it."""
        async with self._opening:
            page = self._open.get(channel_id)
            if page is None or page.closed:
                page = LivePreview(self._simulation, channel_id, self._viewers(), self._origin)
                await page.open()
                self._open[channel_id] = page
            return page.url

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for page in self._open.values():
            await page.close()

    def _schedule(self) -> None:
        if self._open and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REPUBLISH_PERIOD, self._republish)

    def _republish(self) -> None:
        self._timer = None
        for page in self._open.values():
            page.republish()

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=Path(__file__).with_name("page.html").read_text(), content_type="text/html")

    async def _channels(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"guild": self._simulation.guild.name, "channels": self._listed()})

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {
                "id": channel["id"],
                "name": channel["name"],
                "parent": channel["parent_id"] if "thread_metadata" in channel else None,
                "archived": channel.get("thread_metadata", {}).get("archived", False),
                "last": channel["last_message_id"],
            }
            for channel in self._simulation.channels()
        ]

    async def _show(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != self._origin:
            raise web.HTTPForbidden  # another site in the same browser must not learn the address
        channel_id = int(request.match_info["channel"])
        if self._simulation.channel(channel_id) is None:
            raise web.HTTPNotFound
        return web.json_response({"url": await self.url_of(channel_id)})


class LivePreview(Preview):
    """SimCord's browser page over one channel, told about changes it did not cause itself."""

    def __init__(self, simulation: Simulation, channel_id: int, viewer_ids: list[int], origin: str) -> None:
        super().__init__(
            simulation.env,
            simulation.handle(channel_id),
            tuple(simulation.actor(viewer_id) for viewer_id in viewer_ids),
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone="UTC",
            presentation_time=None,
            assets=None,
            port=0,
        )
        self._env = simulation.env
        self._simulation = simulation
        self._server = _FramedServer(self, origin)
        self._media_worker = PlayableAsItIs()

    async def open(self) -> None:
        await self.__aenter__()
        self.env._preview = None  # noqa: SLF001 - SimCord allows one page per Env; we open one per channel
        self._env.on_mutation.append(self._mark_action_dispatched)

    def _open_page(self, viewer_id: Any = None, target_id: Any = None) -> Any:  # noqa: ANN401 - SimCord's own
        """Point a new page at the newest message, so that it opens scrolled to its end."""
        assert self._python is not None
        self._python.target_id = max(self._env.backend.messages.get(self.channel.id, {}), default=None)
        return super()._open_page(viewer_id, target_id)

    async def _cleanup(self) -> None:
        if self._mark_action_dispatched in self._env.on_mutation:
            self._env.on_mutation.remove(self._mark_action_dispatched)
        await super()._cleanup()

    def menu(self) -> list[str]:
        """Commands in the menu of a message, in the order in which the bot registered them."""
        return self._simulation.message_commands()

    def _prepare_action(self, page: Any, kind: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - SimCord's own
        """A command out of a message's menu, which SimCord's page does not have; it comes as a press beside it."""
        found = _MENU.fullmatch(str(body.get("control_key"))) if kind == "click" else None
        if found is None:
            return super()._prepare_action(page, kind, body)
        self._require_current_history(page)
        self._target_message(page, int(found[1]))
        message = self._simulation.seen(self.channel.id, int(found[1]))
        names = self.menu()
        if int(found[2]) >= len(names):
            raise ValueError("no such command")
        name = names[int(found[2])]

        async def run_menu(action: Any, cursor: int) -> Any:  # noqa: ANN401 - SimCord's own
            used = page.viewer.context_menu(self.channel, name, message)
            return await self._run_interaction_action(page, action, cursor, used, republish_all=True)

        return run_menu

    @property
    def closed(self) -> bool:
        return self._closed

    def republish(self) -> None:
        """Show the present state in every open page but the one that is acting."""
        if self._closed or len(self._pages) < 2:  # SimCord's own page, which nobody sees, is always there
            return
        self._advance_presentation_time()
        for page in tuple(self._pages.values()):
            if page.id in self._pages and page is not self._action_page:
                self._publish(page, reason="refresh")

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """A card that was edited a moment ago must not refuse the click: bring the revision it was drawn from forward.

        What the action names is looked up in the present state anyway, so a button that is gone is still refused.
        """
        page = self._get_page(context_id)
        seen = body.get("published_revision") if isinstance(body, dict) else None
        if isinstance(seen, int) and seen < page.revision:
            body = {**body, "published_revision": page.revision}
        try:
            return await super()._action(context_id, body)
        finally:
            self.republish()


#: The newest message ends where the list ends: only a list that stands at its very end follows what is said next.
_STYLE = b"""
.channel-message-list { padding-bottom: 0; }
.message-menu-button, .message-menu-toggle { min-height: 32px; padding: 0 8px; color: var(--discord-subtle);
  background: transparent; font-size: 13px; white-space: nowrap; }
.message-menu-button:hover:not(:disabled), .message-menu-toggle:hover { color: var(--discord-text);
  background: var(--discord-hover); }
.message-menu-button:focus-visible, .message-menu-toggle:focus-visible { outline: 2px solid var(--discord-focus); }
.message-context-actions:not(.is-open) > .message-menu-button { display: none; }
@media (hover: hover) {
  .channel-message:hover .message-context-actions > .message-menu-button { display: block; }
}
@media (hover: none), (max-width: 640px) {
  .message-context-actions { opacity: 1; }
  .message-context-actions:not(.is-open) > :not(.message-menu-toggle) { display: none; }
}
"""
#: Nor does SimCord's page follow where a picture that came late has pushed the end out of sight, as Discord does.
_AT_ITS_END = b"- ui.timeline.clientHeight <= 1 ?"
_NEAR_ITS_END = b"- ui.timeline.clientHeight <= 160 ?"
#: Where SimCord's page puts the buttons that appear over a message, and what we put beside them.
_TOOLBAR = b"if (toolbar.childElementCount) root.append(toolbar);"
_MENU_BUTTONS = b"""
    // Pointing at a message shows its commands. A keyboard comes to the first button, which shows itself then; a finger
    // has nothing to point with, so there it always stands.
    const toggle = node("button", "message-menu-toggle", "\\u2026");
    toggle.type = "button";
    toggle.setAttribute("aria-label", "Commands for this message");
    const open = (opens) => {
      toolbar.classList.toggle("is-open", opens);
      toggle.setAttribute("aria-expanded", String(opens));
    };
    open(false);
    toggle.addEventListener("click", () => open(!toolbar.classList.contains("is-open")));
    toolbar.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !toolbar.classList.contains("is-open")) return;
      event.stopPropagation();
      open(false);
      toggle.focus();
    });
    if (MENU.length) toolbar.append(toggle);
    MENU.forEach((name, number) => {
      const button = node("button", "message-menu-button", name);
      button.type = "button";
      button.dataset.controlKey = `message:${message.id}:component:menu:${number}`;
      button.addEventListener("click", () => { open(false); options.onClick?.(button.dataset.controlKey); });
      toolbar.append(button);
    });
    """
_MENU = re.compile(r"message:(\d+):component:menu:(\d+)")


class _FramedServer(PreviewServer):
    """The page's server, allowed inside our own frame and nobody else's."""

    def __init__(self, preview: LivePreview, origin: str) -> None:
        super().__init__(preview, 0)
        self._menu = preview.menu
        headers = {key: value for key, value in self._SECURITY_HEADERS.items() if key != "X-Frame-Options"}
        policy = headers["Content-Security-Policy"].replace("frame-ancestors 'none'", f"frame-ancestors {origin}")
        self._SECURITY_HEADERS = headers | {"Content-Security-Policy": policy}  # type: ignore[misc]

    async def _static(self, request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await super()._static(request)
        if request.path.endswith(".css") and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            answer.body += _STYLE
        if request.path == "/timeline.js" and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            answer.body = answer.body.replace(_AT_ITS_END, _NEAR_ITS_END)
        if request.path == "/messages.js" and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            menu = f"const MENU = {json.dumps(self._menu())};\n".encode()
            answer.body = menu + answer.body.replace(_TOOLBAR, _MENU_BUTTONS + _TOOLBAR)
        return answer
