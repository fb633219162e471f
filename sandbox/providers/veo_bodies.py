"""What an order of Veo's may say, and the clip it stands for.

Sources: google-genai 3.6.1 (the fields), docs.cloud.google.com 2026 (lengths, resolutions, extension), LiteLLM (4K).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sandbox.providers import google
from sandbox.providers.answers import Refused
from sandbox.providers.documents import as_mapping, as_text, mappings
from sandbox.providers.film import Clip
from sandbox.providers.footage import measured
from sandbox.providers.runway import darkroom
from sandbox.providers.service import Stage

#: The resolutions of each model, and whether it takes more than a first picture.
MODELS: Mapping[str, tuple[str, ...]] = {
    "veo-3.1-generate-001": ("720p", "1080p", "4k"),
    "veo-3.1-fast-generate-001": ("720p", "1080p", "4k"),
    "veo-3.1-lite-generate-001": ("720p", "1080p"),
}
FULL = ("veo-3.1-generate-001", "veo-3.1-fast-generate-001")
REFERENCING = ("veo-3.1-generate-001",)
SHORT_SIDE = {"720p": 720, "1080p": 1080, "4k": 2160}
DURATIONS, EXTENSION, REFERENCED, MOST_REFERENCES = (4, 6, 8), 7, 8, 3
#: Seconds of a clip that may be extended, and frames a second it must have.
LEAST_SOURCE, MOST_SOURCE = 1.0, 30.0

_INSTANCE = {"prompt", "image", "video", "lastFrame", "referenceImages", "mask"}
_PARAMETERS = {
    "sampleCount", "storageUri", "fps", "durationSeconds", "seed", "aspectRatio", "resolution", "personGeneration",
    "pubsubTopic", "negativePrompt", "enhancePrompt", "generateAudio", "compressionQuality", "resizeMode",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order read: the clip, and the bucket it shall go to, "" for none."""

    clip: Clip
    storage: str


def _invalid(message: str) -> Refused:
    return Refused(google.refusal(400, message))


class Bodies:
    """Reads orders, and keeps the files in them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def read(self, model: str, body: dict[str, object]) -> Wanted:
        _known(body, {"instances", "parameters", "labels"}, "")
        instances = mappings(body.get("instances"))
        if len(instances) != 1:
            raise _invalid("Request must have exactly one instance.")
        instance, parameters = instances[0], as_mapping(body.get("parameters"))
        _known(instance, _INSTANCE, " at 'instances[0]'")
        _known(parameters, _PARAMETERS, " at 'parameters'")
        if not as_text(instance.get("prompt")) and not instance.get("image") and not instance.get("video"):
            raise _invalid("Text prompt, image or video must be given.")
        _check(model, instance, parameters)
        return Wanted(clip=await self._clip(instance, parameters), storage=as_text(parameters.get("storageUri")))

    async def _clip(self, instance: dict[str, object], parameters: dict[str, object]) -> Clip:
        short = SHORT_SIDE[_resolution(parameters)]
        long = short * 16 // 9
        upright = parameters.get("aspectRatio") == "9:16"
        width, height = (short, long) if upright else (long, short)
        recipe: tuple[str, ...] = ()
        seconds = float(str(parameters.get("durationSeconds", 8)))
        audio = parameters.get("generateAudio") is not False
        if instance.get("video"):
            source = await measured(self._bytes("video", instance["video"], "video/mp4"))
            if source is None:
                raise _invalid("The input video could not be decoded.")
            if not LEAST_SOURCE <= source.seconds <= MOST_SOURCE:
                raise _invalid(f"The input video must be {LEAST_SOURCE:g} to {MOST_SOURCE:g} seconds long.")
            recipe = darkroom.extended(source, EXTENSION, width, height)
            seconds, audio = source.seconds + EXTENSION, source.audio
        references = tuple(
            self._picture("referenceImages", one.get("image")) for one in mappings(instance.get("referenceImages"))
        )
        return Clip(
            id=f"veo-{secrets.token_hex(8)}",
            prompt=as_text(instance.get("prompt")),
            duration=seconds,
            width=width,
            height=height,
            audio=audio,
            start_image=self._picture("image", instance["image"]) if instance.get("image") else None,
            last_image=self._picture("lastFrame", instance["lastFrame"]) if instance.get("lastFrame") else None,
            references=references,
            recipe=recipe,
        )

    def _picture(self, name: str, given: object) -> Path:
        path = self._bytes(name, given, "image/")
        try:
            with Image.open(path) as picture:
                if picture.get_format_mimetype() != as_mapping(given).get("mimeType"):
                    raise _invalid(f"Unsupported image at '{name}': it is not what its mimeType says.")
        except (UnidentifiedImageError, OSError):
            raise _invalid(f"The image at '{name}' could not be decoded.") from None
        return path

    def _bytes(self, name: str, given: object, kind: str) -> Path:
        part = as_mapping(given)
        _known(part, {"bytesBase64Encoded", "gcsUri", "mimeType"}, f" at '{name}'")
        if part.get("gcsUri"):
            raise Refused(google.refusal(403, "The service account may not read this bucket."))
        if not as_text(part.get("mimeType")).startswith(kind):
            raise _invalid(f"Invalid mimeType at '{name}'.")
        path = self.stage.directory / f"veo-{secrets.token_hex(6)}"
        try:
            path.write_bytes(base64.b64decode(as_text(part.get("bytesBase64Encoded")), validate=True))
        except binascii.Error:
            raise _invalid(f"Base64 decoding failed at '{name}'.") from None
        return path


def _check(model: str, instance: dict[str, object], parameters: dict[str, object]) -> None:
    """What each model makes of what."""
    extends, references = bool(instance.get("video")), mappings(instance.get("referenceImages"))
    if (extends or instance.get("lastFrame")) and model not in FULL:
        raise _invalid(f"{model} supports text and one image as input only.")
    if instance.get("lastFrame") and not instance.get("image"):
        raise _invalid("A last frame needs a first one.")
    if references:
        _check_references(model, instance, references)
    allowed = (EXTENSION,) if extends else (REFERENCED,) if references else DURATIONS
    if parameters.get("durationSeconds", 8) not in allowed:
        raise _invalid(f"Unsupported output video duration, supported durations are {list(allowed)}.")
    resolutions = ("720p", "1080p") if extends else MODELS[model]
    if _resolution(parameters) not in resolutions:
        raise _invalid(f"Unsupported resolution, supported are {list(resolutions)}.")
    _check_parameters(parameters)


def _check_references(model: str, instance: dict[str, object], references: list[dict[str, object]]) -> None:
    if model not in REFERENCING or instance.get("image") or instance.get("video"):
        raise _invalid(f"Reference images are not supported here by {model}.")
    if len(references) > MOST_REFERENCES:
        raise _invalid(f"At most {MOST_REFERENCES} reference images are supported.")
    if any(as_text(one.get("referenceType")).lower() != "asset" for one in references):
        raise _invalid("Only reference images of type asset are supported.")


def _check_parameters(parameters: dict[str, object]) -> None:
    if parameters.get("aspectRatio", "16:9") not in {"16:9", "9:16"}:
        raise _invalid("Unsupported aspect ratio.")
    count, seed = parameters.get("sampleCount", 1), parameters.get("seed", 0)
    if not isinstance(count, int) or not 1 <= count <= 4:
        raise _invalid("sampleCount must be in the range [1, 4].")
    if not isinstance(parameters.get("generateAudio"), bool):
        raise _invalid("generateAudio is required for Veo 3 models.")
    if not isinstance(seed, int) or not 0 <= seed <= 4_294_967_295:
        raise _invalid("seed must be in the range [0, 4294967295].")


def _resolution(parameters: dict[str, object]) -> str:
    return as_text(parameters.get("resolution")) or "720p"


def _known(part: dict[str, object], names: set[str], where: str) -> None:
    for name in part.keys() - names:
        raise _invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
