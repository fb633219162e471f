"""`python -m bot migrate --to URL`: moves a bot from its SQLite file to a PostgreSQL."""

from __future__ import annotations

from bot.app.data_dir import only_instance
from bot.db import open_database
from bot.db.move import Sum, move
from bot.settings import Settings


async def migrate(settings: Settings, to: str) -> dict[str, Sum]:
    """Copy all rows; the bot must not run meanwhile.

    Raises:
        AnotherInstance: it does.
        NotEmpty | Differs: see `bot.db.move`.
    """
    with only_instance(settings.data_dir):
        source = await open_database(settings.database_url)
        try:
            target = await open_database(to)
            try:
                return await move(source, target)
            finally:
                await target.close()
        finally:
            await source.close()
