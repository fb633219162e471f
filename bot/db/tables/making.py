"""Films as they are made: productions, takes, storyboards, and what is paused meanwhile."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from bot.db.tables.metadata import metadata

productions = Table(
    "productions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(40), nullable=False, unique=True),  # the press that ordered it
    Column("project_id", String(32), ForeignKey("projects.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("asset_id", String(64)),  # the uploaded video as it was when this was greenlit; a later one changes nothing
    Column("state", String(16), nullable=False),  # production.model.ProductionState
    Column("run", Integer, nullable=False, default=1, server_default="1"),  # counts how often it was taken up again
    Column("worker", String(80)),  # the process that makes it, where several do
    Column("approved_by", BigInteger),  # who allowed it, where its price needed that
    Column("greenlit_by", BigInteger),  # who pressed, where that was an approver whom its owner had invited
    Column("stopping", Integer, nullable=False, default=0),  # a person asked to cancel
    Column("stage", String(16), nullable=False),  # production.model.Stage
    Column("failure", Text),  # a word of production.model.Failure, when state is failed
    Column("price_microusd", BigInteger, nullable=False),  # the price shown and greenlit: the ceiling
    Column("weight", Float, nullable=False, default=1.0, server_default="1"),  # its share of turns, by its server
    Column("kept_sounds", Text),  # files of recordings that are not in that price, JSON
    Column("cost_microusd", BigInteger),  # what was charged for it, as far as the providers have told
    Column("film_duration", Float),
    Column("draft", Integer, nullable=False, default=0, server_default="0"),  # in the small size of its model, to try
    Column("notes", Text),  # what is not as planned, JSON of production.notes
    Column("accepted_at", Float, nullable=False),
    Column("moved", Float),  # by an operator: below zero before all others, above behind them; in this order
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("updated_at", Float, nullable=False),
    Column("delivering_at", Float),  # set before the film is posted, so that a restart looks before posting again
    Column("delivered_message_id", BigInteger),
    Column("delivered_at", Float),
    Column("delivery_channel_id", BigInteger),  # where it was posted, or was last tried
    Column("delivery_guild_id", BigInteger),  # the server of that channel; None for a DM
    Column("delivery_tries", Integer, nullable=False, default=0, server_default="0"),
    Column("delivery_at", Float),  # the next try is not before this
    Column("undelivered", Text),  # why it could not be posted: the name of an error class, and Discord's code
    CheckConstraint("price_microusd >= 0"),
    Index("productions_by_state", "state"),
    Index("productions_by_project", "project_id"),
    Index("productions_by_delivery", "delivered_at", "state"),
    Index("productions_by_start", "started_at"),
    Index("productions_by_finish", "finished_at"),
)

takes = Table(
    "takes",
    metadata,
    Column("production_id", String(32), ForeignKey("productions.id"), primary_key=True),
    Column("shot", Integer, primary_key=True),  # counted from 1
    Column("content", String(64), nullable=False),  # sha256 of what decides the clip: equal takes are reused
    Column("state", String(16), nullable=False),  # production.model.TakeState
    Column("progress", Float),  # 0..1 as measured by the provider
    Column("failure", Text),
    Column("price_microusd", BigInteger, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("takes_by_content", "content"),
)

storyboards = Table(
    "storyboards",  # stills of a plan's shots that somebody ordered
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(40), nullable=False, unique=True),  # the press that ordered it
    Column("project_id", String(32), ForeignKey("projects.id"), nullable=False),
    Column("version", Integer, nullable=False),  # of the plan
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("provider", String(20), nullable=False),
    Column("model", String(80), nullable=False),
    Column("ratio", String(8), nullable=False),
    Column("state", String(12), nullable=False),  # production.storyboards.StoryboardState
    Column("price_microusd", BigInteger, nullable=False),  # the price shown: the ceiling
    Column("cost_microusd", BigInteger),  # what was charged for it
    Column("weight", Float, nullable=False, default=1.0, server_default="1"),  # as of a production
    Column("accepted_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    CheckConstraint("price_microusd >= 0"),
    Index("storyboards_by_project", "project_id", "accepted_at"),
    Index("storyboards_by_state", "state"),
)

stills = Table(
    "stills",
    metadata,
    Column("storyboard_id", String(32), ForeignKey("storyboards.id"), primary_key=True),
    Column("shot", Integer, primary_key=True),  # counted from 1
    Column("content", String(64), nullable=False),  # sha256 of what decides the picture: equal ones are reused
    Column("prompt", Text, nullable=False),
    Column("state", String(12), nullable=False),  # production.storyboards.StillState
    Column("failure", Text),
    Column("price_microusd", BigInteger, nullable=False),
)

switches = Table(
    "switches",  # what an operator has paused
    metadata,
    Column("name", String(20), primary_key=True),  # "all", or a provider
    Column("by", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, default="", server_default=""),
    Column("at", Float, nullable=False),
)

drains = Table(
    "drains",  # pauses whose end of what is under way somebody waits for; gone once that was told
    metadata,
    Column("name", String(20), primary_key=True),  # as in switches
    Column("by", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)
