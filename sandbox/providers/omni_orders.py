"""What an order of Omni's may say, and the clip it stands for. Stricter than the document: a task gets what it takes.

Sources: docs.cloud.google.com 2026-11 (lengths, seeds), ai.google.dev/gemini-api/docs/omni 2026-08 (tags, clips).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sandbox.providers import google
from sandbox.providers.answers import Refused
from sandbox.providers.documents import as_list, as_mapping, as_text, mappings
from sandbox.providers.files import GeminiFiles
from sandbox.providers.film import Clip
from sandbox.providers.footage import measured
from sandbox.providers.runway import darkroom
from sandbox.providers.runway.assets import Footage
from sandbox.providers.service import Stage

#: Longest clip by model, in seconds; all begin at 3 (docs.cloud, 2026-11).
MODELS = {"gemini-omni-1.2-flash": 15.0, "gemini-omni-1.1-flash": 10.0}
SEEDED = ("gemini-omni-1.2-flash",)
RETIRED = ("gemini-omni-flash-preview",)
SHORTEST = 3.0
#: What may lie between two pictures or be added to a clip, whatever the model.
LONGEST_JOINED = 10.0
SHORT_SIDE = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
#: Pictures and clips that each task takes, at least and at most.
TASKS = {
    "text_to_video": ((0, 0), (0, 0)), "image_to_video": ((1, 2), (0, 0)), "reference_to_video": ((1, 7), (0, 3)),
    "edit": ((0, 7), (1, 1)), "extend": ((0, 7), (1, 1)), "upscale": ((0, 0), (1, 1)),
}  # fmt: skip
#: Tokens a second of video takes: that of 720p is known (genai-prices 2026-11), the others by their prices.
TOKENS_PER_SECOND = {"360p": 1_930, "720p": 5_792, "1080p": 8_688, "4k": 17_376}
#: What tells Omni the roles of pictures is no part of the scene.
TAGS = re.compile(r"\[# (Sources|References)[^\]]*\]|<(FIRST|LAST)_FRAME>|<(IMAGE|VIDEO)_REF_\d+>")


def invalid(message: str) -> Refused:
    return Refused(google.refusal(400, message, code="INVALID_ARGUMENT"))


class Orders:
    """Reads orders, of whatever project."""

    def __init__(self, stage: Stage, files: GeminiFiles) -> None:
        self.stage = stage
        self.files = files

    def checked(self, body: dict[str, object]) -> str:
        """The model, if the body is what Interactions take for a film."""
        model = as_text(body.get("model")).removeprefix("models/")
        if model in RETIRED:
            raise Refused(google.refusal(404, f"The model {model} is no longer available.", code="NOT_FOUND"))
        if model not in MODELS:
            raise Refused(google.refusal(404, f"The model {model!r} was not found.", code="NOT_FOUND"))
        if body.get("store") is False and (body.get("background") or body.get("previous_interaction_id")):
            raise invalid("store=false cannot be combined with background or previous_interaction_id.")
        wanted = format_of(body)
        duration = wanted.get("duration", "8s")
        if not isinstance(duration, str) or not re.fullmatch(r"\d+(\.\d{1,9})?s", duration):
            raise invalid("Invalid value at 'response_format.duration': expected a Duration such as \"5s\".")
        if not SHORTEST <= float(duration[:-1]) <= MODELS[model]:
            raise invalid(f"duration must be between {SHORTEST:g}s and {MODELS[model]:g}s for {model}.")
        if wanted.get("aspect_ratio", "16:9") not in {"16:9", "9:16"}:
            raise invalid("Invalid value at 'response_format.aspect_ratio'.")
        if wanted.get("resolution", "720p") not in SHORT_SIDE:
            raise invalid("Invalid value at 'response_format.resolution'.")
        if wanted.get("delivery", "inline") not in {"inline", "uri"}:
            raise invalid("Invalid value at 'response_format.delivery'.")
        _check_config(as_mapping(body.get("generation_config")), model)
        return model

    async def clip(self, body: dict[str, object], account: str) -> Clip:
        parts = _parts(body.get("input"))
        words = " ".join(as_text(part.get("text")) for part in parts if part.get("type") == "text")
        prompt = " ".join(TAGS.sub("", words).split())
        images = [self._image(part, account) for part in parts if part.get("type") == "image"]
        videos = [self._video(part, account) for part in parts if part.get("type") == "video"]
        if not words.strip() and not images and not videos:
            raise invalid("The input must have a text or an image.")
        task = _task(body, images, videos)
        if task in {"edit", "extend", "upscale"}:
            return await self._remade(body, task, prompt, videos[0])
        seconds = _seconds(body)
        last = images[1] if task == "image_to_video" and len(images) == 2 else None
        if last is not None and seconds > LONGEST_JOINED:
            raise invalid(f"duration must be at most {LONGEST_JOINED:g}s between two frames.")
        wanted = format_of(body)
        short = SHORT_SIDE[resolution(body)]
        long = short * 16 // 9 // 2 * 2
        upright = wanted.get("aspect_ratio") == "9:16"
        return Clip(
            id=_new_id(),
            prompt=prompt,
            duration=seconds,
            width=short if upright else long,
            height=long if upright else short,
            audio=True,
            start_image=images[0] if task == "image_to_video" else None,
            last_image=last,
            references=tuple(images) if task == "reference_to_video" else (),
        )

    async def _remade(self, body: dict[str, object], task: str, prompt: str, video: Path) -> Clip:
        """A clip made out of another one: recoloured, longer, or larger."""
        source = await measured(video)
        if source is None:
            raise invalid("The video could not be decoded.")
        longest = MODELS[as_text(body.get("model")).removeprefix("models/")]
        if source.seconds > longest + 0.1:
            raise invalid(f"Input videos must be {longest:g} seconds or less.")
        width, height = _fitted(source, SHORT_SIDE[resolution(body)])
        seconds = source.seconds
        match task:
            case "extend":
                added = _seconds(body)
                if added > LONGEST_JOINED:
                    raise invalid(f"duration must be at most {LONGEST_JOINED:g}s for an extension.")
                seconds += added
                recipe = darkroom.extended(source, int(added), width, height)
            case "edit":
                recipe = darkroom.edited(source, width, height)
            case _:
                recipe = darkroom.upscaled(source, width, height)
        return Clip(
            id=_new_id(), prompt=prompt, duration=seconds, width=width, height=height, audio=source.audio, recipe=recipe
        )

    def _image(self, part: dict[str, object], account: str) -> Path:
        path = self._media(part, account)
        try:
            with Image.open(path) as picture:
                if picture.get_format_mimetype() != part.get("mime_type", "image/png"):
                    raise invalid("Invalid value at 'input': the image is not what its mime_type says.")
        except (UnidentifiedImageError, OSError):
            raise invalid("Unable to process input image.") from None
        return path

    def _video(self, part: dict[str, object], account: str) -> Path:
        if as_text(part.get("mime_type") or "video/mp4") != "video/mp4":
            raise invalid("Invalid value at 'input': unsupported video mime_type.")
        return self._media(part, account)

    def _media(self, part: dict[str, object], account: str) -> Path:
        """What a part holds, or the file of the project that it names."""
        if part.get("uri"):
            file = self.files.find(account, as_text(part["uri"]))
            if file.state(self.stage.clock()) != "ACTIVE":
                message = f"The File {file.id} is not in an ACTIVE state and usage is not allowed."
                raise Refused(google.refusal(400, message, code="FAILED_PRECONDITION"))
            if file.path is None:
                raise invalid(f"The file {file.name} cannot be used as input.")
            return file.path
        path = self.stage.directory / f"start-{secrets.token_hex(6)}"
        try:
            path.write_bytes(base64.b64decode(as_text(part.get("data")), validate=True))
        except binascii.Error:
            raise invalid("Invalid value at 'input': Base64 decoding failed.") from None
        return path


def _check_config(config: dict[str, object], model: str) -> None:
    if config.get("seed") is not None and model not in SEEDED:
        raise invalid(f"{model} does not support 'generation_config.seed'.")
    task = as_mapping(config.get("video_config")).get("task")
    if task is not None and task not in TASKS:
        raise invalid("Invalid value at 'generation_config.video_config.task'.")


def format_of(body: dict[str, object]) -> dict[str, object]:
    """The response format; a list of one is taken for the one."""
    wanted = body.get("response_format")
    return as_mapping(next(iter(as_list(wanted)), {}) if isinstance(wanted, list) else wanted)


def resolution(body: dict[str, object]) -> str:
    return as_text(format_of(body).get("resolution")) or "720p"


def _seconds(body: dict[str, object]) -> float:
    return float((as_text(format_of(body).get("duration")) or "8s")[:-1])


def _task(body: dict[str, object], images: list[Path], videos: list[Path]) -> str:
    """The task that is named, or the one that the input speaks of; refused where the input does not fit it."""
    named = as_text(as_mapping(as_mapping(body.get("generation_config")).get("video_config")).get("task"))
    guessed = "edit" if videos else "image_to_video" if images else "text_to_video"
    task = named or guessed
    (least_images, most_images), (least_videos, most_videos) = TASKS[task]
    if not least_images <= len(images) <= most_images or not least_videos <= len(videos) <= most_videos:
        raise invalid(f"The input does not fit task {task}: {len(images)} images and {len(videos)} videos.")
    return task


def _fitted(source: Footage, short_side: int) -> tuple[int, int]:
    """The shape of a source with another short side."""
    scale = short_side / min(source.width, source.height)
    return darkroom.even(source.width * scale), darkroom.even(source.height * scale)


def _new_id() -> str:
    return f"v1_{secrets.token_urlsafe(24)}"


def _parts(given: object) -> list[dict[str, object]]:
    """The content parts of an input, which may be words, one part, parts, or steps of parts."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    parts: list[dict[str, object]] = []
    for item in [as_mapping(given)] if isinstance(given, dict) else mappings(given):
        parts += _parts(item["content"]) if "content" in item else [item]
    return parts
