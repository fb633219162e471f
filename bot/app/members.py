"""What members ask about and set: the surfaces of that, put together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from bot.db import Database
from bot.production.dispatcher import Dispatcher
from bot.production.productions import Productions
from bot.production.prospects import Prospects
from bot.production.readings import Readings
from bot.production.switches import Switches
from bot.studio.budget import Budgets
from bot.studio.preferences import PreferenceRows
from bot.ui.command_book import BOOK, CommandBook
from bot.ui.commands.films import FilmsCommand
from bot.ui.commands.privacy import PrivacyCommand
from bot.ui.commands.quota import QuotaCommand
from bot.ui.commands.voice import VoiceCommand
from bot.ui.desk import Desk
from bot.ui.help import Help
from bot.ui.library import Library
from bot.ui.models_menu import ModelsMenu
from bot.ui.queue_menu import QueueMenu
from bot.ui.settings_menu import SettingsMenu
from bot.ui.surface import Surface
from bot.ui.waits import Waits
from providers.catalogue import Catalogue
from ratelimit import KeyPool


def surfaces_for_members(
    *,
    database: Database,
    desk: Desk,
    library: Library,
    productions: Productions,
    dispatcher: Dispatcher,
    switches: Switches,
    budgets: Budgets,
    catalogue: Catalogue,
    pools: Mapping[str, KeyPool],
    preferences: PreferenceRows,
    readings: Readings | None,
    data_dir: Path,
) -> list[Surface]:
    waits = Waits(catalogue, pools, time.time)
    return [
        FilmsCommand(library),
        VoiceCommand(desk, readings),
        QuotaCommand(budgets, desk),
        PrivacyCommand(library),
        SettingsMenu(desk, preferences),
        QueueMenu(desk, productions, Prospects(database, dispatcher, switches), waits),
        ModelsMenu(desk, catalogue, pools),
        Help(CommandBook(data_dir / BOOK), desk.operators),
    ]
