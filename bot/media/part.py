"""A file appears under its name only when it is whole."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def whole(out: Path) -> AsyncIterator[Path]:
    """Yield the `.part` beside `out`; on success it is synced and renamed, else it is removed."""
    part = out.with_name(out.name + ".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        await asyncio.to_thread(_sync, part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _sync(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
