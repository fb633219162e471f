"""Turns timed words into captions. Decides only; `bot.media.burn` puts them into a film.

Words come from a voice's own timing or from a transcript and are foreign text: they may hold anything.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LINE = 42  # characters, as the guides of broadcasters and streaming services have it
CJK_LINE = 16
SHORTEST, LONGEST = 0.8, 6.0  # seconds that a cue stays
GAP = 0.08  # seconds between two cues, so that the eye sees that the text has changed
_LINGER = 0.3  # seconds that a cue stays after its last word, where there is room
_PAUSE = 0.5  # seconds of silence that part two thoughts
_LONG_PAUSE = 1.5  # seconds of silence that no cue stretches across

_SENTENCE_ENDS = tuple(".?!…。！？؟")
_CLAUSE_ENDS = tuple(",;:–—、，；：،")
_CLOSERS = "\"'”’»)]）」』"
_MARKUP = {char: f"{char}\u2060" for char in "<{\\"}  # what players of SubRip take for commands
_PUNCTUATION = "".join((*_SENTENCE_ENDS, *_CLAUSE_ENDS, _CLOSERS))  # never begins a line


@dataclass(frozen=True, slots=True)
class Word:
    """A word as spoken, with its seconds in the film."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines, and the seconds between which they are seen."""

    lines: tuple[str, ...]
    start: float
    end: float

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def cues(words: Iterable[Word], *, line: int = LINE) -> list[Cue]:
    """Break words into cues of at most two lines of `line` characters (CJK counts as 42 to 16).

    Breaks fall on the ends of sentences, on clauses and on pauses where that is possible. A cue starts with its first
    word; only where words come faster than cues may follow each other is it late. Cues never overlap.
    """
    pieces = _pieces(words, line)
    spans = _spans(pieces, line)
    starts: list[float] = []
    for first, _ in spans:
        earliest = starts[-1] + SHORTEST + GAP if starts else 0.0
        starts.append(max(pieces[first].start, earliest))
    found: list[Cue] = []
    for number, (first, beyond) in enumerate(spans):
        start = starts[number]
        end = max(pieces[beyond - 1].end + _LINGER, start + SHORTEST)
        if number + 1 < len(starts):
            end = min(end, starts[number + 1] - GAP)
        lines = _wrap([piece.text for piece in pieces[first:beyond]], line)
        found.append(Cue(lines=lines, start=round(start, 3), end=round(min(end, start + LONGEST), 3)))
    return found


def within(given: Iterable[Cue], duration: float) -> list[Cue]:
    """Those seen before the film's end, cut at it."""
    return [Cue(cue.lines, cue.start, min(cue.end, duration)) for cue in given if cue.start < duration - 0.04]


def to_srt(given: Iterable[Cue]) -> str:
    """As SubRip. What a player would read as markup is kept apart by a word joiner, which is not seen."""
    return "".join(
        f"{number}\n{_srt_time(cue.start)} --> {_srt_time(cue.end)}\n"
        + "\n".join("".join(_MARKUP.get(char, char) for char in _clean(text)) for text in cue.lines)
        + "\n\n"
        for number, cue in enumerate(given, start=1)
    )


def _pieces(words: Iterable[Word], line: int) -> list[Word]:
    """Clean words in order of time, each fit for a line."""
    found: list[Word] = []
    now = 0.0
    for word in words:
        text = _clean(word.text)
        if not text or not (math.isfinite(word.start) and math.isfinite(word.end)):
            continue
        start = now = max(now, word.start)
        end = max(start, word.end)
        parts = list(_cut(text, line))
        total = sum(_width(part) for part in parts)
        done = 0.0
        for part in parts:
            share = start + (end - start) * done / total
            done += _width(part)
            found.append(Word(part, share, start + (end - start) * done / total))
        now = found[-1].start
    return found


def _cut(text: str, line: int) -> Iterable[str]:
    """The words of a text, those too long for a line in parts.

    Scripts without blanks may break almost anywhere: their parts are a few characters, and end with punctuation.
    """
    for word in text.split():
        spaceless = any(map(_is_spaceless, word))
        most = line / 4 if spaceless else line
        part = ""
        for char in word:
            closes = char in _PUNCTUATION
            full = _width(part + char) > most or (spaceless and part and part[-1] in _PUNCTUATION)
            if part and full and not closes:
                yield part
                part = ""
            part += char
        yield part


def _spans(pieces: Sequence[Word], line: int) -> list[tuple[int, int]]:
    """The cheapest way to break, as pairs of first piece and piece beyond the last."""
    widths = [_width(piece.text) for piece in pieces]
    blanks = [0, *(_blank(before.text, after.text) for before, after in itertools.pairwise(pieces))]
    best = [0.0] + [math.inf] * len(pieces)
    came = [0] * (len(pieces) + 1)
    for first, piece in enumerate(pieces):
        upper, lower, inside = widths[first], 0.0, 0.0
        for beyond in range(first + 1, len(pieces) + 1):
            if beyond > first + 1:
                last, before = pieces[beyond - 1], pieces[beyond - 2]
                added = blanks[beyond - 1] + widths[beyond - 1]
                if not lower and upper + added <= line:
                    upper += added
                else:
                    lower += added if lower else widths[beyond - 1]
                too_long = last.end - piece.start > LONGEST or last.start - before.end > _LONG_PAUSE
                if lower > line or too_long:
                    break
                inside += _cost_inside(before, last)
            following = pieces[beyond] if beyond < len(pieces) else None
            cost = best[first] + inside + _cost_after(piece, pieces[beyond - 1], following)
            if cost < best[beyond]:
                best[beyond], came[beyond] = cost, first
    spans: list[tuple[int, int]] = []
    beyond = len(pieces)
    while beyond:
        spans.append((came[beyond], beyond))
        beyond = came[beyond]
    return spans[::-1]


def _cost_inside(before: Word, after: Word) -> float:
    """How bad it is that two pieces share a cue."""
    if _ends(before.text, _SENTENCE_ENDS):
        return 0.8
    return 0.9 if after.start - before.end >= _PAUSE else 0.0


def _cost_after(first: Word, last: Word, following: Word | None) -> float:
    """How bad it is that a cue of these ends where it does; in the middle of a clause it costs 1."""
    cost = 0.6  # each cue
    if following is None:
        return cost
    shown = following.start - first.start
    if shown < SHORTEST + GAP:
        cost += 20  # it would go before it can be read, or hold up the next one
    elif shown < 1.2:
        cost += 0.5
    if _ends(last.text, _SENTENCE_ENDS):
        return cost
    if following.start - last.end >= _PAUSE:
        return cost + 0.1
    return cost + (0.3 if _ends(last.text, _CLAUSE_ENDS) else 1.0)


def _wrap(texts: Sequence[str], line: int) -> tuple[str, ...]:
    """One line if that is enough, else the best two; more only if two cannot hold it."""
    whole = _joined(texts)
    if _width(whole) <= line:
        return (whole,)
    best, lines = math.inf, tuple(texts)
    for at in range(1, len(texts)):
        upper, lower = _joined(texts[:at]), _joined(texts[at:])
        if max(_width(upper), _width(lower)) > line:
            continue
        cost = abs(_width(upper) - _width(lower))
        if _ends(upper, _SENTENCE_ENDS + _CLAUSE_ENDS):
            cost -= 20
        if cost < best:
            best, lines = cost, (upper, lower)
    return lines


def _joined(texts: Sequence[str]) -> str:
    whole = ""
    for text in texts:
        whole += f" {text}" if whole and _blank(whole, text) else text
    return whole


def _blank(before: str, after: str) -> int:
    """Whether a blank stands between two words, as the number of blanks."""
    return 0 if _is_spaceless(before[-1]) or _is_spaceless(after[0]) else 1


def _ends(text: str, ends: tuple[str, ...]) -> bool:
    return text.rstrip(_CLOSERS).endswith(ends)


def _width(text: str) -> float:
    """In characters of a Latin line; marks above letters take no room."""
    return sum(
        LINE / CJK_LINE if unicodedata.east_asian_width(char) in "WF" else 0.0 if unicodedata.combining(char) else 1.0
        for char in text
    )


def _is_spaceless(char: str) -> bool:
    """Whether it belongs to Chinese or Japanese, which are written without blanks (Korean has them)."""
    code = ord(char)
    return (
        0x2E80 <= code <= 0x312F
        or 0x3190 <= code <= 0xA4CF
        or 0xF900 <= code <= 0xFAFF
        or (0xFE30 <= code <= 0xFE4F or 0xFF00 <= code <= 0xFF9F or 0x20000 <= code <= 0x3FFFF)
    )


def _clean(text: str) -> str:
    """Without line breaks, controls, direction overrides and other characters that are not seen."""
    kept = (" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    return " ".join("".join(char for char in kept if not _is_hidden(char)).split())


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"} and char not in "\u200c\u200d"  # joiners shape words


def _srt_time(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{milliseconds:03d}"
