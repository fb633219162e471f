"""Every table, in the words of the rooms that own them. Times are Unix seconds UTC, money integer micro-dollars.

Discord's ids are stored as integers. JSON columns hold what `studio` writes and reads back into its types.
"""

from __future__ import annotations

from bot.db.tables.films import (
    analyses,
    assets,
    participants,
    picks,
    plans,
    projects,
    sightings,
    turns,
)
from bot.db.tables.making import (
    drains,
    productions,
    stills,
    storyboards,
    switches,
    takes,
)
from bot.db.tables.metadata import metadata
from bot.db.tables.money import (
    answers,
    caps,
    paid_calls,
    reservations,
)
from bot.db.tables.operating import (
    alerts,
    audit,
    key_book,
    limit_book,
    samples,
    usage_entries,
)
from bot.db.tables.people import (
    age_confirmations,
    blocks,
    deletions,
    departures,
    guild_settings,
    preferences,
    reports,
)
from bot.db.tables.telling import (
    announcement_posts,
    announcements,
    cards,
    channels,
    dms,
    posts,
)

__all__ = [
    "age_confirmations",
    "alerts",
    "analyses",
    "announcement_posts",
    "announcements",
    "answers",
    "assets",
    "audit",
    "blocks",
    "caps",
    "cards",
    "channels",
    "deletions",
    "departures",
    "dms",
    "drains",
    "guild_settings",
    "key_book",
    "limit_book",
    "metadata",
    "paid_calls",
    "participants",
    "picks",
    "plans",
    "posts",
    "preferences",
    "productions",
    "projects",
    "reports",
    "reservations",
    "samples",
    "sightings",
    "stills",
    "storyboards",
    "switches",
    "takes",
    "turns",
    "usage_entries",
]
