"""A chat request at the sandbox's Groq, understood: which shape the answer shall have, what was said, what is seen.

Refused as Groq refuses it: fields that a model does not take, shapes that cannot be streamed, pictures too many or too
large (console.groq.com/docs: reasoning, structured-outputs, vision; 2026).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sandbox.providers.answers import Answer, Refused
from sandbox.providers.brief import Brief, brief_of
from sandbox.providers.documents import as_mapping, as_text, mappings
from sandbox.providers.eyes import Look, album, look_at, time_in

#: Chat models of 2026-11, and whether they see; those that are gone answer 400 `model_decommissioned`.
CHAT = {"openai/gpt-oss-120b": False, "openai/gpt-oss-20b": False, "qwen/qwen3.8-27b": True, "qwen/qwen3.6-27b": True}
DECOMMISSIONED = ("llama-3.3-70b-versatile", "llama-3.1-8b-instant", "llama-3.2-90b-vision-preview")
#: Those that take a JSON schema (structured-outputs page as reported 2026-08-27).
STRUCTURED = frozenset({"openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.8-27b"})
EFFORTS = {"openai": {"low", "medium", "high"}, "qwen": {"none", "default"}}
MAX_IMAGES, MAX_IMAGE_REQUEST, MAX_PIXELS, IMAGE_TOKENS = 5, 4 * 10**6, 33_177_600, 2_048
CHARACTERS_PER_TOKEN = 4
#: Seconds between two pictures whose captions tell no times.
STEP = 1.0


def refusal(status: int, message: str, kind: str = "invalid_request_error", code: str | None = None) -> Answer:
    error = {"message": message, "type": kind}
    return Answer(status, {"error": {**error, "code": code} if code else error})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked. `schema` is empty for prose; a `fenced` answer stands in a code fence."""

    model: str
    schema: dict[str, object]
    brief: Brief
    tokens: int
    streamed: bool
    thinks_aloud: bool
    fenced: bool


async def question_in(body: dict[str, object], size: int, directory: Path) -> Question:
    """Read a request of `size` bytes; pictures are kept in `directory` while they are looked at. Raises `Refused`."""
    model = as_text(body.get("model"))
    check_model(model)
    messages = mappings(body.get("messages"))
    if not messages:
        raise Refused(refusal(400, "'messages' : minimum number of items is 1"))
    _check_reasoning(model, body)
    schema = _schema(model, body, messages)
    pictures = sum(1 for message in messages for part in mappings(message.get("content")) if "image_url" in part)
    if pictures and size > MAX_IMAGE_REQUEST:
        raise Refused(refusal(413, "Request Entity Too Large", code="request_too_large"))
    effort = body.get("reasoning_effort")
    return Question(
        model=model,
        schema=schema,
        brief=await _brief(model, messages, directory),
        tokens=_tokens(messages) + pictures * IMAGE_TOKENS,
        streamed=body.get("stream") is True,
        thinks_aloud=model.startswith("qwen/") and effort != "none" and not body.get("response_format"),
        fenced=model.startswith("qwen/") and not body.get("response_format"),
    )


def check_model(model: str) -> None:
    if model in DECOMMISSIONED:
        words = f"The model `{model}` has been decommissioned and is no longer supported."
        raise Refused(refusal(400, words, code="model_decommissioned"))
    if model not in CHAT:
        raise Refused(no_model(model))


def no_model(model: str) -> Answer:
    words = f"The model `{model}` does not exist or you do not have access to it."
    return refusal(404, words, code="model_not_found")


def _check_reasoning(model: str, body: dict[str, object]) -> None:
    if body.get("include_reasoning") is not None and body.get("reasoning_format") is not None:
        raise Refused(refusal(400, "cannot specify both `include_reasoning` and `reasoning_format`"))
    family = model.split("/", maxsplit=1)[0]
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in EFFORTS[family]:
        words = " or ".join(f"`{word}`" for word in sorted(EFFORTS[family]))
        raise Refused(refusal(400, f"`reasoning_effort` must be one of {words}"))
    if family == "openai" and body.get("reasoning_format") is not None:
        raise Refused(refusal(400, "`reasoning_format` is not supported with this model"))


def _schema(model: str, body: dict[str, object], messages: list[dict[str, object]]) -> dict[str, object]:
    """The shape that `response_format` demands, else one that the instructions hold, else none."""
    wanted = as_mapping(body.get("response_format"))
    instructions = [as_text(each.get("content")) for each in messages if each.get("role") in {"system", "developer"}]
    if wanted.get("type") == "json_schema":
        if model not in STRUCTURED:
            words = (
                "This model does not support response format `json_schema`. See supported models at "
                "https://console.groq.com/docs/structured-outputs#supported-models"
            )
            raise Refused(refusal(400, words))
        if body.get("stream") is True:
            raise Refused(refusal(400, "response_format `json_schema` is not supported with streaming"))
        schema = as_mapping(as_mapping(wanted.get("json_schema")).get("schema"))
        if not schema:
            raise Refused(refusal(400, "'response_format.json_schema.schema' : is required"))
        return schema
    told = next((schema for schema in map(schema_in, reversed(instructions)) if schema), {})
    if wanted.get("type") == "json_object":
        if "json" not in json.dumps(messages).lower():
            words = (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
            raise Refused(refusal(400, words))
        return told or {"type": "object", "properties": {"reply": {"type": "string"}}, "required": ["reply"]}
    return told


def schema_in(text: str) -> dict[str, object]:
    """The last JSON schema of an object written in a text; all that the sandbox's models read of instructions."""
    found: dict[str, object] = {}
    at = text.find("{")
    while at >= 0:
        try:
            value, end = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            schema = as_mapping(value)
            found = schema if "properties" in schema else found
        at = text.find("{", end)
    return found


def _tokens(messages: list[dict[str, object]]) -> int:
    texts = [as_text(message.get("content")) for message in messages]
    texts += [as_text(part.get("text")) for message in messages for part in mappings(message.get("content"))]
    return sum(map(len, texts)) // CHARACTERS_PER_TOKEN + 1


async def _brief(model: str, messages: list[dict[str, object]], directory: Path) -> Brief:
    turns: list[tuple[str, list[str]]] = []
    frames: list[tuple[str, Look]] = []
    for message in messages:
        content, role = message.get("content"), as_text(message.get("role"))
        if role in {"system", "developer"}:
            continue
        if isinstance(content, str):
            turns.append((role, [content]))
            continue
        texts, pictures = _parts(mappings(content))
        if pictures and not CHAT[model]:
            raise Refused(refusal(400, f"messages[].content must be a string for model `{model}`"))
        if len(pictures) > MAX_IMAGES:
            words = f"Too many images provided. This model supports up to {MAX_IMAGES} images"
            raise Refused(refusal(400, words))
        seen = [(caption, await _look(url, directory)) for caption, url in pictures]
        frames += [(caption, look) for caption, look in seen if look is not None]
        turns.append((role, texts))
    return brief_of(turns, _seen(frames))


def _parts(parts: list[dict[str, object]]) -> tuple[list[str], list[tuple[str, str]]]:
    """Texts, and pictures as (caption, url): a text right before a picture that names a time is its caption."""
    texts: list[str] = []
    pictures: list[tuple[str, str]] = []
    for part in parts:
        if part.get("type") == "image_url":
            captioned = bool(texts) and time_in(texts[-1]) is not None
            url = as_text(as_mapping(part.get("image_url")).get("url"))
            pictures.append((texts.pop() if captioned else "", url))
        else:
            texts.append(as_text(part.get("text")))
    return texts, pictures


async def _look(url: str, directory: Path) -> Look | None:
    if not url.startswith("data:image/"):
        return None
    path = directory / f"groq-{secrets.token_hex(6)}"
    try:
        await asyncio.to_thread(path.write_bytes, base64.b64decode(url.split(",", 1)[1], validate=True))
        await asyncio.to_thread(_check_pixels, path)
        return await look_at(path, "image/any")
    except (IndexError, binascii.Error, UnidentifiedImageError):
        raise Refused(refusal(400, "invalid image data", code="invalid_image")) from None
    finally:
        path.unlink(missing_ok=True)


def _check_pixels(path: Path) -> None:
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused(refusal(400, f"image has more than {MAX_PIXELS} pixels", code="invalid_image"))


def _seen(frames: list[tuple[str, Look]]) -> list[Look]:
    """One picture as it is, several as moments of the film they are of, at the times that their captions tell."""
    if len(frames) < 2:
        return [look for _, look in frames]
    told = [time_in(caption) for caption, _ in frames]
    times = [number * STEP if time is None else time for number, time in enumerate(told)]
    return [album([(time, look) for time, (_, look) in zip(times, frames, strict=True)])]
