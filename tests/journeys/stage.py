"""A whole bot in a whole world, and what people do there, for stories told as tests."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import discord

from benchmarks.proof.small_bot import SIZE
from sandbox.discord.buckets import UNHURRIED
from sandbox.discord.people import Member, UploadedFile
from sandbox.discord.reading import buttons_of, text_of
from sandbox.discord.world import DiscordWorld
from sandbox.process import BotProcess
from sandbox.providers.accounts import Limits
from sandbox.providers.film import Clip, draw
from sandbox.providers.journal import LoggedRequest
from sandbox.providers.world import ProviderWorld
from sandbox.world import World
from tests import discord_openapi
from tests.discord_openapi import SPEC
from tests.specs import request_violations

T = TypeVar("T")
Message = dict[str, Any]

#: Long enough for a busy machine; nothing waits this long when all is well.
PATIENCE = 150.0


class Stage:
    """`async with Stage(tmp_path) as stage:` has the world and, unless told otherwise, a ready bot in it.

    `without` names services that have no keys; `environ` adds or replaces variables; `pace` is seconds a clip takes.
    Without `reads_all` Discord's portal has the message-content intent switched off.
    Pictures are 160 pixels wide but in `full_size`: most stories look at none, and each film costs the machine seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pace: float = 0.0,
        without: tuple[str, ...] = (),
        environ: Mapping[str, str] | None = None,
        limits: Mapping[str, Limits] | None = None,
        starts: bool = True,
        full_size: bool = False,
        reads_all: bool = True,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        approved = discord.Intents.all()
        approved.message_content = reads_all
        self.discord = DiscordWorld(rates=UNHURRIED, approved_intents=approved.value)
        self.providers = ProviderWorld(
            pace=pace,
            directory=folder / "world",
            limits=limits,
            stock_films=True,
            longest_side=None if full_size else max(SIZE),
        )
        self._program = ("-m", "bot") if full_size else ("-m", "benchmarks.proof.small_bot")
        self.world = World(self.discord, self.providers)
        self.people = self.discord.people
        self.mia, self.tom = self.discord.mia, self.discord.tom
        self._without = without
        self._environ = dict(environ or {})
        self._starts = starts
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._exits.enter_async_context(self.world)
        self.bot = self.process("bot")
        if self._starts:
            await self._exits.enter_async_context(self.bot)
            await self.discord.ready(within=PATIENCE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.bot.said()[-6000:])
        await self._exits.__aexit__(kind, error, trace)
        if kind is None and SPEC.exists():
            assert self.violations() == []

    def violations(self) -> list[str]:
        """What Discord and the providers would have refused of all that the bot sent, by their own documents."""
        found = [words for request in self.discord.requests for words in discord_openapi.violations(request)]
        for asked in self.providers.requests:
            if asked.body is not None:
                broken = request_violations(asked.service, asked.method, asked.path, asked.body)
                found += [words for words in broken if not words.startswith("model: ")]  # younger than the documents
        return [*found, *map(str, self.discord.simulation.gaps)]

    def environ(self) -> dict[str, str]:
        environ = {**self.world.environ(self.data), **self._environ}
        for name in self._without:
            environ.pop(f"{name.upper()}_API_KEYS")
        return environ

    def process(
        self, name: str, environ: Mapping[str, str] | None = None, *, role: str = "all", shards: str | None = None
    ) -> BotProcess:
        """A process of the bot, not started yet; `environ` comes on top of the stage's own."""
        told = {**self.environ(), **(environ or {})}
        return BotProcess(told, self.folder / f"{name}.log", role=role, shards=shards, program=self._program)

    async def restart(self) -> None:
        """Start the bot again after it was killed or stopped, and wait until it is connected."""
        before = self.discord.gateway.identifies
        await self.bot.start()
        await self.until(lambda: self.discord.gateway.connected and self.discord.gateway.identifies > before)

    # --- what people do

    async def plan(self, who: Member, idea: str = "a koi that becomes a dragon, 2 shots", **options: object) -> int:
        """`/plan`, and wait for the card; the thread's id."""
        before = len(self.threads())
        await self.people.slash(who, self.discord.channel_id, "plan", {"idea": idea, **options})
        await self.until(lambda: len(self.threads()) > before)
        thread = self.threads()[-1]
        await self.until(lambda: self.card(thread, "plan v1"))
        return thread

    async def greenlight(self, who: Member, thread: int) -> None:
        await self.until(lambda: self.pressable(thread, "Greenlight"))
        await self.people.press(who, thread, label="Greenlight")

    async def say_and_wait(self, who: Member, thread: int, words: str) -> Message:
        """Say something and wait for the whole answer."""
        said = await self.people.say(who, thread, words)

        def answer() -> Message | None:
            replies = [
                m for m in self.messages(thread) if (m.get("message_reference") or {}).get("message_id") == said["id"]
            ]
            return replies[-1] if replies and not replies[-1]["content"].endswith("…") else None

        return await self.until(answer)

    async def film_in(self, thread: int) -> Message:
        return await self.until(lambda: next(iter(self.films(thread)), None))

    # --- what people see

    def threads(self) -> list[int]:
        return [int(thread["id"]) for thread in self.discord.threads(self.discord.channel_id)]

    def messages(self, channel: int) -> list[Message]:
        return self.discord.messages(channel)

    def films(self, thread: int) -> list[Message]:
        """Messages with a film in them."""
        return [m for m in self.messages(thread) if any(a["filename"].endswith(".mp4") for a in m["attachments"])]

    def card(self, thread: int, words: str) -> Message | None:
        """The newest card that says these words."""
        cards = [m for m in self.messages(thread) if m.get("components") and words in text_of(m)]
        return cards[-1] if cards else None

    def pressable(self, thread: int, label: str) -> bool:
        return any(button["label"] == label for m in self.messages(thread) for button in buttons_of(m))

    def labels(self, thread: int) -> list[str]:
        """Of all buttons in a thread."""
        return [button["label"] for m in self.messages(thread) for button in buttons_of(m)]

    def told(self, who: Member) -> str:
        """The newest thing that only this person sees."""
        seen = self.discord.ephemeral_messages(who)
        return text_of(seen[-1]) if seen else ""

    def read(self, thread: int) -> str:
        """Everything that is said in a thread, as text."""
        return "\n".join(text_of(message) for message in self.messages(thread))

    def film_bytes(self, film: Message) -> bytes:
        path = film["attachments"][0]["url"].split("?")[0].removeprefix(self.discord.cdn_url)
        found = self.discord.simulation.file(path)
        assert found is not None, path
        return found[0]

    # --- waiting

    async def until(self, look: Callable[[], T | None], *, within: float = PATIENCE) -> T:
        return await self.discord.wait_for(look, within=within)

    async def until_ordered(self, look: Callable[[], bool], *, within: float = PATIENCE) -> None:
        await self.providers.wait_for(lambda _: look(), within)

    async def until_told(self, who: Member, words: str) -> str:
        await self.until(lambda: words in self.told(who))
        return self.told(who)

    # --- what was ordered

    def orders(self, service: str = "runway", *, accepted: bool = False) -> list[LoggedRequest]:
        """Paid POSTs that arrived, by default refused ones as well."""
        return self.providers.paid(service, accepted=accepted)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of the bot's database, read while it runs."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return list(connection.execute(query))
        finally:
            connection.close()

    @property
    def database(self) -> Path:
        return self.data / "greenlight.db"


async def clip(folder: Path, *, seconds: float = 2.0) -> UploadedFile:
    """A small real video to upload."""
    target = folder / "upload.mp4"
    await draw(Clip(id="upload", prompt="koi in a pond", duration=seconds, width=320, height=180, audio=True), target)
    return UploadedFile("my pond.mp4", await asyncio.to_thread(target.read_bytes))
