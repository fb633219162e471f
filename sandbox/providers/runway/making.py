"""From a checked body to the clip it asks for, and to its price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from sandbox.providers.documents import as_list, as_mapping, as_number, as_text, mappings
from sandbox.providers.film import Clip
from sandbox.providers.runway import darkroom
from sandbox.providers.runway.assets import Assets, Footage, bounded
from sandbox.providers.runway.bodies import Issues, check_fields, positions
from sandbox.providers.runway.models import Model, resolution_of
from sandbox.providers.runway.offer import MODELS

USUAL_RATIO, USUAL_SECONDS = "1280:720", 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an order makes, and its price in credits."""

    clip: Clip
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One order on its way: who asks for what, and the name that it gets."""

    id: str
    endpoint: str
    body: Mapping[str, object]
    account: str
    now: float
    assets: Assets

    @property
    def model(self) -> Model:
        return MODELS[self.endpoint][as_text(self.body["model"])]

    @property
    def prompt(self) -> str:
        return as_text(self.body.get("promptText"))

    def size(self) -> tuple[int, int]:
        match = re.fullmatch(r"(\d+):(\d+)", as_text(self.body.get("ratio")) or USUAL_RATIO)
        assert match is not None, "ratios are checked"
        return darkroom.even(int(match[1])), darkroom.even(int(match[2]))

    def picture(self, name: str, uri: object) -> Path | None:
        return self.assets.picture(name, as_text(uri), self.account, self.now)

    async def footage(self, name: str, uri: object) -> Footage:
        return await self.assets.footage(name, as_text(uri), self.account, self.now)


def check(endpoint: str, body: Mapping[str, object]) -> None:
    """Hold a body against its model's schema, and against what the schema's words say beside it."""
    issues = Issues()
    name = as_text(body.get("model"))
    model = MODELS[endpoint].get(name)
    if model is None:
        issues.add("invalid_union", "model", f"Invalid discriminator value: {name!r} is not offered here")
        issues.raise_any()
    assert model is not None
    check_fields(body, model.required, model.fields, issues)
    given = positions(body.get("promptImage"))
    if None in given and len(given) > 1:
        issues.add("custom", "promptImage", "Keyframes and reference images cannot be mixed")
    if given == {"last"}:
        issues.add("custom", "promptImage", "A last frame needs a first frame")
    if body.get("mode") == "extend":
        if "promptText" not in body:
            issues.add("custom", "promptText", "promptText is required to extend")
        if "ratio" in body and "promptVideo" in body:
            issues.add("custom", "ratio", "ratio may not be provided to extend")
    issues.raise_any()


async def made(ask: Ask) -> Made:
    """Open what the body names, and say what becomes of it. Refuses files that the model does not take."""
    match ask.endpoint:
        case "character_performance":
            return await _performed(ask)
        case "video_upscale":
            return await _upscaled(ask)
        case "video_to_video":
            return await _from_video(ask)
        case _:
            return _generated(ask)


def _generated(ask: Ask, source_seconds: float = 0.0) -> Made:
    width, height = ask.size()
    seconds = int(as_number(ask.body.get("duration")) or _usual_seconds(ask.model))
    given = ask.body.get("promptImage")
    shown = mappings(given) if isinstance(given, list) else [{"uri": given, "position": "first"}] if given else []
    shown += mappings(ask.body.get("references"))
    pictures = [(one.get("position"), ask.picture("promptImage", one.get("uri"))) for one in shown]
    placed = {position: path for position, path in pictures if position is not None}
    sound = ask.model.audio and ask.body.get("audio") is not False
    clip = Clip(
        id=ask.id,
        prompt=ask.prompt,
        duration=seconds,
        width=width,
        height=height,
        audio=sound,
        start_image=placed.get("first"),
        last_image=placed.get("last"),
        references=tuple(path for position, path in pictures if position is None and path is not None),
    )
    resolution = resolution_of(width, height)
    return Made(clip=clip, price=ask.model.price(resolution, seconds, sound=sound, source_seconds=source_seconds))


def _usual_seconds(model: Model) -> int:
    """What a clip lasts where nothing is said: five seconds, or the nearest above that the model makes."""
    return next(n for n in range(USUAL_SECONDS, 31) if model.fields["duration"](n) is None)


async def _from_video(ask: Ask) -> Made:
    name = "promptVideo" if "promptVideo" in ask.body else "videoUri"
    source = await ask.footage(name, ask.body[name])
    bounded(name, source, *ask.model.source, ask.model.most_fps)
    for one in as_list(ask.body.get("references")):
        ask.picture("references", as_mapping(one).get("uri"))
    if "duration" in ask.model.fields and ask.body.get("mode", "reference") == "reference":
        return _generated(ask, source.seconds)
    if ask.body.get("mode") == "extend":
        return _extended(ask, source)
    short_side = min(source.width, source.height, 1080) if ask.model.keeps_size else 720
    width, height = _fitted(source, short_side)
    recipe = darkroom.edited(source, width, height)
    price = ask.model.price(resolution_of(width, height), source.seconds, sound=True)
    return Made(clip=_derived(ask, source, source.seconds, width, height, recipe), price=price)


def _extended(ask: Ask, source: Footage) -> Made:
    seconds = int(as_number(ask.body.get("duration")) or USUAL_SECONDS)
    width, height = _fitted(source, 720)
    recipe = darkroom.extended(source, seconds, width, height)
    price = ask.model.price("720p", seconds, sound=True, source_seconds=source.seconds)
    return Made(clip=_derived(ask, source, source.seconds + seconds, width, height, recipe), price=price)


async def _upscaled(ask: Ask) -> Made:
    source = await ask.footage("videoUri", ask.body["videoUri"])
    bounded("videoUri", source, *ask.model.source, ask.model.most_fps)
    resolution = as_text(ask.body.get("resolution")) or "2k"
    width, height = _fitted(source, darkroom.SHORT_SIDE[resolution])
    frames = source.fps * source.seconds
    price = max(ask.model.minimum, ceil(round(ask.model.frame_credits[resolution] * frames, 6)))
    recipe = darkroom.upscaled(source, width, height)
    return Made(clip=_derived(ask, source, source.seconds, width, height, recipe), price=price)


async def _performed(ask: Ask) -> Made:
    acting = await ask.footage("reference", as_mapping(ask.body["reference"]).get("uri"))
    bounded("reference", acting, *ask.model.source, ask.model.most_fps)
    character = as_mapping(ask.body["character"])
    moves = character["type"] == "video"
    path = (
        (await ask.footage("character", character["uri"])).path if moves else ask.picture("character", character["uri"])
    )
    width, height = ask.size()
    recipe = darkroom.performed(path, acting, width, height, character_moves=moves) if path else ()
    price = ask.model.price("720p", acting.seconds, sound=True)
    return Made(clip=_derived(ask, acting, acting.seconds, width, height, recipe), price=price)


def _fitted(source: Footage, short_side: int) -> tuple[int, int]:
    """The shape of a source with another short side."""
    scale = short_side / min(source.width, source.height)
    return darkroom.even(source.width * scale), darkroom.even(source.height * scale)


def _derived(ask: Ask, source: Footage, seconds: float, width: int, height: int, recipe: tuple[str, ...]) -> Clip:
    return Clip(
        id=ask.id,
        prompt=ask.prompt,
        duration=seconds,
        width=width,
        height=height,
        audio=source.audio,
        recipe=recipe,
    )
