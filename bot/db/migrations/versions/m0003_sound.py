"""Who narrates and how captions are shown, what of a film is not as planned, and what language models took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("projects", sa.Column("voice", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("voice_name", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("captions", sa.String(length=8), nullable=False, server_default="soft"))
    op.add_column("productions", sa.Column("notes", sa.Text(), nullable=True))
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("key_id", sa.String(length=80), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cost_microusd >= 0"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("answers_by_time", "answers", ["at"])
