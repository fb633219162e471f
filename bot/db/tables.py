"""Every table, in the words of the rooms that own them. Times are Unix seconds UTC, money integer micro-dollars.

Discord's ids are stored as integers. JSON columns hold what `studio` writes and reads back into its types.
"""

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
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()

# studio -----------------------------------------------------------------------------------------------------------

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

preferences = Table(
    "preferences",  # what a person chose in /settings
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chosen", Text, nullable=False),  # JSON of studio.preferences
    Column("updated_at", Float, nullable=False),
)

guild_settings = Table(
    "guild_settings",  # what a server's admins chose in /setup
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chosen", Text, nullable=False),  # JSON of studio.guilds
    Column("updated_at", Float, nullable=False),
)

age_confirmations = Table(
    "age_confirmations",  # who said that they are old enough for the services' terms
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
)

# production -------------------------------------------------------------------------------------------------------

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

# what operators and servers' admins set while the bot runs

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

# jobs -------------------------------------------------------------------------------------------------------------

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

# studio, by bot.app -------------------------------------------------------------------------------------------------

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

# the key pools, by bot.app ------------------------------------------------------------------------------------------

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
)

# ui ---------------------------------------------------------------------------------------------------------------

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

# status -------------------------------------------------------------------------------------------------------------

samples = Table(
    "samples",  # what each process saw, once a minute, for two days
    metadata,
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # the minute's first second
    Column("process", String(80), primary_key=True),
    Column("taken", Text, nullable=False),  # JSON of status.samples
)

# status and ui: what is told before anybody asks, what is reported, and who left ------------------------------------

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

departures = Table(
    "departures",  # servers that put us out: what they chose goes after a while
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
)
