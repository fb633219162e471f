"""Every button and modal, handled in one place by what its custom id says; works after any restart.

Acknowledges before anything else: Discord gives three seconds. Whatever happens, the person reads a sentence.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import discord
from discord import ui

from bot.production.model import ProductionState
from bot.speech import say
from bot.studio.model import MAX_IDEA, ProjectState
from bot.studio.projects import Projects
from bot.studio.rights import Act
from bot.ui.answering import Answer, answer, open_modal, submitted, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.doors import Doors
from bot.ui.entrance import is_age_restricted
from bot.ui.held import DECISIONS, decided
from bot.ui.homes import NoMember, may_post
from bot.ui.library import IN_PLACE, Library
from bot.ui.queue_card import stopped_words
from bot.ui.sending import NotAllowed
from bot.ui.surface import Press
from bot.ui.takes_menu import OF_TAKES, TakesMenu
from bot.ui.wording import money

_WORDS_FIELD = "words"


async def _outdated() -> str:
    return say("That button belongs to an older version of me. Start again with `/plan`; your films are kept.")


class Router:
    """`presses` are those of the surfaces; what none of them answers is answered here."""

    def __init__(
        self,
        desk: Desk,
        projects: Projects,
        takes: TakesMenu | None = None,
        doors: Doors | None = None,
        presses: Mapping[Action, Press] | None = None,
    ) -> None:
        self._presses = presses or {}
        self._desk = desk
        self._takes = takes
        self._projects = projects
        self._doors = doors or Doors()

    async def handle(self, interaction: discord.Interaction) -> None:
        """Answer a press or a submitted modal; other interactions are not ours."""
        if interaction.type not in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            return
        if not await self._doors.let_in(interaction):
            return
        assert interaction.data is not None
        custom_id = CustomId.parse(str(interaction.data.get("custom_id", "")))
        if custom_id is None:
            await answer(interaction, _outdated)
        elif custom_id.action in self._presses:
            await self._presses[custom_id.action](interaction, custom_id)
        else:
            await self._answer(interaction, custom_id)

    async def _answer(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        submitted_now = interaction.type is discord.InteractionType.modal_submit
        user_id = interaction.user.id
        if custom_id.action in IN_PLACE:
            await turn(interaction, lambda: self._library.press(custom_id, user_id))
        elif custom_id.action is Action.EXPORT:
            await answer(interaction, lambda: self._export(custom_id, user_id))
        elif custom_id.action is Action.CHANGE and not submitted_now:
            await open_modal(interaction, lambda: self._change(custom_id, user_id))
        elif custom_id.action in OF_TAKES and self._takes is not None:
            takes = self._takes
            await answer(interaction, lambda: takes.answer(custom_id, user_id))
        else:
            await answer(interaction, lambda: self._act(interaction, custom_id))

    @property
    def _library(self) -> Library:
        assert self._desk.library is not None
        return self._desk.library

    async def _change(self, custom_id: CustomId, user_id: int) -> ui.Modal:
        project = await self._desk.allowed(custom_id.ref, Act.CHANGE, user_id)
        if project.state is ProjectState.FAILED and await self._projects.plan(project.id) is None:
            return _idea_modal(custom_id, project.idea)
        return _change_modal(custom_id)

    async def _export(self, custom_id: CustomId, user_id: int) -> Answer:
        """Everything of a person as a file, to them alone."""
        data = await self._library.export(custom_id.ref, user_id)
        content = json.dumps(data, ensure_ascii=False, indent=1).encode()
        file = discord.File(io.BytesIO(content), filename="greenlight-my-data.json")
        words = say(
            "Everything I keep about you, but for the films and recordings themselves: those you have in Discord."
        )
        return Answer(words, files=(file,))

    async def _act(  # noqa: C901  # one arm for each button
        self, interaction: discord.Interaction, custom_id: CustomId
    ) -> str:
        user_id = interaction.user.id
        match custom_id.action:
            case Action.GREENLIGHT:
                production = await self._desk.greenlight(
                    request_id=str(interaction.id),
                    project_id=custom_id.ref,
                    version=custom_id.version or 0,
                    user_id=user_id,
                    shown_microusd=custom_id.numbers[0] if custom_id.numbers else None,
                    role_ids=roles_of(interaction),
                )
                price = money(production.price_microusd)
                if production.state is ProductionState.ASKING:
                    return say(
                        "It costs up to {price}, so a moderator or operator has to approve it first. Its card says so; "
                        "nothing is ordered before, and the money is kept aside.",
                        price=price,
                    )
                if production.greenlit_by is not None:
                    return say(
                        "Greenlit for at most {price}, which is charged to <@{owner_id}>. Its job card shows how it "
                        "goes; the film comes as a new message.",
                        price=price,
                        owner_id=production.owner_id,
                    )
                return say(
                    "Greenlit for at most {price}. Its job card shows how it goes; the film comes as a new message.",
                    price=price,
                )
            case Action.CANCEL:
                return stopped_words(await self._desk.cancel(production_id=custom_id.ref, user_id=user_id))
            case Action.AGAIN | Action.WITHOUT | Action.STOP:
                decision = DECISIONS[custom_id.action]
                await self._desk.decide(decision, production_id=custom_id.ref, user_id=user_id)
                return decided(decision)
            case Action.APPROVE | Action.DECLINE:
                approves = custom_id.action is Action.APPROVE
                await self._desk.judge(
                    production_id=custom_id.ref,
                    user_id=user_id,
                    role_ids=roles_of(interaction),
                    approves=approves,
                )
                return (
                    say("Approved. It takes its place in the line.") if approves else say("Declined. I tell its owner.")
                )
            case Action.RESEND:
                again = await self._desk.resend(production_id=custom_id.ref, user_id=user_id)
                if again:
                    return say("Sending it again.")
                return say("It stands there already; look for my message with your name.")
            case Action.SEND:
                return await self._send_here(interaction, custom_id.ref)
            case Action.RETRY:
                await self._desk.try_again(project_id=custom_id.ref, user_id=user_id)
                return say("Trying again. The card shows how it goes.")
            case Action.INSTEAD:
                plan, quoted = await self._desk.use_instead(
                    project_id=custom_id.ref, version=custom_id.version or 0, user_id=user_id
                )
                price = money(quoted.price_microusd)
                return say(
                    "Plan v{version} takes it, for at most {price}. Have a look at its card; nothing is ordered before "
                    "you press **Greenlight** there.",
                    version=plan.version,
                    price=price,
                )
            case Action.CHANGE:
                project = await self._projects.get(custom_id.ref)
                words = submitted(interaction, _WORDS_FIELD)
                heard = await self._desk.say(
                    project, message_id=interaction.id, author_id=user_id, words=words, attachment=None
                )
                if not heard:
                    return say(
                        "There was nothing in that to read, so the plan stays as it is. Press **Change…** again."
                    )
                return say("Got it. The answer comes in the thread.")
            case _:
                raise AssertionError(custom_id.action)  # answered in place

    async def _send_here(self, interaction: discord.Interaction, project_id: str) -> str:
        """Have a film posted again in the channel of the press, if we may post there."""
        assert interaction.channel_id is not None
        if not may_post(interaction):
            raise NoMember("no member there")
        allowed = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        if not (allowed.attach_files and (allowed.send_messages_in_threads if in_thread else allowed.send_messages)):
            raise NotAllowed("app permissions")
        project = await self._desk.allowed(project_id, Act.OWN, interaction.user.id)
        if project.is_adult and not is_age_restricted(interaction):
            return say("**Adult ideas** are taken in channels restricted by age, as far as the services allow.")
        again = await self._library.send(
            project_id,
            user_id=interaction.user.id,
            channel_id=interaction.channel_id,
            guild_id=interaction.guild_id,
        )
        return say("Sending it here. Nothing is ordered for that.") if again else say("It is being posted already.")


def roles_of(interaction: discord.Interaction) -> frozenset[int]:
    """The roles of whoever pressed, as Discord tells them with the press, the server's own among them; none in a DM."""
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    return frozenset(role.id for role in roles)


def _change_modal(custom_id: CustomId) -> ui.Modal:
    hint = say("make shot 2 shorter and set it at night")
    return _words_modal(custom_id, say("Change the plan"), say("What should be different?"), placeholder=hint)


def _idea_modal(custom_id: CustomId, idea: str) -> ui.Modal:
    """For a film that has no plan yet, as nothing could be made of its idea."""
    return _words_modal(custom_id, say("Change the idea"), say("What should it be about?"), default=idea[:MAX_IDEA])


def _words_modal(
    custom_id: CustomId, title: str, question: str, *, placeholder: str | None = None, default: str | None = None
) -> ui.Modal:
    modal = ui.Modal(title=title, custom_id=str(custom_id), timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=_WORDS_FIELD,
        placeholder=placeholder,
        default=default,
        max_length=MAX_IDEA,
    )
    modal.add_item(ui.Label(text=question, component=field))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal
