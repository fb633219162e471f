from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from sqlalchemy import select

from bot.db import Database
from bot.db.tables import preferences
from bot.speech import Language
from bot.studio.model import Captions
from bot.studio.preferences import PreferenceRows, Preferences

ON_BOTH_DATABASES = True

ANA, BEN = 81, 82
ALL_OTHERWISE = Preferences(
    seconds=20,
    ratio="9:16",
    model="gen4_turbo",
    voice="v1",
    voice_name="Rosie",
    language=Language.GERMAN,
    captions=Captions.BURNT,
    mentions=False,
    dms=True,
    spoiler=True,
)


def test_nobody_gets_a_dm_who_did_not_ask_for_it() -> None:
    assert Preferences().mentions
    assert not Preferences().dms


def test_whatever_can_be_chosen_is_read_back() -> None:
    assert Preferences.from_json(ALL_OTHERWISE.to_json()) == ALL_OTHERWISE


def test_what_another_version_kept_is_read_as_far_as_it_is_understood() -> None:
    kept = json.dumps(
        {"seconds": 900, "language": "tlh", "captions": "sung", "colour": "red", "ratio": 3, "spoiler": True}
    )

    assert Preferences.from_json(kept) == Preferences(spoiler=True)


async def test_each_person_has_choices_of_their_own(database: Database) -> None:
    rows = PreferenceRows(database)

    await rows.change(ANA, lambda chosen: replace(chosen, seconds=12))

    assert await rows.of(ANA) == Preferences(seconds=12)
    assert await rows.of(BEN) == Preferences()


async def test_two_changes_at_once_are_both_kept(database: Database) -> None:
    rows = PreferenceRows(database)

    await asyncio.gather(
        rows.change(ANA, lambda chosen: replace(chosen, dms=True)),
        rows.change(ANA, lambda chosen: replace(chosen, spoiler=True)),
    )

    assert await rows.of(ANA) == Preferences(dms=True, spoiler=True)


async def test_a_reset_leaves_no_row(database: Database) -> None:
    rows = PreferenceRows(database)
    await rows.change(ANA, lambda _: ALL_OTHERWISE)

    await rows.reset(ANA)

    assert await rows.of(ANA) == Preferences()
    async with database.transaction() as transaction:
        assert (await transaction.execute(select(preferences))).all() == []
