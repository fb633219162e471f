"""What may be ordered, within which limits, for how much: `catalogue.toml`, read once into types."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from providers.errors import InvalidRequest, ModelRetired

_DATA = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoModel:
    """A model that makes clips.

    Attributes:
        family: models of one provider that stand in for each other: one animates a picture, another needs none.
        durations: seconds, ascending.
        prompt_limit: UTF-16 code units, as the providers count.
        price_per_second_microusd: of the finished clip, at `resolution`.
        retires: the announced last day, `None` where none is known; `successor` takes over.
        source: where the facts come from; `checked` is the day somebody looked.
    """

    id: str
    provider: str
    family: str
    label: str
    durations: tuple[int, ...]
    ratios: tuple[str, ...]
    resolution: str
    prompt_limit: int
    takes_start_image: bool
    needs_start_image: bool
    native_audio: bool
    price_per_second_microusd: int
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    def nearest_duration(self, seconds: float) -> int:
        """The duration on offer nearest to `seconds`; of two equally near, the longer."""
        return min(self.durations, key=lambda duration: (abs(duration - seconds), -duration))

    def price_microusd(self, duration: int) -> int:
        return self.price_per_second_microusd * duration

    def fits(self, prompt: str) -> bool:
        """Whether `prompt` is neither empty nor over the model's limit."""
        return 1 <= utf16_units(prompt) <= self.prompt_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatModel:
    """A language model. `uses` is what it is good for here: "analysis", "plan", "chat"; prices per million tokens."""

    id: str
    provider: str
    label: str
    uses: tuple[str, ...]
    sees_video: bool
    input_microusd_per_million: int
    output_microusd_per_million: int
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechModel:
    """A model that speaks. `text_limit` is in characters of one request."""

    id: str
    provider: str
    label: str
    text_limit: int
    price_per_thousand_characters_microusd: int
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    def price_microusd(self, characters: int) -> int:
        return -(-self.price_per_thousand_characters_microusd * characters // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Names that are gone, and the model that took over."""

    names: tuple[str, ...]
    provider: str
    successor: str
    source: str
    checked: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The models on offer, in the file's order. `as_of` is the day the file was last gone through."""

    as_of: date
    video: tuple[VideoModel, ...]
    language: tuple[ChatModel, ...]
    speech: tuple[SpeechModel, ...]
    retired: tuple[Retirement, ...] = ()

    @classmethod
    def load(cls, path: Path = _DATA) -> Catalogue:
        """Read the data file. Raises `ValueError` where it does not fit its types."""
        return cls.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Catalogue:
        """Parse and cross-check: names are told apart, successors exist. Raises `ValueError`."""
        catalogue = TypeAdapter(Catalogue).validate_python(data)
        on_offer = [model.id for model in catalogue.video]
        on_offer += [model.id for model in catalogue.language] + [model.id for model in catalogue.speech]
        gone = [name for retirement in catalogue.retired for name in retirement.names]
        doubled = {name for name in on_offer + gone if (on_offer + gone).count(name) > 1}
        lost = {retirement.successor for retirement in catalogue.retired} - set(on_offer)
        if doubled or lost:
            raise ValueError(f"catalogue: named twice: {sorted(doubled)}; successors not on offer: {sorted(lost)}")
        return catalogue

    def resolve(self, name: str) -> VideoModel:
        """The video model of this name.

        Raises:
            ModelRetired: it is gone; the detail names its successor, and so does `successor`.
            InvalidRequest: it never was here.
        """
        for model in self.video:
            if model.id == name:
                return model
        for retirement in self.retired:
            if name in retirement.names:
                raise ModelRetired(retirement.provider, f"{name} is gone; use {retirement.successor}")
        raise InvalidRequest("catalogue", f"no video model is called {name}")

    def successor(self, name: str) -> VideoModel | None:
        """The model that took over from a retired name; `None` for any other name."""
        found = next((retirement.successor for retirement in self.retired if name in retirement.names), None)
        return None if found is None else self.resolve(found)

    def video_models(self, providers: Collection[str]) -> tuple[VideoModel, ...]:
        """The video models of these providers, in the file's order."""
        return tuple(model for model in self.video if model.provider in providers)

    def language_models(self, providers: Collection[str], use: str) -> tuple[ChatModel, ...]:
        """The language models of these providers that are good for `use`, the preferred one first."""
        return tuple(model for model in self.language if model.provider in providers and use in model.uses)

    def speech_models(self, providers: Collection[str]) -> tuple[SpeechModel, ...]:
        return tuple(model for model in self.speech if model.provider in providers)

    def price(self, model: str, duration: int) -> int:
        """Micro-dollars for one clip. Raises as `resolve` does."""
        return self.resolve(model).price_microusd(duration)


def utf16_units(text: str) -> int:
    """The length of `text` as JavaScript counts it, and with it Runway and Discord: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
