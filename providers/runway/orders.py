"""Orders as Runway's wire has them: checked against the model's limits first, then written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from providers.catalogue import utf16_units
from providers.errors import InvalidRequest, ModelRetired
from providers.runway.assets import Asset
from providers.runway.wire import MODELS, PROVIDER, RETIRED, Way
from providers.video import (
    Edit,
    Extension,
    FromImage,
    FromReferences,
    FromText,
    Performance,
    Source,
    Upscaling,
    VideoRequest,
    task_of,
)

_SEEDS = range(2**32)

Word = TypeVar("Word")


def way_of(request: VideoRequest) -> Way:
    """The model's way to do what is asked.

    Raises:
        ModelRetired: Runway has the model no more.
        InvalidRequest: it never had it, or the model cannot do this.
    """
    if request.model in RETIRED:
        raise ModelRetired(PROVIDER, f"{request.model} has left the API")
    ways = MODELS.get(request.model)
    if ways is None:
        raise InvalidRequest(PROVIDER, f"no model of ours: {request.model}")
    task = task_of(request.source)
    if task not in ways:
        raise InvalidRequest(PROVIDER, f"{request.model} does {', '.join(sorted(ways))}, not {task}")
    return ways[task]


def settings_of(request: VideoRequest, way: Way) -> dict[str, object]:
    """The body without its files. Raises `InvalidRequest` for whatever the model would not take."""
    body: dict[str, object] = {"model": request.model, **way.extra}
    if way.prompt_units:
        if not 1 <= utf16_units(request.prompt) <= way.prompt_units:
            raise InvalidRequest(PROVIDER, f"a prompt has 1 to {way.prompt_units} UTF-16 units")
        body["promptText"] = request.prompt
    if way.ratios:
        body["ratio"] = _ratio(request, way)
    if way.resolutions:
        body["resolution"] = _offered(request, way.resolutions)
    if way.durations:
        if request.duration not in way.durations:
            raise InvalidRequest(PROVIDER, f"{request.model} makes no clips of {request.duration} s")
        body["duration"] = request.duration
    if isinstance(request.source, FromReferences) and not 1 <= len(request.source.images) <= way.images:
        raise InvalidRequest(PROVIDER, f"{request.model} takes 1 to {way.images} pictures to go by")
    return {**body, **_choices(request, way)}


def _choices(request: VideoRequest, way: Way) -> dict[str, object]:
    choices: dict[str, object] = {"audio": request.audio} if way.audio else {}
    if way.seed and request.seed is not None:
        if request.seed not in _SEEDS:
            raise InvalidRequest(PROVIDER, f"a seed is 0 to {_SEEDS[-1]}")
        choices["seed"] = request.seed
    return choices


def _ratio(request: VideoRequest, way: Way) -> str:
    ratios = _offered(request, way.ratios)
    if request.ratio not in ratios:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {', '.join(ratios)}, not {request.ratio}")
    return ratios[request.ratio]


def _offered(request: VideoRequest, offered: Mapping[str, Word]) -> Word:
    """What stands for the resolution asked for, or for the first where none is."""
    resolution = next(iter(offered)) if request.resolution is None else request.resolution
    if resolution not in offered:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {', '.join(offered)}, not {resolution}")
    return offered[resolution]


def files_of(source: Source, way: Way, assets: Sequence[Asset], uris: Sequence[str]) -> dict[str, object]:
    """The fields of the body that name its files: `uris` stand for `assets`, both in the order of the source."""
    match source:
        case FromText():
            return {}
        case FromImage(last=None):
            return {"promptImage": uris[0]}
        case FromImage():
            return {"promptImage": [{"uri": uris[0], "position": "first"}, {"uri": uris[1], "position": "last"}]}
        case FromReferences():
            return {"references": [{"uri": uri} for uri in uris]}
        case Extension() | Edit() | Upscaling():
            return {way.video: uris[0]}
        case Performance():
            character, acting = ({"type": asset.kind, "uri": uri} for asset, uri in zip(assets, uris, strict=True))
            return {"character": character, "reference": acting}
