"""Faults of Discord's REST API: the library's own client, a Discord on loopback, and our one way out to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import discord
import pytest

from bot.ui.brake import PAUSE, Brake
from bot.ui.client import Greenlight
from bot.ui.sending import Busy, DiscordFailed, Malformed, NotAllowed, TooLarge, Vanished, persistently
from sandbox.discord.buckets import UNHURRIED
from sandbox.discord.faults import Effect, Fault
from sandbox.discord.traffic import LoggedRequest
from sandbox.discord.world import DiscordWorld
from tests.bot.production import hurry
from tests.sandbox.discord.clients import pointed_at

MESSAGES = r"/channels/\d+/messages"
#: Requests for one message at most, the library's own repetitions included (I11).
MOST = 8


class Line:
    """A client that has logged in, and the channel it writes to."""

    def __init__(self, client: Greenlight, world: DiscordWorld) -> None:
        self.client = client
        self.world = world
        self.channel = client.get_partial_messageable(world.channel_id, guild_id=world.guild_id)

    async def say(self, words: str = "hello") -> discord.Message:
        """One message that must not stand twice, as all of ours are sent."""
        return await persistently(lambda: self.channel.send(words, nonce=words))

    @property
    def seen(self) -> list[str]:
        return [message["content"] for message in self.world.messages(self.world.channel_id)]

    @property
    def posts(self) -> list[LoggedRequest]:
        return [r for r in self.world.requests if r.method == "POST" and r.path.endswith("/messages")]


Story = Callable[[Line], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    """Call as `tell(story)`: runs a story between a client and its Discord, in a hurry."""

    async def whole(story: Story, brake: Brake) -> None:
        async with DiscordWorld(rates=UNHURRIED) as world:
            client = Greenlight(desk=cast("Any", None), projects=cast("Any", None), sync_mark=tmp_path / "mark")
            client.http.http_trace = brake.trace()
            with pointed_at(world.environ):
                async with client:
                    await client.login(world.token)
                    await story(Line(client, world))

    return lambda story, brake=None: hurry.run(whole(story, brake or Brake()))


Tell = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A fault that passes by itself: the message stands once, whatever happened to its requests."""

    fault: Fault
    requests: int = 2


HALF = '{"id": "10'
PAGE = "<html><title>Just a moment…</title></html>"
LIMIT = {"message": "You are being rate limited.", "retry_after": 1.0, "global": False}
EVERYWHERE = {"X-RateLimit-Global": "true", "Retry-After": "1"}


def _post(**facts: Any) -> Fault:
    return Fault(method="POST", path=MESSAGES, **facts)


PASSING = {
    "F11 429 of a route": Passing(fault=_post(status=429, body=LIMIT, times=2), requests=3),
    "F12 429 everywhere": Passing(fault=_post(status=429, body=LIMIT | {"global": True}, headers=EVERYWHERE)),
    "F15 500": Passing(fault=_post(status=500)),
    "F15 502 after it was posted": Passing(fault=_post(status=502, applied=True)),
    "F15 504 after it was posted": Passing(fault=_post(status=504, applied=True)),
    "F16 503": Passing(fault=_post(status=503)),
    "F16 503 after it was posted": Passing(fault=_post(status=503, applied=True)),
    "F17 reset": Passing(fault=_post(effect=Effect.RESET)),
    "F17 reset after it was posted": Passing(fault=_post(effect=Effect.RESET, applied=True)),
    "F18 hang": Passing(fault=_post(effect=Effect.HANG)),
    "F18 hang after it was posted": Passing(fault=_post(effect=Effect.HANG, applied=True)),
    "F19 half of a JSON": Passing(fault=_post(status=200, applied=True, text=HALF)),
    "F19 no JSON at all": Passing(fault=_post(status=200, applied=True, text="")),
    "F19 a page of somebody's on the way": Passing(fault=_post(status=200, applied=True, text=PAGE, is_page=True)),
    "F34 edited too often lately": Passing(fault=_post(status=400, body={"message": "no", "code": 30046})),
    "F35 slowmode": Passing(fault=_post(status=429, body=LIMIT | {"code": 20016})),
    "F35 write limit": Passing(fault=_post(status=429, body=LIMIT | {"code": 20028})),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_message_stands_once_whatever_happens_to_its_request(tell: Tell, name: str) -> None:
    async def story(line: Line) -> None:
        line.world.faults.add(PASSING[name].fault)

        sent = await line.say()

        assert line.seen == ["hello"]
        assert sent.content == "hello"
        assert PASSING[name].requests <= len(line.posts) <= MOST

    tell(story)


REFUSALS = {
    "F20 10062 the interaction is over": (404, 10062, Vanished),
    "F21 40060 somebody answered before us": (400, 40060, Malformed),
    "F22 10015 the token is over": (404, 10015, Vanished),
    "F22 50027 the token is not valid": (401, 50027, Vanished),
    "F23 10008 the message is gone": (404, 10008, Vanished),
    "F24 10003 the channel is gone": (404, 10003, Vanished),
    "F25 10004 the server is gone": (404, 10004, Vanished),
    "F26 50001 no access": (403, 50001, NotAllowed),
    "F26 50013 no permission": (403, 50013, NotAllowed),
    "F27 50083 archived": (400, 50083, NotAllowed),
    "F28 160005 locked": (400, 160005, NotAllowed),
    "F31 40005 too large": (413, 40005, TooLarge),
    "F31 413 of a proxy": (413, 0, TooLarge),
    "F31 50045 too large": (400, 50045, TooLarge),
    "F32 50035 an invalid form": (400, 50035, Malformed),
    "F33 50007 closed to messages": (403, 50007, NotAllowed),
    "F33 50278 no server in common": (403, 50278, NotAllowed),
    "F36 240000 a link that is not liked": (400, 240000, NotAllowed),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_asking_again_cannot_mend_is_asked_once_and_named(tell: Tell, name: str) -> None:
    status, code, named = REFUSALS[name]

    async def story(line: Line) -> None:
        line.world.faults.answer("POST", MESSAGES, status=status, code=code, message="no")

        with pytest.raises(DiscordFailed) as caught:
            await line.say()

        assert isinstance(caught.value, named)
        assert not isinstance(caught.value, Busy)
        assert caught.value.code == code
        assert len(line.posts) == 1
        assert line.seen == []

    tell(story)


def test_f12_a_global_limit_longer_than_our_patience_does_not_shut_us_out_for_good(tell: Tell) -> None:
    async def story(line: Line) -> None:
        line.world.faults.rate_limit("POST", MESSAGES, retry_after=40.0, everywhere=True)

        await line.say()

        assert line.seen == ["hello"]

    tell(story)


def test_f13_a_429_of_discords_front_stops_all_but_answers_for_a_minute(tell: Tell) -> None:
    async def story(line: Line) -> None:
        line.world.faults.rate_limit("POST", MESSAGES, retry_after=5.0, via=False)

        with pytest.raises(Busy):
            await line.say()
        assert len(line.posts) == 1

        with pytest.raises(DiscordFailed):  # of nobody's interaction, but sent and refused by Discord itself
            await persistently(lambda: _answer(line))
        assert line.world.requests[-1].path.startswith("/interactions/")

        await asyncio.sleep(PAUSE)
        await line.say("afterwards")
        assert line.seen == ["afterwards"]

    tell(story)


def test_f14_too_many_refusals_stop_all_but_answers_until_they_are_long_past(tell: Tell) -> None:
    async def story(line: Line) -> None:
        line.world.faults.answer("POST", MESSAGES, status=403, code=50013, times=100)

        for number in range(8):
            with pytest.raises(DiscordFailed):
                await line.say(f"no {number}")
        assert len(line.posts) == 5

        line.world.faults.clear()
        await asyncio.sleep(60.0)
        await line.say("afterwards")
        assert line.seen == ["afterwards"]

    tell(story, Brake(budget=5, period=60.0))


async def _answer(line: Line) -> None:
    session = line.client.http._HTTPClient__session  # type: ignore[attr-defined]
    adapter = discord.webhook.async_.async_context.get()
    params = discord.webhook.async_.interaction_response_params(type=5)
    await adapter.create_interaction_response(1, "token", session=session, params=params)
