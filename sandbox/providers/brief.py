"""What a language model is given to answer from: a person's words, the data beside them, and files it can look at.

Instructions are not among it: the sandbox's models never read a system prompt, so rewording one changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.providers.documents import as_list, as_number, as_text, either, parsed, walk
from sandbox.providers.eyes import Look

_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = {word: n for words in (_COUNTS, _ORDINALS) for n, word in enumerate(words, start=1)} | {"opening": 1}
#: A numeral or a number word, as one group of a regular expression.
NUMBER = r"(\d+(?:\.\d+)?|" + "|".join(_COUNTS) + ")"


def number_in(word: str) -> float | None:
    """The number that a numeral or a number word says."""
    return _NUMBERS.get(word.lower(), as_number(word))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """`words` are the last turn's, `context` every JSON value in any turn (oldest first), `looks` what files show."""

    words: str = ""
    context: Sequence[object] = ()
    looks: Sequence[Look] = field(default=())

    def find(self, *names: str) -> object:
        """The newest value in the context under one of `names`, however deep."""
        for value in reversed(self.context):
            for document in walk(value):
                found = either(document, *names)
                if found is not None:
                    return found
        return None

    @property
    def shots(self) -> list[dict[str, object]]:
        """The plan's shots, as the newest context that has some tells them."""
        for value in reversed(self.context):
            for document in walk(value):
                for name in ("shots", "scenes", "clips"):
                    rows = [item for item in as_list(document.get(name)) if isinstance(item, dict) and "prompt" in item]
                    if rows:
                        return rows
        return []

    @property
    def plan(self) -> dict[str, object]:
        """The object that holds the shots."""
        for value in reversed(self.context):
            for document in walk(value):
                if any(
                    isinstance(item, dict) and "prompt" in item
                    for name in ("shots", "scenes", "clips")
                    for item in as_list(document.get(name))
                ):
                    return document
        return {}

    @property
    def durations(self) -> list[float]:
        """Seconds a clip may last, where the context lists them: a list of numbers named for seconds or durations."""
        for value in reversed(self.context):
            for document in walk(value):
                for name, listed in document.items():
                    if re.search(r"duration|seconds", name, re.IGNORECASE):
                        numbers = [number for number in map(as_number, as_list(listed)) if number is not None]
                        if numbers:
                            return sorted(numbers)
        return []

    def allowed(self, seconds: float) -> float:
        """The allowed duration nearest to `seconds`; within the context's bounds where it only tells those."""
        listed = self.durations
        if listed:
            return min(listed, key=lambda allowed: (abs(allowed - seconds), allowed))
        low = as_number(self.find("min_duration", "minDuration", "min_seconds"))
        high = as_number(self.find("max_duration", "maxDuration", "max_seconds"))
        if low is not None:
            seconds = max(low, seconds)
        return min(high, seconds) if high is not None else seconds

    @property
    def asked_seconds(self) -> float | None:
        """How long the film shall be, from the words, else from a context that tells `seconds`."""
        found = re.search(
            rf"\b{NUMBER}[\s-]*(seconds?|secs?|s)\b(?!\s*(each|per|shots?|clips?))", self.words, re.IGNORECASE
        )
        if found:
            return number_in(found[1])
        minutes = re.search(rf"\b{NUMBER}[\s-]*(minutes?|mins?)\b", self.words, re.IGNORECASE)
        if minutes:
            return (number_in(minutes[1]) or 1) * 60
        return as_number(self.find("seconds", "total_seconds", "target_seconds", "target_duration", "length_seconds"))

    @property
    def asked_shots(self) -> int | None:
        found = re.search(rf"\b{NUMBER}[\s-]+(?:\w+[\s-]+)?(shots?|scenes?|clips?|parts?)\b", self.words, re.IGNORECASE)
        if found and (number := number_in(found[1])):
            return int(number)
        told = as_number(self.find("shot_count", "number_of_shots"))
        return int(told) if told else None


def sorted_parts(parts: Sequence[str]) -> tuple[list[str], list[object]]:
    """Texts apart: words, and those that are JSON objects or lists."""
    words: list[str] = []
    data: list[object] = []
    for part in parts:
        value = parsed(part) if part.lstrip()[:1] in {"{", "["} else None
        if isinstance(value, dict | list):
            data.append(value)
        elif part.strip():
            words.append(part.strip())
    return words, data


def brief_of(turns: Sequence[tuple[str, Sequence[str]]], looks: Sequence[Look] = ()) -> Brief:
    """The brief in a talk of (role, texts), the last of a user's turns being the one to answer."""
    last = max((n for n, (role, _) in enumerate(turns) if role == "user"), default=-1)
    words: list[str] = []
    context: list[object] = []
    for number, (_, parts) in enumerate(turns):
        said, data = sorted_parts(parts)
        context += data
        if number == last:
            words = said
    return Brief(words="\n".join(words), context=context, looks=looks)


def summary_in(brief: Brief) -> str:
    return as_text(brief.find("summary"))
