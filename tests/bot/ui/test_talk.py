"""Showing answers: whoever writes never waits for Discord, and the last text always goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.studio.model import Heard, Project, ProjectKind
from bot.ui.talk import EDIT_EVERY, PIECE, TYPING_EVERY, Reply, Talk
from providers.errors import Unavailable
from tests import virtual_time
from tests.bot.studio.samples import plan, project
from tests.bot.ui.fakes import BUSY, Channel, Client
from tests.bot.ui.test_sending import http

HEARD = Heard(turn_id=3, project_id="a" * 32, message_id=9, words="night")


def told(
    channel: Channel,
    story: Callable[[Reply], Awaitable[None]],
    kept: list[int] | None = None,
    *,
    about: Project | None = None,
) -> Reply:
    """Tell a story to a reply in this channel, to its end, on virtual time; `kept` is what its row remembers."""
    client: Any = Client(channel)
    row = kept if kept is not None else []

    async def keep(_: int, messages: Sequence[int]) -> None:
        row[:] = messages

    async def whole() -> Reply:
        async with Talk(client, keep).open(replace(HEARD, messages=tuple(row)), about or project()) as reply:
            await story(reply)
        return reply

    return virtual_time.run(whole())


async def _finished(reply: Reply) -> None:
    reply.finish("It is night.", None)


def test_an_answer_is_one_message_that_grows_and_ends_whole() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        for text in ("It", "It is", "It is night."):
            reply.show(text)
            await asyncio.sleep(2 * EDIT_EVERY)
        reply.finish("It is night.", plan(version=2, changes="title: Night"))

    reply = told(channel, story)

    assert channel.texts == ["It …", "It is …", "It is night. …", "It is night.\n-# Plan **v2**: title: Night"]
    assert len(channel.posted) == 1
    assert channel.posted[0].facts["reference"].message_id == 9
    assert reply.stands


def test_who_writes_never_waits_for_a_slow_discord() -> None:
    channel = Channel()
    channel.slowness = 10.0
    written_after: list[float] = []

    async def story(reply: Reply) -> None:
        for number in range(20):
            reply.show("word " * number)
            await asyncio.sleep(0.1)
        reply.finish("Done.", None)
        written_after.append(virtual_time.now())

    told(channel, story)

    assert written_after == [pytest.approx(2.0)]
    assert channel.texts[-1] == "Done."


def test_many_pieces_are_few_edits_and_the_newest_counts() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        for number in range(1, 101):
            reply.show(f"{number}")
            await asyncio.sleep(0.05)
        reply.finish("100", None)

    told(channel, story)

    assert len(channel.texts) <= 2 + 5.0 / EDIT_EVERY
    assert channel.texts[-1] == "100"


def test_the_end_is_insisted_on_and_what_is_half_is_not() -> None:
    channel = Channel()
    channel.faults = {"edit": [http(BUSY), http(BUSY), http(BUSY)]}

    async def story(reply: Reply) -> None:
        for text in ("It", "It is", "It is night"):
            reply.show(text)
            await asyncio.sleep(2 * EDIT_EVERY)
        reply.finish("It is night.", None)

    assert told(channel, story).stands
    assert channel.texts == ["It …", "It is night."]
    assert channel.calls.count("edit") == 4


def test_an_end_that_discord_does_not_take_does_not_stand() -> None:
    channel = Channel()
    channel.faults = {"send": [http(BUSY) for _ in range(9)]}

    assert not told(channel, _finished).stands


def test_an_end_that_nobody_is_left_to_read_is_over() -> None:
    channel = Channel()
    channel.faults = {"send": [http(404, 10003)]}

    assert told(channel, _finished).stands


def test_a_message_whose_answer_was_lost_still_ends_whole() -> None:
    channel = Channel()
    channel.lose_answer_of = {"send"}

    async def story(reply: Reply) -> None:
        reply.show("It")
        await asyncio.sleep(2 * EDIT_EVERY)
        reply.finish("It is night.", None)

    assert told(channel, story).stands
    assert [each.content for each in channel.posted] == ["It is night."]


def test_an_answer_cut_off_by_a_crash_is_ended_in_its_message_while_discord_knows_its_nonce() -> None:
    channel = Channel()

    async def crash(reply: Reply) -> None:
        reply.show("It")
        await asyncio.sleep(1.0)
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        told(channel, crash)
    assert [each.content for each in channel.posted] == ["It …"]

    told(channel, _finished)

    assert [each.content for each in channel.posted] == ["It is night."]


def test_while_there_are_no_words_the_typing_sign_is_renewed() -> None:
    channel = Channel()
    channel.faults = {"typing": [http(BUSY)]}

    async def story(reply: Reply) -> None:
        await asyncio.sleep(TYPING_EVERY * 3.5)
        reply.show("It")
        await asyncio.sleep(TYPING_EVERY * 3)
        reply.finish("It is night.", None)

    told(channel, story)

    assert channel.calls == ["typing"] * 3 + ["send", "edit"]


def test_a_failure_says_what_happens_next_and_that_nothing_changed() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        reply.show("It")
        reply.fail(Unavailable("gemini"))

    told(channel, story)

    assert channel.texts[-1].endswith("-# The plan is as it was.")


def test_a_failure_about_a_video_speaks_of_no_plan() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        reply.fail(Unavailable("gemini"))

    told(channel, story, about=project(kind=ProjectKind.ANALYSIS))

    assert "plan" not in channel.texts[-1]
    assert "It" not in channel.texts[-1].split()


def test_a_fault_of_ours_in_showing_ends_no_turn() -> None:
    channel = Channel()
    broken: Any = [ZeroDivisionError()]
    channel.faults = {"send": broken}

    assert not told(channel, _finished).stands


def test_words_of_a_model_ping_nobody_and_hide_no_link() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        reply.finish("@everyone look at [this](https://example.org)", None)

    told(channel, story)

    assert "@everyone" not in channel.texts[0]
    assert "](" not in channel.texts[0]


# Over more than one message


LONG = "\n".join(f"{number}. A line about the koi, the pond and the dragon." for number in range(80))


def _whole(channel: Channel) -> str:
    return "\n".join(each.content for each in channel.posted)


def test_a_long_answer_is_as_many_messages_as_it_takes_and_nothing_of_it_is_lost() -> None:
    channel = Channel()

    async def story(reply: Reply) -> None:
        for end in range(100, len(LONG), 100):
            reply.show(LONG[:end])
            await asyncio.sleep(0.2)
        reply.finish(LONG, plan(version=2, changes="title: Night"), -250_000)

    assert told(channel, story).stands
    assert _whole(channel) == f"{LONG}\n-# Plan **v2**: title: Night · costs $0.25 less"
    assert len(channel.posted) == 3
    assert all(len(text) <= PIECE for text in channel.texts)
    assert [each.facts["reference"] is not None for each in channel.posted] == [True, False, False]


def test_the_rest_of_a_long_answer_is_insisted_on() -> None:
    channel = Channel()
    channel.faults = {"send": [None, http(BUSY), http(429), None]}

    async def story(reply: Reply) -> None:
        reply.finish(LONG, None)

    assert told(channel, story).stands
    assert _whole(channel) == LONG


def test_after_a_crash_the_same_messages_go_on_however_late() -> None:
    channel, kept = Channel(), list[int]()

    async def crash(reply: Reply) -> None:
        reply.show(LONG)
        await asyncio.sleep(EDIT_EVERY / 2)
        reply.show(f"{LONG}.")
        await asyncio.sleep(2 * EDIT_EVERY)
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        told(channel, crash, kept)
    channel.forget_nonces()
    assert len(kept) == 2

    async def ends(reply: Reply) -> None:
        reply.finish(LONG, None)

    told(channel, ends, kept)

    assert _whole(channel) == LONG
    assert kept == [each.id for each in channel.posted]


def test_what_a_longer_answer_left_before_a_crash_goes() -> None:
    channel, kept = Channel(), list[int]()

    async def story(reply: Reply) -> None:
        reply.finish(LONG, None)

    told(channel, story, kept)
    told(channel, _finished, kept)

    assert [each.content for each in channel.posted] == ["It is night."]
    assert len(kept) == 1


def test_the_end_need_not_wait_for_the_pace() -> None:
    channel = Channel()
    ended_at: list[float] = []

    async def story(reply: Reply) -> None:
        reply.show("It")
        await asyncio.sleep(0.1)
        reply.finish("It is night.", None)
        ended_at.append(virtual_time.now())

    async def whole() -> float:
        client: Any = Client(channel)
        async with Talk(client).open(HEARD, project()) as reply:
            await story(reply)
        return virtual_time.now()

    assert virtual_time.run(whole()) - ended_at[0] < EDIT_EVERY / 2
