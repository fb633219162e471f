"""Films as they are thought up: projects, plans, what was seen and said, and who may join in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from bot.db.tables.metadata import metadata

assets = Table(
    "assets",
    metadata,
    Column("id", String(64), primary_key=True),  # the content's sha256
    Column("suffix", String(8), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("duration", Float, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fps", Float, nullable=False),
    Column("has_audio", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(40), nullable=False, unique=True),  # the interaction or message that asked, once
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),  # where the film is talked over; the channel itself in a DM
    Column("idea", Text, nullable=False),
    Column("model", String(80), nullable=False),
    Column("ratio", String(8), nullable=False),
    Column("seconds", Integer),  # the length asked for, if any
    Column("asset_id", String(64), ForeignKey("assets.id")),
    Column("attachment", Text),  # {url, name, size} of a video not fetched yet, JSON
    Column("state", String(16), nullable=False),  # studio.model.ProjectState
    Column("failure", Text),  # a word of studio.model.Failure, when state is failed
    Column("voice", String(64), nullable=False, default="", server_default=""),  # who narrates; "" for the house's own
    Column("voice_name", String(80), nullable=False, default="", server_default=""),
    Column("captions", String(8), nullable=False, default="soft", server_default="soft"),  # studio.model.Captions
    Column("language", String(8), nullable=False, default="", server_default=""),  # speech.Language of its thread
    Column("is_adult", Boolean, nullable=False, default=False, server_default=false()),  # adult ideas may be planned
    Column("forked_from", String(48)),  # "{project}:{version}" of the plan that it began with, if it is a fork
    # Ways in: an analysis is a project without a plan.
    Column("kind", String(12), nullable=False, default="film", server_default="film"),  # studio.model.ProjectKind
    Column("source_id", String(32)),  # the analysis whose video a film follows
    Column("max_price_microusd", BigInteger),  # the most its owner wants to pay for it
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("deleted_at", Float),  # its owner asked for it to be deleted: nobody finds it any more
    Index("projects_by_owner", "owner_id", "created_at"),
    Index("projects_by_state", "state"),
    Index("projects_by_thread", "thread_id"),
)

analyses = Table(
    "analyses",
    metadata,
    Column("asset_id", String(64), ForeignKey("assets.id"), primary_key=True),
    Column("question", String(64), primary_key=True),  # sha256 of model and question: the same is never asked twice
    Column("analysis", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("project_id", String(32), ForeignKey("projects.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("changes", Text, nullable=False),  # one line on what changed since the version before; empty for the first
    Column("created_at", Float, nullable=False),
    CheckConstraint("version >= 1"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", String(32), ForeignKey("projects.id"), nullable=False),
    Column("message_id", BigInteger, unique=True),  # the person's message, so that a replayed event is heard once
    Column("author_id", BigInteger, nullable=False),
    Column("words", Text, nullable=False),
    Column("reply", Text),  # None until answered
    Column("version", Integer),  # the plan version the reply made, if any
    Column("shown", Integer, nullable=False, default=0),  # 1 once the whole reply stands in the thread
    Column("messages", Text, nullable=False, default="", server_default=""),  # ids of ours that show it, with commas
    Column("created_at", Float, nullable=False),
    Index("turns_by_project", "project_id", "id"),
)

participants = Table(
    "participants",  # whom a film's owner has invited; the owner has no row
    metadata,
    Column("project_id", String(32), ForeignKey("projects.id"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role", String(12), nullable=False),  # studio.rights.Role
    Column("invited_by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Index("participants_by_user", "user_id"),
)

sightings = Table(
    "sightings",  # what was seen in the video of a film or analysis: its own, whatever others ask about the same video
    metadata,
    Column("project_id", String(32), ForeignKey("projects.id"), primary_key=True),
    Column("analysis", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

picks = Table(
    "picks",  # messages that people chose in a menu, until they have filled in the form that came of it
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner_id", BigInteger, nullable=False),  # who chose it, not who wrote it
    Column("words", Text, nullable=False),
    Column("videos", Text, nullable=False),  # [{url, name, bytes}], JSON
    Column("created_at", Float, nullable=False),
)
