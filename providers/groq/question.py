"""How a prompt is put to Groq: the body of a chat completion, as each family of models takes it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from pydantic import BaseModel

from providers.errors import InvalidRequest
from providers.groq.faults import PROVIDER
from providers.image import picture_type
from providers.language import Picture, Prompt

# Models that can be held to a JSON schema; console.groq.com/docs/structured-outputs as reported 2026-08-27. The others
# have JSON mode, which wants the word JSON somewhere in the prompt.
_STRUCTURED = frozenset({"openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.8-27b"})
_MOST_PICTURES = 5  # console.groq.com/docs/vision, 2026, as the next
_LARGEST_REQUEST = 4_000_000  # bytes, of one that carries pictures in base64
_ROLES = {"user": "user", "model": "assistant"}


def question(prompt: Prompt, schema: type[BaseModel], *, streamed: bool) -> dict[str, object]:
    """The body. Reads the pictures, so it blocks where there are some.

    Structured outputs do not stream (console.groq.com/docs/structured-outputs, 2026-08): a streamed answer, and one of
    a model that knows no schemas, is told its shape by the instructions.

    Raises:
        InvalidRequest: a video, too many or too large pictures, or some that are none.
    """
    if prompt.files:
        raise InvalidRequest(PROVIDER, "Groq's models do not watch videos")
    structured = not streamed and prompt.model in _STRUCTURED
    system = prompt.system if structured else f"{prompt.system}\n\n{_shape(schema)}".strip()
    body: dict[str, object] = {"model": prompt.model, "messages": _messages(prompt, system)}
    if structured:
        # Not strict: that mode wants every field required and few keywords; we validate ourselves.
        shape = {"name": schema.__name__, "strict": False, "schema": schema.model_json_schema()}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    elif not streamed:
        body["response_format"] = {"type": "json_object"}
    body |= _reasoning(prompt.model, streamed=streamed)
    body |= {"stream": True} if streamed else {}
    if prompt.pictures and (size := len(json.dumps(body))) > _LARGEST_REQUEST:
        raise InvalidRequest(PROVIDER, f"the pictures make {size} bytes, {_LARGEST_REQUEST} are allowed")
    return body


def _shape(schema: type[BaseModel]) -> str:
    written = json.dumps(schema.model_json_schema(), ensure_ascii=False)
    return f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{written}"


def _reasoning(model: str, *, streamed: bool) -> dict[str, object]:
    """Fields about thinking; each family refuses the other's words with a 400 (their document of 2026-08-14)."""
    if model.startswith("openai/gpt-oss"):
        # Who talks wants an answer now; a plan may be thought about.
        return {"include_reasoning": False, **({"reasoning_effort": "low"} if streamed else {})}
    if model.startswith("qwen/"):
        return {"reasoning_effort": "none"}  # else it thinks aloud, in front of the answer
    return {}


def _messages(prompt: Prompt, system: str) -> list[dict[str, object]]:
    messages: list[dict[str, object]] = [{"role": "system", "content": system}] if system else []
    last = len(prompt.turns) - 1
    for number, turn in enumerate(prompt.turns):
        if turn.role == "model":  # an assistant's content is one text here
            messages.append({"role": _ROLES[turn.role], "content": "\n".join(turn.parts)})
            continue
        parts: list[dict[str, object]] = _shown(prompt) if number == last else []
        parts += [{"type": "text", "text": text} for text in turn.parts]
        messages.append({"role": _ROLES[turn.role], "content": parts})
    if prompt.pictures and (last < 0 or prompt.turns[last].role == "model"):
        messages.append({"role": "user", "content": _shown(prompt)})
    return messages


def _shown(prompt: Prompt) -> list[dict[str, object]]:
    """The pictures, each after the words that tell what it is."""
    if len(prompt.pictures) > _MOST_PICTURES:
        raise InvalidRequest(PROVIDER, f"{len(prompt.pictures)} pictures, {_MOST_PICTURES} are allowed")
    parts: list[dict[str, object]] = []
    for picture in prompt.pictures:
        if picture.caption:
            parts.append({"type": "text", "text": picture.caption})
        parts.append({"type": "image_url", "image_url": {"url": _data_uri(picture)}})
    return parts


def _data_uri(picture: Picture) -> str:
    content = _content(picture.path)
    mime_type = picture_type(content)
    if mime_type is None:
        raise InvalidRequest(PROVIDER, "a picture is neither JPEG nor PNG nor WebP")
    return f"data:{mime_type};base64,{base64.b64encode(content).decode('ascii')}"


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _LARGEST_REQUEST:
        raise InvalidRequest(PROVIDER, f"a picture has {size} bytes, {_LARGEST_REQUEST} are allowed together")
    return path.read_bytes()
