"""A plan's storyboard: one still of each shot, to judge the film by before its clips are paid for.

What is drawn of a shot decides the still, and names it: the same words in the same shape by the same model are drawn
once for a film, so that a shot that was edited costs one still.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.studio.errors import NoStoryboard
from bot.studio.model import Plan, Shot
from providers.catalogue import Catalogue, ImageModel

#: Comes after a shot's own words: image models like to write into their pictures.
_STYLE = "A single still frame of a film, without any writing, caption or border."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotStill:
    """The picture of one shot: `prompt` in `ratio` by the model of that id."""

    number: int
    prompt: str
    ratio: str
    model: str

    @property
    def content(self) -> str:
        """Names the still by everything that decides it."""
        return hashlib.sha256(json.dumps([self.model, self.ratio, self.prompt]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryboardQuote:
    """What a plan's storyboard costs at most; `missing` are the shots whose stills are not there yet."""

    model: ImageModel
    stills: tuple[ShotStill, ...]
    missing: tuple[int, ...]
    price_microusd: int


def stills_of(plan: Plan, model: ImageModel) -> tuple[ShotStill, ...]:
    """What to draw of each shot."""
    return tuple(
        ShotStill(number=number, prompt=_prompt(shot), ratio=plan.ratio, model=model.id)
        for number, shot in enumerate(plan.shots, 1)
    )


def quote_storyboard(stills: Sequence[ShotStill], model: ImageModel, drawn: Collection[str]) -> StoryboardQuote:
    """Price it. `drawn` holds the contents of stills that are there; two shots of the same words share theirs."""
    missing = [still for still in stills if still.content not in drawn]
    return StoryboardQuote(
        model=model,
        stills=tuple(stills),
        missing=tuple(still.number for still in missing),
        price_microusd=model.price_per_image_microusd * len({still.content for still in missing}),
    )


def image_model(catalogue: Catalogue, providers: Collection[str], ratio: str) -> ImageModel:
    """Who draws here. Raises `NoStoryboard` where nobody does, or not in that shape."""
    for model in catalogue.image_models(providers):
        if ratio in model.ratios and not catalogue.is_over(model):
            return model
    raise NoStoryboard


def still_name(content: str) -> str:
    """The name of a still's file."""
    return f"still-{content[:40]}.jpg"


def _prompt(shot: Shot) -> str:
    camera = f" Camera: {shot.camera}." if shot.camera else ""
    return f"{shot.prompt.rstrip('. ')}.{camera} {_STYLE}"
