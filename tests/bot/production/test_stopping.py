"""What a cancelled order costs is what its service says before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.production.stopping import stop
from providers.errors import InvalidRequest, OperationFailed, ProviderError, Unavailable
from providers.video import Failed, OperationState, Running, Succeeded
from ratelimit import ApiKey
from tests.bot.production.fakes import EndlessStudio, ScriptedStudio

KEY = ApiKey("key-1", "a", "fake-secret")
GONE = InvalidRequest("runway", "unknown")
QUEUED, RUNS = Running(waiting=True), Running()


def failed(price_microusd: int | None) -> Failed:
    return Failed(error=OperationFailed("runway"), price_microusd=price_microusd)


@pytest.mark.parametrize(
    ("looks", "charged"),
    [
        ([QUEUED, GONE], 0),
        ([RUNS, GONE], None),
        ([RUNS, failed(600_000)], 600_000),
        ([QUEUED, failed(600_000)], 600_000),
        ([RUNS, RUNS], None),
        ([QUEUED, Unavailable("runway")], None),
        ([Unavailable("runway")], None),
        ([failed(0)], 0),
    ],
    ids=[
        "given back from the line",
        "forgotten though it ran",
        "stopped and charged",
        "begun meanwhile",
        "runs on",
        "not seen after",
        "not seen before",
        "over before",
    ],
)
async def test_what_a_stopped_order_costs(looks: Sequence[OperationState | ProviderError], charged: int | None) -> None:
    ended = await stop(ScriptedStudio(b"", polls=looks), "op", KEY)
    assert isinstance(ended, Failed)
    assert ended.price_microusd == charged


@pytest.mark.parametrize(
    ("endless", "looks", "cancelled"), [("poll", [], []), ("cancel", [QUEUED], ["op"]), ("poll", [QUEUED], ["op"])]
)
async def test_a_service_that_never_ends_its_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, endless: str, looks: Sequence[OperationState], cancelled: list[str]
) -> None:
    monkeypatch.setattr("bot.production.stopping.LOOK_WITHIN", 0.05)
    studio = EndlessStudio(endless, polls=looks)

    async with asyncio.timeout(30.0):
        ended = await stop(studio, "op", KEY)

    assert isinstance(ended, Failed)
    assert ended.price_microusd is None  # its price stands
    assert studio.cancelled == cancelled


async def test_what_is_made_is_not_thrown_away() -> None:
    studio = ScriptedStudio(b"", polls=[Succeeded(output="clip")])
    assert await stop(studio, "op", KEY) == Succeeded(output="clip")
    assert not studio.cancelled
