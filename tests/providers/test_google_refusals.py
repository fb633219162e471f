"""Every refusal of Google's that the sandbox knows, through the real SDK: its class, and how long it lasts."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.gemini import Gemini
from providers.gemini_stills import GeminiStills
from providers.google import GoogleClients
from providers.language import Prompt, Turn
from providers.stills import StillRequest
from sandbox.providers.answers import Answer
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.google import ALL
from tests.providers.conftest import Key
from tests.providers.test_gemini import MIDNIGHT, MODEL, NOW, Plan

IMAGE_MODEL = "gemini-3.1-flash-image"


@dataclass(frozen=True)
class Means:
    """What a refusal comes out as; `paid` where the same of a paid call comes out as something else."""

    fault: type[ProviderError]
    retry_after: float | None = None
    until: float | None = None
    model: str | None = None
    successor: str | None = None
    paid: type[ProviderError] | None = None


KEY, REQUEST = Means(KeyRejected), Means(InvalidRequest)
DOWN, GONE = Means(Unavailable, paid=OutcomeUnknown), Means(ModelRetired)

EXPECTED = {
    "invalid_argument": REQUEST,
    "invalid_argument_in_a_list": REQUEST,
    "out_of_range": REQUEST,
    "too_many_tokens": REQUEST,
    "payload_too_large": REQUEST,
    "entity_too_large": REQUEST,
    "file_not_active": REQUEST,
    "file_of_another": REQUEST,
    "file_gone": REQUEST,
    "already_exists": REQUEST,
    "unimplemented": REQUEST,
    "blocked": Means(ContentRejected),
    "model_unknown": GONE,
    "model_gone": Means(ModelRetired, successor="gemini-3.8-flash"),
    "model_closed_to_new_users": GONE,
    "entity_unknown": GONE,
    "key_invalid": KEY,
    "key_invalid_in_a_list": KEY,
    "key_expired": KEY,
    "key_not_found": KEY,
    "unauthenticated": KEY,
    "key_missing": KEY,
    "key_leaked": KEY,
    "key_suspended": KEY,
    "key_blocked": KEY,
    "address_blocked": KEY,
    "key_unrestricted": KEY,
    "api_not_enabled": KEY,
    "project_denied": KEY,
    "billing_needed": KEY,
    "location_unsupported": KEY,
    "requests_per_minute": Means(RateLimited, retry_after=34.4, model=MODEL),
    "requests_per_minute_in_a_list": Means(RateLimited, retry_after=34.4, model=MODEL),
    "tokens_per_minute": Means(RateLimited, retry_after=39.8447, model=MODEL),
    "requests_per_minute_of_all_models": Means(RateLimited, retry_after=12.0),
    "requests_per_day": Means(QuotaExhausted, until=MIDNIGHT, model=MODEL),
    "tokens_per_day": Means(QuotaExhausted, until=MIDNIGHT, model=MODEL),
    "not_in_the_free_tier": Means(QuotaExhausted, model=MODEL),
    "resource_exhausted": Means(RateLimited, model=MODEL),
    "spend_limit": Means(RateLimited, retry_after=600.0),
    "spending_cap": Means(QuotaExhausted),
    "prepaid_depleted": Means(QuotaExhausted),
    "prepaid_depleted_402": Means(QuotaExhausted),
    "request_timeout": DOWN,
    "aborted": Means(Unavailable),
    "cancelled": DOWN,
    "internal": DOWN,
    "internal_in_a_list": DOWN,
    "unknown": DOWN,
    "data_loss": DOWN,
    "bad_gateway": DOWN,
    "overloaded": Means(Unavailable),
    "high_demand": Means(Unavailable),
    "unavailable": DOWN,
    "deadline_exceeded": DOWN,
    "firewall": Means(Unavailable),
    "interaction_invalid": REQUEST,
    "interaction_unknown": REQUEST,
    "interaction_blocked": Means(ContentRejected),
    "interaction_unsafe": Means(ContentRejected),
    "interaction_key_invalid": KEY,
    "interaction_billing_needed": KEY,
    "interaction_model_gone": GONE,
    "interaction_resource_exhausted": Means(RateLimited, model=MODEL),
    "interaction_overloaded": Means(Unavailable),
    "interaction_internal": DOWN,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(world: ProviderWorld) -> AsyncIterator[GoogleClients]:
    clients = GoogleClients(base_url=world.gemini_url, read_timeout=5.0)
    yield clients
    await clients.close()


def refusing(world: ProviderWorld, answer: Answer) -> Key:
    world.faults.clear()
    world.journal.requests.clear()
    world.faults.add("gemini", "POST", ":generateContent$", answer, times=9)
    return Key(secret="sandbox-gemini-studio-1")


def told(fault: ProviderError) -> Means:
    retry_after = getattr(fault, "retry_after", None)
    return Means(
        type(fault),
        retry_after=round(retry_after, 4) if retry_after else None,
        until=getattr(fault, "until", None),
        model=getattr(fault, "model", None),
        successor=getattr(fault, "successor", None),
    )


def test_every_refusal_has_a_meaning() -> None:
    assert set(EXPECTED) == set(ALL)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ALL)
async def test_a_refused_question_is_asked_once_and_understood(
    world: ProviderWorld, clients: GoogleClients, name: str
) -> None:
    key, means = refusing(world, ALL[name]), EXPECTED[name]
    prompt = Prompt(model=MODEL, system="", turns=(Turn(role="user", parts=("a koi",)),))
    with pytest.raises(ProviderError) as caught:
        await Gemini(clients, clock=lambda: NOW).answer(prompt, Plan, key)
    expected = Means(means.fault, means.retry_after, means.until, means.model, means.successor)
    assert told(caught.value) == expected
    assert len(world.requests) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ALL)
async def test_a_refused_picture_is_ordered_once_and_understood(
    world: ProviderWorld, clients: GoogleClients, name: str, tmp_path: Path
) -> None:
    key, means = refusing(world, ALL[name]), EXPECTED[name]
    request = StillRequest(model=IMAGE_MODEL, prompt="a koi", ratio="16:9")
    with pytest.raises(ProviderError) as caught:
        await GeminiStills(clients, clock=lambda: NOW).draw(request, tmp_path / "a", key)
    assert type(caught.value) is (means.paid or means.fault)
    assert len(world.requests) == len(world.paid("gemini", accepted=False)) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_that_quotes_the_key_does_not_pass_it_on(world: ProviderWorld, clients: GoogleClients) -> None:
    body = json.dumps(ALL["key_suspended"].body).replace("A-KEY", "sandbox-gemini-studio-1")
    key = refusing(world, Answer(403, json.loads(body)))
    prompt = Prompt(model=MODEL, system="", turns=(Turn(role="user", parts=("a koi",)),))
    with pytest.raises(KeyRejected, match="has been suspended") as caught:
        await Gemini(clients).answer(prompt, Plan, key)
    assert "sandbox-gemini-studio-1" not in "".join(traceback.format_exception(caught.value))
