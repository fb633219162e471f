"""Delivery through the whole bot: refused places, lost permissions, a film that is gone; none of it holds up others."""

from __future__ import annotations

from pathlib import Path

import httpx

from sandbox.discord.reading import mentioned, text_of
from tests.journeys.stage import PATIENCE, Stage


async def test_a_film_whose_thread_was_deleted_comes_to_the_channel_it_was_asked_for_in(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=2.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: len(stage.orders(accepted=True)) == 2)
        stage.people.delete_channel(thread)
        film = await stage.film_in(stage.discord.channel_id)
        assert mentioned(film, stage.mia.id)


async def test_a_film_that_may_not_be_posted_says_so_and_is_sent_again_on_a_press(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=4.0) as stage:
        thread = await stage.plan(stage.mia)
        posts = r"/channels/\d+/messages$"
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Rendering"))
        stage.discord.faults.answer("POST", posts, status=403, code=50013, times=3)  # thread, channel, DM
        card = await stage.until(lambda: stage.card(thread, "Done"))
        await stage.until(lambda: stage.pressable(thread, "Send again"))
        assert "could not" in text_of(stage.card(thread, "Done") or card)
        await stage.people.press(stage.tom, thread, label="Send again")
        await stage.until_told(stage.tom, "belongs to")
        await stage.people.press(stage.mia, thread, label="Send again")
        film = await stage.film_in(thread)
        assert mentioned(film, stage.mia.id)
        assert len(stage.orders()) == 2


async def test_a_film_comes_when_the_server_lets_us_in_again_and_by_dm_where_it_is_gone(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=4.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Rendering"))
        stage.discord.faults.answer("POST", r"/users/@me/channels$", status=403, code=50007)
        stage.people.let_bot(send_messages=False, send_messages_in_threads=False)
        await stage.until(lambda: stage.card(thread, "I may not post here"))
        stage.people.let_bot(send_messages=True, send_messages_in_threads=True)
        await stage.film_in(thread)
        await stage.until(lambda: stage.card(thread, "Here is your film"))
        assert len(stage.orders()) == 2

        toms = await stage.plan(stage.tom)
        await stage.greenlight(stage.tom, toms)
        await stage.until(lambda: stage.card(toms, "Rendering"))
        stage.people.kick_bot()
        film = await stage.until(lambda: next(iter(stage.discord.direct_messages(stage.tom)), None))
        assert mentioned(film, stage.tom.id)
        assert film["attachments"]
        assert not stage.discord.direct_messages(stage.mia)


async def test_discord_that_is_down_for_a_while_delays_the_film_and_loses_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=4.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Rendering"))
        stage.discord.faults.answer("POST", rf"/channels/{thread}/messages$", status=503, times=3)
        await stage.film_in(thread)
        await stage.until(lambda: stage.card(thread, "Here is your film"))
        assert len(stage.films(thread)) == 1


async def test_one_film_that_is_gone_from_the_disk_holds_up_no_other(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=1.0) as stage:
        first = await stage.plan(stage.mia)
        second = await stage.plan(stage.tom)
        stage.discord.faults.answer("POST", rf"/channels/{first}/messages$", status=503, times=200)
        await stage.greenlight(stage.mia, first)
        await stage.greenlight(stage.tom, second)
        film = await stage.film_in(second)
        assert mentioned(film, stage.tom.id)
        stage.discord.faults.clear()


async def test_a_film_that_cannot_be_made_to_fit_is_linked_from_the_object_store(tmp_path: Path) -> None:
    async with Stage(tmp_path, starts=False, full_size=True) as stage:
        url = await stage.providers.start_s3()
        stage.discord.upload_limit = 50_000
        store = {
            "CLOUDFLARE_R2_ENDPOINT_URL": url,
            "CLOUDFLARE_R2_ACCESS_KEY_ID": "sandbox-id",
            "CLOUDFLARE_R2_SECRET_ACCESS_KEY": "sandbox-secret",
            "CLOUDFLARE_R2_BUCKET_NAME": stage.providers.bucket,
        }
        async with stage.process("bot", store) as bot:
            await stage.discord.ready(within=PATIENCE)
            thread = await stage.plan(stage.mia)
            await stage.greenlight(stage.mia, thread)
            told = await stage.until(
                lambda: next((m for m in stage.messages(thread) if "download it" in text_of(m)), None)
            )
            assert mentioned(told, stage.mia.id)
            link = text_of(told).split("](")[1].split(")")[0]
            async with httpx.AsyncClient() as http:
                film = await http.get(link)
            assert film.content[4:8] == b"ftyp"
            assert "attachment" in film.headers["content-disposition"]
            await stage.until(lambda: stage.card(thread, "Here is your film"))
            assert await bot.stop() == 0


async def test_without_an_object_store_a_film_that_cannot_fit_is_kept_and_said(tmp_path: Path) -> None:
    async with Stage(tmp_path, full_size=True) as stage:
        stage.discord.upload_limit = 50_000
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: "too large for this channel" in stage.read(thread))
        assert not stage.films(thread)
