"""`/admin pause|drain|resume`: no new films, or no orders at one service, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.production.switches import ALL
from bot.speech import counted, say
from bot.studio.text import clean, shorten
from bot.ui.answering import answer
from bot.ui.custom_ids import Action
from bot.ui.desk import Desk
from bot.ui.rights import Rights
from bot.ui.surface import Press
from bot.ui.wording import plain

#: Characters of a reason, for the books.
REASON = 200


class Switching:
    """A part of `/admin`, for operators."""

    def __init__(self, desk: Desk, rights: Rights) -> None:
        self._desk = desk
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {}

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators or self._desk.switches is None:
            return  # nobody may use it here
        services = [app_commands.Choice(name=name, value=name) for name in sorted(self._desk.services)][:25]

        @group.command(name="pause", description="Begin no new films, or order nothing at one service")
        @app_commands.describe(
            service="Only this service; without it, all new films wait", reason="Why, for the record"
        )
        @app_commands.choices(service=services)
        async def pause(
            interaction: discord.Interaction,
            service: app_commands.Choice[str] | None = None,
            reason: app_commands.Range[str, 1, REASON] | None = None,
        ) -> None:
            await answer(interaction, lambda: self.pause(interaction.user.id, _name(service), reason or ""))

        @group.command(name="drain", description="Begin no new films and tell how many still run, before a stop")
        @app_commands.describe(
            service="Only this service; without it, all new films wait", reason="Why, for the record"
        )
        @app_commands.choices(service=services)
        async def drain(
            interaction: discord.Interaction,
            service: app_commands.Choice[str] | None = None,
            reason: app_commands.Range[str, 1, REASON] | None = None,
        ) -> None:
            await answer(interaction, lambda: self.pause(interaction.user.id, _name(service), reason or ""))

        @group.command(name="resume", description="Go on after a pause")
        @app_commands.describe(service="Only this service; without it, the line of films")
        @app_commands.choices(service=services)
        async def resume(interaction: discord.Interaction, service: app_commands.Choice[str] | None = None) -> None:
            await answer(interaction, lambda: self.resume(interaction.user.id, _name(service)))

    async def pause(self, user_id: int, name: str, reason: str) -> str:
        """Pause, and say what still runs. Raises `NotOperator`."""
        running = await self._desk.pause(name, user_id=user_id, reason=shorten(clean(reason), REASON))
        still = say("No film runs.")
        if running:
            still = counted(running, "{number} film still runs.", "{number} films still run.")
        if name == ALL:
            paused = say("Paused. New films wait in line until `/admin resume`; what was ordered is still collected.")
        else:
            paused = say(
                "Paused. Nothing is ordered at {service} until `/admin resume`; what was ordered is still collected.",
                service=plain(name),
            )
        return f"{paused} {still}"

    async def resume(self, user_id: int, name: str) -> str:
        """Go on. Raises `NotOperator`."""
        was_paused = await self._desk.resume(name, user_id=user_id)
        return say("It goes on.") if was_paused else say("That was not paused.")


def _name(service: app_commands.Choice[str] | None) -> str:
    return ALL if service is None else service.value
