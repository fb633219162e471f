"""Alembic's entry: runs the numbered migrations on the connection that `bot.db.open_database` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    transaction_per_migration=False,
    transactional_ddl=False,  # the caller's transaction holds the whole upgrade
)
context.run_migrations()
