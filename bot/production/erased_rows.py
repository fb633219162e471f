"""What a deletion does to rows: words go, what is needed to find the rest is emptied, and money loses its name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, case, delete, or_, select, update

from bot.db import Transaction
from bot.db.tables import (
    age_confirmations,
    analyses,
    announcements,
    answers,
    audit,
    blocks,
    caps,
    cards,
    dms,
    drains,
    key_book,
    limit_book,
    paid_calls,
    participants,
    plans,
    posts,
    productions,
    projects,
    reports,
    reservations,
    sightings,
    stills,
    storyboards,
    switches,
    takes,
    turns,
)
from bot.production.reports import ReportState
from bot.studio.budget import Kind, month_of

#: Who a money row belongs to once nothing counts by its person any more.
NOBODY = 0


async def erase_words(transaction: Transaction, project_id: str, production_ids: Sequence[str]) -> None:
    """Everything that says anything of a film; the rows of itself and its productions stay, empty, for their ids."""
    seen = select(projects.c.asset_id).where(projects.c.id == project_id, projects.c.asset_id.is_not(None))
    used = select(productions.c.asset_id).where(
        productions.c.project_id == project_id, productions.c.asset_id.is_not(None)
    )
    # An answer about a video is shaped by what was asked: where another film uses the same video, it asks anew.
    await transaction.execute(delete(analyses).where(analyses.c.asset_id.in_(seen.union(used))))
    await transaction.execute(delete(sightings).where(sightings.c.project_id == project_id))
    await transaction.execute(delete(turns).where(turns.c.project_id == project_id))
    await transaction.execute(delete(participants).where(participants.c.project_id == project_id))
    await transaction.execute(delete(reports).where(reports.c.project_id == project_id))
    await transaction.execute(delete(plans).where(plans.c.project_id == project_id))
    await transaction.execute(delete(takes).where(takes.c.production_id.in_(production_ids)))
    boards = _storyboards_of(project_id)
    await transaction.execute(delete(stills).where(stills.c.storyboard_id.in_(boards)))
    plan_cards = cards.c.ref.between(f"{project_id}:", f"{project_id};")
    await transaction.execute(
        delete(cards).where(or_(plan_cards, cards.c.ref.in_(production_ids), cards.c.ref.in_(boards)))
    )
    await transaction.execute(
        update(productions)
        .where(productions.c.project_id == project_id)
        .values(asset_id=None, notes=None, failure=None, undelivered=None, kept_sounds=None)
    )
    await transaction.execute(
        update(projects)
        .where(projects.c.id == project_id)
        .values(idea="", attachment=None, asset_id=None, failure=None, voice="", voice_name="")
    )
    await _strip(transaction, or_(paid_calls.c.job.in_(production_ids), paid_calls.c.job.in_(boards)))


async def erase_ids(transaction: Transaction, project_id: str, production_ids: Sequence[str]) -> None:
    """The emptied rows themselves. Forks stay: they are the films of those who made them."""
    await transaction.execute(delete(dms).where(dms.c.production_id.in_(production_ids)))
    forks = projects.c.forked_from.between(f"{project_id}:", f"{project_id};")
    await transaction.execute(update(projects).where(forks).values(forked_from=None))
    await transaction.execute(delete(posts).where(posts.c.production_id.in_(production_ids)))
    await transaction.execute(delete(stills).where(stills.c.storyboard_id.in_(_storyboards_of(project_id))))
    await transaction.execute(delete(storyboards).where(storyboards.c.project_id == project_id))
    await transaction.execute(delete(productions).where(productions.c.project_id == project_id))
    await transaction.execute(delete(projects).where(projects.c.id == project_id))


async def unname(transaction: Transaction, owner_id: int, pseudonym: int, now: float) -> None:
    """Take a person's id off every row that stays. What counts for them this month bears the pseudonym.

    Films that they began after they asked keep their money under the id: they are theirs. Of others' films in which
    they took part only their words go: the plans are the owners'.
    """
    begin, _ = month_of(now)
    there = select(projects.c.id).where(projects.c.deleted_at.is_(None))
    ordered, drawn = (
        select(each.c.id).where(each.c.owner_id == owner_id, each.c.project_id.in_(there))
        for each in (productions, storyboards)
    )
    kept = ordered.union(drawn)
    readings = select(reservations.c.id).where(reservations.c.owner_id == owner_id, reservations.c.kind == Kind.READING)
    await _strip(transaction, paid_calls.c.job.in_(readings))
    await transaction.execute(
        update(reservations)
        .where(reservations.c.owner_id == owner_id, reservations.c.id.not_in(kept))
        .values(owner_id=case((reservations.c.at >= begin, pseudonym), else_=NOBODY))
    )
    await transaction.execute(
        update(answers)
        .where(answers.c.user == str(owner_id))
        .values(user=case((answers.c.at >= begin, str(pseudonym)), else_=str(NOBODY)))
    )
    await _make_room(transaction, owner_id, pseudonym)
    # What somebody reported stays reported, without their words and their name.
    said = update(reports).where(reports.c.reporter_id == owner_id)
    await transaction.execute(said.values(reporter_id=pseudonym, reason="", answered_at=now))
    await transaction.execute(
        update(reports)
        .where(reports.c.owner_id == owner_id, reports.c.project_id.not_in(there))
        .values(owner_id=pseudonym)
    )
    await transaction.execute(delete(age_confirmations).where(age_confirmations.c.user_id == owner_id))
    # Who is kept out, or may spend another sum, stays so.
    standing = (blocks.c.user_id, caps.c.ref)
    decided = (blocks.c.by, caps.c.by, key_book.c.by, limit_book.c.by, announcements.c.by, reports.c.decided_by)
    took_part = select(participants.c.project_id).where(participants.c.user_id == owner_id)
    # Their cards name who takes part.
    await transaction.execute(update(projects).where(projects.c.id.in_(took_part)).values(updated_at=now))
    await transaction.execute(delete(participants).where(participants.c.user_id == owner_id))
    others = select(projects.c.id).where(projects.c.owner_id != owner_id)
    await transaction.execute(delete(turns).where(turns.c.author_id == owner_id, turns.c.project_id.in_(others)))
    made = (productions.c.approved_by, productions.c.greenlit_by)
    for column in (audit.c.actor_id, switches.c.by, drains.c.by, *made, *standing, *decided):
        await transaction.execute(update(column.table).where(column == owner_id).values({column.name: pseudonym}))
    await transaction.execute(update(audit).where(audit.c.ref == str(owner_id)).values(ref=str(pseudonym)))


async def _make_room(transaction: Transaction, owner_id: int, pseudonym: int) -> None:
    """Where a row of the person's stands beside one that their pseudonym has already, the newer counts: there is room
    for one. But a film that was hidden stays so.
    """
    for one, same in ((blocks.c.user_id, blocks.c.guild_id), (caps.c.ref, caps.c.name)):
        newer = select(same).where(one == owner_id)
        await transaction.execute(delete(one.table).where(one == pseudonym, same.in_(newer)))
    film, who, hides = reports.c.project_id, reports.c.reporter_id, reports.c.state == ReportState.HIDDEN
    newer = select(film).where(who == owner_id)
    await transaction.execute(delete(reports).where(who == pseudonym, ~hides, film.in_(newer)))
    kept = select(film).where(who == pseudonym)
    await transaction.execute(delete(reports).where(who == owner_id, film.in_(kept)))


def _storyboards_of(project_id: str) -> Select[tuple[str]]:
    return select(storyboards.c.id).where(storyboards.c.project_id == project_id)


async def _strip(transaction: Transaction, which: ColumnElement[bool]) -> None:
    """Leave of orders what they cost."""
    await transaction.execute(update(paid_calls).where(which).values(request_hash="", operation=None, detail=None))
