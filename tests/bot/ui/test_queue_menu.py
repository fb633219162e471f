"""Who waits for what, in words, and the ways out of the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.forecast import Between
from bot.production.line import Ahead
from bot.production.model import Production, ProductionState, Stage, TakeState
from bot.production.prospects import Prospect, Prospects, Totals
from bot.production.switches import ALL, Switches
from bot.studio.errors import NoSuchFilm, NotYours
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.queue_card import QueuedFilm, QueueFacts, queue_view
from bot.ui.queue_menu import QueueMenu
from bot.ui.router import Router
from bot.ui.waits import Waits
from tests.bot.production.test_productions import STRANGER
from tests.bot.production.test_prospects import House
from tests.bot.studio.samples import CATALOGUE, OWNER, plan
from tests.bot.ui.test_cards import buttons, is_taken_by_discord, production, take, text
from tests.bot.ui.test_desk import OPERATOR, Counter
from tests.bot.ui.test_library import Press
from tests.bot.ui.test_settings_menu import menus

MINE = owner_ref(OWNER)
THREAD = "https://discord.com/channels/@me/77"
NOW = 1000.0
SOME = Totals(waiting=3, running=2, people=4)


def shown(film: QueuedFilm | None = None, **changes: Any) -> str:
    facts = QueueFacts(owner_id=OWNER, films=[] if film is None else [film], totals=SOME, now=NOW)
    return text(queue_view(replace(facts, **changes)))


def open_film(state: ProductionState = ProductionState.ACCEPTED, **changes: Any) -> QueuedFilm:
    about = {name: changes.pop(name) for name in ("takes", "waits", "busy", "paused") if name in changes}
    made = production(state, **{name: changes.pop(name) for name in ("stopping", "stage") if name in changes})
    return QueuedFilm(prospect=Prospect(production=made, plan=plan(), thread_id=77, **changes), **about)


# What is said


@pytest.mark.parametrize(
    ("ahead", "why"),
    [
        (Ahead(), "It is next: it begins when a film that runs is done."),
        (Ahead(own=1), "Your other film goes first."),
        (Ahead(own=2), "2 other films of yours go first."),
        (Ahead(others=1), "1 film of others is ahead."),
        (Ahead(others=2, favoured=1), "2 films of others are ahead (1 of a higher class)."),
        (Ahead(own=1, others=2), "2 films of others are ahead, and your other film goes first."),
    ],
)
def test_a_film_in_line_tells_its_place_and_who_goes_first(ahead: Ahead, why: str) -> None:
    said = shown(open_film(place=ahead.own + ahead.others + 1, ahead=ahead))

    assert f"**Koi** · place {ahead.own + ahead.others + 1} in line · [thread]({THREAD})\n{why}" in said


def test_a_range_is_rounded_outwards_the_more_the_farther_it_is() -> None:
    film = open_film(place=1, begins=Between(1031.0, 1079.0), ends=Between(1061.0, 1461.0))

    assert "Probably begins <t:1020:R> to <t:1080:R>, and is done <t:1050:R> to <t:1500:R>." in shown(film)
    soon = open_film(place=1, begins=Between(1001.0, 1002.0), ends=Between(1061.0, 1261.0))
    assert "Probably begins any moment, or as late as <t:1005:R>, and" in shown(soon)


def test_nobody_is_promised_anything_where_nobody_can_tell() -> None:
    assert "Nobody can tell yet when it begins." in shown(open_film(place=2))
    assert "Nobody can tell yet when it is done." in shown(open_film(ProductionState.RUNNING, takes=[take()]))


def test_busy_keys_and_pauses_are_told() -> None:
    told = open_film(place=2, ahead=Ahead(others=1), begins=Between(1, 2), ends=Between(3, 4))

    assert "ahead; all keys of Runway are busy." in shown(replace(told, busy=["Runway"]))
    paused = shown(replace(told, busy=["Runway"], paused=["Runway"]))
    assert "ahead; Runway is paused by the operator.\nNobody can tell yet" in paused
    everything = shown(told, is_paused=True)
    assert "Paused by the operator: no film begins for now. It keeps its place." in everything
    assert "Probably" not in everything


def test_a_running_film_tells_what_is_made_what_waits_and_when_it_is_done() -> None:
    takes = [take(1, TakeState.MADE), take(2)]
    film = open_film(ProductionState.RUNNING, takes=takes, waits={2: "waiting: next"}, ends=Between(1060, 1120))

    said = shown(film)

    assert "rendering · 1 of 2 shots made" in said
    assert "Shot 2: waiting: next\nProbably done <t:1050:R> to <t:1125:R>." in said
    late = open_film(ProductionState.RUNNING, takes=takes, is_late=True)
    assert "It takes longer than films did lately" in shown(late)
    assert "cutting" in shown(open_film(ProductionState.RUNNING, stage=Stage.CUT))
    assert "· stopping" in shown(open_film(ProductionState.RUNNING, stopping=True))


def test_films_that_wait_for_people_say_for_whom() -> None:
    assert "waiting for approval" in shown(open_film(ProductionState.ASKING))
    assert "waiting for you" in shown(open_film(ProductionState.HELD))


def test_the_line_is_told_in_numbers() -> None:
    assert "**The line**: 3 films wait, 2 run, of 4 people." in shown()
    assert "begins at once" in shown(totals=Totals(waiting=0, running=0, people=0))
    assert "no film begins for now" in shown(is_paused=True)


@pytest.mark.parametrize("state", [state for state in ProductionState if state.value not in {"done", "failed"}])
def test_only_what_can_be_stopped_is_offered_for_that(state: ProductionState) -> None:
    view = queue_view(QueueFacts(owner_id=OWNER, films=[open_film(state, takes=[take()])], totals=SOME, now=NOW))

    stoppable = {ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING}
    assert [len(menu.options) for menu in menus(view)] == ([1] if state in stoppable else [])
    assert [label for label, _, _ in buttons(view)] == ["Refresh"]


def test_the_card_is_taken_by_discord_however_many_films_there_are() -> None:
    endless = replace(open_film().prospect, plan=plan(title="界" * 200), place=9_999, ahead=Ahead(own=9, others=9_989))
    films = [
        QueuedFilm(prospect=replace(endless, production=production(ProductionState.ACCEPTED, id=f"{number:032x}")))
        for number in range(40)
    ]
    view = queue_view(QueueFacts(owner_id=OWNER, films=films, totals=SOME, now=NOW, note="x" * 200))

    assert is_taken_by_discord(view)
    assert "and 28 more films" in text(view)
    assert len(menus(view)[0].options) == 25


# What people do


class Queue(House, Counter):
    """The line, with the menus over it."""

    def __init__(self, database: Database) -> None:
        Counter.__init__(self, database)
        House.__init__(self, database)
        self.switches = Switches(database, Wake())
        self.menu = QueueMenu(
            self.desk,
            self.productions,
            Prospects(database, self.dispatcher, self.switches, clock=lambda: self.now),
            Waits(CATALOGUE, {}, lambda: self.now),
        )

    async def press(self, action: Action, values: Sequence[str] = (), user_id: int = OWNER) -> Press:
        pressed = Press(CustomId(action, MINE), user_id)
        data: Any = pressed.data
        data["values"] = list(values)
        interaction: Any = pressed
        await Router(self.desk, self.projects, presses=self.menu.presses).handle(interaction)
        return pressed

    async def suggested(self, typed: str = "", user_id: int = OWNER) -> list[str]:
        interaction: Any = SimpleNamespace(user=SimpleNamespace(id=user_id))
        return [choice.value for choice in await self.menu._suggest(interaction, typed)]

    async def cancel(self, film: str | None = None, user_id: int = OWNER) -> str:
        answered = await self.menu.cancelled(user_id, film)
        if isinstance(answered, str):
            return answered
        assert isinstance(answered.view, ui.LayoutView)
        return text(answered.view)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


async def entered(queue: Queue, *names: str, owner_id: int = OWNER) -> list[Production]:
    made = [await queue.enter(name, owner_id) for name in names]
    await queue.dispatcher.look()
    return made


async def test_a_film_is_cancelled_in_the_menu_and_the_card_says_so(queue: Queue) -> None:
    first, second = await entered(queue, "a", "b")

    pressed = await queue.press(Action.LEAVE, [first.id])

    assert await queue.state(first) is ProductionState.CANCELLED
    assert await queue.state(second) is ProductionState.ACCEPTED
    said = text(pressed.views[0])
    assert "**Koi**: Cancelled. Nothing was ordered for it." in said
    assert said.count("in line") == 1


async def test_looking_again_tells_a_pause(queue: Queue) -> None:
    await entered(queue, "a")
    await queue.switches.pause(ALL, OPERATOR)

    assert "Paused by the operator" in text((await queue.press(Action.QUEUE)).views[0])


@pytest.mark.parametrize("action", [Action.QUEUE, Action.LEAVE])
async def test_anothers_card_answers_to_nobody_else(queue: Queue, action: Action) -> None:
    (film,) = await entered(queue, "a")

    pressed = await queue.press(action, [film.id], STRANGER)

    assert pressed.views == []
    assert "belongs to" in pressed.words[0]
    assert await queue.state(film) is ProductionState.ACCEPTED


async def test_only_ones_own_open_films_are_suggested(queue: Queue) -> None:
    first, second = await entered(queue, "a", "b")
    await entered(queue, "c", owner_id=STRANGER)
    await queue.lifecycle.stop(first.id, OWNER)

    assert await queue.suggested() == [second.id]
    assert await queue.suggested("KOI") == [second.id]
    assert await queue.suggested("dragon") == []


async def test_the_only_open_film_needs_no_name(queue: Queue) -> None:
    (film,) = await entered(queue, "a")
    await entered(queue, "b", owner_id=STRANGER)

    assert "Cancelled" in await queue.cancel()
    assert await queue.state(film) is ProductionState.CANCELLED
    assert "nothing to cancel" in await queue.cancel()


async def test_of_several_one_has_to_be_chosen(queue: Queue) -> None:
    films = await entered(queue, "a", "b")

    assert "Which one?" in await queue.cancel()
    assert "None of your open films is called *quokka*" in await queue.cancel("quokka")
    assert [await queue.state(film) for film in films] == [ProductionState.ACCEPTED] * 2
    assert "Cancelled" in await queue.cancel(films[1].id)
    assert [await queue.state(film) for film in films] == [ProductionState.ACCEPTED, ProductionState.CANCELLED]


async def test_operators_cancel_any_film_by_its_id_and_nobody_else_does(queue: Queue) -> None:
    first, second = await entered(queue, "a", "b")

    with pytest.raises(NotYours):
        await queue.cancel(first.id, STRANGER)
    with pytest.raises(NoSuchFilm):
        await queue.cancel("f" * 32, OPERATOR)
    assert "Cancelled" in await queue.cancel(first.id, OPERATOR)
    assert "Cancelled" in await queue.cancel(second.project_id, OPERATOR)

    assert (await queue.productions.get(first.id)).failure == "CancelledByOperator"
