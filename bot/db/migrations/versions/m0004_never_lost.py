"""Money kept aside, films taken up again, what was paused, done and deleted, and what channels take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for column in (
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("kept_sounds", sa.Text(), nullable=True),
        sa.Column("delivery_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("delivery_guild_id", sa.BigInteger(), nullable=True),
        sa.Column("delivery_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("delivery_at", sa.Float(), nullable=True),
        sa.Column("undelivered", sa.Text(), nullable=True),
    ):
        op.add_column("productions", column)
    op.create_index("productions_by_delivery", "productions", ["delivered_at", "state"])
    op.execute(
        "UPDATE productions SET guild_id = (SELECT guild_id FROM projects WHERE projects.id = productions.project_id)"
    )
    # Cards of held films have buttons from here on.
    op.execute(
        "UPDATE cards SET settled = 0, stamp = 0 WHERE kind = 'job' AND message_id IS NOT NULL"
        " AND ref IN (SELECT id FROM productions WHERE state = 'held')"
    )
    op.add_column("paid_calls", sa.Column("looked_at", sa.Float(), nullable=True))
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("reserved_microusd", sa.BigInteger(), nullable=False),
        sa.Column("settled_microusd", sa.BigInteger(), nullable=True),
        sa.Column("written_off_microusd", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("lost_at", sa.Float(), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("settled_at", sa.Float(), nullable=True),
        sa.CheckConstraint("reserved_microusd >= 0"),
        sa.CheckConstraint("settled_microusd >= 0 AND settled_microusd <= reserved_microusd"),
        sa.CheckConstraint("written_off_microusd >= 0"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reservations_by_owner", "reservations", ["owner_id", "at"])
    op.create_index("reservations_by_guild", "reservations", ["guild_id", "at"])
    op.create_index("reservations_by_time", "reservations", ["at"])
    # What was ordered before counts in the day and month it was ordered in.
    op.execute(
        """
        INSERT INTO reservations (id, kind, owner_id, guild_id, reserved_microusd, settled_microusd,
                                  written_off_microusd, at, settled_at)
        SELECT id, 'film', owner_id, guild_id, price_microusd,
               CASE WHEN finished_at IS NULL THEN NULL
                    WHEN coalesce(cost_microusd, 0) > price_microusd THEN price_microusd
                    ELSE coalesce(cost_microusd, 0) END,
               0, accepted_at, finished_at
        FROM productions
        """
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=True),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("unposted", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("erased_at", sa.Float(), nullable=True),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deletions_by_done", "deletions", ["done_at"])
    op.add_column("projects", sa.Column("deleted_at", sa.Float(), nullable=True))
    op.create_index("projects_by_owner", "projects", ["owner_id", "created_at"])
    op.create_table(
        "posts",
        sa.Column("production_id", sa.String(length=32), sa.ForeignKey("productions.id"), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("production_id", "message_id"),
    )
    unsettled = sa.text("settled = 0")
    op.create_index("cards_unsettled", "cards", ["kind"], sqlite_where=unsettled, postgresql_where=unsettled)
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("upload_limit", sa.BigInteger(), nullable=True),
        sa.Column("closed_until", sa.Float(), nullable=True),
        sa.Column("closed_because", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
