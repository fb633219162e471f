"""Which process shows which servers' films."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import projects as projects_table
from bot.studio.projects import Projects
from bot.studio.shards import ALL_SHARDS, Shards
from tests.bot.studio.samples import OWNER, plan, request

ON_BOTH_DATABASES = True

#: Servers whose shard of four is the one named.
GUILDS = {shard: (175928847299117063 >> 24 << 24) + (shard << 22) + 5 for shard in range(4)}
HALVES = Shards.parse("0-1/4"), Shards.parse("2-3/4")


@pytest.mark.parametrize(
    ("text", "read"),
    [("0-3/8", (0, 3, 8)), ("5/8", (5, 5, 8)), ("0-0/1", (0, 0, 1)), (" 7-7/8 ", (7, 7, 8))],
)
def test_a_range_is_read(text: str, read: tuple[int, int, int]) -> None:
    shards = Shards.parse(text)
    assert (shards.first, shards.last, shards.count) == read


@pytest.mark.parametrize("text", ["", "3", "0-8/8", "3-1/8", "0-0/0", "-1/2", "0-1/99999", "a-b/c"])
def test_a_range_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shard"):
        Shards.parse(text)


def test_whoever_serves_all_serves_direct_messages_and_every_server() -> None:
    assert all(ALL_SHARDS.serve(guild) for guild in (None, 5, *GUILDS.values()))
    assert Shards.parse("0-7/8").are_all


async def test_every_film_is_shown_by_one_process_by_value_and_by_column_alike(database: Database) -> None:
    films = Projects(database)
    for number, guild in enumerate((None, 5, *GUILDS.values())):
        await films.create(request(str(number), guild_id=guild), model="gen4.5")
    for shards in HALVES:
        query = select(projects_table.c.guild_id).where(shards.among(projects_table.c.guild_id))
        async with database.transaction() as transaction:
            found = {row.guild_id for row in await transaction.execute(query)}
        assert found == {guild for guild in (None, 5, *GUILDS.values()) if shards.serve(guild)}
    assert [shards.serve(None) for shards in HALVES] == [True, False]
    assert [HALVES[1].serve(GUILDS[shard]) for shard in range(4)] == [False, False, True, True]


async def test_threads_and_answers_are_left_to_those_who_serve_the_server(database: Database) -> None:
    film, _ = await Projects(database).create(request(guild_id=GUILDS[2]), model="gen4.5")
    ours, theirs = (Projects(database, shards=shards) for shards in reversed(HALVES))
    assert [each.id for each in await ours.homeless(before=film_time())] == [film.id]
    assert await theirs.homeless(before=film_time()) == []

    await ours.keep_plan(film.id, plan())
    await ours.hear(film.id, message_id=9, author_id=OWNER, words="shorter")
    (heard,) = await ours.unanswered()
    assert await theirs.unanswered() == []

    await ours.answer(heard.turn_id, "No.", film.id, None)
    assert [each.reply for each in await ours.unshown()] == ["No."]
    assert await theirs.unshown() == []


def film_time() -> float:
    """After every film of these tests was asked for."""
    return 4e9
