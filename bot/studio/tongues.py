"""Which language somebody is spoken to in, and which one stands where everybody reads.

What only a person sees is in the language they chose in `/settings`, else in that of their Discord. A film's thread and
its cards are in the language its owner chose, else in the one their server's admins chose, else in that of the server.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.db import AWAY, Database
from bot.speech import Language, spoken
from bot.studio.guilds import Guilds
from bot.studio.preferences import PreferenceRows

logger = logging.getLogger(__name__)

#: Seconds for a look at what was chosen: the first answer has three in all.
LOOK_WITHIN = 0.5
#: What Discord says of every server whose admins never chose (only those of communities can): no language of theirs.
_UNCHOSEN = "en-US"


def in_their_language(instructions: str) -> str:
    """Instructions for a language model that asks it to answer in the language of the person's words: with which one
    is theirs, for where the words do not tell.
    """
    return f"{instructions} Where their words do not tell which that is, write in {spoken().english_name}."


@dataclass(frozen=True, slots=True)
class Tongue:
    """`private` is for what only the person reads, `shared` for the films they ask for."""

    private: Language
    shared: Language


class Tongues:
    """Looks up what people and servers chose."""

    def __init__(
        self, database: Database, preferences: PreferenceRows, guilds: Guilds, *, within: float = LOOK_WITHIN
    ) -> None:
        self._database = database
        self._within = within
        self._preferences = preferences
        self._guilds = guilds

    async def of(
        self, user_id: int, guild_id: int | None, *, locale: str | None = None, guild_locale: str | None = None
    ) -> Tongue:
        """How to speak to somebody in a server, or in a DM.

        Args:
            user_id: the person.
            guild_id: the server.
            locale: what their Discord is in; `None` where that is not told, as with messages.
            guild_locale: what their server is in.
        """
        chosen, of_guild = await self._chosen(user_id, guild_id)
        return tongue(chosen, of_guild, locale=locale, guild_locale=guild_locale)

    async def _chosen(self, user_id: int, guild_id: int | None) -> tuple[Language | None, Language | None]:
        """What the person and the server chose; nothing where the rows are out of reach, for an answer cannot wait."""
        try:
            async with asyncio.timeout(self._within), self._database.transaction() as transaction:
                chosen = (await self._preferences.within(transaction, user_id)).language
                if chosen is not None or guild_id is None:
                    return chosen, None
                return None, (await self._guilds.within(transaction, guild_id)).language
        except (TimeoutError, *AWAY) as error:
            logger.warning("language not looked up", extra={"error": type(error).__name__})
            return None, None


def tongue(
    chosen: Language | None, of_guild: Language | None, *, locale: str | None, guild_locale: str | None
) -> Tongue:
    """What follows from everything that is known; `chosen` is the person's own choice, `of_guild` their server's."""
    own = Language.nearest(locale) if locale is not None else None
    of_place = Language.nearest(guild_locale) if guild_locale not in {None, _UNCHOSEN} else None
    candidates = [chosen, of_guild, of_place, own, Language.ENGLISH]
    shared = next(language for language in candidates if language is not None)
    return Tongue(private=chosen or own or shared, shared=shared)
