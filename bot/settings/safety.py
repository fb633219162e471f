"""Who may use the bot, and for what: age, adult content, servers and words that are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySettings:
    """`asks_age` is whether people confirm that they are old enough for a service's terms. Words are in lower case."""

    asks_age: bool
    allows_adult: bool
    blocked_guild_ids: frozenset[int]
    blocked_words: frozenset[str]


def read_safety(environment: Environment) -> SafetySettings:
    return SafetySettings(
        asks_age=environment.choice("AGE_CONFIRMATION") == "ask",
        allows_adult=environment.choice("ADULT_CONTENT") == "restricted",
        blocked_guild_ids=environment.discord_ids("BLOCKED_GUILD_IDS"),
        blocked_words=frozenset(word.casefold() for word in environment.items("BLOCKED_WORDS")),
    )
