"""What may go wrong with storage.

StorageError
├── DiskFull            too little free space to begin; what runs may end, and it resumes by itself
├── StoreUnavailable    the object store is down, slow or unreachable; try again later
├── StoreMisconfigured  it refuses us (keys, bucket, clock); the operator must act
└── ObjectMissing       no object under that key
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of the family. Texts hold the store's error code, never a key, an address or a signature."""


class DiskFull(StorageError):
    """Bytes: what is free, and what must stay free beside the asked amount."""

    def __init__(self, *, free: int, asked: int, reserve: int) -> None:
        super().__init__(f"{free} bytes free, {asked} asked with {reserve} in reserve")
        self.free = free
        self.asked = asked
        self.reserve = reserve


class StoreUnavailable(StorageError):
    """The store did not take or give it this time."""


class StoreMisconfigured(StorageError):
    """The store answered that we may not; `code` is its word (`AccessDenied`, `RequestTimeTooSkewed`)."""

    def __init__(self, code: str) -> None:
        hint = " (the clock of this machine is wrong)" if code == "RequestTimeTooSkewed" else ""
        super().__init__(code + hint)
        self.code = code


class ObjectMissing(StorageError):
    """There is no object under the key."""
