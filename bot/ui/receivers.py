"""Who is told what concerns the bot or a server: its log channel, or those who run the bot."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import discord
from discord import ui

from bot.ui.sending import Malformed, NotAllowed, Vanished, persistently

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A channel, or a person who reads it in a direct message."""

    id: int
    is_person: bool = False


class Receivers:
    """`operators` are told in a direct message each, unless they have a channel for it."""

    def __init__(self, client: discord.Client, operators: frozenset[int], channel_id: int | None) -> None:
        self._client = client
        self._operators = operators
        self._channel_id = channel_id

    @property
    def of_bot(self) -> list[Receiver]:
        """Those who run it."""
        if self._channel_id is not None:
            return [Receiver(self._channel_id)]
        return [Receiver(each, is_person=True) for each in sorted(self._operators)]

    async def post(self, receiver: Receiver, view: ui.LayoutView, nonce: str) -> int | None:
        """Post a card; the message's id, or `None` where this receiver cannot be reached. Raises `Busy`."""
        try:
            channel = await self._channel_of(receiver)
            message = await persistently(lambda: channel.send(view=view, nonce=nonce))
        except (NotAllowed, Vanished, Malformed) as error:
            logger.warning("not told", extra={"receiver": receiver.id, "error": str(error)})
            return None
        return message.id

    async def edit(self, receiver: Receiver, message_id: int, view: ui.LayoutView) -> None:
        """Bring a card of `post` up to date; one that is gone stays gone. Raises `Busy`."""
        try:
            channel = await self._channel_of(receiver)
            await persistently(lambda: channel.get_partial_message(message_id).edit(view=view))
        except (NotAllowed, Vanished, Malformed) as error:
            logger.warning("card not brought up to date", extra={"receiver": receiver.id, "error": str(error)})

    async def _channel_of(self, receiver: Receiver) -> discord.PartialMessageable | discord.DMChannel:
        if not receiver.is_person:
            return self._client.get_partial_messageable(receiver.id)
        return await persistently(lambda: self._client.create_dm(discord.Object(receiver.id)))
