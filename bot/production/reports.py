"""What people report: kept, shown to whoever governs the place, decided once, and answered.

open ──► hidden      the film's posts are withdrawn, and it is posted there no more; what waits of it is called off
  │        └──► lifted      somebody looked once more: it may be ordered and posted there again
  └────► dismissed   nothing is wrong with it

Who governs a server decides for that server; an operator decides for everywhere, and alone lifts that. What is under
way when its film is hidden goes on: its orders are paid already. It is posted once that is lifted.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Row, Select, Update, and_, func, or_, select, update

from bot.db import Database, Transaction, insert_or_ignore, lock
from bot.db.tables import cards, posts, productions, projects, reports, storyboards
from bot.jobs.wake import Wake
from bot.production.calling_off import call_off
from bot.studio.audit import Audit
from bot.studio.budget import Budgets
from bot.studio.errors import DecidedAlready, FilmHidden, FilmHiddenHere, NoSuchFilm, TooManyReports

#: Reports that one person may make in a day, and the characters of a reason.
MOST_A_DAY, LONGEST_REASON = 5, 500
DAY = 86_400.0
_STORYBOARD = "storyboard"  # as `bot.ui.card_layout.CardKind`
#: The failures of a film that waited when it was hidden.
HIDDEN_EVERYWHERE, HIDDEN_HERE = "HiddenByOperator", "HiddenByServer"


class ReportState(StrEnum):
    OPEN = "open"
    HIDDEN = "hidden"
    DISMISSED = "dismissed"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report of a film of `owner_id`, seen in `guild_id` (`None` in a direct message).

    `told` holds the message that shows it by the channel or person it was shown to; `shown` is the state that these
    messages show, `None` before they show any.
    """

    id: str
    project_id: str
    owner_id: int
    guild_id: int | None
    reporter_id: int
    reason: str
    state: ReportState
    at: float
    decided_by: int | None = None
    decided_at: float | None = None
    told: Mapping[int, int | None]
    shown: ReportState | None = None
    answered_at: float | None = None
    everywhere: bool = False


def hidden_projects() -> Select[tuple[str]]:
    """Films that were hidden everywhere: nothing of them is posted any more."""
    return select(reports.c.project_id).where(reports.c.state == ReportState.HIDDEN, reports.c.everywhere == 1)


class Reports:
    """Reads and writes the reports; nudges `changed` after each write."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._budgets = budgets or Budgets(database, clock=clock)
        self._database = database
        self._changed = changed
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def report(self, project_id: str, *, reporter_id: int, guild_id: int | None, reason: str) -> bool:
        """Keep a report; false where this person has reported this film before.

        Raises:
            NoSuchFilm: there is none any more.
            TooManyReports: this person has reported enough for a day.
        """
        now = self._clock()
        since = select(func.count()).where(reports.c.reporter_id == reporter_id, reports.c.at > now - DAY)
        film = select(projects.c.owner_id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
        async with self._database.transaction() as transaction:
            owner_id = (await transaction.execute(film)).scalar_one_or_none()
            if owner_id is None:
                raise NoSuchFilm
            if (await transaction.execute(since)).scalar_one() >= MOST_A_DAY:
                raise TooManyReports(MOST_A_DAY)
            kept = insert_or_ignore(transaction, reports).values(
                id=uuid.uuid4().hex,
                project_id=project_id,
                owner_id=owner_id,
                guild_id=guild_id,
                reporter_id=reporter_id,
                reason=reason[:LONGEST_REASON],
                state=ReportState.OPEN,
                at=now,
            )
            kept = kept.on_conflict_do_nothing(index_elements=["project_id", "reporter_id"])
            # PostgreSQL's driver counts no rows of such an insert.
            made = (await transaction.execute(kept.returning(reports.c.id))).one_or_none()
        self._changed()
        return made is not None

    async def get(self, report_id: str) -> Report:
        """Raises `NoSuchFilm` where it is gone, with its film."""
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(reports).where(reports.c.id == report_id))).one_or_none()
        if row is None:
            raise NoSuchFilm
        return _report(row)

    async def decide(self, report_id: str, state: ReportState, *, by: int, everywhere: bool = False) -> None:
        """Hide its film, dismiss it or lift what was hidden, and with it all such reports of the film from that server.

        `everywhere` decides those of all servers: that is an operator's. Films that wait there are called off when
        theirs is hidden, at no cost, and their owners are told as of every end.

        Raises:
            DecidedAlready: somebody was faster.
        """
        report = await self.get(report_id)
        before = ReportState.HIDDEN if state is ReportState.LIFTED else ReportState.OPEN
        same = reports.c.project_id == report.project_id
        waiting = productions.c.project_id == report.project_id
        if not everywhere:
            same = and_(same, reports.c.guild_id == report.guild_id)  # of a DM: those of DMs
            waiting = and_(waiting, productions.c.guild_id == report.guild_id)
        if state is ReportState.LIFTED and not everywhere:
            same = and_(same, reports.c.everywhere == 0)  # what an operator hid, an operator shows again
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"project {report.project_id}")  # nobody takes it into the line meanwhile
            decision = (
                update(reports)
                .where(reports.c.state == before)
                .values(state=state, decided_by=by, decided_at=now, everywhere=int(everywhere), answered_at=None)
            )
            if not (await transaction.execute(decision.where(reports.c.id == report.id))).rowcount:
                raise DecidedAlready
            await transaction.execute(decision.where(same))
            if state is ReportState.HIDDEN:
                failure = HIDDEN_EVERYWHERE if everywhere else HIDDEN_HERE
                await call_off(transaction, self._budgets, waiting, failure=failure, now=now)
            if state is ReportState.LIFTED:
                await transaction.execute(_forget_boards(report.project_id))
            await self._audit.note_within(
                transaction, by, f"report {state}", report.project_id, guild_id=report.guild_id
            )
        self._changed()

    async def pending(self) -> list[Report]:
        """Those that somebody has to be shown, in the state they are in now, or whose reporter waits for an answer."""
        stale = reports.c.shown != reports.c.state
        unanswered = (reports.c.state != ReportState.OPEN) & reports.c.answered_at.is_(None)
        query = select(reports).where(or_(stale, unanswered)).order_by(reports.c.at)
        async with self._database.transaction() as transaction:
            return [_report(row) for row in await transaction.execute(query)]

    async def told(self, report: Report, receiver: int, message_id: int | None) -> None:
        """A receiver has its card; `None` where they can have none."""
        async with self._database.transaction() as transaction:
            held = (await transaction.execute(select(reports.c.told).where(reports.c.id == report.id))).scalar_one()
            told = json.dumps({**json.loads(held), str(receiver): message_id})
            await transaction.execute(update(reports).where(reports.c.id == report.id).values(told=told))

    async def shown(self, report: Report) -> None:
        """Every card of it shows the state that `report` has."""
        await self._write(report.id, shown=report.state)

    async def answered(self, report: Report) -> None:
        await self._write(report.id, answered_at=self._clock())

    async def posts_of(self, project_id: str) -> list[tuple[int, int]]:
        """Messages with a film or a storyboard of this project in them, by channel and message."""
        ids = select(productions.c.id).where(productions.c.project_id == project_id)
        films = select(posts.c.channel_id, posts.c.message_id).where(posts.c.production_id.in_(ids))
        boards = select(cards.c.channel_id, cards.c.message_id).where(
            cards.c.kind == _STORYBOARD,
            cards.c.ref.in_(select(storyboards.c.id).where(storyboards.c.project_id == project_id)),
            cards.c.message_id.is_not(None),
        )
        async with self._database.transaction() as transaction:
            return [(row.channel_id, row.message_id) for row in await transaction.execute(films.union_all(boards))]

    async def hides(self, project_id: str, guild_id: int | None) -> bool:
        """Whether a film was hidden everywhere, or in this server."""
        async with self._database.transaction() as transaction:
            return await _hiding(transaction, project_id, guild_id) is not None

    async def title_of(self, report: Report) -> str:
        """What the film is called by its idea; "" where it was deleted."""
        query = select(projects.c.idea).where(projects.c.id == report.project_id)
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).scalar_one_or_none() or ""

    async def _write(self, report_id: str, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(update(reports).where(reports.c.id == report_id).values(**values))


async def hidden_in(transaction: Transaction, production_id: str) -> frozenset[int]:
    """Servers whose own people hid this production's film: nothing of it is posted there any more."""
    film = select(productions.c.project_id).where(productions.c.id == production_id).scalar_subquery()
    query = select(reports.c.guild_id).where(
        reports.c.state == ReportState.HIDDEN, reports.c.guild_id.is_not(None), reports.c.project_id == film
    )
    return frozenset((await transaction.execute(query)).scalars())


async def check_shown(transaction: Transaction, project_id: str, guild_id: int | None) -> None:
    """Nobody hides the film until this transaction ends, and nobody has: nowhere, and not in that server.

    Raises `FilmHidden | FilmHiddenHere`.
    """
    await lock(transaction, f"project {project_id}")
    if (hiding := await _hiding(transaction, project_id, guild_id)) is not None:
        raise hiding


async def _hiding(
    transaction: Transaction, project_id: str, guild_id: int | None
) -> FilmHidden | FilmHiddenHere | None:
    """What is in the way of making and posting a film in this server, or in a direct message."""
    hidden = select(reports.c.everywhere, reports.c.guild_id).where(
        reports.c.state == ReportState.HIDDEN, reports.c.project_id == project_id
    )
    rows = (await transaction.execute(hidden)).all()
    if any(row.everywhere for row in rows):
        return FilmHidden()
    return FilmHiddenHere() if guild_id is not None and guild_id in {row.guild_id for row in rows} else None


async def check_production_shown(transaction: Transaction, production_id: str) -> None:
    """As `check_shown`, for the film of a production and the server that it is made in."""
    query = select(productions.c.project_id, productions.c.guild_id).where(productions.c.id == production_id)
    row = (await transaction.execute(query)).one_or_none()
    if row is not None:
        await check_shown(transaction, row.project_id, row.guild_id)


async def is_shown_production(transaction: Transaction, production_id: str) -> bool:
    """As `check_production_shown`."""
    try:
        await check_production_shown(transaction, production_id)
    except (FilmHidden, FilmHiddenHere):
        return False
    return True


async def is_hidden(transaction: Transaction, production_id: str) -> bool:
    """Whether nothing of this production may be posted anywhere any more."""
    query = select(productions.c.id).where(
        productions.c.id == production_id, productions.c.project_id.in_(hidden_projects())
    )
    return (await transaction.execute(query)).one_or_none() is not None


def _report(row: Row[tuple[object, ...]]) -> Report:
    return Report(
        id=row.id,
        project_id=row.project_id,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        reporter_id=row.reporter_id,
        reason=row.reason,
        state=ReportState(row.state),
        at=row.at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        told={int(receiver): message for receiver, message in json.loads(row.told).items()},
        shown=ReportState(row.shown) if row.shown else None,
        answered_at=row.answered_at,
        everywhere=bool(row.everywhere),
    )


def _forget_boards(project_id: str) -> Update:
    """The cards of its storyboards were deleted, or never posted: they are made anew."""
    ids = select(storyboards.c.id).where(storyboards.c.project_id == project_id)
    return (
        update(cards)
        .where(cards.c.kind == _STORYBOARD, cards.c.ref.in_(ids))
        .values(settled=0, message_id=None, shown=None)
    )
