"""Cuts a long text into messages that Discord takes, where a reader would pause."""

from __future__ import annotations

from providers.catalogue import utf16_units

#: Where a text is cut best, and what of it stays before the cut.
_PAUSES = (("\n\n", 0), ("\n", 0), (". ", 1), ("。", 1), (" ", 0))


def split(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` UTF-16 units, as Discord counts; no words are lost.

    A piece depends only on what stands before its end, so that the first ones stay as they are while a text grows.
    """
    pieces = []
    rest = text.strip()
    while utf16_units(rest) > most:
        room = _characters(rest, most)
        cut = _cut(rest[:room])
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _characters(text: str, most: int) -> int:
    """How many characters of a text have so many units at most."""
    count = min(len(text), most)
    while utf16_units(text[:count]) > most:
        count -= max(1, (utf16_units(text[:count]) - most) // 2)
    return count


def _cut(head: str) -> int:
    """Where to cut: at the last pause of the best kind in the second half, else anywhere."""
    for pause, kept in _PAUSES:
        at = head.rfind(pause)
        if at > len(head) // 2:
            return at + kept
    return len(head)
