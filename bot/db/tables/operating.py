"""What operators decide and look at: keys and their use, what was done, and how the bot is."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from bot.db.tables.metadata import metadata

key_book = Table(
    "key_book",  # API keys that were added while the bot runs, and what was decided about any key
    metadata,
    Column("id", String(80), primary_key=True),
    Column("provider", String(20), nullable=False),
    Column("account", Text, nullable=False),
    Column("sealed", Text),  # the secret, encrypted with a key that no row holds; None for a key of the settings
    Column("paused_at", Float),
    Column("paused_because", Text, nullable=False, default="", server_default=""),
    Column("retired_at", Float),  # never lent again; the secret goes once nothing is open with it
    Column("by", BigInteger, nullable=False),  # who decided last
    Column("at", Float, nullable=False),
)

usage_entries = Table(
    "usage_entries",  # ratelimit.usage.Entry
    metadata,
    Column("pool", String(40), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("account", Text, nullable=False),
    Column("model", Text),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Column("is_sent", Boolean, nullable=False),
    Column("open_until", Float, nullable=False),
    Column("priority", Integer),  # of a sign that somebody waits
)

audit = Table(
    "audit",  # what operators and approvers did that others' films or the whole bot felt
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("actor_id", BigInteger, nullable=False),
    Column("action", String(32), nullable=False),
    Column("ref", String(80), nullable=False),  # what it was done to
    Column("detail", Text, nullable=False, default="", server_default=""),
    Column("guild_id", BigInteger),  # the server that felt it, where it was one; its admins may read it
    Index("audit_by_time", "at"),
    Index("audit_by_guild", "guild_id", "at"),
)

samples = Table(
    "samples",  # what each process saw, once a minute, for two days
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # the minute's first second
    Column("process", String(80), primary_key=True),
    Column("taken", Text, nullable=False),  # JSON of status.samples
)

alerts = Table(
    "alerts",  # what is not well, and who was told
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),  # 0 for what concerns the whole bot
    Column("name", String(160), primary_key=True),  # status.finding.Finding.name
    Column("severity", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("began_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),  # when it was last found
    Column("told_at", Float),
    Column("over_at", Float),
    Column("told", Text, nullable=False),  # ids of the channels and people that read of it, JSON
)

limit_book = Table(
    "limit_book",  # limits that operators set while the bot runs, in the place of the settings'
    metadata,
    Column("provider", String(20), primary_key=True),
    Column("account", String(80), primary_key=True),  # empty for every one
    Column("model", String(128), primary_key=True),  # empty for all together
    Column("said", Text, nullable=False),  # JSON of settings.LimitSetting
    Column("by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)
