"""What a row tells of a production and of its takes."""

from __future__ import annotations

import json

from sqlalchemy import Row, select

from bot.db.tables import productions, projects
from bot.production import notes
from bot.production.model import Production, ProductionState, Stage, Take, TakeState

#: Nothing more is ordered for a film from the moment its owner deleted it, whatever its production waits for.
OF_KEPT_FILM = productions.c.project_id.in_(select(projects.c.id).where(projects.c.deleted_at.is_(None)))


def production_of(row: Row[tuple[object, ...]]) -> Production:
    return Production(
        id=row.id,
        project_id=row.project_id,
        version=row.version,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        asset_id=row.asset_id,
        state=ProductionState(row.state),
        stopping=bool(row.stopping),
        stage=Stage(row.stage),
        failure=row.failure,
        price_microusd=row.price_microusd,
        cost_microusd=row.cost_microusd,
        film_duration=row.film_duration,
        accepted_at=row.accepted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        delivering_at=row.delivering_at,
        delivered_message_id=row.delivered_message_id,
        delivered_at=row.delivered_at,
        delivery_channel_id=row.delivery_channel_id,
        delivery_guild_id=row.delivery_guild_id,
        delivery_tries=row.delivery_tries,
        delivery_at=row.delivery_at,
        undelivered=row.undelivered,
        run=row.run,
        worker=row.worker,
        approved_by=row.approved_by,
        greenlit_by=row.greenlit_by,
        weight=row.weight,
        kept_sounds=tuple(json.loads(row.kept_sounds or "[]")),
        draft=bool(row.draft),
        notes=notes.from_json(row.notes),
    )


def take_of(row: Row[tuple[object, ...]]) -> Take:
    return Take(
        shot=row.shot,
        content=row.content,
        state=TakeState(row.state),
        progress=row.progress,
        failure=row.failure,
        price_microusd=row.price_microusd,
    )
