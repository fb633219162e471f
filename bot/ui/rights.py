"""Who may run what: operators run the bot, and those who manage a server run it there. Asked at every entry.

Discord's own rights to a command are its administrators' to change, so they only decide who sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.speech import later
from bot.studio.errors import NotAdmin, NotOperator

CANNOT_BLOCK = later("⚠️ Operators, and yourself, can't be blocked. Nothing changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whoever asks, as Discord tells with the interaction.

    `manages` says that they may manage the server `guild_id`; nobody does in a direct message.
    """

    user_id: int
    guild_id: int | None = None
    is_operator: bool = False
    manages: bool = False

    def check_operator(self) -> int:
        """Their id, for the books. Raises `NotOperator`."""
        if not self.is_operator:
            raise NotOperator
        return self.user_id

    def scope(self) -> int | None:
        """The only server whose affairs are theirs to see and change; `None` for an operator, who sees all.

        Raises:
            NotAdmin: nothing here is theirs to govern.
        """
        if self.is_operator:
            return None
        if self.manages and self.guild_id is not None:
            return self.guild_id
        raise NotAdmin

    def governs(self, guild_id: int | None) -> bool:
        """Whether the affairs of this server (`None` for a direct message) are theirs."""
        return self.is_operator or (self.manages and guild_id is not None and guild_id == self.guild_id)


class Rights:
    """Tells who asks. `operators` are Discord ids from the settings."""

    def __init__(self, operators: frozenset[int]) -> None:
        self.operators = operators

    def may_block(self, asker: Asker, user_id: int) -> bool:
        """Whether an asker who governs there may keep this person out: nobody themselves, and nobody an operator."""
        return user_id != asker.user_id and user_id not in self.operators

    def of(self, interaction: discord.Interaction) -> Asker:
        """What the person may who used a command or pressed a button."""
        return Asker(
            user_id=interaction.user.id,
            guild_id=interaction.guild_id,
            is_operator=interaction.user.id in self.operators,
            manages=interaction.guild_id is not None and interaction.permissions.manage_guild,
        )
