"""Gemini's image models as a maker of stills: one paid POST, and the picture comes back in its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from providers.credential import Credential
from providers.errors import ContentRejected, OutcomeUnknown, ProviderError, UnexpectedResponse
from providers.gemini_wire import asking, finish_of, parts_of, read_pictures, refuse, text_of, usage_of
from providers.google import PROVIDER, GoogleClients
from providers.image import picture_type
from providers.stills import Still, StillRequest

if TYPE_CHECKING:
    from google.genai import types

# "The model was expected to generate an image, but none was generated": it declined without saying so.
_DECLINED = "NO_IMAGE"


class GeminiStills:
    """A `StillProvider` over the Gemini Developer API.

    Args:
        clients: the SDK's clients, shared with `Gemini` and `Omni`, and closed by them.
        clock: Unix seconds; daily quotas return at a time of day.
    """

    name = PROVIDER

    def __init__(self, clients: GoogleClients, *, clock: Callable[[], float] = time.time) -> None:
        self._clients = clients
        self._clock = clock

    async def draw(self, request: StillRequest, destination: Path, credential: Credential) -> Still:
        """As the protocol says. `UnexpectedResponse`: no picture, and the usage told proves that none was drawn."""
        references = await asyncio.to_thread(read_pictures, request.references)
        with asking(credential, self._clock, model=request.model, paid=True):
            client = await self._clients.of(credential)
            response = await client.aio.models.generate_content(
                model=request.model, contents=[_content(request, references)], config=_config(request)
            )
            picture = _picture(response)
            if picture is None:
                raise _without_picture(response)
            usage = usage_of(response)
        mime_type = picture_type(picture)
        if mime_type is None:
            raise OutcomeUnknown(PROVIDER, f"the picture is neither JPEG, PNG nor WebP, {len(picture)} bytes")
        # Whatever the answer says it is: it was paid for, and it is a picture of this kind.
        await asyncio.to_thread(_write, picture, destination)
        return Still(path=destination, mime_type=mime_type, usage=usage)


def _content(request: StillRequest, references: list[types.Part]) -> types.Content:
    from google.genai import types

    return types.Content(role="user", parts=[*references, types.Part(text=request.prompt)])


def _config(request: StillRequest) -> types.GenerateContentConfig:
    from google.genai import types

    return types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio=request.ratio),
        automatic_continuation=False,  # else a second POST may follow
    )


def _picture(response: types.GenerateContentResponse) -> bytes | None:
    """The first picture that is no sketch on the way; an answer may also hold words."""
    blobs = [part.inline_data for part in parts_of(response) if part.inline_data is not None]
    return next((blob.data for blob in blobs if blob.data and (blob.mime_type or "").startswith("image/")), None)


def _without_picture(response: types.GenerateContentResponse) -> ProviderError:
    """What an answered call without a picture means; Google charges by the tokens it counts.

    Stopped by policy, or words in place of a picture, which is how these models decline: the request must change.
    Image tokens, or no count at all: it may have been charged. Neither: nothing was drawn.
    """
    try:
        refuse(response)
    except ProviderError as fault:
        return fault
    finish, was_drawn = finish_of(response), _was_drawn(response)
    if was_drawn is not False:
        return OutcomeUnknown(PROVIDER, f"an answer without its picture, charged for: {finish or 'no reason'}")
    if finish == _DECLINED or (finish == "STOP" and text_of(response)):
        return ContentRejected(PROVIDER, f"no picture but words, if any: {finish}")
    return UnexpectedResponse(PROVIDER, f"no picture was drawn: {finish or 'no reason'}")


def _was_drawn(response: types.GenerateContentResponse) -> bool | None:
    """Whether image tokens were counted; `None` where the count does not tell."""
    told = response.usage_metadata
    if told is None:
        return None
    if not told.candidates_token_count:
        return False
    if not told.candidates_tokens_details:
        return None
    return any(
        detail.modality is not None and detail.modality.value == "IMAGE" and detail.token_count
        for detail in told.candidates_tokens_details
    )


def _write(content: bytes, destination: Path) -> None:
    part = destination.with_name(destination.name + ".part")
    part.write_bytes(content)
    part.rename(destination)
