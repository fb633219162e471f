"""Tells people in a DM, too, that their film is done, where they asked for that: once, after it was posted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.jobs.wake import Listener
from bot.production.dms import Dms
from bot.production.model import Production, ProductionState
from bot.speech import say, speaking
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.text import shorten
from bot.ui.answering import Answer, answer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.ends import is_told
from bot.ui.film_row import no_dm_row
from bot.ui.sending import Busy, DiscordFailed, NotAllowed, nonce, once
from bot.ui.wording import plain

if TYPE_CHECKING:
    from bot.ui.surface import Press

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0


class DirectMessages:
    """Answers the button, and sends what is due."""

    def __init__(self, dms: Dms, projects: Projects, preferences: PreferenceRows) -> None:
        self._dms = dms
        self._projects = projects
        self._preferences = preferences

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.DM: self._press}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command: `/settings` chooses for all films."""

    async def run(self, client: discord.Client, listener: Listener) -> None:
        while True:
            await self.look(client)
            await listener.wait(LOOK_EVERY)

    async def look(self, client: discord.Client) -> None:
        """Try every DM that is due, once."""
        for production in await self._dms.due():
            try:
                await self._tell(client, production)
            except NotAllowed as error:  # they let nobody write to them: the ping in the channel has to do
                logger.warning("no DM, and none from now on", extra={"production": production.id, "error": str(error)})
                await self._preferences.change(
                    production.owner_id, lambda chosen: replace(chosen, dms=False, dms_refused=True)
                )
                await self._dms.told(production)
            except Busy as error:
                logger.warning("DM not sent yet", extra={"production": production.id, "error": str(error)})
            except DiscordFailed:
                logger.exception("DM not sent by a fault of ours", extra={"production": production.id})
                await self._dms.told(production)

    async def _tell(self, client: discord.Client, production: Production) -> None:
        if not is_told(production) or production.delivery_guild_id is None:  # nothing to tell, or told there already
            await self._dms.told(production)
            return
        if not await self._dms.begin_try(production):
            logger.warning("DM given up", extra={"production": production.id})
            return
        project = await self._projects.get(production.project_id, even_deleted=True)
        with speaking(project.language):
            words = await self._words(production)
        channel = await once(lambda: client.create_dm(discord.Object(production.owner_id)))
        one = nonce(production.id, f"dm {production.run}")
        sent = await once(lambda: channel.send(words, nonce=one, suppress_embeds=True))
        await self._dms.told(production, channel_id=channel.id, message_id=sent.id)

    async def _words(self, production: Production) -> str:
        plan = await self._projects.plan(production.project_id, production.version)
        title = plain(shorten(plan.title, 80)) if plan is not None else ""
        where = say("`/films` has it.")
        if production.delivered_message_id is not None:
            place = f"{production.delivery_guild_id}/{production.delivery_channel_id}/{production.delivered_message_id}"
            where = f"https://discord.com/channels/{place}"
        if production.state is ProductionState.DONE:
            return say("**{title}** is ready: {where}", title=title, where=where)
        if production.state is ProductionState.HELD:
            return say("**{title}** waits for you to decide: {where}", title=title, where=where)
        return say("**{title}** is not finished: {where}", title=title, where=where)

    async def _press(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> Answer:
            user_id = interaction.user.id
            usual = (await self._preferences.of(user_id)).dms
            wanted = None if custom_id.version is None else bool(custom_id.version)
            if await self._dms.choose(custom_id.ref, user_id, wanted=wanted, by_default=usual):
                return Answer(say("I write to you when it is done."), no_dm_row(custom_id.ref))
            return Answer(say("I do not write to you about this film. It still comes in its thread."))

        await answer(interaction, act)
