"""`/setup`: a server's admins say where the bot works, for whom, and how. Every choice is kept as it is made.

The message is rendered from rows and its menus carry what they set, so it works after any restart. Whoever presses is
asked for their rights each time: a private message outlives them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands, ui

from bot.studio.audit import Audit
from bot.studio.errors import NotAdmin
from bot.studio.guilds import Guilds, GuildSettings
from bot.ui.answering import Answer, answer, open_modal, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of
from bot.ui.permissions import FOR_A_LOG, check, invitation, is_public
from bot.ui.rights import Rights
from bot.ui.setup_choices import PAGES, Choice, SetupPage, change_of
from bot.ui.setup_forms import role_form, rule_from, word_form, words_from
from bot.ui.setup_view import SetupFacts, setup_view
from bot.ui.surface import Press

logger = logging.getLogger(__name__)


class Setup:
    """The command, its menus and its forms."""

    def __init__(self, guilds: Guilds, rights: Rights, audit: Audit, *, allows_adult: bool) -> None:
        self._guilds = guilds
        self._rights = rights
        self._audit = audit
        self._allows_adult = allows_adult

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.SETUP: self._turn_page,
            Action.SETUPSET: self._set,
            Action.SETROLE: self._set_role,
            Action.SETWORDS: self._set_words,
        }

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @app_commands.command(name="setup", description="Where I work in this server, for whom, and how")
        @app_commands.guild_only()
        @app_commands.default_permissions(manage_guild=True)
        async def setup(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self._page(interaction, SetupPage.OVERVIEW))

            await answer(interaction, act)

        tree.add_command(setup)

    async def _turn_page(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        number = custom_id.version or 0
        page = SetupPage(number) if number in set(SetupPage) else SetupPage.OVERVIEW
        await turn(interaction, lambda: self._page(interaction, page))

    async def _set(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if custom_id.version not in set(Choice):
            await self._turn_page(interaction, replace(custom_id, version=SetupPage.OVERVIEW))
            return
        choice, values = Choice(custom_id.version), _values(interaction)
        if choice is Choice.ROLE and values:
            await self._open_role(interaction, int(values[0]))
        elif choice is Choice.WORDS:
            await self._open_words(interaction)
        else:
            change = change_of(choice, values, allows_adult=self._allows_adult)
            await self._changing(interaction, PAGES[choice], choice.name.lower(), change)

    async def _set_role(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        role_id = owner_of(custom_id.ref)
        if interaction.type is not discord.InteractionType.modal_submit:
            await self._open_role(interaction, role_id)
            return

        def change(settings: GuildSettings) -> GuildSettings:
            return settings.with_role(rule_from(interaction, role_id))

        await self._changing(interaction, SetupPage.ROLES, "role", change)

    async def _set_words(self, interaction: discord.Interaction, _: CustomId) -> None:
        kept = words_from(interaction)
        await self._changing(interaction, SetupPage.SAFETY, "words", lambda old: replace(old, blocked_words=kept))

    async def _changing(
        self,
        interaction: discord.Interaction,
        page: SetupPage,
        what: str,
        change: Callable[[GuildSettings], GuildSettings],
    ) -> None:
        """Keep a change, write it down, and show the page as it is then."""

        async def act() -> ui.LayoutView:
            guild = self._governed(interaction)
            before = await self._guilds.of(guild.id)
            if await self._guilds.change(guild.id, change) != before:
                await self._audit.note(interaction.user.id, "setup", what, guild_id=guild.id)
                logger.info("server set up", extra={"guild": guild.id, "what": what})
            return await self._page(interaction, page)

        await turn(interaction, act)

    async def _page(self, interaction: discord.Interaction, page: SetupPage) -> ui.LayoutView:
        guild = self._governed(interaction)
        settings = await self._guilds.of(guild.id)
        here = interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None
        here = here or interaction.channel_id
        looked_at = sorted(settings.allowed) or ([here] if here is not None else [])
        log_id = settings.log_channel_id
        log_checks = check(guild, [log_id], FOR_A_LOG) if log_id is not None else []
        names = {rule.role_id: guild.get_role(rule.role_id) for rule in settings.roles}
        facts = SetupFacts(
            guild_id=guild.id,
            guild_name=guild.name,
            settings=settings,
            checks=check(guild, looked_at),
            log_check=log_checks[0] if log_checks else None,
            is_log_public=log_id is not None and is_public(guild, log_id),
            invitation=invitation(interaction.application_id, guild.id),
            operator_allows_adult=self._allows_adult,
            role_names={role_id: role.name for role_id, role in names.items() if role is not None},
        )
        return setup_view(facts, page)

    async def _open_role(self, interaction: discord.Interaction, role_id: int) -> None:
        async def make() -> ui.Modal:
            guild = self._governed(interaction)
            return role_form(await self._guilds.of(guild.id), guild.id, role_id)

        await open_modal(interaction, make)

    async def _open_words(self, interaction: discord.Interaction) -> None:
        async def make() -> ui.Modal:
            guild = self._governed(interaction)
            return word_form(await self._guilds.of(guild.id), guild.id)

        await open_modal(interaction, make)

    def _governed(self, interaction: discord.Interaction) -> discord.Guild:
        """The server of the press, where it is theirs to govern. Raises `NotAdmin`."""
        if interaction.guild is None or not self._rights.of(interaction).governs(interaction.guild.id):
            raise NotAdmin
        return interaction.guild


def _values(interaction: discord.Interaction) -> list[str]:
    assert interaction.data is not None
    data: Mapping[str, Any] = dict(interaction.data)
    return [str(value) for value in data.get("values") or ()]
