"""The demo as a person at a terminal meets it: killed bots come back, busy ports are named, nothing is left running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sys
from typing import TYPE_CHECKING

from sandbox.demo import demo, keep_alive
from sandbox.discord.world import DiscordWorld
from sandbox.process import ROOT, BotProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest


@contextlib.asynccontextmanager
async def running(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", str(port), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def heard(process: asyncio.subprocess.Process, words: str) -> str:
    """What the words' one group matched, once they are said."""
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(60):
        while line := await process.stdout.readline():
            said += line
            if found := re.search(words, line.decode()):
                return found[1]
    raise AssertionError(said.decode())


async def test_a_killed_bot_comes_back_and_a_terminated_demo_leaves_none() -> None:
    async with running(0) as process:
        port = await heard(process, r"Open http://127.0.0.1:(\d+)/")
        first = int(await heard(process, r"The bot is process (\d+)"))
        os.kill(first, signal.SIGKILL)
        assert await heard(process, r"The bot (was killed); starting it again") == "was killed"
        second = int(await heard(process, r"The bot is back, as process (\d+)"))
        process.terminate()
        assert await process.wait() == 0
    shutil.rmtree(ROOT / ".demo" / port)
    assert not _exists(first)
    assert not _exists(second)


async def test_a_busy_port_is_said_in_one_line_and_its_folder_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        kept = tmp_path / str(port) / "data" / "greenlight.db"
        kept.parent.mkdir(parents=True)
        kept.write_text("a running demo's")
        assert await demo(port, pace=0, home=tmp_path) == 1
    said = capsys.readouterr().err.strip()
    assert (said.count("\n"), "--port" in said, kept.exists()) == (0, True, True)


async def test_a_bot_that_refuses_its_settings_is_quoted_and_not_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with DiscordWorld() as world, BotProcess({"DATA_DIR": str(tmp_path)}, tmp_path / "bot.log") as bot:
        assert await keep_alive(world, bot) == 78
    assert "DISCORD_TOKEN" in capsys.readouterr().err


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
