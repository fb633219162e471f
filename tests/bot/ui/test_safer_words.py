"""Safer words for what a policy refused: shots, stills, and ideas; bought like any other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from discord import ui
from sqlalchemy import insert

from bot.db import Database
from bot.db.tables import stills, storyboards
from bot.jobs.wake import Wake
from bot.production.model import Production, ProductionState, Take, TakeState
from bot.production.storyboards import StillState, Storyboards, StoryboardState
from bot.studio.budget import Budgets, Caps
from bot.studio.errors import NothingToRender, NotYours, OverBudget, PlanMoved
from bot.studio.model import MAX_SHOTS, Attachment, Plan, Project, ProjectState
from bot.studio.rights import FilmRights
from bot.ui.answering import Answer
from bot.ui.card_layout import fits, fitted
from bot.ui.held import held_buttons
from bot.ui.job_buttons import failed_view
from bot.ui.plan_card import PlanFacts, plan_card
from bot.ui.quote_card import unplanned_card
from bot.ui.safer_words import SaferWords, difference, difference_view
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER, plan, project, shot
from tests.bot.ui.test_cards import buttons, production, take, text

REFUSED = "ContentRejected"


class Softener:
    """Puts other words in the place of refused ones, and keeps which those were."""

    def __init__(self) -> None:
        self.shots: list[int] = []

    async def soften(self, project: Project, plan: Plan, refused: Collection[int]) -> Plan:
        self.shots = sorted(refused)
        shots = [
            replace(shot, prompt="A calm lake.") if number in refused else shot
            for number, shot in enumerate(plan.shots, 1)
        ]
        return replace(plan, version=plan.version + 1, shots=tuple(shots))

    async def soften_idea(self, project: Project) -> str:
        return "a calm lake"


class Place(Office):
    def __init__(self, database: Database, caps: Caps | None = None) -> None:
        super().__init__(database)
        self.softener = Softener()
        budgets = Budgets(database, caps or Caps(), clock=lambda: self.now)
        softener: Any = self.softener
        boards = Storyboards(database, Wake(), budgets=budgets)
        self.words = SaferWords(self.projects, self.productions, softener, Wake(), FilmRights(), budgets, boards)

    async def refused(self, state: ProductionState) -> Production:
        """A film whose second shot was refused."""
        made = await self.accept((await self.film()).id)
        await self.lifecycle.begin(made.id)
        await self.lifecycle.set_take(made.id, 2, TakeState.FAILED, failure=REFUSED)
        await self.lifecycle.end(made.id, state, failure=REFUSED)
        return made

    async def refused_still(self, project_id: str, shot: int, version: int = 1) -> None:
        async with self.database.transaction() as transaction:
            board = {
                "id": "b" * 32, "request_id": "r", "project_id": project_id, "version": version, "owner_id": OWNER,
                "guild_id": 5, "provider": "gemini", "model": "m", "ratio": "16:9", "state": StoryboardState.OVER,
                "price_microusd": 1, "accepted_at": 1.0, "updated_at": 1.0,
            }  # fmt: skip
            await transaction.execute(insert(storyboards).values(**board))
            still = {"storyboard_id": "b" * 32, "shot": shot, "content": "c", "prompt": "p", "price_microusd": 1}
            await transaction.execute(insert(stills).values(**still, state=StillState.FAILED, failure=REFUSED))

    async def refused_idea(self, failure: str = REFUSED) -> Project:
        film = await self.film(planned=False)
        await self.projects.fail(film.id, failure)
        return film


def said(found: Answer) -> str:
    return text(found.view) if isinstance(found.view, ui.LayoutView) else found.words


@pytest.fixture
def place(database: Database) -> Place:
    return Place(database)


async def test_no_model_is_asked_for_safer_words_once_the_day_is_used_up(database: Database) -> None:
    place = Place(database, Caps(bot_day_microusd=0))
    made = await place.refused(ProductionState.FAILED)

    with pytest.raises(OverBudget):
        await place.words.soften(made.project_id, 1, OWNER)
    assert place.softener.shots == []


async def test_a_held_film_gets_safer_words_and_reads_what_to_do_about_the_one_that_is_held(place: Place) -> None:
    made = await place.refused(ProductionState.HELD)

    told = said(await place.words.soften(made.project_id, 1, OWNER))

    assert place.softener.shots == [2]
    assert "press **Stop** on its card" in told
    revised = await place.projects.plan(made.project_id)
    assert revised is not None
    assert (revised.version, revised.shots[1].prompt) == (2, "A calm lake.")


async def test_stills_that_were_refused_get_safer_words_before_anything_was_greenlit(place: Place) -> None:
    film = await place.film()
    await place.refused_still(film.id, 3)

    told = said(await place.words.soften(film.id, 1, OWNER))

    assert place.softener.shots == [3]
    assert "Plan v2" in told
    assert "Stop" not in told


async def test_what_was_refused_of_another_version_is_none_of_this_one(place: Place) -> None:
    film = await place.film()
    await place.refused_still(film.id, 3, version=7)

    with pytest.raises(PlanMoved):
        await place.words.soften(film.id, 1, OWNER)


async def test_a_refused_idea_is_planned_in_other_words_that_are_shown(place: Place) -> None:
    film = await place.refused_idea()

    told = said(await place.words.soften(film.id, 0, OWNER))

    after = await place.projects.get(film.id)
    assert (after.idea, after.state, after.failure) == ("a calm lake", ProjectState.NEW, None)
    assert film.idea in told
    assert "> now: a calm lake" in told
    with pytest.raises(NothingToRender):  # a second press, while it is planned
        await place.words.soften(film.id, 0, OWNER)


async def test_an_idea_is_its_owners_and_only_a_refused_one_is_rewritten(place: Place) -> None:
    film = await place.refused_idea("Unavailable")

    with pytest.raises(NothingToRender):
        await place.words.soften(film.id, 0, OWNER)
    with pytest.raises(NotYours):
        await place.words.soften(film.id, 0, 2002)


def labels(found: Collection[Any]) -> list[str]:
    return [str(button.label) for button in found]


def takes(failure: str) -> list[Take]:
    return [take(1, TakeState.UNKNOWN, failure="OutcomeUnknown"), take(2, TakeState.FAILED, failure=failure)]


def test_held_and_unfinished_films_offer_safer_words_where_words_were_refused() -> None:
    held = production(ProductionState.HELD)
    assert "Safer words" in labels(held_buttons(held, takes(REFUSED), 1))
    assert "Safer words" not in labels(held_buttons(held, takes("Unavailable"), 1))
    view = failed_view(production(ProductionState.FAILED), takes(REFUSED), None)
    assert view is not None
    assert labels(view.children) == ["Safer words"]


def test_an_idea_that_was_refused_offers_safer_words_on_both_cards() -> None:
    refused = replace(project(), state=ProjectState.FAILED, failure=REFUSED)
    seen = Attachment(url="https://x", name="x.mp4", bytes=1)
    for changed, offered in [
        (refused, ["Safer words", "Try again"]),
        (replace(refused, failure="Unavailable"), ["Try again"]),
        (replace(refused, attachment=seen), ["Try again"]),  # it may be the video that was refused
    ]:
        in_thread, answer = plan_card(PlanFacts(project=changed, plan=None)), unplanned_card(changed)
        assert [label for label, _, _ in buttons(in_thread)] == [*offered, "Change…"]
        assert [label for label, _, _ in buttons(answer)] == offered


async def test_a_dozen_refused_shots_are_shown_in_one_message_that_discord_takes() -> None:
    before = plan(*(shot(f"Shot {n}", prompt="*_~" * 300) for n in range(MAX_SHOTS)))
    after = plan(*(shot(f"Shot {n}", prompt="~_*" * 300) for n in range(MAX_SHOTS)), version=2)

    card = fitted(lambda room: difference_view(difference(before, after, room, is_held=True)))

    assert fits(card)
    assert f"**Shot {MAX_SHOTS}** was:" in difference(before, after, 16)
