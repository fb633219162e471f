"""The entries of the catalogue: a model of each kind, names that are gone, and what each plan of a service allows.

Prices are in micro-dollars. Every entry says where its facts come from (`source`) and when somebody last looked
(`checked`). `retires` is the announced last day of a model, `None` where none is known; `successor` takes over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from providers.errors import InvalidRequest
from providers.video import Task

_AS_LONG_AS_THE_SOURCE = (Task.EDIT, Task.PERFORM, Task.UPSCALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoModel:
    """A model that makes clips.

    Attributes:
        family: models of one provider that make one film together: one animates a picture, another needs none.
        can: what it makes clips from.
        durations: seconds, ascending; empty where the source's own length decides.
        durations_by_task: of the tasks that have others; see `durations_for`.
        ratios: such as "16:9"; empty where the source's own decides.
        resolutions: such as "720p"; films are made at the first.
        draft_resolution: one of them that is cheap enough to try with; `None` where it has none.
        prompt_limit: UTF-16 code units, as the providers count; 0 for a model that takes no prompt.
        prices: per second of the finished clip, with sound, by resolution. Empty where nobody told us: such a model is
            listed, but never ordered.
        silent_prices: the same without sound; empty where one cannot choose, or where silence is no cheaper.
        surcharges: per second, on top of the price, for what goes into a task: pictures, or a clip.
        least_microusd: what the shortest clip costs all the same.
    """

    id: str
    provider: str
    family: str
    label: str
    can: tuple[Task, ...]
    durations: tuple[int, ...]
    durations_by_task: Mapping[Task, tuple[int, ...]] = field(default_factory=dict, hash=False)
    ratios: tuple[str, ...]
    resolutions: tuple[str, ...]
    draft_resolution: str | None = None
    prompt_limit: int
    native_audio: bool
    prices: Mapping[str, int] = field(hash=False)
    silent_prices: Mapping[str, int] = field(default_factory=dict, hash=False)
    surcharges: Mapping[Task, int] = field(default_factory=dict, hash=False)
    least_microusd: int = 0
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    @property
    def resolution(self) -> str:
        """What films are made at."""
        return self.resolutions[0]

    @property
    def price_per_second_microusd(self) -> int:
        """At `resolution`, with sound. Raises `InvalidRequest` where the price is not known."""
        return self._rate(None, audio=True)

    @property
    def draft_size(self) -> str | None:
        """A resolution in which a film costs less than at `resolution`, to try it with; `None` where there is none."""
        draft = self.draft_resolution
        if draft is None or not self.prices or self.prices[draft] >= self.prices[self.resolution]:
            return None
        return draft

    @property
    def takes_start_image(self) -> bool:
        return Task.IMAGE in self.can

    @property
    def needs_start_image(self) -> bool:
        return Task.TEXT not in self.can

    @property
    def makes_films(self) -> bool:
        """Whether a film's shots can be made with it: from words or a picture, at a length and a price we know."""
        return bool(self.durations and self.prices) and not {Task.TEXT, Task.IMAGE}.isdisjoint(self.can)

    def durations_for(self, task: Task) -> tuple[int, ...]:
        """Seconds that a clip made by `task` may have; empty where the source's own length decides."""
        return () if task in _AS_LONG_AS_THE_SOURCE else self.durations_by_task.get(task, self.durations)

    def nearest_duration(self, seconds: float, task: Task | None = None) -> int:
        """The duration on offer nearest to `seconds`; of two equally near, the longer."""
        offered = self.durations if task is None else self.durations_for(task)
        return min(offered, key=lambda duration: (abs(duration - seconds), -duration))

    def price_microusd(
        self, duration: float, resolution: str | None = None, audio: bool = True, task: Task | None = None
    ) -> int:
        """The most that one clip of `duration` seconds costs, rounded up.

        At `resolution` where no other is named; `task` is what it is made from, which changes the price of some.

        Raises:
            InvalidRequest: it has no such resolution, or its price is not known.
        """
        rate = self._rate(resolution, audio=audio) + (self.surcharges.get(task, 0) if task else 0)
        return max(math.ceil(rate * duration), self.least_microusd)

    def fits(self, prompt: str) -> bool:
        """Whether `prompt` is neither empty nor over the model's limit."""
        return not self.prompt_limit or 1 <= utf16_units(prompt) <= self.prompt_limit

    def _rate(self, resolution: str | None, *, audio: bool) -> int:
        wanted = resolution or self.resolution
        price = self.prices.get(wanted)
        if price is None:
            reason = f"makes {', '.join(self.prices)}, not {wanted}" if self.prices else "has no price that we know"
            raise InvalidRequest(self.provider, f"{self.id} {reason}")
        return price if audio else self.silent_prices.get(wanted, price)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatModel:
    """A language model.

    Attributes:
        uses: what it is good for here: "analysis" (of video), "plan", "chat", "pictures" (a look at key frames).
        input_microusd_per_million: tokens.
        price_until: the last day these prices are promised for; `None` where nobody set one.
    """

    id: str
    provider: str
    label: str
    uses: tuple[str, ...]
    sees_video: bool
    input_microusd_per_million: int
    output_microusd_per_million: int
    source: str
    checked: date
    price_until: date | None = None
    retires: date | None = None
    successor: str | None = None

    def price_microusd(self, input_tokens: int, output_tokens: int) -> int:
        """Of one answer, rounded up."""
        millionths = self.input_microusd_per_million * input_tokens + self.output_microusd_per_million * output_tokens
        return -(-millionths // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModel:
    """A model that draws single pictures; a picture is priced at the size we ask for."""

    id: str
    provider: str
    label: str
    ratios: tuple[str, ...]
    price_per_image_microusd: int
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
class SoundModel:
    """A model that makes noises. `price_per_second_microusd` is `None` where nobody told us: the bill does."""

    id: str
    provider: str
    label: str
    min_seconds: float
    max_seconds: float
    price_per_second_microusd: int | None = None
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    def price_microusd(self, seconds: float) -> int | None:
        """`None` where the price is not known."""
        return None if self.price_per_second_microusd is None else math.ceil(self.price_per_second_microusd * seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicModel:
    """A model that composes. A minute that was begun is paid whole."""

    id: str
    provider: str
    label: str
    min_seconds: int
    max_seconds: int
    price_per_minute_microusd: int
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    def price_microusd(self, seconds: float) -> int:
        return self.price_per_minute_microusd * math.ceil(seconds / 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingModel:
    """A model that writes down what it hears. `largest_bytes` is a recording's, `least_seconds` what is always paid."""

    id: str
    provider: str
    label: str
    price_per_hour_microusd: int
    largest_bytes: int
    least_seconds: float = 0.0
    source: str
    checked: date
    retires: date | None = None
    successor: str | None = None

    def price_microusd(self, seconds: float) -> int:
        """Of one recording, rounded up."""
        return math.ceil(self.price_per_hour_microusd * max(seconds, self.least_seconds) / 3600)


Model = VideoModel | ChatModel | ImageModel | SpeechModel | SoundModel | MusicModel | HearingModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Names that are gone, whichever way people spell them.

    Attributes:
        successors: who takes over, the best first; which of them depends on the services that are set up.
        gone: the last day it could be used, or the day somebody noticed; `None` where nobody knows.
    """

    names: tuple[str, ...]
    provider: str
    successors: tuple[str, ...]
    gone: date | None = None
    source: str
    checked: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTier:
    """What a plan or tier of a service allows an account. `None` where the service sets no limit, or tells none.

    Attributes:
        models: ids it counts for, each by itself; "*" means all those of the provider that no other entry names.
        room: operations open at once.
    """

    provider: str
    models: tuple[str, ...]
    tier: str
    room: int | None = None
    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    spend_per_month_usd: int | None = None
    source: str
    checked: date


def utf16_units(text: str) -> int:
    """The length of `text` as JavaScript counts it, and with it Runway and Discord: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
