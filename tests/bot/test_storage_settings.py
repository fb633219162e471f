"""What is kept, for how long, and where backups go, as the environment says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, StorageSettings

DAY = 24 * 3600.0
STORE = {
    "CLOUDFLARE_R2_ENDPOINT_URL": "https://s3.example.org",
    "CLOUDFLARE_R2_ACCESS_KEY_ID": "id",
    "CLOUDFLARE_R2_SECRET_ACCESS_KEY": "secret",
    "CLOUDFLARE_R2_BUCKET_NAME": "films",
}


def read(folder: Path, **environ: str) -> StorageSettings:
    required = {"DISCORD_TOKEN": "fake-id.fake-time.fake-signature", "DATA_DIR": str(folder / "data")}
    return Settings.from_environ({**required, **environ}).storage


def test_without_a_word_it_is_backed_up_daily_and_kept_for_a_month(tmp_path: Path) -> None:
    assert read(tmp_path) == StorageSettings(
        backup_dir=tmp_path / "data" / "backups",
        backup_every=DAY,
        keep_backups=7,
        backup_to_store=False,
        keep_uploads=30 * DAY,
        keep_clips=30 * DAY,
        keep_films=90 * DAY,
        keep_stored_films=8 * DAY,
        min_free_bytes=2 << 30,
    )


def test_nought_is_never_and_for_ever(tmp_path: Path) -> None:
    names = ("BACKUP_EVERY_HOURS", "KEEP_UPLOADS_DAYS", "KEEP_CLIPS_DAYS", "KEEP_FILMS_DAYS", "KEEP_STORED_FILMS_DAYS")
    told = read(tmp_path, **dict.fromkeys(names, "0"))
    kept = (told.backup_every, told.keep_uploads, told.keep_clips, told.keep_films, told.keep_stored_films)
    assert kept == (None,) * 5


def test_a_backup_goes_where_it_is_told_to(tmp_path: Path) -> None:
    told = read(tmp_path, BACKUP_DIR=str(tmp_path / "other"), BACKUP_EVERY_HOURS="6", BACKUP_TO_STORE="YES")
    assert (told.backup_dir, told.backup_every, told.backup_to_store) == (tmp_path / "other", DAY / 4, True)


def test_behind_a_public_address_films_stay_unless_told_otherwise(tmp_path: Path) -> None:
    public = {**STORE, "CLOUDFLARE_R2_PUBLIC_URL": "https://films.example.org"}
    assert read(tmp_path, **STORE).keep_stored_films == 8 * DAY
    assert read(tmp_path, **public).keep_stored_films is None
    assert read(tmp_path, **public, KEEP_STORED_FILMS_DAYS="2").keep_stored_films == 2 * DAY


@pytest.mark.parametrize("folder", ["~/backups", "where?"])
def test_a_folder_that_means_nothing_is_a_fault(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SettingsError, match="BACKUP_DIR"):
        read(tmp_path, BACKUP_DIR=folder)
