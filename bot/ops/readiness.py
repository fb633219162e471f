"""Whether this process can do its part: what `/readyz` asks, and what is in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import select

from bot.db import AWAY, Database
from bot.db.faults import DatabaseFull

#: Seconds that one question may take.
WITHIN = 3.0

Question = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What is in the way, by the name of what was asked; ready where nothing is."""

    reasons: dict[str, str]

    @property
    def is_ready(self) -> bool:
        return not self.reasons


async def readiness(questions: dict[str, Question]) -> Readiness:
    """Ask all at once."""
    async with asyncio.TaskGroup() as group:
        asked = {name: group.create_task(_ask(question)) for name, question in questions.items()}
    answers = {name: task.result() for name, task in asked.items()}
    return Readiness(reasons={name: reason for name, reason in answers.items() if reason is not None})


async def _ask(question: Question) -> str | None:
    try:
        async with asyncio.timeout(WITHIN):
            return await question()
    except TimeoutError:
        return f"no answer within {WITHIN:.0f} s"


def database_answers(database: Database) -> Question:
    async def ask() -> str | None:
        try:
            async with database.transaction() as transaction:
                await transaction.execute(select(1))
        except (*AWAY, DatabaseFull, OSError) as error:
            return f"not reached: {type(error).__name__}"
        return None

    return ask


def holds(claim: Callable[[], bool], otherwise: str) -> Question:
    """A question whose answer is at hand."""

    async def ask() -> str | None:
        return None if claim() else otherwise

    return ask
