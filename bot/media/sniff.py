"""What a file is, by its first bytes; its name and its declared type are never asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES = 512


class Family(StrEnum):
    VIDEO = "video"
    SOUND = "sound"
    PICTURE = "picture"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the first bytes say. `demuxer` is the one to force in ffmpeg, `None` for what we do not take as it is.

    `unwraps_with` is the one to force for what is put into an mp4 first; see `bot.media.rewrap`.
    """

    family: Family
    kind: str
    demuxer: str | None = None
    unwraps_with: str | None = None


_PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Sniffed(Family.PICTURE, "png", "png_pipe")),
    (b"\xff\xd8\xff", Sniffed(Family.PICTURE, "jpeg", "jpeg_pipe")),
    (b"GIF8", Sniffed(Family.PICTURE, "gif")),
    (b"BM", Sniffed(Family.PICTURE, "bmp")),
    (b"ID3", Sniffed(Family.SOUND, "mp3", "mp3")),
    (b"fLaC", Sniffed(Family.SOUND, "flac", "flac")),
    (b"OggS", Sniffed(Family.SOUND, "ogg", "ogg")),
    (b"FLV\x01", Sniffed(Family.VIDEO, "flv")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Sniffed(Family.VIDEO, "wmv")),
    (b"\x00\x00\x01\xba", Sniffed(Family.VIDEO, "mpeg")),
)
_RIFF = {
    b"AVI ": Sniffed(Family.VIDEO, "avi", unwraps_with="avi"),
    b"WAVE": Sniffed(Family.SOUND, "wav", "wav"),
    b"WEBP": Sniffed(Family.PICTURE, "webp", "webp_pipe"),
}


def sniff_file(path: Path) -> Sniffed:
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def sniff(head: bytes) -> Sniffed:
    """Decide by the first `HEAD_BYTES` of a file."""
    if head[4:8] == b"ftyp":
        return _sniff_brand(head[8:12])
    if head.startswith(b"\x1aE\xdf\xa3"):  # EBML; the document type stands in its header
        if b"\x42\x82\x84webm" in head[:64]:
            return Sniffed(Family.VIDEO, "webm", "matroska")
        return Sniffed(Family.VIDEO, "matroska", unwraps_with="matroska")
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], Sniffed(Family.UNKNOWN, "riff"))
    for magic, sniffed in _MAGIC:
        if head.startswith(magic):
            return sniffed
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # MPEG audio layer III without tags
        return Sniffed(Family.SOUND, "mp3", "mp3")
    for packet, begin in ((188, 0), (192, 4)):  # the second is a camcorder's, with a time before each packet
        if all(head[at : at + 1] == b"G" for at in range(begin, begin + 2 * packet + 1, packet)):
            return Sniffed(Family.VIDEO, "mpeg-ts", unwraps_with="mpegts")
    return Sniffed(Family.UNKNOWN, "unknown")


def _sniff_brand(brand: bytes) -> Sniffed:
    """Major brands of ISO media files: https://mp4ra.org/registered-types/brands, read 2026-11."""
    if brand in _PICTURE_BRANDS:
        return Sniffed(Family.PICTURE, brand.decode().strip())
    if brand in _SOUND_BRANDS:
        return Sniffed(Family.SOUND, "m4a", "mov")
    return Sniffed(Family.VIDEO, "mov" if brand == b"qt  " else "mp4", "mov")
