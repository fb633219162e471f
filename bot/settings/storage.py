"""How long files are kept, what stays free on the disk, and where backups go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings.environment import Environment

_DAY, _HOUR, _MIB = 24 * 3600.0, 3600.0, 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """What becomes of files. Durations are seconds; `None` keeps for ever, or never backs up.

    Args:
        backup_dir: an absolute path; made when it is first needed.
        backup_to_store: a copy of the database goes to the object store as well.
        min_free_bytes: what stays free on the disk of `DATA_DIR`.
    """

    backup_dir: Path
    backup_every: float | None
    keep_backups: int
    backup_to_store: bool
    keep_uploads: float | None
    keep_clips: float | None
    keep_films: float | None
    keep_stored_films: float | None
    min_free_bytes: int


def read_storage(environment: Environment, data_dir: Path) -> StorageSettings:
    folder = environment.text("BACKUP_DIR")
    if folder is not None and (folder.startswith("~") or "?" in folder):
        environment.fault("BACKUP_DIR", "holds ~ or ?, which mean nothing here", "give the whole path")
        folder = None
    hours = environment.limit("BACKUP_EVERY_HOURS")
    return StorageSettings(
        backup_dir=Path(folder).absolute() if folder is not None else data_dir / "backups",
        backup_every=hours * _HOUR if hours else None,
        keep_backups=environment.limit("KEEP_BACKUPS"),
        backup_to_store=environment.choice("BACKUP_TO_STORE") == "yes",
        keep_uploads=_days(environment, "KEEP_UPLOADS_DAYS"),
        keep_clips=_days(environment, "KEEP_CLIPS_DAYS"),
        keep_films=_days(environment, "KEEP_FILMS_DAYS"),
        keep_stored_films=_keep_stored(environment),
        min_free_bytes=environment.limit("MIN_FREE_DISK_MIB") * _MIB,
    )


def _days(environment: Environment, name: str) -> float | None:
    days = environment.integer(name)
    return days * _DAY if days else None


def _keep_stored(environment: Environment) -> float | None:
    """A public address never expires, so what lies behind it stays; a signed one lasts for seven days."""
    if environment.is_set("KEEP_STORED_FILMS_DAYS"):
        return _days(environment, "KEEP_STORED_FILMS_DAYS")
    return None if environment.is_set("CLOUDFLARE_R2_PUBLIC_URL") else 8 * _DAY
