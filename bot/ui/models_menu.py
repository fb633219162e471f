"""`/models`: what each video model can and costs, how long its line is, and which of them there are keys for here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.errors import ModelNotFound
from bot.studio.text import dollars
from bot.ui.answering import Answer, answer, picked, turn
from bot.ui.commands.suggestions import suggest_models
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.models_card import ModelFacts, model_view, models_view
from bot.ui.offer import models_called
from bot.ui.waits import rests_until
from bot.ui.wording import titled
from providers.catalogue import Catalogue, VideoModel
from ratelimit import KeyPool, PoolView, Priority

if TYPE_CHECKING:
    from bot.ui.surface import Press


class ModelsMenu:
    """Shows the catalogue beside the pools."""

    def __init__(self, desk: Desk, catalogue: Catalogue, pools: Mapping[str, KeyPool]) -> None:
        self._desk = desk
        self._catalogue = catalogue
        self._pools = pools

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.MODELS: self._turn, Action.MODEL: self._look_at}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="models", description="Video models: what each can, costs, and how long its line is")
        @app_commands.describe(model="Only this one: type a name")
        @app_commands.autocomplete(model=suggest_models(self._desk))
        async def models(interaction: discord.Interaction, model: app_commands.Range[str, 1, 80] | None = None) -> None:
            async def act() -> Answer:
                return Answer(view=self.page() if model is None else self.one(model))

            await answer(interaction, act)

    def page(self, number: int = 1) -> ui.LayoutView:
        return models_view(self.facts(), number, self._sounds())

    def one(self, name: str, page: int = 1) -> ui.LayoutView:
        """The model of this id or name. Raises `ModelNotFound`."""
        called = models_called(name, self._catalogue.video)
        if len(called) != 1:
            raise ModelNotFound
        return next(model_view(facts, page) for facts in self.facts() if facts.model is called[0])

    def facts(self) -> Sequence[ModelFacts]:
        """Of all models, those on offer first."""
        views = {name: pool.view() for name, pool in self._pools.items()}
        found = [self._of(model, views.get(model.provider)) for model in self._catalogue.video]
        return sorted(found, key=lambda facts: (facts.is_over, not facts.is_offered))

    def _of(self, model: VideoModel, view: PoolView | None) -> ModelFacts:
        offer = self._desk.offer
        successor = self._catalogue.successor(model.id, offer.providers)
        if successor is None:
            successor = next((each for each in self._catalogue.video if each.id == model.successor), None)
        is_over = self._catalogue.is_over(model)
        facts = ModelFacts(
            model=model,
            service=titled(model.provider),
            is_offered=not is_over and model.id in {each.id for each in offer.video_models},
            is_usual=model.id == offer.default_model,
            is_over=is_over,
            successor=successor.label if successor is not None else None,
        )
        return facts if view is None else _with_load(facts, view)

    def _sounds(self) -> list[str]:
        """What speaks and plays here."""
        sound, lines = self._desk.offer.sound, []
        if sound.voice is not None:
            price = dollars(sound.voice.price_per_thousand_characters_microusd)
            lines.append(say("- {model} speaks: {price} a thousand letters", model=sound.voice.label, price=price))
        if sound.music is not None:
            price = dollars(sound.music.price_per_minute_microusd)
            lines.append(say("- {model} plays: {price} a minute begun", model=sound.music.label, price=price))
        if sound.effects is not None and sound.effects.price_per_second_microusd is not None:
            price = dollars(sound.effects.price_per_second_microusd)
            lines.append(say("- {model} makes noises: {price} a second", model=sound.effects.label, price=price))
        return lines

    async def _turn(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            return self.page(custom_id.version or 1)

        await turn(interaction, act)

    async def _look_at(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            return self.one("".join(picked(interaction)[:1]), custom_id.version or 1)

        await turn(interaction, act)


def _with_load(facts: ModelFacts, view: PoolView) -> ModelFacts:
    """With how the keys of its service stand for this model; each account is counted once."""
    model = facts.model.id
    accounts = {key.account: key for key in view.keys}.values()
    rests = [rests_until(key, model) for key in view.keys]
    rooms = [
        min(
            (room for room in (key.limits.account.room, key.limits.for_model(model).room) if room is not None),
            default=None,
        )
        for key in accounts
    ]
    known = [room for room in rooms if room is not None]
    return replace(
        facts,
        places=sum(known) if len(known) == len(rooms) and known else None,
        taken=sum(key.open_by_model.get(model, 0) for key in accounts),
        waiting=view.waiting.get(Priority.GENERATION, 0),
        rests_until=min((until for until in rests if until is not None), default=math.inf)
        if all(until is not None for until in rests)
        else None,
    )
