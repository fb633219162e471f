"""A Discord to run a bot against: one server on loopback, one guild, a few people."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Self, TypeVar

import discord
from aiohttp import web

from sandbox.discord.buckets import OBSERVED, Buckets, Rate
from sandbox.discord.changes import Changes
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.page import Pages
from sandbox.discord.people import Member, People
from sandbox.discord.rest import API_PREFIX, Rest
from sandbox.discord.rules import DEFAULT_UPLOAD_LIMIT
from sandbox.discord.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from sandbox.discord.traffic import LoggedRequest

T = TypeVar("T")

BOT_PERMISSIONS = 2252194951056448
"""What an invite of ours asks for, threads and their management included; neither Manage Channels nor Administrator."""
MAX_REQUEST = 1 << 30
"""Bytes read of one request at all; `upload_limit` refuses long before, with Discord's own answer."""
TOKEN = "sandbox.not-a-token.sandbox"  # noqa: S105 - opens nothing but this process


class DiscordWorld:
    """`async with DiscordWorld() as world:` serves until the block ends.

    The constructor opens the port, so that the addresses are known at once; 0 takes a free one. `upload_limit` is in
    bytes per attachment. `rates` are the limits announced and enforced; `buckets.UNHURRIED` keeps a test quick.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = TOKEN,
        bot_name: str = "Greenlight",
        guild_name: str = "Greenlight Studio",
        bot_permissions: int = BOT_PERMISSIONS,
        upload_limit: int = DEFAULT_UPLOAD_LIMIT,
        approved_intents: int | None = None,
        rates: Sequence[Rate] = OBSERVED,
        heartbeat_period: float = 41.25,
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        host = f"127.0.0.1:{self.port}"
        origin = f"http://{host}"
        self.token = token
        self.api_url = origin + API_PREFIX
        self.gateway_url = f"ws://{host}/gateway"
        self.cdn_url = origin
        self.page_url = origin + "/"
        approved = discord.Intents.all().value if approved_intents is None else approved_intents
        self.changes = Changes()
        self.simulation = Simulation(
            cdn_url=self.cdn_url,
            bot_name=bot_name,
            guild_name=guild_name,
            bot_permissions=bot_permissions,
            upload_limit=lambda: self.upload_limit,
            changes=self.changes,
        )
        self.people = People(self.simulation)
        self.guild_id = self.simulation.guild.id
        self.channel_id = self.simulation.guild.create_text_channel("films").id
        self.mia, self.tom = self.people.join("Mia"), self.people.join("Tom")
        self.gateway = Gateway(
            self.simulation,
            url=self.gateway_url,
            token=token,
            approved_intents=approved,
            heartbeat_period=heartbeat_period,
            changes=self.changes,
        )
        self.faults = Faults(
            drop_gateway=self.gateway.drop,
            reconnect=self.gateway.reconnect,
            forget_session=self.gateway.forget,
            refuse_gateway=self.gateway.refuse,
            close_gateway=self.gateway.close,
            hush_gateway=self.gateway.hush,
            echo_events=self.gateway.echo,
        )
        self._rest = Rest(
            self.simulation,
            token=token,
            gateway_url=self.gateway_url,
            faults=self.faults,
            buckets=Buckets(rates),
            changes=self.changes,
            upload_limit=upload_limit,
            message_content=bool(approved & discord.Intents.message_content.flag),
        )
        self.pages = Pages(self.simulation, origin=origin, viewers=self._viewers, changes=self.changes)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_routes([*self._rest.routes(), web.get("/gateway", self.gateway.connect)])
        app.router.add_routes([web.get("/gateway/", self.gateway.connect), *self.pages.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        """Close every page and connection. The world is not usable afterwards."""
        self.faults.clear()
        self.gateway.drop()
        await self.pages.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._listener.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # --- what the bot is told, and what it did

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that point a bot here."""
        return {
            "DISCORD_TOKEN": self.token,
            "DISCORD_API_URL": self.api_url,
            "DISCORD_GATEWAY_URL": self.gateway_url,
            "DISCORD_CDN_URL": self.cdn_url,
        }

    @property
    def application_id(self) -> int:
        return self.simulation.backend.application_id

    @property
    def bot_id(self) -> int:
        return self.simulation.backend.bot_user.id

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request received, oldest first."""
        return self._rest.requests

    @property
    def upload_limit(self) -> int:
        """Bytes per attachment; larger ones get 413 and code 40005. May be set at any time."""
        return self._rest.upload_limit

    @upload_limit.setter
    def upload_limit(self, limit: int) -> None:
        self._rest.upload_limit = limit

    @property
    def commands(self) -> list[str]:
        """Names of the slash commands the bot has registered."""
        scopes = self.simulation.backend.commands.values()
        return [command["name"] for scope in scopes for command in scope.values()]

    def messages(self, channel_id: int, *, seen_by: Member | None = None) -> list[dict[str, Any]]:
        """Message payloads, newest last. Ephemeral ones only in the eyes of the member they were made for."""
        return self.simulation.messages(channel_id, seen_by.id if seen_by else None)

    def direct_messages(self, member: Member) -> list[dict[str, Any]]:
        """What the bot wrote to a member, newest last."""
        return self.messages(self.simulation.backend.get_dm_channel(member.id).id)

    def ephemeral_messages(self, member: Member) -> list[dict[str, Any]]:
        """Everything only this member sees, in any channel, newest last."""
        seen = [m for channel in self.simulation.backend.channels for m in self.messages(channel, seen_by=member)]
        return sorted((m for m in seen if m["flags"] & 1 << 6), key=lambda message: int(message["id"]))

    def threads(self, channel_id: int) -> list[dict[str, Any]]:
        """Threads of a channel, archived ones included, oldest first."""
        return [
            dict(channel)
            for channel in self.simulation.channels()
            if "thread_metadata" in channel and channel["parent_id"] == str(channel_id)
        ]

    async def wait_for(self, predicate: Callable[[], T | None], *, within: float = 10.0) -> T:
        """The predicate's first truthy value, asked after every change. TimeoutError after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                return await self.changes.until(predicate)
        except TimeoutError:
            recent = "\n".join(f"  {r.method} {r.path} -> {r.status} {r.fault or ''}" for r in self.requests[-12:])
            raise TimeoutError(f"not within {within} s; the bot's last requests:\n{recent}") from None

    async def ready(self, *, within: float = 20.0) -> None:
        """Until a bot is connected and has registered a command."""
        await self.wait_for(lambda: self.gateway.connected and bool(self.commands), within=within)

    def _viewers(self) -> list[int]:
        return [member.id for member in self.people.members]
