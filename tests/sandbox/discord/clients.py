"""An unmodified discord.py 2.7.1 client for the tests: it plans films badly, but over the real wire."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from typing import TYPE_CHECKING

import discord
import yarl
from discord import app_commands
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping


@contextlib.contextmanager
def pointed_at(environ: Mapping[str, str]) -> Iterator[None]:
    """discord.py's addresses are process-wide class attributes; these are put back afterwards."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE
    Route.BASE = environ["DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(environ["DISCORD_GATEWAY_URL"])
    Asset.BASE = environ["DISCORD_CDN_URL"]
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE = before


def card(title: str) -> discord.ui.LayoutView:
    """A Components V2 card with two buttons."""
    view = discord.ui.LayoutView(timeout=None)
    go: discord.ui.Button[discord.ui.LayoutView] = discord.ui.Button(label="Greenlight", custom_id="go")
    change: discord.ui.Button[discord.ui.LayoutView] = discord.ui.Button(label="Change…", custom_id="change")
    container: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(
        discord.ui.TextDisplay(title), discord.ui.ActionRow(go, change), accent_colour=discord.Colour.blurple()
    )
    view.add_item(container)
    view.stop()  # rendered, never kept: presses are routed by custom_id
    return view


class Bot(discord.Client):
    """`/plan` makes a thread with a card, edits the card and posts a film; `Greenlight` answers privately."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        if intents is None:
            intents = discord.Intents.default()
            intents.message_content = True
        super().__init__(intents=intents, guild_ready_timeout=0.01)
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="plan", description="Plan a film")(_plan)
        self.tree.context_menu(name="Read this")(_read)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Nothing: discord.py would wait 5 s before every IDENTIFY but the first."""

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await interaction.response.send_message("changed", ephemeral=True)
        elif interaction.type is discord.InteractionType.component and interaction.data is not None:
            if interaction.data.get("custom_id") == "change":
                modal = discord.ui.Modal(title="Change", custom_id="changes", timeout=1)
                modal.add_item(discord.ui.TextInput(label="What?", custom_id="what"))
                modal.stop()
                await interaction.response.send_modal(modal)
            else:
                await interaction.response.send_message("not yours", ephemeral=True)


async def _read(interaction: discord.Interaction, message: discord.Message) -> None:
    whose = "server" if interaction.is_guild_integration() else "person"
    await interaction.response.send_message(f"{message.content!r}, installed by a {whose}", ephemeral=True)


async def _plan(
    interaction: discord.Interaction, idea: app_commands.Range[str, 1, 90], video: discord.Attachment | None = None
) -> None:
    await interaction.response.defer(thinking=True)
    size = len(await video.read()) if video else 0
    await interaction.edit_original_response(content=f"read {size} bytes")
    assert isinstance(interaction.channel, discord.TextChannel)
    starter = await interaction.channel.send(f"A film for {interaction.user.mention}")
    thread = await starter.create_thread(name=idea)
    sent = await thread.send(view=card("## Plan v1"))
    await thread.get_partial_message(sent.id).edit(view=card("## Plan v2"))
    await thread.send("the film", file=discord.File(io.BytesIO(b"film"), "film.mp4", description="a koi"))
    await interaction.followup.send("there it is", ephemeral=True)


@contextlib.asynccontextmanager
async def running(environ: Mapping[str, str], bot: Bot | None = None) -> AsyncIterator[Bot]:
    """The bot, logged in and ready."""
    bot = bot or Bot()
    with pointed_at(environ):
        async with asyncio.TaskGroup() as tasks, bot:
            tasks.create_task(bot.start(environ["DISCORD_TOKEN"]))
            await bot.wait_until_ready()
            yield bot
            await bot.close()


def main() -> None:
    """The same bot as a process of its own."""
    with pointed_at(os.environ):
        Bot().run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
