"""**Run again** and **Vary…**: every shot of a film once more, and a film of its own that begins with another's idea.

Nothing is ordered here: both end at a plan with its price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

import discord
from discord import app_commands, ui

from bot.speech import counted, say
from bot.studio.errors import NotYours
from bot.studio.model import MAX_IDEA, Plan, Project, Request
from bot.studio.projects import Projects
from bot.ui.answering import Answer, answer, open_modal, submitted
from bot.ui.custom_ids import Action, CustomId
from bot.ui.homes import home_of
from bot.ui.retakes import Proposal, Retakes
from bot.ui.takes_menu import greenlight_view
from bot.ui.wording import money, plain

if TYPE_CHECKING:
    from bot.ui.desk import Desk
    from bot.ui.surface import Press

_IDEA_FIELD = "idea"


class OpensThreads(Protocol):
    async def open_thread(self, project: Project) -> str:
        """Open a film's thread, and say where it is."""
        ...


class Anew:
    """Answers both buttons."""

    def __init__(self, desk: Desk, projects: Projects, retakes: Retakes) -> None:
        self._desk = desk
        self._projects = projects
        self._retakes = retakes

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.ANEW: self._run_again, Action.VARY: self._vary}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command: the buttons stand below films."""

    async def _run_again(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> Answer:
            proposal = await self._retakes.anew(project_id=custom_id.ref, user_id=interaction.user.id)
            return run_again_answer(custom_id.ref, proposal)

        await answer(interaction, act)

    async def _vary(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await answer(interaction, lambda: self._begin(interaction, custom_id))
        else:
            await open_modal(interaction, lambda: self._form(interaction, custom_id))

    async def _form(self, interaction: discord.Interaction, custom_id: CustomId) -> ui.Modal:
        project = await self._theirs(custom_id.ref, interaction.user.id)
        modal = ui.Modal(title=say("Make another film like it"), custom_id=str(custom_id), timeout=None)
        idea: ui.TextInput[ui.Modal] = ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id=_IDEA_FIELD,
            default=project.idea[:MAX_IDEA],
            max_length=MAX_IDEA,
        )
        about = say("It gets a thread and a plan of its own, with the same model, shape and voice.")
        modal.add_item(ui.Label(text=say("What should it be about?"), description=about, component=idea))
        modal.stop()  # sent but not stored: its submission comes to the router
        return modal

    async def _begin(self, interaction: discord.Interaction, custom_id: CustomId) -> str:
        """Take the request for a film like it. Raises as `Desk.plan` does, and `NoSuchFilm | NotYours`."""
        project = await self._theirs(custom_id.ref, interaction.user.id)
        home = await home_of(interaction)
        request = varied(
            project,
            await self._projects.plan(project.id),
            request_id=str(interaction.id),
            guild_id=home.guild_id,
            channel_id=home.channel_id,
            idea=submitted(interaction, _IDEA_FIELD),
            asset_id=await self._video_of(project),
        )
        client = cast(OpensThreads, interaction.client)  # ours is one
        words = await client.open_thread(await self._desk.plan(replace(request, thread_id=home.thread_id)))
        words = home.aside or words
        if project.asset_id is not None and request.asset_id is None:
            words = say(
                "{words} The video you added then is not kept any more: attach it there if it matters.", words=words
            )
        return words

    async def _video_of(self, project: Project) -> str | None:
        if project.asset_id is None or not await self._desk.pricing.keeps_video(project.asset_id):
            return None
        return project.asset_id

    async def _theirs(self, project_id: str, user_id: int) -> Project:
        """Raises `NoSuchFilm | NotYours`."""
        project = await self._projects.get(project_id)
        if project.owner_id != user_id:
            raise NotYours(project.owner_id)
        return project


def varied(
    project: Project,
    plan: Plan | None,
    *,
    request_id: str,
    guild_id: int | None,
    channel_id: int,
    idea: str,
    asset_id: str | None,
) -> Request:
    """A request for a film like another: what was chosen for that one, as its newest plan has it, with another idea."""
    return Request(
        request_id=request_id,
        owner_id=project.owner_id,
        guild_id=guild_id,
        channel_id=channel_id,
        idea=idea,
        model=plan.model if plan is not None else project.model,
        ratio=plan.ratio if plan is not None else project.ratio,
        seconds=project.seconds,
        asset_id=asset_id,
        voice=plan.voice if plan is not None else project.voice,
        voice_name=plan.voice_name if plan is not None else project.voice_name,
        captions=plan.captions if plan is not None else project.captions,
    )


def run_again_answer(project_id: str, proposal: Proposal) -> Answer:
    """What another take of every shot would cost, with the button that orders it."""
    plan, price = proposal.plan, money(proposal.quote.price_microusd)
    shots = counted(len(proposal.anew), "{number} shot is", "{number} shots are")
    words = say(
        "**Plan v{version}** of **{title}**: {shots} made once more, with the same words. The takes you have are kept, "
        "and **Shots…** goes back to any of them.\nIt costs at most **{price}**; nothing is ordered before you "
        "greenlight it.",
        version=plan.version,
        title=plain(plan.title),
        shots=shots,
        price=price,
    )
    return Answer(words, greenlight_view(project_id, proposal))
