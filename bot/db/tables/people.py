"""People and servers: what they chose, what is kept from them, what they reported, and what is to be deleted."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.db.tables.metadata import metadata

preferences = Table(
    "preferences",  # what a person chose in /settings
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chosen", Text, nullable=False),  # JSON of studio.preferences
    Column("updated_at", Float, nullable=False),
)

age_confirmations = Table(
    "age_confirmations",  # who said that they are old enough for the services' terms
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
)

guild_settings = Table(
    "guild_settings",  # what a server's admins chose in /setup
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chosen", Text, nullable=False),  # JSON of studio.guilds
    Column("updated_at", Float, nullable=False),
)

departures = Table(
    "departures",  # servers that put us out: what they chose goes after a while
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
)

blocks = Table(
    "blocks",  # people whom nothing is taken from any more
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),  # 0 for everywhere, by an operator
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False, default="", server_default=""),
    Column("by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Index("blocks_by_user", "user_id"),
)

reports = Table(
    "reports",  # what people reported to those who run the server or the bot
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", String(32), nullable=False),
    Column("owner_id", BigInteger, nullable=False),  # whose film it is
    Column("guild_id", BigInteger),  # where it was seen; None in a DM
    Column("reporter_id", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(12), nullable=False),  # production.reports.ReportState
    Column("at", Float, nullable=False),
    Column("decided_by", BigInteger),
    Column("decided_at", Float),
    Column("told", Text, nullable=False, default="{}", server_default="{}"),  # {channel or person: message}, JSON
    Column("shown", String(12), nullable=False, default="", server_default=""),  # the state that the messages show
    Column("answered_at", Float),  # when the reporter was told what came of it
    Column(
        "everywhere", Integer, nullable=False, default=0, server_default="0"
    ),  # an operator decided, for all servers
    UniqueConstraint("project_id", "reporter_id"),
    Index("reports_by_state", "state"),
    Index("reports_by_reporter", "reporter_id", "at"),
)

deletions = Table(
    "deletions",  # what people asked to have deleted; done again until it is done
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),  # a pseudonym once it is done
    Column("project_id", String(32)),  # None for everything of this person
    Column("asked_at", Float, nullable=False),
    Column("unposted", Integer, nullable=False, default=0, server_default="0"),  # how often our messages were removed
    Column("erased_at", Float),  # all is gone but ids; looked at once more later, for what was under way
    Column("done_at", Float),
    Column("failure", Text),  # why the last try did not get through, for the operator
    Index("deletions_by_done", "done_at"),
)
