"""Each check finds what it is there for."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from sandbox.discord.traffic import LoggedRequest
from tests.bot.waiting import until
from tests.faults import invariants


def said(words: str) -> dict[str, Any]:
    return {"author": {"bot": True}, "content": words, "attachments": [], "embeds": [], "components": []}


def test_an_end_that_is_told_twice_is_found() -> None:
    assert list(invariants.told_once([said("done"), said("failed")])) == []
    assert list(invariants.told_once([said("done"), said("done")])) == ["I4: told twice: done"]


def test_a_file_that_stays_is_found(tmp_path: Path) -> None:
    kept, left = tmp_path / "kept", tmp_path / "left.part"
    for path in (kept, left):
        path.touch()

    assert list(invariants.left_behind(tmp_path, keeps=[kept])) == ["I5: file left.part"]


async def test_a_task_that_stays_is_found() -> None:
    async def never() -> bool:
        return False

    assert list(invariants.tasks_left()) == []
    waiting = asyncio.get_running_loop().create_task(until(never), name="left")
    assert list(invariants.tasks_left()) == []  # of a test, not of the bot

    from bot.jobs.wake import Wake

    listening = asyncio.get_running_loop().create_task(Wake().listener().wait(60.0), name="left")
    await asyncio.sleep(0)
    assert list(invariants.tasks_left()) == ["I5: task left"]
    for task in (waiting, listening):
        task.cancel()


def test_a_secret_is_found() -> None:
    assert list(invariants.secrets_out(["hush"], "all is well", "hush, says it")) == [
        "I7: secret 1 in 'hush, says it'…"
    ]


def test_words_of_the_machine_are_found() -> None:
    plain = ["Discord is slow right now.", "The plan comes here.", "Error or not, it goes on."]
    assert list(invariants.unfit_words(map(said, plain))) == []
    for words in ("Traceback (most recent", "it met a KeyError", "HTTP 503", "<Shot object at 0x7f>", "it costs None"):
        assert len(list(invariants.unfit_words([said(words)]))) == 1


def test_a_storm_is_found() -> None:
    request = LoggedRequest(method="POST", path="/x", query={}, body=None, files=(), authorised=True, fault="503")

    assert list(invariants.storms([request] * invariants.MOST_REQUESTS)) == []
    assert list(invariants.storms([request] * 9)) == ["I11: POST /x 9 times"]


def test_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE a (b)")
    connection.executemany("INSERT INTO a VALUES (?)", [("x" * 500,)] * 100)
    connection.execute("CREATE INDEX c ON a (b)")
    connection.commit()
    connection.close()
    assert list(invariants.damage(path)) == []

    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 3 + 200] = b"\xff" * 200
    path.write_bytes(whole)
    assert list(invariants.damage(path)) != []
