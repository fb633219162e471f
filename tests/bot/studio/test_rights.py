"""Who may do what with a film: one table, asked at every way in."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.errors import CannotInvite, NoSuchFilm, NotInvited, NotYours, RoleTooSmall, TooManyPeople
from bot.studio.participants import MAX_PEOPLE, Participant, Participants
from bot.studio.projects import Projects
from bot.studio.rights import Act, FilmRights, Role, refusal
from tests.bot.studio.samples import OWNER, request

ON_BOTH_DATABASES = True

FRIEND, STRANGER = 2002, 3003

MAY = {
    None: set[Act](),
    Role.VIEWER: {Act.SEE, Act.FORK},
    Role.DIRECTOR: {Act.SEE, Act.FORK, Act.CHANGE, Act.RESEND},
    Role.APPROVER: {Act.SEE, Act.FORK, Act.GREENLIGHT, Act.STOP, Act.RESEND},
}


class Door:
    def __init__(self, database: Database) -> None:
        self.projects = Projects(database)
        self.participants = Participants(database, Wake())
        self.rights = FilmRights(database)


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


def test_each_role_may_do_what_it_was_invited_for_and_nothing_else() -> None:
    for role, acts in MAY.items():
        may = {act for act in Act if refusal(act, user_id=FRIEND, owner_id=OWNER, role=role) is None}
        assert may == acts, role


def test_an_owner_may_do_everything() -> None:
    assert not [act for act in Act if refusal(act, user_id=OWNER, owner_id=OWNER, role=None)]


def test_who_may_not_hears_whether_an_invitation_would_help() -> None:
    def refused(act: Act, role: Role | None) -> type[object]:
        return type(refusal(act, user_id=FRIEND, owner_id=OWNER, role=role))

    assert refused(Act.CHANGE, None) is NotInvited
    assert refused(Act.CHANGE, Role.VIEWER) is RoleTooSmall
    assert refused(Act.OWN, Role.DIRECTOR) is NotYours


async def test_a_role_holds_for_one_film_until_it_is_taken_away(door: Door) -> None:
    film, _ = await door.projects.create(request("1"), model="gen4.5")
    other, _ = await door.projects.create(request("2"), model="gen4.5")
    await door.participants.invite(film.id, owner_id=OWNER, user_id=FRIEND, role=Role.VIEWER)
    await door.participants.invite(film.id, owner_id=OWNER, user_id=FRIEND, role=Role.DIRECTOR)

    assert await door.participants.of(film.id) == [Participant(FRIEND, Role.DIRECTOR)]
    assert await door.rights.may(FRIEND, Act.CHANGE, film)
    assert not await door.rights.may(FRIEND, Act.CHANGE, other)
    assert await door.participants.remove(film.id, owner_id=OWNER, user_id=FRIEND)
    with pytest.raises(NotInvited):
        await door.rights.check(FRIEND, Act.CHANGE, film)


async def test_who_was_invited_may_leave(door: Door) -> None:
    film, _ = await door.projects.create(request("1"), model="gen4.5")
    await door.participants.invite(film.id, owner_id=OWNER, user_id=FRIEND, role=Role.VIEWER)
    await door.participants.leave(film.id, FRIEND)

    assert await door.participants.of(film.id) == []


async def test_only_the_owner_invites_and_nobody_twice_or_without_end(door: Door) -> None:
    film, _ = await door.projects.create(request("1"), model="gen4.5")
    with pytest.raises(NotYours):
        await door.participants.invite(film.id, owner_id=STRANGER, user_id=FRIEND, role=Role.VIEWER)
    with pytest.raises(NotYours):
        await door.participants.remove(film.id, owner_id=STRANGER, user_id=FRIEND)
    with pytest.raises(CannotInvite):
        await door.participants.invite(film.id, owner_id=OWNER, user_id=OWNER, role=Role.VIEWER)
    with pytest.raises(NoSuchFilm):
        await door.participants.invite("0" * 32, owner_id=OWNER, user_id=FRIEND, role=Role.VIEWER)
    for number in range(MAX_PEOPLE):
        await door.participants.invite(film.id, owner_id=OWNER, user_id=FRIEND + number, role=Role.VIEWER)
    with pytest.raises(TooManyPeople):
        await door.participants.invite(film.id, owner_id=OWNER, user_id=1, role=Role.VIEWER)
