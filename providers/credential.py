"""What an adapter needs of a key; `ratelimit.ApiKey` fits, and so does any other pair of id and secret."""

from __future__ import annotations

from typing import Protocol


class Credential(Protocol):
    """One key of a provider. `id` may be logged and stored; `secret` never."""

    @property
    def id(self) -> str: ...

    @property
    def secret(self) -> str: ...
