"""The files of an order: known by their content, capped, and small pictures packed into the order itself."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from providers.clip import MIME_TYPE, check_clip
from providers.errors import InvalidRequest
from providers.image import picture_type
from providers.runway.wire import PROVIDER
from providers.video import Edit, Extension, FromImage, FromReferences, FromText, Performance, Source, Upscaling

UPLOAD_LIMIT = 200_000_000  # bytes of an upload; docs.dev.runwayml.com assets/uploads, 2026
DATA_URI_LIMIT = 5_242_880  # characters of one data URI; OpenAPI 2026-08-08

IMAGE, VIDEO = "image", "video"
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of an order. `data_uri` is the whole of it where it is small enough to travel so."""

    path: Path
    mime_type: str
    data_uri: str | None = None

    @property
    def kind(self) -> str:
        return self.mime_type.split("/", 1)[0]

    @property
    def name(self) -> str:
        """A name of ours: what the file is called here is nobody's business."""
        return f"source{_SUFFIXES[self.mime_type]}"


def read_assets(source: Source) -> tuple[Asset, ...]:
    """Look at every file of `source`, in the order that it names them. Blocks.

    Pictures travel in the order while all of them together stay within what one may be; the rest is to be uploaded.

    Raises:
        InvalidRequest: a file is too large, empty, or not of a kind that the source may have there.
        OSError: it cannot be read.
    """
    room = DATA_URI_LIMIT
    assets: list[Asset] = []
    for path, kinds in _files(source):
        mime_type, size = _look(path, kinds)
        asset = Asset(path=path, mime_type=mime_type)
        prefix = f"data:{mime_type};base64,"
        length = len(prefix) + -(-size // 3) * 4
        if asset.kind == IMAGE and length <= room:
            room -= length
            text = base64.b64encode(path.read_bytes()).decode("ascii")
            asset = Asset(path=path, mime_type=mime_type, data_uri=prefix + text)
        assets.append(asset)
    return tuple(assets)


def _files(source: Source) -> Iterable[tuple[Path, tuple[str, ...]]]:
    match source:
        case FromText():
            return ()
        case FromImage(first, last):
            return [(path, (IMAGE,)) for path in (first, last) if path is not None]
        case FromReferences(images):
            return [(path, (IMAGE,)) for path in images]
        case Extension(video) | Edit(video) | Upscaling(video):
            return [(video, (VIDEO,))]
        case Performance(character, acting):
            return [(character, (IMAGE, VIDEO)), (acting, (VIDEO,))]


def _look(path: Path, kinds: tuple[str, ...]) -> tuple[str, int]:
    """Type and size of a file, by its content: its name says nothing."""
    with path.open("rb") as file:
        mime_type = picture_type(file.read(12)) if IMAGE in kinds else None
    if mime_type is None and VIDEO in kinds:
        check_clip(PROVIDER, path, limit=UPLOAD_LIMIT)
        mime_type = MIME_TYPE
    if mime_type is None:
        raise InvalidRequest(PROVIDER, "a picture that is neither JPEG, PNG nor WebP")
    size = path.stat().st_size
    if size > UPLOAD_LIMIT:
        raise InvalidRequest(PROVIDER, f"a file of {size} bytes, {UPLOAD_LIMIT} are allowed")
    return mime_type, size
