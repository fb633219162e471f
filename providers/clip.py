"""A clip on its way into an order: looked at before anything is sent, known by its content."""

from __future__ import annotations

from pathlib import Path

from providers.errors import InvalidRequest

MIME_TYPE = "video/mp4"


def check_clip(provider: str, path: Path, *, limit: int) -> None:
    """Whether `path` is an mp4 of at most `limit` bytes. Blocks; its name says nothing about its content.

    Raises:
        InvalidRequest: it is empty, larger, or no mp4.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if not 0 < size <= limit:
        raise InvalidRequest(provider, f"the clip has {size} bytes, {limit} are allowed")
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] in {b"heic", b"heix", b"mif1", b"avif"}:  # pictures use the same container
        raise InvalidRequest(provider, "the clip is not an mp4")
