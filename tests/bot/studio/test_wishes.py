"""A default fills what a person left open, and never stands in their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.db import Database
from bot.studio.model import Captions
from bot.studio.preferences import PreferenceRows, Preferences
from bot.studio.wishes import Wishes
from providers.catalogue import VideoModel
from providers.speech import Voice
from tests.bot.studio.samples import CATALOGUE, GEN45, OWNER, request

RUNWAY = CATALOGUE.video_models({"runway"})
CHOSEN = Preferences(
    seconds=20, ratio="9:16", model="seedance2", voice="v1", voice_name="Rosie", captions=Captions.BURNT
)


class Choir:
    """Knows some voices."""

    def __init__(self, *ids: str) -> None:
        self._ids = ids

    async def named(self, id_or_name: str) -> Voice | None:
        return Voice(id=id_or_name, name="Rosie", labels=()) if id_or_name in self._ids else None


def ratios_of(model: VideoModel) -> tuple[str, ...]:
    return model.ratios


async def wishes(
    database: Database, chosen: Preferences, *, models: Sequence[VideoModel] = RUNWAY, voices: Choir | None = None
) -> Wishes:
    rows = PreferenceRows(database)
    await rows.change(OWNER, lambda _: chosen)
    choir: Any = voices or Choir("v1", "v2")
    return Wishes(rows, models=models, usual=GEN45, ratios_of=ratios_of, voices=choir)


async def test_what_is_left_open_is_as_its_owner_wants_it(database: Database) -> None:
    asked = await (await wishes(database, CHOSEN)).completed(request())

    assert (asked.seconds, asked.ratio, asked.model, asked.captions) == (20, "9:16", "seedance2", Captions.BURNT)
    assert (asked.voice, asked.voice_name) == ("v1", "Rosie")


async def test_what_is_asked_for_counts(database: Database) -> None:
    full = request(seconds=8, ratio="16:9", model="gen4.5", captions=Captions.OFF, voice="v2")

    assert await (await wishes(database, CHOSEN)).completed(full) == full


async def test_nothing_is_filled_in_for_who_chose_nothing(database: Database) -> None:
    asked = await (await wishes(database, Preferences())).completed(request())

    assert (asked.seconds, asked.ratio, asked.model, asked.voice) == (None, "", None, "")


async def test_a_model_that_is_not_offered_any_more_gives_way_to_the_usual_one(database: Database) -> None:
    offered = [model for model in RUNWAY if model.id != "seedance2"]

    assert (await (await wishes(database, CHOSEN, models=offered)).completed(request())).model is None


async def test_a_model_gives_way_to_a_shape_that_is_asked_for(database: Database) -> None:
    usual = Preferences(model="veo3.1")

    assert (await (await wishes(database, usual)).completed(request(ratio="1:1"))).model is None
    assert (await (await wishes(database, usual)).completed(request(ratio="9:16"))).model == "veo3.1"


async def test_a_shape_gives_way_to_a_model_that_is_asked_for(database: Database) -> None:
    asked = await (await wishes(database, Preferences(ratio="1:1"))).completed(request(model="gen4.5"))

    assert asked.ratio == ""


async def test_a_voice_that_has_gone_gives_way_to_the_houses_own(database: Database) -> None:
    asked = await (await wishes(database, CHOSEN, voices=Choir("v2"))).completed(request())

    assert asked.voice == ""
