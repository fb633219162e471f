"""What a prompt is on Gemini's wire, and what its answers say. `gemini` and `gemini_stills` speak through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from providers.credential import Credential
from providers.errors import ContentRejected, InvalidRequest, KeyRejected, ModelRetired, ProviderError
from providers.google import PROVIDER, google_fault
from providers.image import picture_type
from providers.language import Detail, Look, Prompt, RemoteFile, Turn, Usage
from providers.transport import Refusal, translated

if TYPE_CHECKING:
    from google.genai import types

# FinishReason values that mean "refused by policy"; google-genai 3.6 and ai.google.dev, 2026-11.
_REFUSED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "ESCALATION", "MODEL_ARMOR"}
    | {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}
)
_ACCOUNT_IN_DISGRACE = "PUP_LIMITED_DISABLED"  # the account broke the prohibited use policy; no prompt's fault

# Pictures travel inside the request, as base64. Google takes 100 MB since 2026-01; ours are a few key frames.
PICTURE_BYTES = 20 * 2**20


def asking(
    credential: Credential, clock: Callable[[], float], *, model: str | None = None, paid: bool = False
) -> AbstractContextManager[None]:
    """Around one call of the SDK; see `translated`. `model` is the one asked for, `clock` tells Unix seconds."""

    def classify(refusal: Refusal) -> ProviderError | None:
        fault = google_fault(refusal, model=model, now=clock())
        if fault is None and refusal.status == 404 and model is not None:
            return ModelRetired(PROVIDER, f"{model} is not offered")
        return fault

    return translated(PROVIDER, credential, classify, paid=paid)


def read_pictures(paths: Iterable[Path]) -> list[types.Part]:
    """Pictures as parts of a message. Blocks; at most `PICTURE_BYTES` are read in all.

    Raises:
        InvalidRequest: they are larger together, or one is no JPEG, PNG or WebP.
    """
    from google.genai import types

    parts, left = [], PICTURE_BYTES
    for path in paths:
        with path.open("rb") as file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise InvalidRequest(PROVIDER, f"the pictures have more than the {PICTURE_BYTES} bytes that are allowed")
        mime_type = picture_type(content)
        if mime_type is None:
            raise InvalidRequest(PROVIDER, "a picture is neither JPEG, PNG nor WebP")
        parts.append(types.Part(inline_data=types.Blob(data=content, mime_type=mime_type)))
    return parts


def contents_of(prompt: Prompt, pictures: Sequence[types.Part], *, counted: bool = False) -> list[types.Content]:
    """The talk: files and pictures, each picture behind its caption, stand before the words of the last turn.

    `counted` is for countTokens, which takes no configuration on a Developer API key (google-genai 3.6 refuses one):
    instructions become a turn of their own, and how closely a file is looked at stands on the file.
    """
    from google.genai import types

    turns = [Turn(role="user", parts=(prompt.system,))] if counted and prompt.system else []
    contents = [
        types.Content(role=turn.role, parts=[types.Part(text=text) for text in turn.parts])
        for turn in (*turns, *prompt.turns)
    ]
    shown = [_file_part(file, prompt.look, counted=counted) for file in prompt.files]
    for picture, part in zip(prompt.pictures, pictures, strict=True):
        shown += [types.Part(text=picture.caption), part] if picture.caption else [part]
    if shown:
        last = contents.pop() if contents and contents[-1].role == "user" else types.Content(role="user", parts=[])
        contents.append(types.Content(role="user", parts=[*shown, *(last.parts or [])]))
    return contents


def _file_part(file: RemoteFile, look: Look, *, counted: bool) -> types.Part:
    from google.genai import types

    is_clipped = (look.start, look.end, look.frames_per_second) != (None, None, None)
    level = types.PartMediaResolutionLevel(f"MEDIA_RESOLUTION_{look.detail.name}")
    return types.Part(
        file_data=types.FileData(file_uri=file.uri, mime_type=file.mime_type),
        video_metadata=types.VideoMetadata(
            start_offset=_duration(look.start), end_offset=_duration(look.end), fps=look.frames_per_second
        )
        if is_clipped
        else None,
        media_resolution=types.PartMediaResolution(level=level) if counted else None,
    )


def _duration(seconds: float | None) -> str | None:
    """A protobuf Duration, such as "3.5s"."""
    return None if seconds is None else f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def config_of(prompt: Prompt, schema: type[BaseModel]) -> types.GenerateContentConfig:
    from google.genai import types

    return types.GenerateContentConfig(
        system_instruction=prompt.system,
        response_mime_type="application/json",
        # Not response_schema: on a Developer API key the SDK refuses models that forbid extra fields.
        response_json_schema=schema.model_json_schema(),
        media_resolution=_resolution(prompt.look.detail) if prompt.files else None,
        automatic_continuation=False,  # else a long answer is sent again, and its input billed again, behind our back
    )


def _resolution(detail: Detail) -> types.MediaResolution:
    from google.genai import types

    return types.MediaResolution(f"MEDIA_RESOLUTION_{detail.name}")


def refuse(response: types.GenerateContentResponse) -> None:
    """Raise `ContentRejected` where policy stopped the prompt or the answer, `KeyRejected` where the account."""
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise ContentRejected(PROVIDER, f"the prompt was blocked: {feedback.block_reason.value}")
    reason = finish_of(response)
    if reason in _REFUSED:
        raise ContentRejected(PROVIDER, f"the answer was stopped: {reason}")
    if reason == _ACCOUNT_IN_DISGRACE:
        raise KeyRejected(PROVIDER, "the account is limited for what it made before")


def finish_of(response: types.GenerateContentResponse) -> str:
    """Why the answer ended, "" while it has not."""
    reason = response.candidates[0].finish_reason if response.candidates else None
    return str(reason.value) if reason is not None else ""


def parts_of(response: types.GenerateContentResponse) -> list[types.Part]:
    """The parts of the answer, thoughts left out."""
    content = response.candidates[0].content if response.candidates else None
    return [part for part in (content.parts if content and content.parts else []) if not part.thought]


def text_of(response: types.GenerateContentResponse) -> str:
    return "".join(part.text for part in parts_of(response) if part.text)


def usage_of(response: types.GenerateContentResponse) -> Usage | None:
    """What it took. `prompt_token_count` has what came from a cache in it, and not what tools brought."""
    told = response.usage_metadata
    if told is None:
        return None
    return Usage(
        input_tokens=(told.prompt_token_count or 0) + (told.tool_use_prompt_token_count or 0),
        output_tokens=(told.candidates_token_count or 0) + (told.thoughts_token_count or 0),
    )
