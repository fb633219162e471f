"""Keeps cards equal to the rows: posts the missing ones, edits those whose rendering changed, never queues.

Only the newest rendering of a card is ever sent. One channel is edited at most every few seconds, since Discord allows
about five writes in five seconds there and a chat answer needs some of them (observed by libraries, 2026-08).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import discord
from discord import ui

from bot.jobs.wake import Listener
from bot.production.dispatcher import Dispatcher
from bot.production.model import TERMINAL, ProductionState
from bot.production.productions import Productions
from bot.studio.errors import CannotRender, NoSuchFilm
from bot.studio.projects import Projects
from bot.ui.card_rows import Card, CardRows
from bot.ui.cards import CardKind, JobFacts, PlanFacts, fingerprint, job_card, plan_card
from bot.ui.desk import Desk
from bot.ui.sending import DiscordFailed, NotAllowed, Vanished, nonce, persistently
from providers.catalogue import Catalogue
from providers.errors import RequestFault

logger = logging.getLogger(__name__)

#: Seconds between two edits of one channel; a card that came to its end does not wait.
EDIT_EVERY = 2.5
LOOK_EVERY = 2.0
#: Discord allows few edits of messages over an hour old (code 30046), so an old card is edited more rarely.
GROWS_OLD_AFTER = 55 * 60.0
EDIT_OLD_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a card should show. `final`: nothing can change it any more; `provisional`: wait for what it still lacks."""

    view: ui.LayoutView
    final: bool = False
    provisional: bool = False


class CardKeeper:
    """Shows cards in Discord."""

    def __init__(
        self,
        *,
        client: discord.Client,
        rows: CardRows,
        projects: Projects,
        productions: Productions,
        dispatcher: Dispatcher,
        catalogue: Catalogue,
        desk: Desk,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._rows = rows
        self._projects = projects
        self._productions = productions
        self._dispatcher = dispatcher
        self._catalogue = catalogue
        self._desk = desk
        self._clock = clock
        self._edited_at: dict[int, float] = {}  # channel → when it was last written to
        self._seen: dict[int, float] = {}  # plan card → stamp of its last rendering

    async def run(self, listener: Listener) -> None:
        while True:
            waiting = await self.look()
            await listener.wait(min(LOOK_EVERY, waiting))

    async def look(self) -> float:
        """Bring every card up to date that may be edited now; returns the seconds until the next one may."""
        await self._rows.create_missing()
        wait = LOOK_EVERY
        cards = await self._rows.unsettled()
        for card in sorted(cards, key=lambda each: each.message_id is not None):  # new ones first: others link to them
            if card.kind is CardKind.PLAN and self._seen.get(card.id) == card.stamp:
                continue
            wait = min(wait, await self._keep(card))
        return wait

    async def _keep(self, card: Card) -> float:
        rendering = await self._render(card)
        if rendering is None:
            await self._rows.settle(card.id)
            return LOOK_EVERY
        if rendering.provisional:
            return 0.5
        shown = fingerprint(rendering.view)
        if shown != card.shown:
            young = self._clock() - card.created_at < GROWS_OLD_AFTER
            every = EDIT_EVERY if young else EDIT_OLD_EVERY
            rest = self._edited_at.get(card.channel_id, 0.0) + every - self._clock()
            if card.message_id is not None and not rendering.final and rest > 0:
                return max(0.1, rest)
            if not await self._show(card, rendering.view, shown):
                return LOOK_EVERY
        self._seen[card.id] = card.stamp
        if rendering.final:
            await self._rows.settle(card.id)
            self._seen.pop(card.id, None)
        return LOOK_EVERY

    async def _show(self, card: Card, view: ui.LayoutView, shown: str) -> bool:
        """Post or edit; false where it should be tried again later."""
        self._edited_at[card.channel_id] = self._clock()
        channel = self._client.get_partial_messageable(card.channel_id)
        message_id = card.message_id
        try:
            if message_id is None:
                sent = await persistently(
                    lambda: channel.send(view=view, silent=True, nonce=nonce(card.kind, card.ref))
                )
                message_id = sent.id
            else:
                message = channel.get_partial_message(message_id)
                await persistently(lambda: message.edit(view=view))
        except (Vanished, NotAllowed) as error:
            # The card was deleted or its thread closed: hidden by choice. The film goes on; its end is posted anew.
            logger.warning("card given up", extra={"card": card.ref, "error": str(error)})
            await self._rows.settle(card.id)
            return True
        except DiscordFailed as error:
            logger.error("card not shown", extra={"card": card.ref, "error": str(error)})
            return False
        await self._rows.shown(card.id, message_id=message_id, fingerprint=shown)
        return True

    async def _render(self, card: Card) -> Rendering | None:
        try:
            return await (self._plan(card) if card.kind is CardKind.PLAN else self._job(card))
        except NoSuchFilm:
            return None

    async def _plan(self, card: Card) -> Rendering:
        project_id, _, version = card.ref.partition(":")
        project = await self._projects.get(project_id)
        newest = await self._projects.plan(project_id)
        if newest is None:
            return Rendering(plan_card(PlanFacts(project=project, plan=None)))
        plan = newest if newest.version == int(version) else await self._projects.plan(project_id, int(version))
        if plan is None or plan.version < newest.version:
            assert plan is not None, card
            at = await self._rows.message_of(CardKind.PLAN, f"{project_id}:{newest.version}")
            link = _link(project.guild_id, *at) if at is not None else None
            replaced = PlanFacts(project=project, plan=plan, newest_version=newest.version, replaced_by=link)
            return Rendering(plan_card(replaced), final=link is not None, provisional=link is None)
        facts = PlanFacts(
            project=project,
            plan=plan,
            model_label=plan.model,
            newest_version=newest.version,
            production=await self._productions.latest_of(project_id),
            can_render=False,
        )
        try:
            castings, quoted = await self._desk.price(project, plan)
        except (CannotRender, RequestFault):  # its model has left the catalogue since
            return Rendering(plan_card(facts))
        label = self._catalogue.resolve(plan.model).label
        can_render = self._desk.can_render(castings)
        return Rendering(plan_card(replace(facts, quote=quoted, model_label=label, can_render=can_render)))

    async def _job(self, card: Card) -> Rendering:
        production = await self._productions.get(card.ref)
        project = await self._projects.get(production.project_id)
        plan = await self._projects.plan(project.id, production.version)
        assert plan is not None, production
        link = None
        if production.delivered_message_id is not None:
            link = _link(project.guild_id, project.thread_id or project.channel_id, production.delivered_message_id)
        facts = JobFacts(
            production=production,
            plan=plan,
            takes=await self._productions.takes_of(production.id),
            position=self._dispatcher.position(production.id),
            film_link=link,
        )
        over = production.state in TERMINAL
        final = over and (production.state is not ProductionState.DONE or production.delivered_at is not None)
        return Rendering(job_card(facts), final=final)


def _link(guild_id: int | None, channel_id: int, message_id: int) -> str:
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"
