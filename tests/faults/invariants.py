"""What holds after every fault, by the numbers of the catalogue; each function names what does not.

I1  nothing accepted is lost                  shots; `checker.check` in the proofs
I2  nothing is bought twice                   shots
I3  the ledger balances, no room is left held  shots
I4  each end is told once                     `told_once`
I5  nothing is left behind                    `left_behind`
I6  the loop never stands still               by its watch; no test asserts a time
I7  no secret is out                          `secrets_out`
I8  people read sentences                     `unfit_words`
I9  no key is punished for another's fault    shots
I10 it goes on without an operator            every case ends in what was asked for
I11 no storm of repetitions                   `storms`
I12 the database is sound                     `damage`
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import DatabaseError, connect
from typing import Any

from benchmarks.proof.checker import said_once
from sandbox.discord.reading import text_of
from sandbox.discord.traffic import LoggedRequest
from sandbox.process import ROOT

#: Requests for one thing, the library's own repetitions included: four tries of ours, and what it repeats in one.
MOST_REQUESTS = 8
_MACHINE = re.compile(r"Traceback|\b[A-Z]\w+(?:Error|Exception)\b|\bHTTP \d{3}\b|\bNone\b|object at 0x")


def told_once(messages: Sequence[dict[str, Any]], *, films: int = 0) -> Iterator[str]:
    """I4: of one channel, in which so many films were posted."""
    ours = [message for message in messages if message["author"].get("bot")]
    shown = sum(any(file["filename"].endswith(".mp4") for file in message["attachments"]) for message in ours)
    if shown != films:
        yield f"I4: {films} films made, {shown} shown"
    yield from (f"I4: {breach}" for breach in said_once(ours))


def left_behind(folder: Path, *, keeps: Iterable[Path] = ()) -> Iterator[str]:
    """I5: files in a folder, and tasks of a loop whose work is over."""
    yield from (f"I5: file {path.name}" for path in sorted({*folder.glob("*")} - {*keeps}))


def tasks_left() -> Iterator[str]:
    """I5: tasks in which code of the bot still runs; a sandbox in the same loop has its own."""
    for task in asyncio.all_tasks():
        if any(Path(frame.f_code.co_filename).is_relative_to(ROOT / "bot") for frame in task.get_stack()):
            yield f"I5: task {task.get_name()}"


def secrets_out(secrets: Iterable[str], *places: str) -> Iterator[str]:
    """I7: in rows, logs or messages, as text."""
    for number, secret in enumerate(secrets, 1):
        yield from (f"I7: secret {number} in {place[:20]!r}…" for place in places if secret in place)


def unfit_words(messages: Iterable[dict[str, Any]]) -> Iterator[str]:
    """I8: of the bot's messages."""
    for message in messages:
        words = text_of(message)
        if message["author"].get("bot") and (found := _MACHINE.search(words)):
            yield f"I8: {found[0]!r} in {words[:60]!r}"


def storms(requests: Iterable[LoggedRequest]) -> Iterator[str]:
    """I11: the same request sent again and again while it met faults."""
    met = Counter(f"{request.method} {request.path}" for request in requests if request.fault)
    yield from (f"I11: {what} {times} times" for what, times in met.items() if times > MOST_REQUESTS)


def damage(database: Path) -> Iterator[str]:
    """I12."""
    with closing(connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            verdict = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        except DatabaseError as error:
            verdict = [str(error)]
    if verdict != ["ok"]:
        yield f"I12: {verdict}"


def rows_as_text(database: Path) -> str:
    with closing(connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())
