"""`/voice`: a text, spoken."""

from __future__ import annotations

import logging

import discord
from discord import app_commands

from bot.production.booth import NoRecording
from bot.production.readings import MAX_READING, Reading, Readings
from bot.speech import say
from bot.studio.text import shorten
from bot.ui.answering import acknowledge, quietly, told
from bot.ui.commands.suggestions import suggest_voices
from bot.ui.desk import Desk
from bot.ui.remarks import because
from bot.ui.router import roles_of
from bot.ui.sending import UPLOAD_DEADLINE, DiscordFailed, Vanished, persistently
from bot.ui.surface import CommandsOnly
from bot.ui.wording import money, plain

logger = logging.getLogger(__name__)

#: Characters of the text that are shown beside the recording.
SHOWN = 600


class VoiceCommand(CommandsOnly):
    def __init__(self, desk: Desk, readings: Readings | None) -> None:
        """`readings` is `None` where nobody here speaks."""
        self._desk = desk
        self._readings = readings

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        readings = self._readings
        if readings is None:
            return  # a command that can only refuse is none

        @tree.command(name="voice", description="Have a text spoken, for everybody here to hear")
        @app_commands.describe(text="What to say", voice="Who says it: type a name, an accent or a use")
        @app_commands.autocomplete(voice=suggest_voices(self._desk))
        async def voice(
            interaction: discord.Interaction,
            text: app_commands.Range[str, 1, MAX_READING],
            voice: app_commands.Range[str, 1, 80] | None = None,
        ) -> None:
            await self.speak(readings, interaction, text, voice)

    async def speak(self, readings: Readings, interaction: discord.Interaction, text: str, voice: str | None) -> None:
        """Post what was spoken for everybody; a refusal is for whoever asked."""
        await acknowledge(interaction, ephemeral=False)
        try:
            await _post(interaction, await self._read(readings, interaction, text, voice))
        except DiscordFailed as error:  # what was spoken is kept: the same words again cost nothing
            logger.warning("command not answered", extra={"code": error.code, "error": str(error)})
        except NoRecording as missing:
            await _refuse(interaction, say("I could not speak that: {reason}", reason=because(missing.reason)))
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            await _refuse(interaction, told(error))

    async def _read(
        self, readings: Readings, interaction: discord.Interaction, text: str, voice: str | None
    ) -> Reading:
        who = await self._desk.voice(voice) if voice is not None else None
        return await readings.read(
            request_id=str(interaction.id),
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            share=await self._desk.share_of(interaction.guild_id, roles_of(interaction)),
            text=text,
            voice=who,
        )


async def _post(interaction: discord.Interaction, reading: Reading) -> None:
    who = f"**{plain(reading.voice)}**" if reading.voice else say("The usual voice")
    cost = say("cost {price}", price=money(reading.price_microusd))
    text = f"🔊 {who}\n> {plain(shorten(reading.text, SHOWN))}\n-# {cost}"

    async def send() -> discord.InteractionMessage:
        file = discord.File(reading.path, filename="voice.mp3", description=shorten(reading.text, 1000))
        with file.fp:
            return await interaction.edit_original_response(
                content=text, attachments=[file], allowed_mentions=discord.AllowedMentions.none()
            )

    await persistently(send, deadline=UPLOAD_DEADLINE)


async def _refuse(interaction: discord.Interaction, words: str) -> None:
    """Tell whoever asked alone, for what they may still spend is theirs, and take the public beginning away.

    That is filled first: while it waits, a follow-up would fill it and be as public as it is, and once it is deleted,
    Discord may know of no answer to follow (discord-api-docs#2866 and #2739).
    """
    try:
        await persistently(lambda: interaction.edit_original_response(content=say("Nothing was spoken.")))
    except Vanished:  # somebody took it away
        pass
    except DiscordFailed as error:
        logger.warning("command not answered", extra={"code": error.code, "error": str(error)})
        return
    await quietly(interaction.followup.send(words, ephemeral=True))
    await quietly(interaction.delete_original_response())
