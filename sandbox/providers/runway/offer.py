"""What each model takes at each endpoint, and what it costs.

Fields are from the OpenAPI document of 2026-08-08; `gemini_omni_flash_1.1` and Seedance 2.5 at 1080p, which are newer,
from runwayml 5.24.0. Credits (a cent each) are Runway's pricing pages as copied by third parties, 2026-08 to 2026-10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sandbox.providers.runway.bodies import Check, either, flag, keyed, one_of, several, text, uri, whole
from sandbox.providers.runway.models import Model

_IMAGE, _VIDEO, _AUDIO = uri("image"), uri("video"), uri("audio")
_SEED = whole(0, 4_294_967_295)
_MODERATION = keyed({}, {"publicFigureThreshold": one_of("auto", "low")})
_PRORES = one_of("422", "4444", "422 Proxy", "422 LT", "422 HQ", "4444 XQ")
_FORMATS = {"outputFormat": one_of("mp4", "prores", "png_sequence"), "proresProfile": _PRORES}
_FIRST = keyed({"uri": _IMAGE, "position": one_of("first")})
_FIRST_OR_LAST = keyed({"uri": _IMAGE, "position": one_of("first", "last")})
_ANYWHERE = keyed({"uri": _IMAGE}, {"position": one_of("first", "last")})
_REFERENCE = keyed({"uri": _IMAGE})

_HD = ("1280:720", "720:1280")
_FULL_HD = (*_HD, "1080:1920", "1920:1080")
_SIX = (*_HD, "1104:832", "832:1104", "960:960", "1584:672")
_SEEDANCE_720 = ("1470:630", "1280:720", "1112:834", "960:960", "834:1112", "720:1280")
_SEEDANCE_480 = ("992:432", "864:496", "752:560", "640:640", "560:752", "496:864")
_SEEDANCE_25_480 = ("992:432", "854:480", "752:560", "640:640", "560:752", "480:854")
_SEEDANCE_1080 = ("2206:946", "1920:1080", "1664:1248", "1440:1440", "1248:1664", "1080:1920")
_SEEDANCE_4K = ("3840:1646", "3840:2160", "3840:2880", "3840:3840", "2880:3840", "2160:3840")
_OMNI_11 = ("640:360", "360:640", *_HD, "1920:1080", "1080:1920", "3840:2160", "2160:3840")


def _typed(kind: str, check: Check) -> Check:
    return keyed({"type": one_of(kind), "uri": check})


def _gen(ratios: Iterable[str], rate: int, *required: str, image: bool) -> Model:
    fields: dict[str, Check] = {
        "promptText": text(1000),
        "ratio": one_of(*ratios),
        "duration": whole(2, 10),
        "seed": _SEED,
        "contentModeration": _MODERATION,
    }
    if image:
        fields["promptImage"] = either(_IMAGE, several(_FIRST, 1, 1))
    return Model(fields=fields, required=frozenset(required), credits={"720p": rate})


def _with(model: Model, **more: Check) -> Model:
    return replace(model, fields={**model.fields, **more})


def _veo(rate: int, silent: int, *, image: bool) -> Model:
    fields: dict[str, Check] = {
        "promptText": text(1000),
        "ratio": one_of(*_FULL_HD),
        "duration": one_of(4, 6, 8),
        "audio": flag,
        "negativePrompt": text(1000),
    }
    if image:
        fields["promptImage"] = either(_IMAGE, several(_FIRST_OR_LAST, 1, 2))
    required = {"promptImage", "ratio"} if image else {"promptText", "ratio"}
    return Model(
        fields=fields, required=frozenset(required), credits={"720p": rate}, silent={"720p": silent}, audio=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seedance:
    """One of the family: they differ in numbers only."""

    prompt: int = 3500
    prompt_needed: bool = True
    ratios: tuple[str, ...] = (*_SEEDANCE_480, *_SEEDANCE_720)
    longest: int = 15
    references: int = 9
    videos: int = 3
    audios: int = 3
    credits: Mapping[str, float]
    source_credits: float = 0.0
    minimum: int = 1

    def at(self, endpoint: str) -> Model:
        fields: dict[str, Check] = {
            "promptText": text(self.prompt),
            "audio": flag,
            "duration": whole(4, self.longest),
            "ratio": one_of(*self.ratios),
            "referenceAudio": several(_typed("audio", _AUDIO), 0, self.audios),
        }
        required: set[str] = set()
        if endpoint == "image_to_video":
            fields["promptImage"] = either(_IMAGE, several(_ANYWHERE, 0, self.references))
            required = {"promptImage"}
        else:
            fields["references"] = several(_REFERENCE, 0, self.references)
            videos = self.videos - (endpoint == "video_to_video" and self.longest > 15)  # the source is one of ten
            fields["referenceVideos"] = several(_typed("video", _VIDEO), 0, videos)
        if endpoint == "video_to_video":
            fields["promptVideo"] = _VIDEO
            required = {"promptVideo"}
            if self.longest > 15:
                fields["mode"] = one_of("reference", "extend")
        if endpoint == "text_to_video" and self.prompt_needed:
            required = {"promptText"}
        return Model(
            fields=fields,
            required=frozenset(required),
            credits=self.credits,
            source_credits=self.source_credits,
            minimum=self.minimum,
            audio=True,
            source=(0.0, self.longest),
        )


_SEEDANCES = {
    "seedance2": _Seedance(
        ratios=(*_SEEDANCE_480, *_SEEDANCE_720, *_SEEDANCE_1080, *_SEEDANCE_4K),
        credits={"480p": 36, "720p": 36, "1080p": 40, "4k": 150},
    ),
    "seedance2_fast": _Seedance(credits={"720p": 29}),
    "seedance2_mini": _Seedance(credits={"720p": 16}, minimum=64),
    "seedance2_5": _Seedance(
        prompt=15_000,
        prompt_needed=False,
        ratios=(*_SEEDANCE_25_480, *_SEEDANCE_720, *_SEEDANCE_1080),
        longest=30,
        references=30,
        videos=10,
        audios=10,
        credits={"480p": 20, "720p": 30, "1080p": 68},
        source_credits=15,
        minimum=80,
    ),
}


def _omni(ratios: tuple[str, ...], rates: Mapping[str, float], *required: str, **more: Check) -> Model:
    fields: dict[str, Check] = {"promptText": text(4000), "duration": whole(3, 10), "ratio": one_of(*ratios), **more}
    return Model(fields=fields, required=frozenset(required), credits=rates, audio=True, source=(0.0, 10.0))


_OMNI_CREDITS = {"720p": 10.0}
#: At 360p, 1080p and 4K from what Google asks, as Runway's own are not known.
_OMNI_11_CREDITS = {"360p": 4.0, "720p": 10.0, "1080p": 15.0, "4k": 30.0}
_REFERENCES = several(_REFERENCE, 0, 5)
_WINDOW = keyed({"start_seconds": whole(0, 2**53 - 1), "end_seconds": whole(1, 2**53 - 1)})


def _number(least: float, most: float) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        good = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
        return None if good else ("invalid_value", f"Expected a number from {least:g} to {most:g}")

    return check


_KEYFRAME = either(
    keyed({"uri": _IMAGE, "seconds": _number(0, 30)}, {"range": _WINDOW}),
    keyed({"uri": _IMAGE, "at": _number(0, 1)}, {"range": _WINDOW}),
)

MODELS: Mapping[str, Mapping[str, Model]] = {
    "text_to_video": {
        "gen4.5": _with(_gen(_HD, 12, "promptText", "ratio", "duration", image=False), **_FORMATS),
        "veo3.1": _veo(40, 20, image=False),
        "veo3.1_fast": _veo(15, 10, image=False),
        "gemini_omni_flash": _omni(_HD, _OMNI_CREDITS, "promptText"),
        "gemini_omni_flash_1.1": _omni(
            _OMNI_11,
            _OMNI_11_CREDITS,
            "promptText",
            references=_REFERENCES,
            referenceVideos=several(keyed({"uri": _VIDEO}), 0, 3),
        ),
        **{name: family.at("text_to_video") for name, family in _SEEDANCES.items()},
    },
    "image_to_video": {
        "gen4.5": _with(_gen(_SIX, 12, "promptText", "promptImage", "ratio", "duration", image=True), **_FORMATS),
        "gen4_turbo": _gen(_SIX, 5, "promptImage", "ratio", image=True),
        "veo3.1": _veo(40, 20, image=True),
        "veo3.1_fast": _veo(15, 10, image=True),
        "gemini_omni_flash": _omni(
            _HD, _OMNI_CREDITS, "promptImage", promptImage=either(_IMAGE, several(_FIRST, 1, 1))
        ),
        "gemini_omni_flash_1.1": _omni(
            _OMNI_11,
            _OMNI_11_CREDITS,
            "promptImage",
            "promptText",
            promptImage=either(_IMAGE, several(_FIRST_OR_LAST, 1, 2)),
        ),
        **{name: family.at("image_to_video") for name, family in _SEEDANCES.items()},
    },
    "video_to_video": {
        "aleph2": Model(
            fields={
                "promptText": text(1000),
                "videoUri": _VIDEO,
                "keyframes": several(_KEYFRAME, 1, 5),
                "seed": _SEED,
                "ratio": text(100, shortest=0),
                "targetAspectRatio": one_of("16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "21:9"),
                "contentModeration": _MODERATION,
                **_FORMATS,
            },
            required=frozenset({"videoUri"}),
            credits={"720p": 28},
            minimum=56,
            source=(2.0, 30.0),
            most_fps=30.0,
            keeps_size=True,
        ),
        "gemini_omni_flash": Model(
            fields={"promptText": text(4000), "videoUri": _VIDEO, "references": _REFERENCES},
            required=frozenset({"promptText", "videoUri"}),
            credits=_OMNI_CREDITS,
            source=(0.0, 10.0),
        ),
        "gemini_omni_flash_1.1": _omni(
            _OMNI_11,
            _OMNI_11_CREDITS,
            "promptText",
            "videoUri",
            videoUri=_VIDEO,
            references=_REFERENCES,
            mode=one_of("reference", "extend", "edit"),
        ),
        **{name: family.at("video_to_video") for name, family in _SEEDANCES.items()},
    },
    "video_upscale": {
        "magnific_video_upscaler_creative": Model(
            fields={
                "videoUri": _VIDEO,
                "resolution": one_of("720p", "1k", "2k", "4k"),
                "creativity": whole(0, 100),
                "sharpen": whole(0, 100),
                "smartGrain": whole(0, 100),
                "flavor": one_of("vivid", "natural"),
                "fpsBoost": flag,
            },
            required=frozenset({"videoUri"}),
            frame_credits={"720p": 0.7, "1k": 0.7, "2k": 0.9, "4k": 1.2},
        )
    },
    "character_performance": {
        "act_two": Model(
            fields={
                "character": either(_typed("image", _IMAGE), _typed("video", _VIDEO)),
                "reference": _typed("video", _VIDEO),
                "bodyControl": flag,
                "expressionIntensity": whole(1, 5),
                "ratio": one_of(*_SIX),
                "seed": _SEED,
                "contentModeration": _MODERATION,
            },
            required=frozenset({"character", "reference"}),
            credits={"720p": 5},
            source=(3.0, 30.0),
        )
    },
}
