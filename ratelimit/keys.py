"""What the pool lends, and what it counts as open."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a provider.

    Attributes:
        id: may be logged and stored; whoever starts an operation stores it, to poll with the same key.
        account: whose quota the key spends (Google's project, Runway's organisation, ElevenLabs' workspace).
            Keys of one account add no capacity, only another chance when one of them is revoked.
        secret: what the provider wants; in no repr, log, row or URL.
    """

    id: str
    account: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation that the provider is still working on, as stored by the caller, for `KeyPool.restore`."""

    id: str
    key_id: str
    model: str | None = None
