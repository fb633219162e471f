"""`/settings`: what a person wants by default, shown and changed in a private panel that outlives restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands, ui

from bot.speech import Language, speaking
from bot.studio.errors import NotYours
from bot.studio.preferences import PreferenceRows, Preferences
from bot.ui.answering import Answer, answer, open_modal, picked, submitted, turn
from bot.ui.commands.suggestions import suggest_voices
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of
from bot.ui.settings_panel import PAGE, Field, Panel, changed, settings_view, switched, voice_modal

if TYPE_CHECKING:
    from bot.ui.desk import Desk
    from bot.ui.surface import Press

_VOICE_FIELD = "voice"


class SettingsMenu:
    """Shows and changes what people want by default."""

    def __init__(self, desk: Desk, rows: PreferenceRows) -> None:
        self._desk = desk
        self._rows = rows

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.PREFER: self._prefer, Action.NARRATOR: self._narrator, Action.UNPREFER: self._reset}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="settings", description="Your defaults: length, shape, model, voice, language, and more")
        @app_commands.describe(voice="Who narrates your films from now on: type a name, an accent or a use")
        @app_commands.autocomplete(voice=suggest_voices(self._desk))
        async def settings(
            interaction: discord.Interaction, voice: app_commands.Range[str, 1, 80] | None = None
        ) -> None:
            async def act() -> Answer:
                user_id = interaction.user.id
                chosen = await self._rows.of(user_id) if voice is None else await self._keep_voice(user_id, voice)
                return Answer(view=settings_view(self._panel(user_id, chosen)))

            await answer(interaction, act)

    async def _prefer(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        field, values = Field(custom_id.version or 0), picked(interaction)
        if values and values[0].startswith(PAGE):
            page = int(values[0].removeprefix(PAGE))
            await turn(interaction, lambda: self._shown(interaction, custom_id, page=page))
        elif values:
            await turn(interaction, lambda: self._change(interaction, custom_id, self._choosing(field, values[0])))
        else:
            wanted = bool(custom_id.numbers[0]) if custom_id.numbers else None
            await turn(
                interaction, lambda: self._change(interaction, custom_id, lambda old: switched(old, field, wanted))
            )

    def _choosing(self, field: Field, value: str) -> Callable[[Preferences], Preferences]:
        return lambda old: changed(old, field, value, self._panel(0, old))

    async def _narrator(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if interaction.type is not discord.InteractionType.modal_submit:
            await open_modal(interaction, lambda: self._voice_form(interaction, custom_id))
        else:
            await turn(interaction, lambda: self._set_voice(interaction, custom_id))

    async def _voice_form(self, interaction: discord.Interaction, custom_id: CustomId) -> ui.Modal:
        _check(interaction, custom_id)
        return voice_modal(interaction.user.id, await self._rows.of(interaction.user.id), _VOICE_FIELD)

    async def _set_voice(self, interaction: discord.Interaction, custom_id: CustomId) -> ui.LayoutView:
        _check(interaction, custom_id)
        words = submitted(interaction, _VOICE_FIELD).strip()
        if not words:
            return await self._change(interaction, custom_id, lambda old: replace(old, voice="", voice_name=""))
        return settings_view(self._panel(interaction.user.id, await self._keep_voice(interaction.user.id, words)))

    async def _keep_voice(self, user_id: int, id_or_name: str) -> Preferences:
        """Raises `NoVoice | VoiceNotFound`."""
        voice = await self._desk.voice(id_or_name)
        return await self._rows.change(user_id, lambda old: replace(old, voice=voice.id, voice_name=voice.name))

    async def _reset(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            _check(interaction, custom_id)
            await self._rows.reset(interaction.user.id)
            return await self._shown(interaction, custom_id)

        await turn(interaction, act)

    async def _change(
        self, interaction: discord.Interaction, custom_id: CustomId, change: Callable[[Preferences], Preferences]
    ) -> ui.LayoutView:
        """Change what the person who pressed wants, and show all of it. Raises `NotYours | EditRefused`."""
        _check(interaction, custom_id)
        user_id = interaction.user.id
        before = await self._rows.of(user_id)
        chosen = await self._rows.change(user_id, change)
        if chosen.language is before.language:
            return settings_view(self._panel(user_id, chosen))
        with speaking(chosen.language or Language.nearest(interaction.locale.value)):
            return settings_view(self._panel(user_id, chosen))

    async def _shown(self, interaction: discord.Interaction, custom_id: CustomId, *, page: int = 1) -> ui.LayoutView:
        _check(interaction, custom_id)
        user_id = interaction.user.id
        return settings_view(replace(self._panel(user_id, await self._rows.of(user_id)), page=page))

    def _panel(self, user_id: int, chosen: Preferences) -> Panel:
        offer = self._desk.offer
        usual = next((model.label for model in offer.video_models if model.id == offer.default_model), "")
        return Panel(
            user_id=user_id,
            chosen=chosen,
            models=offer.video_models,
            usual=usual,
            ratios=self._desk.ratios,
            has_voices=self._desk.voices is not None,
        )


def _check(interaction: discord.Interaction, custom_id: CustomId) -> None:
    """Raises `NotYours` on another's panel: Discord shows it to nobody else, but rights are looked up here."""
    if owner_of(custom_id.ref) != interaction.user.id:
        raise NotYours(owner_of(custom_id.ref))
