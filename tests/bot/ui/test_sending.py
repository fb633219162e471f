"""Every way a call to Discord fails has one of five names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest

from bot.ui.sending import (
    Busy,
    DiscordFailed,
    Malformed,
    NotAllowed,
    TooLarge,
    Vanished,
    nonce,
    once,
    persistently,
)
from tests import virtual_time


class Response:
    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "because"


def http(status: int, code: int = 0) -> discord.HTTPException:
    kinds: dict[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}
    kind = kinds.get(status, discord.DiscordServerError if status >= 500 else discord.HTTPException)
    response: Any = Response(status)  # the library reads nothing else of it
    return kind(response, {"code": code, "message": "no"})


def raises(*failures: BaseException) -> Callable[[], Awaitable[str]]:
    """A call that fails in these ways, one after the other, and then succeeds."""
    left = list(failures)

    async def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (http(404, 10003), Vanished),
        (http(404, 10004), Vanished),
        (http(404, 10008), Vanished),
        (http(404), Busy),
        (http(403), Busy),
        (http(401), Busy),
        (http(404, 10062), Vanished),
        (http(403, 50001), NotAllowed),
        (http(403, 50013), NotAllowed),
        (http(401, 50027), Vanished),
        (http(400, 240000), NotAllowed),
        (http(400, 50083), NotAllowed),
        (http(400, 160005), NotAllowed),
        (http(413), TooLarge),
        (http(413, 40005), TooLarge),
        (http(400, 50045), TooLarge),
        (http(429), Busy),
        (http(500), Busy),
        (http(503), Busy),
        (http(529), Busy),
        (http(400, 50035), Malformed),
        (http(400, 40060), Malformed),
        (discord.RateLimited(60.0), Busy),
        (aiohttp.ClientOSError(104, "reset"), Busy),
        (aiohttp.ServerDisconnectedError(), Busy),
        (ConnectionResetError(104, "reset"), Busy),
        (TimeoutError(), Busy),
        (json.JSONDecodeError("half", "{", 1), Busy),
    ],
)
async def test_a_failure_has_its_name_and_its_code(failure: Exception, named: type[DiscordFailed]) -> None:
    with pytest.raises(DiscordFailed) as caught:
        await once(raises(failure))

    assert type(caught.value) is named
    assert caught.value.code == getattr(failure, "code", 0)
    assert caught.value.__cause__ is failure


async def test_faults_of_ours_and_cancellations_keep_their_name() -> None:
    with pytest.raises(ZeroDivisionError):
        await once(raises(ZeroDivisionError()))
    with pytest.raises(asyncio.CancelledError):
        await once(raises(asyncio.CancelledError()))


def test_a_call_that_hangs_is_busy_after_its_deadline() -> None:
    async def story() -> float:
        async def hang() -> None:
            await asyncio.Event().wait()

        with pytest.raises(Busy):
            await once(hang, deadline=15.0)
        return virtual_time.now()

    assert virtual_time.run(story()) == 15.0


def test_a_call_that_may_be_made_twice_is_made_again_while_discord_is_busy() -> None:
    assert virtual_time.run(_persistently(http(503), http(500), TimeoutError())) == "done"


@pytest.mark.parametrize("seconds", [61.0, 7200.0])
def test_discord_that_asks_for_a_long_wait_is_not_asked_again_before(seconds: float) -> None:
    calls = raises(discord.RateLimited(seconds))

    async def story() -> float:
        with pytest.raises(Busy) as caught:
            await persistently(calls)
        return caught.value.retry_after

    assert virtual_time.run(story()) == seconds


def test_discord_that_stays_busy_is_given_up() -> None:
    with pytest.raises(Busy):
        virtual_time.run(_persistently(*[http(503) for _ in range(4)]))


@pytest.mark.parametrize("failure", [http(403, 50013), http(404, 10008), http(413), http(400, 50035)])
def test_what_asking_again_cannot_mend_is_asked_once(failure: discord.HTTPException) -> None:
    with pytest.raises(DiscordFailed):
        virtual_time.run(_persistently(failure))


async def _persistently(*failures: Exception) -> str:
    return await persistently(raises(*failures))


def test_a_nonce_names_a_message_for_good_within_discords_length() -> None:
    assert nonce("a" * 32, "end") == nonce("a" * 32, "end")
    assert len({nonce("a", "b"), nonce("b", "a"), nonce("a", "c")}) == 3
    assert len(nonce("a" * 500)) == 25
