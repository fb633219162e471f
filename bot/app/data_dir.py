"""Who may use the data directory: one process alone, or those that share the rows."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from bot.storage.files import Files


class AnotherInstance(Exception):
    """The data directory is in use by another process."""


@asynccontextmanager
async def in_data_dir(data_dir: Path, *, is_shared: bool) -> AsyncIterator[None]:
    """Hold the data directory, alone or with those who share the rows; whoever is alone there tidies it up."""
    if not is_shared:
        with only_instance(data_dir):
            await Files(data_dir).sweep()
            yield
        return
    path = data_dir / "lock"
    with path.open("a+") as file:
        is_alone = _try_lock(file, fcntl.LOCK_EX)
        for _ in range(50):
            if is_alone or _try_lock(file, fcntl.LOCK_SH):
                break
            await asyncio.sleep(0.2)  # another tidies up before it lets others in
        else:
            raise AnotherInstance(f"another instance holds {path} for itself; stop it first")
        if is_alone:
            await Files(data_dir).sweep()
            fcntl.flock(file, fcntl.LOCK_SH)  # whoever shares the rows shares the files
        yield


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def only_instance(data_dir: Path) -> Iterator[None]:
    """Hold an exclusive lock on the data directory; it dies with the process."""
    path = data_dir / "lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AnotherInstance(f"another instance holds {path} (process {holder}); stop it first") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
