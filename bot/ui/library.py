"""Browsing one's films and one's data: each press changes the private message it stands on.

Rows say whose everything is; a button only says what it is about. Whoever presses one that is not theirs reads so.
"""

from __future__ import annotations

from discord import ui

from bot.db import Database
from bot.production.deletions import Deletions
from bot.production.export import export_of
from bot.production.model import ProductionState
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.production.shelf import Film, Shelf, Title
from bot.studio.errors import NotYours
from bot.studio.rights import Act
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import (
    ON_A_PAGE,
    OpenFilm,
    Page,
    confirm_view,
    deleted_view,
    film_view,
    list_view,
    owner_of,
)
from bot.ui.privacy import Kept, forget_view, forgotten_view, privacy_view

#: Buttons that change the message they stand on.
IN_PLACE = frozenset(
    {
        Action.FILMS,
        Action.FILM,
        Action.DELETE,
        Action.ERASE,
        Action.PRIVACY,
        Action.FORGET,
        Action.ERASEALL,
    }
)


class Library:
    """Looks up and renders what a person browses, and passes on what they decide."""

    def __init__(
        self, database: Database, productions: Productions, outbox: Outbox, deletions: Deletions, kept: Kept
    ) -> None:
        self._database = database
        self._productions = productions
        self._outbox = outbox
        self._deletions = deletions
        self._kept = kept
        self._shelf = Shelf(database)

    async def press(self, custom_id: CustomId, user_id: int) -> ui.LayoutView:
        """What the message shows after a press. Raises `StudioError`."""
        match custom_id.action:
            case Action.FILM:
                return await self.film(user_id, custom_id.ref)
            case Action.DELETE:
                return confirm_view(await self._shelf.film(user_id, custom_id.ref, Act.OWN))
            case Action.ERASE:
                film = await self._shelf.film(user_id, custom_id.ref, Act.OWN)
                await self._deletions.ask_film(user_id, custom_id.ref)
                return deleted_view(film.title)
        if owner_of(custom_id.ref) != user_id:
            raise NotYours(owner_of(custom_id.ref))
        match custom_id.action:
            case Action.FILMS:
                return await self.page(user_id, custom_id.version or 1)
            case Action.FORGET:
                active = sum([film.is_active for film in await self._all(user_id)])
                return forget_view(user_id, await self._shelf.count(user_id), active)
            case Action.ERASEALL:
                await self._deletions.ask_everything(user_id)
                return forgotten_view()
        return await self.privacy(user_id)

    async def page(self, user_id: int, number: int = 1) -> ui.LayoutView:
        """A page of somebody's films, the last one where there are not so many."""
        total = await self._shelf.count_seen(user_id)
        number = min(max(1, number), max(1, -(-total // ON_A_PAGE)))
        films = await self._shelf.page(user_id, begin=(number - 1) * ON_A_PAGE, most=ON_A_PAGE)
        return list_view(Page(owner_id=user_id, films=films, number=number, total=total))

    async def film(self, user_id: int, project_id: str) -> ui.LayoutView:
        """A film that somebody owns or takes part in. Raises `NoSuchFilm | NotYours`."""
        film = await self._shelf.film(user_id, project_id)
        if film.latest is None or film.latest.state is not ProductionState.HELD:
            return film_view(OpenFilm(film=film, viewer_id=user_id))
        takes = await self._productions.takes_of(film.latest.id)
        at_risk = await self._productions.at_risk(film.latest.id)
        return film_view(OpenFilm(film=film, viewer_id=user_id, takes=takes, at_risk_microusd=at_risk))

    async def search(self, user_id: int, words: str) -> ui.LayoutView:
        """The films that are called so; the film itself where it is one."""
        found = await self.titles(user_id, words, most=ON_A_PAGE + 1)
        if len(found) == 1:
            return await self.film(user_id, found[0].project_id)
        films = [await self._shelf.film(user_id, title.project_id) for title in found[:ON_A_PAGE]]
        page = Page(owner_id=user_id, films=films, total=len(films), words=words, has_more=len(found) > ON_A_PAGE)
        return list_view(page)

    async def titles(self, user_id: int, words: str, *, most: int) -> list[Title]:
        return await self._shelf.search(user_id, words, most=most)

    async def send(self, project_id: str, *, user_id: int, channel_id: int, guild_id: int | None = None) -> bool:
        """Post a film again in a channel; false where it is being posted just now. Raises `StudioError`."""
        film = await self._shelf.film(user_id, project_id, Act.OWN)
        if film.done is None:
            return False
        return await self._outbox.redeliver(film.done.id, channel_id=channel_id, guild_id=guild_id)

    async def privacy(self, user_id: int) -> ui.LayoutView:
        return privacy_view(self._kept, user_id, await self._shelf.count(user_id))

    async def export(self, ref: str, user_id: int) -> dict[str, object]:
        """Everything of the person a button names, if it is who pressed it. Raises `NotYours`."""
        if owner_of(ref) != user_id:
            raise NotYours(owner_of(ref))
        return await export_of(self._database, user_id)

    async def _all(self, user_id: int) -> list[Film]:
        """Those of their own."""
        seen = await self._shelf.page(user_id, begin=0, most=1_000)
        return [film for film in seen if film.project.owner_id == user_id]
