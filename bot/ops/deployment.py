"""Would the bot work here? `python -m bot check --online` tries everything it needs, with calls that are free.

Everything is asked at once, each under a deadline of its own: what does not answer is a finding, no error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

#: Seconds that one question may take.
PATIENCE = 30.0


class Level(IntEnum):
    """How much it matters; greater is worse."""

    OK = 0
    NOTE = 1  # good to know
    WARN = 2  # the bot works, but something is missing or will be
    FAIL = 3  # it would not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line: what was asked, what came of it, and what to do where that is anything."""

    level: Level
    about: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        then = f" → {self.remedy}" if self.remedy else ""
        return f"{self.level.name:<5} {self.about}: {self.text}{then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to try. `ask` yields what it finds; `remedy` is told where it takes too long."""

    about: str
    ask: Callable[[], AsyncIterator[Answer]]
    remedy: str


def ok(about: str, text: str) -> Answer:
    return Answer(level=Level.OK, about=about, text=text)


def note(about: str, text: str, remedy: str = "") -> Answer:
    return Answer(level=Level.NOTE, about=about, text=text, remedy=remedy)


def warn(about: str, text: str, remedy: str) -> Answer:
    return Answer(level=Level.WARN, about=about, text=text, remedy=remedy)


def fail(about: str, text: str, remedy: str) -> Answer:
    return Answer(level=Level.FAIL, about=about, text=text, remedy=remedy)


async def examine(questions: Iterable[Question], *, patience: float = PATIENCE) -> list[Answer]:
    """Ask all of them at once; the answers stand in the order of the questions."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_ask(question, patience)) for question in questions]
    return [answer for task in asked for answer in task.result()]


async def _ask(question: Question, patience: float) -> list[Answer]:
    found: list[Answer] = []
    try:
        async with asyncio.timeout(patience):
            async for answer in question.ask():  # one by one: what was found before it stuck counts
                found.append(answer)  # noqa: PERF401
    except TimeoutError:
        found.append(fail(question.about, f"no answer within {patience:.0f} s", question.remedy))
    return found


def exit_code(answers: Iterable[Answer]) -> int:
    """0 where nothing is to be done, 1 where something should be looked at, 69 where the bot would not work."""
    worst = max((answer.level for answer in answers), default=Level.OK)
    return {Level.FAIL: 69, Level.WARN: 1}.get(worst, 0)
