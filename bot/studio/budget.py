"""Money: what is kept aside for what people order, what of it is spent, and the caps that no sum may pass.

    reserve ──► settle    a film or a reading is accepted at the price shown, and charged what it cost, never more
       │          └──► balance  a service told afterwards what it charged
       └──► lose     what may have been charged for nothing is ordered again

Everything that changes money stands in the transaction that changes its subject. A reservation counts in the UTC day
and month it was accepted in: at its ceiling until it is settled, at what was charged from then on. What was lost counts
for the whole bot alone, in the day it was given up.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import answers, caps, reservations
from bot.studio.errors import Cap, OverBudget
from bot.studio.pseudonyms import Pseudonyms

logger = logging.getLogger(__name__)


#: Whose a cap is that holds for all.
EVERYBODY = 0


class Kind(StrEnum):
    """What money is kept aside for."""

    FILM = "film"
    READING = "reading"
    STORYBOARD = "storyboard"


class Bound(StrEnum):
    """A sum that operators may set while the bot runs, in the place of the settings'; with its field of `Caps`."""

    FILM = "film"
    USER_DAY = "user_day"
    GUILD_MONTH = "guild_month"
    BOT_DAY = "bot_day"
    APPROVAL = "approval"

    @property
    def field(self) -> str:
        return "approval_above_microusd" if self is Bound.APPROVAL else f"{self.value}_microusd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent, in micro-dollars; `None` is no bound.

    What costs more than `approval_above_microusd` needs somebody's approval; `None` where nothing does.
    """

    film_microusd: int | None = None
    user_day_microusd: int | None = None
    guild_month_microusd: int | None = None
    bot_day_microusd: int | None = None
    approval_above_microusd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """A sum of one period and its cap. `held_microusd` is the part of `used_microusd` that is kept aside only."""

    used_microusd: int
    held_microusd: int
    cap_microusd: int | None
    resets_at: float

    @property
    def left_microusd(self) -> int | None:
        """`None` without a cap; never below zero, though what models took may have passed it."""
        return None if self.cap_microusd is None else max(0, self.cap_microusd - self.used_microusd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How somebody stands: today, this month in their server (`None` in a DM), and the whole bot today."""

    user: Spending
    guild: Spending | None
    bot: Spending


def day_of(now: float) -> tuple[float, float]:
    """Begin and end of the UTC day."""
    day = datetime.fromtimestamp(now, tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp(), (day + timedelta(days=1)).timestamp()


def month_of(now: float) -> tuple[float, float]:
    """Begin and end of the UTC calendar month."""
    first = datetime.fromtimestamp(now, tz=UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp(), (first + timedelta(days=32)).replace(day=1).timestamp()


class Budgets:
    """Reads and writes the reservations. `caps` are the settings'; `caps_within` tells those that hold."""

    def __init__(
        self,
        database: Database,
        caps: Caps | None = None,
        *,
        pseudonyms: Pseudonyms | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or Pseudonyms()
        self.caps = caps or Caps()
        self._clock = clock

    async def caps_within(self, transaction: Transaction, owner_id: int | None = None) -> Caps:
        """What may be spent now: the settings' caps, but for what operators set since, for all or for this person."""
        whose = [EVERYBODY] if owner_id is None else [EVERYBODY, self._pseudonyms.of(owner_id), owner_id]
        rows = (await transaction.execute(select(caps).where(caps.c.ref.in_(whose)))).all()
        nearest_last = sorted(rows, key=lambda row: whose.index(row.ref))
        return replace(self.caps, **{Bound(row.name).field: row.microusd for row in nearest_last})

    async def needs_approval(self, transaction: Transaction, price_microusd: int) -> bool:
        above = (await self.caps_within(transaction)).approval_above_microusd
        return above is not None and price_microusd > above

    async def reserve(
        self,
        transaction: Transaction,
        *,
        id: str,  # noqa: A002  # the row's
        kind: Kind,
        owner_id: int,
        guild_id: int | None,
        amount_microusd: int,
        member_day_microusd: int | None = None,
    ) -> None:
        """Keep money aside; once for an id, however often it is asked.

        `member_day_microusd` is the most that its server lets this person spend there in a day.

        Raises:
            OverBudget: it would pass a cap; nothing is kept aside.
        """
        await lock(transaction, "budget")
        known = await transaction.execute(select(reservations.c.id).where(reservations.c.id == id))
        if known.one_or_none() is not None:
            return
        await self._admit(transaction, id, owner_id, guild_id, whole=amount_microusd, more=amount_microusd)
        if guild_id is not None and member_day_microusd is not None:
            member = await self._of_member(transaction, owner_id, guild_id, member_day_microusd)
            if amount_microusd > (left := member.left_microusd or 0):
                raise OverBudget(
                    Cap.MEMBER_DAY, left_microusd=left, needed_microusd=amount_microusd, resets_at=member.resets_at
                )
        await transaction.execute(
            insert(reservations).values(
                id=id,
                kind=kind,
                owner_id=owner_id,
                guild_id=guild_id,
                reserved_microusd=amount_microusd,
                at=self._clock(),
            )
        )

    async def lose(self, transaction: Transaction, id: str, in_all_microusd: int) -> None:  # noqa: A002
        """Count at once what may have been charged for nothing, all of it so far; its owner does not pay it.

        Raises:
            OverBudget: the bot's day does not bear it; nothing changes.
        """
        await lock(transaction, "budget")
        row = (await transaction.execute(select(reservations).where(reservations.c.id == id))).one_or_none()
        if row is None or in_all_microusd <= row.written_off_microusd:
            return
        now = self._clock()
        lost_at = row.at if row.lost_at is None else row.lost_at
        counted = row.written_off_microusd if lost_at >= day_of(now)[0] else 0
        bot = await self._of_bot(transaction)
        more = in_all_microusd - counted
        if bot.left_microusd is not None and more > bot.left_microusd:
            raise OverBudget(
                Cap.BOT_DAY,
                left_microusd=bot.left_microusd,
                needed_microusd=more,
                resets_at=bot.resets_at,
            )
        await transaction.execute(
            update(reservations)
            .where(reservations.c.id == id)
            .values(written_off_microusd=in_all_microusd, lost_at=now)
        )

    async def settle(
        self,
        transaction: Transaction,
        id: str,  # noqa: A002
        *,
        settled_microusd: int,
        written_off_microusd: int = 0,
    ) -> None:
        """Charge what was spent, at most what is kept aside; what was more is the bot's own loss.

        A second settlement, and one of what was never kept aside, changes nothing.
        """
        await lock(transaction, "budget")
        row = (await transaction.execute(select(reservations).where(reservations.c.id == id))).one_or_none()
        if row is None or row.settled_microusd is not None:
            return
        charged = min(settled_microusd, row.reserved_microusd)
        if over := settled_microusd - charged:
            logger.error("charged more than the price shown", extra={"reservation": id, "over_microusd": over})
        # A film that went on after it was settled tells everything written off for it again.
        lost = max(row.written_off_microusd, written_off_microusd + over)
        await transaction.execute(
            update(reservations)
            .where(reservations.c.id == id)
            .values(settled_microusd=charged, written_off_microusd=lost, settled_at=self._clock())
        )

    async def balance(self, transaction: Transaction, id: str, *, charged_microusd: int, lost_microusd: int) -> None:  # noqa: A002
        """Bring what was settled in step with what a service told afterwards.

        Its owner never pays more for it: what came on top is the bot's loss, and what came off is given back.
        Unsettled money is left for its settlement.
        """
        await lock(transaction, "budget")
        row = (await transaction.execute(select(reservations).where(reservations.c.id == id))).one_or_none()
        if row is None or row.settled_microusd is None:
            return
        settled = min(row.settled_microusd, charged_microusd)
        await transaction.execute(
            update(reservations)
            .where(reservations.c.id == id)
            .values(settled_microusd=settled, written_off_microusd=charged_microusd + lost_microusd - settled)
        )

    async def standing(self, owner_id: int, guild_id: int | None) -> Standing:
        async with self._database.transaction() as transaction:
            return await self._standing(transaction, owner_id, guild_id)

    async def today(self, transaction: Transaction) -> Spending:
        """What the whole bot has spent today."""
        return await self._of_bot(transaction)

    async def member_day(self, owner_id: int, guild_id: int, cap_microusd: int) -> Spending:
        """What somebody spent in a server today, of what it lets them."""
        async with self._database.transaction() as transaction:
            return await self._of_member(transaction, owner_id, guild_id, cap_microusd)

    async def check_day(self) -> None:
        """Raise `OverBudget` where the whole bot has used up its day: language models cost money, too."""
        async with self._database.transaction() as transaction:
            bot = await self._of_bot(transaction)
        if bot.left_microusd == 0:
            raise OverBudget(Cap.BOT_DAY, left_microusd=0, needed_microusd=0, resets_at=bot.resets_at)

    async def _admit(
        self,
        transaction: Transaction,
        id: str,  # noqa: A002
        owner_id: int,
        guild_id: int | None,
        *,
        whole: int,
        more: int,
    ) -> None:
        """Raise `OverBudget` unless `whole` for this id fits under every cap, beside all others."""
        cap = (await self.caps_within(transaction, owner_id)).film_microusd
        if cap is not None and whole > cap:
            left = max(0, cap - (whole - more))
            raise OverBudget(Cap.FILM, left_microusd=left, needed_microusd=more, resets_at=None)
        standing = await self._standing(transaction, owner_id, guild_id, but_for=id)
        for which, spending in (
            (Cap.USER_DAY, standing.user),
            (Cap.GUILD_MONTH, standing.guild),
            (Cap.BOT_DAY, standing.bot),
        ):
            if spending is not None and spending.left_microusd is not None and whole > spending.left_microusd:
                left = max(0, spending.left_microusd - (whole - more))
                raise OverBudget(which, left_microusd=left, needed_microusd=more, resets_at=spending.resets_at)

    async def _standing(
        self, transaction: Transaction, owner_id: int, guild_id: int | None, *, but_for: str = ""
    ) -> Standing:
        now = self._clock()
        bounds = await self.caps_within(transaction, owner_id)
        today, tomorrow = day_of(now)
        begin, end = month_of(now)
        # What a person had deleted still counts.
        theirs = reservations.c.owner_id.in_([owner_id, self._pseudonyms.of(owner_id)])
        used, held = await _sum(transaction, theirs, reservations.c.at >= today, reservations.c.id != but_for)
        user = Spending(
            used_microusd=used, held_microusd=held, cap_microusd=bounds.user_day_microusd, resets_at=tomorrow
        )
        guild = None
        if guild_id is not None:
            used, held = await _sum(
                transaction,
                reservations.c.guild_id == guild_id,
                reservations.c.at >= begin,
                reservations.c.id != but_for,
            )
            guild = Spending(
                used_microusd=used, held_microusd=held, cap_microusd=bounds.guild_month_microusd, resets_at=end
            )
        return Standing(user=user, guild=guild, bot=await self._of_bot(transaction, but_for=but_for))

    async def _of_member(self, transaction: Transaction, owner_id: int, guild_id: int, cap_microusd: int) -> Spending:
        today, tomorrow = day_of(self._clock())
        theirs = reservations.c.owner_id.in_([owner_id, self._pseudonyms.of(owner_id)])
        used, held = await _sum(transaction, theirs, reservations.c.guild_id == guild_id, reservations.c.at >= today)
        return Spending(used_microusd=used, held_microusd=held, cap_microusd=cap_microusd, resets_at=tomorrow)

    async def _of_bot(self, transaction: Transaction, *, but_for: str = "") -> Spending:
        """Everybody's today, with what was written off and what language models took."""
        today, tomorrow = day_of(self._clock())
        used, held = await _sum(transaction, reservations.c.at >= today, reservations.c.id != but_for)
        lost_at = func.coalesce(reservations.c.lost_at, reservations.c.at)
        lost = select(func.coalesce(func.sum(reservations.c.written_off_microusd), 0)).where(lost_at >= today)
        talk = select(func.coalesce(func.sum(answers.c.cost_microusd), 0)).where(answers.c.at >= today)
        for query in (lost, talk):
            used += int((await transaction.execute(query)).scalar_one())
        cap = (await self.caps_within(transaction)).bot_day_microusd
        return Spending(used_microusd=used, held_microusd=held, cap_microusd=cap, resets_at=tomorrow)


async def _sum(transaction: Transaction, *conditions: ColumnElement[bool]) -> tuple[int, int]:
    """What these reservations amount to, and how much of that is kept aside only."""
    counted = func.coalesce(reservations.c.settled_microusd, reservations.c.reserved_microusd)
    held = func.sum(reservations.c.reserved_microusd).filter(reservations.c.settled_microusd.is_(None))
    query = select(func.coalesce(func.sum(counted), 0), func.coalesce(held, 0)).where(*conditions)
    used, kept = (await transaction.execute(query)).one()
    return int(used), int(kept)
