"""Orders and answers of Veo as the Enterprise Agent Platform writes them: what goes in, what an operation means.

Sources: google-genai 3.6.1 (the fields), docs.cloud.google.com 2026 (lengths, resolutions, extension), LiteLLM 2026-11
(4K). Veo 2 and 3 and the previews are gone; their names are answered, never sent.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from providers.clip import MIME_TYPE, check_clip
from providers.errors import ContentRejected, InvalidRequest, ModelRetired, OperationFailed, ProviderError
from providers.image import EncodedImage, encoded_image
from providers.vertex import PROVIDER
from providers.video import (
    Edit,
    Extension,
    Failed,
    FromImage,
    FromReferences,
    FromText,
    OperationState,
    Performance,
    Running,
    Source,
    Succeeded,
    Task,
    Upscaling,
    VideoRequest,
    task_of,
)

if TYPE_CHECKING:
    from google.genai import types

RATIOS = ("16:9", "9:16")
DURATIONS = (4, 6, 8)
EXTENSION_SECONDS = 7  # what an extension adds, whatever is asked for
MOST_REFERENCES = 3

_REFERENCED_SECONDS = 8  # a clip with references has this length only
_EXTENDED = ("720p", "1080p")
_LARGEST_IMAGE = 20 << 20  # bytes; docs.cloud.google.com 2026
_LARGEST_CLIP = 50 << 20  # bytes; it goes inside of the order, for a bucket is nobody's here to ask for
_LARGEST_SEED = 4_294_967_295
_INVALID_ARGUMENT = 3  # google.rpc.Code
# "This prompt contains sensitive words that violate Google's Responsible AI practices", and its kin; 2026.
_POLICY = re.compile(
    r"responsible ai|usage (guidelines|polic)|sensitive words|safety (filter|reason|polic)|content polic|violates? ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Model:
    """What the wire takes for one model; the first resolution is what a film is made at."""

    can: frozenset[Task]
    resolutions: tuple[str, ...]


_MOST = frozenset({Task.TEXT, Task.IMAGE, Task.LAST_IMAGE, Task.EXTEND})
MODELS = MappingProxyType(
    {
        "veo-3.1-generate-001": Model(_MOST | {Task.REFERENCES}, ("720p", "1080p", "4k")),
        "veo-3.1-fast-generate-001": Model(_MOST, ("720p", "1080p", "4k")),
        "veo-3.1-lite-generate-001": Model(frozenset({Task.TEXT, Task.IMAGE}), ("720p", "1080p")),
    }
)
_RETIRED = re.compile(r"veo-(2\.0|3\.0|001)|.*-preview$|.*-exp$")


@dataclass(frozen=True, slots=True)
class Material:
    """The files of an order, read."""

    first: EncodedImage | None = None
    last: EncodedImage | None = None
    references: tuple[EncodedImage, ...] = ()
    clip: bytes | None = None


def material_of(request: VideoRequest) -> Material:
    """Check an order and read its files. Blocks; nothing has been sent yet.

    Raises:
        InvalidRequest: Veo does not do that.
        ModelRetired: its name is of a Veo that is gone.
        OSError: a file cannot be read.
    """
    model = MODELS.get(request.model)
    if model is None:
        if _RETIRED.match(request.model):
            raise ModelRetired(PROVIDER, f"{request.model} was shut down in 2026", successor=_successor(request.model))
        raise InvalidRequest(PROVIDER, f"{request.model} is no model of Veo")
    task = task_of(request.source)
    if task not in model.can:
        raise InvalidRequest(PROVIDER, f"{request.model} does not {task}")
    if (request.resolution or model.resolutions[0]) not in _resolutions(model, task):
        raise InvalidRequest(PROVIDER, f"{request.model} does not make {request.resolution} here")
    if request.ratio not in RATIOS:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {' and '.join(RATIOS)}, not {request.ratio}")
    if task is not Task.EXTEND and request.duration not in _durations(task):
        raise InvalidRequest(PROVIDER, f"{request.model} makes {_durations(task)} s here, not {request.duration}")
    if request.seed is not None and not 0 <= request.seed <= _LARGEST_SEED:
        raise InvalidRequest(PROVIDER, f"a seed goes from 0 to {_LARGEST_SEED}")
    return _read(request.source)


def _resolutions(model: Model, task: Task) -> tuple[str, ...]:
    return _EXTENDED if task is Task.EXTEND else model.resolutions


def _durations(task: Task) -> tuple[int, ...]:
    return (_REFERENCED_SECONDS,) if task is Task.REFERENCES else DURATIONS


def _successor(old: str) -> str:
    kind = next((kind for kind in ("fast", "lite") if kind in old), None)
    return f"veo-3.1-{kind}-generate-001" if kind else "veo-3.1-generate-001"


def _read(source: Source) -> Material:
    match source:
        case FromText():
            return Material()
        case FromImage(first, last):
            return Material(first=_image(first), last=None if last is None else _image(last))
        case FromReferences(images):
            if not 1 <= len(images) <= MOST_REFERENCES:
                raise InvalidRequest(PROVIDER, f"takes 1 to {MOST_REFERENCES} pictures to refer to, not {len(images)}")
            return Material(references=tuple(_image(path) for path in images))
        case Extension(video):
            check_clip(PROVIDER, video, limit=_LARGEST_CLIP)
            return Material(clip=video.read_bytes())
        case Edit() | Performance() | Upscaling():
            raise AssertionError("no model of ours can")
        case _:
            assert_never(source)


def _image(path: Path) -> EncodedImage:
    return encoded_image(PROVIDER, path, limit=_LARGEST_IMAGE)


def order(request: VideoRequest, material: Material) -> tuple[types.GenerateVideosSource, types.GenerateVideosConfig]:
    """What the one POST says, as the SDK takes it. Blocks: the SDK packs bytes that it checks."""
    from google.genai import types

    def image(encoded: EncodedImage | None) -> types.Image | None:
        if encoded is None:
            return None
        return types.Image(image_bytes=base64.b64decode(encoded.base64), mime_type=encoded.mime_type)

    extends = isinstance(request.source, Extension)
    source = types.GenerateVideosSource(
        prompt=request.prompt,
        image=image(material.first),
        video=types.Video(video_bytes=material.clip, mime_type=MIME_TYPE) if material.clip is not None else None,
    )
    references = [
        types.VideoGenerationReferenceImage(
            image=image(encoded), reference_type=types.VideoGenerationReferenceType.ASSET
        )
        for encoded in material.references
    ]
    config = types.GenerateVideosConfig(
        number_of_videos=1,  # each is paid for
        duration_seconds=EXTENSION_SECONDS if extends else request.duration,
        aspect_ratio=request.ratio,
        resolution=request.resolution or MODELS[request.model].resolutions[0],
        generate_audio=request.audio,
        seed=request.seed,
        last_frame=image(material.last),
        reference_images=references or None,
        # No bucket: what it makes then comes inside of the answer, and a key without a project could open none.
    )
    return source, config


def state(operation: types.GenerateVideosOperation) -> OperationState:
    """Where an order is. A film's `output` is its gs:// uri, or the operation's own name where the film is in it."""
    if operation.error:
        return Failed(error=_failure(operation.error))
    if not operation.done:
        return Running()
    response = operation.response
    video = response.generated_videos[0].video if response and response.generated_videos else None
    if video is not None and video.uri:
        return Succeeded(output=video.uri)
    if video is not None and video.video_bytes and operation.name:
        return Succeeded(output=operation.name)
    if response is not None and response.rai_media_filtered_count:
        words = "; ".join(response.rai_media_filtered_reasons or ()) or "filtered"
        return Failed(error=ContentRejected(PROVIDER, words[:300]))
    return Failed(error=OperationFailed(PROVIDER, "done without a film; whether it is charged for, nobody tells"))


def is_about_policy(words: str) -> bool:
    """Whether a refusal of an order speaks of what it shows, which the platform gives no code of its own."""
    return _POLICY.search(words) is not None


def _failure(error: dict[str, object]) -> ProviderError:
    words = f"{error.get('code', '')} {error.get('message', '')}".strip()[:300]
    if error.get("code") == _INVALID_ARGUMENT and is_about_policy(words):
        return ContentRejected(PROVIDER, words)
    return OperationFailed(PROVIDER, words or "failed")
