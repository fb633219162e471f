from __future__ import annotations

import json
from dataclasses import replace

from bot.db import Database
from bot.production.export import export_of
from bot.studio.preferences import PreferenceRows

ANA, BEN = 81, 82


async def test_what_a_person_chose_is_theirs_to_take_along(database: Database) -> None:
    rows = PreferenceRows(database)
    await rows.change(ANA, lambda chosen: replace(chosen, seconds=12, spoiler=True))

    told = await export_of(database, ANA)

    assert (told["settings"]["seconds"], told["settings"]["spoiler"]) == (12, True)
    assert (await export_of(database, BEN))["settings"] == {}
    json.dumps(told)
