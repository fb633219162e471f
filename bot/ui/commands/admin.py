"""`/admin pause|resume|drain`: for operators, checked at every entry, whatever Discord shows to whom."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.production.switches import ALL
from bot.studio.text import clean, shorten
from bot.ui.answering import answer
from bot.ui.card_layout import count
from bot.ui.client import Greenlight
from bot.ui.wording import plain

_REASON = 200


def add_to(client: Greenlight) -> None:
    desk = client.desk
    if not desk.operators or desk.switches is None:
        return  # nobody may use it here
    group = app_commands.Group(name="admin", description="For the people who run this bot")
    services = [app_commands.Choice(name=name, value=name) for name in sorted(desk.services)][:25]

    @group.command(name="pause", description="Begin no new films, or order nothing at one service")
    @app_commands.describe(service="Only this service; without it, all new films wait", reason="Why, for the record")
    @app_commands.choices(service=services)
    async def pause(
        interaction: discord.Interaction,
        service: app_commands.Choice[str] | None = None,
        reason: app_commands.Range[str, 1, _REASON] | None = None,
    ) -> None:
        await answer(interaction, lambda: pausing(client, interaction.user.id, _name(service), reason or ""))

    @group.command(name="drain", description="Begin no new films and tell how many still run, before a stop")
    @app_commands.describe(service="Only this service; without it, all new films wait", reason="Why, for the record")
    @app_commands.choices(service=services)
    async def drain(
        interaction: discord.Interaction,
        service: app_commands.Choice[str] | None = None,
        reason: app_commands.Range[str, 1, _REASON] | None = None,
    ) -> None:
        await answer(interaction, lambda: pausing(client, interaction.user.id, _name(service), reason or ""))

    @group.command(name="resume", description="Go on after a pause")
    @app_commands.describe(service="Only this service; without it, the line of films")
    @app_commands.choices(service=services)
    async def resume(interaction: discord.Interaction, service: app_commands.Choice[str] | None = None) -> None:
        await answer(interaction, lambda: resuming(client, interaction.user.id, _name(service)))

    client.tree.add_command(group)


async def pausing(client: Greenlight, user_id: int, name: str, reason: str) -> str:
    """Pause, and say what still runs. Raises `NotOperator`."""
    running = await client.desk.pause(name, user_id=user_id, reason=shorten(clean(reason), _REASON))
    what = "New films wait in line" if name == ALL else f"Nothing is ordered at {plain(name)}"
    still = f"{count(running, 'film')} still {'runs' if running == 1 else 'run'}" if running else "No film runs"
    return f"Paused. {what} until `/admin resume`; what was ordered is still collected. {still}."


async def resuming(client: Greenlight, user_id: int, name: str) -> str:
    """Go on. Raises `NotOperator`."""
    was_paused = await client.desk.resume(name, user_id=user_id)
    return "It goes on." if was_paused else "That was not paused."


def _name(service: app_commands.Choice[str] | None) -> str:
    return ALL if service is None else service.value
