"""What every adapter of the registry must do, through its real SDK, against the sandbox: a wire's two sides.

A provider that is new in the registry is asked the same, without a line here: its models come from the catalogue.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from providers.catalogue import Catalogue, VideoModel
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    OutcomeUnknown,
    ProviderError,
    RequestFault,
    Unavailable,
)
from providers.language import Prompt, Turn, Usage
from providers.registry import NAMES, Providers, open_providers
from providers.runway.assets import DATA_URI_LIMIT
from providers.stills import StillRequest
from providers.video import Failed, FromImage, FromText, OperationState, Running, Succeeded, VideoRequest
from sandbox.providers.faults import Reset, Truncated
from sandbox.providers.world import ProviderWorld
from tests.providers.conftest import Key
from tests.providers.test_gemini import Plan
from tests.specs import request_violations

CATALOGUE = Catalogue.load()
MODELS = CATALOGUE.video_models(NAMES)
YOUNGER = {"gemini_omni_flash_1.1"}
ANSWERERS = ["gemini-3.8-flash", "openai/gpt-oss-120b"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world", stock_films=True) as world:
        yield world


@pytest.fixture
async def providers(world: ProviderWorld) -> AsyncIterator[Providers]:
    urls = {name: f"{world.stage.origin}/{name}" for name in NAMES}
    providers = open_providers(urls, download_hosts=frozenset({"127.0.0.1"}))
    yield providers
    await providers.close()


def key_of(provider: str) -> Key:
    return Key(id=provider, secret=f"sandbox-{provider}-studio-1")


def request_of(model: VideoModel, picture: Path, prompt: str = "a koi becomes a dragon") -> VideoRequest:
    source = FromImage(picture) if model.needs_start_image else FromText()
    return VideoRequest(model=model.id, prompt=prompt, duration=model.durations[0], ratio="16:9", source=source)


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
        # Models younger than the documents: their names are strange there, and one has ratios of another's.
        if isinstance(seen.body, dict) and seen.body.get("model") not in YOUNGER and not violation.startswith("model: ")
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
async def test_an_order_tells_once_that_it_leaves_and_nothing_paid_has_arrived_by_then(
    world: ProviderWorld, providers: Providers, picture: Path, model: VideoModel
) -> None:
    arrived: list[int] = []

    def leaves() -> None:
        arrived.append(len(world.paid(accepted=False)))

    await providers.video[model.provider].submit(request_of(model, picture), key_of(model.provider), leaves)

    assert arrived == [0]
    assert len(world.paid()) == 1


async def test_an_order_whose_files_do_not_get_there_never_tells_that_it_leaves(
    world: ProviderWorld, providers: Providers, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    Image.effect_noise((2200, 2200), 100).convert("RGB").save(large)
    assert large.stat().st_size > DATA_URI_LIMIT
    world.faults.add("runway", "POST", "uploads", Reset())
    request = VideoRequest(model="gen4.5", prompt="a koi", duration=5, ratio="16:9", source=FromImage(large))
    with pytest.raises(Unavailable):
        await providers.video["runway"].submit(request, key_of("runway"), lambda: pytest.fail("it leaves"))
    assert world.paid(accepted=False) == []


@pytest.mark.parametrize("name", ["gen4.5", "gemini-omni-1.2-flash"])
async def test_what_is_forgotten_is_gone_at_the_service(
    world: ProviderWorld, providers: Providers, picture: Path, name: str
) -> None:
    model = next(model for model in MODELS if model.id == name)
    video, key = providers.video[model.provider], key_of(model.provider)
    operation = await video.submit(request_of(model, picture), key)
    assert isinstance(await finished(providers, model.provider, operation.id), Succeeded)

    for _ in range(2):  # quiet where it is gone
        await video.forget(operation.id, key)

    with pytest.raises(InvalidRequest):
        await video.poll(operation.id, key)
    assert violations(world) == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
@pytest.mark.parametrize("fault", [Reset(applied=True), Truncated()], ids=repr)
async def test_an_order_whose_answer_is_lost_is_unknown_and_was_sent_once(
    world: ProviderWorld, providers: Providers, picture: Path, model: VideoModel, fault: Reset | Truncated
) -> None:
    world.faults.add(model.provider, "POST", ".", fault)
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
    reply = await adapter.answer(prompt, Plan, key)
    assert isinstance(reply.value, Plan)
    assert reply.usage is not None
    assert reply.usage.tokens > 0
    pieces = [piece async for piece in adapter.stream(prompt, Plan, key)]
    assert Plan.model_validate_json("".join(piece for piece in pieces if isinstance(piece, str))).title
    assert isinstance(pieces[-1], Usage)
    assert len(pieces) > 2, "an answer that is streamed comes in pieces"
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
    model = CATALOGUE.resolve("gemini-omni-1.2-flash")
    operation = await providers.video["gemini"].submit(request_of(model, picture), key)
    state = await finished(providers, "gemini", operation.id)
    assert isinstance(state, Succeeded)
    await providers.video["gemini"].fetch(state.output, tmp_path / "film.mp4", key)
    gemini = providers.language["gemini"]
    file = await gemini.upload(tmp_path / "film.mp4", "video/mp4", key)
    turns = (Turn(role="user", parts=("what happens?",)),)
    prompt = Prompt(model="gemini-3.8-flash", system="Watch.", turns=turns, files=(file,))
    counted = await gemini.count(prompt, key)
    assert counted is not None
    reply = await gemini.answer(prompt, Plan, key)
    assert reply.usage is not None
    assert abs(reply.usage.input_tokens - counted) < 0.3 * counted
    await gemini.delete(file, key)
    assert violations(world) == []


async def test_a_text_is_spoken(world: ProviderWorld, providers: Providers, tmp_path: Path) -> None:
    speech = await providers.speech["elevenlabs"].speak("a koi wakes", tmp_path / "a.mp3", key_of("elevenlabs"))
    assert speech.characters == len("a koi wakes")
    assert [word.text for word in speech.words] == ["a", "koi", "wakes"]
    assert speech.path.stat().st_size > 0
    assert violations(world) == []


async def test_a_voice_that_breaks_off_is_unknown_and_was_sent_once(
    world: ProviderWorld, providers: Providers, tmp_path: Path
) -> None:
    world.faults.add("elevenlabs", "POST", "text-to-speech", Truncated())
    with pytest.raises(OutcomeUnknown):
        await providers.speech["elevenlabs"].speak("a koi", tmp_path / "a.mp3", key_of("elevenlabs"))
    assert len(world.paid(accepted=False)) == 1


@pytest.mark.parametrize("provider", ["gemini", "runway", "elevenlabs", "groq"])  # Vertex lists nothing to a key
async def test_every_service_that_lists_its_models_lists_those_we_offer(providers: Providers, provider: str) -> None:
    listed = await providers.listers[provider].listed(key_of(provider))
    ours = {model.id for model in CATALOGUE.language_models({provider}, "chat")}
    ours |= {model.id for model in CATALOGUE.video_models({provider})} if provider == "runway" else set()
    ours |= {model.id for model in CATALOGUE.speech_models({provider})}
    assert ours <= listed


@pytest.mark.parametrize("provider", ["runway", "elevenlabs"])
async def test_an_account_tells_what_is_left(providers: Providers, provider: str) -> None:
    standing = await providers.readers[provider].standing(key_of(provider))
    assert standing.left is not None
    assert standing.left > 0


async def test_what_is_spoken_is_written_down_again(world: ProviderWorld, providers: Providers, tmp_path: Path) -> None:
    spoken = await providers.speech["elevenlabs"].speak("a koi wakes", tmp_path / "a.mp3", key_of("elevenlabs"))
    heard = await providers.ears["groq"].transcribe(spoken.path, key_of("groq"), model="whisper-large-v3-turbo")
    assert [word.text for word in heard.words] == ["a", "koi", "wakes"]
    assert violations(world) == []


async def test_a_noise_music_and_a_still_are_made_with_one_paid_post_each(
    world: ProviderWorld, providers: Providers, tmp_path: Path
) -> None:
    sounds, stills = providers.sounds["elevenlabs"], providers.stills["gemini"]
    await sounds.effect("rain", 2.0, tmp_path / "rain.mp3", key_of("elevenlabs"))
    await sounds.compose("slow piano", 10.0, tmp_path / "music.mp3", key_of("elevenlabs"))
    asked = StillRequest(model=CATALOGUE.image[0].id, prompt="a koi", ratio="16:9")
    still = await stills.draw(asked, tmp_path / "still", key_of("gemini"))
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("rain.mp3", "music.mp3", "still"))
    assert still.mime_type.startswith("image/")
    assert len(world.paid(accepted=False)) == 3
    assert violations(world) == []


@pytest.mark.parametrize("old", ["veo-2.0-generate-001", "veo-3.0-generate-001", "veo3", "gen3a_turbo", "gen4_aleph"])
async def test_a_model_that_is_gone_is_never_asked_for(world: ProviderWorld, providers: Providers, old: str) -> None:
    for name, video in providers.video.items():
        with pytest.raises(RequestFault):
            await video.submit(VideoRequest(model=old, prompt="a koi", duration=4, ratio="16:9"), key_of(name))
    assert world.requests == []
