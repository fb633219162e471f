from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from bot.ops.models import as_json, described
from providers.catalogue import Catalogue

DAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def printed() -> str:
    return described(Catalogue.load(today=lambda: DAY))


def entry(printed: str, name: str) -> str:
    return printed.split(f"\n  {name}   ")[1].split("\n\n", maxsplit=1)[0]


def test_every_model_is_printed_with_its_source_and_the_day_somebody_looked(printed: str) -> None:
    for model in Catalogue.load().models():
        assert model.label in entry(printed, model.id)
        assert f"{model.source}; checked {model.checked}" in entry(printed, model.id)


def test_a_film_model_says_what_it_can_how_long_how_wide_and_for_how_much(printed: str) -> None:
    veo = entry(printed, "veo3.1")
    assert "can: text, image, last image · 4, 6, 8 s · 16:9, 9:16 · with sound · prompts up to 1,000" in veo
    assert "1080p: $0.40 a second ($0.20 silent), $4.00 for 10 s" in veo
    omni = entry(printed, "gemini-omni-1.2-flash")
    assert "360p: $0.037 a second, $0.37 for 10 s · for drafts" in omni
    assert "on top, a second: references $0.0062, extend $0.009, edit $0.009" in omni
    assert "at least $0.56" in entry(printed, "aleph2")
    assert "price unknown, so it is not offered" in entry(printed, "magnific_video_upscaler_creative")


def test_a_last_day_is_announced_and_a_past_one_told(printed: str) -> None:
    assert "LAST DAY 2026-12-03; use gemini-omni-1.2-flash" in entry(printed, "gemini-omni-1.1-flash")
    late = described(Catalogue.load(today=lambda: DAY + timedelta(days=30)))
    assert "GONE since 2026-12-03; use gemini-omni-1.2-flash" in entry(late, "gemini-omni-1.1-flash")


def test_tiers_and_names_that_are_gone_are_printed_too(printed: str) -> None:
    assert "    2 ($50 paid): 3 at once, 500 a day, $500 a month" in printed
    assert "  gen4_aleph, aleph, runway aleph since 2026-06-10: use aleph2, or gemini-omni-1.2-flash" in printed


def test_a_machine_gets_the_whole_file_in_micro_dollars() -> None:
    catalogue = Catalogue.load()
    told = json.loads(as_json(catalogue))
    assert told["as_of"] == str(catalogue.as_of)
    assert len(told["video"]) == len(catalogue.video)
    assert told["video"][0]["prices"] == {"720p": 120_000}
    assert {"language", "image", "speech", "sound", "music", "hearing", "retired", "limits"} <= told.keys()
