"""From the times of characters to the times of words, as captions want them."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from providers.speech import TimedWord

# Scripts that write no spaces: each of their characters is a word of its own here. Hangul does write spaces.
_UNSPACED = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "BOPOMOFO")


@dataclass(frozen=True, slots=True)
class _Sign:
    """One character and the seconds in which it is spoken."""

    text: str
    start: float
    end: float


def timed_words(characters: Sequence[str], starts: Sequence[float], ends: Sequence[float]) -> tuple[TimedWord, ...]:
    """The words of a text whose characters are spoken from `starts` to `ends`, seconds.

    Words stand between white space and carry their punctuation; what is nothing but punctuation hangs on to the word
    before it. A word lasts from its first letter or digit to its last: the pause of a full stop is none of it.
    Times that cannot be (of another number, backwards, not finite) tell nothing: then there are no words.
    """
    signs = [_Sign(*each) for each in zip(characters, starts, ends, strict=False)]
    if not len(characters) == len(starts) == len(ends) or not _possible(signs):
        return ()
    words: list[TimedWord] = []
    leading = ""
    for group in _groups(signs):
        text = "".join(sign.text for sign in group)
        spoken = [sign for sign in group if _is_spoken(sign.text)]
        if spoken:
            words.append(TimedWord(text=leading + text, start=spoken[0].start, end=spoken[-1].end))
            leading = ""
        elif words:
            words[-1] = TimedWord(text=f"{words[-1].text} {text}", start=words[-1].start, end=words[-1].end)
        else:
            leading = f"{leading}{text} "
    return tuple(words)


def _groups(signs: Sequence[_Sign]) -> Iterator[list[_Sign]]:
    """The signs of each word: between spaces, and between characters that stand alone, their punctuation with them."""
    group: list[_Sign] = []
    for sign in signs:
        if not sign.text.strip():
            if group:
                yield group
            group = []
            continue
        begins = _is_unspaced(sign.text) and any(_is_spoken(each.text) for each in group)
        follows = bool(group) and _ends_unspaced(group) and _is_spoken(sign.text)
        if begins or follows:
            yield group
            group = []
        group.append(sign)
    if group:
        yield group


def _ends_unspaced(group: Sequence[_Sign]) -> bool:
    spoken = [sign.text for sign in group if _is_spoken(sign.text)]
    return bool(spoken) and _is_unspaced(spoken[-1])


def _is_spoken(text: str) -> bool:
    # Combining marks belong to the letter before them (Devanagari, Thai, decomposed accents).
    return any(unicodedata.category(character)[0] in "LNM" for character in text)


def _is_unspaced(text: str) -> bool:
    return unicodedata.name(text[0], "").startswith(_UNSPACED)


def _possible(signs: Sequence[_Sign]) -> bool:
    finite = all(math.isfinite(sign.start) and math.isfinite(sign.end) for sign in signs)
    forward = all(0 <= sign.start <= sign.end for sign in signs)
    return finite and forward and all(one.start <= other.start for one, other in itertools.pairwise(signs))
