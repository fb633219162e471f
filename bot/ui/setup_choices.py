"""What can be set in `/setup`, on which page, and what a choice makes of a server's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

from bot.speech import Language
from bot.studio.guilds import Adult, GuildSettings, Mentions


class SetupPage(IntEnum):
    OVERVIEW = 0
    CHANNELS = 1
    ROLES = 2
    MANNERS = 3
    SAFETY = 4


class Choice(IntEnum):
    """What one menu or button sets; its number stands in the custom id."""

    ALLOWED = 1
    DENIED = 2
    LOG = 3
    LANGUAGE = 4
    SPOILER_CHANNELS = 5
    SPOILER_ROLES = 6
    APPROVERS = 7
    ADULT = 8
    MENTIONS = 9
    ROLE = 10
    DROP_ROLE = 11
    WORDS = 12


#: Where each choice is made, to show that page again.
PAGES = {
    Choice.ALLOWED: SetupPage.CHANNELS,
    Choice.DENIED: SetupPage.CHANNELS,
    Choice.ROLE: SetupPage.ROLES,
    Choice.DROP_ROLE: SetupPage.ROLES,
    Choice.APPROVERS: SetupPage.ROLES,
    Choice.LOG: SetupPage.MANNERS,
    Choice.LANGUAGE: SetupPage.MANNERS,
    Choice.MENTIONS: SetupPage.MANNERS,
    Choice.SPOILER_CHANNELS: SetupPage.SAFETY,
    Choice.SPOILER_ROLES: SetupPage.SAFETY,
    Choice.ADULT: SetupPage.SAFETY,
    Choice.WORDS: SetupPage.SAFETY,
}


def change_of(  # noqa: C901  # one arm for each choice
    choice: Choice, values: list[str], *, allows_adult: bool
) -> Callable[[GuildSettings], GuildSettings]:
    """What a choice makes of the settings."""

    def change(old: GuildSettings) -> GuildSettings:  # noqa: C901
        match choice:
            case Choice.ALLOWED:
                return replace(old, allowed=frozenset(map(int, values)))
            case Choice.DENIED:
                return replace(old, denied=frozenset(map(int, values)))
            case Choice.LOG:
                return replace(old, log_channel_id=int(values[0]) if values else None)
            case Choice.LANGUAGE:
                known = values and values[0] in set(Language)
                return replace(old, language=Language(values[0]) if known else None)
            case Choice.SPOILER_CHANNELS:
                return replace(old, spoiler_channels=frozenset(map(int, values)))
            case Choice.SPOILER_ROLES:
                return replace(old, spoiler_roles=frozenset(map(int, values)))
            case Choice.APPROVERS:
                return replace(old, approver_roles=frozenset(map(int, values)))
            case Choice.ADULT:
                takes = allows_adult and old.adult is Adult.NEVER
                return replace(old, adult=Adult.RESTRICTED if takes else Adult.NEVER)
            case Choice.MENTIONS:
                quiet = old.mentions is Mentions.OWNER
                return replace(old, mentions=Mentions.NOBODY if quiet else Mentions.OWNER)
            case Choice.DROP_ROLE:
                return old.without_role(int(values[0])) if values else old
            case Choice.ROLE | Choice.WORDS:  # forms: an emptied menu changes nothing
                return old

    return change
