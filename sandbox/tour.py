"""The whole story, played without a person: an idea and a video become a plan, a talk, a film, in spite of everything.

Each scene says what it expects and fails with what was there instead. What people saw is written down on the way.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sandbox.discord.people import Member, UploadedFile
from sandbox.discord.reading import buttons_of, mentioned, text_of
from sandbox.pictures import NothingPlays, Pictures
from sandbox.process import BotProcess
from sandbox.providers.film import Clip, draw
from sandbox.providers.journal import LoggedRequest
from sandbox.world import World

T = TypeVar("T")
Message = dict[str, Any]

IDEA = "a koi that becomes a dragon"
CHANGE = "make shot 2 shorter and set it at night"
#: Seconds a clip takes in the tour: long enough to be killed in the middle of.
PACE = 3.0


class TourFailed(Exception):
    """Something that should have happened did not; the text says what."""


@dataclass(slots=True)
class Tour:
    """Plays the story in `folder`: film.mp4, transcript.md, bot.log and, with pictures, *.png are left there."""

    world: World
    folder: Path
    pictures: Pictures | None = None
    _lines: list[str] = field(default_factory=list)

    async def play(self) -> None:
        """Play all scenes. Raises `TourFailed`."""
        discord = self.world.discord
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        async with BotProcess(self.world.environ(data), self.folder / "bot.log") as bot:
            try:
                began = time.monotonic()
                await self._until("the bot is ready", lambda: discord.gateway.connected and bool(discord.commands))
                self._told(f"The bot was ready after {time.monotonic() - began:.1f} s")
                thread = await self._plan(discord.mia)
                await self._change(discord.mia, thread)
                await self._stranger(discord.tom, thread)
                await self._render_through_a_crash(discord.mia, thread, bot)
                await self._cancel(discord.tom)
            except NothingPlays as error:
                raise TourFailed(f"expected that the film plays. {error}") from error
            except (TimeoutError, AssertionError) as error:
                raise TourFailed(f"{error}\nThe bot's last words:\n{bot.said()[-3000:]}") from error
            finally:
                self._write_transcript()
            code = await bot.stop()
            _expect(code == 0, f"the bot stops with 0, not {code}")
            self._told("SIGTERM stopped the bot cleanly")

    async def _plan(self, mia: Member) -> int:
        """`/plan` with a clip: answered within a second, a thread, an analysis, a card."""
        discord, providers = self.world.discord, self.world.providers
        clip = self.folder / "upload.mp4"
        shown = Clip(id="upload", prompt="koi in a pond", duration=3, width=640, height=360, audio=True)
        await draw(shown, clip)
        asked = time.monotonic()
        video = UploadedFile("my pond.mp4", clip.read_bytes())
        use = await discord.people.slash(mia, discord.channel_id, "plan", {"idea": IDEA, "video": video})
        took = time.monotonic() - asked
        _expect(use.acknowledged and took < 1.0, f"/plan is answered within a second, not after {took:.2f} s")
        self._told(f"/plan was answered after {took * 1000:.0f} ms")
        threads = await self._until("a thread opens", lambda: discord.threads(discord.channel_id))
        thread = int(threads[0]["id"])
        card = await self._until("a plan card appears", lambda: self._card(thread, "plan v1"))
        text = text_of(card)
        for part in ("shots", "**1. ", "Cost", " s · "):
            _expect(part in text, f"the plan card says {part!r}")
        _expect({"Greenlight", "Change…"} <= {b["label"] for b in buttons_of(card)}, "the card has its buttons")
        uploads = [r for r in providers.requests if r.service == "gemini" and "upload" in r.path]
        _expect(bool(uploads), "the clip was uploaded for analysis")
        await self._look("1-plan", thread)
        return thread

    async def _change(self, mia: Member, thread: int) -> None:
        """Words in the thread make v2, say what changed, and the old card points to the new one."""
        discord = self.world.discord
        await discord.people.say(mia, thread, CHANGE)
        card = await self._until("the plan becomes v2", lambda: self._card(thread, "plan v2"))
        _expect("Changed since v1" in text_of(card) and "shot 2" in text_of(card), "v2 says what changed")
        old = lambda: next((m for m in discord.messages(thread) if "Replaced by" in text_of(m)), None)  # noqa: E731
        replaced = await self._until("the old card points to the new one", old)
        _expect("v2" in text_of(replaced) and str(card["id"]) in text_of(replaced), "it links to the new card")
        _expect(not buttons_of(replaced), "the old card has no buttons")
        answer = lambda: next(  # noqa: E731
            (m for m in discord.messages(thread) if "Plan **v2**" in (m.get("content") or "")), None
        )
        await self._until("the answer is whole", answer)
        await self._look("2-changed", thread)

    async def _stranger(self, tom: Member, thread: int) -> None:
        """Somebody else's press is refused in private."""
        discord = self.world.discord
        await discord.people.press(tom, thread, label="Greenlight")
        await self._until(
            "Tom is told that it isn't his",
            lambda: any("belongs to" in text_of(m) for m in discord.ephemeral_messages(tom)),
        )
        _expect(not self.world.providers.paid("runway", accepted=False), "nothing was ordered")
        self._told(f"Tom read in private: {text_of(discord.ephemeral_messages(tom)[-1])}")

    async def _render_through_a_crash(self, mia: Member, thread: int, bot: BotProcess) -> None:
        """Greenlight, kill -9 in the middle, start again: one film, each shot ordered once."""
        discord, providers = self.world.discord, self.world.providers
        shots = _shots_of(text_of(self._card(thread, "plan v2") or {}))
        await discord.people.press(mia, thread, label="Greenlight")
        await self._until("a job card shows progress", lambda: self._card(thread, " of "))
        await self._until_provider("all shots are ordered", lambda: len(providers.paid("runway")) == shots)
        # An order that was looked at is written down; one killed before that would be held, and rightly so.
        await self._until_provider("each was looked at", lambda: len(_looked_at(providers.requests)) == shots)
        percent = lambda: re.search(r"rendering [1-9]\d* %", text_of(self._card(thread, " of ") or {}))  # noqa: E731
        await self._until("a shot shows how far it is", percent)
        await self._look("3-rendering", thread)
        await bot.kill()
        self._told(f"The bot was killed with {shots} shots ordered")
        await bot.start()
        film = await self._until(
            "the film arrives",
            lambda: next((m for m in discord.messages(thread) if m.get("attachments")), None),
            within=90,
        )
        _expect(mentioned(film, mia.id), "the film's message mentions Mia")
        await self._until("the job card says done", lambda: self._card(thread, "Done"))
        await asyncio.sleep(2)  # a second delivery would come now
        films = [m for m in discord.messages(thread) if m.get("attachments")]
        _expect(len(films) == 1, f"the film is posted once, not {len(films)} times")
        ordered = len(providers.paid("runway", accepted=False))
        _expect(ordered == shots, f"{shots} shots are ordered once each, not {ordered} times in all")
        found = discord.simulation.file(_path(film["attachments"][0]["url"]))
        assert found is not None
        (self.folder / "film.mp4").write_bytes(found[0])
        self._told(f"The film arrived once: {len(found[0]) / 1024:.0f} KiB, {shots} shots ordered once each")
        await self._look("4-film", thread, plays=True)

    async def _cancel(self, tom: Member) -> None:
        """Another film is cancelled while it renders, and stops."""
        discord, providers = self.world.discord, self.world.providers
        await discord.people.slash(tom, discord.channel_id, "plan", {"idea": "a lighthouse in a storm"})
        threads = await self._until("Tom's thread opens", lambda: discord.threads(discord.channel_id)[1:])
        thread = int(threads[0]["id"])
        await self._until("Tom's plan appears", lambda: self._card(thread, "plan v1"))
        before = len(providers.paid("runway"))
        await discord.people.press(tom, thread, label="Greenlight")
        await self._until_provider("Tom's shots are ordered", lambda: len(providers.paid("runway")) > before)
        await self._until("his job card has a Cancel button", lambda: self._pressable(thread, "Cancel"))
        await discord.people.press(tom, thread, label="Cancel")
        await self._until("the card says cancelled", lambda: self._card(thread, "Cancelled"))
        stopped = [r for r in providers.requests if r.service == "runway" and r.method == "DELETE"]
        _expect(bool(stopped), "the orders were stopped at the provider")
        self._told(f"Tom's film was cancelled; {len(stopped)} orders were stopped at the provider")

    # --- looking

    async def _until(self, what: str, look: Callable[[], T | None], *, within: float = 30.0) -> T:
        began = time.monotonic()
        try:
            found = await self.world.discord.wait_for(look, within=within)
        except TimeoutError as error:
            raise TourFailed(f"expected that {what}, within {within:g} s. {error}") from error
        print(f"  ✓ {what} ({time.monotonic() - began:.1f} s)", flush=True)
        return found

    async def _until_provider(self, what: str, look: Callable[[], bool]) -> None:
        try:
            await self.world.providers.wait_for(lambda _: look(), 60.0)
        except TimeoutError as error:
            raise TourFailed(f"expected that {what}, within 60 s") from error
        print(f"  ✓ {what}", flush=True)

    def _card(self, thread: int, words: str) -> Message | None:
        """The newest card of the bot that says these words."""
        cards = [m for m in self.world.discord.messages(thread) if m.get("components") and words in text_of(m)]
        return cards[-1] if cards else None

    def _pressable(self, thread: int, label: str) -> bool:
        return any(b["label"] == label for m in self.world.discord.messages(thread) for b in buttons_of(m))

    async def _look(self, name: str, thread: int, *, plays: bool = False) -> None:
        """Write down what the thread shows, and take its picture where there is a browser, its last film playing.

        Raises `NothingPlays`.
        """
        self._lines.append(f"\n## {name}\n")
        for message in self.world.discord.messages(thread):
            files = ", ".join(a["filename"] for a in message.get("attachments") or ())
            buttons = " ".join(f"[{b['label']}]" for b in buttons_of(message))
            body = text_of(message).replace("\n", "\n> ")
            extra = "".join(f"\n>\n> {part}" for part in (files, buttons) if part)
            self._lines.append(f"**{message['author']['username']}**\n\n> {body}{extra}\n")
        if self.pictures is not None:
            url = await self.world.discord.pages.url_of(thread)
            target = self.folder / f"{name}.png"
            if not plays:
                await self.pictures.take(url, target)
                return
            played = await self.pictures.play(url, target)
            self._told(f"The film of {played.duration:.1f} s plays in the page, {played.width} × {played.height}")

    def _told(self, line: str) -> None:
        print(f"  · {line}", flush=True)
        self._lines.append(f"*{line}.*\n")

    def _write_transcript(self) -> None:
        text = "\n".join(["# The tour, as people saw it", *self._lines])
        (self.folder / "transcript.md").write_text(text, encoding="utf-8")


def _expect(fact: bool, what: str) -> None:  # reads like assert, and stays with -O
    if not fact:
        raise TourFailed(f"expected that {what}")


def _looked_at(requests: Sequence[LoggedRequest]) -> set[str]:
    return {request.path for request in requests if request.path.startswith("/v1/tasks/")}


def _shots_of(card: str) -> int:
    return sum(line.startswith("**") and line[2:].split(".")[0].isdecimal() for line in card.splitlines())


def _path(url: str) -> str:
    return urlsplit(url).path
