"""Who may do what with a film: its owner everything, and whom they have invited what their role says.

Every entry asks here, at the moment of the press or the word: a button or an id carries no right. What operators and
approvers' roles of a server may do beside that is decided where it is done (`production.decisions`, `approvals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto

from sqlalchemy import select

from bot.db import Database, Transaction
from bot.db.tables import participants
from bot.studio.errors import NotInvited, NotYours, RoleTooSmall
from bot.studio.model import Project


class Role(StrEnum):
    """What somebody was invited for."""

    DIRECTOR = "director"  # talks with us about the plan and changes it; spends nothing
    APPROVER = "approver"  # greenlights at the owner's cost and may stop that; changes nothing
    VIEWER = "viewer"


class Act(Enum):
    """What can be done with a film; `OWN` is what only its owner does: inviting, posting it elsewhere, deleting it."""

    SEE = auto()  # versions, shots, takes, and the film among one's own in /films
    FORK = auto()  # begin a film of one's own with its plan, at one's own cost
    CHANGE = auto()  # make a new version of the plan
    GREENLIGHT = auto()  # order it, at the owner's cost
    STOP = auto()
    RESEND = auto()  # post its end where it belongs, where that failed
    OWN = auto()


_EVERYBODY = frozenset(Role)
#: The roles that may do it; the owner may do everything.
_MAY: Mapping[Act, frozenset[Role]] = {
    Act.SEE: _EVERYBODY,
    Act.FORK: _EVERYBODY,
    Act.CHANGE: frozenset({Role.DIRECTOR}),
    Act.GREENLIGHT: frozenset({Role.APPROVER}),
    Act.STOP: frozenset({Role.APPROVER}),
    Act.RESEND: frozenset({Role.DIRECTOR, Role.APPROVER}),
    Act.OWN: frozenset(),
}


def refusal(act: Act, *, user_id: int, owner_id: int, role: Role | None) -> NotYours | None:
    """Why somebody may not; `None` where they may. `role` is what they were invited for, `None` for a stranger."""
    if user_id == owner_id or role in _MAY[act]:
        return None
    if not _MAY[act]:
        return NotYours(owner_id)
    if role is None:
        return NotInvited(owner_id)
    needed = next(each for each in Role if each in _MAY[act])
    return RoleTooSmall(owner_id, role=role, needed=needed)


class FilmRights:
    """Looks roles up. Without a database nobody was ever invited."""

    def __init__(self, database: Database | None = None) -> None:
        self._database = database

    async def may(self, user_id: int, act: Act, project: Project) -> bool:
        return await self._refusal(user_id, act, project) is None

    async def check(self, user_id: int, act: Act, project: Project) -> None:
        """Raises `NotYours`, or what is below it, with the words for whoever may not."""
        refused = await self._refusal(user_id, act, project)
        if refused is not None:
            raise refused

    async def _refusal(self, user_id: int, act: Act, project: Project) -> NotYours | None:
        role = None
        if self._database is not None and user_id != project.owner_id:
            async with self._database.transaction() as transaction:
                role = await role_of(transaction, project.id, user_id)
        return refusal(act, user_id=user_id, owner_id=project.owner_id, role=role)


async def role_of(transaction: Transaction, project_id: str, user_id: int) -> Role | None:
    """What somebody was invited for; `None` for the owner and for strangers."""
    query = select(participants.c.role).where(
        participants.c.project_id == project_id, participants.c.user_id == user_id
    )
    found = (await transaction.execute(query)).scalar_one_or_none()
    return Role(found) if found is not None else None
