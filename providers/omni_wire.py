"""Orders and answers of Gemini Omni as the Interactions API writes them: what goes in, what an interaction means.

Sources: google-genai 3.6.1's own types (the fields), ai.google.dev/gemini-api/docs/omni of 2026-08 (tags, what clips
may be), docs.cloud.google.com of 2026-11 (durations, seeds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from providers.clip import MIME_TYPE, check_clip
from providers.errors import ContentRejected, InvalidRequest, ModelRetired, OperationFailed, ProviderError
from providers.google import PROVIDER
from providers.image import EncodedImage, encoded_image
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
    Upscaling,
    VideoRequest,
)

if TYPE_CHECKING:
    from google.genai.interactions import Interaction

RATIOS = ("16:9", "9:16")
RESOLUTIONS = ("720p", "360p", "1080p", "4k")  # the first is what a film is made at
MOST_REFERENCES = 6

_SHORTEST = 3
_LONGEST_JOINED = 10  # between two pictures, or added to a clip, whatever the model
_LARGEST_IMAGE = 20 << 20  # bytes; the body may have 100 MB since 2026-01, but a still never needs it
_LARGEST_IMAGES = 70 << 20  # all of an order's, which base64 makes a third longer
LARGEST_CLIP = 200 << 20  # bytes; Google takes 2 GB, but clips of at most ten seconds are what it edits
_REFUSALS = ("SAFETY", "PROHIBITED", "BLOCK", "RECITATION", "SPII", "POLICY")

# Micro-dollars for a thousand tokens; genai-prices 2026-11, for 1.1. A second of 720p takes 5,792 tokens.
_VIDEO_PRICE, _TEXT_PRICE, _INPUT_PRICE = 17_500, 9_000, 1_500


@dataclass(frozen=True, slots=True)
class Model:
    """What the wire takes for one model: at most `longest` seconds, and a seed or none."""

    longest: int
    has_seed: bool


MODELS = MappingProxyType(
    {"gemini-omni-1.2-flash": Model(15, has_seed=True), "gemini-omni-1.1-flash": Model(10, has_seed=False)}
)


@dataclass(frozen=True, slots=True)
class Material:
    """The files of an order: pictures that travel in it, and the clip that goes ahead of it."""

    images: tuple[EncodedImage, ...] = ()
    clip: Path | None = None


def material_of(request: VideoRequest) -> Material:
    """Check an order and read its files. Blocks; nothing has been sent yet.

    Raises:
        InvalidRequest: Omni does not do that.
        ModelRetired: it is one of the previews, which are gone.
        OSError: a file cannot be read.
    """
    model = MODELS.get(request.model)
    if model is None:
        if "preview" in request.model:
            raise ModelRetired(PROVIDER, f"{request.model} was shut down in 2026", successor="gemini-omni-1.2-flash")
        raise InvalidRequest(PROVIDER, f"{request.model} is no video model of Google's")
    if (request.resolution or RESOLUTIONS[0]) not in RESOLUTIONS:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {', '.join(RESOLUTIONS)}, not {request.resolution}")
    _check_shape(request, model)
    return _read(request.source)


def _check_shape(request: VideoRequest, model: Model) -> None:
    """The ratio and the length, where the source does not decide them."""
    longest = model.longest
    match request.source:
        case Performance():
            raise InvalidRequest(PROVIDER, f"{request.model} makes no character act after a video")
        case Edit() | Upscaling():
            return
        case Extension() | FromImage(last=Path()):
            longest = min(longest, _LONGEST_JOINED)
        case FromImage() | FromText() | FromReferences():
            pass
        case _:
            assert_never(request.source)
    if not _SHORTEST <= request.duration <= longest:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {_SHORTEST} to {longest} s here, not {request.duration}")
    if not isinstance(request.source, Extension) and request.ratio not in RATIOS:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {' and '.join(RATIOS)}, not {request.ratio}")


def _read(source: Source) -> Material:
    match source:
        case FromImage(first, last):
            return Material(_images([first] if last is None else [first, last]))
        case FromReferences(images):
            if not 1 <= len(images) <= MOST_REFERENCES:
                raise InvalidRequest(PROVIDER, f"takes 1 to {MOST_REFERENCES} pictures to refer to, not {len(images)}")
            return Material(_images(images))
        case Extension(video) | Edit(video) | Upscaling(video):
            check_clip(PROVIDER, video, limit=LARGEST_CLIP)
            return Material(clip=video)
        case _:
            return Material()


def _images(paths: Sequence[Path]) -> tuple[EncodedImage, ...]:
    if sum(path.stat().st_size for path in paths) > _LARGEST_IMAGES:
        raise InvalidRequest(PROVIDER, f"the pictures have more than {_LARGEST_IMAGES} bytes together")
    return tuple(encoded_image(PROVIDER, path, limit=_LARGEST_IMAGE) for path in paths)


def order(request: VideoRequest, images: Sequence[EncodedImage], clip_uri: str | None) -> dict[str, object]:
    """The body of the one POST. `clip_uri` is the uploaded clip's."""
    content: list[dict[str, str]] = [
        {"type": "image", "data": image.base64, "mime_type": image.mime_type} for image in images
    ]
    if clip_uri is not None:
        content.append({"type": "video", "uri": clip_uri, "mime_type": MIME_TYPE})
    if prompt := _prompt(request):
        content.append({"type": "text", "text": prompt})
    config: dict[str, object] = {"video_config": {"task": _task(request.source)}}
    if request.seed is not None and MODELS[request.model].has_seed:
        config["seed"] = request.seed
    return {
        "model": request.model,
        "input": content,
        "response_format": _format(request),
        "generation_config": config,
        # Else the POST stays open for the whole generation. It also keeps the SDK from continuing an interaction by
        # itself (google-genai 3.6 refuses automatic_continuation=False beside it, for there is nothing to turn off).
        "background": True,
        "store": True,
    }


def _format(request: VideoRequest) -> dict[str, object]:
    wanted: dict[str, object] = {"type": "video", "resolution": request.resolution or RESOLUTIONS[0]}
    if not isinstance(request.source, Extension | Edit | Upscaling):
        wanted["aspect_ratio"] = request.ratio
    if not isinstance(request.source, Edit | Upscaling):
        wanted["duration"] = f"{request.duration}s"  # a protobuf Duration; a bare number is refused
    # Inline, the default, would put the film into the answer to every look; as a look may have it all the same
    # (docs of 2026-08), `fetch` knows both.
    return {**wanted, "delivery": "uri"}


def _task(source: Source) -> str:
    match source:
        case FromText():
            return "text_to_video"
        case FromImage():
            return "image_to_video"
        case FromReferences():
            return "reference_to_video"
        case Extension():
            return "extend"
        case Edit():
            return "edit"
        case Upscaling():
            return "upscale"
        case Performance():
            raise AssertionError("refused by material_of")
        case _:
            assert_never(source)


def _prompt(request: VideoRequest) -> str:
    """The words, which say by tags what each picture is for: Omni goes by them, not by the order of pictures."""
    match request.source:
        case Upscaling():
            return ""
        case FromImage(last=None):
            tags = "[# Sources <FIRST_FRAME>@Image1]"
        case FromImage():
            tags = "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]"
        case FromReferences(images):
            named = " ".join(f"<IMAGE_REF_{number}>@Image{number + 1}" for number in range(len(images)))
            tags = f"[# References {named}]"
        case _:
            return request.prompt
    return f"{tags}\n{request.prompt}"


def state(interaction: Interaction) -> OperationState:
    """Where an order is. A film's `output` is its uri, or the interaction's own id where the film is in it."""
    status = str(interaction.status)
    if status == "completed":
        return _ending(interaction)
    if status == "queued":
        return Running(waiting=True)
    if status in ("failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"):
        return Failed(error=_failure(interaction, status), price_microusd=_price(interaction))
    return Running()  # in_progress, and whatever Google invents next


def _ending(interaction: Interaction) -> Succeeded | Failed:
    video, price = interaction.output_video, _price(interaction)
    output = video and (video.uri or (video.data and interaction.id))
    if output:
        return Succeeded(output=output, price_microusd=price)
    if video is not None or _video_tokens(interaction):
        fault = OperationFailed(PROVIDER, "completed, and charged for, without a film to fetch")
        return Failed(error=fault, price_microusd=price)
    # This is how Omni refuses by policy: it completes, and says so in words (seen live, 2026-11).
    words = (interaction.output_text or "")[:300]
    return Failed(error=ContentRejected(PROVIDER, words or "completed without a film"), price_microusd=price)


def _failure(interaction: Interaction, status: str) -> ProviderError:
    errors = [(str(error.code or ""), str(error.message or "")) for error in interaction.errors or []]
    words = "; ".join(f"{code} {message}".strip() for code, message in errors) or status
    if any(word in code.upper() for code, _ in errors for word in _REFUSALS):
        return ContentRejected(PROVIDER, words)
    return OperationFailed(PROVIDER, words)


def _price(interaction: Interaction) -> int | None:
    """Micro-dollars by the tokens told, rounded up; `None` where none are."""
    usage = interaction.usage
    if usage is None or usage.total_output_tokens is None:
        return None
    video = _video_tokens(interaction)
    text = max(0, usage.total_output_tokens - video)
    thousandths = video * _VIDEO_PRICE + text * _TEXT_PRICE + (usage.total_input_tokens or 0) * _INPUT_PRICE
    return ceil(thousandths / 1000)


def _video_tokens(interaction: Interaction) -> int:
    usage = interaction.usage
    modalities = (usage.output_tokens_by_modality if usage else None) or []
    return sum(entry.tokens or 0 for entry in modalities if str(entry.modality).lower() == "video")
