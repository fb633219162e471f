"""Tells whoever drains the bot, or one service, once when nothing is under way there any more.

In a direct message; where that does not reach them, in the operators' log channel.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from discord import ui

from bot.jobs.wake import Listener, keep_looking
from bot.production.drains import Drain, Drains
from bot.production.switches import ALL
from bot.speech import say, speaking
from bot.studio.tongues import Tongues
from bot.ui.admin.switching import next_words
from bot.ui.card_layout import GOOD, layout
from bot.ui.receivers import Receiver, Receivers
from bot.ui.sending import Busy, nonce
from bot.ui.wording import plain

logger = logging.getLogger(__name__)

#: Seconds between two looks where nobody nudges.
LOOK_EVERY = 5.0


class Draining:
    """Looks, and tells. `claim` lets one process of all do so at a time."""

    def __init__(
        self,
        drains: Drains,
        receivers: Receivers,
        tongues: Tongues,
        *,
        claim: Callable[[str], AbstractAsyncContextManager[bool]],
    ) -> None:
        self._drains = drains
        self._receivers = receivers
        self._tongues = tongues
        self._claim = claim

    async def run(self, listener: Listener) -> NoReturn:
        await keep_looking(self.look, listener, every=LOOK_EVERY)

    async def look(self) -> None:
        """Tell every drain that is over."""
        if not await self._drains.over():  # most of the time: no lock for that
            return
        async with self._claim("drains") as is_ours:
            if is_ours:
                for drain in await self._drains.over():
                    await self._tell(drain)

    async def _tell(self, drain: Drain) -> None:
        with speaking((await self._tongues.of(drain.by, None)).private):
            view = drained_card(drain)
        one = nonce("drained", drain.name, drain.by, drain.at)
        try:
            told = await self._receivers.post(Receiver(drain.by, is_person=True), view, one)
            for receiver in self._receivers.of_bot if told is None else ():
                if receiver.id != drain.by:
                    told = await self._receivers.post(receiver, view, one)
        except Busy as error:
            logger.warning("drain told later", extra={"drained": drain.name, "error": str(error)})
            return
        await self._drains.told(drain)
        logger.info("drained", extra={"drained": drain.name, "is_told": told is not None})


def drained_card(drain: Drain) -> ui.LayoutView:
    """What was asked for is so; since when, and what to do next."""
    asked = say("-# You asked for it {since}.", since=f"<t:{int(drain.at)}:R>")
    if drain.name == ALL:
        head, what = say("## ✅ Drained"), say("Everything that ran has ended.")
    else:
        head = say("## ✅ {service} is drained", service=plain(drain.name))
        what = say("The last order there has ended.")
    return layout(ui.Container(ui.TextDisplay(f"{head}\n{what} {next_words(drain.name)}\n{asked}"), accent_colour=GOOD))
