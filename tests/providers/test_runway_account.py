"""What Runway tells of an organisation, and the clients that its keys have."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from runwayml import AsyncRunwayML

from providers.errors import KeyRejected, ProviderError, RateLimited, Unavailable, UnexpectedResponse
from providers.runway import Runway
from providers.standing import AccountReader, AccountStanding, ModelLister, ModelStanding
from providers.video import VideoProvider
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Loopback, Reply, Reset, Truncated
from tests.specs import response_violations

ASK = "GET /v1/organization"
TOLD = {
    "tier": {
        "maxMonthlyCreditSpend": 50_000,
        "models": {
            "gen4.5": {"maxConcurrentGenerations": 3, "maxDailyGenerations": 500},
            "aleph2": {"maxConcurrentGenerations": 1, "maxDailyGenerations": 50},
        },
    },
    "creditBalance": 1234,
    "usage": {"models": {"gen4.5": {"dailyGenerations": 7}}},
}


@pytest.fixture
def runway(server: Loopback, http: httpx.AsyncClient) -> Runway:
    return Runway(http=http, base_url=server.url, read_timeout=0.2)


async def test_an_account_is_told_as_the_document_writes_it(runway: Runway, server: Loopback, key: Key) -> None:
    assert response_violations("runway", "GET", "/v1/organization", 200, TOLD) == []
    server.on(ASK, Reply(200, TOLD))
    assert await runway.standing(key) == AccountStanding(
        key_id=key.id,
        left=1234,
        models={
            "gen4.5": ModelStanding(room=3, per_day=500, used_today=7),
            "aleph2": ModelStanding(room=1, per_day=50),
        },
    )


async def test_the_models_of_the_tier_are_listed(runway: Runway, server: Loopback, key: Key) -> None:
    server.on(ASK, Reply(200, TOLD))
    assert await runway.listed(key) == {"gen4.5", "aleph2"}


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(503, {"error": "overloaded"}), Unavailable),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(200, {"creditBalance": 5}), UnexpectedResponse),
        (Reply(401, {"error": "The API key is invalid"}), KeyRejected),
        (Reply(429, {"error": "too many"}, {"retry-after": "3"}), RateLimited),
    ],
)
async def test_an_account_that_cannot_be_read_says_why(
    runway: Runway, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ASK, behaviour)
    for ask in (runway.standing, runway.listed):
        with pytest.raises(ProviderError) as caught:
            await ask(key)
        assert type(caught.value) is fault


def test_it_is_all_that_it_says_it_is(runway: Runway) -> None:
    video: VideoProvider = runway
    reader: AccountReader = runway
    lister: ModelLister = runway
    assert {video.name, reader.name, lister.name} == {"runway"}


async def test_a_key_has_one_client_and_another_secret_another(
    runway: Runway, server: Loopback, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAYML_CUSTOM_HEADERS", "Authorization: Bearer another")
    built: list[str] = []
    build = runway._client

    def counted(secret: str) -> AsyncRunwayML:
        built.append(secret)
        return build(secret)

    monkeypatch.setattr(runway._clients, "_build", counted)
    server.on(ASK, Reply(200, TOLD))
    await asyncio.gather(*(runway.standing(key) for _ in range(5)))
    await runway.standing(Key(id=key.id, secret="not-a-real-secret-either"))
    assert built == [SECRET, "not-a-real-secret-either"]
    sent = [seen.headers["authorization"].removeprefix("Bearer ") for seen in server.seen]
    assert sent == [SECRET] * 5 + ["not-a-real-secret-either"]
