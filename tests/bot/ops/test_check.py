"""What the deployment check finds: a line for each thing, its remedy, and an exit code for scripts."""

from __future__ import annotations

import asyncio
import email.utils
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.db import open_database
from bot.ops import alive, check_discord, check_machine
from bot.ops.alive import address, is_alive
from bot.ops.check import check
from bot.ops.deployment import Answer, Level, Question, examine, exit_code, fail, note, ok, warn
from bot.settings import Settings
from sandbox.process import ROOT
from sandbox.world import World
from tests.bot.ops.desk import settings as ops_settings
from tests.journeys.stage import Stage

ALL = sum(check_discord.NEEDED.values())


def levels(answers: list[Answer], about: str = "") -> list[Level]:
    return [answer.level for answer in answers if about in answer.about]


def read(world: World, folder: Path, **environ: str) -> Settings:
    return Settings.from_environ({**world.environ(folder), "MIN_FREE_DISK_MIB": "1", **environ})


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, starts=False) as stage:
        yield stage


async def test_a_place_where_all_is_well_has_nothing_to_do_and_every_key_was_tried(stage: Stage) -> None:
    environ = {**stage.environ(), "MIN_FREE_DISK_MIB": "1", "PATH": os.environ["PATH"]}
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", "--online"), cwd=ROOT, env=environ, stdout=subprocess.PIPE
    )
    said = (await asked.communicate())[0].decode()

    assert asked.returncode == 0, said
    keys = {key.id for service in read(stage.world, stage.data).providers.values() for key in service.keys}
    assert [key for key in keys if f" {key}: " not in said] == []
    assert "OK    ffmpeg" in said
    assert "The bot works here. Failed: 0; to look at: 0" in said


async def test_nothing_that_costs_is_called(stage: Stage) -> None:
    await check(read(stage.world, stage.data))

    assert {asked.method for asked in stage.providers.requests} == {"GET"}
    assert {asked.method for asked in stage.discord.requests} == {"GET"}


async def test_a_wrong_key_a_wrong_token_and_a_service_that_is_away_are_told_with_a_remedy(stage: Stage) -> None:
    told = read(
        stage.world,
        stage.data,
        DISCORD_TOKEN="sandbox.wrong.sandbox",
        GROQ_API_KEYS="not-a-key-of-groq",
        ELEVENLABS_BASE_URL="http://127.0.0.1:9",
    )
    answers = await check(told)

    failed = {answer.about.split("-")[0]: answer for answer in answers if answer.level is Level.FAIL}
    assert failed.keys() == {"discord", "groq", "elevenlabs"}
    assert all(answer.remedy for answer in failed.values())
    assert exit_code(answers) == 69
    assert not any("not-a-key-of-groq" in str(answer) for answer in answers)


async def test_what_does_not_answer_in_time_is_a_finding_and_holds_up_nothing_else() -> None:
    async def never() -> AsyncIterator[Answer]:
        yield ok("a", "so far")
        await asyncio.Event().wait()

    async def at_once() -> AsyncIterator[Answer]:
        yield ok("b", "here")

    questions = [Question(about="a", ask=never, remedy="knock"), Question(about="b", ask=at_once, remedy="")]
    answers = await examine(questions, patience=0.05)

    assert [(answer.about, answer.level) for answer in answers] == [("a", 0), ("a", 3), ("b", 0)]


def test_the_exit_code_is_that_of_the_worst() -> None:
    assert exit_code([ok("a", ""), note("a", "")]) == 0
    assert exit_code([warn("a", "", ""), ok("a", "")]) == 1
    assert exit_code([warn("a", "", ""), fail("a", "", "")]) == 69


@pytest.mark.parametrize(
    ("off", "level"), [(0, Level.OK), (4, Level.OK), (-30, Level.WARN), (30, Level.WARN), (900, 3)]
)
def test_a_clock_is_right_to_a_few_seconds_or_told(off: float, level: Level) -> None:
    now = 1_790_000_000.0
    (answer,) = check_discord.clock(email.utils.formatdate(now + off, usegmt=True), now, now + 0.2)
    assert answer.level == level


def test_without_the_intent_it_is_told_where_to_switch_it_on() -> None:
    assert levels(check_discord.intents(1 << 18)) == levels(check_discord.intents(1 << 19)) == [Level.OK]
    (answer,) = check_discord.intents(0)
    assert (answer.level, "Message Content Intent" in answer.remedy) == (Level.WARN, True)


def test_what_is_missing_in_a_server_is_named_with_the_link_that_brings_it() -> None:
    def guild(held: int) -> dict[str, object]:
        return {"id": "5", "permissions": str(held)}

    assert levels(check_discord.permissions([guild(ALL)], "1")) == [Level.OK]
    assert levels(check_discord.permissions([guild(check_discord.ADMINISTRATOR)], "1")) == [Level.OK]
    (lacking,) = check_discord.permissions([guild(ALL & ~(1 << 38))], "1")
    assert "lacks: Send Messages in Threads" in lacking.text
    assert f"client_id=1&permissions={ALL}" in lacking.remedy
    assert len(check_discord.permissions([guild(0)] * 9, "1")) == 6
    assert levels(check_discord.permissions([], "1")) == [Level.WARN]


def test_few_connections_left_and_shards_are_told() -> None:
    def told(left: int, shards: int = 1) -> list[Level]:
        limit = {"remaining": left, "total": 1000, "reset_after": 3_600_000}
        return levels(check_discord.sessions({"session_start_limit": limit, "shards": shards}))

    assert (told(900), told(9), told(900, 4)) == ([Level.OK], [Level.WARN], [Level.OK, Level.NOTE])


async def test_a_database_is_new_or_whole_or_damaged(stage: Stage) -> None:
    told = read(stage.world, stage.data)
    question = next(each for each in check_machine.questions(told) if each.about == "database")
    new = levels([answer async for answer in question.ask()])
    await (await open_database(told.database_url)).close()
    whole = levels([answer async for answer in question.ask()])
    (stage.data / "greenlight.db").write_bytes(b"not a database" * 100)
    damaged = levels([answer async for answer in question.ask()])

    assert (new, whole, damaged) == ([Level.NOTE], [Level.OK, Level.OK], [Level.FAIL])


async def test_a_port_is_free_or_the_bots_or_somebody_elses(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        other.listen()
        told = read(stage.world, stage.data)

        async def look() -> list[Level]:
            ops = replace(told, ops=ops_settings(port=port))
            question = next(each for each in check_machine.questions(ops) if each.about == "port")
            return levels([answer async for answer in question.ask()])

        monkeypatch.setattr(alive, "WITHIN", 0.1)  # nobody answers there
        taken = await look()
    free = await look()
    assert (taken, free) == ([Level.FAIL], [Level.OK])


@pytest.mark.parametrize(("body", "ours"), [(b'{"status": "ok"}', True), (b"hello", False)])
def test_only_a_bot_of_ours_counts_as_one(body: bytes, ours: bool) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.handle_request).start()
        assert is_alive(address(ops_settings(port=server.server_port))) is ours
