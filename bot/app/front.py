"""The client that Discord talks to, with who lets people in and all that they can do here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bot.db import Database
from bot.jobs.spacing import Spacing
from bot.studio.guilds import Guilds
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.shards import Shards
from bot.studio.tongues import Tongues
from bot.ui.client import Greenlight
from bot.ui.desk import Desk
from bot.ui.doors import Doors
from bot.ui.entrance import Entrance
from bot.ui.returns import Returns
from bot.ui.sharded import IDENTIFY_EVERY, ShardedGreenlight
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu


def client_of(
    shards: Shards,
    database: Database,
    *,
    desk: Desk,
    projects: Projects,
    sync_mark: Path,
    takes: TakesMenu,
    returns: Returns,
    surfaces: Sequence[Surface],
    entrance: Entrance,
) -> Greenlight:
    tongues = Tongues(database, PreferenceRows(database), Guilds(database))
    doors = Doors(lambda: database.waiting, entrance, tongues)
    make: Callable[..., Greenlight] = Greenlight
    if shards.count > 1:
        make = partial(ShardedGreenlight, shards=shards, identifying=Spacing(database, IDENTIFY_EVERY))
    return make(
        desk=desk,
        projects=projects,
        sync_mark=sync_mark,
        takes=takes,
        returns=returns,
        doors=doors,
        surfaces=surfaces,
    )
