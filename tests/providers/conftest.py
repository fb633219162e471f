"""What the adapters' tests share: a loopback server, a transport, an obviously false key, a picture."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.providers.loopback import Loopback, listening

SECRET = "not-a-real-secret-0123456789"

TLS = ssl.create_default_context()  # 30 ms of work that each client would do again

# The smallest PNG there is, as libpng writes it: one grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


@dataclass(frozen=True)
class Key:
    id: str = "key-1"
    secret: str = SECRET


@pytest.fixture
def key() -> Key:
    return Key()


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with listening() as loopback:
        yield loopback


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS) as client:
        yield client


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "start.png"
    path.write_bytes(PNG)
    return path
