"""The whole wire, as an unmodified discord.py sees it."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest

from sandbox.discord.people import UploadedFile
from sandbox.discord.reading import buttons_of, media_urls_of, mentioned, text_of
from sandbox.discord.simulation import Impossible
from sandbox.discord.world import DiscordWorld
from tests.discord_openapi import violations
from tests.sandbox.discord.clients import Bot, card, pointed_at, running

if TYPE_CHECKING:
    from collections.abc import Awaitable


async def planned(world: DiscordWorld) -> int:
    """The id of the thread `/plan` made, with everything in it."""
    use = await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "a koi"})
    await world.wait_for(lambda: use.followups)
    return int(world.threads(world.channel_id)[0]["id"])


async def test_logs_in_and_sees_its_guild(world: DiscordWorld, bot: Bot) -> None:
    assert [(guild.name, guild.member_count) for guild in bot.guilds] == [("Greenlight Studio", 4)]


async def test_a_command_with_an_attachment_is_deferred_and_read_from_the_cdn(world: DiscordWorld, bot: Bot) -> None:
    clip = UploadedFile("my clip.mp4", b"0123456789")
    use = await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "a koi", "video": clip})
    assert use.acknowledged
    await world.wait_for(lambda: use.original and text_of(use.original) == "read 10 bytes")


async def test_a_thread_a_card_and_a_film_arrive_and_the_card_is_edited(world: DiscordWorld, bot: Bot) -> None:
    starter, plan, film = world.messages(await planned(world))
    assert starter["type"] == 21
    assert text_of(plan) == "## Plan v2"
    assert [button["label"] for button in buttons_of(plan)] == ["Greenlight", "Change…"]
    assert film["attachments"][0]["description"] == "a koi"


async def test_a_posted_film_can_be_fetched_from_its_url(world: DiscordWorld, bot: Bot) -> None:
    film = world.messages(await planned(world))[-1]
    async with aiohttp.ClientSession() as session, session.get(media_urls_of(film)[0]) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "video/mp4", b"film")


async def test_followups_for_one_are_seen_by_one(world: DiscordWorld, bot: Bot) -> None:
    await planned(world)
    assert [text_of(m) for m in world.ephemeral_messages(world.mia)] == ["there it is"]
    assert world.ephemeral_messages(world.tom) == []


async def test_a_button_is_answered_in_private(world: DiscordWorld, bot: Bot) -> None:
    use = await world.people.press(world.tom, await planned(world), label="Greenlight")
    assert use.ephemeral
    assert [text_of(message) for message in use.messages] == ["not yours"]


async def test_a_modal_is_opened_and_submitted(world: DiscordWorld, bot: Bot) -> None:
    use = await world.people.press(world.mia, await planned(world), label="Change…")
    sent = await world.people.submit(world.mia, use, {"what": "at night"})
    assert [text_of(message) for message in sent.messages] == ["changed"]


async def test_people_talk_in_a_thread_and_the_bot_hears_them(world: DiscordWorld, bot: Bot) -> None:
    await world.people.say(world.mia, await planned(world), "at night", [UploadedFile("a.mp4", b"clip")])
    message = await asyncio.wait_for(bot.heard.get(), 5)
    assert (message.content, await message.attachments[0].read()) == ("at night", b"clip")


async def test_a_mention_is_a_mention(world: DiscordWorld, bot: Bot) -> None:
    await planned(world)
    assert any(mentioned(message, world.mia.id) for message in world.messages(world.channel_id))


async def test_every_request_of_the_journey_is_one_discord_takes(world: DiscordWorld, bot: Bot) -> None:
    use = await world.people.press(world.mia, await planned(world), label="Change…")
    await world.people.submit(world.mia, use, {"what": "at night"})
    assert [one for request in world.requests for one in violations(request)] == []
    assert world.simulation.gaps == []


async def test_a_download_is_logged_and_can_fail(world: DiscordWorld, bot: Bot) -> None:
    film = world.messages(await planned(world))[-1]
    world.faults.answer("GET", "/attachments/", status=404)
    async with aiohttp.ClientSession() as session, session.get(media_urls_of(film)[0]) as answer:
        assert (answer.status, world.requests[-1].fault) == (404, "404")


# --- limits and refusals


async def refused(request: Awaitable[Any]) -> tuple[int, int]:
    with pytest.raises(discord.HTTPException) as refusal:
        await request
    return refusal.value.status, refusal.value.code


async def test_a_file_over_the_limit_is_too_large(world: DiscordWorld, bot: Bot) -> None:
    world.upload_limit = 3
    channel = bot.get_partial_messageable(world.channel_id)
    assert await refused(channel.send(file=discord.File(io.BytesIO(b"1234"), "a.mp4"))) == (413, 40005)


async def test_an_interaction_announces_the_upload_limit(world: DiscordWorld) -> None:
    announced: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Asking(Bot):
        async def on_interaction(self, interaction: discord.Interaction) -> None:
            announced.set_result(interaction.filesize_limit)

    async with running(world.environ, Asking()):
        world.upload_limit = 12345
        await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "x"})
        assert await asyncio.wait_for(announced, 5) == 12345


async def test_a_token_over_fifteen_minutes_old_is_invalid_and_the_channel_still_works(
    world: DiscordWorld, bot: Bot
) -> None:
    use = await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "a koi"})
    await world.wait_for(lambda: use.followups)
    use.expire()
    webhook = discord.Webhook.partial(world.application_id, use.token, session=bot.http._HTTPClient__session)  # type: ignore[attr-defined]
    assert await refused(webhook.send("late", wait=True)) == (401, 50027)
    await bot.get_partial_messageable(world.channel_id).send("in time")


async def test_an_edit_in_an_archived_thread_is_refused_and_a_message_opens_it(world: DiscordWorld, bot: Bot) -> None:
    thread_id = await planned(world)
    plan = int(world.messages(thread_id)[1]["id"])
    world.people.archive_thread(thread_id)
    thread = bot.get_partial_messageable(thread_id)
    assert await refused(thread.get_partial_message(plan).edit(view=card("## Plan v3"))) == (400, 50083)
    await thread.send("awake")
    assert not world.threads(world.channel_id)[0]["thread_metadata"]["archived"]


async def test_people_cannot_write_to_a_locked_thread(world: DiscordWorld, bot: Bot) -> None:
    thread_id = await planned(world)
    world.people.lock_thread(thread_id)
    with pytest.raises(Impossible):
        await world.people.say(world.mia, thread_id, "hello?")


async def test_the_bot_archives_and_renames_its_thread_without_managing_channels(world: DiscordWorld, bot: Bot) -> None:
    thread = await bot.fetch_channel(await planned(world))
    assert isinstance(thread, discord.Thread)
    await thread.edit(name="done", archived=True)
    kept = world.threads(world.channel_id)[0]
    assert (kept["name"], kept["thread_metadata"]["archived"]) == ("done", True)


async def test_a_second_thread_on_a_message_is_refused(world: DiscordWorld, bot: Bot) -> None:
    channel = bot.get_channel(world.channel_id)
    assert isinstance(channel, discord.TextChannel)
    sent = await channel.send("one thread only")
    await sent.create_thread(name="first")
    assert await refused(sent.create_thread(name="second")) == (400, 160004)


async def test_an_empty_message_is_refused(world: DiscordWorld, bot: Bot) -> None:
    assert await refused(bot.get_partial_messageable(world.channel_id).send("")) == (400, 50006)


async def test_the_same_nonce_posts_once(world: DiscordWorld, bot: Bot) -> None:
    channel = bot.get_partial_messageable(world.channel_id)
    first, second = [await channel.send("the film", nonce="film-1") for _ in range(2)]
    assert first.id == second.id
    assert len(world.messages(world.channel_id)) == 1


# --- faults


async def test_a_rate_limit_is_waited_out(world: DiscordWorld, bot: Bot) -> None:
    world.faults.rate_limit("POST", "/messages", retry_after=0.01)
    await bot.get_partial_messageable(world.channel_id).send("after all")
    assert [request.status for request in world.requests if request.method == "POST"] == [429, 200]


async def test_a_429_of_cloudflare_s_is_raised_at_once(world: DiscordWorld, bot: Bot) -> None:
    world.faults.rate_limit("POST", "/messages", retry_after=60, via=False)
    assert (await refused(bot.get_partial_messageable(world.channel_id).send("no")))[0] == 429


async def test_a_503_is_raised_at_once(world: DiscordWorld, bot: Bot) -> None:
    world.faults.answer("POST", "/messages", status=503)
    assert (await refused(bot.get_partial_messageable(world.channel_id).send("no")))[0] == 503


async def test_an_answer_may_be_lost_after_the_message_was_posted(world: DiscordWorld) -> None:
    world.faults.answer("POST", "/messages", status=500, applied=True)
    url = f"{world.api_url}/channels/{world.channel_id}/messages"
    headers = {"Authorization": f"Bot {world.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        statuses = [(await session.post(url, json={"content": "twice"})).status for _ in range(2)]
    assert (statuses, len(world.messages(world.channel_id))) == ([500, 200], 2)


async def test_a_card_cannot_gain_a_file_by_an_edit(world: DiscordWorld, bot: Bot) -> None:
    message = await bot.get_partial_messageable(world.channel_id).send(view=card("## Plan v1"))
    film = discord.File(io.BytesIO(b"film"), "film.mp4")
    partial = bot.get_partial_messageable(world.channel_id).get_partial_message(message.id)
    assert await refused(partial.edit(view=card("## Done"), attachments=[film])) == (400, 50035)


async def test_a_refused_gateway_is_open_at_the_next_try(world: DiscordWorld) -> None:
    world.faults.refuse_gateway(1)
    async with aiohttp.ClientSession() as session:
        assert (await session.get(world.gateway_url.replace("ws://", "http://"))).status == 503
        async with session.ws_connect(world.gateway_url) as socket:
            assert (await socket.receive_json())["op"] == 10


async def test_a_reset_after_applying_leaves_the_message_there(world: DiscordWorld, bot: Bot) -> None:
    world.faults.reset("POST", "/messages", applied=True)
    with pytest.raises(OSError, match="reset"):
        await bot.get_partial_messageable(world.channel_id).send("posted, yet unanswered")
    assert [text_of(message) for message in world.messages(world.channel_id)] == ["posted, yet unanswered"]


async def test_a_reset_before_applying_leaves_nothing(world: DiscordWorld, bot: Bot) -> None:
    world.faults.reset("POST", "/messages", applied=False)
    with pytest.raises(OSError, match="reset"):
        await bot.get_partial_messageable(world.channel_id).send("lost")
    assert world.messages(world.channel_id) == []


async def test_a_hanging_request_ends_when_the_fault_is_cleared(world: DiscordWorld, bot: Bot) -> None:
    world.faults.hang_up("POST", "/messages", applied=False)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(_send_and_fail(bot, world.channel_id))
        await world.wait_for(lambda: world.requests[-1].fault == "hang")
        world.faults.clear()
        assert await sending


async def _send_and_fail(bot: Bot, channel_id: int) -> bool:
    with pytest.raises(OSError, match="reset"):
        await bot.get_partial_messageable(channel_id).send("into the void")
    return True


# --- the connection


async def test_a_dropped_socket_is_resumed_and_what_was_missed_is_replayed(world: DiscordWorld, bot: Bot) -> None:
    world.faults.drop_gateway()
    await world.people.say(world.mia, world.channel_id, "while you were away")
    heard = await asyncio.wait_for(bot.heard.get(), 5)
    assert (heard.content, world.gateway.identifies, world.gateway.resumes) == ("while you were away", 1, 1)


async def test_op_7_is_followed_by_a_resume(world: DiscordWorld, bot: Bot) -> None:
    world.faults.reconnect()
    await world.wait_for(lambda: world.gateway.resumes == 1)
    assert world.gateway.identifies == 1


async def test_a_forgotten_session_is_identified_anew(world: DiscordWorld, bot: Bot) -> None:
    world.faults.forget_session()
    await world.wait_for(lambda: world.gateway.identifies == 2)
    await world.people.say(world.mia, world.channel_id, "again")
    assert (await asyncio.wait_for(bot.heard.get(), 5)).content == "again"


async def test_shards_get_the_guilds_that_are_theirs(world: DiscordWorld) -> None:
    class Sharded(discord.AutoShardedClient):
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            """Nothing, as in `Bot`."""

    client = Sharded(intents=discord.Intents.default(), shard_count=2, guild_ready_timeout=0.01)
    with pointed_at(world.environ):
        async with asyncio.TaskGroup() as tasks, client:
            tasks.create_task(client.start(world.token))
            await client.wait_until_ready()
            assert [guild.shard_id for guild in client.guilds] == [(world.guild_id >> 22) % 2]
            await client.close()
    assert world.gateway.identifies == 2


async def test_an_unsharded_client_asks_how_many_shards_to_run(world: DiscordWorld) -> None:
    client = discord.AutoShardedClient(intents=discord.Intents.default(), guild_ready_timeout=0.01)
    with pointed_at(world.environ):
        async with asyncio.TaskGroup() as tasks, client:
            tasks.create_task(client.start(world.token))
            await client.wait_until_ready()
            await client.close()
    assert "/gateway/bot" in [request.path for request in world.requests]


async def test_members_are_found_by_name(world: DiscordWorld, bot: Bot) -> None:
    found = await bot.guilds[0].query_members("mi")
    assert [member.id for member in found] == [world.mia.id]


async def test_a_wrong_token_fails_the_login(world: DiscordWorld) -> None:
    with pytest.raises(discord.LoginFailure):
        async with asyncio.timeout(5):
            await _login(world, Bot(), "not-the-token")


async def test_intents_the_portal_did_not_approve_close_the_gateway() -> None:
    async with DiscordWorld(approved_intents=discord.Intents.default().value) as world:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with asyncio.timeout(5):
                await _login(world, Bot(), world.token)


async def _login(world: DiscordWorld, bot: Bot, token: str) -> None:
    with pointed_at(world.environ):
        async with bot:
            await bot.start(token)


async def test_without_the_message_content_intent_what_people_say_is_hidden(world: DiscordWorld) -> None:
    async with running(world.environ, Bot(discord.Intents.default())) as bot:
        await world.people.say(world.mia, world.channel_id, "secret")
        assert (await asyncio.wait_for(bot.heard.get(), 5)).content == ""


async def test_old_buttons_work_after_kill_9_and_a_new_process(world: DiscordWorld) -> None:
    first = await _process(world)
    thread_id = await planned(world)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    await world.wait_for(lambda: not world.gateway.connected)
    second = await _process(world)
    try:
        use = await world.people.press(world.mia, thread_id, label="Greenlight")
        assert use.acknowledged
    finally:
        second.kill()
        await second.wait()


async def _process(world: DiscordWorld) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "tests.sandbox.discord.clients")
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **world.environ})
    await world.ready()
    return process


async def test_kicking_the_bot_is_told_to_it(world: DiscordWorld, bot: Bot) -> None:
    gone = asyncio.get_running_loop().create_task(bot.wait_for("guild_remove", timeout=5))
    await asyncio.sleep(0)
    world.people.kick_bot()
    assert (await gone).id == world.guild_id


async def test_where_people_bring_the_bot_along_it_may_answer_and_nothing_else(world: DiscordWorld, bot: Bot) -> None:
    elsewhere = world.people.found_without_bot("Elsewhere")
    said = await world.people.say(world.tom, elsewhere, "a koi")
    await world.people.menu(world.mia, elsewhere, "Read this", int(said["id"]))

    assert [text_of(m) for m in world.ephemeral_messages(world.mia)] == ["'a koi', installed by a person"]
    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_partial_messageable(elsewhere).send("hello")
    assert refused.value.code == 50001
    assert [guild.name for guild in bot.guilds] == ["Greenlight Studio"]
    assert bot.heard.empty()
