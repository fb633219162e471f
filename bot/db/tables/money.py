"""What was ordered, kept aside, charged and answered, and the bounds of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from bot.db.tables.metadata import metadata

reservations = Table(
    "reservations",  # money kept aside for what a person ordered, and what of it was spent
    metadata,
    Column("id", String(40), primary_key=True),  # a production's id, a storyboard's, or a reading's
    Column("kind", String(12), nullable=False),  # studio.budget.Kind
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("reserved_microusd", BigInteger, nullable=False),  # the ceiling, while it is not settled
    Column("settled_microusd", BigInteger),  # what its owner is charged; None until it is over
    Column("written_off_microusd", BigInteger, nullable=False, default=0, server_default="0"),  # borne by the bot
    Column("lost_at", Float),  # when what is written off was given up, where that was before it was settled
    Column("at", Float, nullable=False),  # when it was accepted: the day and month it counts in
    Column("settled_at", Float),
    CheckConstraint("reserved_microusd >= 0"),
    CheckConstraint("settled_microusd >= 0 AND settled_microusd <= reserved_microusd"),
    CheckConstraint("written_off_microusd >= 0"),
    Index("reservations_by_owner", "owner_id", "at"),
    Index("reservations_by_guild", "guild_id", "at"),
    Index("reservations_by_time", "at"),
)

caps = Table(
    "caps",  # bounds of money that stand in the place of those in the settings
    metadata,
    Column("name", String(16), primary_key=True),  # studio.budget.Cap, or "approval"
    Column("ref", BigInteger, primary_key=True, autoincrement=False),  # a person; 0 for everybody
    Column("microusd", BigInteger),  # None for no bound
    Column("by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    CheckConstraint("microusd >= 0"),
)

paid_calls = Table(
    "paid_calls",
    metadata,
    Column("key", String(80), primary_key=True),  # "{production}/{shot}/{attempt}"
    Column("job", String(32), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("model", String(80), nullable=False),
    Column("key_id", String(80), nullable=False),  # the API key's id: polls and downloads use the same key
    Column("request_hash", String(64), nullable=False),
    Column("state", String(12), nullable=False),  # jobs.ledger.CallState
    Column("operation", Text),
    Column("open", Integer, nullable=False, default=0),  # 1 while the operation takes room at the provider
    Column("price_microusd", BigInteger, nullable=False),  # estimate first, then what the provider charged
    Column("detail", Text),
    Column("deadline_at", Float, nullable=False),
    Column("looked_at", Float),  # when a late one was last looked for
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    CheckConstraint("price_microusd >= 0"),
    Index("paid_calls_by_job", "job"),
    Index("paid_calls_by_request", "request_hash"),
    Index("paid_calls_by_open", "open"),
    Index("paid_calls_by_time", "created_at"),
)

answers = Table(
    "answers",  # what language models took
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("user", String(40), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("model", String(80), nullable=False),
    Column("key_id", String(80), nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
    CheckConstraint("cost_microusd >= 0"),
    Index("answers_by_time", "at"),
)
