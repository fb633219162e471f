"""Who takes part in a film: its owner invites, gives roles and takes them away; whoever was invited may go.

**People** on the plan card opens it in private, and so does `/share` in the film's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands, ui

from bot.speech import later, say, speaking
from bot.studio.errors import CannotInvite
from bot.studio.model import Project
from bot.studio.participants import Participants
from bot.studio.projects import Projects
from bot.studio.rights import Act, Role
from bot.ui.answering import Answer, answer, chosen_in, shown, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.people_view import people_view, role_of_choice, role_view
from bot.ui.role_names import ROLE_NAMES
from bot.ui.sending import DiscordFailed, nonce, persistently
from bot.ui.surface import Press

logger = logging.getLogger(__name__)

_ROLES = {
    Role.DIRECTOR: later("director: talks with me about the plan and changes it"),
    Role.APPROVER: later("approver: greenlights it, at your cost"),
    Role.VIEWER: later("viewer: sees the plan, its takes and the film"),
}


class People:
    """The surface of inviting."""

    def __init__(self, desk: Desk, projects: Projects, participants: Participants) -> None:
        self._desk = desk
        self._projects = projects
        self._participants = participants

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.PEOPLE: self._open,
            Action.INVITE: self._choose_role,
            Action.ROLE: self._give_role,
            Action.WITHDRAW: self._leave,
        }

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @app_commands.command(
            name="share", description="Invite somebody to the film of this thread, or see who takes part"
        )
        @app_commands.describe(person="Whom to invite", role="What they may do")
        @app_commands.choices(role=[app_commands.Choice(name=words, value=role) for role, words in _ROLES.items()])
        async def share(
            interaction: discord.Interaction, person: discord.User | None = None, role: str | None = None
        ) -> None:
            async def act() -> Answer:
                return Answer(view=await self._shared(interaction, person, role))

            await answer(interaction, act)

        tree.add_command(share)

    async def _shared(
        self, interaction: discord.Interaction, person: discord.User | discord.Member | None, role: str | None
    ) -> ui.LayoutView:
        project = await self._here(interaction)
        if person is None:
            return await self.people(project.id, interaction.user.id)
        if role is None:
            return await self.role_question(project.id, interaction.user.id, person.id, is_bot=person.bot)
        await self._desk.rights.check(interaction.user.id, Act.OWN, project)
        return await self._invite(interaction.client, project, person.id, Role(role), is_bot=person.bot)

    async def _here(self, interaction: discord.Interaction) -> Project:
        """The film of this thread, one's own where several are talked over. Raises `CannotInvite`."""
        assert interaction.channel_id is not None
        own = await self._projects.in_thread(interaction.channel_id, owner_id=interaction.user.id)
        project = own or await self._projects.in_thread(interaction.channel_id)
        if project is None:
            raise CannotInvite(
                say("No film is talked over here. Use `/share` in a film's thread, or **People** on its plan card.")
            )
        return project

    async def _open(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            return await self.people(custom_id.ref, interaction.user.id)

        await shown(interaction, act)

    async def _choose_role(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            chosen = chosen_in(interaction) or ""
            if not chosen.isdecimal():
                return await self.people(custom_id.ref, interaction.user.id)
            is_bot = _is_bot(interaction, chosen)
            return await self.role_question(custom_id.ref, interaction.user.id, int(chosen), is_bot=is_bot)

        await turn(interaction, act)

    async def _give_role(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            project = await self._desk.allowed(custom_id.ref, Act.OWN, interaction.user.id)
            chosen = role_of_choice(chosen_in(interaction) or "")
            if chosen is None:
                return await self.people(project.id, interaction.user.id)
            role, user_id = chosen
            if role is None:
                await self._participants.remove(project.id, owner_id=interaction.user.id, user_id=user_id)
                told = say("<@{user_id}> takes part no more.", user_id=user_id)
                return await self.people(project.id, interaction.user.id, told=told)
            return await self._invite(interaction.client, project, user_id, role)

        await turn(interaction, act)

    async def _leave(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            if not await self._participants.leave(custom_id.ref, interaction.user.id):
                return await self.people(custom_id.ref, interaction.user.id)  # which says whose film it is
            return people_view(custom_id.ref, None, (), told=say("You take part in this film no more."))

        await turn(interaction, act)

    # --- what they read

    async def people(self, project_id: str, user_id: int, *, told: str = "") -> ui.LayoutView:
        """Who takes part, with what this person may do about it. Raises `NoSuchFilm | NotYours`."""
        project = await self._desk.allowed(project_id, Act.SEE, user_id)
        people = await self._participants.of(project_id)
        return people_view(project_id, project.owner_id, people, told=told, is_own=project.owner_id == user_id)

    async def role_question(self, project_id: str, owner_id: int, user_id: int, *, is_bot: bool) -> ui.LayoutView:
        """What somebody shall be invited for. Raises `NoSuchFilm | NotYours | CannotInvite`."""
        project = await self._desk.allowed(project_id, Act.OWN, owner_id)
        _check_person(project, user_id, is_bot=is_bot)
        roles = {each.user_id: each.role for each in await self._participants.of(project_id)}
        return role_view(project_id, user_id, roles.get(user_id))

    async def _invite(
        self, client: discord.Client, project: Project, user_id: int, role: Role, *, is_bot: bool = False
    ) -> ui.LayoutView:
        """Give a role, and tell the one who got it, where the film is talked over."""
        _check_person(project, user_id, is_bot=is_bot)
        await self._participants.invite(project.id, owner_id=project.owner_id, user_id=user_id, role=role)
        told = say("<@{user_id}> is its {role} now.", user_id=user_id, role=say(ROLE_NAMES[role]))
        if project.guild_id is None:  # nobody else can read a DM of ours
            told += " " + say("They find it under `/films`; I don't write to people who have not asked for me.")
        elif not await self._announce(client, project, user_id, role):
            told += " " + say("I could not tell them in its thread, so please do.")
        return await self.people(project.id, project.owner_id, told=told)

    async def _announce(self, client: discord.Client, project: Project, user_id: int, role: Role) -> bool:
        """A mention opens the thread for whoever was invited. Not worth more than a few tries."""
        channel = client.get_partial_messageable(project.thread_id or project.channel_id)
        with speaking(project.language):
            text = say(_WELCOMES[role], user_id=user_id, owner_id=project.owner_id)
        try:
            await persistently(
                lambda: channel.send(
                    text,
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False, roles=False, users=[discord.Object(user_id)]
                    ),
                    nonce=nonce(project.id, "invite", str(user_id), role),
                )
            )
        except DiscordFailed as error:
            logger.warning("invitation not told", extra={"project": project.id, "error": str(error)})
            return False
        return True


_WELCOMES = {
    Role.DIRECTOR: later(
        "👥 <@{user_id}>, <@{owner_id}> made you a **director** of this film: say here what should be different, or "
        "press **Change…** on the plan card. Ordering it stays with <@{owner_id}>."
    ),
    Role.APPROVER: later(
        "👥 <@{user_id}>, <@{owner_id}> made you an **approver** of this film: you may press **Greenlight** on its "
        "plan card, and **Cancel** on its job card. What it costs is charged to <@{owner_id}>."
    ),
    Role.VIEWER: later(
        "👥 <@{user_id}>, <@{owner_id}> made you a **viewer** of this film: the buttons of its plan card answer you, "
        "you find it under `/films`, and you may fork it for yourself."
    ),
}


def _check_person(project: Project, user_id: int, *, is_bot: bool) -> None:
    """Raises `CannotInvite` for whoever cannot take part."""
    if is_bot:
        raise CannotInvite(say("That is a bot, and bots don't make films. Invite a person."))
    if user_id == project.owner_id:
        raise CannotInvite(say("It is your own film, so you may do everything with it already."))


def _is_bot(interaction: discord.Interaction, user_id: str) -> bool:
    """Whether the person chosen is a bot, as Discord tells with the choice."""
    data: Mapping[str, Any] = interaction.data or {}
    users = data.get("resolved", {}).get("users", {})
    return bool(users.get(user_id, {}).get("bot"))
