"""A real PostgreSQL for tests and benchmarks: a fresh cluster in a temporary folder, gone afterwards.

Debian's packages put the programs out of the way, and `initdb` refuses to run as root; then it runs as `postgres`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


class NoPostgres(Exception):
    """There is none on this machine. On Debian: `apt-get install postgresql`."""


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database on loopback, gone with the block. Raises `NoPostgres`."""
    with restartable(commits="off") as (url, _):
        yield url


@contextlib.contextmanager
def restartable(*, commits: str = "on") -> Iterator[tuple[str, Callable[[], None]]]:
    """The same, and what ends the server without a word and starts it again. What was committed is kept then."""
    folder = programs()
    with tempfile.TemporaryDirectory(prefix="greenlight-postgres-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o711)  # so that another user gets through
        data = home / "data"
        data.mkdir()
        user: str | None = None
        if os.geteuid() == 0:
            user = "postgres"
            shutil.chown(data, user)
        _run(user, folder / "initdb", "--auth=trust", "--username=postgres", "--no-sync", "--pgdata", data)
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= "
            f"-c fsync=off -c synchronous_commit={commits} -c full_page_writes=off"
        )
        log = data / "log"
        _run(user, folder / "pg_ctl", "start", "--wait", "--silent", "-D", data, "-l", log, "-o", options)
        try:
            yield (
                f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres",
                lambda: _run(user, folder / "pg_ctl", "restart", "--wait", "--silent", "-D", data, "-m", "immediate"),
            )
        finally:
            _run(user, folder / "pg_ctl", "stop", "--wait", "--silent", "-D", data, "-m", "immediate")


def programs() -> Path:
    """The folder of the newest version's programs. Raises `NoPostgres`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found and (path := shutil.which("initdb")):
        found = [Path(path)]
    if not found:
        raise NoPostgres("apt-get install postgresql")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            raise NoPostgres("initdb refuses root, and there is no user postgres") from None
    return found[-1].parent


def _run(user: str | None, *command: object) -> None:
    """As another user, with no more rights than that. Everything it says is told if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        stdin=subprocess.DEVNULL,
        # A file, not a pipe: the server inherits it and keeps it open.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
