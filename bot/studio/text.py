"""Text that people and models wrote, made safe to keep: no control or direction characters, bounded length.

And numbers as people read them in every language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from providers.catalogue import utf16_units

#: Categories that are seen as nothing or as something else: control, format (bidi and zero width), private, unassigned.
_HIDDEN = {"Cc", "Cf", "Co", "Cn", "Cs"}
#: Where Unicode puts pictures. Python 3.11 knows Unicode 14, so the newer ones are unassigned to it.
_EMOJI = range(0x1F000, 0x1FB00)
#: Joins emoji and several scripts; harmless and needed.
_ALLOWED = {"\n", "\u200d"}
#: Control characters that part words or lines.
_SPACES = str.maketrans({"\t": " ", "\r": "\n", "\v": "\n", "\f": "\n", "\x85": "\n"})


def clean(text: str) -> str:
    """Text without invisible characters, its white space folded within lines."""
    spaced = text.replace("\r\n", "\n").translate(_SPACES)
    visible = "".join(c for c in spaced if c in _ALLOWED or ord(c) in _EMOJI or unicodedata.category(c) not in _HIDDEN)
    return "\n".join(" ".join(line.split()) for line in visible.splitlines()).strip()


def shorten(text: str, length: int) -> str:
    """Text of at most `length` characters, cut at a word where one is near, with an ellipsis where it was cut."""
    if len(text) <= length:
        return text
    if length < 1:
        return ""
    cut = text[: length - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > length * 0.6 else cut).rstrip(" ,.;:") + "…"


def within(text: str, units: int) -> str:
    """Text of at most so many UTF-16 units, as Discord and some models count; shortened where it has more."""
    while (over := utf16_units(text) - units) > 0:
        text = shorten(text, len(text) - max(1, over // 2))  # a character is one unit or two
    return text


def dollars(microusd: int) -> str:
    """As exact as it must be: "$0.12", "$0.037", "$1.50"."""
    whole, part = f"{microusd / 1_000_000:,.6f}".split(".")
    return f"${whole}.{part.rstrip('0').ljust(2, '0')}"


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers in as few words as they need: 2, 3, 4 and 8 become "2–4, 8"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
