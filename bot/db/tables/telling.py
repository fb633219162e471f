"""What stands in Discord or is still to be told there: cards, posts, direct messages, announcements, channels."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.db.tables.metadata import metadata

cards = Table(
    "cards",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),  # ui.cards.CardKind
    Column(
        "ref", String(48), nullable=False
    ),  # what it shows: "{project}:{version}", or a production's or storyboard's id
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),  # None until posted
    Column("shown", String(64)),  # hash of the rendering that Discord shows
    Column("stamp", Float, nullable=False, default=0.0),  # when its subject had last changed as it was rendered
    Column("settled", Integer, nullable=False, default=0),  # 1 when nothing can change it any more, or it is gone
    Column("created_at", Float, nullable=False),
    Column("posted_at", Float),  # when its message was posted: another takes its place once that is old
    Column("edited_at", Float),
    UniqueConstraint("kind", "ref"),
    # What every look reads: those that may still change, of all that ever were.
    Index("cards_unsettled", "kind", sqlite_where=text("settled = 0"), postgresql_where=text("settled = 0")),
)

channels = Table(
    "channels",  # what was learned of Discord's channels
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("upload_limit", BigInteger),  # bytes that Discord really takes there; None where it never refused
    Column("closed_until", Float),  # we may not write there; not tried again before this
    Column("closed_because", Text),  # an error class and Discord's code
    Column("updated_at", Float, nullable=False),  # when the limit was learned
)

posts = Table(
    "posts",  # every message that told how a production ended: a film may be posted again elsewhere
    metadata,
    Column("production_id", String(32), ForeignKey("productions.id"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
)

dms = Table(
    "dms",  # whose owners are told in a DM, too, how a production ended
    metadata,
    Column("production_id", String(32), ForeignKey("productions.id"), primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("told_run", Integer, nullable=False, default=0, server_default="0"),  # the last run whose end was told so
    Column("tries", Integer, nullable=False, default=0, server_default="0"),
    Column("next_at", Float),  # the next try is not before this
)

announcements = Table(
    "announcements",  # what operators tell everybody, once in each channel
    metadata,
    Column("id", String(32), primary_key=True),
    Column("words", Text, nullable=False),
    Column("audience", String(12), nullable=False),  # production.announcements.Audience
    Column("by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    Column("confirmed_at", Float),  # None for a draft that nobody has sent
)

announcement_posts = Table(
    "announcement_posts",
    metadata,
    Column("announcement_id", String(32), ForeignKey("announcements.id"), primary_key=True),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger),
    Column("posting_at", Float),  # set before it is posted, so that a restart looks before posting again
    Column("message_id", BigInteger),
    Column("failure", Text),  # why it was given up: an error class and Discord's code
    Column("tries", Integer, nullable=False, default=0, server_default="0"),
    Column("next_at", Float, nullable=False),
    Column("done_at", Float),
    Index("announcement_posts_by_done", "done_at"),
)
