"""Every button and modal, handled in one place by what its custom id says; works after any restart.

Acknowledges before anything else: Discord gives three seconds. Whatever happens, the person reads a sentence.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Coroutine

import discord
from discord import ui

from bot.production.model import Production, ProductionState
from bot.studio.model import MAX_IDEA
from bot.studio.projects import Projects
from bot.ui import replies
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.doors import Doors
from bot.ui.held import DECISIONS, decided
from bot.ui.library import IN_PLACE
from bot.ui.sending import UPLOAD_DEADLINE, DiscordFailed, NotAllowed, once
from bot.ui.takes_menu import OF_TAKES, Answer, TakesMenu
from bot.ui.wording import money

logger = logging.getLogger(__name__)

_WORDS_FIELD = "words"
#: Discord's code for an interaction that has had its first response.
_ANSWERED_ALREADY = 40060


class Router:
    def __init__(
        self, desk: Desk, projects: Projects, takes: TakesMenu | None = None, doors: Doors | None = None
    ) -> None:
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
        submitted = interaction.type is discord.InteractionType.modal_submit
        if custom_id is not None and custom_id.action in IN_PLACE:
            await self._turn(interaction, custom_id)
            return
        if custom_id is not None and custom_id.action is Action.EXPORT:
            await self._export(interaction, custom_id)
            return
        if custom_id is not None and custom_id.action is Action.CHANGE and not submitted:
            await self._open_modal(interaction, custom_id)
            return
        await acknowledge(interaction)
        answer = await self._answer(interaction, custom_id, submitted=submitted)
        await _reply(interaction, answer)

    async def _open_modal(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        """A modal must be the first response, so only a look at one row comes before it: whose film it is."""
        try:
            await self._desk.check_owner(custom_id.ref, interaction.user.id)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            await _quietly(interaction.response.send_message(told(error), ephemeral=True))
        else:
            await _quietly(interaction.response.send_modal(_change_modal(custom_id)))

    async def _turn(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        """Change the private message that the button stands on; a refusal comes beside it."""
        await _quietly(interaction.response.defer())
        try:
            assert self._desk.library is not None
            view = await self._desk.library.press(custom_id, interaction.user.id)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            await _quietly(interaction.followup.send(told(error), ephemeral=True))
        else:
            await _quietly(interaction.edit_original_response(view=view))

    async def _export(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        """Everything of a person as a file, to them alone."""
        await _quietly(interaction.response.defer(ephemeral=True, thinking=True))
        try:
            assert self._desk.library is not None
            data = await self._desk.library.export(custom_id.ref, interaction.user.id)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            await _quietly(interaction.edit_original_response(content=told(error)))
            return
        content = json.dumps(data, ensure_ascii=False, indent=1).encode()
        file = discord.File(io.BytesIO(content), filename="greenlight-my-data.json")
        words = "Everything I keep about you, but for the films and recordings themselves: those you have in Discord."
        await _quietly(interaction.edit_original_response(content=words, attachments=[file]))

    async def _answer(self, interaction: discord.Interaction, custom_id: CustomId | None, *, submitted: bool) -> Answer:
        if custom_id is None:
            return Answer(
                "That button belongs to an older version of me. Start again with `/plan`; your films are kept."
            )
        try:
            if custom_id.action in OF_TAKES and self._takes is not None:
                return await self._takes.answer(custom_id, interaction.user.id)
            return Answer(await self._act(interaction, custom_id, submitted=submitted))
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            return Answer(told(error))

    async def _act(  # noqa: C901  # one arm for each button
        self, interaction: discord.Interaction, custom_id: CustomId, *, submitted: bool
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
                )
                price = money(production.price_microusd)
                if production.state is ProductionState.ASKING:
                    return (
                        f"It costs up to {price}, so a moderator or operator has to approve it first. "
                        "Its card says so; nothing is ordered before, and the money is kept aside."
                    )
                return (
                    f"Greenlit for at most {price}. Its job card shows how it goes, and I mention you when it is done."
                )
            case Action.CANCEL:
                return _stopped(await self._desk.cancel(production_id=custom_id.ref, user_id=user_id))
            case Action.AGAIN | Action.WITHOUT | Action.STOP:
                decision = DECISIONS[custom_id.action]
                await self._desk.decide(decision, production_id=custom_id.ref, user_id=user_id)
                return decided(decision)
            case Action.APPROVE | Action.DECLINE:
                approves = custom_id.action is Action.APPROVE
                await self._desk.judge(
                    production_id=custom_id.ref,
                    user_id=user_id,
                    role_ids=_roles_of(interaction),
                    approves=approves,
                )
                return "Approved. It takes its place in the line." if approves else "Declined. I tell its owner."
            case Action.RESEND:
                again = await self._desk.resend(production_id=custom_id.ref, user_id=user_id)
                return "Sending it again." if again else "It stands there already; look for my message with your name."
            case Action.SEND:
                return await self._send_here(interaction, custom_id.ref)
            case Action.RETRY:
                await self._desk.try_again(project_id=custom_id.ref, user_id=user_id)
                return "Trying again. The card shows how it goes."
            case Action.INSTEAD:
                plan, quoted = await self._desk.use_instead(
                    project_id=custom_id.ref, version=custom_id.version or 0, user_id=user_id
                )
                price = money(quoted.price_microusd)
                return (
                    f"Plan v{plan.version} takes it, for at most {price}. Have a look at its card; nothing is ordered "
                    "before you press **Greenlight** there."
                )
            case Action.CHANGE:
                assert submitted
                project = await self._projects.get(custom_id.ref)
                words = _submitted(interaction)
                heard = await self._desk.say(
                    project, message_id=interaction.id, author_id=user_id, words=words, attachment=None
                )
                if not heard:
                    return "There was nothing in that to read, so the plan stays as it is. Press **Change…** again."
                return "Got it. The answer comes in the thread."
            case _:
                raise AssertionError(custom_id.action)  # answered in place

    async def _send_here(self, interaction: discord.Interaction, project_id: str) -> str:
        """Have a film posted again in the channel of the press, if we may post there."""
        assert self._desk.library is not None
        assert interaction.channel_id is not None
        allowed = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        if not (allowed.attach_files and (allowed.send_messages_in_threads if in_thread else allowed.send_messages)):
            raise NotAllowed("app permissions")
        again = await self._desk.library.send(
            project_id, user_id=interaction.user.id, channel_id=interaction.channel_id
        )
        return "Sending it here. Nothing is ordered for that." if again else "It is being posted already."


async def _reply(interaction: discord.Interaction, answer: Answer) -> None:
    words = answer.words
    if answer.files:
        if await _is_sent_with_files(interaction, answer):
            return
        words += "\n-# Discord did not take the takes themselves, so they are not shown here."
    if answer.view is None:
        await _quietly(interaction.edit_original_response(content=words))
    else:
        await _quietly(interaction.edit_original_response(content=words, view=answer.view))


async def _is_sent_with_files(interaction: discord.Interaction, answer: Answer) -> bool:
    try:
        await once(
            lambda: interaction.edit_original_response(
                content=answer.words, view=answer.view, attachments=list(answer.files)
            ),
            deadline=UPLOAD_DEADLINE,
        )
    except DiscordFailed as error:
        logger.warning("interaction not answered with files", extra={"code": error.code, "error": str(error)})
        return False
    finally:
        for file in answer.files:
            file.close()
    return True


def _roles_of(interaction: discord.Interaction) -> frozenset[int]:
    """The roles of whoever pressed, as Discord tells them with the press; none in a DM."""
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    return frozenset(role.id for role in roles)


def _stopped(production: Production) -> str:
    if production.state is ProductionState.RUNNING:
        return "Stopping. Shots already made are kept and not paid again."
    if production.state is ProductionState.CANCELLED:
        ordered = production.started_at is not None
        return "Cancelled. Shots already made are kept." if ordered else "Cancelled. Nothing was ordered for it."
    return "This film is over already; there is nothing left to stop."


def told(error: Exception) -> str:
    """Words for an error, logged under an incident id where it is a fault of ours."""
    if any(isinstance(error, known) for known in replies.known_errors()):
        return replies.words_for(error)
    incident = replies.incident_id()
    logger.error("fault of ours", exc_info=error, extra={"incident": incident})
    return replies.words_for_bug(incident)


async def acknowledge(interaction: discord.Interaction, *, ephemeral: bool = True) -> None:
    """Say within Discord's three seconds that we are at it. Whether Discord hears that changes nothing we do.

    An answer that was lost may have been heard; one that came too late is not, but what was asked for still happens.
    """
    await _quietly(interaction.response.defer(ephemeral=ephemeral, thinking=True))


async def _quietly(call: Coroutine[object, object, object]) -> None:
    """A response that comes too late, twice or not at all changes nothing: what was asked is in its row."""
    try:
        await once(lambda: call)
    except DiscordFailed as error:
        if error.code == _ANSWERED_ALREADY:  # after a lost answer of ours, or because two of us run
            logger.error("interaction answered by somebody else: does another bot run with this token?")
            return
        logger.warning("interaction not answered", extra={"code": error.code, "error": str(error)})


def _change_modal(custom_id: CustomId) -> ui.Modal:
    modal = ui.Modal(title="Change the plan", custom_id=str(custom_id), timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=_WORDS_FIELD,
        placeholder="make shot 2 shorter and set it at night",
        max_length=min(MAX_IDEA, 4000),
    )
    modal.add_item(ui.Label(text="What should be different?", component=field))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def _submitted(interaction: discord.Interaction) -> str:
    """The words of a submitted modal, wherever in its components they lie."""
    pending: list[object] = [interaction.data]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            if found.get("custom_id") == _WORDS_FIELD and isinstance(found.get("value"), str):
                return str(found["value"])
            pending += found.values()
        elif isinstance(found, list):
            pending += found
    return ""
