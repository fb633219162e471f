"""What a server's admins chose: where the bot may be used, who counts for how much, and how it behaves there.

Everything has a default that changes nothing, so a server that nobody set up is served like any other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select

from bot.db import Database, Transaction, insert_or_ignore, lock
from bot.db.tables import guild_settings
from bot.speech import Language

#: How much more often than others a role's members may come first: the bounds of a weight.
LEAST_WEIGHT, MOST_WEIGHT = 0.25, 8.0
#: Seconds for which settings are remembered, and of how many servers.
REMEMBERED, _MOST_REMEMBERED = 3.0, 2_000
#: Roles with rules of their own in one server; more are not told apart by anybody who reads the card.
MOST_ROLES = 25


class Mentions(StrEnum):
    """Whom a finished film may mention in this server."""

    OWNER = "owner"  # whoever ordered it, unless they chose otherwise
    NOBODY = "nobody"


class Adult(StrEnum):
    """Whether adult content may be asked for; the operator has to allow it as well."""

    NEVER = "never"
    RESTRICTED = "restricted"  # in channels that Discord restricts by age


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A channel as the rules see it: with the channel a thread hangs on, and the category around it."""

    channel_id: int
    parent_id: int | None = None  # of a thread
    category_id: int | None = None
    is_age_restricted: bool = False

    @property
    def inside_out(self) -> tuple[int, ...]:
        """Everything that a rule could name, the nearest first."""
        return tuple(each for each in (self.channel_id, self.parent_id, self.category_id) if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """What members of a role get. The role with the server's own id is everybody's.

    `day_microusd` is what one of them may spend in this server in a UTC day, `waiting` how many films of theirs may
    wait in the line; `None` leaves it to the operator's caps.
    """

    role_id: int
    weight: float = 1.0
    day_microusd: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one member gets here, of all their roles the best of each. `None` is no bound of this server's."""

    weight: float = 1.0
    day_microusd: int | None = None
    waiting: int | None = None


#: What everybody gets where a server says nothing else.
EVEN = Share()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """`allowed` and `denied` hold channels and categories; without any allowed one, every one is."""

    allowed: frozenset[int] = frozenset()
    denied: frozenset[int] = frozenset()
    roles: tuple[RoleRule, ...] = ()
    log_channel_id: int | None = None
    language: Language | None = None  # of cards that everybody reads; None follows the server's own in Discord
    spoiler_channels: frozenset[int] = frozenset()
    spoiler_roles: frozenset[int] = frozenset()
    adult: Adult = Adult.NEVER
    approver_roles: frozenset[int] = frozenset()  # beside those of the operator
    mentions: Mentions = Mentions.OWNER
    blocked_words: frozenset[str] = frozenset()  # in lower case

    def allows(self, place: Location) -> bool:
        """Whether the bot may be used there. The nearest rule decides, and of two as near the one that denies."""
        for each in place.inside_out:
            if each in self.denied:
                return False
            if each in self.allowed:
                return True
        return not self.allowed

    def share(self, role_ids: Collection[int]) -> Share:
        """What a member with these roles gets. A role without a bound does not lift that of another."""
        mine = [rule for rule in self.roles if rule.role_id in role_ids]
        return Share(
            weight=max((rule.weight for rule in mine), default=1.0),
            day_microusd=max((rule.day_microusd for rule in mine if rule.day_microusd is not None), default=None),
            waiting=max((rule.waiting for rule in mine if rule.waiting is not None), default=None),
        )

    def least_share(self) -> Share:
        """The strictest of every rule: of a member whose roles nobody told, none of them may be ruled out."""
        return Share(
            day_microusd=min((rule.day_microusd for rule in self.roles if rule.day_microusd is not None), default=None),
            waiting=min((rule.waiting for rule in self.roles if rule.waiting is not None), default=None),
        )

    def hides(self, place: Location, role_ids: Collection[int]) -> bool:
        """Whether a film must be a spoiler there."""
        return bool(self.spoiler_channels.intersection(place.inside_out) or self.spoiler_roles.intersection(role_ids))

    def with_role(self, rule: RoleRule) -> GuildSettings:
        """These settings with a rule in place of the role's earlier one."""
        others = [each for each in self.roles if each.role_id != rule.role_id]
        return replace(self, roles=tuple([*others, rule][-MOST_ROLES:]))

    def without_role(self, role_id: int) -> GuildSettings:
        return replace(self, roles=tuple(rule for rule in self.roles if rule.role_id != role_id))


def to_json(settings: GuildSettings) -> str:
    """Sets as sorted lists, so that equal settings are equal text."""
    return json.dumps(asdict(settings), default=sorted, sort_keys=True)


def from_json(text: str) -> GuildSettings:
    """Settings as they were written; what an older or newer version of us does not know keeps its default."""
    data: dict[str, Any] = json.loads(text)
    plain = GuildSettings()
    language = data.get("language")
    return GuildSettings(
        allowed=frozenset(data.get("allowed", ())),
        denied=frozenset(data.get("denied", ())),
        roles=tuple(
            RoleRule(
                role_id=each["role_id"],
                weight=each.get("weight", 1.0),
                day_microusd=each.get("day_microusd"),
                waiting=each.get("waiting"),
            )
            for each in data.get("roles", ())
        ),
        log_channel_id=data.get("log_channel_id"),
        language=Language(language) if language in set(Language) else None,
        spoiler_channels=frozenset(data.get("spoiler_channels", ())),
        spoiler_roles=frozenset(data.get("spoiler_roles", ())),
        adult=Adult(data["adult"]) if data.get("adult") in set(Adult) else plain.adult,
        approver_roles=frozenset(data.get("approver_roles", ())),
        blocked_words=frozenset(data.get("blocked_words", ())),
        mentions=Mentions(data["mentions"]) if data.get("mentions") in set(Mentions) else plain.mentions,
    )


class Guilds:
    """Reads and writes what servers chose."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._lately: dict[int, tuple[float, GuildSettings]] = {}

    async def lately(self, guild_id: int | None) -> GuildSettings:
        """As `of`, or as it was a moment ago: for what everybody asks at every press.

        What this process changes counts at once, what another one changes after `REMEMBERED` seconds.
        """
        if guild_id is None:
            return GuildSettings()
        known = self._lately.get(guild_id)
        if known is not None and 0 <= self._clock() - known[0] < REMEMBERED:
            return known[1]
        settings = await self.of(guild_id)
        self._remember(guild_id, settings)
        return settings

    def _remember(self, guild_id: int, settings: GuildSettings) -> None:
        if len(self._lately) >= _MOST_REMEMBERED:
            self._lately.clear()
        self._lately[guild_id] = (self._clock(), settings)

    async def of(self, guild_id: int | None) -> GuildSettings:
        """Those of a server; the defaults in a DM and where nobody chose anything."""
        if guild_id is None:
            return GuildSettings()
        async with self._database.transaction() as transaction:
            return await self.within(transaction, guild_id)

    async def share_of(self, guild_id: int | None, role_ids: Collection[int]) -> Share:
        """What a member with these roles gets in a server.

        Every member has the role with the server's own id, so roles without it are of somewhere else, or nobody told
        them: then the strictest rule counts, for no role is known that lifts it.
        """
        if guild_id is None:
            return EVEN
        settings = await self.of(guild_id)
        return settings.share(role_ids) if guild_id in role_ids else settings.least_share()

    async def all(self) -> list[tuple[int, GuildSettings]]:
        """Of every server that chose anything."""
        query = select(guild_settings.c.guild_id, guild_settings.c.chosen).order_by(guild_settings.c.guild_id)
        async with self._database.transaction() as transaction:
            return [(row.guild_id, from_json(row.chosen)) for row in await transaction.execute(query)]

    async def within(self, transaction: Transaction, guild_id: int) -> GuildSettings:
        """As `of`, in a transaction that is open already."""
        query = select(guild_settings.c.chosen).where(guild_settings.c.guild_id == guild_id)
        chosen = (await transaction.execute(query)).scalar_one_or_none()
        return GuildSettings() if chosen is None else from_json(chosen)

    async def change(self, guild_id: int, change: Callable[[GuildSettings], GuildSettings]) -> GuildSettings:
        """Change what is chosen as it is at this moment, so that two admins at once lose nothing of each other."""
        async with self._database.transaction() as transaction:
            await lock(transaction, f"guild {guild_id}")
            settings = change(await self.within(transaction, guild_id))
            values = {"chosen": to_json(settings), "updated_at": self._clock()}
            written = insert_or_ignore(transaction, guild_settings).values(guild_id=guild_id, **values)
            await transaction.execute(written.on_conflict_do_update(index_elements=["guild_id"], set_=values))
        self._remember(guild_id, settings)
        return settings

    async def forget(self, guild_id: int) -> None:
        """As if nobody had ever chosen anything there."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(guild_settings).where(guild_settings.c.guild_id == guild_id))
        self._lately.pop(guild_id, None)
