"""The catalogue as a whole: read once from `catalogue.toml`, asked everywhere."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from providers.catalogue.entries import (
    ChatModel,
    HearingModel,
    ImageModel,
    Model,
    MusicModel,
    RateTier,
    Retirement,
    SoundModel,
    SpeechModel,
    VideoModel,
)
from providers.catalogue.faults import faults, spelling, strangers
from providers.errors import InvalidRequest, ModelRetired
from providers.video import Task

_DATA = Path(__file__).with_name("catalogue.toml")
_Kind = TypeVar("_Kind", VideoModel, ChatModel, ImageModel, SpeechModel, SoundModel, MusicModel, HearingModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """Something that ends soon: a model on its last `day`, or, where `is_price`, the price we know of it."""

    model: str
    provider: str
    day: date
    successor: str | None = None
    is_price: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The models there are, in the file's order: of each kind, the preferred one of a provider first.

    Attributes:
        as_of: the day the file was last gone through.
        today: the day it is; a model past its last day is refused from then on, without a restart.
    """

    as_of: date
    video: tuple[VideoModel, ...] = ()
    language: tuple[ChatModel, ...] = ()
    image: tuple[ImageModel, ...] = ()
    speech: tuple[SpeechModel, ...] = ()
    sound: tuple[SoundModel, ...] = ()
    music: tuple[MusicModel, ...] = ()
    hearing: tuple[HearingModel, ...] = ()
    retired: tuple[Retirement, ...] = ()
    limits: tuple[RateTier, ...] = ()
    today: Callable[[], date] = field(default=date.today, compare=False, repr=False)

    @classmethod
    def load(cls, path: Path = _DATA, today: Callable[[], date] = date.today) -> Catalogue:
        """Read the data file. Raises `ValueError` where it does not fit its types or contradicts itself."""
        return cls.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")), today)

    @classmethod
    def from_mapping(cls, data: Mapping[str, object], today: Callable[[], date] = date.today) -> Catalogue:
        """Parse and cross-check. Raises `ValueError` with everything that `faults` finds."""
        if found := [*strangers(data)]:
            raise ValueError(f"catalogue: {'; '.join(found)}")
        catalogue = replace(TypeAdapter(Catalogue).validate_python(data), today=today)
        if found := [*faults(catalogue)]:
            raise ValueError(f"catalogue: {'; '.join(found)}")
        return catalogue

    def models(self) -> tuple[Model, ...]:
        """Every entry of every kind, those past their last day too."""
        return (
            *self.video, *self.language, *self.image, *self.speech, *self.sound, *self.music, *self.hearing,
        )  # fmt: skip

    def is_over(self, model: Model) -> bool:
        """Whether the last day of a model has passed."""
        return model.retires is not None and model.retires < self.today()

    def on(self, day: date) -> Catalogue:
        """The catalogue as it stood that day: what had its last day since is still there."""
        return replace(self, today=lambda: day)

    def resolve(self, name: str, providers: Collection[str] | None = None) -> VideoModel:
        """The video model of this name; a name that is gone is recognised however people spell it.

        `providers` are those on offer: a successor is chosen among theirs. `None` means whichever.

        Raises:
            ModelRetired: it is gone; the error names its successor and its last day, as far as they are known.
            InvalidRequest: it never was here, or it makes no video.
        """
        model, retirement = self._find(name), self._retirement(name)
        if model is None and retirement is None:
            raise InvalidRequest("catalogue", f"no video model is called {name}")
        if model is not None and not self.is_over(model):
            if isinstance(model, VideoModel):
                return model
            raise InvalidRequest(model.provider, f"{name} makes no video")
        raise self._gone(name, model, retirement, providers)

    def successor(self, name: str, providers: Collection[str] | None = None) -> VideoModel | None:
        """The video model that took over from a name that is gone; `None` for any other name, or where none can."""
        model = self._find(name)
        if model is not None and not self.is_over(model):
            return None
        heir = self._successor(name, providers)
        return next((each for each in self.video if each.id == heir), None)

    def retiring(self, within: int = 30) -> tuple[Retiring, ...]:
        """What ends in the next `within` days, today included, and prices that ended already: the soonest first."""
        today = self.today()
        last = today + timedelta(days=within)
        ending = [
            Retiring(model=model.id, provider=model.provider, day=model.retires, successor=model.successor)
            for model in self.models()
            if model.retires is not None and today <= model.retires <= last
        ]
        ending += [
            Retiring(model=model.id, provider=model.provider, day=model.price_until, is_price=True)
            for model in self.language
            if model.price_until is not None and model.price_until <= last and not self.is_over(model)
        ]
        return tuple(sorted(ending, key=lambda each: (each.day, each.model)))

    def aged(self, days: int = 90) -> tuple[Model, ...]:
        """Entries nobody has looked at for more than `days`."""
        return tuple(model for model in self.models() if (self.today() - model.checked).days > days)

    def video_models(self, providers: Collection[str]) -> tuple[VideoModel, ...]:
        """The models of these providers that films can be made with, in the file's order."""
        return tuple(model for model in self._of(self.video, providers) if model.makes_films)

    def tools(self, task: Task, providers: Collection[str]) -> tuple[VideoModel, ...]:
        """The models of these providers that can do `task` at a price we know, in the file's order."""
        return tuple(model for model in self._of(self.video, providers) if task in model.can and model.prices)

    def equals(self, model: VideoModel, providers: Collection[str], ratio: str | None = None) -> tuple[VideoModel, ...]:
        """What could stand in for `model` on another of these providers, the nearest price a second first.

        It makes shots from all that `model` makes them from, and in `ratio`; `None` means in each of `model`'s.
        """
        needs = {Task.TEXT, Task.IMAGE}.intersection(model.can)
        ratios = set(model.ratios) if ratio is None else {ratio}
        others = [
            other
            for other in self.video_models(providers)
            if other.provider != model.provider and needs.issubset(other.can) and ratios.issubset(other.ratios)
        ]
        if not model.prices:
            return tuple(others)
        price = model.price_per_second_microusd
        return tuple(sorted(others, key=lambda other: abs(other.price_per_second_microusd - price)))

    def language_models(self, providers: Collection[str], use: str) -> tuple[ChatModel, ...]:
        """The language models of these providers that are good for `use`, the preferred one first."""
        return tuple(model for model in self._of(self.language, providers) if use in model.uses)

    def image_models(self, providers: Collection[str]) -> tuple[ImageModel, ...]:
        return self._of(self.image, providers)

    def speech_models(self, providers: Collection[str]) -> tuple[SpeechModel, ...]:
        return self._of(self.speech, providers)

    def sound_models(self, providers: Collection[str]) -> tuple[SoundModel, ...]:
        return self._of(self.sound, providers)

    def music_models(self, providers: Collection[str]) -> tuple[MusicModel, ...]:
        return self._of(self.music, providers)

    def hearing_models(self, providers: Collection[str]) -> tuple[HearingModel, ...]:
        return self._of(self.hearing, providers)

    def tiers(self, provider: str, model: str) -> tuple[RateTier, ...]:
        """What each plan of a service allows for a model; an entry that names it goes before the one for all."""
        of_it = [tier for tier in self.limits if tier.provider == provider]
        named = {tier.tier: tier for tier in of_it if model in tier.models}
        return tuple(tier for tier in of_it if model in tier.models or ("*" in tier.models and tier.tier not in named))

    def price(self, model: str, duration: int) -> int:
        """Micro-dollars for one clip. Raises as `resolve` does."""
        return self.resolve(model).price_microusd(duration)

    def _of(self, models: Iterable[_Kind], providers: Collection[str]) -> tuple[_Kind, ...]:
        return tuple(model for model in models if model.provider in providers and not self.is_over(model))

    def _gone(
        self, name: str, model: Model | None, retirement: Retirement | None, providers: Collection[str] | None
    ) -> ModelRetired:
        successor = self._successor(name, providers)
        ended = model.retires if model is not None else None
        provider = model.provider if model is not None else "catalogue"
        if model is None and retirement is not None:
            ended, provider = retirement.gone, retirement.provider
        words = f"{name} is gone" + (f" since {ended}" if ended else "") + (f"; use {successor}" if successor else "")
        return ModelRetired(provider, words, successor=successor, retired=ended)

    def _find(self, name: str) -> Model | None:
        return next((model for model in self.models() if model.id == name), None)

    def _retirement(self, name: str) -> Retirement | None:
        said = spelling(name)
        return next((each for each in self.retired if said in map(spelling, each.names)), None)

    def _successor(self, name: str, providers: Collection[str] | None) -> str | None:
        """The first of the heirs who lives and is on offer; an heir who is gone as well passes it on."""
        model, retirement = self._find(name), self._retirement(name)
        heirs = retirement.successors if retirement is not None else ()
        if model is not None:
            heirs = () if model.successor is None else (model.successor,)
        for heir in (each for each in map(self._find, heirs) if each is not None):
            if self.is_over(heir):
                passed_on = self._successor(heir.id, providers)
                if passed_on is not None:
                    return passed_on
            elif providers is None or heir.provider in providers:
                return heir.id
        return None
