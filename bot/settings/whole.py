"""All settings, read at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bot.settings.discord import DiscordSettings, read_discord
from bot.settings.environment import Environment
from bot.settings.faults import SettingsError
from bot.settings.money import MoneySettings, read_money
from bot.settings.ops import OpsSettings, read_ops
from bot.settings.places import ObjectStoreSettings, read_data_dir, read_database_url, read_object_store
from bot.settings.providers import ProviderSettings, read_providers
from bot.settings.safety import SafetySettings, read_safety
from bot.settings.storage import StorageSettings, read_storage

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIB = 1024 * 1024
_MODEL = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What people may send: bytes, seconds, and pixels a side and in all."""

    max_bytes: int
    max_seconds: int
    max_side: int
    max_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingSettings:
    """What holds for the keys of all services, in seconds; see `ratelimit.KeyPool`."""

    skew: float
    patience: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided. Safe to print: secrets have no `repr`.

    Args:
        data_dir: an absolute path; the folder was there and writable when it was read.
        database_url: SQLAlchemy's, with an async driver.
        providers: the services on offer, by name: those with at least one key.
        object_store: `None` where there is none.
        ffmpeg_path: `None` for the one that came with the bot.
        ambiguous_retry_microusd: what may be ordered twice in 24 hours without asking anybody.
        video_model: what new plans render with; `None` leaves it, as the models and the voice below, to the bot.
        log_level: in lower case.
        log_format: `text` or `json`.
        remarks: what is odd in the environment, but no fault.
    """

    discord: DiscordSettings
    data_dir: Path
    database_url: str = field(repr=False)
    providers: Mapping[str, ProviderSettings]
    lending: LendingSettings
    object_store: ObjectStoreSettings | None
    uploads: UploadLimits
    storage: StorageSettings
    ops: OpsSettings
    money: MoneySettings
    safety: SafetySettings
    ffmpeg_path: Path | None
    max_films_at_once: int
    queue_promise: float
    ambiguous_retry_microusd: int
    video_model: str | None
    plan_model: str | None
    chat_model: str | None
    voice_id: str | None
    log_level: str
    log_format: str
    remarks: tuple[str, ...]

    @classmethod
    def from_environ(cls, mapping: Mapping[str, str]) -> Settings:
        """Read everything once. Makes `DATA_DIR`, and reads the files that `…_FILE` variables name.

        Raises:
            SettingsError: with every fault there is, not the first.
        """
        environment = Environment(mapping)
        data_dir = read_data_dir(environment)
        providers, remarks = read_providers(environment)
        settings = cls(
            discord=read_discord(environment),
            data_dir=data_dir,
            database_url=read_database_url(environment, data_dir),
            providers=providers,
            lending=LendingSettings(
                skew=environment.decimal("POOL_SKEW_SECONDS") or 0.0,
                patience=environment.decimal("POOL_PATIENCE_SECONDS") or 0.0,
            ),
            object_store=read_object_store(environment),
            uploads=UploadLimits(
                max_bytes=environment.limit("MAX_UPLOAD_MIB") * _MIB,
                max_seconds=environment.limit("MAX_UPLOAD_SECONDS"),
                max_side=environment.limit("MAX_UPLOAD_SIDE"),
                max_pixels=environment.limit("MAX_UPLOAD_PIXELS"),
            ),
            storage=read_storage(environment, data_dir),
            ops=read_ops(environment),
            money=read_money(environment),
            safety=read_safety(environment),
            ffmpeg_path=_read_program(environment, "FFMPEG_PATH"),
            max_films_at_once=environment.limit("MAX_FILMS_AT_ONCE"),
            queue_promise=60.0 * environment.limit("QUEUE_PROMISE_MINUTES"),
            # Exact: at most six decimals are read, and far fewer digits than a float holds.
            ambiguous_retry_microusd=round((environment.decimal("AMBIGUOUS_RETRY_USD") or 0.0) * 1_000_000),
            video_model=environment.name("VIDEO_MODEL", _MODEL, "give a model's id"),
            plan_model=environment.name("PLAN_MODEL", _MODEL, "give a model's id"),
            chat_model=environment.name("CHAT_MODEL", _MODEL, "give a model's id"),
            voice_id=environment.name("VOICE_ID", r"[A-Za-z0-9]{1,64}", "copy the voice's id from ElevenLabs"),
            log_level=environment.choice("LOG_LEVEL"),
            log_format=environment.choice("LOG_FORMAT"),
            remarks=(*environment.find_strangers(), *remarks),
        )
        if environment.faults:
            raise SettingsError(environment.faults)
        return settings

    @property
    def download_origins(self) -> frozenset[str]:
        """The only origins that uploads may be fetched from."""
        return self.discord.download_origins

    @property
    def is_shared(self) -> bool:
        """Whether several processes may work on one database."""
        return self.database_url.startswith("postgresql")

    @property
    def shares_files(self) -> bool:
        """Whether processes on different machines exchange files through the object store."""
        return self.is_shared and self.object_store is not None

    @property
    def can_plan(self) -> bool:
        return not self.providers.keys().isdisjoint({"gemini", "groq"})

    @property
    def can_render(self) -> bool:
        return not self.providers.keys().isdisjoint({"gemini", "vertex", "runway"})

    @property
    def can_speak(self) -> bool:
        return "elevenlabs" in self.providers

    def notes(self) -> list[str]:
        """What an operator should know although nothing is wrong: one sentence each, safe to print."""
        notes = list(self.remarks)
        if self.shares_files:
            notes.append(
                "PostgreSQL and an object store: gateways and workers may run on machines of their own, each with its "
                "own DATA_DIR. Uploads, clips, recordings and films are exchanged through the store."
            )
        elif self.is_shared:
            notes.append(
                "PostgreSQL: gateways and workers may run as processes of their own. All of them must see the same "
                "DATA_DIR, for clips and uploads lie there; with an object store each may have its own."
            )
        if not self.can_plan:
            notes.append("No language model: nothing can be planned. Set GEMINI_API_KEYS or GROQ_API_KEYS.")
        if not self.can_render:
            notes.append(
                "No video model: plans cannot be rendered. Set GEMINI_API_KEYS, VERTEX_API_KEYS or RUNWAY_API_KEYS."
            )
        if not self.can_speak:
            notes.append("No voice: films have no narration. Set ELEVENLABS_API_KEYS.")
        return notes

    def secrets(self) -> frozenset[str]:
        """Every value that must never be seen, for the logs to take out."""
        secrets = {self.discord.token}
        if self.ops.token is not None:
            secrets.add(self.ops.token)
        if password := urlsplit(self.database_url).password:
            secrets.update((password, unquote(password)))
        for provider in self.providers.values():
            secrets.update(part for key in provider.keys for part in (key.secret, *key.parts))
        if self.object_store:
            secrets.update((self.object_store.access_key_id, self.object_store.secret_access_key))
        return frozenset(secrets)


def _read_program(environment: Environment, name: str) -> Path | None:
    value = environment.text(name)
    if value is None:
        return None
    if not (Path(value).is_file() and os.access(value, os.X_OK)):
        environment.fault(name, "does not name a program that we may run", "give the whole path of the program")
    return Path(value).absolute()
