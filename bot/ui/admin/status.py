"""`/admin status`: one private card that says whether all is well, and if not, what to do about it."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from typing import Protocol

import discord
from discord import app_commands

from bot.production.switches import ALL
from bot.speech import say
from bot.status.chart import Chart, ChartFailed
from bot.status.findings import findings
from bot.status.status import Status as Standing
from bot.ui.admin.status_card import CHART, status_view
from bot.ui.admin.switching import Switching
from bot.ui.answering import Answer, answer, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press

logger = logging.getLogger(__name__)

#: Seconds that the card waits for its picture.
PICTURE_WITHIN = 12.0


class Collects(Protocol):
    async def collect(self) -> Standing: ...

    async def collect_anew(self) -> Standing: ...


class Draws(Protocol):
    async def last_day(self) -> Chart: ...


class Status:
    """A part of `/admin`, for operators."""

    def __init__(self, collector: Collects, charts: Draws, switching: Switching, rights: Rights) -> None:
        self._collector = collector
        self._charts = charts
        self._switching = switching
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.OPSTATUS: self._press, Action.OPPAUSE: self._press, Action.OPRESUME: self._press}

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(name="status", description="Is all well, and if not, what to do about it")
        async def status(interaction: discord.Interaction) -> None:
            await answer(interaction, lambda: self.card(self._rights.of(interaction)))

    async def card(self, asker: Asker, *, anew: bool = False) -> Answer:
        """How the bot stands, with the chart of the last day. Raises `NotOperator`."""
        asker.check_operator()
        collecting = self._collector.collect_anew() if anew else self._collector.collect()
        status, chart = await asyncio.gather(collecting, self._chart())
        found = findings(status)
        note = say("The chart of the last 24 hours could not be drawn in time; press **Refresh** to try again.")
        bare = status_view(status, found, note=note)
        if chart is None:
            return Answer(view=bare)
        file = discord.File(io.BytesIO(chart.png), filename=CHART, description=chart.words[:1000])
        return Answer(view=status_view(status, found, chart=chart.words), files=(file,), bare=bare)

    async def press(self, asker: Asker, action: Action) -> Answer:
        """Refresh the card, after the line was paused or resumed where that is what was pressed."""
        by = asker.check_operator()
        if action is Action.OPPAUSE:
            await self._switching.pause(by, ALL, "")
        elif action is Action.OPRESUME:
            await self._switching.resume(by, ALL)
        return await self.card(asker, anew=action is not Action.OPSTATUS)

    async def _press(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        await turn(interaction, lambda: self.press(self._rights.of(interaction), custom_id.action))

    async def _chart(self) -> Chart | None:
        try:
            async with asyncio.timeout(PICTURE_WITHIN):
                return await self._charts.last_day()
        except (ChartFailed, TimeoutError) as error:
            logger.warning("no chart", extra={"error": str(error) or type(error).__name__})
            return None
