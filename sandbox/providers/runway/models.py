"""A model at an endpoint, and what a clip of it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from sandbox.providers.runway.bodies import Check

_ALWAYS = 0.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model at one endpoint.

    Attributes:
        fields: what a body may have beside `model`; `required` what it must.
        credits: for a second, by the resolution of the clip; `silent` without sound, where that is cheaper.
        source_credits: for a second of a source clip, beside the above.
        frame_credits: for a frame, by resolution, in place of the above.
        audio: makes sound, unless told not to.
        source: seconds that a source clip may have; `most_fps` its frames a second; `keeps_size` whether it stays
            as large as it is.
    """

    fields: Mapping[str, Check]
    required: frozenset[str]
    credits: Mapping[str, float] = field(default_factory=dict)
    silent: Mapping[str, float] = field(default_factory=dict)
    source_credits: float = 0.0
    frame_credits: Mapping[str, float] = field(default_factory=dict)
    minimum: int = 1
    audio: bool = False
    source: tuple[float, float] = _ALWAYS
    most_fps: float | None = None
    keeps_size: bool = False

    def price(self, resolution: str, seconds: float, *, sound: bool, source_seconds: float = 0.0) -> int:
        """Credits for a clip; a started credit is a whole one."""
        rates = self.credits if sound or not self.silent else self.silent
        rate = rates.get(resolution, max(rates.values()))
        return max(self.minimum, ceil(round(rate * seconds + self.source_credits * source_seconds, 6)))


def resolution_of(width: int, height: int) -> str:
    """The name of a clip's size, by its pixels: ratios of one name differ in their sides."""
    bounds = {"360p": 300_000, "480p": 600_000, "720p": 1_200_000, "1080p": 3_000_000}
    return next((name for name, bound in bounds.items() if width * height < bound), "4k")
