"""What can be made here, and by which names people call the models that make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.speech import say
from bot.studio.errors import ModelGone, ModelNotFound
from bot.studio.soundtrack import SoundOffer
from bot.studio.text import clean
from bot.ui.wording import day, money
from providers.catalogue import Catalogue, VideoModel
from providers.errors import InvalidRequest, ModelRetired


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this installation can do: the video models in the order they are offered, planning, and what makes sound."""

    video_models: tuple[VideoModel, ...]
    default_model: str
    can_plan: bool
    sound: SoundOffer = field(default_factory=SoundOffer)

    @property
    def providers(self) -> frozenset[str]:
        return frozenset(model.provider for model in self.video_models)


def models_called(words: str, models: Sequence[VideoModel]) -> list[VideoModel]:
    """The one of exactly this label or id, else all that these words are found in."""
    wanted = clean(words).casefold()
    exact = [model for model in models if wanted in {model.label.casefold(), model.id.casefold()}]
    return exact or [
        model for model in models if all(word in f"{model.label} {model.id}".casefold() for word in wanted.split())
    ]


def model_named(name: str, offer: Offer, catalogue: Catalogue) -> VideoModel:
    """A model by its id, or by what people call it.

    Raises:
        ModelGone: with its successor and what that costs a second.
        ModelNotFound: nobody knows it.
    """
    try:
        return catalogue.resolve(name, offer.providers)
    except InvalidRequest as error:
        called = models_called(name, offer.video_models)
        if len(called) != 1:
            raise ModelNotFound from error
        return called[0]
    except ModelRetired as error:
        successor = catalogue.successor(name, offer.providers)
        instead = say("Nothing here takes its place.")
        if successor is not None:
            instead = say(
                "{label} has taken over, at {price} a second: choose that with `/plan`.",
                label=successor.label,
                price=money(successor.price_per_second_microusd),
            )
        raise ModelGone(name, switched_off(name, error), instead) from error


def switched_off(model: str, error: ModelRetired) -> str:
    """That a model has gone, and when."""
    if error.retired is None:
        return say("The model {model} was switched off.", model=model)
    return say("The model {model} was switched off on {day}.", model=model, day=day(error.retired))
