from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import providers.catalogue
from providers.catalogue import Catalogue, Model, VideoModel, utf16_units
from providers.errors import InvalidRequest, ModelRetired
from providers.video import Task

EVERY = {"runway", "gemini", "vertex", "groq", "elevenlabs"}
DAY = date(2026, 11, 25)
LAST_DAY_OF_OMNI = date(2026, 12, 3)


def on(day: date) -> Callable[[], date]:
    return lambda: day


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load(today=on(DAY))


@pytest.fixture
def data() -> dict[str, Any]:
    return tomllib.loads(Path(providers.catalogue.__file__).with_name("catalogue.toml").read_text())


def ids(models: tuple[Model, ...] | tuple[VideoModel, ...]) -> list[str]:
    return [model.id for model in models]


# What is in it


def test_every_model_belongs_to_a_provider_and_says_where_its_facts_come_from(catalogue: Catalogue) -> None:
    assert {model.provider for model in catalogue.models()} == EVERY
    assert all(model.source and model.checked <= catalogue.as_of for model in catalogue.models())


@pytest.mark.parametrize(
    "name",
    ["gen4.5", "gen4_turbo", "aleph2", "act_two", "magnific_video_upscaler_creative", "veo3.1", "veo3.1_fast",
     "gemini_omni_flash_1.1", "seedance2", "seedance2_fast", "seedance2_mini", "seedance2_5", "gemini-omni-1.1-flash",
     "gemini-omni-1.2-flash", "veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001"],
)  # fmt: skip
def test_every_route_that_was_promised_is_there(catalogue: Catalogue, name: str) -> None:
    assert catalogue.resolve(name).id == name


@pytest.mark.parametrize("use", ["analysis", "plan", "chat", "pictures"])
def test_there_is_a_language_model_for_every_use(catalogue: Catalogue, use: str) -> None:
    assert catalogue.language_models(EVERY, use)


def test_there_is_one_of_every_other_kind(catalogue: Catalogue) -> None:
    assert catalogue.speech_models({"elevenlabs"})[0].id == "eleven_multilingual_v2"
    assert all((
        catalogue.image_models({"gemini"}), catalogue.sound_models({"elevenlabs"}),
        catalogue.music_models({"elevenlabs"}), catalogue.hearing_models({"groq"}),
    ))  # fmt: skip


def test_only_models_of_providers_with_keys_are_on_offer(catalogue: Catalogue) -> None:
    assert ids(catalogue.video_models({"gemini"})) == ["gemini-omni-1.2-flash", "gemini-omni-1.1-flash"]
    assert catalogue.video_models(set()) == ()
    assert ids(catalogue.language_models({"gemini", "groq"}, "plan")) == ["gemini-3.8-flash", "openai/gpt-oss-120b"]


# Prices


def test_a_clip_costs_its_seconds_at_its_resolution_with_or_without_sound(catalogue: Catalogue) -> None:
    veo = catalogue.resolve("veo3.1")
    assert veo.price_microusd(8) == 3_200_000
    assert veo.price_microusd(8, audio=False) == 1_600_000
    omni = catalogue.resolve("gemini-omni-1.2-flash")
    assert (omni.price_microusd(10), omni.price_microusd(10, omni.draft_resolution)) == (1_040_000, 370_000)
    assert omni.price_microusd(10, audio=False) == 1_040_000  # one cannot choose
    assert omni.price_microusd(10, task=Task.EDIT) == 1_130_000  # what goes in is paid, too
    assert catalogue.price("gen4.5", 5) == 600_000


def test_a_part_of_a_second_is_rounded_up_and_the_least_is_always_paid(catalogue: Catalogue) -> None:
    aleph = catalogue.resolve("aleph2")
    assert aleph.price_microusd(5.0000001) == 1_400_001
    assert aleph.price_microusd(0.5) == 560_000


def test_a_resolution_the_model_lacks_and_a_price_nobody_told_are_refused(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidRequest, match="makes 720p, not 4k"):
        catalogue.resolve("gen4.5").price_microusd(5, "4k")
    with pytest.raises(InvalidRequest, match="no price"):
        catalogue.resolve("magnific_video_upscaler_creative").price_microusd(5)


def test_what_has_no_price_is_listed_but_never_offered(catalogue: Catalogue) -> None:
    upscaler = catalogue.resolve("magnific_video_upscaler_creative")
    assert upscaler.can == (Task.UPSCALE,)
    assert catalogue.tools(Task.UPSCALE, EVERY) == ()


def test_tokens_characters_minutes_and_hours_are_rounded_up(catalogue: Catalogue) -> None:
    assert catalogue.language_models({"gemini"}, "chat")[0].price_microusd(1, 1) == 3  # 0.3 and 2.5
    assert catalogue.speech_models({"elevenlabs"})[0].price_microusd(1) == 80
    music = catalogue.music_models({"elevenlabs"})[0]
    assert (music.price_microusd(60), music.price_microusd(61)) == (750_000, 1_500_000)
    whisper = catalogue.hearing_models({"groq"})[0]
    assert (whisper.price_microusd(3600), whisper.price_microusd(1)) == (40_000, 112)  # ten seconds at least
    assert catalogue.sound_models({"elevenlabs"})[0].price_microusd(5) == 16_000


@pytest.mark.parametrize(
    ("size", "tokens"), [("360p", 5792 / 3), ("720p", 5792), ("1080p", 5792 * 1.5), ("4k", 5792 * 3)]
)
@pytest.mark.parametrize(
    ("task", "pictures", "has_clip"),
    [(Task.TEXT, 0, False), (Task.LAST_IMAGE, 2, False), (Task.REFERENCES, 6, False), (Task.EDIT, 0, True)],
)
def test_the_price_of_omni_is_a_ceiling_for_the_tokens_google_charges(
    catalogue: Catalogue, size: str, tokens: float, task: Task, pictures: int, has_clip: bool
) -> None:
    model = catalogue.resolve("gemini-omni-1.1-flash")
    for seconds in (model.durations[0], model.durations[-1]):
        goes_in = 1000 + 2040 * pictures + 5792 * seconds * has_clip
        assert model.price_microusd(seconds, size, task=task) >= tokens * seconds * 17.5 + goes_in * 1.5


# What can be made


def test_some_need_a_picture_some_take_one_and_tools_make_no_films(catalogue: Catalogue) -> None:
    turbo, gen, aleph = map(catalogue.resolve, ("gen4_turbo", "gen4.5", "aleph2"))
    assert (turbo.takes_start_image, turbo.needs_start_image, turbo.makes_films) == (True, True, True)
    assert (gen.takes_start_image, gen.needs_start_image, gen.makes_films) == (True, False, True)
    assert not aleph.makes_films
    assert aleph.family == gen.family == turbo.family
    assert "aleph2" in ids(catalogue.tools(Task.EDIT, {"runway"}))
    assert ids(catalogue.tools(Task.PERFORM, EVERY)) == ["act_two"]


@pytest.mark.parametrize(
    ("model", "seconds", "nearest"),
    [("veo3.1_fast", 5, 6), ("veo3.1_fast", 4.9, 4), ("gen4.5", 0, 2), ("gen4.5", 60, 10), ("gen4.5", 7.4, 7)],
)
def test_a_duration_that_is_not_on_offer_becomes_the_nearest(
    catalogue: Catalogue, model: str, seconds: float, nearest: int
) -> None:
    assert catalogue.resolve(model).nearest_duration(seconds) == nearest


def test_some_tasks_have_lengths_of_their_own_and_some_have_none(catalogue: Catalogue) -> None:
    omni, veo = catalogue.resolve("gemini-omni-1.2-flash"), catalogue.resolve("veo-3.1-generate-001")
    assert (omni.nearest_duration(15), omni.nearest_duration(15, Task.EXTEND)) == (15, 10)
    assert veo.durations_for(Task.REFERENCES) == (8,)
    assert omni.durations_for(Task.EDIT) == ()


def test_a_prompt_is_counted_as_the_provider_counts_it(catalogue: Catalogue) -> None:
    gen, act = catalogue.resolve("gen4.5"), catalogue.resolve("act_two")
    assert utf16_units("koi 🐉") == 6
    assert (gen.fits("🐉" * 500), gen.fits("🐉" * 501), gen.fits("")) == (True, False, False)
    assert act.fits("")  # it takes none


# Another that can do it


def test_equals_are_of_other_routes_can_do_as_much_and_the_nearest_price_comes_first(catalogue: Catalogue) -> None:
    model = catalogue.resolve("gen4.5")
    equals = catalogue.equals(model, EVERY)
    assert {each.provider for each in equals} == {"gemini", "vertex"}
    assert all({Task.TEXT, Task.IMAGE}.issubset(each.can) for each in equals)
    distances = [abs(each.price_per_second_microusd - model.price_per_second_microusd) for each in equals]
    assert distances == sorted(distances)
    assert catalogue.equals(model, {"runway"}) == ()


def test_an_equal_has_the_ratio_of_the_film_or_every_ratio_of_the_model(catalogue: Catalogue) -> None:
    turbo = catalogue.resolve("gen4_turbo")
    assert catalogue.equals(turbo, {"gemini"}) == ()  # it makes squares, Omni does not
    assert "gemini-omni-1.2-flash" in ids(catalogue.equals(turbo, {"gemini"}, "16:9"))


# What is gone


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        ("gen3a_turbo", "gen4.5"),
        ("Gen-3 Alpha", "gen4.5"),
        ("GEN3", "gen4.5"),
        ("gen4_aleph", "aleph2"),
        ("upscale_v1", "magnific_video_upscaler_creative"),
        ("veo3", "veo3.1"),
        ("Veo 2", "veo3.1"),
        ("veo 3", "veo3.1"),
        ("veo-3.0-generate-001", "veo3.1"),
        ("veo-3.0-fast-generate-001", "veo3.1_fast"),
        ("veo-3.1-generate-preview", "veo3.1"),
    ],
)
def test_an_old_name_however_it_is_spelled_tells_its_successor(catalogue: Catalogue, name: str, successor: str) -> None:
    with pytest.raises(ModelRetired, match=successor) as caught:
        catalogue.resolve(name, {"runway"})
    assert caught.value.successor == successor
    found = catalogue.successor(name, {"runway"})
    assert found is not None
    assert found.id == successor
    assert catalogue.successor(successor) is None


@pytest.mark.parametrize(
    ("providers", "successor"),
    [
        (None, "veo-3.1-generate-001"),
        ({"vertex", "runway", "gemini"}, "veo-3.1-generate-001"),
        ({"runway", "gemini"}, "veo3.1"),
        ({"gemini"}, "gemini-omni-1.2-flash"),
        ({"groq"}, None),
    ],
)
def test_the_successor_is_one_of_the_services_that_are_set_up(
    catalogue: Catalogue, providers: set[str] | None, successor: str | None
) -> None:
    with pytest.raises(ModelRetired) as caught:
        catalogue.resolve("veo-2.0-generate-001", providers)
    assert (caught.value.successor, caught.value.retired) == (successor, date(2026, 6, 30))


def test_a_language_model_that_is_gone_tells_its_successor_too(catalogue: Catalogue) -> None:
    with pytest.raises(ModelRetired) as caught:
        catalogue.resolve("llama-3.3-70b-versatile")
    assert caught.value.successor == "openai/gpt-oss-120b"


@pytest.mark.parametrize("name", ["gen99", "openai/gpt-oss-120b"])
def test_a_name_never_heard_of_or_of_no_video_model_is_no_retired_one(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(InvalidRequest):
        catalogue.resolve(name)


def test_on_its_last_day_a_model_is_on_offer_and_the_day_after_it_is_gone() -> None:
    day = LAST_DAY_OF_OMNI
    catalogue = Catalogue.load(today=lambda: day)
    assert catalogue.resolve("gemini-omni-1.1-flash").id in ids(catalogue.video_models({"gemini"}))
    day += timedelta(days=1)
    assert "gemini-omni-1.1-flash" not in ids(catalogue.video_models({"gemini"}))
    assert "gemini-omni-1.1-flash" not in ids(catalogue.tools(Task.EDIT, {"gemini"}))
    with pytest.raises(ModelRetired) as caught:
        catalogue.resolve("gemini-omni-1.1-flash", {"gemini"})
    assert (caught.value.successor, caught.value.retired) == ("gemini-omni-1.2-flash", LAST_DAY_OF_OMNI)


def test_every_kind_of_model_leaves_when_its_day_has_passed(data: dict[str, Any]) -> None:
    for section in ("language", "image", "speech", "sound", "music", "hearing"):
        data[section] = [{**entry, "retires": DAY} for entry in data[section]]
    catalogue = Catalogue.from_mapping(data, today=on(DAY + timedelta(days=1)))
    assert not any((
        catalogue.language_models(EVERY, "plan"), catalogue.image_models(EVERY), catalogue.speech_models(EVERY),
        catalogue.sound_models(EVERY), catalogue.music_models(EVERY), catalogue.hearing_models(EVERY),
    ))  # fmt: skip


def test_a_successor_that_is_gone_as_well_passes_it_on(data: dict[str, Any]) -> None:
    data["retired"] = [{**data["retired"][0], "names": ["old"], "successors": ["gemini-omni-1.1-flash", "gen4.5"]}]
    late = Catalogue.from_mapping(data, today=on(LAST_DAY_OF_OMNI + timedelta(days=1)))
    for offered, heir in (({"gemini"}, "gemini-omni-1.2-flash"), ({"runway"}, "gen4.5")):
        found = late.successor("old", offered)
        assert found is not None
        assert found.id == heir


@pytest.mark.parametrize(("days_before", "warned"), [(31, False), (30, True), (0, True), (-1, False)])
def test_an_operator_is_warned_in_the_last_thirty_days(days_before: int, warned: bool) -> None:
    catalogue = Catalogue.load(today=on(LAST_DAY_OF_OMNI - timedelta(days=days_before)))
    ending = {each.model: each for each in catalogue.retiring() if not each.is_price}
    assert ("gemini-omni-1.1-flash" in ending) == warned
    assert not warned or ending["gemini-omni-1.1-flash"].successor == "gemini-omni-1.2-flash"


@pytest.mark.parametrize(
    ("day", "warned"), [(date(2026, 11, 30), False), (date(2026, 12, 1), True), (date(2027, 2, 1), True)]
)
def test_a_price_that_ends_is_told_before_and_after(day: date, warned: bool) -> None:
    assert ("gemini-3.8-flash" in {each.model for each in Catalogue.load(today=on(day)).retiring()}) == warned


def test_facts_nobody_looked_at_for_a_season_are_named() -> None:
    assert Catalogue.load(today=on(DAY)).aged() == ()
    late = Catalogue.load(today=on(DAY + timedelta(days=91)))
    assert set(late.aged()) == set(late.models())


# What a service allows


def test_limits_are_told_by_tier_and_those_of_the_model_itself_first(catalogue: Catalogue) -> None:
    tiers = {tier.tier: tier.room for tier in catalogue.tiers("elevenlabs", "eleven_flash_v2_5")}
    assert tiers["Creator"] == 10
    assert {tier.tier: tier.room for tier in catalogue.tiers("elevenlabs", "eleven_v3")}["Creator"] == 5
    assert [tier.room for tier in catalogue.tiers("runway", "gen4.5")] == [1, 3, 5, 10, 20]
    assert catalogue.tiers("vertex", "veo-3.1-generate-001") == ()


# A file that contradicts itself


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("video", {"id": "gen4_turbo"}, "named twice: gen4turbo"),
        ("video", {"id": "Gen-3 Alpha"}, "named twice: gen3alpha"),
        ("video", {"successor": "gone"}, "successors not on offer: gone"),
        ("video", {"successor": "gen4.5"}, "lead back"),
        ("video", {"prices": {"4k": 1}}, "prices are not those of its resolutions"),
        ("video", {"silent_prices": {"4k": 1}}, "without sound for a resolution"),
        ("video", {"draft_resolution": "360p"}, "drafts at a resolution it has not"),
        ("video", {"prices": {"720p": 0}}, "a price of nothing"),
        ("video", {"durations": [5, 5]}, "do not ascend"),
        ("video", {"durations_by_task": {"extend": [7]}}, "durations or surcharges of what it cannot do"),
        ("video", {"can": []}, "says not what it makes"),
        ("video", {"can": ["dance"]}, "dance"),
        ("video", {"checked": date(2027, 1, 1)}, "checked after"),
        ("video", {"retire": date(2027, 1, 1)}, "no such key: retire"),
        ("retired", {"successors": ["gone"]}, "successors not on offer: gone"),
        ("retired", {"successors": []}, "none is named"),
        ("retired", {"gone": date(2027, 1, 1)}, "is not gone yet"),
        ("limits", {"models": ["gone"]}, "no such model: gone"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_reason(
    data: dict[str, Any], section: str, change: dict[str, Any], words: str
) -> None:
    data[section][0] |= change
    with pytest.raises(ValueError, match=words):
        Catalogue.from_mapping(data)


def test_successors_that_go_round_in_a_circle_are_refused(data: dict[str, Any]) -> None:
    for model, successor in zip(data["video"], ("gen4_turbo", "aleph2", "gen4_turbo"), strict=False):
        model["successor"] = successor
    with pytest.raises(ValueError, match=r"gen4\.5: its successors lead back to gen4_turbo"):
        Catalogue.from_mapping(data)


def test_a_section_nobody_knows_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such section: videos"):
        Catalogue.from_mapping({**data, "videos": []})
