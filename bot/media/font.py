"""The one font that we bring along, so that captions look the same on a machine that has none."""

from __future__ import annotations

import functools
import struct
import unicodedata
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
FILE = FONTS / "DejaVuSansCondensed-Bold.ttf"
FAMILY = "DejaVu Sans Condensed"


def can_burn(text: str) -> bool:
    """Whether our font draws every character: Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian, Georgian and more.

    It has no Chinese, Japanese, Korean, Indic, Thai nor colour emoji; such captions belong in a soft track, which the
    viewer's own fonts draw.
    """
    return all(ord(char) in drawn() or char.isspace() or unicodedata.category(char) == "Cf" for char in text)


@functools.cache
def drawn() -> frozenset[int]:
    """The code points that the font maps, read from its `cmap` (OpenType 1.9, format 12)."""
    content = FILE.read_bytes()
    (tables,) = struct.unpack_from(">H", content, 4)
    for number in range(tables):
        tag, _, table, _ = struct.unpack_from(">4sIII", content, 12 + 16 * number)
        if tag == b"cmap":
            return _read_cmap(content, table)
    raise AssertionError("a font without a cmap")


def _read_cmap(content: bytes, table: int) -> frozenset[int]:
    (maps,) = struct.unpack_from(">H", content, table + 2)
    for number in range(maps):
        _, _, offset = struct.unpack_from(">HHI", content, table + 4 + 8 * number)
        (form,) = struct.unpack_from(">H", content, table + offset)
        if form == 12:
            (groups,) = struct.unpack_from(">I", content, table + offset + 12)
            spans = struct.iter_unpack(">III", content[table + offset + 16 : table + offset + 16 + 12 * groups])
            return frozenset(code for first, last, _ in spans for code in range(first, last + 1))
    raise AssertionError("a font without a map of all planes")
