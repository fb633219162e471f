"""What share of the keys a storyboard has, by the roles of whom it is drawn for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("storyboards", sa.Column("weight", sa.Float(), nullable=False, server_default="1"))
