"""`python -m benchmarks.load.echo`: the least a discord.py bot does. What it cannot bear, sandbox or library cannot.

It acknowledges each command and edits the answer once; it keeps nothing.
"""

from __future__ import annotations

import os

import discord
import yarl
from discord import app_commands


class Echo(discord.Client):
    def __init__(self) -> None:
        intents = discord.Intents.none()
        intents.guilds = True
        super().__init__(intents=intents, max_messages=None, member_cache_flags=discord.MemberCacheFlags.none())
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="quota", description="An answer")(answer)
        self.tree.command(name="plan", description="An answer to an idea")(answer_idea)

    async def setup_hook(self) -> None:
        await self.tree.sync()


async def answer(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.edit_original_response(content="Here.")


async def answer_idea(interaction: discord.Interaction, idea: str) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.edit_original_response(content=idea)


def main() -> None:
    discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])
    Echo().run(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    main()
