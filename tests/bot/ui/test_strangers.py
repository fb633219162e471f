"""The matrix of rights: every button about a film, pressed by people it is not for, changes nothing and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from discord import ui
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import metadata
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.decisions import Decisions
from bot.production.deletions import Deletions
from bot.production.forks import Forks
from bot.production.model import ProductionState
from bot.production.storyboards import Storyboards
from bot.production.takebook import TakeBook
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.minds import Minds
from bot.studio.participants import Participants
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import FilmRights, Role
from bot.studio.softening import Softener
from bot.studio.soundtrack import SoundOffer
from bot.studio.versions import Versions
from bot.ui.anew import Anew
from bot.ui.custom_ids import Action, CustomId
from bot.ui.drafting import DraftSurface
from bot.ui.history import History
from bot.ui.library import Library
from bot.ui.people import People
from bot.ui.previews import Previews
from bot.ui.privacy import Kept
from bot.ui.retakes import Retakes
from bot.ui.router import Router
from bot.ui.safer_words import SaferWords
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu
from tests.bot.production.test_productions import FRIEND, STRANGER
from tests.bot.studio.samples import CATALOGUE, OWNER, plan
from tests.bot.ui.test_cards import text
from tests.bot.ui.test_desk import RUNWAY, Counter
from tests.bot.ui.test_library import Press

#: What whoever sees a film may press, and what a director and an approver may beside that.
SEEN = {Action.READ, Action.COMPARE, Action.FORK, Action.PEOPLE, Action.SHOTS, Action.SHOT, Action.FILM}
OF_DIRECTORS = {
    *(Action.CHANGE, Action.RETRY, Action.INSTEAD, Action.ANOTHER, Action.TAKE, Action.ANEW, Action.SOFTEN),
    *(Action.UNDO, Action.BACK, Action.RESEND),
}
OF_APPROVERS = {Action.GREENLIGHT, Action.DRAFT, Action.CANCEL, Action.RESEND}
OF_OWNERS = {Action.AGAIN, Action.WITHOUT, Action.STOP, Action.SEND, Action.DELETE, Action.ERASE, Action.VARY}
OF_OWNERS |= {Action.INVITE, Action.ROLE}
NUMBERS = {
    **dict.fromkeys((Action.SHOT, Action.ANOTHER, Action.READ, Action.BACK, Action.COMPARE), (1,)),
    Action.TAKE: (1, 1),
    **dict.fromkeys((Action.GREENLIGHT, Action.DRAFT), (9_000_000,)),
}
MAY = {
    None: set[Action](),
    Role.VIEWER: SEEN,
    Role.DIRECTOR: SEEN | OF_DIRECTORS,
    Role.APPROVER: SEEN | OF_APPROVERS,
}


class Pressing(Press):
    """Choices of menus come with the press, and a form is refused in its first answer."""

    def __init__(self, custom_id: CustomId, user_id: int) -> None:
        super().__init__(custom_id, user_id)
        self.message = None
        self.guild_id, self.client = 5, None
        chosen = {Action.INVITE: f"{STRANGER}", Action.ROLE: f"director:{STRANGER}"}.get(custom_id.action)
        if chosen is not None:
            self.data["values"] = [chosen]  # type: ignore[assignment]  # as Discord sends it

    async def send_message(self, content: str, *, ephemeral: bool) -> None:
        await self.say(content, ephemeral=ephemeral)

    async def send_modal(self, _: ui.Modal) -> None:
        self.words.append("a form")

    @property
    def told(self) -> str:
        return "\n".join([*self.words, *map(text, self.views)])


class House(Counter):
    """A film that was ordered and cancelled, behind every button there is for one."""

    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg) -> None:
        super().__init__(database)
        self.files = Files(folder)
        self.desk = desk = self.with_offer(RUNWAY, files=self.files)
        desk.rights = FilmRights(database)
        desk.library = Library(
            database,
            self.productions,
            self.outbox,
            Deletions(database, Wake(), Pseudonyms(), clock=lambda: self.now),
            Kept(),
        )
        desk._decisions = Decisions(database, self.productions, self.lifecycle, Wake())
        self.participants = Participants(database, Wake())
        retakes = Retakes(desk, self.projects, TakeBook(database, CATALOGUE, self.files), Wake())
        forks = Forks(database, self.files, CATALOGUE, SoundOffer(), Wake())
        softener = Softener(Minds([]), CATALOGUE)
        budgets = Budgets(database)
        boards = Storyboards(database, Wake(), budgets=budgets)
        surfaces: list[Surface] = [
            History(desk, self.projects, Versions(self.projects, desk.pricing.price, Wake()), forks),
            People(desk, self.projects, self.participants),
            Anew(desk, self.projects, retakes),
            DraftSurface(desk),
            SaferWords(self.projects, self.productions, softener, Wake(), desk.rights, budgets, boards),
        ]
        presses = {action: press for surface in surfaces for action, press in surface.presses.items()}
        self.router = Router(desk, self.projects, TakesMenu(retakes, Previews(self.files, ffmpeg)), presses=presses)

    async def opened(self) -> dict[str, str]:
        """A film with two versions, and its production: what buttons are about."""
        project = await self.film()
        await self.projects.keep_plan(project.id, plan(version=2, title="Dragon"))
        production = await self.accept(project.id, version=2)
        await self.lifecycle.stop(production.id, OWNER)
        assert await self.state(production) is ProductionState.CANCELLED
        return {"film": project.id, "production": production.id}

    async def rows(self) -> dict[str, list[tuple[object, ...]]]:
        async with self.database.transaction() as transaction:
            return {
                table.name: [tuple(row) for row in await transaction.execute(select(table))]
                for table in metadata.sorted_tables
            }

    async def press(self, action: Action, refs: dict[str, str], user_id: int) -> str:
        of_production = {*OF_APPROVERS, Action.AGAIN, Action.WITHOUT, Action.STOP} - {Action.GREENLIGHT, Action.DRAFT}
        ref = refs["production" if action in of_production else "film"]
        pressed: Any = Pressing(CustomId(action, ref, 2, NUMBERS.get(action, ())), user_id)
        await self.router.handle(pressed)
        return str(pressed.told)


@pytest.fixture
def house(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> House:
    return House(database, tmp_path, ffmpeg)


@pytest.mark.parametrize("role", MAY, ids=str)
async def test_a_button_does_nothing_for_whom_it_is_not(house: House, role: Role | None) -> None:
    refs = await house.opened()
    if role is not None:
        await house.participants.invite(refs["film"], owner_id=OWNER, user_id=FRIEND, role=role)
    before = await house.rows()

    for action in sorted((SEEN | OF_DIRECTORS | OF_APPROVERS | OF_OWNERS) - MAY[role]):
        told = await house.press(action, refs, FRIEND)
        assert f"belongs to <@{OWNER}>" in told, action
        assert await house.rows() == before, action


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DIRECTOR, Role.APPROVER])
async def test_what_somebody_was_invited_for_is_not_refused(house: House, role: Role) -> None:
    refs = await house.opened()
    await house.participants.invite(refs["film"], owner_id=OWNER, user_id=FRIEND, role=role)

    for action in sorted(MAY[role]):
        assert f"belongs to <@{OWNER}>" not in await house.press(action, refs, FRIEND), action


async def test_who_takes_no_part_cannot_leave(house: House) -> None:
    refs = await house.opened()
    before = await house.rows()

    told = await house.press(Action.WITHDRAW, refs, STRANGER)

    assert f"belongs to <@{OWNER}>" in told
    assert await house.rows() == before
