"""Faults of the gateway and at the door: the library's own client, kept connected as the service does it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.app.service import DiscordRefused
from sandbox.discord.faults import Effect, Fault
from tests.bot.production import hurry
from tests.bot.waiting import until
from tests.faults.front import Front, front

Story = Callable[[Front], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    """Call as `tell(story)`: runs a story of a front and its Discord, in a hurry."""

    async def whole(story: Story, world: dict[str, float]) -> None:
        async with front(tmp_path, **world) as each:
            await story(each)

    return lambda story, **world: hurry.run(whole(story, world))


Tell = Callable[..., None]

BREAKS: dict[str, Callable[[Front], None]] = {
    "F1 reset": lambda front: front.world.faults.drop_gateway(),
    "F1 closed with 4000": lambda front: _close(front, 4000),
    "F1 closed with 1000": lambda front: _close(front, 1000),
    "F1 closed with 4009": lambda front: _close(front, 4009),
    "F2 op 7": lambda front: front.world.faults.reconnect(),
}


def _close(front: Front, code: int) -> None:
    front.world.faults.close_gateway(code)
    front.world.gateway._closes_with = 0  # once only


@pytest.mark.parametrize("name", BREAKS)
def test_a_connection_that_breaks_is_resumed_and_nothing_is_heard_twice(tell: Tell, name: str) -> None:
    async def story(front: Front) -> None:
        async with front.connected():
            film = await front.film()
            assert film.thread_id is not None
            await front.world.people.say(front.world.mia, film.thread_id, "at night")
            BREAKS[name](front)
            await front.world.people.say(front.world.mia, film.thread_id, "and shorter")
            await front.until(lambda: front.world.gateway.resumes or front.world.gateway.identifies > 1)
            await front.until(lambda: front.world.gateway.connected)
            await front.world.people.say(front.world.mia, film.thread_id, "with rain")

            await _heard(front, 3)
            assert sorted(await front.heard()) == ["and shorter", "at night", "with rain"]
            assert front.world.gateway.identifies == 1

    tell(story)


def test_f3_f10_a_new_session_hears_what_was_said_meanwhile_once(tell: Tell) -> None:
    async def story(front: Front) -> None:
        async with front.connected():
            film = await front.film()
            assert film.thread_id is not None
            await front.world.people.say(front.world.mia, film.thread_id, "at night")
            await _heard(front, 1)
            front.world.faults.forget_session()
            await front.world.people.say(front.world.mia, film.thread_id, "and shorter")
            await front.world.people.say(front.world.tom, film.thread_id, "no, longer")

            await front.until(lambda: front.world.gateway.identifies == 2 and front.world.gateway.connected)
            await _heard(front, 2)
            assert await front.heard() == ["at night", "and shorter"]

            front.world.faults.forget_session()
            await front.until(lambda: front.world.gateway.identifies == 3 and front.world.gateway.connected)
            await front.world.people.say(front.world.mia, film.thread_id, "with rain")
            await _heard(front, 3)
            assert await front.heard() == ["at night", "and shorter", "with rain"]
            commands = [r for r in front.world.requests if r.method == "PUT" and r.path.endswith("/commands")]
            assert len(commands) == 1

    tell(story)


def test_f4_a_connection_without_a_heartbeat_is_resumed(tell: Tell) -> None:
    async def story(front: Front) -> None:
        front.client._connection.heartbeat_timeout = 0.5
        async with front.connected():
            front.world.faults.hush_gateway()

            await front.until(lambda: front.world.gateway.resumes == 1)
            assert front.world.gateway.identifies == 1

    tell(story, heartbeat=0.2)


FATAL = {
    "F5 4004 token": (4004, "DISCORD_TOKEN"),
    "F6 4014 intents": (4014, "Message Content Intent"),
    "F6 4013 an intent nobody knows": (4013, "Update"),
    "F5 4010 shard": (4010, "shard"),
    "F5 4011 too few shards": (4011, "shards"),
    "F5 4012 version": (4012, "Update"),
}


@pytest.mark.parametrize("name", FATAL)
def test_what_connecting_again_cannot_mend_ends_the_bot_with_one_clear_line(tell: Tell, name: str) -> None:
    code, words = FATAL[name]

    async def story(front: Front) -> None:
        front.world.faults.close_gateway(code)

        with pytest.raises(DiscordRefused, match=words) as refused:
            await front.connect()

        assert "\n" not in str(refused.value)
        assert front.world.gateway.identifies <= 1
        await front.client.close()

    tell(story)


AT_THE_DOOR: dict[str, Callable[[Front], None]] = {
    "F7 502 of the gateway": lambda front: front.world.faults.refuse_gateway(2),
    "F8 503": lambda front: _me(front, status=503),
    "F8 reset": lambda front: _me(front, effect=Effect.RESET),
    "F8 F13 429 of the front": lambda front: _me(front, status=429, via=False, times=1),
    "F8 F19 half of a JSON": lambda front: _me(front, status=200, text='{"id"'),
    "F8 F19 a page": lambda front: _me(front, status=200, text="<html></html>", is_page=True),
    "F8 a user without an id": lambda front: _me(front, status=200, body={}),
    "F9 the question about sessions fails": lambda front: front.world.faults.add(
        Fault(path="/gateway/bot", status=503, times=5)
    ),
    "F40 commands are not taken": lambda front: front.world.faults.answer("PUT", "/commands", status=400, code=50035),
    "F40 commands are never answered": lambda front: front.world.faults.answer("PUT", "/commands", status=503, times=9),
}


def _me(front: Front, **facts: Any) -> None:
    front.world.faults.add(Fault(**{"method": "GET", "path": "/users/@me", "times": 2, **facts}))


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_a_door_that_does_not_open_is_tried_again_more_slowly(tell: Tell, name: str) -> None:
    async def story(front: Front) -> None:
        AT_THE_DOOR[name](front)
        async with front.connected():
            assert front.world.gateway.identifies == 1

    tell(story)


def test_f9_the_last_sessions_of_a_day_are_not_begun(tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    async def story(front: Front) -> None:
        limit = {"total": 1000, "remaining": 9, "reset_after": 60_000, "max_concurrency": 1}
        body = {"url": front.world.gateway_url, "shards": 1, "session_start_limit": limit}
        front.world.faults.add(Fault(path="/gateway/bot", status=200, body=body))
        async with front.connected():
            asked = [r for r in front.world.requests if r.path == "/gateway/bot"]
            assert len(asked) == 2
            assert front.world.gateway.identifies == 1

    with caplog.at_level(logging.ERROR):
        tell(story)
    assert "too few sessions left" in caplog.text


async def _heard(front: Front, count: int) -> None:
    async def look() -> bool:
        return len(await front.heard()) >= count

    await until(look, within=600.0, every=0.5)
