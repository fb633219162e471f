"""A start image on its way into an order: read once, capped, known by its content."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from providers.errors import InvalidRequest

_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


@dataclass(frozen=True, slots=True)
class EncodedImage:
    mime_type: str
    base64: str

    @property
    def data_uri(self) -> str:
        return f"data:{self.mime_type};base64,{self.base64}"


def encoded_image(provider: str, path: Path, *, limit: int) -> EncodedImage:
    """Read a JPEG or PNG of at most `limit` bytes. Blocks; its name says nothing about its content.

    Raises:
        InvalidRequest: it is larger, or neither.
    """
    size = path.stat().st_size
    if size > limit:
        raise InvalidRequest(provider, f"the start image has {size} bytes, {limit} are allowed")
    content = path.read_bytes()
    for magic, mime_type in _MAGIC:
        if content.startswith(magic):
            return EncodedImage(mime_type, base64.b64encode(content).decode("ascii"))
    raise InvalidRequest(provider, "the start image is neither JPEG nor PNG")
