"""`/admin pause|drain|resume`: no new films, or no orders at one service; when nothing is under way; how to go on."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.production.drains import UnderWay
from bot.production.switches import ALL
from bot.speech import counted, say
from bot.studio.text import clean, shorten
from bot.ui.answering import answer
from bot.ui.custom_ids import Action
from bot.ui.desk import Desk
from bot.ui.rights import Rights
from bot.ui.surface import Press
from bot.ui.wording import enumerated, plain

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
        if not self._rights.operators or self._desk.drains is None:
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

        @group.command(
            name="drain", description="Begin no new films, and tell me when the last one that runs has ended"
        )
        @app_commands.describe(
            service="Only this service; without it, all new films wait", reason="Why, for the record"
        )
        @app_commands.choices(service=services)
        async def drain(
            interaction: discord.Interaction,
            service: app_commands.Choice[str] | None = None,
            reason: app_commands.Range[str, 1, REASON] | None = None,
        ) -> None:
            await answer(interaction, lambda: self.drain(interaction.user.id, _name(service), reason or ""))

        @group.command(name="resume", description="Go on after a pause")
        @app_commands.describe(service="Only this service; without it, the line of films")
        @app_commands.choices(service=services)
        async def resume(interaction: discord.Interaction, service: app_commands.Choice[str] | None = None) -> None:
            await answer(interaction, lambda: self.resume(interaction.user.id, _name(service)))

    async def pause(self, user_id: int, name: str, reason: str) -> str:
        """Pause, and say what goes on. Raises `NotOperator`."""
        left = await self._desk.pause(name, user_id=user_id, reason=shorten(clean(reason), REASON))
        if name == ALL:
            paused = say("Paused. New films wait in line until `/admin resume`; what was ordered is still collected.")
        else:
            paused = say(
                "Paused. Nothing is ordered at {service} until `/admin resume`; what was ordered is still collected.",
                service=plain(name),
            )
        return f"{paused} {_still(left, name)}"

    async def drain(self, user_id: int, name: str, reason: str) -> str:
        """Pause, and have it told once when nothing is under way any more. Raises `NotOperator`."""
        left = await self._desk.drain(name, user_id=user_id, reason=shorten(clean(reason), REASON))
        still = _still(left, name)
        if not left:
            return f"{still} {next_words(name)}"
        if name == ALL:
            begun = say("Draining: no film and no storyboard begins.")
        else:
            begun = say("Draining {service}: nothing is ordered there.", service=plain(name))
        promise = say("I write to you once it has ended; `/admin resume` calls it off.")
        stuck = ""
        if name == ALL and left.paused:
            services = enumerated([plain(each) for each in left.paused])
            stuck = " " + say(
                "Paused by itself: {services}. What needs that waits, and does not end.", services=services
            )
        return f"{begun} {still} {promise}{stuck}"

    async def resume(self, user_id: int, name: str) -> str:
        """Go on. Raises `NotOperator`."""
        was_paused = await self._desk.resume(name, user_id=user_id)
        return say("It goes on.") if was_paused else say("That was not paused.")


def _still(left: UnderWay, name: str) -> str:
    """What is under way, of everything or at one service."""
    parts = []
    if left.films and name == ALL:
        parts.append(counted(left.films, "{number} film still runs.", "{number} films still run."))
    elif left.films:
        parts.append(
            counted(
                left.films,
                "{number} film still waits for what it ordered there.",
                "{number} films still wait for what they ordered there.",
            )
        )
    if left.storyboards:
        parts.append(
            counted(left.storyboards, "{number} storyboard is still drawn.", "{number} storyboards are still drawn.")
        )
    if parts:
        return " ".join(parts)
    return say("No film runs.") if name == ALL else say("Nothing is under way at {service}.", service=plain(name))


def next_words(name: str) -> str:
    """What to do once nothing is under way."""
    if name == ALL:
        return say("It is safe to stop me. Nothing begins, after a restart either, before `/admin resume`.")
    return say("Nothing is ordered there, after a restart either, before `/admin resume`.")


def _name(service: app_commands.Choice[str] | None) -> str:
    return ALL if service is None else service.value
