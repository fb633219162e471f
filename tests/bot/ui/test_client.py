"""What comes in is handed on: which film a message is about, and answers that stand once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.ui.client import Greenlight
from bot.ui.sending import Busy
from tests import virtual_time
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import OWNER
from tests.bot.ui.fakes import BUSY, Channel
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_sending import http

US = 424242424242424242
THREAD = 7


class Message:
    """A message with what we read of one."""

    def __init__(
        self, channel: Channel, content: str = "", *, number: int = 1, author_id: int = OWNER, file: str = ""
    ) -> None:
        self.id = number
        self.channel = channel
        self.content = content
        self.author: Any = type("Author", (), {"id": author_id, "bot": False})()
        self.guild: discord.Object | None = discord.Object(5)
        self.webhook_id = None
        self.type = discord.MessageType.default
        self.reference = None
        self.raw_mentions = [US] if f"<@{US}>" in content else []
        attached: Any = type("File", (), {"content_type": None, "filename": file, "url": "https://x", "size": 5})()
        self.attachments = [attached] if file else []

    def to_reference(self, *, fail_if_not_exists: bool) -> int:
        assert not fail_if_not_exists
        return self.id


class Lobby:
    def __init__(self, database: Database, folder: Path) -> None:
        self.counter = Counter(database)
        self.client = Greenlight(
            desk=self.counter.desk, projects=self.counter.projects, sync_mark=folder / "commands.sha256"
        )
        us: Any = discord.Object(US)
        self.client._connection.user = us
        self.channel = Channel(THREAD)
        self.client.get_partial_messageable = lambda *_, **__: self.channel  # type: ignore[assignment,method-assign]  # Discord's side

    async def hear(self, message: Message) -> None:
        heard: Any = message
        await self.client.on_message(heard)

    async def asked(self) -> list[str]:
        return [heard.words for heard in await self.counter.projects.unanswered()]


@pytest.fixture
async def lobby(database: Database, tmp_path: Path) -> Lobby:
    return Lobby(database, tmp_path)


async def test_the_owners_words_are_heard_and_answered_with_a_sign_at_once(lobby: Lobby) -> None:
    project = await lobby.counter.film()
    await lobby.counter.projects.set_thread(project.id, THREAD)

    await lobby.hear(Message(lobby.channel, f"<@{US}> at night"))

    assert (await lobby.asked(), lobby.channel.calls) == (["at night"], ["typing"])


async def test_files_that_are_no_videos_are_told_to_their_owner_only(lobby: Lobby) -> None:
    project = await lobby.counter.film()
    await lobby.counter.projects.set_thread(project.id, THREAD)

    await lobby.hear(Message(lobby.channel, "look", author_id=STRANGER, file="cat.png"))
    assert lobby.channel.texts == []
    await lobby.hear(Message(lobby.channel, "like this", number=2, file="cat.png"))

    assert "only use video" in lobby.channel.texts[0]
    assert await lobby.asked() == ["like this"]


async def test_a_stranger_who_mentions_us_in_a_films_thread_hears_whose_it_is(lobby: Lobby) -> None:
    project = await lobby.counter.film()
    await lobby.counter.projects.set_thread(project.id, THREAD)

    await lobby.hear(Message(lobby.channel, f"<@{US}> longer", author_id=STRANGER))

    assert f"<@{OWNER}>" in lobby.channel.texts[0]
    assert await lobby.asked() == []


async def test_in_a_channel_without_threads_everybody_talks_to_their_own_film(lobby: Lobby) -> None:
    lobby.channel.faults = {"thread": [http(403, 50013), http(403, 50013)]}
    for number, author_id in ((1, OWNER), (2, STRANGER)):
        await lobby.hear(Message(lobby.channel, f"<@{US}> a koi", number=number, author_id=author_id))

    films = [await lobby.counter.projects.in_thread(THREAD, owner_id=owner) for owner in (OWNER, STRANGER)]
    assert [film.owner_id for film in films if film is not None] == [OWNER, STRANGER]
    assert "mention me or reply to me" in lobby.channel.texts[-1]

    await lobby.hear(Message(lobby.channel, "what a day", number=3))
    for film in films:
        assert film is not None
        await lobby.counter.projects.fail(film.id, "Unavailable")
    await lobby.hear(Message(lobby.channel, f"<@{US}> a dragon", number=4))

    mine = await lobby.counter.projects.in_thread(THREAD, owner_id=OWNER)
    assert mine is not None
    assert mine.idea == "a dragon"
    assert len(await lobby.counter.projects.unfinished()) == 1


async def test_a_dm_says_how_to_start_another_film_and_does(lobby: Lobby) -> None:
    first, other, change = [
        Message(lobby.channel, words, number=number)
        for number, words in enumerate(["a koi", f"<@{US}> a dragon", "at night"], start=1)
    ]
    for message in (first, other, change):
        message.guild = None

    for message in (first, other, change):
        lobby.counter.now += 1.0
        await lobby.hear(message)

    assert "mention me" in lobby.channel.texts[0]
    assert [film.idea for film in await lobby.counter.projects.unfinished()] == ["a koi", "a dragon"]
    [heard] = await lobby.counter.projects.unanswered()
    newest = await lobby.counter.projects.in_thread(THREAD)
    assert newest is not None
    assert (heard.words, heard.project_id, newest.idea) == ("at night", newest.id, "a dragon")


def test_an_answer_whose_answer_is_lost_stands_once(tmp_path: Path) -> None:
    channel = Channel()
    channel.lose_answer_of = {"send"}
    message: Any = Message(channel)

    async def story() -> None:
        unused: Any = None
        client = Greenlight(desk=unused, projects=unused, sync_mark=tmp_path / "commands.sha256")
        await client._reply(message, "On it!")
        await client._reply(message, "Another thing.")

    virtual_time.run(story())

    assert channel.texts == ["On it!", "Another thing."]
    assert channel.calls == ["send", "send", "send"]
    assert channel.posted[0].facts["reference"] == 1


async def test_a_busy_discord_at_the_asking_is_told_as_what_it_is(lobby: Lobby) -> None:
    class BusyThreads:
        async def open(self, _: object) -> int:
            raise Busy(str(BUSY))

    busy: Any = BusyThreads()
    lobby.client.threads = busy

    words = await lobby.client.open_thread(await lobby.counter.film())

    assert words.startswith("Discord is slow right now")
