"""Which class of work a process waits for, for others to heed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("usage_entries", sa.Column("priority", sa.Integer(), nullable=True))
