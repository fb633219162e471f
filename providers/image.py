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
    """Read a JPEG, PNG or WebP of at most `limit` bytes. Blocks; its name says nothing about its content.

    Raises:
        InvalidRequest: it is larger, or none of these.
    """
    size = path.stat().st_size
    if size > limit:
        raise InvalidRequest(provider, f"the start image has {size} bytes, {limit} are allowed")
    content = path.read_bytes()
    mime_type = picture_type(content)
    if mime_type is None:
        raise InvalidRequest(provider, "the start image is neither JPEG, PNG nor WebP")
    return EncodedImage(mime_type, base64.b64encode(content).decode("ascii"))


def picture_type(content: bytes) -> str | None:
    """The mime type of a JPEG, PNG or WebP by its first bytes; `None` for anything else."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return next((mime_type for magic, mime_type in _MAGIC if content.startswith(magic)), None)
