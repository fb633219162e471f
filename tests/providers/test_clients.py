"""One client of an SDK for each key."""

from __future__ import annotations

import asyncio

from providers.clients import ClientPerKey
from tests.providers.conftest import Key


async def test_a_key_has_one_client_until_its_secret_changes_or_all_are_let_go() -> None:
    built: list[str] = []

    def build(secret: str) -> str:
        built.append(secret)
        return f"client of {secret}"

    clients = ClientPerKey(build)
    key = Key(id="key-1", secret="one")

    assert set(await asyncio.gather(*(clients.of(key) for _ in range(5)))) == {"client of one"}
    assert await clients.of(Key(id="key-1", secret="two")) == "client of two"
    assert clients.forget() == ["client of one", "client of two"]
    assert await clients.of(key) == "client of one"
    assert built == ["one", "two", "one"]
