"""Keeps cards equal to the rows: posts the missing ones, edits those whose rendering changed, never queues.

Only the newest rendering of a card is ever sent. Every channel is written by a task of its own, so that one where
Discord is slow holds up no other. One channel is edited at most every few seconds, since Discord allows about five
writes in five seconds there and a chat answer needs some of them (observed by libraries, 2026-08).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import discord
from discord import ui

from bot.jobs.wake import Listener
from bot.production.dispatcher import Dispatcher
from bot.production.productions import Productions
from bot.production.prospects import Prospects
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from bot.ui.card_pace import EDIT_EVERY, EDIT_OLD_EVERY, is_old, pause_of_progress
from bot.ui.card_rows import Card, CardRows
from bot.ui.card_rules import Anew, CardTried, Later, Settle, Unarchive, decide_card
from bot.ui.cards import CardKind, fingerprint
from bot.ui.desk import Desk
from bot.ui.line_places import LinePlaces
from bot.ui.renderings import Extras, Renderer, Rendering
from bot.ui.sending import UPLOAD_DEADLINE, DiscordFailed, Malformed, nonce, once, persistently
from bot.ui.talk_facts import TalkReader
from bot.ui.threads import unarchive
from providers.catalogue import Catalogue
from ratelimit import KeyPool

logger = logging.getLogger(__name__)

#: Seconds between looks: at most, and at least, however often rows change.
LOOK_EVERY = 2.0
BREATH = 0.2
#: A card whose rows did not change is looked at again after so many seconds: what it waits for may have changed.
LOOK_AGAIN = 3.0
#: A look considers films that changed in so many last seconds; all of them, every so many seconds.
RECENT = 15 * 60.0
SWEEP_EVERY = 60.0
#: Channels written to at once.
AT_ONCE = 50
#: Seconds before a card that could not be shown is tried again: first, doubling, and longest.
BACK_OFF_FIRST, BACK_OFF_LONGEST = 5.0, 300.0


class CardKeeper:
    """Shows cards in Discord."""

    def __init__(
        self,
        *,
        client: discord.Client,
        rows: CardRows,
        projects: Projects,
        productions: Productions,
        sightings: Sightings,
        dispatcher: Dispatcher,
        catalogue: Catalogue,
        desk: Desk,
        pools: Mapping[str, KeyPool],
        prospects: Prospects | None = None,
        talk: TalkReader | None = None,
        extras: Extras | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._rows = rows
        self._renderer = Renderer(
            rows=rows,
            projects=projects,
            productions=productions,
            sightings=sightings,
            dispatcher=dispatcher,
            catalogue=catalogue,
            desk=desk,
            pools=pools,
            prospects=prospects,
            talk=talk,
            clock=clock,
            extras=extras,
        )
        self._clock = clock
        self._writing: set[int] = set()  # channels that have a task
        self._written_at: dict[int, float] = {}  # channel → when it was last written to
        self._looked_at: dict[int, float] = {}  # card → when it was last found or made equal to its rows
        self._rests_until: dict[int, float] = {}  # card → when to try again what failed
        self._failures: Counter[int] = Counter()  # card → in a row
        self._closed_until: dict[int, float] = {}  # channel → when to try again where we may not write
        self._lost: set[int] = set()  # cards whose message was deleted
        self._told: dict[int, str] = {}  # card → the news that it shows
        self._opened: set[int] = set()  # cards whose thread was taken out of the archive for them
        self._swept_at: float | None = None
        self._looked_last = 0.0
        self._desk = desk
        self._places = LinePlaces(dispatcher.position, dispatcher.ahead, clock)
        self._walked_at = 0.0  # when places in the line were last compared with what cards tell

    async def run(self, listener: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                wait = await self.look(group)
                await asyncio.sleep(BREATH)
                await listener.wait(wait)

    async def look(self, group: asyncio.TaskGroup) -> float:
        """Start a task for every channel that has something to show; returns the seconds until another may have."""
        busy = set(self._writing)  # as of before the rows are read: what is written meanwhile is not in them
        cards = await self._cards()
        now = self._clock()
        if now < self._looked_last:
            self._forget_times()
        self._looked_last = now
        self._forget(cards, now)
        wait = LOOK_EVERY
        channels: dict[int, list[Card]] = {}
        for card in cards:
            due_at = self._due_at(card)
            if due_at > now:
                wait = min(wait, due_at - now)
            else:
                channels.setdefault(card.channel_id, []).append(card)
        for channel_id, due in channels.items():
            if channel_id not in busy and len(self._writing) < AT_ONCE:
                self._writing.add(channel_id)
                group.create_task(self._write(channel_id, due))
        return wait

    async def _cards(self) -> list[Card]:
        """Everything that may need showing, most urgent first: of films that changed lately, now and then of all."""
        now = self._clock()
        films = None
        if self._swept_at is not None and 0 <= now - self._swept_at < SWEEP_EVERY:
            films = await self._rows.changed_films(now - RECENT)
        else:
            self._swept_at = now
        await self._rows.create_missing(films)
        if films is None:
            self._places.know(await self._rows.in_line())
        changed = await self._rows.to_look_at(films)
        if 0 <= now - self._walked_at < LOOK_AGAIN:
            return changed
        self._walked_at = now
        return [*changed, *await self._moved_up({card.id for card in changed})]

    async def _moved_up(self, but_for: Collection[int]) -> list[Card]:
        """Cards whose place in the line has changed, which no row tells."""
        switches = self._desk.switches
        self._places.paused = frozenset() if switches is None else await switches.paused()
        return await self._rows.of_jobs(self._places.changed(but_for))

    def _forget_times(self) -> None:
        """The clock was set back: what was to happen after a moment would wait until it comes once more."""
        for times in (self._written_at, self._looked_at, self._rests_until):
            times.clear()

    def _forget(self, cards: Sequence[Card], now: float) -> None:
        """Keep no memory of cards that need no look."""
        known = {card.id for card in cards}
        self._looked_at = {card: at for card, at in self._looked_at.items() if card in known}
        self._told = {card: news for card, news in self._told.items() if card in known}
        self._written_at = {channel: at for channel, at in self._written_at.items() if now - at < EDIT_EVERY}
        self._closed_until = {channel: until for channel, until in self._closed_until.items() if until > now}
        self._lost &= known
        self._opened &= known
        for card in [card for card, until in self._rests_until.items() if until + BACK_OFF_LONGEST < now]:
            del self._rests_until[card]
            self._failures.pop(card, None)

    def _due_at(self, card: Card) -> float:
        """When it is this card's turn, in Unix seconds; past where it is."""
        due_at = max(self._rests_until.get(card.id, 0.0), self._closed_until.get(card.channel_id, 0.0))
        if card.stamp == card.rendered_stamp:
            due_at = max(due_at, self._looked_at.get(card.id, 0.0) + LOOK_AGAIN)
        if card.message_id is not None and not card.is_over:
            due_at = max(due_at, self._written_at.get(card.channel_id, 0.0) + EDIT_EVERY)
            now = self._clock()
            if is_old(now - card.posted_at) and card.edited_at is not None and card.edited_at <= now:
                due_at = max(due_at, card.edited_at + EDIT_OLD_EVERY)
        return due_at

    async def _write(self, channel_id: int, cards: Sequence[Card]) -> None:
        try:
            for card in cards:
                if self._due_at(card) <= self._clock():  # writing the one before may have put it off
                    await self._keep(card)
        finally:
            self._writing.discard(channel_id)

    async def _keep(self, card: Card) -> None:
        """Bring one card up to date. Whatever goes wrong with it is its own."""
        facts = {"card": card.ref, "channel": card.channel_id}
        rendering: Rendering | None = None
        place = self._places.words(card.ref)  # before it is rendered: what changes meanwhile is another rendering
        try:
            rendering = await self._renderer.render(card)
            done = await self._bring_up_to_date(card, rendering)
        except DiscordFailed as error:
            await self._refused(card, error, is_final=rendering is not None and rendering.final)
        except Exception:
            # One card must not hide all others.
            logger.exception("card not shown by a fault of ours", extra=facts)
            self._back_off(card)
        else:
            self._failures.pop(card.id, None)
            self._rests_until.pop(card.id, None)
            if done:
                self._places.tells(card, place, None if rendering is None else rendering.until)
                self._looked_at[card.id] = self._clock()
            else:
                self._rests_until[card.id] = self._clock() + LOOK_EVERY

    async def _refused(self, card: Card, error: DiscordFailed, *, is_final: bool) -> None:
        """What comes of a card that Discord did not take."""
        tried = CardTried(
            is_final=is_final,
            age=self._clock() - card.created_at,
            was_lost=card.id in self._lost,
            was_opened=card.id in self._opened,
        )
        step = decide_card(error, tried)
        facts = {"card": card.ref, "channel": card.channel_id, "error": str(error), "step": type(step).__name__}
        logger.log(logging.ERROR if isinstance(error, Malformed) else logging.WARNING, "card not shown", extra=facts)
        match step:
            case Later(seconds, for_channel):
                self._back_off(card, at_least=seconds)
                if for_channel:
                    self._closed_until[card.channel_id] = self._clock() + seconds
            case Anew():
                self._lost.add(card.id)
                await self._rows.lost(card.id)
            case Unarchive():
                self._opened.add(card.id)
                await self._open_thread(card)
            case Settle():
                await self._rows.settle(card.id)

    async def _open_thread(self, card: Card) -> None:
        try:
            await unarchive(self._client, card.channel_id)
        except DiscordFailed as error:
            logger.warning("thread not opened", extra={"channel": card.channel_id, "error": str(error)})

    async def _bring_up_to_date(self, card: Card, rendering: Rendering | None) -> bool:
        """Post or edit a card where its rendering changed; false where it has to wait for another card."""
        if rendering is None:
            await self._rows.settle(card.id)
            return True
        if rendering.provisional:
            return False
        shown = fingerprint(rendering.view)
        if shown == card.shown or (rendering.pictures and card.message_id is not None):
            await self._rows.found_equal(card)
        elif self._is_mere_progress(card, rendering):
            return False
        else:
            message_id = await self._show(card, rendering)
            await self._rows.shown(card, message_id=message_id, fingerprint=shown)
            self._told[card.id] = rendering.news
        if rendering.final:
            await self._rows.settle(card.id)
        return True

    def _is_mere_progress(self, card: Card, rendering: Rendering) -> bool:
        """Whether a card would tell nothing but progress, and did so a moment ago."""
        now = self._clock()
        if card.message_id is None or card.edited_at is None or not rendering.news:
            return False
        pause = pause_of_progress(now - card.posted_at)
        return self._told.get(card.id) == rendering.news and 0 <= now - card.edited_at < pause

    async def _show(self, card: Card, rendering: Rendering) -> int:
        """Post or edit; the id of the message. Raises `DiscordFailed`."""
        self._written_at[card.channel_id] = self._clock()
        channel = self._client.get_partial_messageable(card.channel_id)
        view: ui.LayoutView = rendering.view
        if card.message_id is None:
            again = ["again"] if card.id in self._lost else []  # else Discord answers with the one that was deleted
            one = nonce(card.kind, card.ref, *again)
            if rendering.pictures:
                return await self._post_with_pictures(channel, rendering, one)
            sent = await persistently(lambda: channel.send(view=view, silent=True, nonce=one))
            return sent.id
        message = channel.get_partial_message(card.message_id)
        if card.kind is CardKind.JOB and not card.is_over and is_old(self._clock() - card.posted_at):
            one = nonce(card.kind, card.ref, card.message_id)
            fresh = await persistently(lambda: channel.send(view=view, silent=True, nonce=one))
            await self._remove(message)
            return fresh.id
        if card.kind is CardKind.STORYBOARD:  # its pictures go with it
            await persistently(lambda: message.edit(view=view, attachments=[]))
        else:
            await persistently(lambda: message.edit(view=view))
        return card.message_id

    async def _remove(self, message: discord.PartialMessage) -> None:
        """Take away a card that another has taken the place of; where that fails it stays, and its buttons work."""
        try:
            await once(message.delete)
        except DiscordFailed as error:
            logger.info("old card not removed", extra={"message_id": message.id, "error": str(error)})

    async def _post_with_pictures(self, channel: discord.PartialMessageable, rendering: Rendering, one: str) -> int:
        async def send() -> discord.Message:
            files = [discord.File(path, name) for name, path in rendering.pictures.items()]  # each is sent once only
            try:
                return await channel.send(view=rendering.view, files=files, silent=True, nonce=one)
            finally:
                for file in files:
                    file.close()

        return (await persistently(send, deadline=UPLOAD_DEADLINE)).id

    def _back_off(self, card: Card, *, at_least: float = 0.0) -> None:
        rest = BACK_OFF_FIRST * 2.0 ** min(self._failures[card.id], 10)
        self._failures[card.id] += 1
        self._rests_until[card.id] = self._clock() + max(at_least, min(rest, BACK_OFF_LONGEST))
