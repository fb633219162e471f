"""`/admin queue`: why a film waits and whose turn it is; operators move and stop, a server's admins stop theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.db import Database
from bot.db.tables import audit, productions
from bot.production.model import Production, ProductionState, TakeState
from bot.production.moves import Where
from bot.production.switches import ALL
from bot.studio.errors import NoSuchFilm, NotOperator
from bot.ui.rights import Asker
from tests.bot.production.test_productions import STRANGER
from tests.bot.ui.admin.panel import OF_ALL, OF_HERE, THERE, Panel, labels
from tests.bot.ui.test_cards import is_taken_by_discord, text


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


async def move_to(panel: Panel, production: Production, guild_id: int | None) -> None:
    async with panel.database.transaction() as transaction:
        await transaction.execute(
            update(productions).where(productions.c.id == production.id).values(guild_id=guild_id)
        )


async def test_the_list_tells_what_runs_and_who_is_next_in_order(panel: Panel) -> None:
    first, _, third = [await panel.enter(name) for name in "abc"]
    await panel.lifecycle.begin(first.id)
    await panel.queue.move(OF_ALL, third.id, Where.FRONT)

    lines = [line for line in text(await panel.queue.page(OF_ALL)).splitlines() if "·" in line]
    assert "1 running" in lines[0]
    assert "2 in line" in lines[0]
    assert ["▶️ begun" in lines[1], "Place 1 in line" in lines[2], "Place 2 in line" in lines[3]] == [True] * 3
    assert "moved to the front" in lines[2]


async def test_a_long_line_stands_on_pages(panel: Panel) -> None:
    for number in range(9):
        await panel.enter(f"a{number}", owner_id=STRANGER + number)
    for number in (1, 2, 99):
        card = await panel.queue.page(OF_ALL, number)
        assert is_taken_by_discord(card)
    assert "page 2 of 2" in text(card)
    assert labels(card) == ["Explain", "← Back", "Status"]


async def test_words_of_a_title_open_that_film_and_else_the_line_says_so(panel: Panel) -> None:
    first = await panel.enter("lighthouse")
    await panel.enter("paper boat")
    opened = text(await panel.queue.explain(OF_ALL, first.id))

    assert text(await panel.queue.named(OF_ALL, first.id)) == opened
    assert text(await panel.queue.named(OF_ALL, first.id[:8])) == opened
    assert "Several films are called so" in text(await panel.queue.named(OF_ALL, ""))
    assert "No film under way is called so" in text(await panel.queue.named(OF_ALL, "nothing of the kind"))


async def test_a_film_in_line_tells_whose_turn_it_is(panel: Panel) -> None:
    await panel.enter("a")
    mine = await panel.enter("b")
    await panel.switches.pause(ALL, OF_ALL.user_id)

    said = text(await panel.queue.explain(OF_ALL, mine.id))
    assert "Place 2 in line" in said
    assert "1 film goes before it, 1 of its owner's." in said
    assert "Next is **Koi** of" in said
    assert "An operator paused all new films" in said
    assert "at most $" in said


async def test_a_running_film_tells_of_each_shot(panel: Panel) -> None:
    film = await panel.enter("a")
    await panel.lifecycle.begin(film.id)
    await panel.lifecycle.set_take(film.id, 1, TakeState.MADE)
    await panel.lifecycle.set_take(film.id, 2, TakeState.RENDERING)

    card = await panel.queue.explain(OF_ALL, film.id)
    assert "shot 1: made" in text(card)
    assert "shot 2: being made" in text(card)
    assert labels(card) == ["Stop it", "All films"]


async def test_an_operator_moves_a_film_and_sees_its_new_place(panel: Panel) -> None:
    await panel.enter("a")
    mine = await panel.enter("b")

    card = await panel.queue.move(OF_ALL, mine.id, Where.FRONT)
    assert "It goes first now." in text(card)
    assert "Place 1 in line" in text(card)
    assert labels(card) == ["To the front", "To the back", "Its fair place", "Stop it", "All films"]
    assert "Place 2 in line" in text(await panel.queue.move(OF_ALL, mine.id, Where.FAIR))
    await panel.lifecycle.begin(mine.id)
    assert "isn't in the line any more" in text(await panel.queue.move(OF_ALL, mine.id, Where.BACK))


async def test_who_manages_a_server_sees_and_stops_its_films_only_and_learns_of_no_money(panel: Panel) -> None:
    ours, theirs = await panel.enter("a"), await panel.enter("b")
    await move_to(panel, ours, OF_HERE.guild_id)
    await move_to(panel, theirs, THERE)

    page = text(await panel.queue.page(OF_HERE))
    assert page.count("in line since") + page.count("⏳ Place") == 1
    assert "$" not in page + text(await panel.queue.explain(OF_HERE, ours.id))
    for act in (panel.queue.explain, panel.queue.stop):
        with pytest.raises(NoSuchFilm):
            await act(OF_HERE, theirs.id)
    with pytest.raises(NotOperator):
        await panel.queue.move(OF_HERE, ours.id, Where.FRONT)

    await panel.queue.stop(OF_HERE, ours.id)
    assert (await panel.productions.get(ours.id)).state is ProductionState.CANCELLED
    assert (await panel.productions.get(theirs.id)).state is ProductionState.ACCEPTED
    async with panel.database.transaction() as transaction:
        noted = (await transaction.execute(select(audit.c.actor_id, audit.c.action, audit.c.guild_id))).all()
    assert [tuple(row) for row in noted] == [(OF_HERE.user_id, "cancel", OF_HERE.guild_id)]


async def test_of_films_in_direct_messages_no_servers_admin_learns(panel: Panel) -> None:
    film = await panel.enter("a")
    await move_to(panel, film, None)

    with pytest.raises(NoSuchFilm):
        await panel.queue.explain(Asker(user_id=77, guild_id=5, manages=True), film.id)
