"""What operators run the bot with: the keys they change while it runs, and `/admin`."""

from __future__ import annotations

from bot import log
from bot.db import Database
from bot.jobs.wake import Wake
from bot.log import Scrubber
from bot.settings import Settings
from bot.studio.key_book import KeyBook
from bot.studio.keyring import Keyring
from bot.studio.sealing import Seal
from providers.registry import Providers
from ratelimit import KeyPool


def keyring_of(
    settings: Settings,
    database: Database,
    pools: dict[str, KeyPool],
    providers: Providers,
    changed: Wake,
    scrubber: Scrubber,
) -> Keyring:
    """The keys as they are changed at run time; a new one is taken out of logs and rows from the moment it is told."""

    def learn(secret: str) -> None:
        scrubber.learn(secret)
        log.learn(secret)

    return Keyring(KeyBook(database), pools, Seal(settings.discord.token), providers.listers, changed, learn=learn)
