"""Whether somebody may ask for something here: one question for every way of asking, answered from rows.

Only what others see or what costs something is asked about. Looking at one's own films, taking data along, deleting and
cancelling are never in anybody's way.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from bot.studio.ages import Ages
from bot.studio.errors import AgeUnconfirmed, NotHere, ServerBlocked, WordBlocked
from bot.studio.guilds import Guilds, GuildSettings, Location

#: Raises where a person is kept out of a server, or everywhere.
ChecksBlocks = Callable[[int, int | None], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody asks for something: where, and in which words. `guild_id` is `None` in a direct message."""

    user_id: int
    guild_id: int | None
    place: Location
    words: tuple[str, ...] = ()


class HouseRules:
    """The operator's rules and those of the server, together.

    Args:
        blocked_guilds: servers in which nothing is done.
        blocked_words: words that are refused everywhere, in lower case.
    """

    def __init__(
        self,
        guilds: Guilds,
        ages: Ages,
        *,
        check_blocks: ChecksBlocks | None = None,
        blocked_guilds: Collection[int] = (),
        blocked_words: Collection[str] = (),
    ) -> None:
        self.guilds = guilds
        self.ages = ages
        self._check_blocks = check_blocks
        self.blocked_guilds = frozenset(blocked_guilds)
        self._blocked_words = frozenset(blocked_words)

    async def check(self, visit: Visit) -> None:
        """Let it be asked.

        Raises:
            ServerBlocked | Blocked: the operator, or those who manage the server, keep it out.
            NotHere: not in this channel.
            WordBlocked: a word of it is not taken.
            AgeUnconfirmed: this person has to say first that they are old enough.
        """
        await self._check_person(visit.user_id, visit.guild_id)
        settings = await self.guilds.lately(visit.guild_id)
        if not settings.allows(visit.place):
            raise NotHere(settings.allowed)
        self._check_words(visit.words, settings)
        if self.ages.least is not None and await self.ages.are_asked(visit.user_id):
            raise AgeUnconfirmed(self.ages.least)

    async def check_film(self, user_id: int, guild_id: int | None, words: Collection[str] = ()) -> None:
        """Let a film of that server be changed or ordered, wherever it is asked for: in our direct messages, too.

        Raises `ServerBlocked | Blocked | WordBlocked`, as `check` does.
        """
        await self._check_person(user_id, guild_id)
        if words:
            self._check_words(words, await self.guilds.lately(guild_id))

    async def _check_person(self, user_id: int, guild_id: int | None) -> None:
        if guild_id in self.blocked_guilds:
            raise ServerBlocked
        if self._check_blocks is not None:
            await self._check_blocks(user_id, guild_id)

    def _check_words(self, words: Iterable[str], settings: GuildSettings) -> None:
        if (word := found_in(words, self._blocked_words | settings.blocked_words)) is not None:
            raise WordBlocked(word)


def found_in(texts: Iterable[str], blocked: Collection[str]) -> str | None:
    """The first blocked word that stands in a text as a word of its own, whatever its case."""
    if not blocked:
        return None
    either = "|".join(re.escape(word) for word in sorted(blocked, key=len, reverse=True))
    found = re.search(rf"(?<!\w)(?:{either})(?!\w)", "\n".join(texts).casefold())
    return found.group() if found else None
