"""Makes rows safe that come from a backup: what happened after it was made is unknown, and is not guessed.

Every film that could still order is held for its owner. Each part of it that is not there gets an order without an
answer in the ledger, so that whatever runs later finds a silence and not a gap: nothing is ordered unless its owner
says so. Ends that were not posted then may have been posted since: they are looked for first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, case, delete, func, insert, select, update

from bot.db import Database, Transaction
from bot.db.tables import (
    alerts,
    announcement_posts,
    cards,
    dms,
    paid_calls,
    plans,
    productions,
    projects,
    reports,
    stills,
    storyboards,
    takes,
)
from bot.jobs.ledger import CallState
from bot.production.bill import bill_of, settle_by_bill
from bot.production.lifecycle import Lifecycle
from bot.production.model import OPEN, RESTORED, TERMINAL, ProductionState, Stage, TakeState, day_of
from bot.production.reports import ReportState
from bot.production.sound import effect_path, music_path, voice_path
from bot.production.storyboards import StillState, end_restored
from bot.storage.files import Files
from bot.studio.audit import RULE, Audit
from bot.studio.budget import Budgets
from bot.studio.casting import Casting, cast
from bot.studio.errors import StudioError
from bot.studio.model import Plan
from bot.studio.soundtrack import SoundOffer, effect_price, has_effect
from providers.catalogue import Catalogue
from providers.errors import ProviderError

#: What the ledger knows of an order that nobody knows of.
_DETAIL = "may have been ordered after the backup was made"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Something that a film orders, by the name it has in the ledger."""

    name: str
    provider: str
    model: str
    price_microusd: int


class Restoration:
    """Works on the rows before anything else does. `offer` is what makes sound here."""

    def __init__(
        self,
        database: Database,
        lifecycle: Lifecycle,
        catalogue: Catalogue,
        files: Files,
        offer: SoundOffer,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._lifecycle = lifecycle
        self._catalogue = catalogue
        self._files = files
        self._offer = offer
        self._budgets = Budgets(database, clock=clock)
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def hold(self, made_at: float, ref: str) -> list[str]:
        """Hold every film that was open at `made_at`, when the backup `ref` was made; the ids of those held now."""
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(select(productions).where(productions.c.state.in_(OPEN)))).all()
            for row in rows:
                await self._hold(transaction, row, made_at)
            ours = [row.id for row in rows]
            await self._end_storyboards(transaction, made_at)
            aimed_at = productions.c.delivery_channel_id
            thread = func.coalesce(projects.c.thread_id, projects.c.channel_id)
            project = projects.c.id == productions.c.project_id
            await transaction.execute(
                update(productions)
                .where(
                    productions.c.state.in_(TERMINAL),
                    productions.c.delivered_at.is_(None),
                    productions.c.id.not_in(ours),
                )
                .values(
                    delivering_at=func.coalesce(productions.c.delivering_at, made_at),
                    delivery_tries=productions.c.delivery_tries + 1,
                    # It is looked for only where it was aimed at: else where its first try goes.
                    delivery_channel_id=func.coalesce(aimed_at, select(thread).where(project).scalar_subquery()),
                    delivery_guild_id=case(
                        (aimed_at.is_(None), select(projects.c.guild_id).where(project).scalar_subquery()),
                        else_=productions.c.delivery_guild_id,
                    ),
                )
            )
            await _trust_dms(transaction, but_for=ours)
            await _trust_messages(transaction, made_at, self._clock())
            await self._audit.note_within(transaction, RULE, "restored", ref, f"{len(rows)} films held")
        return ours

    async def _end_storyboards(self, transaction: Transaction, made_at: float) -> None:
        """What waits to be drawn may have been since, and charged."""
        waiting = select(stills, storyboards.c.provider, storyboards.c.model).join(storyboards)
        rows = (await transaction.execute(waiting.where(stills.c.state == StillState.WAITING))).all()
        paid = select(paid_calls.c.key).where(paid_calls.c.state == CallState.DONE)
        for storyboard_id in await end_restored(transaction, self._clock()):
            drawn = set((await transaction.execute(paid.where(paid_calls.c.job == storyboard_id))).scalars())
            ours = [row for row in rows if row.storyboard_id == storyboard_id]
            # Shots with the same picture share one order, which bears the number of the first.
            first = {row.content: row for row in sorted(ours, key=lambda row: row.shot, reverse=True)}
            missing = [
                _Part(
                    name=f"still-{row.shot}", provider=row.provider, model=row.model, price_microusd=row.price_microusd
                )
                for row in first.values()
                if f"{storyboard_id}/still-{row.shot}/1" not in drawn
            ]
            await self._leave_unanswered(transaction, storyboard_id, missing, made_at)
            charged = (await bill_of(transaction, storyboard_id)).charged_microusd
            this = storyboards.c.id == storyboard_id
            await transaction.execute(update(storyboards).where(this).values(cost_microusd=charged))
            await settle_by_bill(transaction, self._budgets, storyboard_id)
            # A card that was not posted then was posted since.
            unposted = cards.c.message_id.is_(None) & (cards.c.kind == "storyboard") & (cards.c.ref == storyboard_id)
            await transaction.execute(update(cards).where(unposted).values(settled=1))

    async def _hold(self, transaction: Transaction, row: Row[tuple[object, ...]], made_at: float) -> None:
        now = self._clock()
        kept = await transaction.execute(select(takes).where(takes.c.production_id == row.id))
        shots = {take.shot: take for take in kept}
        plan, castings = await self._cast(transaction, row)
        missing = []
        for number, take in shots.items():
            clip = self._files.artefact(row.project_id, f"{take.content}.mp4")
            if take.state == TakeState.LEFT_OUT or (take.state == TakeState.MADE and clip.exists()):
                continue
            casting = next((casting for casting in castings if casting.number == number), None)
            missing.append(
                _Part(
                    name=str(number),
                    provider=casting.model.provider if casting is not None else "",
                    model=casting.model.id if casting is not None else "",
                    price_microusd=take.price_microusd,
                )
            )
            await transaction.execute(
                update(takes)
                .where(takes.c.production_id == row.id, takes.c.shot == number)
                .values(state=TakeState.UNKNOWN, failure=RESTORED, progress=None, updated_at=now)
            )
        if plan is not None:
            missing += self._sounds_missing(row.project_id, plan, castings)
        await self._leave_unanswered(transaction, row.id, missing, made_at)
        # Another run: its end is told anew, and no workflow of before is taken for it.
        await self._lifecycle.resume_within(transaction, row.id, OPEN)
        await transaction.execute(
            update(productions)
            .where(productions.c.id == row.id)
            .values(
                state=ProductionState.HELD,
                stage=Stage.OVER,
                failure=RESTORED,
                finished_at=now,
                delivering_at=made_at,  # its film may have been posted since: that is looked for first
                delivery_tries=1,
            )
        )
        await transaction.execute(
            update(cards).where(cards.c.kind == "job", cards.c.ref == row.id).values(settled=0, stamp=0.0)
        )

    async def _cast(
        self, transaction: Transaction, row: Row[tuple[object, ...]]
    ) -> tuple[Plan | None, tuple[Casting, ...]]:
        query = select(plans).where(plans.c.project_id == row.project_id, plans.c.version == row.version)
        found = (await transaction.execute(query)).one_or_none()
        if found is None:
            return None, ()
        plan = Plan.from_json(found.plan, version=found.version, changes=found.changes)
        try:
            catalogue = self._catalogue.on(day_of(row.accepted_at))
            return plan, cast(plan, catalogue, asset_id=row.asset_id, draft=bool(row.draft))
        except (StudioError, ProviderError):  # its model has left the catalogue's file
            return None, ()

    def _sounds_missing(self, project_id: str, plan: Plan, castings: Iterable[Casting]) -> Iterator[_Part]:
        """Recordings that are not there. ElevenLabs is asked for a line of which the answer was lost before."""
        castings = tuple(castings)
        voice, effects, music = self._offer.voice, self._offer.effects, self._offer.music
        for casting in castings:
            text = casting.shot.narration
            if voice is not None and text and not voice_path(self._files, project_id, plan.voice, text).exists():
                price = voice.price_microusd(len(text))
                yield _Part(
                    name=f"voice-{casting.number}", provider=voice.provider, model=voice.id, price_microusd=price
                )
            if (
                effects is not None
                and has_effect(casting)
                and not effect_path(self._files, project_id, casting).exists()
            ):
                yield _Part(
                    name=f"effect-{casting.number}",
                    provider=effects.provider,
                    model=effects.id,
                    price_microusd=effect_price(effects, casting),
                )
        if music is not None and plan.music and not music_path(self._files, project_id, plan, castings).exists():
            price = music.price_microusd(float(sum(casting.duration for casting in castings)))
            yield _Part(name="music", provider=music.provider, model=music.id, price_microusd=price)

    async def _leave_unanswered(
        self, transaction: Transaction, job: str, missing: Iterable[_Part], made_at: float
    ) -> None:
        """See to it that the last order of each part is one that went unanswered."""
        now = self._clock()
        rows = (await transaction.execute(select(paid_calls).where(paid_calls.c.job == job))).all()
        for part in missing:
            attempts = {int(call.key.rsplit("/", 1)[1]): call for call in rows if call.key.split("/")[1] == part.name}
            number = max(attempts, default=0)
            if number and attempts[number].state in {CallState.INTENT, CallState.UNKNOWN, CallState.REFUSED}:
                # What was refused is ordered again under the same key.
                await transaction.execute(
                    update(paid_calls)
                    .where(paid_calls.c.key == attempts[number].key)
                    .values(
                        state=CallState.UNKNOWN,
                        price_microusd=part.price_microusd,
                        detail=_DETAIL,
                        open=0,
                        updated_at=now,
                    )
                )
                continue
            await transaction.execute(
                insert(paid_calls).values(
                    key=f"{job}/{part.name}/{number + 1}",
                    job=job,
                    provider=part.provider,
                    model=part.model,
                    key_id="",
                    request_hash="",
                    state=CallState.UNKNOWN,
                    open=0,
                    price_microusd=part.price_microusd,
                    detail=_DETAIL,
                    deadline_at=now,
                    created_at=made_at,
                    updated_at=now,
                )
            )


async def _trust_messages(transaction: Transaction, made_at: float, now: float) -> None:
    """What was to be told when the backup was made was told since: no second time, or only once it was looked for."""
    await transaction.execute(
        update(announcement_posts)
        .where(announcement_posts.c.done_at.is_(None))
        .values(posting_at=func.coalesce(announcement_posts.c.posting_at, made_at))
    )
    await transaction.execute(
        update(reports)
        .where(reports.c.state != ReportState.OPEN)
        .values(shown=reports.c.state, answered_at=func.coalesce(reports.c.answered_at, now))
    )
    await transaction.execute(delete(alerts).where(alerts.c.over_at.is_not(None)))


async def _trust_dms(transaction: Transaction, *, but_for: Sequence[str]) -> None:
    """A DM about a film that was over may have been sent since, so no second one is: the film stands where it is."""
    run = select(productions.c.run).where(productions.c.id == dms.c.production_id).scalar_subquery()
    over = select(productions.c.id).where(productions.c.state.in_(TERMINAL), productions.c.id.not_in(but_for))
    await transaction.execute(update(dms).where(dms.c.production_id.in_(over)).values(told_run=run))
