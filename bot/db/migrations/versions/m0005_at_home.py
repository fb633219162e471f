"""What people and servers chose, who takes part in a film, what was measured, told and reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Ways in: analyses, films from them, and messages chosen in a menu.
    op.add_column("projects", sa.Column("kind", sa.String(length=12), nullable=False, server_default="film"))
    op.add_column("projects", sa.Column("source_id", sa.String(length=32)))
    op.add_column("projects", sa.Column("max_price_microusd", sa.BigInteger()))
    op.create_table(
        "sightings",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.create_table(
        "picks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("videos", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # Members: the language a film is talked over in, and how its end is told.
    op.add_column("projects", sa.Column("language", sa.String(length=8), nullable=False, server_default=""))
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "dms",
        sa.Column("production_id", sa.String(length=32), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("told_run", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["production_id"], ["productions.id"]),
        sa.PrimaryKeyConstraint("production_id"),
    )
    # Servers.
    op.add_column("productions", sa.Column("weight", sa.Float(), nullable=False, server_default="1"))
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    # Operators: who is kept out, what may be spent, which keys are lent, what is told to everybody, whose turn it is.
    op.add_column("audit", sa.Column("guild_id", sa.BigInteger(), nullable=True))
    op.create_index("audit_by_guild", "audit", ["guild_id", "at"])
    op.add_column("productions", sa.Column("moved", sa.Float(), nullable=True))
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id"),
    )
    op.create_index("blocks_by_user", "blocks", ["user_id"])
    op.create_table(
        "drains",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "caps",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("microusd", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.CheckConstraint("microusd >= 0"),
        sa.PrimaryKeyConstraint("name", "ref"),
    )
    op.create_table(
        "key_book",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.Float(), nullable=True),
        sa.Column("paused_because", sa.Text(), nullable=False, server_default=""),
        sa.Column("retired_at", sa.Float(), nullable=True),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "limit_book",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "account", "model"),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("confirmed_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "announcement_posts",
        sa.Column("announcement_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("posting_at", sa.Float(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["announcement_id"], ["announcements.id"]),
        sa.PrimaryKeyConstraint("announcement_id", "channel_id"),
    )
    op.create_index("announcement_posts_by_done", "announcement_posts", ["done_at"])
    # Safety.
    op.add_column("projects", sa.Column("is_adult", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "age_confirmations",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    # What operators see of the last two days.
    op.create_index("productions_by_start", "productions", ["started_at"])
    op.create_index("productions_by_finish", "productions", ["finished_at"])
    op.create_index("paid_calls_by_time", "paid_calls", ["created_at"])
    op.create_table(
        "samples",
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("process", sa.String(length=80), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", "process"),
    )
    # What is told before anybody asks, what is reported, and who left.
    op.create_table(
        "alerts",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.Column("over_at", sa.Float(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "name"),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("shown", sa.String(length=12), nullable=False, server_default=""),
        sa.Column("answered_at", sa.Float(), nullable=True),
        sa.Column("everywhere", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "reporter_id"),
    )
    op.create_index("reports_by_state", "reports", ["state"])
    op.create_index("reports_by_reporter", "reports", ["reporter_id", "at"])
    op.create_table(
        "departures",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    # The talk about a film: who takes part in it, whose plan it began with, and which messages of ours show an answer.
    op.create_table(
        "participants",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("project_id", "user_id"),
    )
    op.create_index("participants_by_user", "participants", ["user_id"])
    op.add_column("projects", sa.Column("forked_from", sa.String(length=48)))
    op.add_column("productions", sa.Column("greenlit_by", sa.BigInteger()))
    op.add_column("turns", sa.Column("messages", sa.Text(), nullable=False, server_default=""))
    # Storyboards, drafts and cards.
    op.add_column("cards", sa.Column("posted_at", sa.Float(), nullable=True))
    op.add_column("productions", sa.Column("draft", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "storyboards",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("ratio", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("price_microusd", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.CheckConstraint("price_microusd >= 0"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_index("storyboards_by_project", "storyboards", ["project_id", "accepted_at"])
    op.create_index("storyboards_by_state", "storyboards", ["state"])
    op.create_table(
        "stills",
        sa.Column("storyboard_id", sa.String(length=32), nullable=False),
        sa.Column("shot", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("price_microusd", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["storyboard_id"], ["storyboards.id"]),
        sa.PrimaryKeyConstraint("storyboard_id", "shot"),
    )
