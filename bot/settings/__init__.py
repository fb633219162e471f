"""The environment, read once, all faults reported together.

`Settings.from_environ(os.environ)` is called by the command line and by nobody else; everything else is handed the
part it needs. The table in `variables` is where a setting is added: `.env.example` is drawn from it.
"""

from bot.settings.discord import DiscordEndpoints, DiscordSettings
from bot.settings.faults import Fault, SettingsError
from bot.settings.limits import Amount, LimitSetting
from bot.settings.ops import OpsSettings
from bot.settings.places import ObjectStoreSettings
from bot.settings.providers import ProviderKey, ProviderSettings
from bot.settings.safety import SafetySettings
from bot.settings.storage import StorageSettings
from bot.settings.whole import LendingSettings, Settings, UploadLimits

__all__ = [
    "Amount",
    "DiscordEndpoints",
    "DiscordSettings",
    "Fault",
    "LendingSettings",
    "LimitSetting",
    "ObjectStoreSettings",
    "OpsSettings",
    "ProviderKey",
    "ProviderSettings",
    "SafetySettings",
    "Settings",
    "SettingsError",
    "StorageSettings",
    "UploadLimits",
]
