"""What people read when they press something."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.db import Database
from bot.studio.model import ProjectState
from bot.ui.answering import told
from bot.ui.custom_ids import Action, CustomId
from bot.ui.router import Router
from bot.ui.sending import Busy, DiscordFailed, Malformed, NotAllowed, TooLarge, Vanished
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_desk import Counter


class Press:
    """An interaction with the little that the router reads, and what it answers."""

    def __init__(self, custom_id: object, *, words: str | None = None, user_id: int = OWNER) -> None:
        self.id = 77
        self.type = discord.InteractionType.component if words is None else discord.InteractionType.modal_submit
        self.data: dict[str, Any] = {"custom_id": str(custom_id)}
        if words is not None:
            self.data["components"] = [{"type": 18, "component": {"custom_id": "words", "value": words}}]
        self.user = discord.Object(user_id)
        self.locale = discord.Locale.american_english
        self.response = self
        self.answers: list[str] = []
        self.modals: list[object] = []

    def is_guild_integration(self) -> bool:
        return True

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        assert (ephemeral, thinking) == (True, True)

    async def send_modal(self, modal: object) -> None:
        self.modals.append(modal)

    async def edit_original_response(self, *, content: str, view: discord.ui.View | None = None) -> None:
        self.answers.append(content)


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


async def answer(counter: Counter, press: Press) -> str:
    interaction: Any = press
    await Router(counter.desk, counter.projects).handle(interaction)
    return press.answers[-1]


async def test_words_in_the_modal_are_heard(counter: Counter) -> None:
    project = await counter.film()

    words = await answer(counter, Press(CustomId(Action.CHANGE, project.id), words="night"))

    assert words.startswith("Got it")
    assert [heard.words for heard in await counter.projects.unanswered()] == ["night"]


async def test_a_modal_without_words_is_not_said_to_be_heard(counter: Counter) -> None:
    project = await counter.film()

    words = await answer(counter, Press(CustomId(Action.CHANGE, project.id), words=" \u200b "))

    assert "nothing" in words
    assert await counter.projects.unanswered() == []


async def test_a_film_whose_idea_failed_is_planned_from_another_idea(counter: Counter) -> None:
    project = await counter.film(planned=False)
    await counter.projects.fail(project.id, "ContentRejected")
    change = CustomId(Action.CHANGE, project.id)

    asked: Any = Press(change)
    await Router(counter.desk, counter.projects).handle(asked)
    await answer(counter, Press(change, words="a calm koi"))

    [modal] = asked.modals
    [field] = [item for item in modal.walk_children() if isinstance(item, discord.ui.TextInput)]
    assert (modal.title, field.default) == ("Change the idea", project.idea)
    again = await counter.projects.get(project.id)
    assert (again.state, again.idea) == (ProjectState.NEW, "a calm koi")


async def test_a_film_that_could_not_be_posted_is_sent_again_for_its_owner_only(counter: Counter) -> None:
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.stop(production.id, OWNER)
    await counter.outbox.posted(await counter.productions.get(production.id), None)
    resend = CustomId(Action.RESEND, production.id)

    foreign = await answer(counter, Press(resend, user_id=STRANGER))
    assert await counter.productions.undelivered() == []
    own = await answer(counter, Press(resend))

    assert ("belongs to" in foreign, own) == (True, "Sending it again.")
    assert [each.id for each in await counter.productions.undelivered()] == [production.id]


async def test_a_film_that_stands_there_is_not_sent_again(counter: Counter) -> None:
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.stop(production.id, OWNER)
    await counter.outbox.posted(await counter.productions.get(production.id), 5)

    assert "already" in await answer(counter, Press(CustomId(Action.RESEND, production.id)))
    assert await counter.productions.undelivered() == []


async def test_a_button_that_nobody_understands_any_more_says_so(counter: Counter) -> None:
    assert "older version" in await answer(counter, Press("gl0:something"))


@pytest.mark.parametrize("failure", [Busy, NotAllowed, Vanished, TooLarge, Malformed, DiscordFailed])
def test_what_discord_refuses_is_no_incident(failure: type[DiscordFailed]) -> None:
    assert told(failure("503")) != told(ZeroDivisionError())
    assert "operator `" not in told(failure("503"))
