from __future__ import annotations

import json
from dataclasses import replace

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.export import export_of
from bot.studio.ages import Ages
from bot.studio.participants import Participants
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.rights import Role
from tests.bot.studio.samples import request

ANA, BEN = 81, 82


async def test_what_a_person_chose_is_theirs_to_take_along(database: Database) -> None:
    rows = PreferenceRows(database)
    await rows.change(ANA, lambda chosen: replace(chosen, seconds=12, spoiler=True))

    told = await export_of(database, ANA)

    assert (told["settings"]["seconds"], told["settings"]["spoiler"]) == (12, True)
    assert (await export_of(database, BEN))["settings"] == {}
    json.dumps(told)


async def test_what_a_person_said_in_a_film_of_another_is_theirs_and_nothing_else_of_it(database: Database) -> None:
    projects = Projects(database)
    film, _ = await projects.create(request("1", owner_id=BEN, idea="of Ben's"), model="gen4.5")
    await Participants(database, Wake()).invite(film.id, owner_id=BEN, user_id=ANA, role=Role.DIRECTOR)
    for author, words in ((ANA, "by Ana"), (BEN, "by Ben")):
        await projects.hear(film.id, message_id=None, author_id=author, words=words)

    anas, bens = await export_of(database, ANA), await export_of(database, BEN)

    assert [(each["project_id"], each["role"]) for each in anas["takes_part_in"]] == [(film.id, "director")]
    assert [each["words"] for each in anas["said_in_others_films"]] == ["by Ana"]
    assert "Ben" not in json.dumps(anas)
    assert [each["words"] for each in bens["films"][0]["talk"]] == ["by Ben"]
    assert "Ana" not in json.dumps(bens)


async def test_who_is_old_enough_and_spoke_twice_in_a_film_of_another_has_both_told_apart(database: Database) -> None:
    projects = Projects(database)
    film, _ = await projects.create(request("1", owner_id=BEN, idea="of Ben's"), model="gen4.5")
    await Ages(database, least=18, clock=lambda: 7.0).confirm(ANA)
    for words in ("one", "two"):
        await projects.hear(film.id, message_id=None, author_id=ANA, words=words)

    told = await export_of(database, ANA)

    assert told["old_enough_said_at"] == 7.0
    assert [each["words"] for each in told["said_in_others_films"]] == ["one", "two"]
