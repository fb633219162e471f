"""Checks the promises from outside: the bot's rows, the services' own log and accounts, and what people saw.

It shares no code with what it checks but the names of tables and states.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from sandbox.discord.reading import text_of
from sandbox.world import World

#: Micro-dollars of a Runway credit.
CREDIT = 10_000
BOUGHT = ("submitted", "done", "failed", "found")
UNSURE = ("intent", "unknown", "lost")
OVER = ("held", "done", "failed", "cancelled")
#: Reached by SQLite while the bot writes; a reader waits this long for it.
BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


def rows(database: Path, query: str) -> list[dict[str, Any]]:
    """Read the bot's rows, while it runs as well."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def unfinished(database: Path) -> list[str]:
    """What was accepted and has no visible end yet."""
    waits = [f"project {row['id']}" for row in rows(database, "SELECT id FROM projects WHERE state = 'new'")]
    waits += [f"turn {row['id']}" for row in rows(database, "SELECT id FROM turns WHERE reply IS NULL OR shown = 0")]
    for row in rows(database, "SELECT id, state, delivered_at FROM productions"):
        if row["state"] not in OVER or row["delivered_at"] is None:
            waits.append(f"production {row['id']} ({row['state']})")
    return waits


def check(database: Path, data: Path, world: World) -> list[Breach]:
    """Everything that is not as promised, once the bot is quiet."""
    found = [Breach("lost", each) for each in unfinished(database)]
    calls = rows(database, "SELECT * FROM paid_calls")
    found += bought(calls, accepted={s: len(world.providers.paid(s)) for s in ("runway", "elevenlabs")})
    accounts = world.providers.accounts
    charged = sum(accounts.of("runway", name).spent for name in ("ana", "ben")) * CREDIT
    found += balance([call for call in calls if call["provider"] == "runway"], charged)
    projects = rows(database, "SELECT id, thread_id FROM projects WHERE thread_id IS NOT NULL")
    done = Counter(
        row["project_id"] for row in rows(database, "SELECT project_id FROM productions WHERE state = 'done'")
    )
    for project in projects:
        found += told(world.discord.messages(int(project["thread_id"])), films=done[project["id"]])
    found += [Breach("left behind", path.name) for path in (data / "work").glob("*")]
    return found


def bought(calls: Sequence[dict[str, Any]], accepted: dict[str, int]) -> Iterator[Breach]:
    """Each part of a film was paid for once at most, and no service took an order without a row."""
    paid = Counter(call["key"].rsplit("/", 1)[0] for call in calls if call["state"] in {"submitted", "done", "found"})
    for part, times in paid.items():
        if times > 1:
            yield Breach("bought twice", f"{part} has {times} rows that were paid for")
    for service, count in accepted.items():
        mine = [call for call in calls if call["provider"] == service]
        parts = {call["key"].rsplit("/", 1)[0] for call in mine if call["state"] in {*BOUGHT, *UNSURE}}
        again = sum(call["state"] in {"failed", "lost"} for call in mine)
        if count > len(parts) + again:
            yield Breach("bought twice", f"{service} accepted {count} orders for {len(parts)} parts")
        known = sum(call["state"] in BOUGHT for call in mine)
        unsure = sum(call["state"] in UNSURE for call in mine)
        if not known <= count <= known + unsure:
            yield Breach("ledger", f"{service} accepted {count}; rows: {known} known, {unsure} unsure")


def balance(calls: Sequence[dict[str, Any]], charged: int) -> Iterator[Breach]:
    """The ledger's sum is what was charged, but for orders without an answer: some of those were taken, or none."""
    known = sum(call["price_microusd"] for call in calls if call["state"] in BOUGHT)
    unsure = [call["price_microusd"] for call in calls if call["state"] in UNSURE]
    missing = charged - known
    if len(unsure) > 16:  # too many subsets; bounds must do
        fits = 0 <= missing <= sum(unsure)
    else:
        fits = any(sum(some) == missing for size in range(len(unsure) + 1) for some in combinations(unsure, size))
    if not fits:
        yield Breach("money", f"charged {charged}, the ledger says {known} and {len(unsure)} unsure")


def told(messages: Sequence[dict[str, Any]], films: int) -> Iterator[Breach]:
    """Each end is told once: as many films as were made, and no words of ours twice in a thread."""
    shown = sum(
        any(a["filename"].endswith(".mp4") for a in m["attachments"]) for m in messages if m["author"].get("bot")
    )
    if shown != films:
        yield Breach("told", f"{films} films made, {shown} shown")
    ours = Counter(text_of(m) for m in messages if m["author"].get("bot") and text_of(m))
    for words, times in ours.items():
        if times > 1:
            yield Breach("told twice", words[:80])
    answers = Counter(
        reference["message_id"]
        for m in messages
        if m["author"].get("bot") and (reference := m.get("message_reference")) and "message_id" in reference
    )
    for message, times in answers.items():
        if times > 1:
            yield Breach("told twice", f"{times} answers to message {message}")
