"""`/analyze`: a video and a question; and what stands below the answer: **Make one like this** and **Ask…**."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.inquiries import Inquiries, film_after
from bot.studio.model import MAX_IDEA, Request
from bot.ui.answering import answer, open_modal, submitted
from bot.ui.asking import asked_at
from bot.ui.attachments import attachment_of
from bot.ui.client import Greenlight
from bot.ui.custom_ids import Action, CustomId
from bot.ui.homes import home_of
from bot.ui.surface import Press

_WORDS = "words"
#: Characters of what should differ from a video; the sentence before them needs some of an idea's.
_MOST_DIFFERENCES = 1_200


class Analyzing:
    def __init__(self, inquiries: Inquiries, ratios: Sequence[str]) -> None:
        self._inquiries = inquiries
        self._ratios = ratios

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.LIKE: self._like, Action.ASK: self._ask}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="analyze", description="Ask about a video: what happens when, how it looks and sounds")
        @app_commands.describe(
            video="The video to look at", question="What you want to know; without it, I tell what happens"
        )
        async def analyze(
            interaction: discord.Interaction,
            video: discord.Attachment,
            question: app_commands.Range[str, 1, MAX_IDEA] | None = None,
        ) -> None:
            async def act() -> str:
                home = await home_of(interaction)
                asked = asked_at(home, interaction, question or "")
                return await self.begin(interaction, replace(asked, attachment=attachment_of(video)), home.aside)

            await answer(interaction, act)  # the thread itself is the answer that counts

    async def begin(self, interaction: discord.Interaction, asked: Request, aside: str) -> str:
        """Take a question, and say where its answer comes. Raises `StudioError`."""
        client = interaction.client
        assert isinstance(client, Greenlight)
        words = await client.open_thread(await self._inquiries.ask(asked))
        return aside or words

    async def _like(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            await open_modal(interaction, lambda: self._like_form(custom_id, interaction.user.id))
            return

        async def act() -> str:
            client = interaction.client
            assert isinstance(client, Greenlight)
            model = await self._inquiries.to_follow(custom_id.ref, interaction.user.id)
            wanted = film_after(
                model,
                request_id=str(interaction.id),
                differences=submitted(interaction, _WORDS),
                ratios=self._ratios,
            )
            return await client.open_thread(await client.desk.plan(wanted))

        await answer(interaction, act)

    async def _like_form(self, custom_id: CustomId, user_id: int) -> ui.Modal:
        await self._inquiries.mine(custom_id.ref, user_id)
        return _form(
            custom_id,
            title=say("Make one like this"),
            label=say("What should differ?"),
            about=say("I keep its structure, rhythm and style. Nothing is paid before you greenlight."),
            hint=say("a robot instead of the cat, at night, half as long"),
            longest=_MOST_DIFFERENCES,
            required=False,
        )

    async def _ask(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            await open_modal(interaction, lambda: self._ask_form(custom_id))
            return

        async def act() -> str:
            client = interaction.client
            assert isinstance(client, Greenlight)
            project = await self._inquiries.answered(custom_id.ref)
            words = submitted(interaction, _WORDS)
            heard = await client.desk.say(
                project, message_id=interaction.id, author_id=interaction.user.id, words=words, attachment=None
            )
            if not heard:
                return say("There was nothing in that to read. Press **Ask…** again.")
            return say("Got it. The answer comes here in a moment.")

        await answer(interaction, act)

    async def _ask_form(self, custom_id: CustomId) -> ui.Modal:
        await self._inquiries.answered(custom_id.ref)
        return _form(
            custom_id,
            title=say("Ask about this video"),
            label=say("What do you want to know?"),
            about=say("I answer from what was seen, and look again where that does not tell."),
            hint=say("what is written on the sign at the end?"),
            longest=MAX_IDEA,
            required=True,
        )


def _form(
    custom_id: CustomId, *, title: str, label: str, about: str, hint: str, longest: int, required: bool
) -> ui.Modal:
    form = ui.Modal(title=title[:45], custom_id=str(custom_id), timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=_WORDS,
        placeholder=hint[:100],
        max_length=longest,
        required=required,
    )
    form.add_item(ui.Label(text=label[:45], description=about[:100], component=field))
    form.stop()  # sent but not stored: its submission comes to the router
    return form
