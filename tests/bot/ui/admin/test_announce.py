"""What operators tell everybody: seen first, confirmed once, posted once in each channel, over crashes and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.production.announcements import TRIES, Announcement, Audience, Progress
from bot.studio.guilds import Guilds, GuildSettings
from bot.ui.announcing import Announcer, words_of
from tests.bot.ui.admin.panel import OF_ALL, Panel, labels
from tests.bot.ui.test_cards import text
from tests.bot.ui.test_sending import http
from tests.bot.ui.wire import Wire

WORDS = "Runway is away tonight; [read](https://example.org) on."


class Hall(Panel):
    """A panel with a Discord that is told."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, folder)
        self.wire = Wire(lambda: self.now)
        client: Any = self.wire
        self.announcer = Announcer(client, self.announcements, clock=lambda: self.now)

    async def logs(self, **channels: int) -> None:
        for number, channel in enumerate(channels.values(), start=1):
            chosen = GuildSettings(log_channel_id=channel)
            await Guilds(self.database).change(number, lambda _, chosen=chosen: chosen)  # type: ignore[misc]

    async def drafted(self, audience: Audience = Audience.LOGS) -> Announcement:
        return await self.announcements.draft(WORDS, audience, OF_ALL.user_id)

    def told(self) -> list[tuple[int, str]]:
        return [(channel, sent.content) for channel, sent in self.wire.all()]


@pytest.fixture
async def hall(database: Database, tmp_path: Path) -> Hall:
    hall = Hall(database, tmp_path)
    await hall.logs(a=101, b=102)
    return hall


async def test_nothing_is_told_before_it_is_confirmed_and_then_once_in_each_channel(hall: Hall) -> None:
    card = await hall.announce.draft(OF_ALL, Audience.LOGS, WORDS)
    assert "2 channels now" in text(card)
    assert labels(card) == ["Send it", "Throw it away"]
    await hall.announcer.look()
    assert not hall.told()

    drafted = await hall.drafted()
    assert "2 channels" in text(await hall.announce.send(OF_ALL, drafted.id))
    assert "2 follow" in text(await hall.announce.send(OF_ALL, drafted.id))  # pressed twice
    for _ in range(3):
        await hall.announcer.look()
    told = hall.told()
    assert [channel for channel, _ in told] == [101, 102]
    assert all("](https" not in words for _, words in told)  # no link hides its address
    assert await hall.announcements.progress(drafted.id) == Progress(posted=2, failed=0, waiting=0)
    assert [line.action for line in await hall.audit.lines(begin=0, most=9)] == ["announce"]


async def test_threads_of_films_that_are_not_over_are_told_once_each(hall: Hall) -> None:
    await hall.enter("a")
    await hall.enter("b")  # both are talked over in one channel
    over = await hall.enter("c")
    await hall.lifecycle.stop(over.id, over.owner_id)

    drafted = await hall.drafted(Audience.FILMS)
    assert await hall.announcements.confirm(drafted.id, 9) == 1
    await hall.announcer.look()
    assert [channel for channel, _ in hall.told()] == [77]


async def test_a_draft_that_is_thrown_away_is_gone_and_one_that_was_sent_is_not(hall: Hall) -> None:
    drafted = await hall.drafted()
    assert "Thrown away" in text(await hall.announce.drop(OF_ALL, drafted.id))
    assert await hall.announcements.confirm(drafted.id, 9) is None
    sent = await hall.drafted()
    await hall.announcements.confirm(sent.id, 9)
    assert "sent already" in text(await hall.announce.drop(OF_ALL, sent.id))


async def test_a_crash_after_the_message_and_before_its_row_posts_nothing_twice(hall: Hall) -> None:
    drafted = await hall.drafted()
    await hall.announcements.confirm(drafted.id, 9)
    post = (await hall.announcements.due())[0]
    await hall.announcements.begin(post)
    nobody = discord.AllowedMentions.none()
    channel = hall.wire.get_partial_messageable(post.channel.id)
    await channel.send(words_of(post), allowed_mentions=nobody, nonce="forgotten by now")

    await hall.announcer.look()

    assert [channel for channel, _ in hall.told()] == [101, 102]
    assert hall.wire.looks == [101]


async def test_a_channel_that_refuses_is_left_out_and_a_busy_one_tried_again(hall: Hall) -> None:
    hall.wire.always[101] = http(403, 50013)
    hall.wire.faults[102] = [http(429)]
    drafted = await hall.drafted()
    await hall.announcements.confirm(drafted.id, 9)
    await hall.announcer.look()
    assert (await hall.announcements.progress(drafted.id)).failed == 1

    hall.now += 3600.0
    await hall.announcer.look()
    assert await hall.announcements.progress(drafted.id) == Progress(posted=1, failed=1, waiting=0)


async def test_a_channel_that_never_answers_is_given_up(hall: Hall) -> None:
    drafted = await hall.drafted()
    await hall.announcements.confirm(drafted.id, 9)
    for _ in range(TRIES):
        for post in await hall.announcements.due():
            await hall.announcements.begin(post)
            await hall.announcements.failed(post, "Busy:0", for_good=False)
        hall.now += 4000.0 * 2

    assert await hall.announcements.progress(drafted.id) == Progress(posted=0, failed=2, waiting=0)
