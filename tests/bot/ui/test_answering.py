"""Answers hold to what Discord takes, and no form comes too late."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from bot.ui.answering import MAX_CONTENT, Answer, answer, open_modal
from providers.catalogue import utf16_units
from tests import virtual_time
from tests.bot.ui.test_sending import http


class Asked:
    """An interaction of now, or of so many seconds ago."""

    def __init__(self, *, ago: float = 0.0) -> None:
        self.id = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(seconds=ago))
        self.response = self.followup = self
        self.said: list[tuple[str, list[str], bool]] = []
        self.modals: list[ui.Modal] = []
        self.fault: Exception | None = None

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        pass

    async def send_modal(self, modal: ui.Modal) -> None:
        self.modals.append(modal)

    async def send_message(self, words: str, *, ephemeral: bool) -> None:
        self.said.append((words, [], ephemeral))

    async def send(self, words: str, *, files: list[discord.File] | None = None, ephemeral: bool) -> None:
        self._take(words, files, is_private=ephemeral)

    async def edit_original_response(
        self, *, content: str, view: object = None, attachments: list[discord.File] | None = None
    ) -> None:
        self._take(content, attachments, is_private=True)

    def _take(self, words: str, files: list[discord.File] | None, *, is_private: bool) -> None:
        if self.fault is not None and files:
            raise self.fault
        self.said.append((words, [file.filename for file in files or ()], is_private))


async def answered(found: Answer, *, fault: Exception | None = None) -> Asked:
    asked: Any = Asked()
    asked.fault = fault

    async def act() -> Answer:
        return found

    await answer(asked, act)
    return asked  # type: ignore[no-any-return]


def file(name: str) -> discord.File:
    return discord.File(io.BytesIO(b"x"), filename=name)


async def test_words_that_discord_would_refuse_are_shortened_not_lost() -> None:
    [(words, _, _)] = (await answered(Answer("🎬 long " * 1_000))).said

    assert 1_900 < utf16_units(words) <= MAX_CONTENT
    assert words.endswith("…")


async def test_what_one_message_does_not_hold_follows_in_private() -> None:
    asked = await answered(Answer("first", files=[file("1")], then=Answer("second", files=[file("2")])))

    assert asked.said == [("first", ["1"], True), ("second", ["2"], True)]


async def test_words_of_what_follows_are_read_even_where_its_files_are_not_taken() -> None:
    asked = await answered(Answer("first", then=Answer("second", files=[file("2")])), fault=http(413, 40005))

    assert [words.splitlines()[0] for words, _, _ in asked.said] == ["first", "second"]
    assert "did not take the files" in asked.said[1][0]


async def found_after(seconds: float, asked: Asked) -> Asked:
    async def make() -> ui.Modal:
        await asyncio.sleep(seconds)
        return ui.Modal(title="Form", custom_id="form", timeout=None)

    interaction: Any = asked
    await open_modal(interaction, make)
    return asked


def test_a_form_that_is_not_found_in_time_is_told_while_discord_still_listens() -> None:
    async def story() -> list[Asked]:
        return [await found_after(seconds, Asked(ago=ago)) for seconds, ago in ((2.0, 0.0), (2.5, 0.0), (2.0, 1.0))]

    quick, slow, late = virtual_time.run(story())

    assert [len(asked.modals) for asked in (quick, slow, late)] == [1, 0, 0]
    assert [asked.said for asked in (slow, late)] == [[("That took too long; press again.", [], True)]] * 2


def test_a_clock_of_ours_that_goes_wrong_closes_no_form() -> None:
    async def story() -> list[Asked]:
        return [await found_after(0.5, Asked(ago=ago)) for ago in (-3_600.0, 3_600.0)]

    assert [len(asked.modals) for asked in virtual_time.run(story())] == [1, 1]
