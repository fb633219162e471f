"""What each of Runway's models takes for each task, in the wire's own words.

OpenAPI 2026-08-08, and for `gemini_omni_flash_1.1` and Seedance 2.5 at 1080p, which are newer, runwayml 5.24.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from providers.video import Task

PROVIDER = "runway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one model is asked for one task.

    Attributes:
        path: of the paid POST.
        prompt_units: most UTF-16 units of the prompt; 0 where none is sent.
        ratios: resolution to ratio to the wire's word for both, the first resolution the one made when none is asked
            for; empty where the source decides.
        durations: seconds; empty where the source decides.
        resolutions: resolution to the word of a field of its own; empty where there is no such field.
        images: most pictures of a `FromReferences`.
        video: the field that a source clip goes into.
        audio: whether sound may be chosen. It is always said: it changes what some models cost.
        seed: whether the model takes one.
        extra: fields that are always sent.
    """

    path: str
    prompt_units: int = 0
    ratios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    durations: range = range(0)
    resolutions: Mapping[str, str] = field(default_factory=dict)
    images: int = 0
    video: str = "videoUri"
    audio: bool = False
    seed: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)


_TEXT, _IMAGE, _VIDEO = "/v1/text_to_video", "/v1/image_to_video", "/v1/video_to_video"


def _sizes(wide: str, square: str | None = None) -> dict[str, str]:
    tall = ":".join(reversed(wide.split(":")))
    return {"16:9": wide, "9:16": tall, **({"1:1": square} if square else {})}


_HD, _FULL_HD, _UHD = _sizes("1280:720"), _sizes("1920:1080"), _sizes("3840:2160")
_HD_SQUARE = _sizes("1280:720", "960:960")


def _veo() -> dict[Task, Way]:
    way = Way(
        path=_IMAGE,
        prompt_units=1000,
        ratios={"720p": _HD, "1080p": _FULL_HD},
        durations=range(4, 9, 2),
        audio=True,
    )
    return {Task.TEXT: replace(way, path=_TEXT), Task.IMAGE: way, Task.LAST_IMAGE: way}


def _seedance(way: Way) -> dict[Task, Way]:
    text = replace(way, path=_TEXT)
    image = replace(way, images=0)
    return {Task.TEXT: replace(text, images=0), Task.IMAGE: image, Task.LAST_IMAGE: image, Task.REFERENCES: text}


_SEEDANCE = Way(
    path=_IMAGE,
    prompt_units=3500,
    ratios={"720p": _HD_SQUARE, "480p": _sizes("864:496", "640:640")},
    durations=range(4, 16),
    images=9,
    audio=True,
)
_SEEDANCE_LARGE = {"1080p": _sizes("1920:1080", "1440:1440"), "4k": _sizes("3840:2160", "3840:3840")}
_SEEDANCE_25 = replace(
    _SEEDANCE,
    prompt_units=15_000,
    ratios={
        "720p": _HD_SQUARE,
        "480p": _sizes("854:480", "640:640"),
        "1080p": _SEEDANCE_LARGE["1080p"],
    },
    durations=range(4, 31),
    images=30,
)
_OMNI = Way(path=_IMAGE, prompt_units=4000, ratios={"720p": _HD}, durations=range(3, 11))
_OMNI_11 = replace(_OMNI, ratios={"720p": _HD, "360p": _sizes("640:360"), "1080p": _FULL_HD, "4k": _UHD})
_GEN = Way(path=_IMAGE, prompt_units=1000, ratios={"720p": _HD_SQUARE}, durations=range(2, 11), seed=True)

MODELS: Mapping[str, Mapping[Task, Way]] = {
    "gen4_turbo": {Task.IMAGE: _GEN},
    "gen4.5": {Task.TEXT: replace(_GEN, path=_TEXT, ratios={"720p": _HD}), Task.IMAGE: _GEN},
    "veo3.1": _veo(),
    "veo3.1_fast": _veo(),
    "gemini_omni_flash": {
        Task.TEXT: replace(_OMNI, path=_TEXT),
        Task.IMAGE: _OMNI,
        Task.EDIT: Way(path=_VIDEO, prompt_units=4000),
    },
    "gemini_omni_flash_1.1": {
        Task.TEXT: replace(_OMNI_11, path=_TEXT),
        Task.IMAGE: _OMNI_11,
        Task.LAST_IMAGE: _OMNI_11,
        # How many pictures it takes is not told; five is what its edits take.
        Task.REFERENCES: replace(_OMNI_11, path=_TEXT, images=5),
        Task.EXTEND: Way(path=_VIDEO, prompt_units=4000, durations=range(3, 11), extra={"mode": "extend"}),
        Task.EDIT: Way(path=_VIDEO, prompt_units=4000, extra={"mode": "edit"}),
    },
    "seedance2": _seedance(replace(_SEEDANCE, ratios={**_SEEDANCE.ratios, **_SEEDANCE_LARGE})),
    "seedance2_fast": _seedance(_SEEDANCE),
    "seedance2_mini": _seedance(_SEEDANCE),
    "seedance2_5": {
        **_seedance(_SEEDANCE_25),
        # Its edits are left out: they want the duration "auto", which is charged at 30 s first and paid back later.
        Task.EXTEND: Way(
            path=_VIDEO,
            prompt_units=15_000,
            durations=range(4, 31),
            video="promptVideo",
            audio=True,
            extra={"mode": "extend"},
        ),
    },
    "aleph2": {Task.EDIT: Way(path=_VIDEO, prompt_units=1000, seed=True)},
    "act_two": {Task.PERFORM: Way(path="/v1/character_performance", ratios={"720p": _HD_SQUARE}, seed=True)},
    "magnific_video_upscaler_creative": {
        Task.UPSCALE: Way(
            path="/v1/video_upscale",
            resolutions={"2k": "2k", "4k": "4k", "1080p": "1k", "720p": "720p"},  # 2k is its own default
        )
    },
}

# Left the API: gen3a_turbo and gen4_aleph with runwayml 5.0.0 (2026-06-10), veo3 by 5.14, upscale_v1 before.
RETIRED = frozenset({"gen3a_turbo", "gen4_aleph", "veo3", "upscale_v1"})
