"""What an operator sees: faults in the settings, a second instance, Discord away or refusing, a clean stop."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sandbox.discord.reading import mentioned
from sandbox.process import ROOT
from tests.journeys.stage import PATIENCE, Stage


async def _bot(*arguments: str, **environ: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_check_names_every_fault_at_once_and_no_value(tmp_path: Path) -> None:
    code, _, err = await _bot(
        "check", DATA_DIR=str(tmp_path), GEMINI_API_KEYS="hush,hush", DISCORD_API_URL="http://example.org"
    )
    assert code == 78
    assert {"DISCORD_TOKEN", "GEMINI_API_KEYS", "DISCORD_API_URL"} <= {
        word.strip(":") for line in err.splitlines() for word in line.split()
    }
    assert "hush" not in err


async def test_a_second_bot_on_the_same_data_stops_politely(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        second = stage.process("second")
        await second.start()
        assert await second.wait() == 75
        assert "another instance holds" in second.said()
        assert "Traceback" not in second.said()
        assert stage.discord.gateway.identifies == 1


async def test_a_refused_token_stops_with_one_clear_line(tmp_path: Path) -> None:
    async with Stage(tmp_path, starts=False) as stage:
        environ = {"DISCORD_TOKEN": "sandbox.another-token.sandbox"}
        bot = stage.process("refused", environ)
        await bot.start()
        assert await bot.wait() == 78
        assert "DISCORD_TOKEN" in bot.said()
        assert "Traceback" not in bot.said()


async def test_a_gateway_that_is_away_at_first_is_tried_again(tmp_path: Path) -> None:
    async with Stage(tmp_path, starts=False) as stage:
        stage.discord.faults.refuse_gateway(1)
        async with stage.bot:
            await stage.discord.ready(within=PATIENCE)
            thread = await stage.plan(stage.mia)
            assert stage.card(thread, "plan v1")


async def test_a_dropped_gateway_loses_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.discord.faults.drop_gateway()
        await stage.until(lambda: stage.discord.gateway.resumes > 0 and stage.discord.gateway.connected)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until(lambda: stage.card(thread, "plan v2"))


async def test_without_the_intent_replies_and_buttons_still_work(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        card = stage.card(thread, "plan v1")
        assert card is not None
        await stage.people.say(stage.mia, thread, "make shot 1 longer", reply_to=int(card["id"]))
        await stage.until(lambda: stage.card(thread, "plan v2"))


async def test_a_film_too_large_for_the_channel_is_made_to_fit(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.discord.upload_limit = 400_000
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)
        assert mentioned(film, stage.mia.id)
        assert len(stage.film_bytes(film)) <= 400_000


async def test_no_secret_is_in_any_log_row_or_message(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"LOG_LEVEL": "debug"}) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        secrets = [stage.discord.token, "sandbox-gemini-ana-1", "sandbox-runway-ana-1", "sandbox-runway-ben-1"]
        kept = [path.read_bytes() for path in stage.data.glob("*.db*")] + [stage.bot.log.read_bytes()]
        kept += [path.read_bytes() for path in stage.data.glob("engine.sqlite3*")]
        kept.append(stage.read(thread).encode())
        for secret in secrets:
            assert not [place for place in kept if secret.encode() in place], "a secret was written down"


async def test_a_database_that_is_damaged_while_the_bot_runs_ends_it_with_the_way_back(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.plan(stage.mia)
        code, _, failed = await _bot("backup", **stage.environ())
        assert code == 0, failed
        await stage.bot.stop()
        tables = stage.database.read_bytes()
        await stage.restart()
        # Behind its back, beyond what it has in memory: as a failing disk would.
        with stage.database.open("r+b") as raw:
            raw.seek(4096)
            raw.write(b"\xff" * (len(tables) - 4096))
        stage.database.with_name("greenlight.db-wal").write_bytes(b"")
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": "a second koi"})
        assert await stage.bot.wait() == 65
        assert "python -m bot restore" in stage.bot.last_words()
        await stage.bot.start()
        assert await stage.bot.wait() == 65
        assert "is damaged" in stage.bot.last_words()
        assert "Traceback" not in stage.bot.last_words()
