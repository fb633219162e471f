"""Names for the colours of a picture."""

from __future__ import annotations

import colorsys
from collections import Counter

_SHARE = 0.08  # of all pixels, below which a colour is not named
_MOST = 4

# Upper ends of the hues in degrees, as people name them.
_HUES = (
    (15, "red"), (45, "orange"), (68, "yellow"), (165, "green"), (195, "teal"), (255, "blue"), (290, "purple"),
    (345, "pink"), (361, "red"),
)  # fmt: skip


def dominant(pixels: bytes) -> tuple[str, ...]:
    """The names of the most frequent colours of pixels (red, green, blue, a byte each), most frequent first."""
    coarse = Counter(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=False))
    names: Counter[str] = Counter()
    for (red, green, blue), count in coarse.items():
        names[name(red, green, blue)] += count
    total = max(1, names.total())
    return tuple(word for word, count in names.most_common(_MOST) if count / total >= _SHARE)


def name(red: int, green: int, blue: int) -> str:
    """A word for a colour, each part 0 to 255."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.15:
        return "black"
    if saturation < 0.15 or saturation * value < 0.08:
        return "white" if value > 0.85 else "grey"
    word = next(word for end, word in _HUES if hue * 360 < end)
    if word in {"orange", "yellow"} and value < 0.6:
        return "brown"
    return word
