"""Inviting: what the owner and the invited read, and what nobody else may."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.errors import CannotInvite, NotInvited, NotYours
from bot.studio.model import Project
from bot.studio.participants import Participant, Participants
from bot.studio.rights import FilmRights, Role
from bot.ui.custom_ids import Action, CustomId
from bot.ui.meaning import Meaning, Seen, meaning
from bot.ui.people import People
from bot.ui.people_view import role_of_choice
from bot.ui.talk_facts import NAMED, TalkFacts, hears_there, people_line, talk_lines
from tests.bot.production.test_productions import FRIEND, STRANGER
from tests.bot.studio.samples import OWNER, project
from tests.bot.ui.fakes import Channel, Client
from tests.bot.ui.test_cards import buttons, text
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_sending import http


class Lobby(Counter):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.desk.rights = FilmRights(database)
        self.participants = Participants(database, Wake())
        self.people = People(self.desk, self.projects, self.participants)
        self.channel = Channel()
        self.client: Any = Client(self.channel)

    async def invite(self, project: Project, role: Role) -> str:
        return text(await self.people._invite(self.client, project, FRIEND, role))


@pytest.fixture
def lobby(database: Database) -> Lobby:
    return Lobby(database)


async def test_who_is_invited_is_told_in_the_thread_and_pinged_alone(lobby: Lobby) -> None:
    project = await lobby.film()

    said = await lobby.invite(project, Role.DIRECTOR)

    assert f"<@{FRIEND}> is its director now." in said
    assert await lobby.participants.of(project.id) == [Participant(FRIEND, Role.DIRECTOR)]
    (welcome,) = lobby.channel.posted
    assert f"<@{OWNER}> made you a **director**" in welcome.content
    allowed: discord.AllowedMentions = welcome.facts["allowed_mentions"]
    assert allowed.to_dict() == {"parse": [], "users": [FRIEND], "replied_user": True}


async def test_an_invitation_holds_although_it_could_not_be_told(lobby: Lobby) -> None:
    lobby.channel.faults = {"send": [http(403, 50013)]}
    project = await lobby.film()

    assert "I could not tell them" in await lobby.invite(project, Role.VIEWER)
    assert await lobby.participants.of(project.id) == [Participant(FRIEND, Role.VIEWER)]


async def test_the_list_offers_the_owner_a_menu_and_the_invited_a_way_out(lobby: Lobby) -> None:
    project = await lobby.film()
    await lobby.invite(project, Role.APPROVER)

    owner = await lobby.people.people(project.id, OWNER)
    guest = await lobby.people.people(project.id, FRIEND)

    assert f"<@{FRIEND}> · approver: greenlights and cancels it, at its owner's cost" in text(owner)
    assert "Whom you invite may also fork it" in text(owner)
    assert buttons(owner) == []
    assert buttons(guest) == [("Leave this film", str(CustomId(Action.WITHDRAW, project.id)), False)]
    with pytest.raises(NotInvited):
        await lobby.people.people(project.id, STRANGER)


async def test_only_the_owner_gives_roles_and_bots_get_none(lobby: Lobby) -> None:
    project = await lobby.film()
    await lobby.invite(project, Role.DIRECTOR)
    with pytest.raises(NotYours):
        await lobby.people.role_question(project.id, FRIEND, STRANGER, is_bot=False)
    with pytest.raises(CannotInvite):
        await lobby.people.role_question(project.id, OWNER, STRANGER, is_bot=True)
    with pytest.raises(CannotInvite):
        await lobby.people.role_question(project.id, OWNER, OWNER, is_bot=False)
    assert "What shall" in text(await lobby.people.role_question(project.id, OWNER, FRIEND, is_bot=False))


def test_a_role_that_we_did_not_offer_is_nothing() -> None:
    assert role_of_choice("director:5") == (Role.DIRECTOR, 5)
    assert role_of_choice("none:5") == (None, 5)
    assert [role_of_choice(value) for value in ("", "owner:5", "director", "director:x", "director:-1")] == [None] * 5


def test_a_card_names_some_people_and_counts_the_rest() -> None:
    many = [Participant(number, Role.VIEWER) for number in range(1, NAMED + 3)]

    assert people_line(TalkFacts()) == ""
    assert people_line(TalkFacts(people=many[:1])) == " with <@1> (viewer)"
    assert people_line(TalkFacts(people=many)).endswith(" and 2 more")


def test_a_card_tells_how_to_be_heard() -> None:
    assert talk_lines(TalkFacts()) == ["-# Write here to change anything."]
    assert "Mention me" in talk_lines(TalkFacts(hears_all=False))[0]


@pytest.mark.parametrize(
    ("place", "shows_all", "hears"),
    [
        ({"thread_id": 7}, True, True),
        ({"thread_id": 7}, False, False),
        ({"thread_id": 6}, True, False),  # in the channel itself it takes a sign to be meant
        ({"guild_id": None, "thread_id": 6}, False, True),
    ],
)
def test_what_a_card_says_of_hearing_is_what_is_heard(place: dict[str, Any], shows_all: bool, hears: bool) -> None:
    film = project(channel_id=6, **place)
    seen = Seen(author_id=OWNER, in_guild=film.guild_id is not None)

    assert hears_there(film, shows_all=shows_all) is hears
    if shows_all:
        assert (meaning(seen, film) is Meaning.CHANGE) is hears
