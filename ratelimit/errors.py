"""What may go wrong while asking for a key. A class exists only where somebody acts on it differently.

RateLimitError
├── LeaseTimeout     no key came free within `max_wait`; the same question later may be answered
└── NoUsableKey      no key will ever serve this; waiting is pointless, the operator must look
"""

from __future__ import annotations


class RateLimitError(Exception):
    """Base of the family. `provider` names the pool."""

    def __init__(self, provider: str, message: str) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider


class LeaseTimeout(RateLimitError):
    """No key came free within the `max_wait` seconds that the caller was ready to wait."""

    def __init__(self, provider: str, max_wait: float) -> None:
        super().__init__(provider, f"no key came free within {max_wait:g} s")
        self.max_wait = max_wait


class NoUsableKey(RateLimitError):
    """Every key that could serve is rejected or exhausted for good, or none fits the request at all.

    `__cause__` is the failure that put the last of them out, where there was one.
    """
