"""Where the bot keeps things: its folder, its database, the object store."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from bot.settings.environment import Environment

# SQLite's write-ahead log needs shared memory, which these cannot give (sqlite.org/wal.html, checked 2026-11-22).
_NETWORK_FILESYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStoreSettings:
    """An S3. `public_url` is `None` where the bucket has no public address and links must be signed."""

    endpoint_url: str
    bucket: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    public_url: str | None


def read_data_dir(environment: Environment) -> Path:
    """Make the folder for data, absolute; prove by writing that it can be used."""
    name = "DATA_DIR"
    value = environment.text(name) or "./data"
    if value.startswith("~") or "?" in value:
        environment.fault(name, "holds ~ or ?, which mean nothing here", "give the whole path")
        return Path()
    folder = Path(value).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # not os.access(): it says yes to root on a read-only disk
            pass
    except OSError as error:
        environment.fault(
            name,
            f"cannot be written to by user {os.getuid()} ({error.strerror})",
            "name a folder that this user may write to",
        )
    else:
        kind = filesystem_of(folder.resolve(), _read_mounts())
        if kind in _NETWORK_FILESYSTEMS:
            environment.fault(name, f"is on a network drive ({kind}), where databases break", "name a local folder")
    return folder


def filesystem_of(folder: Path, mounts: str) -> str | None:
    """The kind of file system that `folder` is on, by the text of Linux' `/proc/self/mounts`."""
    found: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if folder.is_relative_to(point) and (found is None or len(point) >= found[0]):  # a later mount hides an earlier
            found = (len(point), fields[2])
    return found[1] if found else None


def read_database_url(environment: Environment, data_dir: Path) -> str:
    """The database, as SQLAlchemy names it; greenlight.db in the data folder where none is set."""
    default = f"sqlite+aiosqlite:///{data_dir / 'greenlight.db'}"
    name = "DATABASE_URL" if environment.is_set("DATABASE_URL") else "POSTGRES_URL"
    value = environment.text(name)
    if value is None:
        return default
    scheme, _, rest = value.partition("://")
    if scheme.partition("+")[0] in {"postgres", "postgresql"}:
        return _read_postgres_url(environment, name, value) or default
    if scheme not in {"sqlite", "sqlite+aiosqlite"} or not rest.startswith("/"):
        environment.fault(name, "is not a database we can use", "write sqlite:/// and the path of a file")
    elif rest in {"/", "/:memory:"} or "?" in rest:
        environment.fault(name, "does not name a file", "write sqlite:/// and the path of a file")
    else:
        file = Path(rest.removeprefix("/")).absolute()
        if not file.parent.is_dir() or file.is_dir():
            environment.fault(name, "does not name a file in an existing folder", "make the folder, or name another")
        elif (kind := filesystem_of(file.parent.resolve(), _read_mounts())) in _NETWORK_FILESYSTEMS:
            environment.fault(name, f"is on a network drive ({kind}), where databases break", "name a local file")
        return f"sqlite+aiosqlite:///{file}"
    return default


def _read_postgres_url(environment: Environment, name: str, value: str) -> str | None:
    """A PostgreSQL that several processes may share; with the driver named that we speak through."""
    try:
        parts = urlsplit(value)
        host, database = parts.hostname, parts.path.strip("/")
        _ = parts.port
    except ValueError:
        host = database = None
    if not host or not database:
        environment.fault(name, "does not name a PostgreSQL database", "write postgresql://user:password@host/database")
        return None
    first, dot, rest = host.partition(".")
    if first.endswith("-pooler"):  # Neon's (neon.com/docs/connect/connection-pooling, checked 2026-11-29)
        direct = f"{first.removesuffix('-pooler')}{dot}{rest}"
        environment.fault(
            name,
            "goes through a pooler, which cannot hold the locks and notices that several processes need",
            f"use the direct connection: the host {direct}",
        )
        return None
    if "pgbouncer=true" in parts.query:
        environment.fault(
            name,
            "goes through PgBouncer, which cannot hold the locks and notices that several processes need",
            "use the server's own host and port, without pgbouncer=true",
        )
        return None
    return f"postgresql+psycopg://{value.partition('://')[2]}"


def read_object_store(environment: Environment) -> ObjectStoreSettings | None:
    account, access_key, secret_key, bucket, public, endpoint = names = (
        "CLOUDFLARE_R2_ACCOUNT_ID",
        "CLOUDFLARE_R2_ACCESS_KEY_ID",
        "CLOUDFLARE_R2_SECRET_ACCESS_KEY",
        "CLOUDFLARE_R2_BUCKET_NAME",
        "CLOUDFLARE_R2_PUBLIC_URL",
        "CLOUDFLARE_R2_ENDPOINT_URL",
    )
    if not any(environment.is_set(name) for name in names):
        return None
    required = [access_key, secret_key, bucket] if environment.is_set(endpoint) else [account, *names[1:4]]
    for name in required:
        if not environment.is_set(name):
            environment.fault(name, "is missing beside the rest of the object store", "set it, or remove the rest")
    account_id = environment.name(account, r"[A-Za-z0-9]{1,63}", "copy the account's id from Cloudflare's dashboard")
    return ObjectStoreSettings(
        endpoint_url=environment.url(endpoint) or f"https://{account_id}.r2.cloudflarestorage.com",
        bucket=environment.name(bucket, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "give the bucket's name alone") or "",
        access_key_id=environment.name(access_key, r"[!-~]+", "copy it again") or "",
        secret_access_key=environment.name(secret_key, r"[!-~]+", "copy it again") or "",
        public_url=environment.url(public),
    )


def _read_mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return ""
