"""In the menu of every message: **Make a film from this** and **Analyze this video**.

Discord sends the chosen message whole, so both work where we may not read messages. A form follows, in which people
choose among several videos and say in their own words what they want; nothing begins before they send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.errors import IdeaMissing, VideoMissing
from bot.studio.model import MAX_IDEA, Attachment, Request
from bot.studio.picks import Pick, Picks
from bot.studio.text import clean, shorten
from bot.ui.analyzing import Analyzing
from bot.ui.answering import answer, open_modal, submitted
from bot.ui.asking import asked_at
from bot.ui.attachments import sort_files
from bot.ui.client import Greenlight
from bot.ui.custom_ids import Action, CustomId
from bot.ui.homes import home_of
from bot.ui.surface import Press
from bot.ui.wording import size

_WORDS, _VIDEO = "words", "video"
#: Videos of one message to choose from: as many as Discord shows, which is more than a message holds.
_MOST_VIDEOS = 25


class MessageMenus:
    def __init__(self, picks: Picks, analyzing: Analyzing) -> None:
        self._picks = picks
        self._analyzing = analyzing

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.FILMOF: self._film, Action.LOOKAT: self._look}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.context_menu(name="Make a film from this")
        async def film(interaction: discord.Interaction, message: discord.Message) -> None:
            await open_modal(interaction, lambda: self._film_form(interaction, message))

        @tree.context_menu(name="Analyze this video")
        async def look(interaction: discord.Interaction, message: discord.Message) -> None:
            await open_modal(interaction, lambda: self._look_form(interaction, message))

    async def _film_form(self, interaction: discord.Interaction, message: discord.Message) -> ui.Modal:
        words = clean(_words_of(message))
        videos = sort_files(message.attachments).videos
        if not words and not videos:
            raise IdeaMissing
        pick = await self._picks.keep(interaction.user.id, words, videos)
        form = _form(Action.FILMOF, pick, say("Make a film from this"))
        field: ui.TextInput[ui.Modal] = ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id=_WORDS,
            default=shorten(words, MAX_IDEA) or None,
            max_length=MAX_IDEA,
            required=not videos,
        )
        about = say("I write a plan; nothing is paid before you greenlight it.")
        form.add_item(ui.Label(text=say("What should it be about?")[:45], description=about[:100], component=field))
        form.stop()
        return form

    async def _look_form(self, interaction: discord.Interaction, message: discord.Message) -> ui.Modal:
        videos = sort_files(message.attachments).videos
        if not videos:
            raise VideoMissing
        pick = await self._picks.keep(interaction.user.id, clean(_words_of(message)), videos)
        form = _form(Action.LOOKAT, pick, say("Analyze this video"))
        field: ui.TextInput[ui.Modal] = ui.TextInput(
            style=discord.TextStyle.paragraph, custom_id=_WORDS, max_length=MAX_IDEA, required=False
        )
        about = say("Leave it empty, and I tell what happens in it.")
        form.add_item(ui.Label(text=say("What do you want to know?")[:45], description=about[:100], component=field))
        form.stop()
        return form

    async def _film(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            client = interaction.client
            assert isinstance(client, Greenlight)
            pick, asked, aside = await self._asked(interaction, custom_id)
            words = await client.open_thread(await client.desk.plan(asked))
            await self._picks.used(pick.id)
            return aside or words

        await answer(interaction, act)

    async def _look(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            pick, asked, aside = await self._asked(interaction, custom_id)
            words = await self._analyzing.begin(interaction, asked, aside)
            await self._picks.used(pick.id)
            return words

        await answer(interaction, act)

    async def _asked(self, interaction: discord.Interaction, custom_id: CustomId) -> tuple[Pick, Request, str]:
        """What was picked and what is wanted of it, from a form that was sent. Raises `PickGone | DiscordFailed`."""
        pick = await self._picks.get(custom_id.ref, interaction.user.id)
        home = await home_of(interaction)
        asked = asked_at(home, interaction, submitted(interaction, _WORDS))
        # Named after the pick, for a form that is sent twice asks once.
        return pick, replace(asked, request_id=pick.id, attachment=_chosen(interaction, pick)), home.aside


def _form(action: Action, pick: Pick, title: str) -> ui.Modal:
    """A form about a message; where it has several videos, it begins with the choice among them."""
    form = ui.Modal(title=title[:45], custom_id=str(CustomId(action, pick.id)), timeout=None)
    if len(pick.videos) > 1:
        options = [
            discord.SelectOption(label=_name(number, video), value=str(number), description=size(video.bytes))
            for number, video in enumerate(pick.videos[:_MOST_VIDEOS])
        ]
        options[0].default = True
        choice: ui.Select[ui.Modal] = ui.Select(custom_id=_VIDEO, options=options)
        form.add_item(ui.Label(text=say("Which video?")[:45], component=choice))
    return form


def _name(number: int, video: Attachment) -> str:
    return shorten(f"{number + 1}. {' '.join(clean(video.name).split()) or '…'}", 100)


def _chosen(interaction: discord.Interaction, pick: Pick) -> Attachment | None:
    """The video that was chosen in a form, the first where there was nothing to choose."""
    if not pick.videos:
        return None
    chosen = submitted(interaction, _VIDEO)
    number = int(chosen) if chosen.isdecimal() else 0
    return pick.videos[number] if number < len(pick.videos) else pick.videos[0]


def _words_of(message: discord.Message) -> str:
    """What a message says, a forwarded one included."""
    texts = [message.content, *(snapshot.content for snapshot in message.message_snapshots)]
    return "\n".join(text for text in texts if text)
