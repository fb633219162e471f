"""How a command, press or modal is answered: acknowledged before anything else, and always with a sentence.

Discord gives three seconds for the first response. Whatever happens then, the person reads words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.speech import say
from bot.studio.text import within
from bot.ui import replies
from bot.ui.sending import UPLOAD_DEADLINE, DiscordFailed, once

logger = logging.getLogger(__name__)

#: Discord's code for an interaction that has had its first response.
_ANSWERED_ALREADY = 40060

#: Characters of a message's words that Discord takes (docs, 2026-08).
MAX_CONTENT = 2_000

#: Seconds after a press in which its form has to be found: of Discord's three, with time left to say that it was not.
#: The press is dated by Discord's clock, so where ours is wrong a form still has the least of them.
_FORM_WITHIN, _FORM_LEAST = 2.4, 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Words with buttons below them, or a whole layout instead of words; `files` are closed by whoever sends it.

    `bare` is shown in the place of a layout whose files Discord does not take. `then` comes in private in a message of
    its own, where one does not hold everything; of it only words and files are sent.
    """

    words: str = ""
    view: ui.View | ui.LayoutView | None = None
    files: Sequence[discord.File] = ()
    bare: ui.LayoutView | None = None
    then: Answer | None = None


async def answer(
    interaction: discord.Interaction, act: Callable[[], Awaitable[Answer | str]], *, ephemeral: bool = True
) -> None:
    """Acknowledge, do what was asked, and say what came of it; an error becomes its words."""
    await acknowledge(interaction, ephemeral=ephemeral)
    try:
        found = await act()
    except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
        found = told(error)
    await _reply(interaction, Answer(found) if isinstance(found, str) else found)


async def turn(interaction: discord.Interaction, act: Callable[[], Awaitable[ui.LayoutView | Answer]]) -> None:
    """Change the private message that the button stands on; a refusal comes beside it."""
    await quietly(interaction.response.defer())
    try:
        found = await act()
    except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
        await quietly(interaction.followup.send(told(error), ephemeral=True))
        return
    if isinstance(found, Answer):
        await _reply(interaction, found)
    else:
        await quietly(interaction.edit_original_response(view=found))


async def shown(interaction: discord.Interaction, act: Callable[[], Awaitable[ui.LayoutView]]) -> None:
    """Show something in private: in place where the press was in private already, else in a message of its own."""
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        await turn(interaction, act)
        return

    async def answered() -> Answer:
        return Answer(view=await act())

    await answer(interaction, answered)


def chosen_in(interaction: discord.Interaction) -> str | None:
    """What was chosen in a menu; `None` where a button was pressed, or nothing chosen."""
    data: Mapping[str, object] = interaction.data or {}
    values = data.get("values")
    return str(values[0]) if isinstance(values, list) and values else None


async def open_modal(interaction: discord.Interaction, make: Callable[[], Awaitable[ui.Modal]]) -> None:
    """Answer with a form. It must be the first response, so `make` may only look at a row or two before it."""
    try:
        async with asyncio.timeout(_form_within(interaction)):
            modal = await make()
    except TimeoutError:  # a later form would not be shown, and the press would have had no answer at all
        logger.warning("form not found in time")
        words = say("That took too long; press again.")
        await quietly(interaction.response.send_message(words, ephemeral=True))
    except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
        await quietly(interaction.response.send_message(told(error), ephemeral=True))
    else:
        await quietly(interaction.response.send_modal(modal))


def _form_within(interaction: discord.Interaction) -> float:
    """Seconds that are left to find a form."""
    age = (discord.utils.utcnow() - discord.utils.snowflake_time(interaction.id)).total_seconds()
    return min(max(_FORM_WITHIN - age, _FORM_LEAST), _FORM_WITHIN)


def submitted(interaction: discord.Interaction, field: str) -> str:
    """What was typed or chosen in a field of a submitted modal, wherever in its components that lies."""
    pending: list[object] = [interaction.data]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            if found.get("custom_id") == field:
                if isinstance(found.get("value"), str):
                    return str(found["value"])
                if isinstance(chosen := found.get("values"), list) and chosen:  # of a menu in it
                    return str(chosen[0])
            pending += found.values()
        elif isinstance(found, list):
            pending += found
    return ""


def picked(interaction: discord.Interaction) -> list[str]:
    """What was chosen in a menu; empty for a button."""
    data: object = interaction.data
    values = data.get("values") if isinstance(data, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


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
    await quietly(interaction.response.defer(ephemeral=ephemeral, thinking=True))


async def quietly(call: Coroutine[object, object, object]) -> None:
    """A response that comes too late, twice or not at all changes nothing: what was asked is in its row."""
    try:
        await once(lambda: call)
    except DiscordFailed as error:
        if error.code == _ANSWERED_ALREADY:  # after a lost answer of ours, or because two of us run
            logger.error("interaction answered by somebody else: does another bot run with this token?")
            return
        logger.warning("interaction not answered", extra={"code": error.code, "error": str(error)})


async def _reply(interaction: discord.Interaction, found: Answer) -> None:
    await _show(interaction, found)
    if found.then is not None:
        await _follow_up(interaction, found.then)


async def _show(interaction: discord.Interaction, found: Answer) -> None:
    words = within(found.words, MAX_CONTENT)
    if found.files:

        def send() -> Coroutine[object, object, object]:
            content = None if isinstance(found.view, ui.LayoutView) else words
            return interaction.edit_original_response(content=content, view=found.view, attachments=list(found.files))

        if await _is_sent_with_files(send, found.files):
            return
        words = _without_files(found.words)
    if isinstance(found.view, ui.LayoutView):
        await quietly(interaction.edit_original_response(view=found.bare or found.view))
    elif found.view is None:
        await quietly(interaction.edit_original_response(content=words))
    else:
        await quietly(interaction.edit_original_response(content=words, view=found.view))


async def _follow_up(interaction: discord.Interaction, found: Answer) -> None:
    def send() -> Coroutine[object, object, object]:
        words = within(found.words, MAX_CONTENT)
        return interaction.followup.send(words, files=list(found.files), ephemeral=True)

    if not await _is_sent_with_files(send, found.files):
        await quietly(interaction.followup.send(_without_files(found.words), ephemeral=True))
    if found.then is not None:
        await _follow_up(interaction, found.then)


def _without_files(words: str) -> str:
    missing = f"\n-# {say('Discord did not take the files that belong here, so they are not shown.')}"
    return within(words, MAX_CONTENT - len(missing)) + missing


async def _is_sent_with_files(
    send: Callable[[], Coroutine[object, object, object]], files: Sequence[discord.File]
) -> bool:
    try:
        await once(send, deadline=UPLOAD_DEADLINE)
    except DiscordFailed as error:
        logger.warning("interaction not answered with files", extra={"code": error.code, "error": str(error)})
        return False
    finally:
        for file in files:
            file.close()
    return True
