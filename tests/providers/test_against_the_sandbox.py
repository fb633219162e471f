"""Every adapter of the registry, through its real SDK, against the sandbox: two sides of a wire, written apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from providers.catalogue import Catalogue, VideoModel
from providers.errors import ContentRejected, KeyRejected, OutcomeUnknown, ProviderError
from providers.language import Prompt, Turn
from providers.registry import NAMES, Providers, open_providers
from providers.video import Failed, OperationState, Running, Succeeded, VideoRequest
from sandbox.providers.faults import Reset, Truncated
from sandbox.providers.world import ProviderWorld
from tests.providers.conftest import Key
from tests.providers.test_gemini import Plan
from tests.specs import request_violations

CATALOGUE = Catalogue.load()
MODELS = CATALOGUE.video_models(NAMES)
ANSWERERS = ["gemini-3.8-flash", "openai/gpt-oss-120b"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world", stock_films=True) as world:
        yield world


@pytest.fixture
async def providers(world: ProviderWorld) -> AsyncIterator[Providers]:
    urls = {
        "gemini": world.gemini_url,
        "runway": world.runway_url,
        "elevenlabs": world.elevenlabs_url,
        "groq": world.groq_url,
    }
    providers = open_providers(urls, download_hosts=frozenset({"127.0.0.1"}))
    yield providers
    await providers.close()


def key_of(provider: str) -> Key:
    return Key(id=provider, secret=f"sandbox-{provider}-studio-1")


def request_of(model: VideoModel, picture: Path, prompt: str = "a koi becomes a dragon") -> VideoRequest:
    start = picture if model.needs_start_image else None
    return VideoRequest(model=model.id, prompt=prompt, duration=model.durations[0], ratio="16:9", start_image=start)


async def finished(providers: Providers, provider: str, operation_id: str) -> OperationState:
    for _ in range(50):
        state = await providers.video[provider].poll(operation_id, key_of(provider))
        if not isinstance(state, Running):
            return state
    raise AssertionError("still running")


def violations(world: ProviderWorld) -> list[str]:
    return [
        violation
        for seen in world.requests
        for violation in request_violations(seen.service, seen.method, seen.path, seen.body)
        if isinstance(seen.body, dict)
    ]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
async def test_a_clip_is_ordered_made_and_fetched(
    world: ProviderWorld, providers: Providers, tmp_path: Path, picture: Path, model: VideoModel
) -> None:
    video, key = providers.video[model.provider], key_of(model.provider)
    operation = await video.submit(request_of(model, picture), key)
    state = await finished(providers, model.provider, operation.id)
    assert isinstance(state, Succeeded)
    await video.fetch(state.output, tmp_path / "clip.mp4", key)
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    await video.cancel(operation.id, key)
    assert len(world.paid()) == 1
    assert violations(world) == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
@pytest.mark.parametrize("fault", [Reset(applied=True), Truncated()], ids=repr)
async def test_an_order_whose_answer_is_lost_is_unknown_and_was_sent_once(
    world: ProviderWorld, providers: Providers, picture: Path, model: VideoModel, fault: Reset | Truncated
) -> None:
    world.faults.add(model.provider, "POST", "video|interactions", fault)
    with pytest.raises(OutcomeUnknown):
        await providers.video[model.provider].submit(request_of(model, picture), key_of(model.provider))
    assert len(world.paid(accepted=False)) == 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
async def test_a_forbidden_clip_is_refused_for_its_content(
    providers: Providers, picture: Path, model: VideoModel
) -> None:
    video, key = providers.video[model.provider], key_of(model.provider)
    fault: ProviderError
    try:
        operation = await video.submit(request_of(model, picture, "a forbidden koi"), key)
    except ProviderError as error:
        fault = error
    else:
        state = await finished(providers, model.provider, operation.id)
        assert isinstance(state, Failed)
        fault = state.error
    assert type(fault) is ContentRejected


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
async def test_a_bad_key_is_rejected(providers: Providers, picture: Path, model: VideoModel) -> None:
    with pytest.raises(KeyRejected):
        await providers.video[model.provider].submit(request_of(model, picture), Key(secret="wrong"))


@pytest.mark.parametrize("model", ANSWERERS)
async def test_a_question_is_answered_and_streamed_in_its_schema(
    world: ProviderWorld, providers: Providers, model: str
) -> None:
    language = next(m for m in CATALOGUE.language if m.id == model)
    adapter, key = providers.language[language.provider], key_of(language.provider)
    prompt = Prompt(model=model, system="Plan a film.", turns=(Turn(role="user", parts=("a koi",)),))
    assert isinstance(await adapter.answer(prompt, Plan, key), Plan)
    text = "".join([piece async for piece in adapter.stream(prompt, Plan, key)])
    assert Plan.model_validate_json(text).title
    assert violations(world) == []


@pytest.mark.parametrize("model", ANSWERERS)
async def test_an_unspeakable_question_is_a_providers_no(providers: Providers, model: str) -> None:
    language = next(m for m in CATALOGUE.language if m.id == model)
    prompt = Prompt(model=model, system="Plan.", turns=(Turn(role="user", parts=("an unspeakable koi",)),))
    with pytest.raises(ProviderError):
        await providers.language[language.provider].answer(prompt, Plan, key_of(language.provider))


async def test_a_film_is_uploaded_looked_at_and_deleted(
    world: ProviderWorld, providers: Providers, tmp_path: Path, picture: Path
) -> None:
    key = key_of("gemini")
    model = CATALOGUE.resolve("gemini-omni-1.1-flash")
    operation = await providers.video["gemini"].submit(request_of(model, picture), key)
    state = await finished(providers, "gemini", operation.id)
    assert isinstance(state, Succeeded)
    await providers.video["gemini"].fetch(state.output, tmp_path / "film.mp4", key)
    gemini = providers.language["gemini"]
    file = await gemini.upload(tmp_path / "film.mp4", "video/mp4", key)
    turns = (Turn(role="user", parts=("what happens?",)),)
    prompt = Prompt(model="gemini-3.8-flash", system="Watch.", turns=turns, files=(file,))
    assert isinstance(await gemini.answer(prompt, Plan, key), Plan)
    await gemini.delete(file, key)
    assert violations(world) == []


async def test_a_text_is_spoken(world: ProviderWorld, providers: Providers, tmp_path: Path) -> None:
    speech = await providers.speech["elevenlabs"].speak("a koi wakes", tmp_path / "a.mp3", key_of("elevenlabs"))
    assert speech.characters == len("a koi wakes")
    assert speech.path.stat().st_size > 0
    assert violations(world) == []


async def test_a_voice_that_breaks_off_is_unknown_and_was_sent_once(
    world: ProviderWorld, providers: Providers, tmp_path: Path
) -> None:
    world.faults.add("elevenlabs", "POST", "text-to-speech", Truncated())
    with pytest.raises(OutcomeUnknown):
        await providers.speech["elevenlabs"].speak("a koi", tmp_path / "a.mp3", key_of("elevenlabs"))
    assert len(world.paid(accepted=False)) == 1
