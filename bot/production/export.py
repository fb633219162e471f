"""Everything that is kept of a person, as one value that JSON can hold. Nothing of anybody else is in it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, select

from bot.db import Database, Transaction
from bot.db.tables import (
    age_confirmations,
    answers,
    assets,
    dms,
    participants,
    plans,
    preferences,
    productions,
    projects,
    reports,
    reservations,
    sightings,
    stills,
    storyboards,
    takes,
    turns,
)

#: What a later reader must know to read it.
FORMAT = "greenlight-export-1"
_UNITS = "Times are Unix seconds, money is millionths of a US dollar, ids are Discord's or the bot's."
#: What of a turn is no word of its author.
_OURS_OF_TURNS = ("id", "author_id", "shown", "messages")


async def export_of(database: Database, owner_id: int) -> dict[str, Any]:
    """A person's settings, films with plans, words and productions, charges, and what language models took for them."""
    theirs = select(projects).where(projects.c.owner_id == owner_id, projects.c.deleted_at.is_(None))
    async with database.transaction() as transaction:
        films = (await transaction.execute(theirs.order_by(projects.c.created_at))).all()
        money = select(reservations).where(reservations.c.owner_id == owner_id).order_by(reservations.c.at)
        chosen = select(preferences.c.chosen).where(preferences.c.user_id == owner_id)
        kept = (await transaction.execute(chosen)).scalar()
        reported = select(reports).where(reports.c.reporter_id == owner_id).order_by(reports.c.at)
        old_enough = select(age_confirmations.c.at).where(age_confirmations.c.user_id == owner_id)
        took = select(answers).where(answers.c.user == str(owner_id)).order_by(answers.c.at)
        invited = select(participants).where(participants.c.user_id == owner_id).order_by(participants.c.at)
        others = select(projects.c.id).where(projects.c.owner_id != owner_id)
        said = select(turns).where(turns.c.author_id == owner_id, turns.c.project_id.in_(others)).order_by(turns.c.id)
        return {
            "format": FORMAT,
            "units": _UNITS,
            "user_id": str(owner_id),
            "old_enough_said_at": (await transaction.execute(old_enough)).scalar_one_or_none(),
            "settings": json.loads(kept) if kept is not None else {},
            "takes_part_in": [_without(row, "user_id", "invited_by") for row in await transaction.execute(invited)],
            "said_in_others_films": [_without(row, *_OURS_OF_TURNS) for row in await transaction.execute(said)],
            "films": [await _film(transaction, film) for film in films],
            "reports": [
                {"at": row.at, "reason": row.reason, "state": row.state} for row in await transaction.execute(reported)
            ],
            "charges": [_without(row, "owner_id") for row in await transaction.execute(money)],
            "language_models": [_without(row, "id", "user", "key_id") for row in await transaction.execute(took)],
        }


async def _film(transaction: Transaction, film: Row[tuple[object, ...]]) -> dict[str, Any]:
    told = _without(film, "owner_id", "attachment", "deleted_at")
    told["attachment"] = json.loads(film.attachment) if film.attachment else None
    video = (await transaction.execute(select(assets).where(assets.c.id == film.asset_id))).one_or_none()
    told["video"] = _without(video) if video is not None else None
    seen = (await transaction.execute(select(sightings).where(sightings.c.project_id == film.id))).one_or_none()
    told["seen_in_video"] = json.loads(seen.analysis) if seen is not None else None
    versions = select(plans).where(plans.c.project_id == film.id).order_by(plans.c.version)
    told["plans"] = [
        {**_without(row, "project_id"), "plan": json.loads(row.plan)} for row in await transaction.execute(versions)
    ]
    said = select(turns).where(turns.c.project_id == film.id, turns.c.author_id == film.owner_id).order_by(turns.c.id)
    told["talk"] = [_without(row, "project_id", *_OURS_OF_TURNS) for row in await transaction.execute(said)]
    made = select(productions).where(productions.c.project_id == film.id).order_by(productions.c.accepted_at)
    told["productions"] = [await _production(transaction, row) for row in (await transaction.execute(made)).all()]
    drawn = select(storyboards).where(storyboards.c.project_id == film.id).order_by(storyboards.c.accepted_at)
    told["storyboards"] = [await _storyboard(transaction, row) for row in (await transaction.execute(drawn)).all()]
    return told


async def _storyboard(transaction: Transaction, board: Row[tuple[object, ...]]) -> dict[str, Any]:
    told = _without(board, "project_id", "owner_id")
    pictures = select(stills).where(stills.c.storyboard_id == board.id).order_by(stills.c.shot)
    told["stills"] = [_without(row, "storyboard_id") for row in await transaction.execute(pictures)]
    return told


async def _production(transaction: Transaction, production: Row[tuple[object, ...]]) -> dict[str, Any]:
    hidden = ("project_id", "owner_id", "worker", "approved_by", "greenlit_by")  # the last two are others
    told = _without(production, *hidden)
    by_dm = (await transaction.execute(select(dms.c.wanted).where(dms.c.production_id == production.id))).scalar()
    told["told_by_dm"] = bool(by_dm)
    told["notes"] = json.loads(production.notes) if production.notes else []
    shots = select(takes).where(takes.c.production_id == production.id).order_by(takes.c.shot)
    told["shots"] = [_without(row, "production_id") for row in await transaction.execute(shots)]
    return told


def _without(row: Row[tuple[object, ...]], *columns: str) -> dict[str, Any]:
    """A row as a dictionary; Discord's ids as text, for JSON's numbers do not hold them everywhere."""
    kept = {name: value for name, value in row._mapping.items() if name not in columns}  # noqa: SLF001  # its public view
    return {name: str(value) if isinstance(value, int) and value >= 2**53 else value for name, value in kept.items()}
